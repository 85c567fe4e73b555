//! The headers by which a trace goes on, as the program's propagator reads and writes them.

use std::{
    borrow::Cow,
    hash::{BuildHasher, RandomState},
    sync::atomic::{AtomicU64, Ordering::Relaxed},
};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Request};
use opentelemetry::{
    Context, global,
    propagation::{Extractor, Injector},
    trace::{SpanContext, SpanId, TraceContextExt, TraceFlags, TraceId, TraceState},
};
use smallvec::SmallVec;

use super::{
    Leaving,
    context::{has_span, span_context},
};
use crate::{body::CopyBody, target::Trace};

const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
const TRACESTATE: HeaderName = HeaderName::from_static("tracestate");
const BAGGAGE: HeaderName = HeaderName::from_static("baggage");

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
    if has_span(&context) {
        return Some(context);
    }
    let parent = TraceParent::of(headers)?;
    let identity = SpanContext::new(
        parent.trace_id,
        parent.span_id,
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
    let own = has_span(copy).then_some(copy);
    let context = match leaving.trace {
        Trace::Forward => return,
        Trace::Strip => None,
        Trace::Link => own.map(Cow::Borrowed),
        // If nobody records the copy, the shadow is a child of the primary itself. If nobody records
        // anything, there is nothing to be the child of.
        Trace::Child => match own.or(here) {
            Some(context) => Some(Cow::Borrowed(context)),
            None => return,
        },
        Trace::Unsampled => match own.or(here) {
            Some(context) => Some(Cow::Owned(unsampled(context, None))),
            // The flag must not change without the id of the parent.
            None => match arrived {
                Some(context) => Some(Cow::Owned(unsampled(context, Some(unheard_of())))),
                None => return,
            },
        },
    };
    let context = context.as_deref();
    let mut written = Written::of(context);
    written.keep(&Before(request.headers()), context);
    let rules = leaving.rules;
    let headers = request.headers_mut();
    for name in &written.fields {
        if !written.has(name) && !rules.decides_about(name) {
            headers.remove(name);
        }
    }
    for (name, value) in written.all {
        if rules.decides_about(&name) {
            continue;
        }
        // If there is no room for it, it has to do without.
        if value.is_empty() || headers.try_insert(&name, value).is_err() {
            headers.remove(&name);
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
    all: SmallVec<[(HeaderName, HeaderValue); 3]>,
    fields: SmallVec<[HeaderName; 3]>,
}

impl Written {
    /// Of a context; of none, only the headers that it decides about. A program without a
    /// propagator has that of W3C.
    fn of(context: Option<&Context>) -> Self {
        let mut written = global::get_text_map_propagator(|propagator| {
            let mut written = Self {
                all: SmallVec::new(),
                fields: propagator.fields().filter_map(name).collect(),
            };
            if let Some(context) = context {
                propagator.inject_context(context, &mut written);
            }
            written
        });
        if written.fields.is_empty() && written.all.is_empty() {
            written.fields.extend([TRACEPARENT, TRACESTATE]);
            if let Some(context) = context {
                written.by_w3c(context.span().span_context());
            }
        }
        written
    }

    /// Writes as W3C says.
    fn by_w3c(&mut self, identity: &SpanContext) {
        if !identity.is_valid() {
            return;
        }
        let flags = identity.trace_flags() & TraceFlags::SAMPLED;
        self.all.extend(traceparent(identity, flags));
        let state = HeaderValue::try_from(identity.trace_state().header());
        self.all.extend(state.ok().map(|state| (TRACESTATE, state)));
    }

    fn has(&self, name: &HeaderName) -> bool {
        self.all.iter().any(|(written, _)| written == name)
    }

    /// Keeps of a request's headers what propagators lose.
    fn keep(&mut self, before: &Before<'_>, context: Option<&Context>) {
        if self.has(&TRACEPARENT) && !self.has(&TRACESTATE) {
            self.all.push((TRACESTATE, HeaderValue::from_static("")));
        }
        for (name, value) in &mut self.all {
            let kept = if *name == TRACEPARENT {
                before.with_random_flag(value)
            } else if *name == TRACESTATE {
                before.with_state(value, context)
            } else {
                None
            };
            if let Some(kept) = kept {
                *value = kept;
            }
        }
    }
}

impl Injector for Written {
    fn set(&mut self, key: &str, value: String) {
        if let (Some(name), Ok(value)) = (name(key), HeaderValue::try_from(value)) {
            self.all.retain(|(other, _)| *other != name);
            self.all.push((name, value));
        }
    }
}

/// A header by its name. The names that are mostly asked for are there already.
fn name(name: &str) -> Option<HeaderName> {
    match name {
        "traceparent" => Some(TRACEPARENT),
        "tracestate" => Some(TRACESTATE),
        "baggage" => Some(BAGGAGE),
        name => name.parse().ok(),
    }
}

/// A `traceparent` with this identity (section 2.2).
fn traceparent(identity: &SpanContext, flags: TraceFlags) -> Option<(HeaderName, HeaderValue)> {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut text = Vec::with_capacity(LENGTH);
    text.extend(b"00");
    for part in [
        identity.trace_id().to_bytes().as_slice(),
        &identity.span_id().to_bytes(),
        &[flags.to_u8()],
    ] {
        text.push(b'-');
        let digits = part.iter().flat_map(|byte| [byte >> 4, byte & 15]);
        text.extend(digits.map(|digit| DIGITS[usize::from(digit)]));
    }
    let value = HeaderValue::from_maybe_shared(Bytes::from(text));
    Some((TRACEPARENT, value.ok()?))
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
struct TraceParent {
    trace_id: TraceId,
    span_id: SpanId,
    flags: u8,
}

impl TraceParent {
    /// That of a request, which has one at most.
    fn of(headers: &HeaderMap) -> Option<Self> {
        let mut all = headers.get_all(TRACEPARENT).iter();
        match (all.next(), all.next()) {
            (Some(value), None) => Self::parse(value),
            _ => None,
        }
    }

    fn parse(value: &HeaderValue) -> Option<Self> {
        let value = value.as_bytes().trim_ascii();
        let (value, rest) = value.split_at_checked(LENGTH)?;
        let [v0, v1, b'-', ids @ .., b'-', f0, f1] = value else {
            return None;
        };
        let (trace_id, span_id) = ids.split_at_checked(32)?;
        let span_id = span_id.strip_prefix(b"-")?;
        let [version, flags] = [[v0, v1], [f0, f1]].map(|[high, low]| hex(&[*high, *low]));
        let is_known = match (version?, rest) {
            (0xff, _) => false,
            (_, []) => true,
            // There may be more in versions to come.
            (0, _) => false,
            (_, rest) => rest.starts_with(b"-"),
        };
        let [trace_high, trace_low] = [&trace_id[..16], &trace_id[16..]].map(hex);
        let trace_id = u128::from(trace_high?) << 64 | u128::from(trace_low?);
        is_known.then_some(Self {
            trace_id: trace_id.into(),
            span_id: hex(span_id)?.into(),
            flags: u8::try_from(flags?).ok()?,
        })
    }
}

/// Whether the last digit of a `traceparent`'s flags has the bit [`RANDOM`], if it is one.
fn may_be_random(value: &HeaderValue) -> bool {
    let digit = value.as_bytes().trim_ascii().get(LENGTH - 1);
    digit.is_some_and(|digit| hex(&[*digit]).is_some_and(|digit| digit & u64::from(RANDOM) != 0))
}

/// The bytes of a `traceparent` of version 0.
const LENGTH: usize = 55;

/// Sixteen hexadecimal digits at most, in lower case.
fn hex(digits: &[u8]) -> Option<u64> {
    digits.iter().try_fold(0, |number, digit| {
        let digit = match digit {
            b'0'..=b'9' => digit - b'0',
            b'a'..=b'f' => digit - b'a' + 10,
            _ => return None,
        };
        Some(number << 4 | u64::from(digit))
    })
}

/// The headers of a request, for what they say of its trace and propagators lose. Most say nothing of
/// it, which is seen without reading them.
struct Before<'a>(&'a HeaderMap);

impl Before<'_> {
    /// A `traceparent` with the flag that the request has, if it is of the same trace.
    fn with_random_flag(&self, value: &HeaderValue) -> Option<HeaderValue> {
        if !self.0.get(TRACEPARENT).is_some_and(may_be_random) {
            return None;
        }
        let before = TraceParent::of(self.0)?;
        if before.flags & RANDOM == 0 {
            return None;
        }
        let parent = TraceParent::parse(value)?;
        if parent.trace_id != before.trace_id {
            return None;
        }
        let text = value.to_str().ok()?;
        let (head, flags) = (&text[..LENGTH - 2], parent.flags | RANDOM);
        HeaderValue::try_from(format!("{head}{flags:02x}")).ok()
    }

    /// A `tracestate` with the members of the request that it lacks, if it is of the same trace:
    /// those of others are not to be deleted (section 3.5), and a propagator may have read the first
    /// line alone.
    fn with_state(&self, value: &HeaderValue, context: Option<&Context>) -> Option<HeaderValue> {
        let context = context.filter(|_| self.0.contains_key(TRACESTATE))?;
        let before = TraceParent::of(self.0)?;
        if before.trace_id != context.span().span_context().trace_id() {
            return None;
        }
        let members = members(self.0)?;
        if members.is_empty() {
            return None;
        }
        let text = value.to_str().ok()?;
        let mut all: Vec<&str> = text.split(',').map(str::trim).collect();
        all.retain(|member| !member.is_empty());
        for member in members {
            if all.iter().all(|other| key(other) != key(member)) {
                all.push(member);
            }
        }
        all.truncate(MAX_MEMBERS);
        HeaderValue::try_from(all.join(",")).ok()
    }
}

fn key(member: &str) -> &str {
    member.split('=').next().unwrap_or_default()
}

/// The members of all lines of `tracestate`; `None` if one is no member, for then all count for
/// nothing (section 3.3).
fn members(headers: &HeaderMap) -> Option<Vec<&str>> {
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
            members.push(member);
        }
    }
    Some(members)
}

#[cfg(test)]
mod tests;
