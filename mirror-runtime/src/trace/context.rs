//! The span of the primary, as its copies know it.

use std::{fmt, sync::Arc};

use axum::extract::MatchedPath;
use http::{Request, request::Parts};
use opentelemetry::{
    Context, KeyValue,
    trace::{SpanContext, TraceContextExt},
};
use tracing::{Span, level_filters::LevelFilter};
use tracing_opentelemetry::OpenTelemetrySpanExt;

use super::{
    CopySpan, Leaving, headers,
    primary::{Primary, Responded},
    propagated,
};
use crate::{body::CopyBody, workers::caught};

/// How the log calls the subscriber, the tracer and the propagator of the program.
pub(super) const TRACER: &str = "tracer";

/// The trace of a request, which its copies share. Nothing if nobody records spans.
#[derive(Clone, Debug)]
pub(crate) struct Origin(Option<Arc<Traced>>);

/// What copies know of their request.
pub(super) struct Traced {
    /// The context of the primary's span. Not the span itself, which would be open for as long as a
    /// copy is under way: whoever ends a span by dropping it waits for the last that holds it.
    context: Context,
    pub(super) template: Option<MatchedPath>,
    pub(super) primary: Responded,
}

impl Origin {
    /// For a request that has no copies.
    pub(crate) const fn none() -> Self {
        Self(None)
    }

    /// The span in which this is called is the primary's. It is told that its request is sampled.
    pub(crate) fn capture(parts: &Parts) -> Self {
        let captured = caught(TRACER, || {
            let context = current();
            if span_context(&context).is_none() && LevelFilter::current() < LevelFilter::DEBUG {
                return None;
            }
            // `tracing` knows only fields that a span has declared.
            context
                .span()
                .set_attribute(KeyValue::new("mirror.sampled", true));
            Some(Arc::new(Traced {
                context: without_span(&context),
                template: parts.extensions.get().cloned(),
                primary: Responded::default(),
            }))
        });
        Self(captured.flatten())
    }

    /// Takes note of what the primary responds.
    pub(crate) fn primary(&self) -> Primary {
        Primary::new(self.0.clone())
    }

    /// Starts the span of a copy that is about to leave, and gives it the headers by which the
    /// shadow continues the trace.
    pub(crate) fn start(&self, leaving: &Leaving<'_>, copy: &mut Request<CopyBody>) -> CopySpan {
        let span = caught(TRACER, || {
            let here = self.0.as_ref().map(|request| &request.context);
            let here = here.filter(|context| span_context(context).is_some());
            let arrived = match here {
                None => propagated::arrived(copy.headers()),
                Some(_) => None,
            };
            let parent = here.or(arrived.as_ref());
            let span = match &self.0 {
                Some(request) => CopySpan::start(request, parent, leaving, copy),
                None => CopySpan::default(),
            };
            propagated::change(leaving, &span.context(), here, arrived.as_ref(), copy);
            span
        });
        headers::change(leaving, copy);
        span.unwrap_or_default()
    }
}

/// The context of the span that is current: that of OpenTelemetry, which a layer of
/// `tracing-opentelemetry` keeps in step with `tracing`, unless it is told not to.
fn current() -> Context {
    let attached = Context::current();
    let is_of_here = |context: &Context| span_context(context).is_some_and(|it| !it.is_remote());
    if is_of_here(&attached) {
        return attached;
    }
    let context = Span::current().context();
    if is_of_here(&context) {
        context
    } else {
        attached
    }
}

/// The identity of the span in a context, if there is one.
pub(super) fn span_context(context: &Context) -> Option<SpanContext> {
    let span = context.span();
    let identity = span.span_context();
    identity.is_valid().then(|| identity.clone())
}

/// A context with the identity of its span instead of the span.
fn without_span(context: &Context) -> Context {
    match span_context(context) {
        Some(identity) => context.with_remote_span_context(identity),
        None => context.clone(),
    }
}

/// Nothing of the context, which has the baggage of the request.
impl fmt::Debug for Traced {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Traced")
            .field("template", &self.template)
            .finish_non_exhaustive()
    }
}
