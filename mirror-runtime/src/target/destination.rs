//! A target's URL in the parts that every copy is built from.

use std::net::IpAddr;

use http::uri::{Authority, Scheme};
use mirror_grammar::{parse_url, same_target};
use url::Url;

use crate::ConfigError;

/// A base URL, taken apart once so that no copy has to parse it again.
#[derive(Clone, Debug)]
pub(crate) struct Destination {
    url: String,
    pub(crate) scheme: Scheme,
    pub(crate) authority: Authority,
    /// Empty, or starting with `/` and not ending with one.
    pub(crate) base_path: String,
}

impl Destination {
    pub(crate) fn parse(url: &str) -> Result<Self, ConfigError> {
        let parts = parse_url(url).map_err(|error| ConfigError::url(url, error))?;
        // The host is taken as the HTTP client spells it: lower case, and an IPv6 address in its shortest form.
        let normal = Url::parse(url).map_err(|error| ConfigError::unusable_url(url, &error))?;
        let host = normal.host_str().unwrap_or(parts.host);
        let authority = match normal.port() {
            Some(port) => format!("{host}:{port}"),
            None => host.to_owned(),
        };
        let scheme = match parts.scheme {
            mirror_grammar::Scheme::Http => Scheme::HTTP,
            mirror_grammar::Scheme::Https => Scheme::HTTPS,
        };
        Ok(Self {
            url: format!("{scheme}://{authority}{}", parts.base_path),
            scheme,
            authority: authority
                .parse()
                .map_err(|error| ConfigError::unusable_url(url, &error))?,
            base_path: parts.base_path.to_owned(),
        })
    }

    /// The base URL, normalized, without a trailing slash.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Whether what is sent there can be read on the way: plain HTTP, and not to this machine.
    pub(crate) fn is_exposed(&self) -> bool {
        let host = self.authority.host().trim_matches(['[', ']']);
        let is_loopback = |address: IpAddr| address.is_loopback();
        let stays = host == "localhost" || host.parse().is_ok_and(is_loopback);
        self.scheme == Scheme::HTTP && !stays
    }

    /// Whether two base URLs are the same target.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        match (parse_url(&self.url), parse_url(&other.url)) {
            (Ok(a), Ok(b)) => same_target(&a, &b),
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_http_is_exposed_unless_it_stays_on_this_machine() {
        for (url, exposed) in [
            ("http://staging.example.com", true),
            ("http://10.0.0.1:8080", true),
            ("https://staging.example.com", false),
            ("http://localhost:8080", false),
            ("http://127.8.8.8", false),
            ("http://[::1]:8080", false),
        ] {
            assert_eq!(
                Destination::parse(url).unwrap().is_exposed(),
                exposed,
                "{url}"
            );
        }
    }

    #[test]
    fn a_url_is_normalized_as_the_client_does() {
        for (url, normal) in [
            (
                "HTTPS://Staging.Example.com:443/",
                "https://staging.example.com",
            ),
            (
                "http://[0:0:0:0:0:0:0:1]:8080/Base/",
                "http://[::1]:8080/Base",
            ),
            ("http://127.0.0.1:80", "http://127.0.0.1"),
        ] {
            assert_eq!(Destination::parse(url).unwrap().url(), normal);
        }
    }

    #[test]
    fn a_name_that_means_nothing_is_refused() {
        // The grammar cannot tell it from one that does.
        let url = |host| format!("http://{host}/");
        assert!(Destination::parse(&url("xn--bcher-kva.example")).is_ok());
        assert!(Destination::parse(&url("XN--h1L1")).is_err());
    }
}
