//! Streams that are not as they should be, and records that do not fit.

use std::time::Duration;

use async_nats::jetstream::stream::{Config, DiscardPolicy, RetentionPolicy};
use mirror_fleet::{Discard, NatsError, NatsSink};
use mirror_runtime::{FailureKind, SinkError};
use testkit::{
    eventually,
    nats::{NatsServer, programs},
};

use super::support::*;

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_with_other_bounds_is_told_and_left_as_it_is() {
    for (_, program) in programs() {
        let server = NatsServer::of(&program, "");
        let context = jetstream(&server).await;
        let other = Config {
            name: "MIRROR".to_owned(),
            subjects: vec!["mirror.v1.>".to_owned()],
            max_age: Duration::from_hours(1000),
            discard: DiscardPolicy::New,
            retention: RetentionPolicy::WorkQueue,
            ..Config::default()
        };
        context.create_stream(other).await.unwrap();
        let sink = sink(&server);
        let error = eventually("an error", sink.ready()).await.unwrap_err();
        assert!(matches!(error, NatsError::Differs { .. }), "{error:?}");
        let told = error.to_string();
        for part in [
            "the stream `MIRROR` exists, and differs",
            "its max_bytes is unlimited, not 67108864 bytes",
            "its max_age is 3600000s, not 86400s",
            "its discard policy is new, not old",
            "its retention is workqueue, not limits",
            "nats stream edit MIRROR",
        ] {
            assert!(told.contains(part), "{part}: {told}");
        }
        assert!(!told.contains("replicas"), "{told}");
        let failed = keep(&sink, "lost").await.unwrap_err().to_string();
        assert!(failed.contains("differs"), "{failed}");
        let mut service = Service::of("orders", sink).await;
        service.post("/", "hello").await;
        assert_eq!(service.failed(FailureKind::Sink).await, 1);
        assert_eq!(messages(&server).await.len(), 0);
    }
}

/// Whoever gives the stream more room does not lose records for it when its servers come back.
#[tokio::test(flavor = "multi_thread")]
async fn a_stream_whose_bounds_are_changed_while_it_is_written_to_takes_records() {
    for (_, program) in programs() {
        let mut server = NatsServer::of(&program, "");
        let sink = sink(&server);
        ready(&sink).await;
        keep(&sink, "before").await.unwrap();
        let context = jetstream(&server).await;
        let stream = context.get_stream("MIRROR").await.unwrap();
        let config = stream.cached_info().config.clone();
        let changed = Config {
            max_bytes: 2 * config.max_bytes,
            max_age: 2 * config.max_age,
            discard: DiscardPolicy::New,
            ..config.clone()
        };
        context.update_stream(changed).await.unwrap();
        // Nobody takes a record while there is no JetStream: the sink looks at the stream again.
        server.kill();
        server.restart_with("jetstream: disabled");
        keep(&sink, "without").await.unwrap_err();
        server.kill();
        server.restart_with("");
        eventually("a record that is kept", async {
            while keep(&sink, "after").await.is_err() {}
        })
        .await;
        // One that is of another kind is none.
        let context = jetstream(&server).await;
        context.delete_stream("MIRROR").await.unwrap();
        let other = Config {
            retention: RetentionPolicy::WorkQueue,
            ..config
        };
        context.create_stream(other).await.unwrap();
        server.kill();
        server.restart_with("jetstream: disabled");
        keep(&sink, "without").await.unwrap_err();
        server.kill();
        server.restart_with("");
        let refused = eventually("an error", async {
            loop {
                match keep(&sink, "refused").await {
                    Err(error) if error.to_string().contains("differs") => break error,
                    _ => {}
                }
            }
        })
        .await;
        assert!(
            refused.to_string().contains("its retention is workqueue"),
            "{refused}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_without_room_for_the_stream_is_told() {
    let Some(server) = NatsServer::start() else {
        return;
    };
    let sink = NatsSink::builder(&connection(&server), MAX_BYTES);
    let sink = sink.replicas(3).build().unwrap();
    let error = eventually("an error", sink.ready()).await.unwrap_err();
    let told = error.to_string();
    assert!(
        told.contains("`MIRROR`") && told.contains("replicas"),
        "{told}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn records_over_the_max_payload_of_the_server_are_too_large() {
    for (_, program) in programs() {
        let server = NatsServer::of(&program, "max_payload: 4096\n");
        let mut service = Service::of("orders", sink(&server)).await;
        service.post("/small", "hello").await;
        service.post("/large", "x".repeat(4096)).await;
        service.post("/small-again", "hello").await;
        let stats = service.settled().await;
        assert_eq!(stats.failed_with(FailureKind::TooLarge), 1, "{stats}");
        assert_eq!(stats.answered, 2, "{stats}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_stream_that_refuses_records_is_told() {
    for (_, program) in programs() {
        let server = NatsServer::of(&program, "");
        let sink = NatsSink::builder(&connection(&server), 8192)
            .discard(Discard::New)
            .build()
            .unwrap();
        let body: String = (0..1024)
            .map(|n: u32| char::from(b'a' + (n * n % 23) as u8))
            .collect();
        let mut kept = 0;
        let error = loop {
            match keep(&sink, &body).await {
                Ok(()) => kept += 1,
                Err(error) => break error,
            }
            assert!(kept < 100);
        };
        assert!(kept > 0);
        let told = error.to_string();
        assert!(told.contains("the stream MIRROR is full"), "{told}");
        assert!(matches!(error, SinkError::Other(_)));
        assert_eq!(messages(&server).await.len(), kept);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_stream_lets_go_of_its_oldest_records_by_default() {
    for (_, program) in programs() {
        let server = NatsServer::of(&program, "");
        let sink = NatsSink::builder(&connection(&server), 8192)
            .build()
            .unwrap();
        let mut service = Service::of("orders", sink).await;
        for number in 0..50 {
            service
                .post(&format!("/{number:02}"), "x".repeat(512))
                .await;
        }
        let stats = service.settled().await;
        assert_eq!(stats.answered, 50, "{stats}");
        let targets = targets(&server).await;
        assert!(targets.len() < 50, "{targets:?}");
        assert_eq!(targets.last().unwrap(), "/49");
    }
}
