//! A primary whose requests go to a sink, and what is in its stream.

use std::{sync::Arc, time::Duration};

use async_nats::jetstream::{self, message::StreamMessage, stream};
use axum::{Router, body::Bytes, routing::any};
use mirror_fleet::{Connection, NatsOptions, NatsSink};
use mirror_record::Record;
use mirror_runtime::{FailureKind, Mirror, RecordedExchange, Sink, SinkError, Target, TargetStats};
use testkit::{Primary, eventually, nats::NatsServer, settled};

/// Enough for all tests.
pub(crate) const MAX_BYTES: u64 = 64 << 20;

pub(crate) fn connection(server: &NatsServer) -> Connection {
    NatsOptions::new(&server.url()).unwrap().connect().unwrap()
}

pub(crate) fn sink(server: &NatsServer) -> NatsSink {
    NatsSink::builder(&connection(server), MAX_BYTES)
        .build()
        .unwrap()
}

pub(crate) async fn ready(sink: &NatsSink) {
    eventually("a stream", sink.ready()).await.unwrap();
}

/// A primary that sends back what it gets, and whose requests go to a sink.
pub(crate) struct Service {
    pub(crate) mirror: Mirror,
    pub(crate) primary: Primary,
    posted: u64,
}

impl Service {
    pub(crate) async fn of(name: &'static str, sink: NatsSink) -> Self {
        let mirror = Mirror::builder()
            .name(name)
            // What is counted is to come from the sink.
            .circuit_breaker(None)
            .target(Target::sink("log", sink).timeout(LONG).unwrap())
            .build()
            .unwrap();
        let app = Router::new().fallback(any(|body: Bytes| async { body }));
        Self {
            primary: Primary::start(app.layer(mirror.layer())).await,
            mirror,
            posted: 0,
        }
    }

    /// Sends a request, and checks that its response is what the handler made of it.
    pub(crate) async fn post(&mut self, target: &str, body: impl Into<String>) {
        let body = body.into();
        self.posted += 1;
        let response = self.primary.post(target, body.clone()).await;
        assert_eq!(response.text(), body);
    }

    /// The counters, once each record is kept or is not.
    pub(crate) async fn settled(&self) -> TargetStats {
        settled(&self.mirror, self.posted).await.remove(0)
    }

    /// How many have failed, of that kind.
    pub(crate) async fn failed(&self, kind: FailureKind) -> u64 {
        self.settled().await.failed_with(kind)
    }
}

pub(crate) async fn jetstream(server: &NatsServer) -> jetstream::Context {
    let client = eventually("a client", async_nats::connect(server.url())).await;
    jetstream::new(client.unwrap())
}

pub(crate) async fn stream(server: &NatsServer, name: &str) -> stream::Stream {
    jetstream(server).await.get_stream(name).await.unwrap()
}

/// What is in the stream, in order.
pub(crate) async fn messages(server: &NatsServer) -> Vec<StreamMessage> {
    let stream = stream(server, "MIRROR").await;
    let state = &stream.cached_info().state;
    let mut messages = Vec::new();
    // That of an empty stream may be 0, which is none.
    for number in state.first_sequence.max(1)..=state.last_sequence {
        messages.push(stream.get_raw_message(number).await.unwrap());
    }
    messages
}

/// The same, as records.
pub(crate) async fn records(server: &NatsServer) -> Vec<Record> {
    let messages = messages(server).await;
    let decode = |message: &StreamMessage| Record::decode(&message.payload).unwrap();
    messages.iter().map(decode).collect()
}

/// The targets of all records, each of which must be there once.
pub(crate) async fn targets(server: &NatsServer) -> Vec<String> {
    let records = records(server).await;
    let target = |record: &Record| String::from_utf8(record.request.target.to_vec()).unwrap();
    let mut targets: Vec<_> = records.iter().map(target).collect();
    targets.sort_unstable();
    let all = targets.len();
    targets.dedup();
    assert_eq!(targets.len(), all, "a record is there twice");
    targets
}

/// Hands a record over to the sink itself.
pub(crate) async fn keep(sink: &NatsSink, body: &str) -> Result<(), SinkError> {
    keep_to(sink, "/orders/7", body).await
}

/// The same, with a target of its own.
pub(crate) async fn keep_to(sink: &NatsSink, target: &str, body: &str) -> Result<(), SinkError> {
    let exchange = serde_json::json!({
        "mirror": "orders",
        "arrived_ns": 1_764_206_400_123_456_789_u64,
        "handler_start_us": 12,
        "first_byte_us": 1310,
        "last_byte_us": 1322,
        "completion": "complete",
        "request": {
            "method": "POST", "target": target, "headers": [], "body": body, "redacted": [],
        },
        "response": {
            "status": 200, "headers": [], "body": body, "redacted": [], "latency_us": 1310,
        },
    });
    let exchange: RecordedExchange = serde_json::from_value(exchange).unwrap();
    let target = Target::sink("log", sink.clone());
    let kept = sink.keep(Arc::new(exchange), &target);
    eventually("an outcome", kept).await
}

/// Longer than anything takes here.
const LONG: Duration = Duration::from_mins(2);

/// Shorter than that of a program: tests wait for it.
pub(crate) const SOON: Duration = Duration::from_millis(500);
