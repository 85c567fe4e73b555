//! What becomes of the trace context of a request.

use crate::error::ConfigError;

/// What becomes of the trace context of a request in its copies: of `traceparent` and `tracestate`
/// ([W3C Trace Context]), and of what else the program's propagator reads.
///
/// The default of a mirror is [`Forward`](Self::Forward), or, with the feature `otel` and for a
/// request that belongs to a trace of the program's own, [`Child`](Self::Child). The chapter
/// [traces](crate::guide::traces) has the whole.
///
/// [W3C Trace Context]: https://www.w3.org/TR/trace-context/
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Trace {
    /// The shadow continues the trace, as a child of the copy's own span, which is a child of the
    /// primary's. The sampled and random flags and `tracestate` are inherited. If nobody records
    /// traces, the headers are forwarded. It needs the feature `otel`.
    Child,
    /// As it arrived, all of it. The shadow appears beside the primary, as another child of their
    /// common caller.
    Forward,
    /// [`Child`](Self::Child) with the sampled flag off: the shadow records nothing of its own
    /// accord. It needs the feature `otel`.
    Unsampled,
    /// The copy has a trace of its own, linked to the primary's span: for shadows that add many
    /// spans to each trace. It needs the feature `otel`.
    Link,
    /// Without `traceparent`, `tracestate`, `baggage`, `b3`, `x-b3-*` and `uber-trace-id`. With the
    /// feature `otel`, without what else the propagator writes either.
    Strip,
}

impl Trace {
    /// Whether it can be done without a tracer.
    pub(crate) fn check(self) -> Result<Self, ConfigError> {
        let name = match self {
            Self::Child => "Child",
            Self::Unsampled => "Unsampled",
            Self::Link => "Link",
            Self::Forward | Self::Strip => return Ok(self),
        };
        if self.is_available() {
            Ok(self)
        } else {
            Err(ConfigError::TraceWithoutOtel(name))
        }
    }

    /// The same, also in a `const`.
    pub(crate) const fn is_available(self) -> bool {
        cfg!(feature = "otel") || matches!(self, Self::Forward | Self::Strip)
    }

    /// What is done if nothing is said of it.
    pub(crate) const fn by_default() -> Self {
        if cfg!(feature = "otel") {
            Self::Child
        } else {
            Self::Forward
        }
    }
}
