//! A real difference beside noise, with a baseline: its place is not called noise, and the shadow
//! is not promoted.

use mirror_runtime::DifferenceKind::{Extra, Header, Missing, Status, Value};
use serde_json::json;

use crate::case::{Case, Context, Outcome, Reply, Role, check, json, text};

/// Cases in which the difference is in another field than the noise, or of another kind.
fn in_another_field() -> Vec<Case> {
    vec![
        Case::new("beside_one_noisy_field", 10, &[("/total", Value)], |c| {
            let at = if c.random.in_10_000(1000) {
                stamp(c)
            } else {
                "-".to_owned()
            };
            let total = either(c, 19.99, 20.0);
            with(c, json!({ "at": at, "total": total }))
        }),
        Case::new("beside_six_noisy_fields", 10, &[("/total", Value)], |c| {
            let mut one = || c.random.in_10_000(5000);
            let flags = json!([one(), one(), one(), one(), one(), one()]);
            let total = either(c, 19.99, 20.0);
            with(
                c,
                json!({
                    "a": flags[0], "b": flags[1], "c": flags[2], "d": flags[3], "e": flags[4],
                    "f": flags[5], "total": total,
                }),
            )
        }),
        Case::new(
            "missing_where_values_are_noise",
            20,
            &[("/at", Missing)],
            |c| {
                let at = stamp(c);
                let more = either(c, json!({ "at": at }), json!({}));
                with(c, more)
            },
        ),
        Case::new("behind_noisy_elements", 50, &[("/total", Value)], |c| {
            let list: Vec<_> = (0..200)
                .map(|k| json!({ "id": k, "at": stamp(c) }))
                .collect();
            let total = either(c, 1, 2);
            with(c, json!({ "list": list, "total": total }))
        }),
        Case::new("header_gone", 1000, &[("etag", Header)], |c| {
            let tag = format!("\"{}\"", c.random.hex(16));
            let reply = with(c, json!({}));
            if c.planted {
                reply
            } else {
                reply.header("etag", tag)
            }
        })
        .rules(|b| b.compare_headers(["etag"])),
    ]
}

/// Cases in which it is in the same field, and more frequent.
fn by_rate() -> Vec<Case> {
    vec![
        Case::new("rare_beside_rarer", 10, &[("/state", Value)], |c| {
            state(c, 5)
        }),
        Case::new("tenth_beside_half", 100, &[("/state", Value)], |c| {
            state(c, 5000)
        })
        .n(1000),
        Case::new("always_beside_half", 1000, &[("/state", Value)], |c| {
            state(c, 5000)
        }),
        Case::new("status", 20, &[("", Status)], |c| {
            let is_busy = c.random.in_10_000(100);
            if c.planted {
                json(&json!({ "error": "gone" })).status(404)
            } else if is_busy {
                text("text/plain", "busy").status(503)
            } else {
                with(c, json!({}))
            }
        }),
    ]
}

/// Cases in which the field always differs, and the shadow's value is of another kind.
fn by_shape() -> Vec<Case> {
    vec![
        Case::new("stamp_in_another_zone", 1000, &[("/at", Value)], |c| {
            let at = stamp(c).replace("T10", either(c, "T10", "T12"));
            with(c, json!({ "at": at }))
        }),
        Case::new("stamp_always_the_same", 1000, &[("/at", Value)], |c| {
            let at = stamp(c);
            let at = either(c, at, "1970-01-01T00:00:00.000Z".to_owned());
            with(c, json!({ "at": at }))
        }),
        Case::new("id_of_another_kind", 1000, &[("/request", Value)], |c| {
            let id = c.random.uuid();
            let id = either(c, id, c.i.to_string());
            with(c, json!({ "request": id }))
        }),
        Case::new(
            "cookie_without_http_only",
            1000,
            &[("set-cookie", Header)],
            |c| {
                let sid = c.random.hex(32);
                let attributes = either(c, "; HttpOnly; Secure", "");
                with(c, json!({})).header("set-cookie", format!("sid={sid}{attributes}"))
            },
        )
        .rules(|b| b.compare_headers(["set-cookie"])),
        Case::new("number_beyond_jitter", 100, &[("/score", Value)], |c| {
            let score = 0.731 + c.random.jitter() + either(c, 0.0, 0.1);
            with(c, json!({ "score": score }))
        })
        .rules(|b| b.tolerance("/score", 1e-8)),
        Case::new(
            "one_of_two_variants",
            1000,
            &[("/hero/heading", Value)],
            |c| {
                let is_one = c.random.in_10_000(5000);
                let heading = either(c, "B", "b");
                let hero = if is_one {
                    json!({ "title": "A" })
                } else {
                    json!({ "heading": heading })
                };
                with(c, json!({ "hero": hero }))
            },
        ),
    ]
}

