//! Comparing two responses.

mod budget;
mod bytes;
mod compared;
mod content;
mod encoding;
mod excerpt;
mod found;
mod headers;
mod hint;
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
    bytes::{BYTE_ORDER_MARK, bodies, by_type},
    content::Content,
    encoding::{Fault, GRPC_ENCODING, Unread, both_decoded, whole_bodies},
    found::Found,
    headers::{Headers, fields},
    secrecy::Secrecy,
    walk::{Walk, settled},
};
use crate::{
    json::NotJson,
    model::{
        BufferedResponse, CompareMode, DifferenceKind, NotComparedReason, Shapes, Typed, Verdict,
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
        CompareMode::Custom(function) => custom(found, method, primary, shadow, function),
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
        // Of the content of one nothing is known, and for the client that is no matter.
        statuses(&mut found, one, other, DifferenceKind::NotModified);
        found.note(
            "to send no conditional requests, remove `if-none-match` and `if-modified-since`",
        );
        return found.verdict();
    }
    statuses(&mut found, one, other, DifferenceKind::Status);
    let is_of_one_class = one.as_u16() / 100 == other.as_u16() / 100;
    let headers = if is_of_one_class && !matches!(mode, CompareMode::Status) {
        Headers::All
    } else {
        Headers::Named
    };
    let have_same_encoding = fields(&mut found, method, primary, shadow, headers);
    if matches!(mode, CompareMode::Status) || is_bodiless(method, one) && is_bodiless(method, other)
    {
        return found.verdict();
    }
    if !is_of_one_class {
        found.note("the statuses differ: the bodies were not compared");
        return found.verdict();
    }
    match whole_bodies(primary, shadow, rules, have_same_encoding) {
        Ok(None) => found.verdict(),
        Ok(Some([primary, shadow])) => match mode {
            CompareMode::Typed(typed) => values(found, &primary, &shadow, typed),
            CompareMode::Json => json(found, &primary, &shadow),
            _ => {
                bodies(&mut found, primary.body(), shadow.body());
                found.verdict()
            }
        },
        Err(unread) => not_read(found, unread, [primary, shadow]),
    }
}

fn statuses(found: &mut Found<'_>, primary: StatusCode, shadow: StatusCode, kind: DifferenceKind) {
    if primary != shadow {
        let [primary, shadow] = [primary, shadow].map(|status| Some(status.as_str().to_owned()));
        let shapes = Shapes::of_texts(primary.as_deref(), shadow.as_deref(), false);
        found.other("", kind, primary, shadow, || shapes);
    }
}

