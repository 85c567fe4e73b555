//! The trace of a request.

use std::sync::Arc;

use http::{Request, request::Parts};
use opentelemetry::{KeyValue, trace::TraceContextExt};

use super::{
    Leaving,
    context::{TRACER, current, has_span, without_span},
    headers,
    primary::Primary,
    propagated,
    span::CopySpan,
    traced::{Responded, Traced},
};
use crate::{body::CopyBody, target::Trace, workers::caught};

/// The trace of a request, which its copies share. Nothing if nobody records spans.
#[derive(Clone, Debug)]
pub(crate) struct Origin(Option<Arc<Traced>>);

impl Origin {
    /// For a request that has no copies.
    pub(crate) const fn none() -> Self {
        Self(None)
    }

    /// The span in which this is called is the primary's. It is told that its request is sampled.
    pub(crate) fn capture(parts: &Parts) -> Self {
        let captured = caught(TRACER, || {
            let context = current();
            if has_span(&context) {
                // `tracing` knows only fields that a span has declared.
                let primary = context.span();
                primary.set_attribute(KeyValue::new("mirror.sampled", true));
            } else if !CopySpan::would_be_recorded() {
                return None;
            }
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
            let here = here.filter(|context| has_span(context));
            // Nobody else asks for it.
            let is_needed = self.0.is_some() || leaving.trace == Trace::Unsampled;
            let arrived = match here {
                None if is_needed => propagated::arrived(copy.headers()),
                _ => None,
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
