//! `mirror set`, `off`, `on` and `reset`, against a server that notes what it is sent.

use axum::{Json, response::IntoResponse};
use serde_json::{Value, json};

use crate::support::{Run, Stub, mirror, redirect, response};

fn changed(is_enabled: bool) -> Value {
    json!({
        "mirror": "orders",
        "control": {
            "is_enabled": is_enabled, "source": "api", "actor": "alice", "reason": "too slow",
            "since_unix_s": 1_795_763_000, "until_unix_s": 1_795_766_600,
        },
        "targets": {
            "rewrite": {
                "percentage": if is_enabled { 5.0 } else { 0.0 }, "configured": 10.0,
                "source": "api", "actor": "alice",
            },
        },
    })
}

async fn send(stub: &Stub, args: &str) -> Run {
    let url = format!("{}/admin/mirror-control/", stub.url());
    let mut args: Vec<_> = args.split(' ').collect();
    args.insert(1, &url);
    mirror(&args).await
}

#[tokio::test]
async fn changes_are_sent_as_json_and_the_state_is_printed() {
    for (args, path, body) in [
        (
            "set --mirror orders --target rewrite --percentage 5 --for 1h --reason test",
            "/orders",
            json!({"percentage": {"rewrite": 5.0}, "for_seconds": 3600, "reason": "test"}),
        ),
        (
            "set --mirror orders --target rewrite --percentage 0.5%",
            "/orders",
            json!({"percentage": {"rewrite": 0.5}}),
        ),
        (
            "on --mirror shop::orders/{id}",
            "/shop%3A%3Aorders%2F%7Bid%7D",
            json!({"enabled": true}),
        ),
        (
            "off --mirror orders --reason why",
            "/orders",
            json!({"enabled": false, "reason": "why"}),
        ),
        ("reset --mirror orders", "/orders", json!({"reset": true})),
    ] {
        let stub = Stub::start(|_, _| Json(changed(true)));
        let run = send(&stub, args).await.expect(0, "orders: on");
        assert_eq!(
            run.stdout,
            "orders: on, by api (alice), until 2026-11-27T08:03:20Z: too slow\n  \
             rewrite: 5% (10% in the code), by api (alice)\n"
        );
        let asked = &stub.asked()[0];
        assert_eq!(asked.method, "PUT");
        assert_eq!(asked.target, format!("/admin/mirror-control/mirrors{path}"));
        assert_eq!(asked.content_type.as_deref(), Some("application/json"));
        assert_eq!(asked.json(), body);
    }
}

#[tokio::test]
async fn all_mirrors_are_switched_at_once() {
    let stub = Stub::start(|_, _| Json(json!({ "mirrors": [changed(false), changed(false)] })));
    let run = send(&stub, "off --all --for 30m")
        .await
        .expect(0, "orders: off");
    assert_eq!(run.stdout.matches("orders: off").count(), 2);
    let asked = &stub.asked()[0];
    assert_eq!(asked.target, "/admin/mirror-control/mirrors");
    assert_eq!(asked.json(), json!({"enabled": false, "for_seconds": 1800}));
}

#[tokio::test]
async fn a_share_of_a_mirror_that_is_off_is_noted() {
    let stub = Stub::start(|_, _| Json(changed(false)));
    send(&stub, "set --mirror orders --target rewrite --percentage 5")
        .await
        .expect(
            0,
            "note: `orders` is off, so nothing is copied before `mirror on`",
        );
}

#[tokio::test]
async fn json_is_what_was_answered() {
    let stub = Stub::start(|_, _| Json(changed(false)));
    let run = send(&stub, "off --mirror orders --json")
        .await
        .expect(0, "");
    assert_eq!(
        serde_json::from_str::<Value>(&run.stdout).unwrap(),
        changed(false)
    );
}

#[tokio::test]
async fn a_refusal_says_why_and_exits_with_1() {
    for (status, body, said) in [
        (
            400,
            r#"{"error":"the percentage is odd"}"#,
            "the percentage is odd",
        ),
        (
            404,
            r#"{"error":"there is no mirror `orders`"}"#,
            "there is no mirror `orders`",
        ),
        (
            404,
            "",
            "give the URL of the control router, and not that of the page",
        ),
        (
            405,
            "",
            "give the URL of the control router, and not that of the page",
        ),
        (401, "", "no token was sent"),
        (
            403,
            r#"{"error":"the guard refused it"}"#,
            "the guard refused it: no token was sent",
        ),
        (200, "<html>", "not as a control router does"),
    ] {
        let stub = Stub::start(move |_, _| response(status, "application/json", body));
        let run = send(&stub, "off --mirror orders").await.expect(1, said);
        assert_eq!(run.stdout, "");
    }
}

#[tokio::test]
async fn a_control_router_that_is_away_is_unreachable() {
    let run = mirror(&["off", "http://127.0.0.1:1/", "--all"]).await;
    run.expect(3, "error: cannot connect to 127.0.0.1:1");
    let stub = Stub::start(|_, _| response(503, "text/plain", ""));
    send(&stub, "off --all").await.expect(3, "503");
}

#[tokio::test]
async fn a_change_goes_to_no_other_address() {
    let other = Stub::start(|_, _| Json(changed(false)));
    let to = other.url() + "/elsewhere?secret=1";
    let stub = Stub::start(move |_, _| redirect(&to).into_response());
    let run = send(&stub, "off --mirror orders").await;
    let run = run.expect(1, "changes are sent to no other address");
    assert!(
        run.stderr.contains("/elsewhere:") && !run.stderr.contains("secret"),
        "{}",
        run.stderr
    );
    assert!(other.asked().is_empty());
}
