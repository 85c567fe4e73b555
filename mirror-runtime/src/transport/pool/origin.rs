//! Where connections lead, and how they are opened.

use std::time::Duration;

use http::{
    HeaderValue, Uri,
    uri::{PathAndQuery, Scheme},
};

use crate::target::{Destination, Http2};

/// The key of a pool of connections.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Origin {
    /// Scheme and authority, with `/` as the path.
    pub(super) uri: Uri,
    /// The `Host` of copies that have none of their own.
    pub(super) host_header: HeaderValue,
    /// A `Host` that is not the target's is sent over HTTP/1.1 only: in HTTP/2 it would stand
    /// beside an `:authority` that contradicts it.
    pub(super) http1_only: bool,
    /// How HTTP/2 is agreed upon.
    pub(super) http2: Http2,
    pub(super) connect_timeout: Duration,
}

impl Origin {
    /// The origin of a target; `None` if its authority cannot be in a header, which none of a
    /// target is.
    pub(crate) fn new(
        destination: &Destination,
        http1_only: bool,
        connect_timeout: Duration,
    ) -> Option<Self> {
        let (scheme, authority) = (&destination.scheme, &destination.authority);
        let uri = Uri::builder()
            .scheme(scheme.clone())
            .authority(authority.clone())
            .path_and_query(PathAndQuery::from_static("/"));
        Some(Self {
            uri: uri.build().ok()?,
            host_header: HeaderValue::from_str(authority.as_str()).ok()?,
            http1_only: http1_only || cfg!(not(feature = "http2")),
            http2: Http2::default(),
            connect_timeout,
        })
    }

    /// The same origin with another way to agree upon HTTP/2.
    pub(crate) fn with_http2(mut self, http2: Http2) -> Self {
        self.http1_only |= http2 == Http2::Off;
        self.http2 = http2;
        self
    }

    pub(super) fn is_tls(&self) -> bool {
        self.uri.scheme() == Some(&Scheme::HTTPS)
    }

    /// Whether a connection may turn out to be one that copies share.
    pub(super) fn may_speak_http2(&self) -> bool {
        match self.http2 {
            Http2::PriorKnowledge => true,
            Http2::Alpn | Http2::Off => self.is_tls() && !self.http1_only,
        }
    }

    pub(super) fn port(&self) -> u16 {
        let default = if self.is_tls() { 443 } else { 80 };
        self.uri.port_u16().unwrap_or(default)
    }

    /// A name, or an address without brackets.
    pub(super) fn host(&self) -> &str {
        let host = self.uri.host().unwrap_or_default();
        host.trim_matches(['[', ']'])
    }
}
