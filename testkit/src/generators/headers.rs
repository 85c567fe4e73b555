//! Headers of requests.

use http::{HeaderName, HeaderValue, Request, request::Parts};
use proptest::prelude::*;

use crate::NEVER_COPIED;

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

/// The head of a request, with any headers.
pub fn any_request() -> impl Strategy<Value = Parts> {
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
