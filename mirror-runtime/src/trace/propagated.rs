//! The headers by which a trace goes on, as the program's propagator reads and writes them.

use std::{
    hash::{BuildHasher, RandomState},
    sync::atomic::{AtomicU64, Ordering::Relaxed},
};

use http::{HeaderMap, HeaderName, HeaderValue, Request};
use opentelemetry::{
    Context, global,
    propagation::{Extractor, Injector},
    trace::{SpanContext, SpanId, TraceContextExt, TraceFlags, TraceId, TraceState},
};

use super::{Leaving, context::span_context, headers::remove_all};
use crate::{body::CopyBody, target::Trace};

const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
const TRACESTATE: HeaderName = HeaderName::from_static("tracestate");

/// The flag that says that a trace id was drawn by chance (W3C Trace Context Level 2, section
/// 2.2.2.5.2). Propagators lose it, and nobody but who starts a trace may change it.
const RANDOM: u8 = 2;

/// The most members of a `tracestate` (section 2.3.1.1).
const MAX_MEMBERS: usize = 32;

/// The context that a request has brought along, if it has.
pub(super) fn arrived(headers: &HeaderMap) -> Option<Context> {
    let context = global::get_text_map_propagator(|propagator| {
        propagator.extract_with_context(&Context::new(), &Arrived(headers))
    });
    if span_context(&context).is_some() {
        return Some(context);
    }
    let parent = TraceParent::of(headers)?;
    let identity = SpanContext::new(
        TraceId::from_hex(parent.trace_id).ok()?,
        SpanId::from_hex(parent.span_id).ok()?,
        TraceFlags::new(parent.flags),
        true,
        TraceState::default(),
    );
    identity
        .is_valid()
        .then(|| context.with_remote_span_context(identity))
}

/// Changes the headers of a copy, so that the shadow continues the trace as its target says.
///
/// `copy` is the context of the copy's span, `here` that of the primary's, and `arrived` that which
/// the request has brought along if it belongs to no span of this program.
pub(super) fn change(
    leaving: &Leaving<'_>,
    copy: &Context,
    here: Option<&Context>,
    arrived: Option<&Context>,
    request: &mut Request<CopyBody>,
) {
    let own = span_context(copy).map(|_| copy);
    let context = match leaving.trace {
        Trace::Forward => return,
        Trace::Strip => None,
        Trace::Link => own.cloned(),
        // If nobody records the copy, the shadow is a child of the primary itself. If nobody records
        // anything, there is nothing to be the child of.
        Trace::Child => match own.or(here) {
            Some(context) => Some(context.clone()),
            None => return,
        },
        Trace::Unsampled => match own.or(here) {
            Some(context) => Some(unsampled(context, None)),
            // The flag must not change without the id of the parent.
            None => match arrived {
                Some(context) => Some(unsampled(context, Some(unheard_of()))),
                None => return,
            },
        },
    };
    let mut written = Written::of(context.as_ref());
    let has = |name| written.all.iter().any(|(written, _)| *written == name);
    if has(TRACEPARENT) && !has(TRACESTATE) {
        written.all.push((TRACESTATE, HeaderValue::from_static("")));
    }
    let rules = leaving.rules;
    let before = Before::of(request.headers());
    let headers = request.headers_mut();
    remove_all(headers, |name| {
        written.fields.contains(name) && !rules.decides_about(name)
    });
    for (name, mut value) in written.all {
        if name == TRACEPARENT {
            value = before.with_random_flag(value);
        } else if name == TRACESTATE {
            value = before.with_state(value, context.as_ref());
        }
        if !value.is_empty() && !rules.decides_about(&name) {
            // If there is no room for it, it has to do without.
            let _ = headers.try_insert(name, value);
        }
    }
}

/// A context whose span is not sampled.
fn unsampled(context: &Context, span_id: Option<SpanId>) -> Context {
    let Some(identity) = span_context(context) else {
        return context.clone();
    };
    context.with_remote_span_context(SpanContext::new(
        identity.trace_id(),
        span_id.unwrap_or_else(|| identity.span_id()),
        identity.trace_flags().with_sampled(false),
        false,
        identity.trace_state().clone(),
    ))
}

/// The id of a span that nobody records.
fn unheard_of() -> SpanId {
    static DRAWN: AtomicU64 = AtomicU64::new(0);
    // The keys of a hash map are random. Zero is no id.
    let drawn = RandomState::new().hash_one(DRAWN.fetch_add(1, Relaxed));
    SpanId::from(drawn.max(1))
}

/// What the propagator writes, and the headers that it decides about.
struct Written {
    all: Vec<(HeaderName, HeaderValue)>,
    fields: Vec<HeaderName>,
}

impl Written {
    /// Of a context; of none, only the headers that it decides about. A program without a
    /// propagator has that of W3C.
    fn of(context: Option<&Context>) -> Self {
        let mut written = global::get_text_map_propagator(|propagator| {
            let mut written = Self {
                all: Vec::new(),
                fields: propagator
                    .fields()
                    .filter_map(|name| name.parse().ok())
                    .collect(),
            };
            if let Some(context) = context {
                propagator.inject_context(context, &mut written);
            }
            written
        });
        if written.fields.is_empty() && written.all.is_empty() {
            written.fields = vec![TRACEPARENT, TRACESTATE];
            if let Some(identity) = context.and_then(span_context) {
                let flags = identity.trace_flags() & TraceFlags::SAMPLED;
                let (trace, span) = (identity.trace_id(), identity.span_id());
                written.set(
                    TRACEPARENT.as_str(),
                    format!("00-{trace}-{span}-{flags:02x}"),
                );
                written.set(TRACESTATE.as_str(), identity.trace_state().header());
            }
        }
        let names = written.all.iter().map(|(name, _)| name.clone());
        written.fields.extend(names.collect::<Vec<_>>());
        written
    }
}

