//! Where a server is.

use std::{fmt, net::IpAddr};

use http::Uri;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::exit::Stop;

/// What stands in a segment of a path or in a value of a query as it is. Not a dot: a name of dots
/// alone would lead elsewhere.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'~');

/// An `http` or `https` URL without credentials. `Display` leaves the query out, which may be secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Address {
    scheme: String,
    authority: String,
    path: String,
    query: Option<String>,
}

impl Address {
    /// Reads what was given on the command line. Its text is repeated in no message before it is
    /// known that there are no credentials in it.
    pub(crate) fn new(url: &str) -> Result<Self, Stop> {
        let url = url.trim();
        let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
        let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
        if authority.contains('@') {
            return Err(Stop::usage(
                "the URL must not contain credentials, which other users of this machine would see: put a token into the environment variable MIRROR_TOKEN",
            ));
        }
        let shown = url.split(['?', '#']).next().unwrap_or_default();
        let invalid = |reason: &dyn fmt::Display| {
            Stop::usage(format_args!("invalid URL `{shown}`: {reason}"))
        };
        if !url.contains("://") {
            return Err(invalid(&format_args!(
                "write the scheme as well, like `http://{}`",
                shown.trim_start_matches('/')
            )));
        }
        let uri: Uri = url.parse().map_err(|error| invalid(&error))?;
        let (Some(scheme), Some(authority)) = (uri.scheme_str(), uri.authority()) else {
            return Err(invalid(
                &"write the scheme and the host, like `http://localhost:8080`",
            ));
        };
        if !matches!(scheme, "http" | "https") {
            return Err(invalid(&format_args!(
                "the scheme must be `http` or `https`, not `{scheme}`"
            )));
        }
        if scheme == "https" && !cfg!(any(feature = "tls-aws-lc", feature = "tls-ring")) {
            return Err(invalid(
                &"this program is built without TLS: build it with the feature `tls-aws-lc` or `tls-ring`",
            ));
        }
        if authority.host().is_empty() {
            return Err(invalid(&"the host is missing"));
        }
        // `http` takes any digits for a port.
        let port = authority.as_str().rsplit_once(':').map(|(_, port)| port);
        if port.is_some_and(|port| !port.ends_with(']') && port.parse::<u16>().is_err()) {
            return Err(invalid(&"the port must be a number up to 65535"));
        }
        Ok(Self {
            scheme: scheme.to_owned(),
            authority: authority.as_str().to_owned(),
            path: uri.path().to_owned(),
            query: uri.query().map(ToOwned::to_owned),
        })
    }

    /// The snapshot of a page, whose address is that of its mount or of the snapshot itself.
    pub(crate) fn snapshot(&self, asked: &[(&str, &str)]) -> Self {
        let mut snapshot = self.clone();
        let is_file = self.path.rsplit('/').next().is_some_and(|last| {
            std::path::Path::new(last)
                .extension()
                .is_some_and(|extension| extension.eq_ignore_ascii_case("json"))
        });
        if !is_file {
            snapshot.path = format!("{}/snapshot.json", self.path.trim_end_matches('/'));
        }
        let asked = asked
            .iter()
            .map(|(name, value)| format!("{name}={}", utf8_percent_encode(value, ENCODED)));
        let pairs: Vec<_> = self.query.clone().into_iter().chain(asked).collect();
        snapshot.query = (!pairs.is_empty()).then(|| pairs.join("&"));
        snapshot
    }

    /// A mirror of a control router, or all of them.
    pub(crate) fn control(&self, mirror: Option<&str>) -> Self {
        let mut control = self.clone();
        let base = self.path.trim_end_matches('/');
        control.path = match mirror {
            Some(name) => format!("{base}/mirrors/{}", utf8_percent_encode(name, ENCODED)),
            None => format!("{base}/mirrors"),
        };
        control
    }

    /// All of it, for the request.
    pub(crate) fn to_uri(&self) -> String {
        match &self.query {
            Some(query) => format!("{self}?{query}"),
            None => self.to_string(),
        }
    }

