//! The meaning of headers, so that two spellings of one value are the same.

use http::{HeaderName, header};

/// How closely a header is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Care {
    /// Nobody asked: values that are different in each response of one version do not count.
    Default,
    /// `compare_headers` names it.
    Full,
}

/// Whether the lines of a header mean the same on both sides.
pub(super) fn are_same(name: &HeaderName, lines: [&[&[u8]]; 2], care: Care) -> bool {
    if let [[one], [other]] = lines
        && is_list(name)
        && are_reordered(one, other)
    {
        return true;
    }
    let [one, other] = lines.map(|lines| of(name, lines, care));
    one == other
}

/// Whether two lists have the same parts, spelled alike, in any order and number: what is mostly so,
/// and soon seen.
fn are_reordered(one: &[u8], other: &[u8]) -> bool {
    let is_plain = |byte: &u8| !matches!(byte, b'"' | b'\\' | b'<' | b'>');
    let has_all = |one: &[u8], other: &[u8]| {
        let mut ones = one.split(|byte| *byte == b',').map(<[u8]>::trim_ascii);
        ones.all(|part| {
            let mut others = other.split(|byte| *byte == b',');
            part.is_empty() || others.any(|other| other.trim_ascii() == part)
        })
    };
    one.iter().chain(other).all(is_plain) && has_all(one, other) && has_all(other, one)
}

/// Whether a header is a list without an order.
fn is_list(name: &HeaderName) -> bool {
    matches!(
        *name,
        header::ACCEPT_RANGES
            | header::ACCESS_CONTROL_ALLOW_HEADERS
            | header::ACCESS_CONTROL_ALLOW_METHODS
            | header::ACCESS_CONTROL_EXPOSE_HEADERS
            | header::ALLOW
            | header::CACHE_CONTROL
            | header::CONTENT_LANGUAGE
            | header::PRAGMA
            | header::VARY
    )
}

/// A header in a form of its own; `None` if it is not there.
fn of(name: &HeaderName, lines: &[&[u8]], care: Care) -> Option<Vec<u8>> {
    let value = || lines.join(&b", "[..]);
    if lines.is_empty() {
        return None;
    }
    Some(match *name {
        header::ETAG | header::LAST_MODIFIED if care == Care::Default => Vec::new(),
        header::CONTENT_TYPE => parameters(&value(), true),
        header::CONTENT_DISPOSITION => parameters(&value(), false),
        header::CONTENT_SECURITY_POLICY | header::CONTENT_SECURITY_POLICY_REPORT_ONLY => lines
            .iter()
            .map(|line| policy(line))
            .collect::<Vec<_>>()
            .join(&b","[..]),
        header::LINK => sorted(split(&value(), b',').map(|link| parameters(link, false))),
        header::WWW_AUTHENTICATE | header::PROXY_AUTHENTICATE => challenges(&value()),
        // A moment is another in each response.
        header::RETRY_AFTER if !value().trim_ascii().iter().all(u8::is_ascii_digit) => Vec::new(),
        header::CONTENT_ENCODING => codings(&value()),
        _ if is_list(name) => sorted(split(&value(), b',').map(directive)),
        _ => value().trim_ascii().to_vec(),
    })
}

/// The parts of a value between separators that are neither in quotes nor in `<>`, without the
/// empty ones.
pub(super) fn split(value: &[u8], separator: u8) -> impl Iterator<Item = &[u8]> {
    let (mut quoted, mut escaped, mut bracketed) = (false, false, false);
    let parts = value.split(move |byte| {
        if std::mem::take(&mut escaped) {
            return false;
        }
        match byte {
            b'\\' if quoted => escaped = true,
            b'"' if !bracketed => quoted = !quoted,
            b'<' if !quoted => bracketed = true,
            b'>' if !quoted => bracketed = false,
            _ => return *byte == separator && !quoted && !bracketed,
        }
        false
    });
    parts
        .map(<[u8]>::trim_ascii)
        .filter(|part| !part.is_empty())
}

/// Parts in an order of their own, each once.
fn sorted(parts: impl Iterator<Item = Vec<u8>>) -> Vec<u8> {
    let mut parts: Vec<_> = parts.collect();
    parts.sort_unstable();
    parts.dedup();
    parts.join(&b","[..])
}

