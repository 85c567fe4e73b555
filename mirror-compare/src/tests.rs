//! Comparing whole responses.

mod bodies;
mod bounds;
mod content;
mod display;
mod encodings;
mod headers;
mod json;
mod modes;
mod properties;
mod redaction;
mod rules;

use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};

use crate::{
    compare::Subject,
    engine::{Compared, compare},
    model::{BufferedResponse, CompareMode, Comparison, Ending, NotComparedReason, Verdict},
    redact::KnownSecrets,
    rules::Rules,
};

fn ok(body: impl Into<bytes::Bytes>) -> BufferedResponse {
    BufferedResponse::new(StatusCode::OK, HeaderMap::new(), body)
}

fn with_header(response: &BufferedResponse, name: &'static str, value: &str) -> BufferedResponse {
    let mut headers = response.headers().clone();
    headers.append(
        HeaderName::from_static(name),
        HeaderValue::from_str(value).unwrap(),
    );
    BufferedResponse::new(response.status(), headers, response.body().clone())
}

fn get(
    primary: &BufferedResponse,
    shadow: &BufferedResponse,
    mode: CompareMode,
    rules: &Rules,
) -> Compared {
    let known = KnownSecrets::default();
    compare(&Method::GET, primary, shadow, mode, rules, &known)
}

fn json(primary: &str, shadow: &str, rules: &Rules) -> Compared {
    let [primary, shadow] = [primary, shadow].map(|body| ok(body.to_owned()));
    get(&primary, &shadow, CompareMode::Json, rules)
}

fn rules(set: impl FnOnce(&mut Rules) -> Result<(), crate::RuleError>) -> Rules {
    let mut rules = Rules::default();
    set(&mut rules).unwrap();
    rules
}

/// Each difference as `kind pointer primary shadow`.
fn list(compared: &Compared) -> Vec<String> {
    let show = |value: &Option<String>| value.clone().unwrap_or_else(|| "-".to_owned());
    let line = |difference: &crate::model::Difference| {
        let (primary, shadow) = (show(&difference.primary), show(&difference.shadow));
        format!(
            "{} {} {primary} {shadow}",
            difference.kind, difference.pointer
        )
    };
    assert_eq!(
        compared.verdict == Verdict::Match,
        compared.differences.is_empty()
    );
    compared.differences.iter().map(line).collect()
}

fn comparison(
    primary: &BufferedResponse,
    shadow: &BufferedResponse,
    mode: CompareMode,
    rules: &Rules,
) -> Comparison {
    let subject =
        Subject::new(&Method::GET, "/orders/7?token=secret").with_names("orders", "staging");
    crate::compare(subject, primary, shadow, mode, rules)
}

fn not_compared(reason: NotComparedReason) -> Verdict {
    Verdict::NotCompared(reason)
}