impl Injector for Written {
    fn set(&mut self, key: &str, value: String) {
        if let (Ok(name), Ok(value)) = (key.parse::<HeaderName>(), HeaderValue::try_from(value)) {
            self.all.retain(|(other, _)| *other != name);
            self.all.push((name, value));
        }
    }
}

/// The headers of a request, for a propagator.
struct Arrived<'a>(&'a HeaderMap);

impl Extractor for Arrived<'_> {
    fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key).and_then(|value| value.to_str().ok())
    }

    fn keys(&self) -> Vec<&str> {
        self.0.keys().map(HeaderName::as_str).collect()
    }

    fn get_all(&self, key: &str) -> Option<Vec<&str>> {
        let all = self.0.get_all(key).iter();
        let all: Vec<_> = all.filter_map(|value| value.to_str().ok()).collect();
        (!all.is_empty()).then_some(all)
    }
}

/// A `traceparent` (section 2.2).
struct TraceParent<'a> {
    trace_id: &'a str,
    span_id: &'a str,
    flags: u8,
}

impl<'a> TraceParent<'a> {
    /// That of a request, which has one at most.
    fn of(headers: &'a HeaderMap) -> Option<Self> {
        let mut all = headers.get_all(TRACEPARENT).iter();
        match (all.next(), all.next()) {
            (Some(value), None) => Self::parse(value.to_str().ok()?),
            _ => None,
        }
    }

    fn parse(value: &'a str) -> Option<Self> {
        let mut parts = value.trim().split('-');
        let version = parts.next()?;
        let (trace_id, span_id, flags) = (parts.next()?, parts.next()?, parts.next()?);
        let is_hex = |text: &str, length| {
            text.len() == length
                && text
                    .bytes()
                    .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
        };
        let is_good = is_hex(version, 2)
            && version != "ff"
            && (version != "00" || parts.next().is_none())
            && is_hex(trace_id, 32)
            && is_hex(span_id, 16)
            && is_hex(flags, 2);
        let flags = u8::from_str_radix(flags, 16).ok()?;
        is_good.then_some(Self {
            trace_id,
            span_id,
            flags,
        })
    }
}

/// What a request has said of its trace, as far as propagators lose it.
struct Before {
    trace_id: String,
    is_random: bool,
    /// The members of its `tracestate`, in their order; none if one of them is none.
    state: Vec<String>,
}

impl Before {
    fn of(headers: &HeaderMap) -> Self {
        let parent = TraceParent::of(headers);
        Self {
            is_random: parent
                .as_ref()
                .is_some_and(|parent| parent.flags & RANDOM != 0),
            trace_id: parent
                .map(|parent| parent.trace_id.to_owned())
                .unwrap_or_default(),
            state: members(headers).unwrap_or_default(),
        }
    }

    /// A `traceparent` with the flag that the request has, if it is of the same trace.
    fn with_random_flag(&self, value: HeaderValue) -> HeaderValue {
        let text = value.to_str().unwrap_or_default();
        match TraceParent::parse(text) {
            Some(parent) if self.is_random && parent.trace_id == self.trace_id => {
                let (head, flags) = (&text[..text.len() - 2], parent.flags | RANDOM);
                HeaderValue::try_from(format!("{head}{flags:02x}")).unwrap_or(value)
            }
            _ => value,
        }
    }

    /// A `tracestate` with the members of the request that it lacks, if it is of the same trace:
    /// those of others are not to be deleted (section 3.5), and a propagator may have read the first
    /// line alone.
    fn with_state(&self, value: HeaderValue, context: Option<&Context>) -> HeaderValue {
        let identity = context.and_then(span_context);
        let is_same = identity.is_some_and(|it| it.trace_id().to_string() == self.trace_id);
        let Ok(text) = value.to_str() else {
            return value;
        };
        if !is_same {
            return value;
        }
        let mut all: Vec<&str> = text.split(',').map(str::trim).collect();
        all.retain(|member| !member.is_empty());
        for member in &self.state {
            if all.iter().all(|other| key(other) != key(member)) {
                all.push(member);
            }
        }
        all.truncate(MAX_MEMBERS);
        HeaderValue::try_from(all.join(",")).unwrap_or(value)
    }
}

fn key(member: &str) -> &str {
    member.split('=').next().unwrap_or_default()
}

/// The members of all lines of `tracestate`; `None` if one is no member, for then all count for
/// nothing (section 3.3).
fn members(headers: &HeaderMap) -> Option<Vec<String>> {
    let mut members = Vec::new();
    for line in headers.get_all(TRACESTATE) {
        let line = line.to_str().ok()?;
        for member in line
            .split(',')
            .map(|member| member.trim_matches([' ', '\t']))
        {
            if member.is_empty() {
                continue;
            }
            let is_key = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_' | b'-' | b'*' | b'/' | b'@');
            let (key, value) = member.split_once('=')?;
            let is_good = !key.is_empty() && key.bytes().all(is_key) && !value.contains('=');
            if !is_good {
                return None;
            }
            members.push(member.to_owned());
        }
    }
    Some(members)
}

#[cfg(test)]
mod tests;