    /// The host and the port.
    pub(crate) fn authority(&self) -> &str {
        &self.authority
    }

    pub(crate) fn is_https(&self) -> bool {
        self.scheme == "https"
    }

    /// Whether it is this machine.
    pub(crate) fn is_loopback(&self) -> bool {
        let authority: Option<http::uri::Authority> = self.authority.parse().ok();
        let host = authority.as_ref().map_or("", http::uri::Authority::host);
        let host = host.trim_start_matches('[').trim_end_matches(']');
        let is_name = host.eq_ignore_ascii_case("localhost");
        is_name
            || host
                .parse()
                .is_ok_and(|address: IpAddr| address.is_loopback())
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}{}", self.scheme, self.authority, self.path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(url: &str) -> Address {
        Address::new(url).unwrap_or_else(|stop| panic!("{url}: {}", stop.text))
    }

    #[test]
    fn the_snapshot_is_found_from_the_mount_and_from_itself() {
        for (url, expected) in [
            ("http://h", "http://h/snapshot.json"),
            ("http://h/", "http://h/snapshot.json"),
            (
                "http://h/admin/mirror",
                "http://h/admin/mirror/snapshot.json",
            ),
            (
                "http://h/admin/mirror/",
                "http://h/admin/mirror/snapshot.json",
            ),
            (
                "http://h/admin/mirror#orders",
                "http://h/admin/mirror/snapshot.json",
            ),
            ("http://h/m/snapshot.json", "http://h/m/snapshot.json"),
            ("http://h/m?a=b", "http://h/m/snapshot.json?a=b"),
            (
                "https://[::1]:8443/m/kept.json?a=b",
                "https://[::1]:8443/m/kept.json?a=b",
            ),
        ] {
            assert_eq!(address(url).snapshot(&[]).to_uri(), expected, "{url}");
        }
    }

    #[test]
    fn names_are_encoded() {
        let page = address("http://h/m?a=b");
        assert_eq!(
            page.snapshot(&[("mirror", "a b&c=/ü")]).to_uri(),
            "http://h/m/snapshot.json?a=b&mirror=a%20b%26c%3D%2F%C3%BC"
        );
        let control = address("http://h/c/");
        assert_eq!(control.control(None).to_uri(), "http://h/c/mirrors");
        assert_eq!(
            control.control(Some("../x")).to_uri(),
            "http://h/c/mirrors/%2E%2E%2Fx"
        );
    }

    #[test]
    fn what_is_no_address_says_what_to_write() {
        for (url, expected) in [
            ("localhost:8080/m", "like `http://localhost:8080/m`"),
            ("ftp://h/m", "must be `http` or `https`, not `ftp`"),
            ("http://", "invalid URL"),
            ("http://h:99999/", "port"),
            ("http://h:/", "port"),
            ("/admin/mirror", "like `http://admin/mirror`"),
            ("", "write the scheme"),
        ] {
            let text = Address::new(url).unwrap_err().text;
            assert!(text.contains(expected), "{url}: {text}");
        }
    }

    #[test]
    fn credentials_are_repeated_in_no_message() {
        for url in [
            "http://user:secret@h/",
            "user:secret@h/m",
            "http://secret@h:99999",
        ] {
            let text = Address::new(url).unwrap_err().text;
            assert!(
                !text.contains("secret") && text.contains("MIRROR_TOKEN"),
                "{text}"
            );
        }
        let shown = address("http://h/m?token=secret").to_string();
        assert_eq!(shown, "http://h/m");
    }

    #[test]
    fn this_machine_is_known() {
        for (url, expected) in [
            ("http://localhost:1", true),
            ("http://127.0.0.9", true),
            ("http://[::1]:1", true),
            ("http://localhost.example.com", false),
            ("http://10.0.0.1", false),
        ] {
            assert_eq!(address(url).is_loopback(), expected, "{url}");
        }
    }
}
