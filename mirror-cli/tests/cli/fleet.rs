//! All instances of a service, whichever of them is asked.

use std::process::Stdio;

use axum::{Json, response::IntoResponse};
use serde_json::{Value, json};
use testkit::eventually;
use tokio::io::{AsyncBufReadExt, BufReader};

use crate::{
    sample::{of_fleet, orders},
    support::{Asked, Stub, command, mirror},
};

#[tokio::test]
async fn the_report_of_the_fleet_is_that_of_all_instances_and_names_those_that_are_missing() {
    let stub = Stub::with(of_fleet("promote", None));
    let url = stub.url();
    let run = mirror(&["report", &url, "--mirror", "orders", "--fleet"]).await;
    let run = run.expect(0, "orders: 3 instances, epoch 2: 1 running, 1 finished, 1 missing (pod-2 since 2026-11-27T07:03:20Z)");
    for told in [
        "\n  set for the fleet: off, by ada, until 2026-11-27T08:03:20Z: too slow\n",
        "\n  set for all mirrors of the fleet: rewrite: 5%\n",
        "\n  in the instance that was asked: on\n",
        "\n  in the instance that was asked: rewrite: 5% (10% in the code), by api (alice)\n",
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
async fn what_is_watched_of_a_fleet_is_what_is_reported() {
    let stub = Stub::with(of_fleet("promote", None));
    let url = stub.url();
    let run = mirror(&["watch", &url, "--fleet", "--once"]).await;
    let run = run.expect(0, "");
    let lines: Vec<_> = run.stdout.lines().collect();
    assert_eq!(lines.len(), 2);
    let cells: Vec<_> = lines[1].split_whitespace().take(10).collect();
    assert_eq!(
        cells[1..],
        [
            "orders", "rewrite", "promote", "5%", "-/s", "480", "2", "1", "on"
        ]
    );
    let (_, reason) = lines[1].split_once("  on  ").unwrap();
    assert_eq!(
        reason.trim(),
        "480 compared, none differ; missing: pod-2; 1/3 instances running; set for the fleet: off, \
         by ada, until 2026-11-27T08:03:20Z: too slow; set for all mirrors of the fleet: rewrite: 5%"
    );
    // Without `--fleet` it is about the instance that was asked.
    let run = mirror(&["watch", &url, "--once"])
        .await
        .expect(0, "too few here");
    assert!(!run.stdout.contains("instances"), "{run:#?}");
    // Only the summary is asked for, of one mirror if that was named.
    mirror(&["watch", &url, "--fleet", "--once", "--mirror", "orders"])
        .await
        .expect(0, "480");
    let asked = stub.asked();
    let asked: Vec<_> = asked.iter().map(|asked| &*asked.target).collect();
    assert_eq!(asked[0], "/snapshot.json?summary=true");
    assert_eq!(asked[2], "/snapshot.json?summary=true&mirror=orders");
}

#[tokio::test]
async fn old_numbers_of_a_fleet_are_watched_and_called_so() {
    let stub = Stub::start(|number, _| {
        let error = (number > 0).then_some("NATS is away");
        let mut snapshot = of_fleet("promote", error);
        // Whichever instance responds.
        snapshot["process"] = format!("instance {number}").into();
        Json(snapshot).into_response()
    });
    let args = ["watch", &stub.url(), "--fleet", "--interval", "100ms"];
    let mut child = command(&args)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stderr = BufReader::new(child.stderr.take().unwrap()).lines();
    let line = eventually("a line", stderr.next_line()).await;
    let line = line.unwrap().unwrap();
    assert!(line.ends_with("not up to date: NATS is away"), "{line}");
    let _ = child.kill().await;
    for (snapshot, said) in [
        (
            of_fleet("promote", Some("NATS is away")),
            "not up to date: NATS is away",
        ),
        (orders("promote", "good"), "the page is given no fleet"),
    ] {
        let stub = Stub::with(snapshot);
        mirror(&["watch", &stub.url(), "--fleet", "--once"])
            .await
            .expect(3, said);
    }
    let stub = Stub::with(orders("promote", "good"));
    mirror(&["watch", &stub.url(), "--fleet"])
        .await
        .expect(3, "the page is given no fleet");
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
    // They are shown all the same.
    let stub = Stub::with(of_fleet("promote", Some("NATS is away")));
    let run = mirror(&["report", &stub.url(), "--fleet"]).await;
    run.expect(3, "1200 received, 480 sent, 118 answered");
}

#[tokio::test]
async fn the_verdict_of_one_instance_is_none_of_a_fleet_that_knows_nothing_yet() {
    let mut snapshot = of_fleet("promote", None);
    let mirrors = snapshot["mirrors"].as_array_mut().unwrap();
    mirrors[0]["targets"][0]["verdict"] = "promote".into();
    let fleet = &mut mirrors[0]["fleet"];
    fleet["targets"] = json!([]);
    (fleet["verdict"], fleet["reason"]) = (Value::Null, "no traffic yet".into());
    let stub = Stub::with(snapshot);
    mirror(&["check", &stub.url(), "--mirror", "orders"])
        .await
        .expect(0, "promote");
    mirror(&["check", &stub.url(), "--mirror", "orders", "--fleet"])
        .await
        .expect(
            2,
            "not_enough_data: orders -> rewrite: no instance has said anything",
        );
}

#[tokio::test]
async fn copies_under_way_are_counted_and_one_response_is_one() {
    let mut snapshot = of_fleet("hold", None);
    let target = &mut snapshot["mirrors"][0]["fleet"]["targets"][0];
    target["stats"]["in_flight"] = 3.into();
    target["report"]["differences"][0]["comparisons"] = 1.into();
    let stub = Stub::with(snapshot);
    let run = mirror(&["report", &stub.url(), "--fleet"]).await;
    let run = run.expect(0, "2 failed (timeout 2), 3 in flight, 1080 skipped");
    assert!(run.stdout.contains("/at (value): 1 response  "), "{run:#?}");
}

#[tokio::test]
async fn a_change_for_the_fleet_says_so() {
    let stub = Stub::start(|_, asked| {
        let control = json!({ "is_enabled": true, "source": "api", "actor": "alice" });
        let mut state = json!({ "mirror": "orders", "control": control, "targets": {} });
        let asked = asked.json();
        if asked["fleet"] == true {
            let off = json!([{
                "is_enabled": false, "actor": "ada", "until_unix_s": 1_795_766_600,
            }]);
            let is_off = asked["enabled"] == false;
            state["fleet"] = if is_off { off } else { json!([]) };
        }
        Json(state).into_response()
    });
    let url = stub.url();
    let off = ["off", &url, "--mirror", "orders", "--fleet", "--for", "1h"];
    // What is set for the fleet comes first, whatever counts in the instance that is asked.
    let run = mirror(&off).await.expect(0, "");
    assert_eq!(
        run.stdout,
        "orders: set for the fleet: off, by ada, until 2026-11-27T08:03:20Z\n\
         \x20 in the instance that was asked: on, by api (alice)\n"
    );
    let run = mirror(&["reset", &url, "--mirror", "orders", "--fleet"]).await;
    let run = run.expect(0, "orders: nothing is set for the fleet\n");
    assert!(run.stdout.ends_with("asked: on, by api (alice)\n"));
    mirror(&["on", &url, "--mirror", "orders"])
        .await
        .expect(0, "orders: on, by api (alice)\n");
    let why = ["--fleet", "--reason", "2.1"];
    let args = ["restart-report", &url, "--mirror", "orders"];
    mirror(&[&args[..], &why].concat())
        .await
        .expect(0, "orders: the report is begun anew\n");
    let asked: Vec<_> = stub.asked().iter().map(Asked::json).collect();
    assert_eq!(
        asked,
        [
            json!({ "fleet": true, "enabled": false, "for_seconds": 3600 }),
            json!({ "fleet": true, "reset": true }),
            json!({ "enabled": true }),
            json!({ "fleet": true, "restart_report": true, "reason": "2.1" }),
        ]
    );
}
