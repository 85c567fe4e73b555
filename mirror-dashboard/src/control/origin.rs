//! Where a request to change something comes from.

use http::{
    HeaderMap, HeaderName,
    header::{HOST, ORIGIN},
    request::Parts,
    uri::Authority,
};

/// The header in which browsers say which site has made a request.
const SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// The hosts under which the program is known, beside those of the loopback interface.
#[derive(Debug)]
pub(super) struct Hosts(Vec<String>);

impl Hosts {
    pub(super) fn new(hosts: impl IntoIterator<Item: Into<String>>) -> Self {
        let hosts = hosts.into_iter().map(Into::into);
        Self(hosts.map(|host| host.to_ascii_lowercase()).collect())
    }

    /// Refuses what a page of another site may have sent, and what was sent to a host that is not
    /// known: a name of an attacker that leads to this machine is an origin of its own, and the same
    /// one to a browser.
    pub(super) fn check(&self, parts: &Parts) -> Result<(), String> {
        let host = host(parts)?;
        if !self.know(&host) {
            return Err(format!(
                "the host `{host}` is not known: name it where the router is made, in `control_router_for` or `control_router_of_fleet`"
            ));
        }
        if let Some(site) = single(&parts.headers, &SITE)?
            && !matches!(site, "same-origin" | "none")
        {
            return Err("it comes from a page of another site".to_owned());
        }
        if let Some(origin) = single(&parts.headers, &ORIGIN)?
            && !self.is_own(origin, &host)
        {
            return Err(format!(
                "it comes from the origin `{}`",
                origin.escape_debug()
            ));
        }
        Ok(())
    }

    fn know(&self, authority: &Authority) -> bool {
        let host = authority.host().to_ascii_lowercase();
        is_loopback(&host)
            || self
                .0
                .iter()
                .any(|known| *known == host || *known == authority.as_str().to_ascii_lowercase())
    }

    /// Whether an origin is that of the page: the host and the port that were asked, or, behind a
    /// proxy that names another host, one that is known by name.
    fn is_own(&self, origin: &str, host: &Authority) -> bool {
        let Some((scheme, authority)) = origin.split_once("://") else {
            return false;
        };
        let default = match scheme {
            "http" => 80,
            "https" => 443,
            _ => return false,
        };
        let Ok(authority) = authority.parse::<Authority>() else {
            return false;
        };
        if !is_plain(&authority) {
            return false;
        }
        let port = |authority: &Authority| authority.port_u16().unwrap_or(default);
        let is_same =
            authority.host().eq_ignore_ascii_case(host.host()) && port(&authority) == port(host);
        is_same || self.0.contains(&authority.as_str().to_ascii_lowercase())
    }
}

/// The host that a request is sent to. If it is said twice, both must be the same.
fn host(parts: &Parts) -> Result<Authority, String> {
    let of_header = single(&parts.headers, &HOST)?;
    let of_header = of_header.map(|host| {
        let host = host.parse::<Authority>();
        host.map_err(|_| "the `Host` is not one".to_owned())
    });
    let of_header = of_header.transpose()?;
    let host = match (parts.uri.authority(), of_header) {
        (Some(host), Some(other)) if !host.as_str().eq_ignore_ascii_case(other.as_str()) => {
            return Err("there are two hosts".to_owned());
        }
        (Some(host), _) => host.clone(),
        (None, Some(host)) => host,
        (None, None) => return Err("there is no `Host`".to_owned()),
    };
    if !is_plain(&host) {
        return Err("the `Host` is not one".to_owned());
    }
    Ok(host)
}

/// Whether it is a host with or without a port, and nothing else. The parser takes anything for a
/// port, and then knows none.
fn is_plain(authority: &Authority) -> bool {
    let port = authority.port_u16();
    let written = port.map(|port| format!("{}:{port}", authority.host()));
    authority.as_str() == written.as_deref().unwrap_or(authority.host())
}

/// The value of a header that may be there once.
fn single<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Result<Option<&'h str>, String> {
    let mut values = headers.get_all(name).iter();
    let Some(value) = values.next() else {
        return Ok(None);
    };
    if values.next().is_some() {
        return Err(format!("there are several `{name}`"));
    }
    let value = value.to_str();
    value
        .map(Some)
        .map_err(|_| format!("the `{name}` is not text"))
}

