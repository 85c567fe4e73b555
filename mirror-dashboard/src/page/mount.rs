//! Where the page is, as its browser sees it.

use std::fmt;

use http::HeaderMap;

/// The header in which a proxy says what it has taken off the path.
const STRIPPED: &str = "x-forwarded-prefix";

/// A prefix that is longer is none that anybody has configured.
const MAX_PREFIX: usize = 256;

/// What stands before the names of the page's files, so that they are found wherever the page is
/// mounted. `Display` is text for an attribute of HTML.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Mount(String);

impl Mount {
    /// For a page that was asked for at this path, before any router took something off it.
    ///
    /// Nothing redirects, because a server behind a proxy does not know where to. A path that ends
    /// in `/` is that of a directory, and names are relative to it. Relative to any other, the last
    /// segment has to be said once more.
    pub(super) fn new(path: &str, headers: &HeaderMap) -> Self {
        if let Some(prefix) = prefix(headers) {
            let path = path.trim_start_matches('/').trim_end_matches('/');
            let slash = if path.is_empty() { "" } else { "/" };
            return Self(format!("{prefix}/{path}{slash}"));
        }
        let (_, last) = path.rsplit_once('/').unwrap_or_default();
        let slash = if last.is_empty() { "" } else { "/" };
        // With `./` no segment is taken for a scheme.
        Self(format!("./{last}{slash}"))
    }
}

impl fmt::Display for Mount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&escaped(&self.0))
    }
}

/// The prefix that a proxy has taken off. A value that is anything but plain segments is taken for
/// none: it must not lead to another host, and whoever can send one need not be the proxy.
fn prefix(headers: &HeaderMap) -> Option<&str> {
    let mut values = headers.get_all(STRIPPED).iter();
    let value = values.next()?.to_str().ok()?;
    if values.next().is_some() || value.len() > MAX_PREFIX {
        return None;
    }
    let prefix = value.trim_end_matches('/');
    let is_plain = |segment: &str| {
        let mut bytes = segment.bytes();
        !matches!(segment, "" | "." | "..")
            && bytes.all(|byte| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte))
    };
    let mut segments = prefix.strip_prefix('/')?.split('/');
    segments.all(is_plain).then_some(prefix)
}

/// Text for HTML, in an attribute as well.
pub(super) fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn mount(path: &str, prefix: Option<&str>) -> String {
        let mut headers = HeaderMap::new();
        if let Some(prefix) = prefix {
            headers.insert(
                STRIPPED,
                HeaderValue::from_bytes(prefix.as_bytes()).unwrap(),
            );
        }
        Mount::new(path, &headers).to_string()
    }

    #[test]
    fn files_are_relative_to_what_was_asked_for() {
        for (path, expected) in [
            ("/", "./"),
            ("/mirror", "./mirror/"),
            ("/admin/mirror", "./mirror/"),
            ("/admin/mirror/", "./"),
            ("", "./"),
            ("/x/javascript:alert(1)", "./javascript:alert(1)/"),
            ("/x/\"><script>", "./&quot;&gt;&lt;script&gt;/"),
        ] {
            assert_eq!(mount(path, None), expected, "{path}");
        }
    }

    #[test]
    fn a_prefix_that_was_stripped_comes_first() {
        for (path, prefix, expected) in [
            ("/", "/tools/mirror", "/tools/mirror/"),
            ("/", "/tools/mirror/", "/tools/mirror/"),
            ("/admin/mirror", "/tools", "/tools/admin/mirror/"),
            ("/admin/mirror/", "/tools", "/tools/admin/mirror/"),
        ] {
            assert_eq!(mount(path, Some(prefix)), expected, "{path} {prefix}");
        }
    }

    #[test]
    fn a_hostile_prefix_is_none() {
        for prefix in [
            "//evil.example",
            "/a//evil.example",
            "https://evil.example",
            "evil.example",
            "/\\evil.example",
            "\\\\evil.example",
            "/..",
            "/a/../b",
            "/a, /b",
            "/\"><script>alert(1)</script>",
            "/a b",
            "/%2f%2fevil.example",
            "/ümlaut",
            "javascript:alert(1)",
            "",
            "/",
            &format!("/{}", "x".repeat(300)),
        ] {
            assert_eq!(
                mount("/admin/mirror", Some(prefix)),
                "./mirror/",
                "{prefix}"
            );
        }
    }
}
