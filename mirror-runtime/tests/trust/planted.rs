//! Differences that rewrites show. Each is found in exactly the responses in which it was planted,
//! at its place, and can be read in the report and in what `on_mismatch` gets.

use std::fmt::Write;

use mirror_runtime::{
    CompareMode,
    DifferenceKind::{Extra, Header, Length, Missing, Status, Type, Value},
};
use serde_json::json;

use crate::{
    case::{Case, Context, Reply, check, json, raw_json, text},
    encoded::{self, DOC, OTHER},
    pending,
};

/// An order, and what the shadow makes of it.
fn order(c: &Context, change: impl FnOnce(&mut serde_json::Value)) -> Reply {
    let i = c.i;
    let mut value = json!({
        "id": 100_000 + i,
        "customer": {
            "name": "Ann Smith", "email": format!("ann{i}@example.com"), "vip": i % 3 == 0,
        },
        "status": "ACTIVE",
        "total": 19.99,
        "currency": "EUR",
        "created_at": "2024-05-01T10:00:00Z",
        "note": null,
        "items": [
            { "sku": "T-1", "name": "tea", "qty": 1, "price": 4.5 },
            { "sku": "C-2", "name": "cup", "qty": 2, "price": 7.75 },
        ],
        "tags": ["new", "eu-west", "gift"],
        "links": { "self": format!("https://api.example.com/v1/orders/{i}") },
    });
    if c.planted {
        change(&mut value);
    }
    json(&value)
}

/// An order with another value in one place.
fn set(c: &Context, pointer: &str, new: serde_json::Value) -> Reply {
    order(c, |order| *order.pointer_mut(pointer).unwrap() = new)
}

/// A document with one value of the primary and another of the shadow.
fn field(c: &Context, one: serde_json::Value, other: serde_json::Value) -> Reply {
    let mut value = json!({ "id": c.i, "state": "ok" });
    value["field"] = if c.planted { other } else { one };
    json(&value)
}

fn page(first: u64, count: u64) -> Reply {
    let item = |id| json!({ "id": id, "name": format!("item {id}"), "price": id * 3 });
    let items: Vec<_> = (first..first + count).map(item).collect();
    json(&json!({ "items": items, "total": 1000 }))
}

fn long_text(at_end: &str) -> String {
    let mut text = String::new();
    for line in 0..40 {
        let _ = write!(text, "Clause {line}: the customer agrees to pay in time. ");
    }
    text + at_end
}

fn csv(c: &Context, separator: char) -> String {
    let mut text = format!("id{separator}name{separator}total\n");
    for row in 0..20 {
        let id = c.i * 20 + row;
        let _ = writeln!(text, "{id}{separator}name {row}{separator}{row}.50");
    }
    text
}

