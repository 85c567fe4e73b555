//! Comparing two answers.

mod budget;
mod bytes;
mod found;
mod headers;
mod path;
mod secrecy;
mod walk;

use std::panic::{self, AssertUnwindSafe};

use ::bytes::Bytes;
use bumpalo::Bump;
use http::{Method, StatusCode};

pub use self::headers::GRPC_STATUS;
pub(crate) use self::headers::{CREDENTIALS, says_nothing};
use crate::{
    encoding::{decode, encodings},
    engine::{bytes::bodies, found::Found, headers::fields, secrecy::Secrecy, walk::Walk},
    json::{NotJson, parse},
    model::{
        Answer, CompareMode, Difference, DifferenceKind, Groups, NotComparedReason, Typed, Verdict,
    },
    redact::Known,
    rules::Rules,
};

/// What was found.
#[derive(Clone, Debug)]
pub(crate) struct Compared {
    pub(crate) verdict: Verdict,
    /// At most 100.
    pub(crate) differences: Vec<Difference>,
    /// How many more there are.
    pub(crate) more: usize,
    /// Where all of them are, also those that are not among `differences`.
    pub(crate) groups: Groups,
    pub(crate) notes: Vec<&'static str>,
    /// What is secret of the answers.
    pub(crate) secrecy: Secrecy,
}

impl Compared {
    pub(crate) fn not_compared(reason: NotComparedReason) -> Self {
        Self {
            verdict: Verdict::NotCompared(reason),
            differences: Vec::new(),
            more: 0,
            groups: Groups::default(),
            notes: Vec::new(),
            secrecy: Secrecy::default(),
        }
    }
}

/// Compares a shadow's answer with the primary's.
///
/// Bounded in time, memory and output, as far as it runs no code of the user's (`typed` and functions); a panic in that
/// ends here. It waits for nothing, and may take some tenths of a second: no work for a thread that serves requests.
pub(crate) fn compare(
    method: &Method,
    primary: &Answer,
    shadow: &Answer,
    mode: CompareMode,
    rules: &Rules,
    known: &Known,
) -> Compared {
    let secrecy = Secrecy::of([primary, shadow], mode, rules, known);
    let found = Found::new(rules, &secrecy);
    let comparing = || match mode {
        CompareMode::Custom(function) => custom(found, primary, shadow, function),
        mode => answers(found, method, primary, shadow, mode),
    };
    let compared = unpanicked(comparing)
        .unwrap_or_else(|| Compared::not_compared(NotComparedReason::Panicked));
    Compared {
        secrecy,
        ..compared
    }
}

/// Runs code of the user's.
fn unpanicked<T>(run: impl FnOnce() -> T) -> Option<T> {
    match panic::catch_unwind(AssertUnwindSafe(run)) {
        Ok(value) => Some(value),
        Err(payload) => {
            // Not dropped: the payload is the user's, and its `Drop` may panic too.
            std::mem::forget(payload);
            None
        }
    }
}

fn answers(
    mut found: Found<'_>,
    method: &Method,
    primary: &Answer,
    shadow: &Answer,
    mode: CompareMode,
) -> Compared {
    let rules = found.rules;
    let (one, other) = (primary.status(), shadow.status());
    let not_modified = |status| status == StatusCode::NOT_MODIFIED;
    if not_modified(one) && other.is_success() || one.is_success() && not_modified(other) {
        return Compared::not_compared(NotComparedReason::NotModified);
    }
    statuses(&mut found, one, other);
    fields(&mut found, primary, shadow);
    if matches!(mode, CompareMode::Status) || is_bodiless(method, one) && is_bodiless(method, other)
    {
        return found.verdict();
    }
    if one.as_u16() / 100 != other.as_u16() / 100 {
        found.note("the statuses differ: the bodies were not compared");
        return found.verdict();
    }
    match whole_bodies(primary, shadow, rules) {
        Ok(None) => found.verdict(),
        Ok(Some([primary, shadow])) => match mode {
            CompareMode::Typed(typed) => values(found, &primary, &shadow, typed),
            CompareMode::Json => json(found, primary.body(), shadow.body()),
            _ => {
                bodies(&mut found, primary.body(), shadow.body());
                found.verdict()
            }
        },
        Err(reason) => given_up(found, reason),
    }
}

fn statuses(found: &mut Found<'_>, primary: StatusCode, shadow: StatusCode) {
    if primary != shadow {
        let [primary, shadow] = [primary, shadow].map(|status| Some(status.as_str().to_owned()));
        found.other("", DifferenceKind::Status, primary, shadow);
    }
}

/// Whether there is no body, whatever the headers say of one (RFC 9110 section 6.4.1).
fn is_bodiless(method: &Method, status: StatusCode) -> bool {
    method == Method::HEAD
        || status.is_informational()
        || matches!(status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED)
}

/// The end of a comparison that cannot go on. A difference that was found is one, whatever the rest is.
fn given_up(mut found: Found<'_>, reason: NotComparedReason) -> Compared {
    if found.is_empty() {
        return Compared::not_compared(reason);
    }
    found.note(match reason {
        NotComparedReason::TooLarge => "too large: the bodies were not compared",
        NotComparedReason::CutShort => "cut short: the bodies were not compared",
        NotComparedReason::Streaming => "it streams on: the bodies were not compared",
        NotComparedReason::Budget => "too much work: there may be more differences",
        NotComparedReason::Encoding => {
            "unreadable `content-encoding`: the bodies were not compared"
        }
        _ => "the bodies were not compared",
    });
    found.verdict()
}

