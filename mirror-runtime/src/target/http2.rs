//! Which version of HTTP a target is sent.

/// How HTTP/2 is negotiated with a target.
///
/// Over TLS, a server says which versions it speaks (ALPN, [RFC 9113 section 3.2]). Without TLS, a
/// client must know it in advance ([section 3.3]).
///
/// ```
/// use mirror_runtime::{Http2, Target};
///
/// let grpc = Target::new("http://orders.internal:50051")?.http2(Http2::PriorKnowledge);
/// # Ok::<(), mirror_runtime::ConfigError>(())
/// ```
///
/// [RFC 9113 section 3.2]: https://www.rfc-editor.org/rfc/rfc9113#section-3.2
/// [section 3.3]: https://www.rfc-editor.org/rfc/rfc9113#section-3.3
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Http2 {
    /// An `https` target is sent HTTP/2 if its server chooses that by ALPN, and else HTTP/1.1. An
    /// `http` target is sent HTTP/1.1. The default.
    #[default]
    Alpn,
    /// HTTP/1.1 always: HTTP/2 is not offered.
    Off,
    /// HTTP/2 from the first byte on, without TLS, for servers that speak nothing else, such as
    /// gRPC inside a cluster. For `http` targets only: with `https`, `build` fails
    /// ([`ConfigError::PriorKnowledgeOverTls`](crate::ConfigError::PriorKnowledgeOverTls)).
    PriorKnowledge,
}
