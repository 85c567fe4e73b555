//! Whatever arrives, its copy goes to the target, with the path and query that arrived, or nowhere.

use http::uri::Authority;
use proptest::prelude::*;
use testkit::generators::{any_original, any_rest, any_spelling, any_target};
use url::{Position, Url};

use super::*;

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
