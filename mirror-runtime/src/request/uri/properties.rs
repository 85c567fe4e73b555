//! Whatever arrives, its copy goes to the target, with the path and query that arrived, or nowhere.

use http::uri::Authority;
use proptest::prelude::*;
use url::{Position, Url};

use super::*;

fn any_target() -> impl Strategy<Value = String> {
    let host = r"([a-z][a-z0-9_-]{0,8}\.){0,2}[A-Za-z][a-z]{0,5}|127\.0\.0\.1|\[::[0-9a-f]{1,4}\]";
    let url = format!(
        "(http|HTTPS)://({host})(:[1-9][0-9]{{0,3}})?((/[a-z0-9@:]([a-z0-9@:.]|%25){{0,4}}){{0,2}}/?)"
    );
    prop::string::string_regex(&url).unwrap()
}

/// Targets of requests: paths, paths that look like something else, other forms, and anything.
fn any_original() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        4 => "(/([a-z0-9.]|%2[eEfF]|[!-~]){0,8}){1,4}(\\?[!-~]{0,12})?".prop_map(String::into_bytes),
        1 => r"/[/\\.@]{1,3}(evil\.example)?(:[0-9]{1,5})?(/[.%]{0,3}){0,3}".prop_map(String::into_bytes),
        1 => r"(http|https|ftp)://([a-z]{1,4}@)?[a-z]{1,5}(:[0-9]{1,5})?(/[!-~]{0,8}){0,2}".prop_map(String::into_bytes),
        1 => r"\*|[a-z]{1,6}:[0-9]{1,5}|\?[a-z]{0,3}".prop_map(String::into_bytes),
        1 => prop::collection::vec(any::<u8>(), 0..40),
        1 => prop::collection::vec(any::<u8>(), 0..20).prop_map(|rest| [b"/".to_vec(), rest].concat()),
    ]
}

/// Ways to write one of the characters of `/../`.
fn any_spelling(char: char) -> BoxedStrategy<String> {
    let byte = u32::from(char);
    let once = format!("%{byte:02x}");
    let spellings = match char {
        '.' => ["%C0%aE", "%e0%80%ae", "%u002E", "\u{ff0e}", "%EF%BC%8e"],
        _ => ["%c0%aF", "%e0%80%af", "%u2215", "\\", "%5C"],
    };
    let plain = prop_oneof![
        2 => Just(char.to_string()),
        1 => Just(once.clone()),
        1 => Just(once.to_uppercase()),
        1 => prop::sample::select(spellings.to_vec()).prop_map(str::to_owned),
    ];
    // Encoded again, as a whole or a letter of it.
    let layers = prop::collection::vec(any::<prop::sample::Index>(), 0..3);
    let encode = |(text, layers): (String, Vec<prop::sample::Index>)| {
        layers.into_iter().fold(text, |mut text, index| {
            let at = index.index(text.len());
            match text.as_bytes()[at] {
                byte if byte.is_ascii() => {
                    text.replace_range(at..=at, &format!("%{byte:02X}"));
                    text
                }
                _ => text,
            }
        })
    };
    (plain, layers).prop_map(encode).boxed()
}

/// What servers drop around `..`, or do not look at behind it.
fn any_rest() -> impl Strategy<Value = String> {
    prop_oneof![
        2 => Just(String::new()),
        1 => "(%00|%20|%09|%0[aAdD]|\\+|%2520|%c2%a0|%e2%80%8b|%ff){1,2}",
        1 => "(;|%3[bB]|%253b|%23|%3f)[a-z=.]{0,3}",
        1 => "%00[a-z.]{1,3}",
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn no_spelling_of_the_parent_goes_below_a_base_path(
        before in "(/[a-z]{0,3}){0,2}",
        first in any_spelling('/'),
        dots in (any_spelling('.'), any_spelling('.')),
        rest in any_rest(),
        last in any_spelling('/'),
        after in "[a-z]{0,3}",
    ) {
        // The path itself begins with a slash, and the query with a question mark.
        let path = format!("/x{before}{first}{}{}{rest}{last}{after}", dots.0, dots.1);
        let Ok(uri) = Uri::try_from(path.as_str()) else { return Ok(()) };
        let below = Destination::parse("http://a/base").unwrap();
        prop_assert!(join(&below, &uri).is_err(), "{path}");
        let without = Destination::parse("http://a").unwrap();
        let joined = join(&without, &uri).map(|uri| uri.path().to_owned());
        prop_assert_eq!(joined.ok(), Some(path));
    }

    #[test]
    fn no_path_without_two_dots_in_a_row_is_refused(path in "(/[a-z0-9!$&*=@_~-]{0,4}(\\.[a-z]|%2[0-9A-D]|%[46][1-9]){0,2}){1,4}") {
        let below = Destination::parse("http://a/base").unwrap();
        let joined = join(&below, &Uri::try_from(path.as_str()).unwrap());
        prop_assert_eq!(joined.map(|uri| uri.to_string()).ok(), Some(format!("http://a/base{path}")));
    }

    #[test]
    fn a_copy_goes_to_the_target_as_it_arrived_or_nowhere(
        target in any_target(),
        original in any_original(),
    ) {
        let destination = Destination::parse(&target).unwrap();
        let Ok(uri) = Uri::try_from(original.as_slice()) else { return Ok(()) };
        let Ok(joined) = join(&destination, &uri) else { return Ok(()) };

        let base = Url::parse(&target).unwrap();
        prop_assert_eq!(joined.scheme_str(), Some(base.scheme()));
        let authority = base[Position::BeforeHost..Position::AfterPort].to_owned();
        prop_assert_eq!(joined.authority().map(Authority::as_str), Some(authority.as_str()));
        // Also for who resolves dot segments: the target, below its base path.
        let resolved = Url::parse(&joined.to_string()).unwrap();
        prop_assert_eq!(resolved.origin(), base.origin());
        prop_assert!(resolved.username().is_empty() && resolved.password().is_none());
        let base_path = base.path().trim_end_matches('/');
        prop_assert!(resolved.path().starts_with(base_path));
        let path = joined.path_and_query().unwrap().as_str().strip_prefix(base_path);
        let arrived = uri.path_and_query().unwrap().to_string();
        prop_assert_eq!(path, Some(arrived.as_str()));
        if original.starts_with(b"/") {
            // What is behind a `#` is no part of a request; the server has dropped it.
            let sent = original.split(|byte| *byte == b'#').next().unwrap();
            prop_assert_eq!(arrived.as_bytes(), sent);
        }
    }
}