/// What comes first, and then parts in an order of their own, each once.
fn followed(mut first: Vec<u8>, parts: impl Iterator<Item = Vec<u8>>, separator: u8) -> Vec<u8> {
    let mut parts: Vec<_> = parts.collect();
    parts.sort_unstable();
    parts.dedup();
    for part in parts {
        first.push(separator);
        first.extend(part);
    }
    first
}

/// `text/html; charset=UTF-8`: a value with parameters. `is_type`: the value has no case, and some
/// parameters are known.
fn parameters(value: &[u8], is_type: bool) -> Vec<u8> {
    let mut parts = split(value, b';');
    let mut whole = parts.next().unwrap_or_default().to_vec();
    if !whole.starts_with(b"<") {
        whole.make_ascii_lowercase();
    }
    let parameters = parts.filter_map(|part| {
        let (name, value) = pair(part);
        let value = match &*name {
            // Of its parts, which are compared.
            b"boundary" if is_type => return None,
            b"charset" if is_type => match &*value.to_ascii_lowercase() {
                b"utf8" => b"utf-8".to_vec(),
                other => other.to_vec(),
            },
            _ => value,
        };
        Some([name, value].join(&b'='))
    });
    followed(whole, parameters, b';')
}

/// The name of a parameter without its case, and its value without quotes.
fn pair(part: &[u8]) -> (Vec<u8>, Vec<u8>) {
    let at = part.iter().position(|byte| *byte == b'=');
    let (name, value) = part.split_at(at.unwrap_or(part.len()));
    let value = value.strip_prefix(b"=").unwrap_or(value).trim_ascii();
    (name.trim_ascii().to_ascii_lowercase(), unquoted(value))
}

fn unquoted(value: &[u8]) -> Vec<u8> {
    let inner = value
        .strip_prefix(b"\"")
        .and_then(|rest| rest.strip_suffix(b"\""));
    let Some(inner) = inner else {
        return value.to_vec();
    };
    let mut escaped = false;
    let kept = inner.iter().filter(|byte| {
        escaped = **byte == b'\\' && !escaped;
        !escaped
    });
    kept.copied().collect()
}

/// `max-age="60"`: a directive, or one of a list of names without a case.
fn directive(part: &[u8]) -> Vec<u8> {
    let (name, value) = pair(part);
    if part.contains(&b'=') {
        [name, value].join(&b'=')
    } else {
        name
    }
}

/// A policy about content, without its nonces (which are another in each response), its directives
/// and their sources in an order of their own.
fn policy(line: &[u8]) -> Vec<u8> {
    let directive = |directive: &[u8]| {
        let mut words = directive
            .split(u8::is_ascii_whitespace)
            .filter(|word| !word.is_empty());
        let name = words.next().unwrap_or_default().to_ascii_lowercase();
        let sources = words.map(|word| {
            if word.starts_with(b"'nonce-") {
                b"'nonce-'".to_vec()
            } else {
                word.to_vec()
            }
        });
        followed(name, sources, b' ')
    };
    sorted(split(line, b';').map(directive))
}

/// Schemes with their parameters, without those that are another in each response.
fn challenges(value: &[u8]) -> Vec<u8> {
    let part = |part: &[u8]| {
        let (name, value) = pair(part);
        let name = name
            .split(u8::is_ascii_whitespace)
            .filter(|word| !word.is_empty());
        let name = name.collect::<Vec<_>>().join(&b' ');
        if name.ends_with(b"nonce") || name.ends_with(b"opaque") {
            name
        } else {
            [name, value].join(&b'=')
        }
    };
    split(value, b',')
        .map(part)
        .collect::<Vec<_>>()
        .join(&b","[..])
}

