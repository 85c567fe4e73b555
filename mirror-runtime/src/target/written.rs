//! URLs of targets that are the values of `const`s.

use mirror_grammar::{ConstMessage, UrlError, parse_url};

/// The longest URL that is shown, far beyond what anybody writes.
const LONGEST_SHOWN: usize = 200;

/// Fails the evaluation of a `const` if a text is not the URL of a target.
///
/// # Panics
///
/// With the text and with what is wrong, unless the text may hold a secret.
#[track_caller]
pub(crate) const fn check_url(url: &str) {
    match parse_url(url) {
        Ok(_) => {}
        // These speak for themselves.
        Err(error @ (UrlError::Credentials | UrlError::Query | UrlError::Fragment)) => {
            panic!("{}", error.as_str())
        }
        Err(error) if url.len() > LONGEST_SHOWN => panic!("{}", error.as_str()),
        Err(error) => {
            let message = ConstMessage::new()
                .with("invalid target `")
                .with(url)
                .with("`: ")
                .with(error.as_str());
            let message = match error {
                UrlError::Scheme(found) | UrlError::Host(found) | UrlError::Port(found) => {
                    message.with(", not `").with(found).with("`")
                }
                UrlError::NotAbsolute => message.with(", like `https://staging.example.com`"),
                _ => message,
            };
            panic!("{}", message.as_str());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[should_panic(expected = "invalid target `localhost:8080`: not an absolute URL")]
    fn a_wrong_url_is_shown() {
        check_url("localhost:8080");
    }

    #[test]
    #[should_panic(expected = "a target must not contain credentials")]
    fn one_with_credentials_is_not() {
        check_url("https://user:secret@staging.example.com");
    }

    #[test]
    #[should_panic(expected = "the scheme must be `http` or `https`, not `ftp`")]
    fn the_part_that_is_wrong_is_shown() {
        check_url("ftp://staging.example.com");
    }

    #[test]
    #[should_panic(expected = "the port must be a number from 1 to 65535")]
    fn a_long_one_is_not_shown() {
        let host = "a.".repeat(LONGEST_SHOWN);
        check_url(&format!("https://{host}:0"));
    }

    #[test]
    #[should_panic(expected = ", not `0`")]
    fn there_is_room_for_the_longest_that_is_shown() {
        let path = "/".repeat(LONGEST_SHOWN - "https://a:0".len());
        check_url(&format!("https://a:0{path}"));
    }
}
