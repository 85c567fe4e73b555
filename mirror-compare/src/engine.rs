//! Comparing two responses.

mod budget;
mod bytes;
mod compared;
mod encoding;
mod excerpt;
mod found;
mod headers;
mod path;
mod secrecy;
mod walk;

use std::panic::{self, AssertUnwindSafe};

use bumpalo::Bump;
use http::{Method, StatusCode};

pub(crate) use self::compared::Compared;
pub use self::encoding::compared_body;
pub(crate) use self::encoding::is_readable;
use self::{
    bytes::bodies,
    encoding::{check_whole, decoded, whole_bodies},
    found::Found,
    headers::fields,
    secrecy::Secrecy,
    walk::Walk,
};
use crate::{
    json::{NotJson, parse},
    model::{
        BufferedResponse, CompareMode, DifferenceKind, NotComparedReason, Typed, Verdict,
        is_bodiless,
    },
    redact::KnownSecrets,
    rules::Rules,
};

/// Compares a shadow's response with the primary's.
///
/// Bounded in time, memory and output, as far as it runs no code of the user's (`typed` and
/// functions); a panic in that ends here. It waits for nothing, and may take some tenths of a
/// second: no work for a thread that serves requests.
pub(crate) fn compare(
    method: &Method,
    primary: &BufferedResponse,
    shadow: &BufferedResponse,
    mode: CompareMode,
    rules: &Rules,
    known: &KnownSecrets,
) -> Compared {
    let secrecy = Secrecy::new([primary, shadow], mode, rules, known);
    let found = Found::new(rules, &secrecy);
    let comparing = || match mode {
        CompareMode::Custom(function) => custom(found, primary, shadow, function),
        mode => responses(found, method, primary, shadow, mode),
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

fn responses(
    mut found: Found<'_>,
    method: &Method,
    primary: &BufferedResponse,
    shadow: &BufferedResponse,
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

/// The end of a comparison that cannot go on. A difference that was found is one, whatever the rest
/// is.
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
fn values(
    mut found: Found<'_>,
    primary: &BufferedResponse,
    shadow: &BufferedResponse,
    typed: Typed,
) -> Compared {
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
    primary: &BufferedResponse,
    shadow: &BufferedResponse,
    function: fn(&BufferedResponse, &BufferedResponse) -> Verdict,
) -> Compared {
    let rules = found.rules;
    fields(&mut found, primary, shadow);
    let whole = check_whole([primary, shadow], rules)
        .and_then(|()| Ok([decoded(primary, rules)?, decoded(shadow, rules)?]));
    let [primary, shadow] = match whole {
        Ok(responses) => responses,
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