/// The codings of a body, in their order.
fn codings(value: &[u8]) -> Vec<u8> {
    let names = split(value, b',').map(<[u8]>::to_ascii_lowercase);
    let names = names.filter(|name| name != b"identity");
    let names = names.map(|name| {
        if name == b"x-gzip" {
            b"gzip".to_vec()
        } else {
            name
        }
    });
    names.collect::<Vec<_>>().join(&b","[..])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn same(name: &'static str, one: &str, other: &str, care: Care) -> bool {
        let name = HeaderName::from_static(name);
        are_same(&name, [&[one.as_bytes()], &[other.as_bytes()]], care)
    }

    #[test]
    fn lists_in_another_order_are_soon_known() {
        for (one, other, expected) in [
            ("a, b", "b,a", true),
            ("a,b,a,", " ,b, a", true),
            ("a,b", "a,b,c", false),
            ("a,b", "A,b", false),
            ("", ",", true),
            // Within quotes there are no parts.
            ("a=\"b,c\"", "c\",a=\"b", false),
        ] {
            let is_it = are_reordered(one.as_bytes(), other.as_bytes());
            assert_eq!(is_it, expected, "{one} {other}");
            let [one, other] =
                [one, other].map(|it| of(&header::VARY, &[it.as_bytes()], Care::Full));
            assert!(!expected || one == other);
        }
    }

    #[test]
    fn a_value_is_the_same_in_any_spelling() {
        for (name, one, other) in [
            (
                "content-type",
                "text/html; charset=utf-8",
                "Text/HTML;charset=\"UTF-8\"",
            ),
            (
                "content-type",
                "text/html;charset=utf8",
                "text/html; charset=utf-8",
            ),
            ("content-type", "a/b;x=1;y=2", "a/b; y=2; x=1"),
            (
                "content-type",
                "multipart/mixed; boundary=a",
                "multipart/mixed; boundary=\"b\"",
            ),
            (
                "cache-control",
                "no-store, max-age=60",
                "Max-Age=\"60\",no-store",
            ),
            ("vary", "Accept, Origin", "origin,accept"),
            ("allow", "GET, HEAD", "HEAD, GET"),
            ("access-control-allow-headers", "X-A, x-b", "x-B,x-a"),
            (
                "content-disposition",
                "attachment; filename=\"a.pdf\"",
                "Attachment;filename=a.pdf",
            ),
            (
                "www-authenticate",
                "Basic realm=\"a\", charset=\"UTF-8\"",
                "basic realm=a,charset=UTF-8",
            ),
            (
                "www-authenticate",
                "Digest realm=a, nonce=1",
                "Digest realm=a, nonce=\"2\"",
            ),
            (
                "link",
                "</a,b>; rel=next, </c>; rel=prev",
                "</c>;rel=\"prev\",</a,b>;rel=next",
            ),
            (
                "content-security-policy",
                "img-src a b; script-src 'nonce-1'",
                "script-src 'nonce-2' ;  img-src b a",
            ),
            (
                "retry-after",
                "Wed, 21 Oct 2015 07:28:00 GMT",
                "Wed, 21 Oct 2015 07:28:01 GMT",
            ),
            ("etag", "\"1\"", "W/\"2\""),
            ("content-encoding", "identity, x-gzip", "GZIP"),
        ] {
            assert!(
                same(name, one, other, Care::Default),
                "{name}: {one} {other}"
            );
        }
    }

    #[test]
    fn values_that_mean_something_else_differ() {
        for (name, one, other) in [
            ("content-type", "text/html", "text/html; charset=utf-8"),
            (
                "content-type",
                "text/html; charset=latin1",
                "text/html; charset=utf-8",
            ),
            ("cache-control", "max-age=60", "max-age=6"),
            ("cache-control", "no-cache=\"a,b\"", "no-cache=a, b"),
            ("link", "</a>; rel=next", "</A>; rel=next"),
            (
                "content-disposition",
                "attachment; filename=\"a;b\"",
                "attachment; filename=a; b",
            ),
            ("www-authenticate", "Basic realm=a", "Bearer realm=a"),
            ("retry-after", "30", "31"),
            ("retry-after", "30", "Wed, 21 Oct 2015 07:28:01 GMT"),
            (
                "access-control-allow-origin",
                "*",
                "https://app.example.com",
            ),
            ("location", "/a", "/A"),
            ("content-security-policy", "img-src a", "img-src b"),
        ] {
            assert!(
                !same(name, one, other, Care::Default),
                "{name}: {one} {other}"
            );
        }
        assert!(!same("etag", "\"1\"", "W/\"1\"", Care::Full));
    }
}
