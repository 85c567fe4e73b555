//! Responses that mean the same to every client.

use mirror_runtime::ReportVerdict;
use serde_json::json;

use crate::{
    case::{Case, Reply, check, json, raw_json, text},
    encoded::{self, DOC},
};

#[expect(clippy::too_many_lines, reason = "a table")]
fn all() -> Vec<Case> {
    vec![
        Case::new("same_bytes", 1000, &[], |_| raw_json(DOC)),
        Case::new("key_order", 1000, &[], |c| {
            raw_json(if c.planted {
                r#"{"name":"Ann","id":7}"#
            } else {
                r#"{"id":7,"name":"Ann"}"#
            })
        }),
        Case::new("whitespace_between_values", 1000, &[], |c| {
            raw_json(if c.planted {
                "{ \"id\": 7,\n \"name\": \"Ann\" }\n"
            } else {
                r#"{"id":7,"name":"Ann"}"#
            })
        }),
        Case::new("escaped_slash", 1000, &[], |c| {
            raw_json(if c.planted {
                r#"{"u":"http:\/\/a"}"#
            } else {
                r#"{"u":"http://a"}"#
            })
        }),
        Case::new("escaped_unicode", 1000, &[], |c| {
            raw_json(if c.planted {
                r#"{"n":"\u00e9\ud83d\ude00"}"#
            } else {
                r#"{"n":"é😀"}"#
            })
        }),
        Case::new("trailing_zeros", 1000, &[], |c| {
            raw_json(if c.planted {
                r#"{"n":1.50}"#
            } else {
                r#"{"n":1.5}"#
            })
        }),
        Case::new("exponent", 1000, &[], |c| {
            raw_json(if c.planted {
                r#"{"n":1.5E2}"#
            } else {
                r#"{"n":150}"#
            })
        }),
        Case::new("gzip_against_identity", 1000, &[], |c| {
            if c.planted {
                raw_json(encoded::gzip(DOC)).header("content-encoding", "gzip")
            } else {
                raw_json(DOC)
            }
        }),
        Case::new("br_against_gzip", 1000, &[], |c| {
            if c.planted {
                raw_json(encoded::br(DOC)).header("content-encoding", "br")
            } else {
                raw_json(encoded::gzip(DOC)).header("content-encoding", "gzip")
            }
        }),
        Case::new("deflate_both_ways", 1000, &[], |c| {
            if c.planted {
                raw_json(encoded::deflate(DOC)).header("content-encoding", "deflate")
            } else {
                raw_json(encoded::zlib(DOC)).header("content-encoding", "deflate")
            }
        }),
        Case::new("zstd_against_identity", 1000, &[], |c| {
            if c.planted {
                raw_json(encoded::zstd(DOC)).header("content-encoding", "zstd")
            } else {
                raw_json(DOC)
            }
        }),
        Case::new("zstd_of_both", 1000, &[], |c| {
            raw_json(encoded::zstd(DOC))
                .header("content-encoding", "zstd")
                .header("x-role", format!("{}", c.planted))
        }),
        Case::new("says_identity", 1000, &[], |c| {
            if c.planted {
                raw_json(DOC).header("content-encoding", "identity")
            } else {
                raw_json(DOC)
            }
        }),
        Case::new("text_the_same", 1000, &[], |_| text("text/plain", "Hello")),
        Case::new("no_content_both", 1000, &[], |_| {
            Reply::new(204, "text/plain", "")
        }),
        Case::new("unordered_objects", 1000, &[], |c| {
            let mut list = vec![json!({"a":1}), json!({"b":2}), json!({"c":[1,2]})];
            if c.planted {
                list.reverse();
            }
            json(&json!({ "list": list }))
        })
        .rules(|b| b.unordered(["/list"])),
        Case::new("unordered_root", 1000, &[], |c| {
            let mut list = vec![json!(1), json!(2), json!(2)];
            if c.planted {
                list.reverse();
            }
            json(&json!(list))
        })
        .rules(|b| b.unordered([""])),
        Case::new("tolerated", 1000, &[], |c| {
            json(&json!({ "t": if c.planted { 10.01 } else { 10.0 } }))
        })
        .rules(|b| b.tolerance("/t", 0.01)),
        Case::new("ignored_everywhere_in_lists", 1000, &[], |c| {
            json(&json!({ "l": [{ "id": c.random.next() }, { "id": c.random.next() }] }))
        })
        .rules(|b| b.ignore(["/l/*/id"])),
    ]
}

#[test]
fn responses_that_mean_the_same_match() {
    let cases = all().into_iter().map(|case| case.n(50));
    check(cases.collect(), |outcome, case| {
        let counts = (outcome.target.matched, outcome.target.noise, outcome.told);
        let wrong = counts != (case.n, 0, 0);
        wrong
            .then(|| format!("{counts:?} of {}", case.n))
            .into_iter()
            .collect()
    });
}

#[test]
fn a_shadow_that_always_matches_is_promoted() {
    let outcome = Case::new("the_same", 0, &[], |c| json(&json!({ "id": c.i })))
        .n(500)
        .run();
    assert_eq!(
        outcome.target.verdict,
        ReportVerdict::Promote,
        "{}",
        outcome.report
    );
}
