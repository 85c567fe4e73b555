//! NATS that is away, comes back, or says nothing.

use std::time::Duration;

use futures_util::future::join_all;
use mirror_fleet::NatsSink;
use mirror_runtime::{FailureKind, MirrorError, SinkError};
use testkit::{
    nats::{NatsServer, programs},
    until,
};

use super::support::*;

#[tokio::test(flavor = "multi_thread")]
async fn a_nats_that_is_not_there_costs_the_primary_nothing_and_is_used_once_it_is() {
    for (_, program) in programs() {
        let mut server = NatsServer::of(&program, "");
        server.kill();
        let sink = NatsSink::builder(&connection(&server), MAX_BYTES)
            .ack_timeout(SOON)
            .build()
            .unwrap();
        let mut service = Service::of("orders", sink.clone()).await;
        for _ in 0..20 {
            service.post("/away", "hello").await;
        }
        assert_eq!(service.failed(FailureKind::Closed).await, 20);
        server.restart();
        ready(&sink).await;
        service.post("/there", "hello").await;
        let stats = service.settled().await;
        assert_eq!(stats.answered, 1, "{stats}");
        assert_eq!(targets(&server).await, ["/there"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_in_the_middle_loses_no_record_and_doubles_none() {
    for (_, program) in programs() {
        let mut server = NatsServer::of(&program, "");
        // Far longer than the restart takes: what is lost on its way is sent again because there is
        // a new connection, and not because of the time.
        let connection = connection(&server);
        let builder = || {
            let builder = NatsSink::builder(&connection, MAX_BYTES);
            builder.duplicate_window(Duration::from_hours(3))
        };
        let sink = builder().ack_timeout(Duration::from_hours(2));
        let sink = sink.build().unwrap();
        ready(&sink).await;
        // Of the same connection.
        let probe = builder().ack_timeout(SOON).build().unwrap();
        ready(&probe).await;
        let mut service = Service::of("orders", sink.clone()).await;
        let mut sent = 0;
        for turn in 0..3 {
            for _ in 0..100 {
                service.post(&format!("/{sent:04}"), "hello").await;
                sent += 1;
            }
            if turn < 2 {
                // Some that it has not yet acknowledged, or not even read.
                service.settled().await;
                server.pause();
                for _ in 0..20 {
                    service.post(&format!("/{sent:04}"), "hello").await;
                    sent += 1;
                }
                let handed_over = || service.mirror.stats().targets[0].in_flight == 20;
                until("all are handed over", handed_over).await;
                // What was handed over before this was sent before it gives up.
                let late = keep_to(&probe, &format!("/probe/{turn}"), "hello").await;
                assert!(matches!(late, Err(SinkError::AckTimeout)), "{late:?}");
                server.kill();
                // Some while it is away.
                for _ in 0..20 {
                    service.post(&format!("/{sent:04}"), "hello").await;
                    sent += 1;
                }
                server.restart();
            }
        }
        let stats = service.settled().await;
        let stored = targets(&server).await;
        let is_ours = |target: &&String| !target.starts_with("/probe");
        let stored = stored.iter().filter(is_ours).count() as u64;
        assert_eq!((stats.answered, stats.failed), (sent, 0), "{stats}");
        assert_eq!(stored, sent, "{stats}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_says_nothing_is_told_as_a_late_acknowledgement() {
    for (_, program) in programs() {
        let server = NatsServer::of(&program, "");
        let sink = NatsSink::builder(&connection(&server), MAX_BYTES)
            .ack_timeout(SOON)
            .build()
            .unwrap();
        keep(&sink, "before").await.unwrap();
        server.pause();
        let error = keep(&sink, "silence").await.unwrap_err();
        assert!(matches!(error, SinkError::AckTimeout), "{error:?}");
        server.resume();
        let mut kept = keep(&sink, "after").await;
        while kept.is_err() {
            kept = keep(&sink, "after").await;
        }
        // Each was sent twice, and none is there twice.
        let mut ids: Vec<_> = records(&server)
            .await
            .iter()
            .map(|record| record.id)
            .collect();
        let all = ids.len();
        ids.dedup();
        assert!(all >= 3 && ids.len() == all, "{ids:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_finds_no_place_is_refused_at_once() {
    let Some(mut server) = NatsServer::start() else {
        return;
    };
    server.kill();
    let builder = || NatsSink::builder(&connection(&server), MAX_BYTES).ack_timeout(SOON);
    let kinds = |outcomes: Vec<Result<(), SinkError>>| {
        let kind = |outcome: Result<(), SinkError>| {
            MirrorError::from(outcome.unwrap_err()).kind().as_str()
        };
        outcomes.into_iter().map(kind).collect::<Vec<_>>()
    };
    let few = builder().max_records(2).build().unwrap();
    let outcomes = join_all((0..3).map(|_| keep(&few, "hello"))).await;
    assert_eq!(kinds(outcomes), ["closed", "closed", "queue_full"]);
    // The places are free again.
    assert_eq!(kinds(vec![keep(&few, "hello").await]), ["closed"]);

    let small = builder().max_queued_bytes(4096).build().unwrap();
    let body = "x".repeat(1000);
    let outcomes = join_all((0..3).map(|_| keep(&small, &body))).await;
    assert_eq!(kinds(outcomes), ["closed", "queue_full", "queue_full"]);
    let outcome = keep(&small, &"x".repeat(4096)).await;
    assert_eq!(kinds(vec![outcome]), ["too_large"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_that_is_deleted_is_made_anew() {
    for (_, program) in programs() {
        let server = NatsServer::of(&program, "");
        let sink = sink(&server);
        keep(&sink, "before").await.unwrap();
        let context = jetstream(&server).await;
        context.delete_stream("MIRROR").await.unwrap();
        // The server takes none of them at first, and all of them later, in the same order.
        let after: Vec<_> = (0..20).map(|number| format!("/{number:02}")).collect();
        let kept = after.iter().map(|target| keep_to(&sink, target, "after"));
        assert!(join_all(kept).await.iter().all(Result::is_ok));
        let records = records(&server).await;
        let targets = records.iter().map(|record| &record.request.target);
        assert!(targets.eq(&after), "{records:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sink_that_is_dropped_while_nats_is_away_ends() {
    let Some(mut server) = NatsServer::start() else {
        return;
    };
    let sink = NatsSink::builder(&connection(&server), MAX_BYTES);
    let sink = sink.ack_timeout(SOON).build().unwrap();
    ready(&sink).await;
    server.kill();
    let kept = keep(&sink, "away").await;
    assert!(kept.is_err());
    drop(sink);
    server.restart();
    until("nobody comes back", || server.connections() == 0).await;
}
