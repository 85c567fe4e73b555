//! The URL of a target: `http` or `https`, a host, an optional port and an optional base path, and
//! nothing else.

mod ascii;
mod host;

use std::fmt;

use ascii::{find, find_any, is_alphanumeric, is_hex, rest, starts_with, until};
use host::is_host;

/// The scheme of a target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheme {
    /// `http`
    Http,
    /// `https`
    Https,
}

impl Scheme {
    /// The scheme as it stands in a URL.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
        }
    }

    /// The port that a URL of this scheme has when it names none.
    #[must_use]
    pub const fn default_port(self) -> u16 {
        match self {
            Self::Http => 80,
            Self::Https => 443,
        }
    }
}

/// The parts of a valid target URL, as slices of the text it was parsed from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TargetUrl<'a> {
    /// `http` or `https`.
    pub scheme: Scheme,
    /// The host: a name, an IPv4 address, or an IPv6 address in brackets.
    pub host: &'a str,
    /// The port, if the URL names one.
    pub port: Option<u16>,
    /// The base path without its trailing slashes: empty, or starting with `/`.
    pub base_path: &'a str,
}

/// Why a text is not the URL of a target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UrlError<'a> {
    /// The URL holds a user name or a password. Its text must not be repeated in any message.
    Credentials,
    /// No scheme and host, as in `localhost:8080`.
    NotAbsolute,
    /// A scheme other than `http` and `https`.
    Scheme(&'a str),
    /// Nothing where the host should be.
    NoHost,
    /// Neither a host name nor an IP address.
    Host(&'a str),
    /// Not a number from 1 to 65535.
    Port(&'a str),
    /// A query, which would get in the way of the request's own.
    Query,
    /// A fragment, which is never sent.
    Fragment,
    /// A base path with a `.` or `..` segment, which HTTP clients resolve.
    DotSegment,
    /// A base path with a character that must be percent-encoded, or with a broken
    /// percent-encoding.
    Path,
}

impl UrlError<'_> {
    /// The mistake, without quoting the text, as a `const` evaluation can say it.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Credentials => {
                "a target must not contain credentials: they would end up in the binary and in the logs"
            }
            Self::NotAbsolute => "not an absolute URL",
            Self::Scheme(_) => "the scheme must be `http` or `https`",
            Self::NoHost => "the host is missing",
            Self::Host(_) => "the host must be a name in ASCII or an IP address",
            Self::Port(_) => "the port must be a number from 1 to 65535",
            Self::Query => "a target must not have a query: each copy has that of its request",
            Self::Fragment => "a target must not have a fragment: it is never sent",
            Self::DotSegment => "the base path must not have `.` or `..` segments",
            Self::Path => "the base path has a character that must be percent-encoded",
        }
    }
}

impl fmt::Display for UrlError<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())?;
        match self {
            Self::Scheme(found) | Self::Host(found) | Self::Port(found) => {
                write!(f, ", not `{found}`")
            }
            _ => Ok(()),
        }
    }
}

impl std::error::Error for UrlError<'_> {}

/// Parses the URL of a target.
///
/// # Errors
///
/// [`UrlError`] says which part is wrong. Credentials are found first, so that no other error
/// repeats them.
pub const fn parse_url(url: &str) -> Result<TargetUrl<'_>, UrlError<'_>> {
    let Some(scheme_end) = find(url, b"://") else {
        // `user:password@host` has no scheme and must not be repeated either.
        return Err(if find(url, b"@").is_some() {
            UrlError::Credentials
        } else {
            UrlError::NotAbsolute
        });
    };
    let (scheme, after) = (until(url, scheme_end), rest(url, scheme_end + 3));
    let authority_end = find_any(after, b"/?#\\");
    let (authority, path) = (until(after, authority_end), rest(after, authority_end));
    if find(authority, b"@").is_some() {
        return Err(UrlError::Credentials);
    }
    let scheme = if scheme.eq_ignore_ascii_case("http") {
        Scheme::Http
    } else if scheme.eq_ignore_ascii_case("https") {
        Scheme::Https
    } else if scheme.is_empty() {
        return Err(UrlError::NotAbsolute);
    } else {
        return Err(UrlError::Scheme(scheme));
    };
    let (host, port) = match split_port(authority) {
        Ok(split) => split,
        Err(error) => return Err(error),
    };
    if host.is_empty() {
        return Err(UrlError::NoHost);
    }
    if !is_host(host) {
        return Err(UrlError::Host(host));
    }
    match check_base_path(path) {
        Ok(()) => Ok(TargetUrl {
            scheme,
            host,
            port,
            base_path: without_trailing_slashes(path),
        }),
        Err(error) => Err(error),
    }
}

