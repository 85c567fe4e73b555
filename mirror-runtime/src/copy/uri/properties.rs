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

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

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
