//! The headers in which traces travel.

use http::{HeaderMap, HeaderName};

use super::Leaving;
use crate::{body::CopyBody, request::fit, target::Trace};

/// What systems of tracing write: W3C Trace Context and Baggage, Zipkin (B3), Jaeger.
const NAMES: [HeaderName; 5] = [
    HeaderName::from_static("traceparent"),
    HeaderName::from_static("tracestate"),
    HeaderName::from_static("baggage"),
    HeaderName::from_static("b3"),
    HeaderName::from_static("uber-trace-id"),
];

/// What the several headers of B3 begin with.
const B3: &str = "x-b3-";

/// Changes the headers of a copy by what can be done without a tracer, and gives it the baggage
/// that its options say.
pub(super) fn change(leaving: &Leaving<'_>, request: &mut http::Request<CopyBody>) {
    let rules = leaving.rules;
    if leaving.trace == Trace::Strip {
        let is_of_trace = |name: &&HeaderName| {
            (NAMES.contains(name) || name.as_str().starts_with(B3)) && !rules.decides_about(name)
        };
        remove_all(request.headers_mut(), is_of_trace);
    }
    rules.baggage.append_to(request.headers_mut());
    let has_body = !request.body().is_empty();
    fit(request.headers_mut(), has_body, rules.signs);
}

/// Removes the headers that are chosen by their names.
fn remove_all(headers: &mut HeaderMap, choose: impl Fn(&&HeaderName) -> bool) {
    let chosen: Vec<_> = headers.keys().filter(choose).cloned().collect();
    for name in chosen {
        headers.remove(name);
    }
}