/// The answers with their `Content-Encoding` undone; `None` where their bodies are equal.
fn whole_bodies(
    primary: &Answer,
    shadow: &Answer,
    rules: &Rules,
) -> Result<Option<[Answer; 2]>, NotComparedReason> {
    check_whole([primary, shadow], rules)?;
    if primary.body() == shadow.body() && same_encodings(primary, shadow) {
        return Ok(None);
    }
    let decoded = [decoded(primary, rules)?, decoded(shadow, rules)?];
    Ok((decoded[0].body() != decoded[1].body()).then_some(decoded))
}

/// The body of an answer as it is compared: without its `Content-Encoding`. `None` where it is not known.
#[must_use]
pub fn compared_body(answer: &Answer, mode: CompareMode, rules: &Rules) -> Option<Bytes> {
    if matches!(mode, CompareMode::Status) || check_whole([answer], rules).is_err() {
        return None;
    }
    let decoded = decoded(answer, rules).ok()?;
    Some(decoded.body().clone())
}

fn check_whole<const N: usize>(
    answers: [&Answer; N],
    rules: &Rules,
) -> Result<(), NotComparedReason> {
    for answer in answers {
        if answer.is_cut_short() {
            return Err(NotComparedReason::CutShort);
        } else if answer.is_streaming() {
            return Err(NotComparedReason::Streaming);
        } else if answer.is_truncated() || answer.body().len() > rules.max_compare_body {
            return Err(NotComparedReason::TooLarge);
        }
    }
    Ok(())
}

fn same_encodings(primary: &Answer, shadow: &Answer) -> bool {
    match (encodings(primary.headers()), encodings(shadow.headers())) {
        (Ok(primary), Ok(shadow)) => primary == shadow,
        _ => false,
    }
}

fn decoded(answer: &Answer, rules: &Rules) -> Result<Answer, NotComparedReason> {
    if answer.is_decoded() {
        return Ok(answer.decoded(answer.body().clone()));
    }
    let encodings = encodings(answer.headers())?;
    let body = decode(answer.body(), &encodings, rules.max_compare_body)?;
    Ok(answer.decoded(body))
}

/// Compares bodies that are not equal as JSON.
fn json(mut found: Found<'_>, primary: &[u8], shadow: &[u8]) -> Compared {
    if primary.is_empty() || shadow.is_empty() {
        bodies(&mut found, primary, shadow);
        return found.verdict();
    }
    let memory = Bump::new();
    match (parse(primary, &memory), parse(shadow, &memory)) {
        (Ok(primary), Ok(shadow)) => {
            if Walk::documents(&mut found, &primary, &shadow).is_err() {
                return given_up(found, NotComparedReason::Budget);
            }
        }
        (one, other) => {
            found.note(not_json(one.err(), other.err()));
            bodies(&mut found, primary, shadow);
        }
    }
    found.verdict()
}

fn not_json(primary: Option<NotJson>, shadow: Option<NotJson>) -> &'static str {
    match (primary, shadow) {
        (Some(NotJson::TooDeep), _) | (_, Some(NotJson::TooDeep)) => {
            "nested deeper than 128: compared as bytes"
        }
        (Some(NotJson::DuplicateKey), _) | (_, Some(NotJson::DuplicateKey)) => {
            "a key is there twice: compared as bytes"
        }
        (Some(NotJson::Invalid), None) => "the primary's body is not JSON: compared as bytes",
        (None, Some(NotJson::Invalid)) => "the shadow's body is not JSON: compared as bytes",
        _ => "not JSON: compared as bytes",
    }
}

/// Compares as values of the handler's return type.
fn values(mut found: Found<'_>, primary: &Answer, shadow: &Answer, typed: Typed) -> Compared {
    let is_lenient = found.rules.is_lenient;
    match (typed.0)(primary, shadow) {
        Some(Verdict::Match) => found.verdict(),
        Some(Verdict::NotCompared(reason)) => given_up(found, reason),
        Some(verdict) => {
            let mut compared = json(found, primary.body(), shadow.body());
            if verdict == Verdict::SchemaMismatch {
                compared.verdict = verdict;
            } else if compared.verdict != verdict && !is_lenient {
                // Else they differ in what the rules leave out.
                compared.verdict = verdict;
                compared
                    .notes
                    .push("the values differ, and their JSON does not");
            }
            compared
        }
        None => {
            if primary.status().is_success() {
                found.note("the primary's body is not of the handler's type: compared as JSON");
            }
            json(found, primary.body(), shadow.body())
        }
    }
}

/// Compares by a function of the user's. What it calls a mismatch is shown as JSON.
fn custom(
    mut found: Found<'_>,
    primary: &Answer,
    shadow: &Answer,
    function: fn(&Answer, &Answer) -> Verdict,
) -> Compared {
    let rules = found.rules;
    fields(&mut found, primary, shadow);
    let whole = check_whole([primary, shadow], rules)
        .and_then(|()| Ok([decoded(primary, rules)?, decoded(shadow, rules)?]));
    let [primary, shadow] = match whole {
        Ok(answers) => answers,
        Err(reason) => return given_up(found, reason),
    };
    match function(&primary, &shadow) {
        Verdict::Match => found.verdict(),
        Verdict::NotCompared(reason) => given_up(found, reason),
        verdict => {
            statuses(&mut found, primary.status(), shadow.status());
            let mut compared = if primary.body() == shadow.body() {
                found.verdict()
            } else {
                json(found, primary.body(), shadow.body())
            };
            compared.verdict = verdict;
            compared
        }
    }
}
