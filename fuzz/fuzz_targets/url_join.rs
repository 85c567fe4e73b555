//! Where a copy goes: always to the target's origin, below its base path, with the path and query
//! that arrived.
//!
//! The input is the URL of a target, a line break, and the target of a request.

#![no_main]

use http::Uri;
use libfuzzer_sys::fuzz_target;
use mirror_grammar::parse_url;
use mirror_runtime::__fuzz::joined;
use url::Url;

fuzz_target!(|data: &[u8]| {
    let mut halves = data.splitn(2, |byte| *byte == b'\n');
    let (Some(target), Some(original)) = (halves.next(), halves.next()) else {
        return;
    };
    let Ok(target) = str::from_utf8(target) else {
        return;
    };
    let Ok(parts) = parse_url(target) else {
        return;
    };
    let Ok(base) = Url::parse(target) else {
        // Only who has the tables of Unicode knows whether such a label stands for anything.
        assert!(parts.host.to_ascii_lowercase().contains("xn--"));
        let uri = joined(target, &Uri::from_static("/")).expect("a path that can be joined");
        assert!(
            uri.host()
                .is_some_and(|host| host.eq_ignore_ascii_case(parts.host))
        );
        return;
    };
    assert_eq!(base.scheme(), parts.scheme.as_str());
    assert_eq!(base.port_or_known_default(), Some(parts.effective_port()));
    assert_eq!(base.path().trim_end_matches('/'), parts.base_path);
    assert!(base.username().is_empty() && base.password().is_none());
    assert!(base.query().is_none() && base.fragment().is_none());
    let host = base.host_str().expect("a URL of a target has a host");
    assert!(parts.host.starts_with('[') || host.eq_ignore_ascii_case(parts.host));

    let Ok(original) = Uri::try_from(original) else {
        return;
    };
    let Some(uri) = joined(target, &original) else {
        return;
    };
    assert_eq!(uri.scheme_str(), Some(base.scheme()));
    assert_eq!(
        uri.authority().expect("it was joined").as_str(),
        &base[url::Position::BeforeHost..url::Position::AfterPort]
    );
    let path_and_query = original.path_and_query().expect("it was joined").as_str();
    let slash = if path_and_query.starts_with('/') {
        ""
    } else {
        "/"
    };
    assert_eq!(
        uri.path_and_query().map(http::uri::PathAndQuery::as_str),
        Some(&*format!("{}{slash}{path_and_query}", parts.base_path))
    );
    // Also as it is sent: a path alone.
    let sent = uri
        .path_and_query()
        .cloned()
        .map(Uri::from)
        .expect("it was joined");
    assert!(sent.path().starts_with('/'), "{sent:?}");
    assert!(parts.base_path.is_empty() || !climbs(original.path()));
    // Also for a server that resolves dot segments.
    if let Ok(resolved) = Url::parse(&uri.to_string()) {
        assert_eq!(resolved.origin(), base.origin());
        assert!(resolved.path().starts_with(parts.base_path));
        assert!(resolved.username().is_empty() && resolved.password().is_none());
    }
});

/// Whether a server that decodes a path so many times as it can would find `..` in it.
fn climbs(path: &str) -> bool {
    let mut path = path.as_bytes().to_vec();
    loop {
        let mut segments = path.split(|byte| matches!(byte, b'/' | b'\\'));
        if segments.any(is_parent) {
            return true;
        }
        let decoded = decoded(&path);
        if decoded == path {
            return false;
        }
        path = decoded;
    }
}

/// Whether a segment is `..` up to its parameters, or to what ends a text in C, spaces aside.
fn is_parent(segment: &[u8]) -> bool {
    let end = segment.iter().position(|byte| matches!(byte, b';' | 0));
    segment[..end.unwrap_or(segment.len())].trim_ascii() == b".."
}

fn decoded(path: &[u8]) -> Vec<u8> {
    let mut decoded = Vec::with_capacity(path.len());
    let mut rest = path;
    while let Some((first, behind)) = rest.split_first() {
        let digits = behind
            .get(..2)
            .and_then(|digits| str::from_utf8(digits).ok());
        let digits = digits.filter(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()));
        let value = digits.and_then(|digits| u8::from_str_radix(digits, 16).ok());
        match value.filter(|_| *first == b'%') {
            Some(value) => {
                decoded.push(value);
                rest = &behind[2..];
            }
            None => {
                decoded.push(*first);
                rest = behind;
            }
        }
    }
    decoded
}
