//! The headers of a copy: nothing of the connection, everything else as it was and in its order.
//!
//! The first byte of the input chooses the options. Each line behind it is a header: a name, a
//! colon and a value.

#![no_main]

use http::{HeaderMap, HeaderName, HeaderValue, Request, Version, request::Parts};
use libfuzzer_sys::fuzz_target;
use mirror_runtime::__fuzz::copied_headers;
use testkit::NEVER_COPIED;

const AUTHORITY: &str = "shop.example:81";

const CREDENTIALS: [&str; 4] = ["authorization", "cookie", "x-api-key", "baggage"];

fuzz_target!(|data: &[u8]| {
    let Some((options, lines)) = data.split_first() else {
        return;
    };
    let strip = options & 1 > 0;
    let preserve_host = options & 2 > 0;
    let http_2 = options & 4 > 0;
    let absolute = options & 8 > 0;
    let parts = request(lines, http_2, absolute);
    let copied = copied_headers(&parts, strip, preserve_host);

    // What the URI says counts more than `Host` (RFC 9112 section 3.2.2).
    let authority = HeaderValue::from_static(AUTHORITY);
    let host = parts.headers.get("host");
    let host = if absolute { Some(&authority) } else { host };
    let unknown = HeaderValue::from_static("unknown");
    assert_eq!(
        values(&copied, "x-mirrored-from"),
        [host.unwrap_or(&unknown)]
    );
    let sent_host = host.filter(|_| preserve_host);
    assert_eq!(copied.get("host"), sent_host);
    assert!(values(&copied, "host").len() <= 1);

    let named = named_by_connection(&parts.headers);
    let travels = |name: &HeaderName| {
        let stripped = strip && CREDENTIALS.contains(&name.as_str());
        let named = named.iter().any(|word| word == name.as_str().as_bytes());
        !(stripped || named || NEVER_COPIED.contains(&name.as_str()))
    };
    let te = values(&copied, "te");
    let trailers: Vec<_> = values(&parts.headers, "te");
    let trailers = trailers
        .into_iter()
        .filter(|value| value.as_bytes().eq_ignore_ascii_case(b"trailers"));
    let te_travels = http_2 && !named.iter().any(|word| word == b"te");
    assert_eq!(te, trailers.filter(|_| te_travels).collect::<Vec<_>>());
    for name in copied.keys() {
        let set = name == "x-mirrored-from" || (preserve_host && name == "host") || name == "te";
        assert!(set || travels(name), "{name} must not be copied");
    }
    for name in parts.headers.keys().filter(|name| travels(name)) {
        if http_2 && name == "cookie" {
            assert_eq!(values(&copied, "cookie").len(), 1);
        } else {
            let original = values(&parts.headers, name.as_str());
            assert_eq!(values(&copied, name.as_str()), original, "{name}");
        }
    }
});

fn request(lines: &[u8], http_2: bool, absolute: bool) -> Parts {
    let mut request = Request::new(());
    if absolute {
        let uri = format!("http://user:pass@{AUTHORITY}/x");
        *request.uri_mut() = uri.parse().expect("a URI");
    }
    if http_2 {
        *request.version_mut() = Version::HTTP_2;
    }
    for line in lines.split(|byte| *byte == b'\n') {
        let Some(colon) = line.iter().position(|byte| *byte == b':') else {
            continue;
        };
        let (name, value) = (&line[..colon], &line[colon + 1..]);
        if let (Ok(name), Ok(value)) =
            (HeaderName::from_bytes(name), HeaderValue::from_bytes(value))
        {
            request.headers_mut().append(name, value);
        }
    }
    request.into_parts().0
}

fn values<'a>(headers: &'a HeaderMap, name: &str) -> Vec<&'a HeaderValue> {
    headers.get_all(name).iter().collect()
}

/// The words of all `Connection` headers, in lower case.
fn named_by_connection(headers: &HeaderMap) -> Vec<Vec<u8>> {
    let lists = headers.get_all("connection").iter();
    let words = lists.flat_map(|list| list.as_bytes().split(|byte| *byte == b','));
    words
        .map(|word| word.trim_ascii().to_ascii_lowercase())
        .collect()
}
