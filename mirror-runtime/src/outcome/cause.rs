//! The text of the cause of a failure.
//!
//! Errors of the libraries underneath may hold what a shadow has sent: the debug data of `GOAWAY`,
//! in which it can say what the copy has told it; the names in its certificate. None of that is
//! said, and of what is said no more than an excerpt.

use std::{
    error::Error,
    fmt::{self, Write},
    io,
};

use axum::BoxError;

/// The end of a connection that copies shared, or of the stream of one of them. In words of our
/// own.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{what}")]
pub(crate) struct ConnectionLost {
    pub(crate) what: String,
    /// The number of the connection, if it is one that has ended.
    pub(crate) link: Option<u64>,
}

/// Characters of a cause that are said: more than any error of a library needs that says nothing of
/// its peer.
const MAX_CHARACTERS: usize = 200;

/// The text before the names in a certificate, in errors of rustls.
const NAMES: &str = "; certificate is only valid for";

/// A cause in words that are safe to be logged.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Cause(String);

/// The same cause with nothing else behind it. An error of the system stays what it is, so that its
/// kind can be looked at.
pub(super) fn safe(cause: &BoxError) -> BoxError {
    if let Some(lost) = lost(cause) {
        return Box::new(lost.clone());
    }
    if let Innermost::System(code) = innermost(cause.as_ref()) {
        return Box::new(io::Error::from_raw_os_error(code));
    }
    Box::new(Cause(words(cause.as_ref())))
}

/// The end of a connection, if a cause is one.
pub(super) fn lost(cause: &BoxError) -> Option<&ConnectionLost> {
    if let Innermost::Other(error) = innermost(cause.as_ref()) {
        error.downcast_ref()
    } else {
        None
    }
}

/// The text of a cause: its innermost error, in one line without control characters.
pub(super) fn words(cause: &(dyn Error + 'static)) -> String {
    let mut excerpt = Excerpt::default();
    // An error says that the excerpt is full.
    let _ = match innermost(cause) {
        #[cfg(feature = "http2")]
        Innermost::Http2(error) => http2(&mut excerpt, error),
        Innermost::System(code) => write!(excerpt, "{}", io::Error::from_raw_os_error(code)),
        Innermost::Other(error) => write!(excerpt, "{error}"),
    };
    let mut text = excerpt.text;
    if let Some(names) = text.find(NAMES) {
        text.truncate(names);
    }
    text
}

/// The error at the end of a chain.
enum Innermost<'a> {
    #[cfg(feature = "http2")]
    Http2(&'a h2::Error),
    /// Its number says all.
    System(i32),
    Other(&'a (dyn Error + 'static)),
}