/// The end of a comparison of which one body cannot be read. A fault of the shadow alone is a
/// difference.
fn not_read(
    mut found: Found<'_>,
    unread: Unread,
    [primary, shadow]: [&BufferedResponse; 2],
) -> Compared {
    let fault = match unread {
        Unread::Unknown(reason) => return given_up(found, reason),
        Unread::Shadow(fault) => fault,
    };
    let whole = || format!("{} bytes", primary.body().len());
    let max = found.rules.max_compare_body;
    let encoding = |response: &BufferedResponse| {
        let encoding = response.headers().get(http::header::CONTENT_ENCODING);
        let encoding = encoding.or_else(|| response.headers().get(GRPC_ENCODING));
        let encoding = encoding
            .and_then(|value| value.to_str().ok())
            .unwrap_or("no encoding");
        encoding.to_owned()
    };
    let (kind, one, other) = match fault {
        Fault::CutShort => {
            let part = format!("cut short after {} bytes", shadow.body().len());
            (DifferenceKind::CutShort, whole(), part)
        }
        Fault::TooLarge => (
            DifferenceKind::TooLarge,
            whole(),
            format!("more than {max} bytes"),
        ),
        Fault::Broken => {
            let broken = format!("broken {}", encoding(shadow));
            (DifferenceKind::Value, encoding(primary), broken)
        }
    };
    let shapes = Shapes::of_texts(Some(&one), Some(&other), false);
    found.other("", kind, Some(one), Some(other), || shapes);
    found.verdict()
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

/// Compares bodies that are not equal as JSON, or as what they say they are.
fn json(mut found: Found<'_>, primary: &BufferedResponse, shadow: &BufferedResponse) -> Compared {
    let content = Content::of_both(primary.headers(), shadow.headers());
    if primary.body().is_empty() || shadow.body().is_empty() {
        bodies(&mut found, primary.body(), shadow.body());
        return found.verdict();
    }
    let memory = Bump::new();
    let [one, other] = if content.is_document() {
        content.read_both([primary.body(), shadow.body()], &memory)
    } else {
        [Err(NotJson::Invalid); 2]
    };
    match (one, other) {
        (Ok(one), Ok(other)) => {
            marks(&mut found, primary.body(), shadow.body());
            found.is_walked = true;
            if Walk::documents(&mut found, &one, &other).is_err() {
                return given_up(found, NotComparedReason::Budget);
            }
        }
        (one, other) => {
            if let Err(unread) = by_type(&mut found, content, primary, shadow) {
                return not_read(found, unread, [primary, shadow]);
            }
            let might_be = one.is_ok() || other.is_ok();
            let note = content.note().filter(|_| !might_be);
            let note = note.unwrap_or_else(|| not_json(one.err(), other.err()));
            if !found.is_empty() {
                found.note(note);
            }
        }
    }
    found.verdict()
}

/// Adds the difference of two documents of which one has a byte order mark before it.
fn marks(found: &mut Found<'_>, primary: &[u8], shadow: &[u8]) {
    let marks = [primary, shadow].map(|body| body.starts_with(BYTE_ORDER_MARK));
    if marks[0] != marks[1] && !found.rules.ignore_bom {
        let [primary, shadow] = marks.map(|has| {
            let text = if has {
                "a byte order mark"
            } else {
                "no byte order mark"
            };
            Some(text.to_owned())
        });
        let shapes = Shapes::of_texts(primary.as_deref(), shadow.as_deref(), false);
        found.other("", DifferenceKind::Value, primary, shadow, || shapes);
    }
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

/// Compares as values of the handler's return type. What the rules leave out is, for the shadow's
/// value, as it is in the primary's: the question is the type's, and no other one.
fn values(
    mut found: Found<'_>,
    primary: &BufferedResponse,
    shadow: &BufferedResponse,
    typed: Typed,
) -> Compared {
    let settled = found
        .rules
        .is_lenient
        .then(|| settled(&mut found, primary, shadow));
    let asked = match settled {
        Some(Err(_)) => return given_up(found, NotComparedReason::Budget),
        Some(Ok(settled)) => settled,
        None => None,
    };
    match (typed.0)(primary, asked.as_ref().unwrap_or(shadow)) {
        Some(Verdict::Match) => found.verdict(),
        Some(Verdict::NotCompared(reason)) => given_up(found, reason),
        Some(verdict) => {
            let mut compared = json(found, primary, shadow);
            if compared.verdict != verdict && verdict == Verdict::Mismatch {
                compared
                    .notes
                    .push("the values differ, and their JSON does not");
            }
            compared.verdict = verdict;
            compared
        }
        None => {
            if primary.status().is_success() {
                found.note("the primary's body is not of the handler's type: compared as JSON");
            }
            json(found, primary, shadow)
        }
    }
}

/// Compares by a function of the user's. What it calls a mismatch is shown as JSON.
fn custom(
    mut found: Found<'_>,
    method: &Method,
    primary: &BufferedResponse,
    shadow: &BufferedResponse,
    function: fn(&BufferedResponse, &BufferedResponse) -> Verdict,
) -> Compared {
    let rules = found.rules;
    fields(&mut found, method, primary, shadow, Headers::Named);
    let [primary, shadow] = match both_decoded(primary, shadow, rules) {
        Ok(responses) => responses,
        Err(unread) => return not_read(found, unread, [primary, shadow]),
    };
    match function(&primary, &shadow) {
        Verdict::Match => found.verdict(),
        Verdict::NotCompared(reason) => given_up(found, reason),
        verdict => {
            statuses(
                &mut found,
                primary.status(),
                shadow.status(),
                DifferenceKind::Status,
            );
            let mut compared = if primary.body() == shadow.body() {
                found.verdict()
            } else {
                json(found, &primary, &shadow)
            };
            compared.verdict = verdict;
            compared
        }
    }
}
