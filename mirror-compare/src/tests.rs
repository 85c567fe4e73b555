//! Comparing whole answers.

mod bodies;
mod bounds;
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
    engine::{Compared, compare},
    model::{Answer, CompareMode, Comparison, NotComparedReason, Subject, Verdict},
    redact::Known,
    rules::Rules,
};

fn ok(body: impl Into<bytes::Bytes>) -> Answer {
    Answer::new(StatusCode::OK, HeaderMap::new(), body)
}

fn with_header(answer: &Answer, name: &'static str, value: &str) -> Answer {
    let mut headers = answer.headers().clone();
    headers.append(
        HeaderName::from_static(name),
        HeaderValue::from_str(value).unwrap(),
    );
    Answer::new(answer.status(), headers, answer.body().clone())
}

fn get(primary: &Answer, shadow: &Answer, mode: CompareMode, rules: &Rules) -> Compared {
    let known = Known::default();
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

fn comparison(primary: &Answer, shadow: &Answer, mode: CompareMode, rules: &Rules) -> Comparison {
    let subject = Subject {
        mirror: "orders",
        target: "staging",
        method: &Method::GET,
        path: "/orders/7?token=secret",
    };
    Comparison::of(subject, primary, shadow, mode, rules)
}

fn not_compared(reason: NotComparedReason) -> Verdict {
    Verdict::NotCompared(reason)
}