/// Whether a host, in lower case, is a name of the loopback interface that no DNS can give to
/// another machine.
fn is_loopback(host: &str) -> bool {
    if host == "localhost" || host.ends_with(".localhost") {
        return true;
    }
    let host = host
        .strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'))
        .unwrap_or(host);
    host.parse::<std::net::IpAddr>()
        .is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;

    /// What is said of a request to this host, with this origin and this site.
    fn check(host: &str, origin: &str, site: &str) -> bool {
        let mut request = Request::put("/mirrors/orders");
        for (name, value) in [(HOST, host), (ORIGIN, origin), (SITE, site)] {
            if !value.is_empty() {
                request = request.header(name, value);
            }
        }
        let (parts, ()) = request.body(()).unwrap().into_parts();
        Hosts::new(["Admin.example.com", "other.example.com:8443"])
            .check(&parts)
            .is_ok()
    }

    #[test]
    fn only_known_hosts_are_asked() {
        for host in [
            "localhost",
            "localhost:8080",
            "LOCALHOST",
            "app.localhost:1",
            "127.0.0.1",
            "127.8.9.1:80",
            "[::1]",
            "[::1]:8080",
            "admin.example.com",
            "ADMIN.example.com:9",
            "other.example.com:8443",
        ] {
            assert!(check(host, "", ""), "{host}");
        }
        for host in [
            "",
            "evil.example",
            "evil.example:8080",
            "localhost.evil.example",
            "127.0.0.1.evil.example",
            "notlocalhost",
            "localhost@evil.example",
            "user@localhost",
            "10.0.0.1",
            "0.0.0.0",
            "[::]",
            "example.com",
            "sub.admin.example.com",
            "other.example.com",
            "other.example.com:1",
            "admin.example.com.evil.example",
            "2130706433",
            "localhost/",
            "a b",
        ] {
            assert!(!check(host, "", ""), "{host}");
        }
    }

    #[test]
    fn only_the_page_itself_may_ask() {
        for (host, origin, site) in [
            ("localhost:8080", "http://localhost:8080", "same-origin"),
            ("localhost:8080", "http://localhost:8080", ""),
            ("localhost:8080", "", "same-origin"),
            ("localhost:8080", "", "none"),
            ("localhost", "http://localhost", ""),
            ("localhost", "http://localhost:80", ""),
            ("admin.example.com", "https://admin.example.com", ""),
            ("admin.example.com:443", "https://admin.example.com", ""),
            // A proxy asks by another name.
            ("127.0.0.1:8080", "https://admin.example.com", "same-origin"),
        ] {
            assert!(check(host, origin, site), "{host} {origin} {site}");
        }
        for (host, origin, site) in [
            ("localhost:8080", "http://evil.example", ""),
            ("localhost:8080", "http://evil.example", "same-origin"),
            ("localhost:8080", "http://localhost:3000", ""),
            ("localhost:8080", "http://localhost", ""),
            ("localhost:8080", "http://127.0.0.1:8080", ""),
            ("localhost:8080", "null", ""),
            ("localhost:8080", "http://localhost:8080", "cross-site"),
            ("localhost:8080", "http://localhost:8080", "same-site"),
            ("localhost:8080", "", "cross-site"),
            ("localhost:8080", "", "Same-Origin "),
            ("localhost:8080", "file://localhost:8080", ""),
            ("localhost:8080", "http://localhost:8080@evil.example", ""),
            ("localhost:8080", "http://x@localhost:8080", ""),
            ("localhost:8080", "http://localhost:8080/x", ""),
            ("admin.example.com", "https://example.com", ""),
            ("admin.example.com", "https://admin.example.com:8443", ""),
            ("localhost:8080", "https://other.example.com", ""),
            (
                "admin.example.com",
                "http://admin.example.com:81.evil.example",
                "",
            ),
        ] {
            assert!(!check(host, origin, site), "{host} {origin} {site}");
        }
    }

    #[test]
    fn what_is_said_twice_is_refused() {
        for (name, one, other) in [
            (HOST, "localhost", "localhost"),
            (ORIGIN, "http://localhost", "http://localhost"),
            (SITE, "same-origin", "cross-site"),
        ] {
            let request = Request::put("http://localhost/")
                .header(&name, one)
                .header(&name, other);
            let (parts, ()) = request.body(()).unwrap().into_parts();
            assert!(Hosts::new([""; 0]).check(&parts).is_err(), "{name}");
        }
        let request = Request::put("http://localhost/").header(HOST, "admin.example.com");
        let (parts, ()) = request.body(()).unwrap().into_parts();
        assert!(Hosts::new(["admin.example.com"]).check(&parts).is_err());
    }
}
