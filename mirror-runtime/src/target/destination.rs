//! A target's URL in the parts that every copy is built from.

use std::net::{IpAddr, Ipv6Addr};

use http::uri::{Authority, Scheme};
use mirror_grammar::{parse_url, same_target};

use crate::error::ConfigError;

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
        let host = normal_host(parts.host);
        let authority = match parts.port {
            Some(port) if port != parts.scheme.default_port() => format!("{host}:{port}"),
            _ => host,
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

    /// Whether copies travel over TLS.
    pub(crate) fn is_tls(&self) -> bool {
        self.scheme == Scheme::HTTPS
    }

    /// Whether what is sent there can be read on the way: plain HTTP, and not to this machine.
    pub(crate) fn is_exposed(&self) -> bool {
        let host = self.authority.host().trim_matches(['[', ']']);
        // `::ffff:127.0.0.1` is `127.0.0.1`.
        let is_loopback = |address: IpAddr| address.to_canonical().is_loopback();
        let stays = host == "localhost" || host.parse().is_ok_and(is_loopback);
        self.scheme == Scheme::HTTP && !stays
    }

    /// The host, without the brackets of an IPv6 address, and the port.
    #[cfg(any(feature = "metrics", feature = "otel"))]
    pub(crate) fn host_and_port(&self) -> (&str, u16) {
        let default = if self.is_tls() { 443 } else { 80 };
        let host = self.authority.host().trim_matches(['[', ']']);
        (host, self.authority.port_u16().unwrap_or(default))
    }

    /// Whether two base URLs are the same target.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        match (parse_url(&self.url), parse_url(&other.url)) {
            (Ok(a), Ok(b)) => same_target(&a, &b),
            _ => false,
        }
    }
}

/// A host as HTTP clients spell it: in lower case, and an IPv6 address in its shortest form (RFC
/// 5952), without the mixed notation.
fn normal_host(host: &str) -> String {
    let address = host.trim_matches(['[', ']']).parse::<Ipv6Addr>();
    match address.map(|address| (address, address.segments())) {
        Ok((address, [.., high, low])) if address.to_ipv4_mapped().is_some() => {
            format!("[::ffff:{high:x}:{low:x}]")
        }
        Ok((address, _)) => format!("[{address}]"),
        Err(_) => host.to_ascii_lowercase(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use testkit::generators::any_origin;
    use url::{Position, Url};

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
            ("http://[::ffff:127.0.0.1]:8080", false),
            ("http://[::ffff:10.0.0.1]:8080", true),
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
            ("http://[::FFFF:7F00:1]", "http://[::ffff:7f00:1]"),
            ("http://[::ffff:127.0.0.1]:80/x", "http://[::ffff:7f00:1]/x"),
        ] {
            assert_eq!(Destination::parse(url).unwrap().url(), normal);
        }
    }

    proptest! {
        #[test]
        fn hosts_and_ports_are_spelled_as_clients_do(
            text in any_origin(),
        ) {
            let (Ok(destination), Ok(client)) = (Destination::parse(&text), Url::parse(&text)) else {
                return Ok(());
            };
            let spelled = &client[Position::BeforeHost..Position::AfterPort];
            prop_assert_eq!(destination.authority.as_str(), spelled);
        }
    }
}
