//! One mirror over fifty routes: what a rare one does is not hidden by the others.

use mirror_runtime::DifferenceKind::{Status, Value};
use serde_json::json;

use crate::case::{Case, Outcome, Reply, check, json, text};

/// Those of the primary's router.
const ROUTES: &[&str] = &[
    "/v1/invoices/{id}",
    "/v1/users/{id}",
    "/v1/export/{id}",
    "/v1/{route}/{id}",
];

const fn is_rare(i: u64) -> bool {
    i % 100 == 7
}

fn path(i: u64, rare: &str) -> String {
    if is_rare(i) {
        format!("/v1/{rare}/{i}")
    } else {
        format!("/v1/route{}/{i}", i % 49)
    }
}

fn usual(i: u64) -> Reply {
    json(&json!({ "id": i, "status": "ok", "total": 19.99 }))
}

fn all() -> Vec<Case> {
    vec![
        Case::new("a_rare_route_responds_500", 1000, &[("", Status)], |c| {
            if c.planted && is_rare(c.i) {
                text("text/plain", "boom").status(500)
            } else {
                usual(c.i)
            }
        })
        .path(|i| path(i, "invoices")),
        Case::new("a_rare_route_is_wrong", 1000, &[("/total", Value)], |c| {
            if c.planted && is_rare(c.i) {
                json(&json!({ "id": c.i, "status": "ok", "total": 0 }))
            } else {
                usual(c.i)
            }
        })
        .path(|i| path(i, "invoices")),
        Case::new("a_rare_route_does_not_respond", 1000, &[], |c| {
            let mut reply = usual(c.i);
            reply.fails = c.planted && is_rare(c.i);
            reply
        })
        .path(|i| path(i, "invoices")),
        Case::new("a_rare_route_is_too_large_and_wrong", 1000, &[], |c| {
            if is_rare(c.i) {
                json(&json!({ "v": c.planted, "blob": "x".repeat(300 << 10) }))
            } else {
                usual(c.i)
            }
        })
        .path(|i| path(i, "invoices")),
        Case::new(
            "wrong_where_another_route_is_noise",
            1000,
            &[("/name", Value)],
            |c| {
                let noise = c.random.hex(8);
                let name = if c.planted { "Bob" } else { "Ann" };
                let name = if is_rare(c.i) { name } else { &noise };
                json(&json!({ "id": c.i, "name": name }))
            },
        )
        .path(|i| path(i, "users"))
        .with_baseline(),
        Case::new(
            "csv_is_wrong_where_html_is_noise",
            1000,
            &[("", Value)],
            |c| {
                let noise = c.random.hex(8);
                let table = if c.planted {
                    "id;total\n7;20\n"
                } else {
                    "id,total\n7,19.99\n"
                };
                if is_rare(c.i) {
                    text("text/csv", table)
                } else {
                    text("text/html", format!("<html nonce={noise}>"))
                }
            },
        )
        .path(|i| path(i, "export"))
        .with_baseline(),
    ]
}

fn wrong(outcome: &Outcome, case: &Case) -> Vec<String> {
    let mut wrong = Vec::new();
    if outcome.is_promoted() {
        wrong.push(format!("promoted: {}", outcome.target.reason));
    }
    for place in case.places {
        if outcome.group(*place).is_none_or(|group| group.noise) {
            wrong.push(format!("{place:?} is not told, or is called noise"));
        }
    }
    wrong
}

#[test]
fn a_rare_route_that_is_wrong_is_told() {
    let cases = all().into_iter().map(|case| case.n(1000).routes(ROUTES));
    check(cases.collect(), wrong);
}

/// A layer over a fallback knows no routes but paths.
#[test]
fn a_rare_route_of_a_fallback_is_told() {
    check(all().into_iter().map(|case| case.n(1000)).collect(), wrong);
}
