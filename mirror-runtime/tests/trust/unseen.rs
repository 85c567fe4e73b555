//! Responses of the shadow that are broken, or that nobody has looked at: the shadow is not
//! promoted, and the report says why.

use serde_json::json;

use crate::{
    case::{Case, Reply, check, json, raw_json},
    encoded::DOC,
};

/// The cases, and the word for it in the report.
fn all() -> Vec<(Case, &'static str)> {
    vec![
        (
            Case::new("connection_cut_5", 50, &[], |c| {
                let p = c.planted;
                let mut r = raw_json(DOC);
                if p {
                    r.cut = Some(20);
                }
                r
            }),
            "cut_short",
        ),
        (
            Case::new("no_answer_5", 50, &[], |c| {
                let p = c.planted;
                let mut r = raw_json(DOC);
                r.fails = p;
                r
            }),
            "failed",
        ),
        (
            Case::new("no_answer_09_and_wrong_09", 18, &[], |c| {
                let p = c.planted;
                let second = c.i % 111 < 55;
                let mut r = raw_json(DOC);
                if p {
                    if second {
                        r.fails = true;
                    } else {
                        r = raw_json("{}");
                    }
                }
                r
            }),
            "failed",
        ),
        (
            Case::new("all_bodies_too_large", 1000, &[], |c| {
                let v = if c.planted { 2 } else { 1 };
                json(&json!({ "blob": "x".repeat(300 << 10), "v": v }))
            }),
            "too_large",
        ),
        (
            Case::new("a_tenth_too_large_and_all_of_them_wrong", 1000, &[], |c| {
                let v = if c.planted { 2 } else { 1 };
                if c.i % 11 == 0 {
                    json(&json!({ "blob": "x".repeat(300 << 10), "v": v }))
                } else {
                    raw_json(DOC)
                }
            }),
            "too_large",
        ),
        (
            Case::new("only_shadow_too_large_5", 50, &[], |c| {
                if c.planted {
                    json(&json!({ "blob": "x".repeat(300 << 10) }))
                } else {
                    raw_json(DOC)
                }
            }),
            "too_large",
        ),
        (
            Case::new("conditional_requests_ignored_5", 50, &[], |c| {
                if c.planted || c.i % 20 != 19 {
                    raw_json(DOC).header("etag", "\"5f2c\"")
                } else {
                    Reply::new(304, "application/json", "").header("etag", "\"5f2c\"")
                }
            }),
            "not_modified",
        ),
        (
            Case::new("not_modified_for_what_was_modified_5", 50, &[], |c| {
                if c.planted {
                    Reply::new(304, "application/json", "")
                } else {
                    raw_json(DOC)
                }
            }),
            "not_modified",
        ),
    ]
}

#[test]
fn what_was_not_seen_is_not_promoted() {
    for (case, word) in all() {
        check(vec![case.n(450)], |outcome, _| {
            let mut wrong = Vec::new();
            if outcome.is_promoted() {
                wrong.push(format!("promoted: {}", outcome.target.reason));
            }
            if !outcome.report.contains(word) {
                wrong.push(format!("the report does not say `{word}`"));
            }
            wrong
        });
    }
}
