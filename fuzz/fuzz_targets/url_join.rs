//! Where a copy goes: always to the target's origin, below its base path, with the path and query that arrived.
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
        assert!(uri.host().is_some_and(|host| host.eq_ignore_ascii_case(parts.host)));
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
    // Also for a server that resolves dot segments.
    if let Ok(resolved) = Url::parse(&uri.to_string()) {
        assert_eq!(resolved.origin(), base.origin());
        assert!(resolved.path().starts_with(parts.base_path));
        assert!(resolved.username().is_empty() && resolved.password().is_none());
    }
});
