//! What the old version shows beside itself, drawn anew for each response. Nothing is planted, so
//! whatever is told is a false alarm.

use mirror_runtime::ReportVerdict;
use serde_json::{Value, json};

use crate::{
    case::{Case, Configure, Context, Outcome, Reply, Role, check, json, raw_json, text},
    encoded::{self, DOC},
    random::Random,
};

/// The cases, and the rules that settle them without a baseline, if rules can.
#[expect(clippy::too_many_lines, reason = "a table")]
fn all() -> Vec<(Case, Option<Configure>)> {
    vec![
        (
            Case::new("timestamp", 0, &[], |c| {
                let v = stamp(&mut c.random);
                with(c, json!({ "at": v }))
            }),
            Some(|b| b.ignore(["/at"])),
        ),
        (
            Case::new("epoch_nanoseconds", 0, &[], |c| {
                let v = 1_714_557_600_000_000_000 + c.random.below(1 << 40);
                with(c, json!({ "at": v }))
            }),
            Some(|b| b.ignore(["/at"])),
        ),
        (
            Case::new("request_id", 0, &[], |c| {
                let v = c.random.uuid();
                with(c, json!({ "request_id": v }))
            }),
            Some(|b| b.ignore(["/request_id"])),
        ),
        (
            Case::new("timestamps_at_many_depths", 0, &[], |c| {
                let v: Vec<String> = (0..6).map(|_| stamp(&mut c.random)).collect();
                with(
                    c,
                    json!({ "meta": { "at": v[0], "cache": { "at": v[1] } }, "lines": [{ "at": v[2], "parts": [{ "at": v[3] }, { "at": v[4] }] }], "at": v[5] }),
                )
            }),
            Some(|b| {
                b.ignore([
                    "/at",
                    "/meta/at",
                    "/meta/cache/at",
                    "/lines/*/at",
                    "/lines/*/parts/*/at",
                ])
            }),
        ),
        (
            Case::new("random_order", 0, &[], |c| {
                let mut v = vec!["a", "b", "c", "d", "e", "f"];
                c.random.shuffle(&mut v);
                with(c, json!({ "tags": v }))
            }),
            Some(|b| b.unordered(["/tags"])),
        ),
        (
            Case::new("random_order_of_objects", 0, &[], |c| {
                let mut v: Vec<Value> = (0..8).map(|k| json!({ "id": k, "name": format!("n{k}"), "note": if k % 3 == 0 { json!(null) } else { json!("x") } })).collect();
                c.random.shuffle(&mut v);
                with(c, json!({ "list": v }))
            }),
            Some(|b| b.unordered(["/list"])),
        ),
        (
            Case::new("counter", 0, &[], |c| {
                let v = c.i * (c.role as u64 + 1) + c.role as u64;
                with(c, json!({ "served": v }))
            }),
            Some(|b| b.ignore(["/served"])),
        ),
        (
            Case::new("cache_age", 0, &[], |c| {
                let v = c.random.below(60);
                with(c, json!({ "age": v }))
            }),
            Some(|b| b.tolerance("/age", 60.0)),
        ),
        (
            Case::new("server_name", 0, &[], |c| {
                let v = format!("web-{}", c.random.below(8));
                with(c, json!({ "server": v }))
            }),
            Some(|b| b.ignore(["/server"])),
        ),
        (
            Case::new("float_jitter", 0, &[], |c| {
                let v = 0.731 + c.random.jitter();
                with(c, json!({ "score": v }))
            }),
            Some(|b| b.tolerance("/score", 1e-8)),
        ),
        (
            Case::new("random_sample", 0, &[], |c| {
                let first = c.random.below(50);
                let v: Vec<u64> = (0..5).map(|k| (first + k * 7) % 50).collect();
                with(c, json!({ "suggested": v }))
            }),
            Some(|b| b.ignore(["/suggested"])),
        ),
        (
            Case::new("random_sample_of_any_length", 0, &[], |c| {
                let n = 1 + c.random.below(9);
                let v: Vec<Value> = (0..n)
                    .map(|_| json!({ "id": c.random.below(50), "price": c.random.below(900) }))
                    .collect();
                with(c, json!({ "suggested": v }))
            }),
            Some(|b| b.ignore(["/suggested"])),
        ),
        (
            Case::new("rotating_ads", 0, &[], |c| {
                let v = match c.random.below(4) {
                    0 => json!({ "video": { "url": "a", "seconds": 30 } }),
                    1 => json!({ "image": "b", "w": 300, "h": 250 }),
                    2 => json!({ "text": "buy", "link": "c" }),
                    _ => json!(null),
                };
                with(c, json!({ "ad": v }))
            }),
            Some(|b| b.ignore(["/ad"])),
        ),
        (
            Case::new("session_id", 0, &[], |c| {
                let v = c.random.hex(32);
                with(c, json!({ "session": v }))
            }),
            Some(|b| b.ignore(["/session"])),
        ),
        (
            Case::new("signature", 0, &[], |c| {
                let v = c.random.hex(64);
                let at = stamp(&mut c.random);
                with(c, json!({ "signed": { "at": at, "sig": v } }))
            }),
            Some(|b| b.ignore(["/signed"])),
        ),
        (
            Case::new("jwt", 0, &[], |c| {
                let v = format!(
                    "eyJhbGciOiJIUzI1NiJ9.{}.{}",
                    encoded::base64url(c.random.hex(40).as_bytes()),
                    c.random.hex(43)
                );
                with(c, json!({ "token": v }))
            }),
            Some(|b| b.ignore(["/token"])),
        ),
        (
            Case::new("cursor", 0, &[], |c| {
                let v = encoded::base64url(c.random.hex(20).as_bytes());
                with(c, json!({ "next": v }))
            }),
            Some(|b| b.ignore(["/next"])),
        ),
        (
            Case::new("took", 0, &[], |c| {
                let v = format!("{}ms", 3 + c.random.below(40));
                with(c, json!({ "took": v }))
            }),
            Some(|b| b.ignore(["/took"])),
        ),
        (
            Case::new("id_within_a_message", 0, &[], |c| {
                let v = c.random.hex(8);
                json(&json!({ "error": format!("order not found (ref {v})") })).status(404)
            }),
            Some(|b| b.ignore(["/error"])),
        ),
        (
            Case::new("etag", 0, &[], |c| {
                let v = format!("\"{}\"", c.random.hex(16));
                with(c, json!({})).header("etag", v)
            })
            .rules(|b| b.compare_headers(["content-type", "etag"])),
            None,
        ),
        (
            Case::new("date_header", 0, &[], |c| {
                let v = format!("Wed, 01 May 2024 10:00:{:02} GMT", c.random.below(60));
                with(c, json!({})).header("date", v)
            }),
            None,
        ),
        (
            Case::new("set_cookie_session", 0, &[], |c| {
                let v = c.random.hex(32);
                with(c, json!({})).header("set-cookie", format!("sid={v}; HttpOnly"))
            })
            .rules(|b| b.compare_headers(["content-type", "set-cookie"])),
            None,
        ),
        (
            Case::new("eventual_consistency", 0, &[], |c| {
                let v = if c.random.in_10_000(300) {
                    "PENDING"
                } else {
                    "PAID"
                };
                with(c, json!({ "state": v }))
            }),
            Some(|b| b.ignore(["/state"])),
        ),
        (
            Case::new("eventual_consistency_of_existence", 0, &[], |c| {
                if c.random.in_10_000(100) {
                    json(&json!({ "error": "not found" })).status(404)
                } else {
                    with(c, json!({}))
                }
            }),
            None,
        ),
        (
            Case::new("a_or_b_by_user", 0, &[], |c| {
                let v = if c.same.in_10_000(5000) {
                    json!({ "title": "A" })
                } else {
                    json!({ "heading": "B", "big": true })
                };
                with(c, json!({ "hero": v }))
            }),
            Some(|b| b),
        ),
        (
            Case::new("a_or_b_by_chance", 0, &[], |c| {
                let v = if c.random.in_10_000(5000) {
                    json!({ "title": "A" })
                } else {
                    json!({ "heading": "B", "big": true })
                };
                with(c, json!({ "hero": v }))
            }),
            Some(|b| b.ignore(["/hero"])),
        ),
        (
            Case::new("null_by_chance", 0, &[], |c| {
                let v = if c.random.in_10_000(1000) {
                    json!(null)
                } else {
                    json!(7)
                };
                with(c, json!({ "stock": v }))
            }),
            Some(|b| b.ignore(["/stock"])),
        ),
        (
            Case::new("one_off_503_of_all", 0, &[], |c| {
                if c.random.in_10_000(100) {
                    text("text/plain", "busy").status(503)
                } else {
                    with(c, json!({}))
                }
            }),
            None,
        ),
        (
            Case::new("one_off_503_of_the_primary", 0, &[], |c| {
                if c.role == Role::Primary && c.random.in_10_000(100) {
                    text("text/plain", "busy").status(503)
                } else {
                    with(c, json!({}))
                }
            }),
            None,
        ),
        (
            Case::new("rare_noise_once_in_500", 0, &[], |c| {
                let v = u64::from(c.random.in_10_000(20));
                with(c, json!({ "flag": v }))
            }),
            Some(|b| b.ignore(["/flag"])),
        ),
        (
            Case::new("map_by_random_key", 0, &[], |c| {
                let mut v = json!({});
                for _ in 0..3 {
                    v[c.random.uuid()] = json!(1);
                }
                with(c, json!({ "sessions": v }))
            }),
            Some(|b| b.ignore(["/sessions"])),
        ),
        (
            Case::new("map_by_user_whose_values_are_noise", 0, &[], |c| {
                let mut v = json!({});
                for k in 0..3 {
                    v[format!("user-{}", (c.i * 3 + k) % 3000)] = json!(c.random.below(1000));
                }
                with(c, json!({ "online": v }))
            }),
            Some(|b| b.ignore(["/online/*"])),
        ),
        (
            Case::new("twelve_fields_by_chance", 0, &[], |c| {
                let mut v = json!({});
                for k in 0..12 {
                    v[format!("flag{k:02}")] = json!(c.random.in_10_000(5000));
                }
                with(c, v)
            }),
            Some(|b| (0..12).fold(b, |b, k| b.ignore([format!("/flag{k:02}")]))),
        ),
        (
            Case::new("three_hundred_fields_of_noise", 0, &[], |c| {
                let mut v = json!({});
                for k in 0..300 {
                    v[format!("metric{k:03}")] = json!(c.random.below(1_000_000));
                }
                with(c, json!({ "metrics": v }))
            }),
            Some(|b| b.ignore(["/metrics"])),
        ),
        (
            Case::new("many_fields_of_rare_noise", 0, &[], |c| {
                let mut v = json!({});
                for k in 0..150 {
                    v[format!("f{k:03}")] = json!(c.random.in_10_000(5));
                }
                with(c, json!({ "features": v }))
            }),
            Some(|b| b.ignore(["/features"])),
        ),
        (
            Case::new("two_hundred_elements_with_stamps", 0, &[], |c| {
                let v: Vec<Value> = (0..200)
                    .map(|k| json!({ "id": k, "at": stamp(&mut c.random) }))
                    .collect();
                with(c, json!({ "list": v }))
            }),
            Some(|b| b.ignore(["/list/*/at"])),
        ),
        (
            Case::new("html_nonce", 0, &[], |c| {
                let v = c.random.hex(16);
                text(
                    "text/html",
                    format!(
                        "<!doctype html>\n<html><head><script nonce=\"{v}\"></script></head>\n<body><b>19.99 EUR</b></body></html>\n"
                    ),
                )
            }),
            None,
        ),
        (
            Case::new("ndjson_stamps", 0, &[], |c| {
                let v: String = (0..10)
                    .map(|k| format!("{{\"id\":{k},\"at\":\"{}\"}}\n", stamp(&mut c.random)))
                    .collect();
                text("application/x-ndjson", v)
            }),
            None,
        ),
        (
            Case::new("xml_stamp", 0, &[], |c| {
                let v = stamp(&mut c.random);
                text(
                    "application/xml",
                    format!("<order id=\"7\"><at>{v}</at><total>19.99</total></order>"),
                )
            }),
            None,
        ),
        (
            Case::new("multipart_boundary", 0, &[], |c| {
                let v = c.random.hex(16);
                text(
                    "multipart/form-data",
                    format!(
                        "--{v}\r\nContent-Disposition: form-data; name=\"item\"\r\n\r\ntea\r\n--{v}--\r\n"
                    ),
                )
            }),
            None,
        ),
        (
            Case::new("gzip_of_different_levels", 0, &[], |c| {
                let (body, coding) = if c.random.in_10_000(5000) {
                    (encoded::gzip(DOC), "gzip")
                } else {
                    (encoded::zlib(DOC), "deflate")
                };
                raw_json(body).header("content-encoding", coding)
            }),
            Some(|b| b),
        ),
        (
            Case::new("json_in_string_with_stamp", 0, &[], |c| {
                let v = stamp(&mut c.random);
                with(
                    c,
                    json!({ "payload": json!({ "at": v, "total": 5 }).to_string() }),
                )
            }),
            Some(|b| b.ignore(["/payload"])),
        ),
    ]
}

