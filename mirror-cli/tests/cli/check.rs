//! `mirror check`.

use std::{convert::Infallible, net::TcpListener};

use axum::{
    Json,
    body::{Body, Bytes},
    response::IntoResponse,
};
use serde_json::{Value, json};

use crate::{
    sample::{mirror as a_mirror, orders, snapshot, target},
    support::{Stub, mirror, redirect, response},
};

const ASKED: [&str; 4] = ["--mirror", "orders", "--target", "rewrite"];

async fn check(url: &str, args: &[&str]) -> crate::support::Run {
    mirror(&[&["check", url], args].concat()).await
}

#[tokio::test]
async fn each_verdict_has_its_exit_and_its_reason_on_one_line() {
    for (verdict, code) in [
        ("promote", 0),
        ("regressed", 1),
        ("hold", 2),
        ("not_enough_data", 2),
    ] {
        let stub = Stub::with(orders(verdict, "because of 118 comparisons"));
        let run = check(&stub.url(), &ASKED).await.expect(code, verdict);
        assert_eq!(
            run.stdout,
            format!("{verdict}: orders -> rewrite: because of 118 comparisons\n")
        );
        assert_eq!(run.stderr, "");
    }
}

#[tokio::test]
async fn a_verdict_of_a_later_release_is_a_hold() {
    let stub = Stub::with(orders("ship_it", "new"));
    check(&stub.url(), &ASKED)
        .await
        .expect(2, "hold: orders -> rewrite: new");
}

#[tokio::test]
async fn the_page_and_its_snapshot_are_both_addresses() {
    let stub = Stub::with(orders("promote", "good"));
    for path in [
        "",
        "/",
        "/admin/mirror",
        "/admin/mirror/",
        "/admin/mirror/snapshot.json",
    ] {
        check(&format!("{}{path}", stub.url()), &ASKED)
            .await
            .expect(0, "promote");
    }
    let targets: Vec<_> = stub.asked().into_iter().map(|asked| asked.target).collect();
    assert_eq!(targets[..2], ["/snapshot.json?mirror=orders"; 2]);
    assert_eq!(
        targets[2..],
        ["/admin/mirror/snapshot.json?mirror=orders"; 3]
    );
}

#[tokio::test]
async fn what_is_not_there_is_undecided_and_what_is_there_is_named() {
    let all = snapshot(&[
        a_mirror("orders", &[target("rewrite", "promote", "good")]),
        a_mirror("users", &[target("canary", "promote", "good")]),
    ]);
    // As the page does: 404 for one that it does not know.
    let stub = Stub::start(move |_, asked| {
        if asked.target.ends_with("mirror=orders") || !asked.target.contains('?') {
            Json(all.clone()).into_response()
        } else {
            response(
                404,
                "application/json",
                r#"{"error":"there is no mirror of this name"}"#,
            )
        }
    });
    for (args, said) in [
        (
            ["--mirror", "ordres", "--target", "rewrite"],
            "not_found: there is no mirror `ordres`: there is `orders`",
        ),
        (
            ["--mirror", "zzz", "--target", "rewrite"],
            "not_found: there is no mirror `zzz`: there are `orders`, `users`",
        ),
        (
            ["--mirror", "orders", "--target", "zzz"],
            "not_found: the mirror `orders` has no target `zzz`: there are `rewrite`",
        ),
    ] {
        check(&stub.url(), &args).await.expect(2, said);
    }
    check(&Stub::with(snapshot(&[])).url(), &[])
        .await
        .expect(2, "the program has no mirrors");
}

#[tokio::test]
async fn a_mirror_without_traffic_or_comparison_is_undecided() {
    let mut unused = a_mirror(
        "orders",
        &[target("rewrite", Value::Null, "no traffic yet")],
    );
    unused["has_traffic"] = json!(false);
    unused["verdict"] = json!("not_enough_data");
    unused["reason"] = json!("no traffic yet");
    let stub = Stub::with(snapshot(&[unused]));
    check(&stub.url(), &ASKED)
        .await
        .expect(2, "not_enough_data: orders -> rewrite: no traffic yet");
    check(&stub.url(), &[])
        .await
        .expect(2, "not_enough_data: orders: no traffic yet");

    let stub = Stub::with(orders(Value::Null, "its responses are not compared"));
    let said = "not_compared: orders -> rewrite: its responses are not compared";
    check(&stub.url(), &ASKED).await.expect(2, said);
    check(&stub.url(), &[])
        .await
        .expect(2, "not_compared: orders");
}

