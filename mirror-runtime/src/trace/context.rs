//! Contexts of OpenTelemetry.

use opentelemetry::{
    Context,
    trace::{SpanContext, TraceContextExt},
};
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt;

/// How the log calls the subscriber, the tracer and the propagator of the program.
pub(super) const TRACER: &str = "tracer";

/// The context of the span that is current: that of OpenTelemetry, which a layer of
/// `tracing-opentelemetry` keeps in step with `tracing`, unless it is told not to.
pub(super) fn current() -> Context {
    let attached = Context::current();
    let is_of_here =
        |context: &Context| has_span(context) && !context.span().span_context().is_remote();
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

/// Whether there is a span in a context.
pub(super) fn has_span(context: &Context) -> bool {
    context.span().span_context().is_valid()
}

/// The identity of the span in a context, if there is one.
pub(super) fn span_context(context: &Context) -> Option<SpanContext> {
    let span = context.span();
    let identity = span.span_context();
    identity.is_valid().then(|| identity.clone())
}

/// A context with the identity of its span instead of the span.
pub(super) fn without_span(context: &Context) -> Context {
    match span_context(context) {
        Some(identity) => context.with_remote_span_context(identity),
        None => context.clone(),
    }
}
