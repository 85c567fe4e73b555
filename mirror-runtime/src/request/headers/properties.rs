//! Which headers travel, whatever a request carries.

use proptest::prelude::*;
use testkit::{NEVER_COPIED, generators::any_request};

use super::*;

/// Whether some `Connection` header names this one.
fn is_named(headers: &HeaderMap, name: &HeaderName) -> bool {
    let lists = headers.get_all("connection").iter();
    let mut words = lists.flat_map(|list| list.as_bytes().split(|byte| *byte == b','));
    words.any(|word| {
        word.trim_ascii()
            .eq_ignore_ascii_case(name.as_str().as_bytes())
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn what_is_of_the_connection_stays_and_all_else_travels_in_order(request in any_request()) {
        let copied = HeaderRules::default().apply(&mut Original::of(&request)).unwrap();
        let travels = |name: &HeaderName| {
            !NEVER_COPIED.contains(&name.as_str()) && !is_named(&request.headers, name)
        };
        let expected: Vec<_> = request.headers.iter().filter(|(name, _)| travels(name)).collect();
        let found = copied.iter().filter(|(name, _)| *name != MIRRORED_FROM);
        prop_assert_eq!(found.collect::<Vec<_>>(), expected);
        let marker: Vec<_> = copied.get_all(MIRRORED_FROM).iter().collect();
        let unknown = HeaderValue::from_static("unknown");
        prop_assert_eq!(marker, [request.headers.get("host").unwrap_or(&unknown)]);
    }

    #[test]
    fn no_credentials_travel_where_they_are_stripped(request in any_request()) {
        let rules = HeaderRules { strip_credentials: true, ..HeaderRules::default() };
        let (stripped, all) = (rules.apply(&mut Original::of(&request)).unwrap(), HeaderRules::default().apply(&mut Original::of(&request)).unwrap());
        let is_credential = |name: &HeaderName| CREDENTIALS.contains(name);
        prop_assert!(!stripped.keys().any(is_credential));
        for name in all.keys().filter(|name| !is_credential(name)) {
            prop_assert!(stripped.get_all(name).iter().eq(all.get_all(name)));
        }
    }
}