#[tokio::test]
async fn without_a_target_the_worst_decides() {
    let mut baseline = target("old", Value::Null, "the baseline");
    baseline["is_baseline"] = json!(true);
    for (verdicts, code, said) in [
        (["promote", "promote"], 0, "(and 1 more that promote)"),
        (["promote", "hold"], 2, "hold: orders -> b"),
        (["hold", "not_enough_data"], 2, "hold: orders -> a"),
        (["regressed", "promote"], 1, "regressed: orders -> a"),
        (["hold", "regressed"], 1, "regressed: orders -> b"),
    ] {
        let targets = [
            target("a", verdicts[0], "x"),
            target("b", verdicts[1], "x"),
            target("log", Value::Null, "its responses are not compared"),
            baseline.clone(),
        ];
        let stub = Stub::with(snapshot(&[a_mirror("orders", &targets)]));
        check(&stub.url(), &["--mirror", "orders"])
            .await
            .expect(code, said);
        check(&stub.url(), &["--mirror", "orders", "--target", "old"])
            .await
            .expect(2, "not_compared");
        // The same, if they are of two mirrors.
        let [a, b, ..] = targets;
        let stub = Stub::with(snapshot(&[a_mirror("one", &[a]), a_mirror("two", &[b])]));
        check(&stub.url(), &[]).await.expect(code, "");
    }
}

#[tokio::test]
async fn a_mirror_that_is_off_says_so() {
    let mut off = orders("promote", "good");
    off["mirrors"][0]["control"]["is_enabled"] = json!(false);
    check(&Stub::with(off).url(), &ASKED)
        .await
        .expect(0, "good; the mirror is off");
}

#[tokio::test]
async fn what_is_no_snapshot_is_unreachable() {
    let broken = orders("promote", "good")
        .to_string()
        .replace("\"targets\"", "\"t\"");
    let mut newer = orders("promote", "good");
    newer["version"] = json!(2);
    for (status, kind, body, said) in [
        (
            200,
            "text/html",
            "<html>".to_owned(),
            "perhaps one to log in",
        ),
        (200, "application/json", "{}".to_owned(), "is no snapshot"),
        (200, "application/json", broken, "missing field `targets`"),
        (
            200,
            "application/json",
            newer.to_string(),
            "of version 2, and this program reads version 1",
        ),
        (
            200,
            "application/json",
            r#"{"version":2}"#.to_owned(),
            "of version 2",
        ),
        (
            404,
            "text/plain",
            String::new(),
            "the URL at which the program mounts the page",
        ),
        (
            500,
            "text/plain",
            String::new(),
            "responded with 500 Internal Server Error",
        ),
        (204, "text/plain", String::new(), "responded with 204"),
    ] {
        let stub = Stub::start(move |_, _| response(status, kind, body.clone()));
        let run = check(&format!("{}/m", stub.url()), &ASKED)
            .await
            .expect(3, said);
        assert!(run.stdout.starts_with("unreachable: ") && run.stdout.lines().count() == 1);
    }
}

#[tokio::test]
async fn a_closed_port_and_an_unknown_host_are_unreachable() {
    // Nothing listens where something has just stopped to.
    let port = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    check(&format!("http://127.0.0.1:{port}"), &[])
        .await
        .expect(3, "connection refused; does the program run");
    check("http://nobody.invalid", &[])
        .await
        .expect(3, "unreachable: ");
}

#[tokio::test]
async fn a_server_that_accepts_nothing_is_given_up_in_time() {
    let hole = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", hole.local_addr().unwrap());
    check(&url, &["--timeout", "200ms"])
        .await
        .expect(3, "no response from 127.0.0.1");
    // Also while it waits: 10 s are for one request, and the wait is over sooner.
    check(
        &url,
        &[
            "--timeout",
            "200ms",
            "--wait",
            "400ms",
            "--interval",
            "100ms",
        ],
    )
    .await
    .expect(3, "within 200ms");
}

