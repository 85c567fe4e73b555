//! Text that takes over a terminal which prints it.

use axum::{Json, response::IntoResponse};
use serde_json::json;

use crate::{
    sample::{HOSTILE, mirror as a_mirror, snapshot, target},
    support::{Run, Stub, mirror, response},
};

/// Only what is seen, and ends of lines.
#[track_caller]
fn is_clean(run: &Run) {
    let all = format!("{}{}", run.stdout, run.stderr);
    let harmful = all.chars().find(|character| {
        (character.is_control() && *character != '\n')
            || matches!(character, '\u{200b}' | '\u{202e}' | '\u{e0041}')
    });
    assert_eq!(harmful, None, "{run:#?}");
}

fn hostile() -> serde_json::Value {
    let mut target = target(HOSTILE, "hold", HOSTILE);
    target["share"]["actor"] = json!(HOSTILE);
    target["stats"]["failed_by_kind"] = json!({ HOSTILE: 3 });
    let mut mirror = a_mirror(HOSTILE, &[target]);
    for field in ["module", "file"] {
        mirror[field] = json!(HOSTILE);
    }
    mirror["control"] =
        json!({"is_enabled": false, "source": HOSTILE, "actor": HOSTILE, "reason": HOSTILE});
    snapshot(&[mirror])
}

#[tokio::test]
async fn names_and_reasons_reach_no_terminal_as_they_are() {
    let stub = Stub::with(hostile());
    for args in [
        &["check", &stub.url()][..],
        &["check", &stub.url(), "--json"],
        &["check", &stub.url(), "--mirror", "x"],
        &[
            "check",
            &stub.url(),
            "--wait",
            "200ms",
            "--interval",
            "100ms",
        ],
        &["watch", &stub.url(), "--once"],
        &["watch", &stub.url(), "--once", "--color", "never"],
    ] {
        let run = mirror(args).await;
        assert!(matches!(run.code, 0 | 2), "{run:?}");
        is_clean(&run);
    }
}

#[tokio::test]
async fn errors_and_headers_do_not_either() {
    for status in [200, 302, 400, 403, 404, 500] {
        let stub = Stub::start(move |_, _| {
            let body = json!({ "error": HOSTILE, HOSTILE: 1 }).to_string();
            let mut response = response(status, "text/plain", body);
            let headers = response.headers_mut();
            for (name, value) in [
                ("location", &b"/\xc2\x9b31m\xe2\x80\xae"[..]),
                ("content-type", &b"text/\xc2\x9b31m"[..]),
            ] {
                headers.insert(name, axum::http::HeaderValue::from_bytes(value).unwrap());
            }
            response
        });
        for args in [
            &["check", &stub.url()][..],
            &["watch", &stub.url(), "--once"],
            &["off", &stub.url(), "--mirror", "x"],
            &["off", &stub.url(), "--all"],
        ] {
            let run = mirror(args).await;
            assert!(matches!(run.code, 1 | 3), "{run:?}");
            is_clean(&run);
        }
    }
}

#[tokio::test]
async fn states_do_not_either() {
    let held = json!({"is_enabled": true, "source": HOSTILE, "actor": HOSTILE, "reason": HOSTILE});
    let share = json!({"percentage": 1.0, "configured": 1.0, "source": HOSTILE, "actor": HOSTILE, "reason": HOSTILE});
    let state = json!({"mirror": HOSTILE, "control": held, "targets": { HOSTILE: share }});
    let stub = Stub::start(move |_, _| Json(state.clone()).into_response());
    for args in [
        &["on", &stub.url(), "--mirror", "x"][..],
        &["on", &stub.url(), "--mirror", "x", "--json"],
    ] {
        let run = mirror(args).await.expect(0, "owned");
        is_clean(&run);
    }
}
