//! Where a copy goes: the target's origin and base path, and the path and query that arrived.

mod climbs;

use axum::extract::OriginalUri;
use http::{
    Uri,
    request::Parts,
    uri::{self, PathAndQuery},
};

use self::climbs::climbs;
use crate::target::Destination;

/// A request whose target has no path to join, such as `OPTIONS *`, one too long for a URI, or one
/// that a server could take for a path above the base path.
#[derive(Debug)]
pub(crate) struct Unjoinable;

/// The URI that arrived, before a router around the handler took a prefix off it.
pub(crate) fn original_uri(parts: &Parts) -> &Uri {
    parts
        .extensions
        .get::<OriginalUri>()
        .map_or(&parts.uri, |original| &original.0)
}

/// Shows a request with the URI that arrived, which is that of its copies. `look` does not panic.
pub(crate) fn with_original_uri<T>(parts: &mut Parts, look: impl FnOnce(&Parts) -> T) -> T {
    let original = parts.extensions.get::<OriginalUri>();
    let Some(original) = original.map(|original| original.0.clone()) else {
        return look(parts);
    };
    let routed = std::mem::replace(&mut parts.uri, original);
    let seen = look(parts);
    parts.uri = routed;
    seen
}

/// Joins the path and query of a request to a target, byte for byte.
///
/// Scheme and authority are the target's alone: nothing is resolved, so `//evil.example/x` is a
/// path like any other.
pub(crate) fn join(destination: &Destination, original: &Uri) -> Result<Uri, Unjoinable> {
    let path_and_query = original.path_and_query().ok_or(Unjoinable)?;
    if !original.path().starts_with('/') {
        return Err(Unjoinable);
    }
    let mut parts = uri::Parts::default();
    parts.scheme = Some(destination.scheme.clone());
    parts.authority = Some(destination.authority.clone());
    parts.path_and_query = Some(match path_and_query.as_str() {
        // In absolute form there may be nothing at all, as in `http://o#`. It reads like `/`, and
        // is printed as nothing.
        "/" if destination.base_path.is_empty() => PathAndQuery::from_static("/"),
        whole if destination.base_path.is_empty() && whole.starts_with('/') => {
            path_and_query.clone()
        }
        // And a query may stand without a path, which is `/` then.
        _ => under(&destination.base_path, original)?,
    });
    Uri::from_parts(parts).map_err(|_| Unjoinable)
}

fn under(base_path: &str, original: &Uri) -> Result<PathAndQuery, Unjoinable> {
    let path = original.path();
    if !base_path.is_empty() && climbs(path) {
        return Err(Unjoinable);
    }
    let query = original.query();
    let length = base_path.len() + path.len() + query.map_or(0, |query| query.len() + 1);
    let mut joined = String::with_capacity(length);
    joined.push_str(base_path);
    joined.push_str(path);
    if let Some(query) = query {
        joined.push('?');
        joined.push_str(query);
    }
    PathAndQuery::from_maybe_shared(joined).map_err(|_| Unjoinable)
}

#[cfg(test)]
mod properties;

#[cfg(test)]
mod tests {
    use super::*;

    fn joined(target: &str, original: &str) -> Option<String> {
        let destination = Destination::parse(target).unwrap();
        let uri = join(&destination, &original.parse().unwrap()).ok()?;
        // Not only as a whole URI is printed, which adds what is missing.
        let sent = Uri::from(uri.path_and_query().unwrap().clone());
        assert!(sent.path().starts_with('/'), "{sent:?}");
        Some(uri.to_string())
    }

    #[test]
    fn path_and_query_are_joined_as_they_are() {
        for (target, original, url) in [
            ("http://a", "/", "http://a/"),
            ("http://a/", "/x/", "http://a/x/"),
            ("http://a/base", "/", "http://a/base/"),
            ("http://a/base/", "/x?y=/z", "http://a/base/x?y=/z"),
            ("http://a/base", "//x", "http://a/base//x"),
            ("http://a", "/x?", "http://a/x?"),
            (
                "http://a",
                "/%2e%2E/%2f?a=%20+b&c",
                "http://a/%2e%2E/%2f?a=%20+b&c",
            ),
            ("http://a", "/x/../y", "http://a/x/../y"),
            ("http://a", "http://other:1/x?y", "http://a/x?y"),
            ("http://a", "http://other?y", "http://a/?y"),
            ("http://a/b", "http://other?y", "http://a/b/?y"),
            ("http://a", "http://other", "http://a/"),
            ("http://a", "http://other#", "http://a/"),
            ("http://a", "http://other#x/y", "http://a/"),
            ("http://a", "http://other?#", "http://a/?"),
            ("http://a/b", "http://other#", "http://a/b/"),
        ] {
            assert_eq!(joined(target, original).as_deref(), Some(url));
        }
    }

    #[test]
    fn the_origin_is_always_the_target_s() {
        for original in [
            "//evil.example/x",
            "/@evil.example",
            "/\\evil.example",
            "http://evil.example/",
        ] {
            for target in ["http://a:8080", "http://a:8080/base"] {
                let url = joined(target, original).unwrap();
                assert!(url.starts_with(&format!("{target}/")), "{url}");
            }
        }
    }

    #[test]
    fn a_copy_stays_under_the_base_path() {
        for climbing in [
            "/..",
            "/x/../../y",
            "/%2e%2E/y",
            "/x/.%2e",
            "/..%2fy",
            "/\\..\\y",
            "/%5c..%5c",
        ] {
            assert_eq!(joined("http://a/base", climbing), None, "{climbing}");
            // If there is none, it is the shadow's to resolve, as it is the primary's.
            assert_eq!(
                joined("http://a", climbing),
                Some(format!("http://a{climbing}"))
            );
        }
        for staying in [
            "/.", "/x/./y", "/...", "/..x", "/x..", "/x?../y", "/%2e", "/%2fx",
        ] {
            assert_eq!(
                joined("http://a/base", staying),
                Some(format!("http://a/base{staying}"))
            );
        }
    }

    #[test]
    fn what_has_no_path_is_refused() {
        assert_eq!(joined("http://a", "*"), None);
        assert_eq!(joined("http://a", "other:443"), None);
        let long = format!("/{}", "x".repeat(usize::from(u16::MAX) - 10));
        assert_eq!(joined("http://a/base/path", &long), None);
    }
}