/// Whether two URLs name the same target: same scheme, host, effective port and base path.
#[must_use]
pub const fn same_target(a: &TargetUrl<'_>, b: &TargetUrl<'_>) -> bool {
    a.scheme as u8 == b.scheme as u8
        && a.host.eq_ignore_ascii_case(b.host)
        && a.effective_port() == b.effective_port()
        && ascii::equal(a.base_path, b.base_path)
}

impl TargetUrl<'_> {
    /// The port that connections go to.
    #[must_use]
    pub const fn effective_port(&self) -> u16 {
        match self.port {
            Some(port) => port,
            None => self.scheme.default_port(),
        }
    }
}

/// `host:port` in two; an IPv6 address keeps its brackets and its colons.
const fn split_port(authority: &str) -> Result<(&str, Option<u16>), UrlError<'_>> {
    let host_end = if starts_with(authority, b"[") {
        find_any(authority, b"]") + 1
    } else {
        find_any(authority, b":")
    };
    if host_end >= authority.len() {
        return Ok((authority, None));
    }
    let (host, port) = (until(authority, host_end), rest(authority, host_end));
    if !starts_with(port, b":") {
        return Err(UrlError::Host(authority));
    }
    let port = rest(port, 1);
    match parse_port(port) {
        Some(number) => Ok((host, Some(number))),
        None => Err(UrlError::Port(port)),
    }
}

const fn parse_port(port: &str) -> Option<u16> {
    let digits = port.as_bytes();
    if digits.is_empty() || digits.len() > 5 {
        return None;
    }
    let (mut number, mut i) = (0_u32, 0);
    while i < digits.len() {
        if !digits[i].is_ascii_digit() {
            return None;
        }
        number = number * 10 + (digits[i] - b'0') as u32;
        i += 1;
    }
    if number == 0 || number > u16::MAX as u32 {
        return None;
    }
    #[expect(
        clippy::cast_possible_truncation,
        reason = "compared with `u16::MAX` above"
    )]
    Some(number as u16)
}

/// RFC 3986 section 3.3, without the segments that clients resolve.
const fn check_base_path(path: &str) -> Result<(), UrlError<'_>> {
    let bytes = path.as_bytes();
    let (mut i, mut segment) = (0, 0);
    while i <= bytes.len() {
        if i == bytes.len() || bytes[i] == b'/' {
            if is_dot_segment(bytes, segment, i) {
                return Err(UrlError::DotSegment);
            }
            segment = i + 1;
        } else if bytes[i] == b'?' {
            return Err(UrlError::Query);
        } else if bytes[i] == b'#' {
            return Err(UrlError::Fragment);
        } else if !is_path_byte(bytes, i) {
            return Err(UrlError::Path);
        }
        i += 1;
    }
    Ok(())
}

const fn is_path_byte(bytes: &[u8], i: usize) -> bool {
    match bytes[i] {
        b'%' => i + 2 < bytes.len() && is_hex(bytes[i + 1]) && is_hex(bytes[i + 2]),
        b'-' | b'.' | b'_' | b'~' | b'!' | b'$' | b'&' | b'\'' | b'(' | b')' | b'*' | b'+'
        | b',' | b';' | b'=' | b':' | b'@' => true,
        byte => is_alphanumeric(byte),
    }
}

/// `.` and `..`, also where a dot is written as `%2e`.
const fn is_dot_segment(bytes: &[u8], start: usize, end: usize) -> bool {
    let (mut i, mut dots) = (start, 0);
    while i < end {
        if bytes[i] == b'.' {
            i += 1;
        } else if i + 2 < end
            && bytes[i] == b'%'
            && bytes[i + 1] == b'2'
            && (bytes[i + 2] | 0x20) == b'e'
        {
            i += 3;
        } else {
            return false;
        }
        dots += 1;
    }
    dots == 1 || dots == 2
}

const fn without_trailing_slashes(path: &str) -> &str {
    let mut end = path.len();
    while end > 0 && path.as_bytes()[end - 1] == b'/' {
        end -= 1;
    }
    until(path, end)
}

#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;