fn innermost<'a>(error: &'a (dyn Error + 'static)) -> Innermost<'a> {
    let mut innermost = error;
    loop {
        let io = innermost.downcast_ref::<io::Error>();
        if let Some(code) = io.and_then(io::Error::raw_os_error) {
            return Innermost::System(code);
        }
        #[cfg(feature = "http2")]
        if let Some(error) = innermost.downcast_ref::<h2::Error>() {
            match error.get_io() {
                Some(io) => innermost = io,
                None => return Innermost::Http2(error),
            }
            continue;
        }
        // An `io::Error` that wraps another error names that error's source as its own, and skips
        // the error itself.
        let wrapped = io.and_then(io::Error::get_ref);
        let next = match wrapped {
            Some(wrapped) => Some(wrapped as &(dyn Error + 'static)),
            None => innermost.source(),
        };
        match next {
            Some(next) => innermost = next,
            None => return Innermost::Other(innermost),
        }
    }
}

/// As `h2` says it, without the debug data.
#[cfg(feature = "http2")]
fn http2(excerpt: &mut Excerpt, error: &h2::Error) -> fmt::Result {
    let Some(reason) = error.reason().filter(|_| error.is_go_away()) else {
        return write!(excerpt, "{error}");
    };
    let who = if error.is_remote() {
        "received"
    } else if error.is_library() {
        "detected"
    } else {
        "sent"
    };
    write!(excerpt, "connection error {who}: {reason}")
}

/// The beginning of a text, however long that is.
#[derive(Default)]
struct Excerpt {
    text: String,
    characters: usize,
}

impl Write for Excerpt {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for character in text.chars() {
            if self.characters == MAX_CHARACTERS {
                self.text.push('…');
                return Err(fmt::Error);
            }
            self.characters += 1;
            if steers(character) {
                self.text.extend(character.escape_default());
            } else {
                self.text.push(character);
            }
        }
        Ok(())
    }
}

/// Whether a character does something to who shows it: ends a line, moves a cursor, turns the
/// direction of writing.
fn steers(character: char) -> bool {
    let turns = matches!(
        character,
        '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{2069}' | '\u{FEFF}'
    );
    character.is_control() || turns
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("outer: {0}")]
    struct Outer(#[source] BoxError);

    fn said(cause: impl Into<BoxError>) -> String {
        let cause = cause.into();
        let said = words(cause.as_ref());
        assert_eq!(safe(&cause).to_string(), said);
        assert!(safe(&cause).source().is_none());
        said
    }

    #[test]
    fn the_innermost_cause_is_said() {
        assert_eq!(said("it broke"), "it broke");
        assert_eq!(said(Outer("it broke".into())), "it broke");
        let wrapped = io::Error::other(Outer("it broke".into()));
        assert_eq!(said(Outer(wrapped.into())), "it broke");
        let refused = || io::Error::from_raw_os_error(111);
        assert_eq!(said(Outer(refused().into())), refused().to_string());
        // Whoever looks at it still knows its kind.
        let cause = safe(&Outer(refused().into()).into());
        let kind = cause.downcast_ref::<io::Error>().map(io::Error::kind);
        assert_eq!(kind, Some(refused().kind()));
        // What is in words of our own stays as well.
        let lost_connection = ConnectionLost {
            what: "it broke".to_owned(),
            link: Some(7),
        };
        let cause = safe(&Outer(lost_connection.into()).into());
        assert!(lost(&cause).is_some_and(|lost| lost.link == Some(7)));
    }

    #[test]
    fn it_is_an_excerpt_in_one_line() {
        let long = said("x".repeat(1_000_000));
        assert_eq!(long.chars().count(), MAX_CHARACTERS + 1);
        assert!(long.ends_with('…'));
        let hostile = "a\nb\r\u{1b}[31m\u{7f}\u{9b}\u{202e}\u{2028}\tc";
        let said = said(hostile);
        assert_eq!(
            said,
            "a\\nb\\r\\u{1b}[31m\\u{7f}\\u{9b}\\u{202e}\\u{2028}\\tc"
        );
    }

    #[test]
    fn the_names_in_a_certificate_are_not_said() {
        let error = "invalid peer certificate: certificate not valid for name \"a\"; certificate is only valid for b";
        let expected = "invalid peer certificate: certificate not valid for name \"a\"";
        assert_eq!(said(error), expected);
    }

    /// The error of a request that is answered by `GOAWAY` with debug data.
    pub(crate) async fn go_away(debug_data: &[u8]) -> h2::Error {
        use tokio::io::AsyncWriteExt;

        let (near, mut far) = tokio::io::duplex(64 * 1024);
        let length = u32::try_from(8 + debug_data.len()).unwrap().to_be_bytes();
        let settings = [0, 0, 0, 4, 0, 0, 0, 0, 0];
        let go_away = [
            &length[1..],
            &[7, 0, 0, 0, 0, 0],
            &[0; 4],
            &11_u32.to_be_bytes(),
        ];
        let frames = [&settings[..], &go_away.concat(), debug_data].concat();
        far.write_all(&frames).await.unwrap();
        let (mut client, connection) = h2::client::handshake(near).await.unwrap();
        let request = http::Request::get("http://a/").body(()).unwrap();
        let (response, _) = client.send_request(request, true).unwrap();
        tokio::spawn(connection);
        response.await.unwrap_err()
    }

    #[tokio::test]
    async fn what_a_shadow_says_when_it_goes_away_is_not_said() {
        let debug_data = b"authorization: Bearer s3cret-canary\n".repeat(400);
        let error = go_away(&debug_data).await;
        assert!(error.to_string().contains("s3cret-canary"));
        let said = said(Outer(error.into()));
        assert!(said.starts_with("connection error received: "), "{said}");
        assert!(!said.contains("canary"), "{said}");
    }
}
