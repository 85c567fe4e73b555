//! All instances of a service, whichever of them is asked.

use axum::{Json, response::IntoResponse};
use serde_json::{Value, json};

use crate::{
    sample::{of_fleet, orders},
    support::{Asked, Stub, mirror},
};

#[tokio::test]
async fn the_report_of_the_fleet_is_that_of_all_instances_and_names_those_that_are_missing() {
    let stub = Stub::with(of_fleet("promote", None));
    let url = stub.url();
    let run = mirror(&["report", &url, "--mirror", "orders", "--fleet"]).await;
    let run = run.expect(0, "orders: 3 instances, epoch 2: 1 running, 1 finished, 1 missing (pod-2 since 2026-11-27T07:03:20Z)");
    for told in [
        "  rewrite: promote: 480 compared, none differ; missing: pod-2\n",
        "1200 received, 480 sent, 118 answered, 2 failed (timeout 2), 1080 skipped, 0 shed",
        "480 compared, 2 differ, 0 differ in noise, 0 not compared; version 2.1.0",
        "      /at (value): 2 responses  ignore = [\"/at\"]\n",
    ] {
        assert!(run.stdout.contains(told), "{told}: {run:#?}");
    }
    // Without `--fleet` it is about the instance that was asked.
    let run = mirror(&["report", &url])
        .await
        .expect(0, "rewrite: hold: too few here");
    assert!(!run.stdout.contains("instances"), "{run:#?}");
    let run = mirror(&["report", &url, "--fleet", "--json"])
        .await
        .expect(0, "");
    let json: Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(json["mirrors"][0]["targets"][0]["stats"]["sent"], 480);
    mirror(&["report", &url, "--mirror", "order"])
        .await
        .expect(2, "there is no mirror `order`");
}

#[tokio::test]
async fn the_verdict_of_the_fleet_is_the_exit() {
    for (verdict, code) in [("promote", 0), ("regressed", 1), ("hold", 2)] {
        let stub = Stub::with(of_fleet(verdict, None));
        let args = ["check", &stub.url(), "--mirror", "orders", "--fleet"];
        mirror(&args).await.expect(
            code,
            &format!("{verdict}: orders -> rewrite: 480 compared, none differ; missing: pod-2"),
        );
        mirror(&args[..4])
            .await
            .expect(2, "hold: orders -> rewrite: too few here");
    }
}

#[tokio::test]
async fn old_numbers_and_no_fleet_promote_nothing() {
    for (snapshot, said) in [
        (
            of_fleet("promote", Some("NATS is away")),
            "not up to date: NATS is away",
        ),
        (orders("promote", "good"), "the page is given no fleet"),
    ] {
        let stub = Stub::with(snapshot);
        for command in ["check", "report"] {
            mirror(&[command, &stub.url(), "--fleet"])
                .await
                .expect(3, said);
        }
    }
}

#[tokio::test]
async fn a_change_for_the_fleet_says_so() {
    let stub = Stub::start(|_, _| {
        let control = json!({ "is_enabled": false, "source": "fleet", "actor": "ada" });
        Json(json!({ "mirror": "orders", "control": control, "targets": {} })).into_response()
    });
    let url = stub.url();
    let off = ["off", &url, "--mirror", "orders", "--fleet", "--for", "1h"];
    mirror(&off).await.expect(0, "orders: off, by fleet (ada)");
    mirror(&["reset", &url, "--mirror", "orders", "--fleet"])
        .await
        .expect(0, "");
    mirror(&["on", &url, "--mirror", "orders"])
        .await
        .expect(0, "");
    let asked: Vec<_> = stub.asked().iter().map(Asked::json).collect();
    assert_eq!(
        asked,
        [
            json!({ "fleet": true, "enabled": false, "for_seconds": 3600 }),
            json!({ "fleet": true, "reset": true }),
            json!({ "enabled": true }),
        ]
    );
}