fn stamp(random: &mut Random) -> String {
    let (minute, second, milli) = (random.below(60), random.below(60), random.below(1000));
    format!("2024-05-01T10:{minute:02}:{second:02}.{milli:03}Z")
}

#[expect(clippy::needless_pass_by_value, reason = "each caller makes one")]
fn with(c: &Context, more: Value) -> Reply {
    let mut value = json!({ "id": c.i, "customer": { "name": "Ann" }, "total": 19.99 });
    value
        .as_object_mut()
        .unwrap()
        .extend(more.as_object().unwrap().clone());
    json(&value)
}

/// At most one comparison in a hundred is counted or told as a mismatch. Whether there is enough
/// evidence to promote depends on how much noise there is.
fn alarms(outcome: &Outcome) -> Vec<String> {
    let mut wrong = Vec::new();
    if outcome.target.verdict == ReportVerdict::Regressed {
        wrong.push(format!("regressed: {}", outcome.target.reason));
    }
    let allowed = outcome.target.compared.div_ceil(100);
    for (what, alarms) in [("counted", outcome.mismatched()), ("told", outcome.told)] {
        if alarms > allowed {
            wrong.push(format!(
                "{alarms} of {} are {what}",
                outcome.target.compared
            ));
        }
    }
    wrong
}

#[test]
fn beside_a_baseline_noise_is_no_mismatch() {
    let cases = all().into_iter().map(|(case, _)| {
        let n = match case.name {
            // Of many places at once: a while until each is known.
            "twelve_fields_by_chance" | "rotating_ads" => 600,
            // Of so many that each comparison takes a while.
            name if name.contains("hundred") => 40,
            _ => 240,
        };
        case.with_baseline().n(n)
    });
    check(cases.collect(), |outcome, _| alarms(outcome));
}

#[test]
fn rules_settle_what_they_can_say() {
    let cases = all().into_iter();
    let cases = cases.filter_map(|(case, rules)| Some(case.rules(rules?).n(50)));
    check(cases.collect(), |outcome, case| {
        let counts = (outcome.target.matched, outcome.told);
        let wrong = counts != (case.n, 0);
        wrong
            .then(|| format!("{counts:?} of {}", case.n))
            .into_iter()
            .collect()
    });
}