fn jwt(claims: &serde_json::Value) -> String {
    let head = encoded::base64url(br#"{"alg":"HS256","typ":"JWT"}"#);
    let claims = encoded::base64url(claims.to_string().as_bytes());
    format!("{head}.{claims}.k7Jq0sS2cEo0m9Xg3WqBv5rYtZ1uA4dF6hLpN8wQeRs")
}

#[expect(clippy::too_many_lines, reason = "a table")]
fn names_and_shapes() -> Vec<Case> {
    vec![
        Case::new(
            "renamed_field",
            1000,
            &[("/customer", Missing), ("/client", Extra)],
            |c| {
                order(c, |o| {
                    let v = o.as_object_mut().unwrap().remove("customer").unwrap();
                    o["client"] = v;
                })
            },
        ),
        Case::new(
            "naming_policy",
            1000,
            &[("/created_at", Missing), ("/createdAt", Extra)],
            |c| {
                order(c, |o| {
                    let v = o.as_object_mut().unwrap().remove("created_at").unwrap();
                    o["createdAt"] = v;
                })
            },
        ),
        Case::new("extra_field", 500, &[("/internal_id", Extra)], |c| {
            order(c, |o| o["internal_id"] = json!(77))
        }),
        Case::new("missing_field", 50, &[("/currency", Missing)], |c| {
            order(c, |o| {
                o.as_object_mut().unwrap().remove("currency");
            })
        }),
        Case::new("missing_null", 250, &[("/note", Missing)], |c| {
            order(c, |o| {
                o.as_object_mut().unwrap().remove("note");
            })
        }),
        Case::new("null_for_absent", 50, &[("/coupon", Extra)], |c| {
            order(c, |o| o["coupon"] = json!(null))
        }),
        Case::new("null_for_value", 50, &[("/currency", Type)], |c| {
            set(c, "/currency", json!(null))
        }),
        Case::new("object_for_single_list", 50, &[("/items", Type)], |c| {
            order(c, |o| o["items"] = o["items"][0].clone())
        }),
        Case::new(
            "wrapped_in_envelope",
            1000,
            &[("/data", Extra), ("/id", Missing)],
            |c| {
                let planted = c.planted;
                let inner = order(c, |_| ());
                if planted {
                    raw_json(format!(
                        r#"{{"data":{}}}"#,
                        String::from_utf8(inner.body).unwrap()
                    ))
                } else {
                    inner
                }
            },
        ),
        Case::new(
            "deeply_nested",
            50,
            &[("/field/a/b/c/d/e/*/f", Value)],
            |c| {
                field(
                    c,
                    json!({"a":{"b":{"c":{"d":{"e":[{"f":1}]}}}}}),
                    json!({"a":{"b":{"c":{"d":{"e":[{"f":2}]}}}}}),
                )
            },
        ),
        Case::new(
            "swapped_fields",
            50,
            &[("/field/first", Value), ("/field/last", Value)],
            |c| {
                field(
                    c,
                    json!({"first":"Ann","last":"Smith"}),
                    json!({"first":"Smith","last":"Ann"}),
                )
            },
        ),
    ]
}

#[expect(clippy::too_many_lines, reason = "a table")]
fn numbers() -> Vec<Case> {
    vec![
        Case::new("wrong_rounding", 300, &[("/total", Value)], |c| {
            set(c, "/total", json!(19.985))
        }),
        Case::new("currency_rounding", 50, &[("/total", Value)], |c| {
            set(c, "/total", json!(20.0))
        }),
        Case::new("float_formatting", 200, &[("/field", Value)], |c| {
            field(c, json!(0.3), json!(0.1 + 0.2))
        }),
        Case::new("string_for_number", 50, &[("/id", Type)], |c| {
            let i = c.i;
            order(c, |o| o["id"] = json!((100_000 + i).to_string()))
        }),
        Case::new("number_for_string", 50, &[("/field", Type)], |c| {
            field(c, json!("007"), json!(7))
        }),
        Case::new("bool_as_number", 50, &[("/customer/vip", Type)], |c| {
            order(c, |o| o["customer"]["vip"] = json!(1))
        }),
        Case::new("bool_as_string", 50, &[("/customer/vip", Type)], |c| {
            order(c, |o| o["customer"]["vip"] = json!("true"))
        }),
        Case::new("overflow_to_float", 50, &[("/ref", Value)], |c| {
            let p = c.planted;
            raw_json(format!(
                r#"{{"id":{},"ref":{}}}"#,
                c.i,
                if p {
                    "9007199254740992"
                } else {
                    "9007199254740993"
                }
            ))
        }),
        Case::new("big_integer_as_exponent", 50, &[("/ref", Value)], |c| {
            let p = c.planted;
            raw_json(format!(
                r#"{{"id":{},"ref":{}}}"#,
                c.i,
                if p {
                    "1.2345678901234567e19"
                } else {
                    "12345678901234567890"
                }
            ))
        }),
        Case::new("wrapped_integer", 50, &[("/field", Value)], |c| {
            field(c, json!(2_147_483_648_u64), json!(-2_147_483_648_i64))
        }),
        Case::new("integer_as_float", 1000, &[("/qty", Value)], |c| {
            let p = c.planted;
            raw_json(format!(
                r#"{{"id":{},"qty":{}}}"#,
                c.i,
                if p { "5.0" } else { "5" }
            ))
        }),
        Case::new("cents_for_euros", 50, &[("/total", Value)], |c| {
            set(c, "/total", json!(1999))
        }),
    ]
}

#[expect(clippy::too_many_lines, reason = "a table")]
fn texts() -> Vec<Case> {
    vec![
        Case::new("enum_casing", 1000, &[("/status", Value)], |c| {
            set(c, "/status", json!("active"))
        }),
        Case::new("trailing_space", 50, &[("/customer/name", Value)], |c| {
            set(c, "/customer/name", json!("Ann Smith "))
        }),
        Case::new("double_space", 50, &[("/customer/name", Value)], |c| {
            set(c, "/customer/name", json!("Ann  Smith"))
        }),
        Case::new("no_break_space", 50, &[("/customer/name", Value)], |c| {
            set(c, "/customer/name", json!("Ann\u{A0}Smith"))
        }),
        Case::new("zero_width_space", 50, &[("/customer/name", Value)], |c| {
            set(c, "/customer/name", json!("Ann\u{200B} Smith"))
        }),
        Case::new("html_escaped", 50, &[("/field", Value)], |c| {
            field(c, json!("Tom & Jerry"), json!("Tom &amp; Jerry"))
        }),
        Case::new("unicode_normalised", 50, &[("/field", Value)], |c| {
            field(c, json!("caf\u{E9}"), json!("cafe\u{301}"))
        }),
        Case::new("emoji_lost", 50, &[("/field", Value)], |c| {
            field(c, json!("well done 😀"), json!("well done ??"))
        }),
        Case::new(
            "trailing_slash_in_link",
            1000,
            &[("/links/self", Value)],
            |c| {
                let i = c.i;
                order(c, |o| {
                    o["links"]["self"] = json!(format!("https://api.example.com/v1/orders/{i}/"))
                })
            },
        ),
        Case::new("empty_string_for_null", 50, &[("/field", Type)], |c| {
            field(c, json!(null), json!(""))
        }),
        Case::new("long_text_at_its_end", 50, &[("/field", Value)], |c| {
            field(
                c,
                json!(long_text("Total: 100 EUR")),
                json!(long_text("Total: 900 EUR")),
            )
        }),
        Case::new("json_in_string_short", 50, &[("/field", Value)], |c| {
            field(c, json!(r#"{"a":1}"#), json!(r#"{"a":2}"#))
        }),
        Case::new("json_in_string_long", 50, &[("/field", Value)], |c| {
            field(
                c,
                json!(json!({"text": long_text(""), "zone": "eu"}).to_string()),
                json!(json!({"text": long_text(""), "zone": "us"}).to_string()),
            )
        }),
        Case::new("jwt_claim", 50, &[("/field", Value)], |c| {
            field(
                c,
                json!(jwt(
                    &json!({"sub":"user-1","name":"Ann Smith","role":"reader","iat":1_700_000_000})
                )),
                json!(jwt(
                    &json!({"sub":"user-1","name":"Ann Smith","role":"admin","iat":1_700_000_000})
                )),
            )
        }),
        Case::new("base64_at_its_end", 50, &[("/field", Value)], |c| {
            let mut bytes = vec![7u8; 2400];
            bytes[2390] = u8::from(c.planted);
            field(
                c,
                json!(encoded::base64url(&bytes)),
                json!(encoded::base64url(&bytes)),
            )
        }),
    ]
}

#[expect(clippy::too_many_lines, reason = "a table")]
fn dates() -> Vec<Case> {
    vec![
        Case::new("time_zone", 100, &[("/created_at", Value)], |c| {
            set(c, "/created_at", json!("2024-05-01T12:00:00+02:00"))
        }),
        Case::new("wrong_time_zone", 50, &[("/created_at", Value)], |c| {
            set(c, "/created_at", json!("2024-05-01T12:00:00Z"))
        }),
        Case::new("date_format", 50, &[("/created_at", Value)], |c| {
            set(c, "/created_at", json!("2024-05-01 10:00:00"))
        }),
        Case::new("milliseconds_added", 1000, &[("/created_at", Value)], |c| {
            set(c, "/created_at", json!("2024-05-01T10:00:00.000Z"))
        }),
        Case::new("date_as_epoch", 50, &[("/created_at", Type)], |c| {
            set(c, "/created_at", json!(1_714_557_600))
        }),
        Case::new("epoch_in_millis", 50, &[("/field", Value)], |c| {
            field(c, json!(1_714_557_600_u64), json!(1_714_557_600_000_u64))
        }),
    ]
}

#[expect(clippy::too_many_lines, reason = "a table")]
fn lists() -> Vec<Case> {
    vec![
        Case::new(
            "pagination_off_by_one",
            200,
            &[("/items/*/id", Value)],
            |c| page(c.i + u64::from(c.planted), 20),
        ),
        Case::new(
            "page_size",
            100,
            &[("/items", Length), ("/items/*", Missing)],
            |c| page(c.i, if c.planted { 19 } else { 20 }),
        ),
        Case::new("list_order", 100, &[("/tags/*", Value)], |c| {
            order(c, |o| o["tags"] = json!(["eu-west", "new", "gift"]))
        }),
        Case::new(
            "list_of_objects_order",
            100,
            &[("/items/*/sku", Value)],
            |c| {
                order(c, |o| {
                    let items = o["items"].as_array_mut().unwrap();
                    items.reverse();
                })
            },
        ),
        Case::new(
            "list_deduplicated",
            50,
            &[("/field", Length), ("/field/*", Missing)],
            |c| field(c, json!(["a", "b", "b", "c"]), json!(["a", "b", "c"])),
        ),
        Case::new("list_sorted_as_text", 50, &[("/field/*", Value)], |c| {
            field(c, json!([1, 2, 10]), json!([1, 10, 2]))
        }),
        Case::new("null_for_empty_list", 50, &[("/field", Type)], |c| {
            field(c, json!([]), json!(null))
        }),
        Case::new(
            "one_element_wrong_of_unordered",
            50,
            &[("/field/*", Value)],
            |c| field(c, json!(["a", "b", "c"]), json!(["c", "a", "x"])),
        )
        .rules(|b| b.unordered(["/field"])),
        Case::new("duplicate_in_unordered", 50, &[("/field/*", Value)], |c| {
            field(c, json!(["a", "b", "c"]), json!(["c", "a", "a"]))
        })
        .rules(|b| b.unordered(["/field"])),
        Case::new("beyond_the_tolerance", 50, &[("/field", Value)], |c| {
            field(c, json!(10.0), json!(10.02))
        })
        .rules(|b| b.tolerance("/field", 0.01)),
        Case::new("map_by_number", 50, &[("/field/*", Value)], |c| {
            let k = (c.i % 900).to_string();
            let (mut one, mut other) = (json!({}), json!({}));
            one[&k] = json!(1);
            other[&k] = json!(2);
            field(c, one, other)
        }),
        Case::new("map_by_uuid", 200, &[("/field/*", Value)], |c| {
            let k = c.same.uuid();
            let (mut one, mut other) = (json!({}), json!({}));
            one[&k] = json!(1);
            other[&k] = json!(2);
            field(c, one, other)
        }),
    ]
}

#[expect(clippy::too_many_lines, reason = "a table")]
fn statuses() -> Vec<Case> {
    vec![
        Case::new("created_for_ok", 50, &[("", Status)], |c| {
            let p = c.planted;
            order(c, |_| ()).status(if p { 201 } else { 200 })
        }),
        Case::new("no_content_for_ok", 50, &[("", Status)], |c| {
            let mut reply = order(c, |_| ());
            if c.planted {
                reply.body.clear();
                reply = reply.status(204);
            }
            reply
        }),
        Case::new("not_found_for_empty_list", 50, &[("", Status)], |c| {
            if c.planted {
                json(&json!({"error":"not found"})).status(404)
            } else {
                json(&json!([]))
            }
        }),
        Case::new("unprocessable_for_bad_request", 50, &[("", Status)], |c| {
            let p = c.planted;
            json(&json!({"error":"bad"})).status(if p { 422 } else { 400 })
        }),
        Case::new("internal_error", 50, &[("", Status)], |c| {
            if c.planted {
                text("text/plain", "Internal Server Error").status(500)
            } else {
                order(c, |_| ())
            }
        }),
        Case::new(
            "error_with_status_200",
            50,
            &[("/error", Extra), ("/id", Missing)],
            |c| {
                if c.planted {
                    json(&json!({"error":"boom"}))
                } else {
                    order(c, |_| ())
                }
            },
        ),
        Case::new("error_shape", 50, &[("/error", Type)], |c| {
            let p = c.planted;
            json(&if p {
                json!({"error":{"code":7,"message":"bad"}})
            } else {
                json!({"error":"bad"})
            })
            .status(400)
        }),
        Case::new("redirect_for_ok", 50, &[("", Status)], |c| {
            if c.planted {
                text("text/html", "")
                    .status(302)
                    .header("location", "/login")
            } else {
                order(c, |_| ())
            }
        }),
    ]
}

#[expect(clippy::too_many_lines, reason = "a table")]
fn bodies() -> Vec<Case> {
    vec![
        Case::new("truncated_json", 50, &[("", Value)], |c| {
            let p = c.planted;
            let mut o = order(c, |_| ());
            if p {
                let n = o.body.len() - 30;
                o.body.truncate(n);
            }
            o
        }),
        Case::new("empty_body", 50, &[("", Missing)], |c| {
            let p = c.planted;
            let mut o = order(c, |_| ());
            if p {
                o.body.clear();
            }
            o
        }),
        Case::new("html_for_json", 50, &[("", Value)], |c| {
            if c.planted {
                text("text/html", "<html><body>Sign in</body></html>")
            } else {
                order(c, |_| ())
            }
        }),
        Case::new("bom_before_json", 100, &[("", Value)], |c| {
            let p = c.planted;
            let mut o = order(c, |_| ());
            if p {
                o.body.splice(0..0, [0xEF, 0xBB, 0xBF]);
            }
            o
        }),
        Case::new("bom_before_text", 100, &[("", Value)], |c| {
            let p = c.planted;
            text(
                "text/csv",
                if p {
                    format!("\u{FEFF}{}", csv(c, ','))
                } else {
                    csv(c, ',')
                },
            )
        }),
        Case::new("latin_1", 50, &[("", Length)], |c| {
            if c.planted {
                text("text/plain; charset=iso-8859-1", b"M\xFCller".to_vec())
            } else {
                text("text/plain; charset=utf-8", "Müller")
            }
        }),
        Case::new("latin_1_json", 50, &[("", Length)], |c| {
            if c.planted {
                raw_json(b"{\"name\":\"M\xFCller\"}".to_vec())
            } else {
                raw_json(r#"{"name":"Müller"}"#)
            }
        }),
        Case::new("duplicate_key", 50, &[("", Value)], |c| {
            raw_json(if c.planted {
                r#"{"id":7,"name":"Ann","name":"Ann"}"#
            } else {
                r#"{"id":7,"name":"Ann"}"#
            })
        }),
        Case::new("ndjson_line", 50, &[("", Value)], |c| {
            let p = c.planted;
            let lines: String = (0..20)
                .map(|k| {
                    format!(
                        "{{\"id\":{k},\"total\":{}}}\n",
                        if p && k == 11 { 99 } else { k }
                    )
                })
                .collect();
            text("application/x-ndjson", lines)
        }),
        Case::new("xml_attribute", 50, &[("", Value)], |c| {
            let q = if c.planted { "yes" } else { "true" };
            text(
                "application/xml",
                format!(
                    "<?xml version=\"1.0\"?>\n<order id=\"{}\" paid=\"{q}\">\n  <item>tea</item>\n</order>\n",
                    c.i
                ),
            )
        }),
        Case::new("html_title", 50, &[("", Value)], |c| {
            let q = if c.planted { "Order" } else { "Orders" };
            text(
                "text/html",
                format!(
                    "<!doctype html>\n<html>\n<head><title>{q}</title></head>\n<body>{}</body>\n</html>\n",
                    "<p>x</p>".repeat(40)
                ),
            )
        }),
        Case::new("html_minified", 50, &[("", Value)], |c| {
            let q = if c.planted { "Order" } else { "Orders" };
            text(
                "text/html",
                format!(
                    "<!doctype html><html><head>{}<title>{q}</title></head><body></body></html>",
                    "<meta name=a content=b>".repeat(60)
                ),
            )
        }),
        Case::new("csv_separator", 50, &[("", Value)], |c| {
            let s = if c.planted { ';' } else { ',' };
            text("text/csv", csv(c, s))
        }),
        Case::new("csv_cell", 50, &[("", Value)], |c| {
            let p = c.planted;
            let one = csv(c, ',');
            text(
                "text/csv",
                if p { one.replace("7.50", "7.05") } else { one },
            )
        }),
        Case::new("line_endings", 50, &[("", Value)], |c| {
            let p = c.planted;
            let one = csv(c, ',');
            text("text/csv", if p { one.replace('\n', "\r\n") } else { one })
        }),
        Case::new("newline_at_the_end", 50, &[("", Value)], |c| {
            text(
                "text/plain",
                if c.planted {
                    "ok: all is well\n"
                } else {
                    "ok: all is well"
                },
            )
        }),
        Case::new("space_at_the_end_of_text", 50, &[("", Value)], |c| {
            text(
                "text/plain",
                if c.planted {
                    "ok: all is well "
                } else {
                    "ok: all is well"
                },
            )
        }),
        Case::new("protobuf", 50, &[("", Value)], |c| {
            text(
                "application/x-protobuf",
                vec![
                    0x08,
                    0x96,
                    0x01,
                    0x12,
                    0x03,
                    b'A',
                    b'n',
                    b'n',
                    0x18,
                    u8::from(c.planted),
                    0xFF,
                    0xFE,
                ],
            )
        }),
        Case::new("form_urlencoded", 50, &[("", Value)], |c| {
            text(
                "application/x-www-form-urlencoded",
                if c.planted {
                    "name=Ann%20Smith&total=7"
                } else {
                    "name=Ann+Smith&total=7"
                },
            )
        }),
        Case::new("multipart", 50, &[("", Value)], |c| {
            let v = if c.planted { "cup" } else { "tea" };
            text(
                "multipart/form-data; boundary=XX",
                format!(
                    "--XX\r\nContent-Disposition: form-data; name=\"item\"\r\n\r\n{v}\r\n--XX--\r\n"
                ),
            )
        }),
    ]
}

#[expect(clippy::too_many_lines, reason = "a table")]
fn encodings() -> Vec<Case> {
    vec![
        Case::new("gzip_other_content", 50, &[("/total", Value)], |c| {
            let p = c.planted;
            raw_json(encoded::gzip(if p { OTHER } else { DOC })).header("content-encoding", "gzip")
        }),
        Case::new("br_other_content", 50, &[("/total", Value)], |c| {
            if c.planted {
                raw_json(encoded::br(OTHER)).header("content-encoding", "br")
            } else {
                raw_json(encoded::gzip(DOC)).header("content-encoding", "gzip")
            }
        }),
        Case::new("deflate_other_content", 50, &[("/total", Value)], |c| {
            if c.planted {
                raw_json(encoded::deflate(OTHER)).header("content-encoding", "deflate")
            } else {
                raw_json(DOC)
            }
        }),
        Case::new("zstd_other_content", 50, &[("/total", Value)], |c| {
            if c.planted {
                raw_json(encoded::zstd(OTHER)).header("content-encoding", "zstd")
            } else {
                raw_json(DOC)
            }
        }),
        Case::new(
            "zstd_of_both_other_content",
            50,
            &[("/total", Value)],
            |c| {
                let p = c.planted;
                raw_json(encoded::zstd(if p { OTHER } else { DOC }))
                    .header("content-encoding", "zstd")
            },
        ),
        Case::new("gzip_without_saying_so", 50, &[("", Length)], |c| {
            if c.planted {
                raw_json(encoded::gzip(DOC))
            } else {
                raw_json(DOC)
            }
        }),
        Case::new("says_gzip_and_is_not", 50, &[("", Value)], |c| {
            if c.planted {
                raw_json(DOC).header("content-encoding", "gzip")
            } else {
                raw_json(DOC)
            }
        }),
        Case::new("gzip_truncated", 50, &[("", Value)], |c| {
            let mut body = encoded::gzip(DOC);
            if c.planted {
                body.truncate(body.len() - 12);
            }
            raw_json(body).header("content-encoding", "gzip")
        }),
    ]
}

#[expect(clippy::too_many_lines, reason = "a table")]
fn headers() -> Vec<Case> {
    vec![
        Case::new("charset", 1000, &[("content-type", Header)], |c| {
            let v = if c.planted {
                "application/json"
            } else {
                "application/json; charset=utf-8"
            };
            raw_json(DOC).header("content-type", v)
        })
        .rules(|b| b.compare_headers(["content-type"])),
        Case::new("cache_control", 200, &[("cache-control", Header)], |c| {
            let v = if c.planted {
                "no-store"
            } else {
                "public, max-age=60"
            };
            raw_json(DOC).header("cache-control", v)
        })
        .rules(|b| b.compare_headers(["cache-control"])),
        Case::new("weak_etag", 1000, &[("etag", Header)], |c| {
            let v = if c.planted { "W/\"5f2c\"" } else { "\"5f2c\"" };
            raw_json(DOC).header("etag", v)
        })
        .rules(|b| b.compare_headers(["etag"])),
        Case::new("location", 100, &[("location", Header)], |c| {
            let v = if c.planted {
                "http://example.com/orders/7"
            } else {
                "https://example.com/orders/7"
            };
            text("text/plain", "").status(302).header("location", v)
        })
        .rules(|b| b.compare_headers(["location"])),
        Case::new("location_long", 100, &[("location", Header)], |c| {
            let v = if c.planted { "b" } else { "a" };
            text("text/plain", "").status(302).header(
                "location",
                format!("https://login.example.com/oauth/authorize?client=web&page={v}"),
            )
        })
        .rules(|b| b.compare_headers(["location"])),
        Case::new(
            "set_cookie_attributes",
            1000,
            &[("set-cookie", Header)],
            |c| {
                let v = if c.planted {
                    "theme=dark; Path=/"
                } else {
                    "theme=dark; Path=/; Secure; HttpOnly; SameSite=Lax"
                };
                raw_json(DOC).header("set-cookie", v)
            },
        )
        .rules(|b| b.compare_headers(["set-cookie"])),
        Case::new("vary_missing", 50, &[("vary", Header)], |c| {
            let p = c.planted;
            let r = raw_json(DOC).header("vary", "accept-encoding");
            if p { r.without("vary") } else { r }
        })
        .rules(|b| b.compare_headers(["vary"])),
        Case::new(
            "cors_origin",
            50,
            &[("access-control-allow-origin", Header)],
            |c| {
                let v = if c.planted {
                    "*"
                } else {
                    "https://app.example.com"
                };
                raw_json(DOC).header("access-control-allow-origin", v)
            },
        )
        .rules(|b| b.compare_headers(["access-control-allow-origin"])),
        Case::new(
            "content_disposition",
            50,
            &[("content-disposition", Header)],
            |c| {
                let v = if c.planted {
                    "attachment; filename=\"Rechnung M_ller.pdf\""
                } else {
                    "attachment; filename*=UTF-8''Rechnung%20M%C3%BCller.pdf"
                };
                text("application/pdf", "%PDF").header("content-disposition", v)
            },
        )
        .rules(|b| b.compare_headers(["content-disposition"])),
        Case::new(
            "head_content_length",
            50,
            &[("content-length", Header)],
            |c| {
                let v = if c.planted { "60" } else { "57" };
                Reply::new(200, "application/json", "").header("content-length", v)
            },
        )
        .rules(|b| b.compare_headers(["content-length"]))
        .head(),
    ]
}

#[expect(clippy::too_many_lines, reason = "a table")]
fn modes() -> Vec<Case> {
    vec![
        Case::new("bytes_mode", 50, &[("", Value)], |c| {
            let p = c.planted;
            raw_json(if p { format!("{DOC} ") } else { DOC.to_owned() })
        })
        .mode(CompareMode::Bytes),
        Case::new("status_mode", 50, &[("", Status)], |c| {
            let p = c.planted;
            raw_json(DOC).status(if p { 503 } else { 200 })
        })
        .mode(CompareMode::Status),
    ]
}

fn told(cases: Vec<Case>) {
    check(cases, |outcome, case| {
        let mut wrong = outcome.wrong(case);
        if !pending::UNREADABLE.contains(&case.name) {
            wrong.extend(outcome.unreadable(case));
        }
        wrong
    });
}

#[test]
fn differences_of_names_and_shapes_are_told() {
    told(names_and_shapes());
}

#[test]
fn differences_of_numbers_are_told() {
    told(numbers());
}

#[test]
fn differences_of_texts_are_told() {
    told(texts());
}

#[test]
fn differences_of_dates_are_told() {
    told(dates());
}

#[test]
fn differences_of_lists_are_told() {
    told(lists());
}

#[test]
fn differences_of_statuses_are_told() {
    told(statuses());
}

#[test]
fn differences_of_bodies_are_told() {
    told(bodies());
}

#[test]
fn differences_of_encodings_are_told() {
    told(encodings());
}

#[test]
fn differences_of_headers_are_told() {
    told(headers());
}

#[test]
fn differences_of_modes_are_told() {
    told(modes());
}