/// Cases in lists, in bodies that are one place, and beside other data.
fn in_lists_and_whole_bodies() -> Vec<Case> {
    vec![
        Case::new(
            "element_of_an_unordered_list",
            50,
            &[("/tags/*", Value)],
            |c| {
                let mut tags = ["a", "b", "c", "d", "e", either(c, "f", "x")];
                c.random.shuffle(&mut tags);
                with(c, json!({ "tags": tags }))
            },
        )
        .rules(|b| b.unordered(["/tags"])),
        Case::new(
            "renamed_in_a_shuffled_list",
            1000,
            &[("/list/*/cost", Extra), ("/list/*/price", Missing)],
            |c| {
                let name = either(c, "price", "cost");
                let mut list: Vec<_> = (0..8).map(|k| json!({ "id": k, name: k })).collect();
                c.random.shuffle(&mut list);
                with(c, json!({ "list": list }))
            },
        ),
        Case::new("column_beside_stamps", 1000, &[("/rows/*/*", Value)], |c| {
            let price = either(c, 1.25, 1.5);
            let rows: Vec<_> = (0..5).map(|k| json!([k, stamp(c), price])).collect();
            with(c, json!({ "rows": rows }))
        }),
        Case::new("price_beside_a_nonce", 1000, &[("", Value)], |c| {
            let (nonce, price) = (c.random.hex(16), either(c, "19.99", "0.00"));
            let body = format!("<script nonce=\"{nonce}\"></script>\n<b>{price} EUR</b>\n");
            text("text/html", body)
        }),
        Case::new("lines_with_stamps", 1000, &[("", Value)], |c| {
            let paid = !c.planted;
            let line = |k| format!("{{\"id\":{k},\"at\":\"{}\",\"paid\":{paid}}}\n", stamp(c));
            text(
                "application/x-ndjson",
                (0..10).map(line).collect::<String>(),
            )
        }),
        Case::new(
            "document_within_a_text",
            1000,
            &[("/payload", Value)],
            |c| {
                let payload = json!({ "at": stamp(c), "total": either(c, 5, 6) });
                with(c, json!({ "payload": payload.to_string() }))
            },
        ),
        Case::new(
            "baseline_with_other_data",
            1000,
            &[("/name", Value), ("/total", Value)],
            |c| {
                let (name, total) = match c.role {
                    Role::Primary => (format!("Ann {}", c.i), 19.99),
                    Role::Baseline => (format!("Test user {}", c.i), 0.0),
                    Role::Shadow => (String::new(), 0.0),
                };
                with(c, json!({ "name": name, "total": total }))
            },
        ),
    ]
}

/// What the primary and the baseline have, or what the shadow has where it is planted.
fn either<T>(c: &Context, one: T, other: T) -> T {
    if c.planted { other } else { one }
}

fn stamp(c: &mut Context) -> String {
    let (minute, second, milli) = (c.random.below(60), c.random.below(60), c.random.below(1000));
    format!("2024-05-01T10:{minute:02}:{second:02}.{milli:03}Z")
}

fn with(c: &Context, more: serde_json::Value) -> Reply {
    let mut value = json!({ "id": c.i, "customer": { "name": "Ann" }, "items": ["tea", "cup"] });
    value
        .as_object_mut()
        .unwrap()
        .extend(more.as_object().unwrap().clone());
    json(&value)
}

/// A field of three states, with noise in so many of 10,000 responses. The shadow's is wrong where
/// it is planted.
fn state(c: &mut Context, noise: u64) -> Reply {
    let state = if c.random.in_10_000(noise) {
        "PENDING"
    } else {
        "PAID"
    };
    let state = if c.planted { "UNKNOWN" } else { state };
    with(c, json!({ "state": state }))
}

fn wrong(outcome: &Outcome, case: &Case) -> Vec<String> {
    let mut wrong = Vec::new();
    for place in case.places {
        match outcome.group(*place) {
            None => wrong.push(format!("{place:?} is not told")),
            Some(group) if group.noise => wrong.push(format!("{place:?} is called noise")),
            Some(group) if group.first.is_none() => wrong.push(format!("{place:?} has no example")),
            Some(_) => {}
        }
    }
    if outcome.is_promoted() {
        wrong.push(format!("promoted: {}", outcome.target.reason));
    }
    if outcome.mismatched() * 5 < outcome.planted {
        wrong.push(format!(
            "{} of {} are counted",
            outcome.mismatched(),
            outcome.planted
        ));
    }
    wrong
}

fn found(cases: Vec<Case>) {
    let cases = cases.into_iter().map(|case| {
        let n = if case.share < 50 { 700 } else { 450 };
        let n = n.max(case.n);
        case.with_baseline().n(n)
    });
    check(cases.collect(), wrong);
}

#[test]
fn a_difference_in_another_field_is_found_beside_noise() {
    found(in_another_field());
}

#[test]
fn a_difference_that_is_more_frequent_is_found_in_noise() {
    found(by_rate());
}

#[test]
fn a_difference_of_another_shape_is_found_in_noise() {
    found(by_shape());
}

#[test]
fn a_difference_in_a_list_or_a_whole_body_is_found_beside_noise() {
    found(in_lists_and_whole_bodies());
}
