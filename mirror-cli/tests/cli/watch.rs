//! `mirror watch` in a pipe.

use std::process::Stdio;

use axum::{Json, response::IntoResponse};
use serde_json::json;
use testkit::eventually;
use tokio::io::{AsyncBufReadExt, BufReader, Lines};

use crate::{
    sample::{mirror as a_mirror, orders, snapshot, target},
    support::{Stub, command, mirror, response},
};

#[tokio::test]
async fn once_prints_a_line_for_each_target_and_ends() {
    let stub = Stub::with(snapshot(&[
        a_mirror(
            "orders",
            &[
                target("rewrite", "hold", "about 390 more"),
                target("canary", "promote", "good"),
            ],
        ),
        a_mirror(
            "a name with spaces",
            &[target("x", "regressed", "many differ")],
        ),
    ]));
    let run = mirror(&["watch", &stub.url(), "--once"])
        .await
        .expect(0, "");
    let lines: Vec<Vec<_>> = run
        .stdout
        .lines()
        .map(|line| line.split_whitespace().collect())
        .collect();
    assert_eq!(lines.len(), 4);
    assert_eq!(
        lines[0],
        [
            "TIME", "MIRROR", "TARGET", "VERDICT", "SHARE", "RATE", "SENT", "FAILED", "DIFFER",
            "STATE", "REASON"
        ]
    );
    assert_eq!(
        lines[1],
        [
            "2026-11-27T07:20:00Z",
            "orders",
            "rewrite",
            "hold",
            "5%",
            "4.8/s",
            "120",
            "2",
            "1",
            "on",
            "about",
            "390",
            "more"
        ]
    );
    assert_eq!(lines[3][1..4], ["a_name_with_spaces", "x", "regressed"]);
    assert_eq!(stub.asked()[0].target, "/snapshot.json?summary=true");
}

#[tokio::test]
async fn once_says_what_is_wrong() {
    mirror(&["watch", "http://127.0.0.1:1", "--once"])
        .await
        .expect(3, "connection refused");
    let stub = Stub::start(|_, _| response(404, "text/plain", ""));
    mirror(&["watch", &stub.url()])
        .await
        .expect(3, "mounts the page");
    let stub = Stub::with(snapshot(&[]));
    mirror(&["watch", &stub.url(), "--once"])
        .await
        .expect(0, "the program has no mirrors");
}

async fn line<R: tokio::io::AsyncRead + Unpin>(lines: &mut Lines<BufReader<R>>) -> String {
    eventually("a line", lines.next_line())
        .await
        .unwrap()
        .unwrap()
}

#[tokio::test]
async fn changes_are_printed_and_a_server_that_goes_away_is_survived() {
    let stub = Stub::start(|number, _| match number {
        0 | 1 | 5 => Json(orders("hold", "not yet")).into_response(),
        2..=4 => response(503, "text/plain", ""),
        _ => {
            let mut turned = orders("promote", "good");
            turned["process"] = json!("another");
            Json(turned).into_response()
        }
    });
    let mut child = command(&["watch", &stub.url(), "--interval", "100ms"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdout = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut stderr = BufReader::new(child.stderr.take().unwrap()).lines();
    assert!(line(&mut stdout).await.starts_with("TIME"));
    assert!(line(&mut stdout).await.ends_with("not yet"));
    // Nothing is said of what has not changed.
    assert!(line(&mut stdout).await.ends_with("good"));
    assert!(
        line(&mut stderr)
            .await
            .contains("503 Service Unavailable; trying again")
    );
    assert!(line(&mut stderr).await.ends_with("it responds"));
    assert!(
        line(&mut stderr)
            .await
            .ends_with("the program has begun anew, and so have its counts")
    );
    drop(stdout);
}

#[tokio::test]
async fn it_ends_if_nobody_reads() {
    // Each snapshot differs from the one before.
    let stub = Stub::start(|number, _| Json(orders("hold", &format!("look {number}"))));
    let mut child = command(&["watch", &stub.url(), "--interval", "100ms"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdout = BufReader::new(child.stdout.take().unwrap()).lines();
    line(&mut stdout).await;
    drop(stdout);
    let status = eventually("the program ends", child.wait()).await.unwrap();
    assert_eq!(status.code(), Some(0));
}