#[tokio::test]
async fn a_body_without_end_is_cut_off() {
    let stub = Stub::start(|_, _| {
        let chunk = Bytes::from(vec![b' '; 1 << 20]);
        let endless = futures_util::stream::repeat_with(move || Ok::<_, Infallible>(chunk.clone()));
        Body::from_stream(endless)
    });
    check(&stub.url(), &["--timeout", "1m"])
        .await
        .expect(3, "is larger than 64 MiB");
}

#[tokio::test]
async fn waiting_ends_when_the_verdict_turns() {
    for (verdict, code) in [("promote", 0), ("regressed", 1)] {
        let stub = Stub::start(move |number, _| match number {
            0 => response(503, "text/plain", "starting"),
            1 => response(404, "text/plain", "starting"),
            2 | 3 => Json(orders("not_enough_data", "3 compared, 100 are needed")).into_response(),
            _ => Json(orders(verdict, "100 compared")).into_response(),
        });
        let args = [&ASKED[..], &["--wait", "10m", "--interval", "100ms"]].concat();
        let run = check(&stub.url(), &args).await.expect(code, verdict);
        assert_eq!(
            run.stdout,
            format!("{verdict}: orders -> rewrite: 100 compared\n")
        );
        assert!(
            run.stderr.contains("waiting: not_enough_data: "),
            "{}",
            run.stderr
        );
        assert!(stub.asked().len() >= 5);
    }
}

#[tokio::test]
async fn waiting_ends_with_the_last_verdict_when_the_time_is_over() {
    let stub = Stub::with(orders("hold", "not yet"));
    let args = [&ASKED[..], &["--wait", "300ms", "--interval", "100ms"]].concat();
    check(&stub.url(), &args)
        .await
        .expect(2, "hold: orders -> rewrite: not yet");
    assert!(stub.asked().len() >= 2, "{:?}", stub.asked());
}

#[tokio::test]
async fn waiting_is_of_no_use_for_who_may_not() {
    for status in [401, 403] {
        let stub = Stub::start(move |_, _| response(status, "text/plain", ""));
        check(&stub.url(), &["--wait", "10m"])
            .await
            .expect(3, "no token was sent");
        assert_eq!(stub.asked().len(), 1);
    }
}

#[tokio::test]
async fn json_has_the_verdict_and_all_that_was_looked_at() {
    let stub = Stub::with(orders("hold", "about 390 more"));
    let args = [&ASKED[..], &["--json"]].concat();
    let run = check(&stub.url(), &args).await.expect(2, "");
    let json: Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(
        json,
        json!({
            "result": "hold", "exit_code": 2, "verdict": "hold", "mirror": "orders",
            "target": "rewrite", "reason": "about 390 more",
            "targets": [{
                "mirror": "orders", "target": "rewrite", "verdict": "hold",
                "reason": "about 390 more", "needed": 390, "compared": 118, "is_enabled": true,
            }],
        })
    );
    let run = check("http://127.0.0.1:1", &["--json"]).await.expect(3, "");
    let json: Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(
        (&json["result"], &json["exit_code"]),
        (&json!("unreachable"), &json!(3))
    );
}

#[tokio::test]
async fn redirects_are_followed_and_loops_are_not() {
    let stub = Stub::start(|_, asked| {
        if asked.target.starts_with("/new/") {
            Json(orders("promote", "good")).into_response()
        } else if asked.target.starts_with("/old/") {
            redirect("/new/snapshot.json")
        } else {
            redirect(&asked.target)
        }
    });
    check(&format!("{}/old", stub.url()), &ASKED)
        .await
        .expect(0, "promote");
    check(&format!("{}/loop", stub.url()), &ASKED)
        .await
        .expect(3, "redirects more than 5 times");
}

#[tokio::test]
async fn a_reader_who_has_gone_does_not_change_the_exit() {
    let stub = Stub::with(orders("promote", "good"));
    let mut command = crate::support::command(&["check", &stub.url()]);
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let status = command.stdout(writer).status().await.unwrap();
    assert_eq!(status.code(), Some(0));
}
