//! Which headers travel, whatever a request carries.

use http::{Request, request::Parts};
use proptest::prelude::*;

use super::*;

/// What RFC 9110 section 7.6.1 keeps from travelling, what the client sets anew, and the marker.
const NEVER_COPIED: [&str; 14] = [
    "connection",
    "http2-settings",
    "keep-alive",
    "proxy-connection",
    "proxy-authenticate",
    "proxy-authorization",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "host",
    "content-length",
    "expect",
    "x-mirrored-from",
];

fn any_name() -> impl Strategy<Value = String> {
    prop_oneof![
        2 => prop::sample::select(&NEVER_COPIED[..]).prop_map(str::to_owned),
        2 => "X-[a-c]",
        1 => "accept|cookie|authorization|x-api-key|content-type",
        1 => "[!#$%&'*+.^_`|~0-9A-Za-z-]{1,12}",
    ]
}

fn any_value() -> impl Strategy<Value = Vec<u8>> {
    let byte = prop_oneof![Just(b'\t'), 0x20..=0x7e_u8, 0x80..=0xff_u8];
    prop::collection::vec(byte, 0..12)
}

/// A header, or a `Connection` that may name others.
fn any_header() -> impl Strategy<Value = (String, Vec<u8>)> {
    let words = prop::collection::vec((any_name(), "[ \t]{0,2}"), 0..3);
    let list = words.prop_map(|words| {
        let words = words
            .into_iter()
            .map(|(name, space)| format!("{space}{name}{space}"));
        words.collect::<Vec<_>>().join(",").into_bytes()
    });
    prop_oneof![
        5 => (any_name(), any_value()),
        1 => (Just("Connection".to_owned()), list),
    ]
}

fn any_request() -> impl Strategy<Value = Parts> {
    prop::collection::vec(any_header(), 0..12).prop_map(|headers| {
        let mut request = Request::new(());
        for (name, value) in headers {
            let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
            let value = HeaderValue::from_bytes(&value).unwrap();
            request.headers_mut().append(name, value);
        }
        request.into_parts().0
    })
}

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
