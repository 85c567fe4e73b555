//! The span of a copy: a root to `tracing`, and to OpenTelemetry a child of the primary's span.
//!
//! A child in `tracing` would keep the request's span open until the shadow has responded.

use std::{borrow::Cow, fmt, sync::Arc, time::Duration};

use axum::extract::MatchedPath;
use http::{Method, Request, StatusCode, Version};
#[cfg(feature = "compare")]
use mirror_compare::Verdict;
use opentelemetry::{Context, baggage::BaggageExt};
use tokio::runtime::Handle;
use tracing::{Instrument, Span, field::Empty};
use tracing_opentelemetry::OpenTelemetrySpanExt;

use super::{
    Leaving,
    context::{TRACER, span_context},
    traced::Traced,
};
use crate::{
    body::CopyBody,
    outcome::{BufferedResponse, MirrorError},
    target::Trace,
    transport::Sending,
    workers::caught,
};

/// The span of a copy, until all is known that it says. Dropped before that, it says what is known.
///
/// Its end is that of the copy, also if it is closed later, by a comparison.
#[derive(Default)]
pub(crate) struct CopySpan(Option<Box<Started>>);

struct Started {
    span: Span,
    traced: Arc<Traced>,
    /// The status of the response, if it may be an error.
    error: Option<StatusCode>,
    is_within: bool,
}

/// The target of the spans, by which a program chooses whether it records them.
const TARGET: &str = "mirror_runtime::copy";

impl CopySpan {
    /// Whether the subscriber is likely to want one.
    pub(super) fn would_be_recorded() -> bool {
        tracing::span_enabled!(target: TARGET, tracing::Level::DEBUG)
    }

    /// Starts the span, if anybody records it.
    pub(super) fn start(
        traced: &Arc<Traced>,
        parent: Option<&Context>,
        leaving: &Leaving<'_>,
        copy: &Request<CopyBody>,
    ) -> Self {
        let is_within = leaving.target.is_handler();
        let (method, in_name) = known(copy.method());
        let template = traced.template.as_ref().map(MatchedPath::as_str);
        let name = match template {
            Some(template) => Cow::Owned([in_name, " ", template].concat()),
            None => Cow::Borrowed(in_name),
        };
        let (host, port) = leaving.target.server().unzip();
        let span = tracing::debug_span!(
            target: TARGET,
            parent: None,
            "mirror",
            otel.kind = if is_within { "internal" } else { "client" },
            otel.name = &*name,
            otel.status_code = Empty,
            http.request.method = method,
            http.response.status_code = Empty,
            server.address = host,
            server.port = port.map(i64::from),
            url.template = template,
            network.protocol.version = Empty,
            "error.type" = Empty,
            mirror.name = leaving.mirror,
            mirror.target.name = leaving.target.name(),
            mirror.outcome = Empty,
            mirror.comparison = Empty,
        );
        if span.is_disabled() {
            return Self(None);
        }
        if let Some(parent) = parent {
            // Without a layer of OpenTelemetry there is nothing to set.
            let _ = if leaving.trace == Trace::Link {
                if let Some(identity) = span_context(parent) {
                    span.add_link(identity);
                }
                span.set_parent(baggage_of(parent))
            } else {
                span.set_parent(parent.clone())
            };
        }
        Self(Some(Box::new(Started {
            span,
            traced: Arc::clone(traced),
            error: None,
            is_within,
        })))
    }

    /// The context of the span; an empty one if nobody records it.
    pub(super) fn context(&self) -> Context {
        let started = self.0.as_ref();
        started
            .map(|started| started.span.context())
            .unwrap_or_default()
    }

    /// Has a handler of this program run within the span. What sends to a server does not: the
    /// connections that it makes, and all that they log, outlive the copy.
    pub(crate) fn around(&self, sending: Sending) -> Sending {
        match &self.0 {
            Some(started) if started.is_within => {
                Box::pin(sending.instrument(started.span.clone()))
            }
            _ => sending,
        }
    }

    /// The copy does not leave after all.
    pub(crate) fn stays(mut self) {
        self.note(|started| {
            started.span.record("mirror.outcome", "skipped");
        });
    }

    /// The copy has ended. If its span is open for longer, because the response is to be compared
    /// or may be an error, what is recorded from here on does not change when.
    pub(crate) fn ended(
        &mut self,
        outcome: &Result<BufferedResponse, MirrorError>,
        is_compared: bool,
    ) {
        self.note(|started| {
            let (what, response, error) = match outcome {
                Ok(response) => ("answered", Some(response), None),
                // That it was given up here is no error of anybody's.
                Err(MirrorError::Cancelled) => ("cancelled", None, None),
                Err(error) => ("failed", None, Some(error.kind().as_str())),
            };
            let status = response.map(BufferedResponse::status);
            let version = response.and_then(BufferedResponse::version);
            let version = version.filter(|_| !started.is_within).and_then(version_of);
            let may_be = |status: &StatusCode| status.is_client_error() || status.is_server_error();
            started.error = status.filter(may_be);
            // At once: each time whoever records the span has to find it.
            tracing::record_all!(
                started.span,
                mirror.outcome = what,
                http.response.status_code = status.map(|status| i64::from(status.as_u16())),
                network.protocol.version = version,
                "error.type" = error,
                otel.status_code = error.map(|_| "ERROR"),
            );
            if is_compared || started.error.is_some() {
                started.span.in_scope(|| ());
            }
        });
    }

    /// The response was compared, or is not.
    #[cfg(feature = "compare")]
    pub(crate) fn compared(mut self, verdict: Verdict) {
        self.note(|started| {
            started.span.record("mirror.comparison", verdict.as_str());
        });
    }

    /// Nothing more will be known but what the primary responds, if that is within a time.
    pub(crate) fn settle_within(self, within: Duration) {
        let is_needed =
            |started: &&Started| started.error.is_some() && started.traced.primary.is_pending();
        if let Some(started) = self.0.as_deref().filter(is_needed)
            && let Ok(runtime) = Handle::try_current()
        {
            let traced = Arc::clone(&started.traced);
            runtime.spawn(async move {
                traced.primary.wait(within).await;
                drop(self);
            });
        }
    }

    fn note(&mut self, note: impl FnOnce(&mut Started)) {
        if let Some(started) = &mut self.0 {
            caught(TRACER, || note(started));
        }
    }
}

impl Started {
    /// Whether the status of the response is an error of the copy: not if the primary has made one
    /// of the same class. If it is not known what the primary responds, it is one, as for any
    /// client.
    fn is_error(&self, status: StatusCode) -> bool {
        let primary = self.traced.primary.status();
        primary.is_none_or(|primary| primary.as_u16() / 100 != status.as_u16() / 100)
    }

    fn close(self) {
        if let Some(status) = self.error.filter(|status| self.is_error(*status)) {
            tracing::record_all!(
                self.span,
                "error.type" = status.as_str(),
                otel.status_code = "ERROR",
            );
        }
    }
}

impl Drop for CopySpan {
    fn drop(&mut self) {
        if let Some(started) = self.0.take() {
            caught(TRACER, || started.close());
        }
    }
}

/// A method as it stands in the span, and in its name: others than these are no words of few.
fn known(method: &Method) -> (&str, &str) {
    const KNOWN: [&str; 10] = [
        "CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "QUERY", "TRACE",
    ];
    let method = method.as_str();
    if KNOWN.contains(&method) {
        (method, method)
    } else {
        ("_OTHER", "HTTP")
    }
}

fn version_of(version: Version) -> Option<&'static str> {
    Some(match version {
        Version::HTTP_09 => "0.9",
        Version::HTTP_10 => "1.0",
        Version::HTTP_11 => "1.1",
        Version::HTTP_2 => "2",
        Version::HTTP_3 => "3",
        _ => return None,
    })
}

/// A context that belongs to no trace, and has the baggage of another.
fn baggage_of(context: &Context) -> Context {
    let baggage = context.baggage().iter();
    let baggage = baggage.map(|(key, (value, metadata))| {
        opentelemetry::baggage::KeyValueMetadata::new(key.clone(), value.clone(), metadata.clone())
    });
    Context::new().with_baggage(baggage)
}

impl fmt::Debug for CopySpan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let span = self.0.as_ref().map(|started| &started.span);
        f.debug_tuple("CopySpan").field(&span).finish()
    }
}
