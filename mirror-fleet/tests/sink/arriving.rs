//! What is in the stream.

use std::{
    collections::{HashMap, HashSet},
    sync::{LazyLock, OnceLock},
    time::Duration,
};

use async_nats::{HeaderMap, jetstream::stream::Compression};
use mirror_fleet::{NatsOptions, NatsSink, subject, subjects};
use mirror_record::{Outcome, Record};
use mirror_runtime::{Mirror, Sticky, Target, mirror, mirror_named};
use testkit::{
    Primary, eventually,
    nats::{NatsServer, program, programs},
    settled, until,
};

use super::support::*;

fn text<'a>(headers: &'a HeaderMap, name: &str) -> &'a str {
    headers.get(name).unwrap().as_str()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_arrives_with_its_headers_and_decodes_to_what_was_sent() {
    for (version, program) in programs() {
        let server = NatsServer::of(&program, "");
        let mut service = Service::of("orders.eu *", sink(&server)).await;
        let traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        let request = axum::http::Request::post("/orders/7?a=b").header("traceparent", traceparent);
        let response = service
            .primary
            .send(request.body("hello".into()).unwrap())
            .await;
        assert_eq!(response.text(), "hello");
        // One after another: secrets are taken out on several threads.
        settled(&service.mirror, 1).await;
        service.post("/orders/8", "more").await;
        let stats = settled(&service.mirror, 2).await.remove(0);
        assert_eq!(stats.answered, 2, "{version}: {stats}");

        let found = messages(&server).await;
        assert_eq!(found.len(), 2);
        let message = &found[0];
        let record = Record::decode(&message.payload).unwrap();
        assert_eq!(record.mirror, "orders.eu *");
        assert_eq!(record.outcome, Outcome::Complete);
        assert!((record.share - 100.0).abs() < f64::EPSILON);
        assert_eq!(record.request.method, "POST");
        assert_eq!(record.request.target, "/orders/7?a=b");
        assert_eq!(record.request.body.as_deref(), Some(&b"hello"[..]));
        let kept = record.response.as_ref().unwrap();
        assert_eq!(
            (kept.status, kept.body.as_deref()),
            (200, Some(&b"hello"[..]))
        );

        let id = record.id.to_string();
        let headers = &message.headers;
        assert_eq!(text(headers, "Nats-Msg-Id"), id);
        assert_eq!(text(headers, "ce-id"), id);
        assert_eq!(text(headers, "ce-source"), "/mirror/orders%2Eeu%20%2A");
        assert_eq!(text(headers, "ce-type"), "mirror.record.v1");
        assert_eq!(text(headers, "ce-specversion"), "1.0");
        let time = text(headers, "ce-time");
        assert!(time.starts_with("20") && time.ends_with('Z'), "{time}");
        assert_eq!(text(headers, "traceparent"), traceparent);
        assert!(found[1].headers.get("traceparent").is_none());
        assert_eq!(
            message.subject.as_str(),
            subject("orders.eu *", record.shard(16))
        );
        assert_eq!(subjects("orders.eu *"), "mirror.v1.orders%2Eeu%20%2A.*");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn all_requests_of_a_session_are_in_one_shard() {
    let Some(server) = NatsServer::start() else {
        return;
    };
    let mirror = Mirror::builder()
        .name("orders")
        .sticky(Sticky::Header("x-user"))
        .target(Target::sink("log", sink(&server)))
        .build()
        .unwrap();
    let app = axum::Router::new().fallback(axum::routing::any(|| async { "hello" }));
    let primary = Primary::start(app.layer(mirror.layer())).await;
    for user in ["ada", "bob", "cy", "dan", "eve"] {
        for _ in 0..3 {
            let request = axum::http::Request::get("/").header("x-user", user);
            primary.send(request.body("".into()).unwrap()).await;
        }
    }
    settled(&mirror, 15).await;
    let mut shards: HashMap<_, HashSet<_>> = HashMap::new();
    for message in messages(&server).await {
        let record = Record::decode(&message.payload).unwrap();
        let shard = shards.entry(record.session.unwrap()).or_default();
        shard.insert(message.subject.to_string());
    }
    assert_eq!(shards.len(), 5);
    assert!(shards.values().all(|subjects| subjects.len() == 1));
    let all: HashSet<_> = shards.values().flatten().collect();
    assert!(all.len() > 1, "{all:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_stream_is_created_with_all_its_bounds() {
    for (_, program) in programs() {
        let server = NatsServer::of(&program, "");
        let sink = NatsSink::builder(&connection(&server), 12_345_678)
            .max_age(Duration::from_hours(7))
            .build()
            .unwrap();
        ready(&sink).await;
        // It is as asked for, so it is taken once more, also by another sink.
        ready(&sink.clone()).await;
        let stream = stream(&server, "MIRROR").await;
        let config = &stream.cached_info().config;
        assert_eq!(config.subjects, ["mirror.v1.>"]);
        assert_eq!(config.max_bytes, 12_345_678);
        assert_eq!(config.max_age, Duration::from_hours(7));
        assert_eq!(config.duplicate_window, Duration::from_mins(2));
        assert_eq!(config.num_replicas, 1);
        let version = jetstream(&server).await.client().server_info().version;
        let compresses = (!version.starts_with("2.9.")).then_some(Compression::S2);
        assert_eq!(config.compression, compresses);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_that_comes_twice_is_kept_once() {
    for (_, program) in programs() {
        let server = NatsServer::of(&program, "");
        let sink = sink(&server);
        keep(&sink, "once").await.unwrap();
        let message = messages(&server).await.remove(0);
        let context = jetstream(&server).await;
        let again = context.publish_with_headers(message.subject, message.headers, message.payload);
        assert!(again.await.unwrap().await.unwrap().duplicate);
        assert_eq!(messages(&server).await.len(), 1);
    }
}

static URL: OnceLock<String> = OnceLock::new();
static ORDERS_LOG: LazyLock<NatsSink> = LazyLock::new(|| {
    let connection = NatsOptions::new(URL.get().unwrap()).unwrap();
    let connection = connection.connect().unwrap();
    NatsSink::builder(&connection, MAX_BYTES).build().unwrap()
});

#[mirror(targets = [sink(ORDERS_LOG)], name = "from-an-attribute")]
async fn order(body: String) -> String {
    body
}

#[test]
fn a_static_outlives_the_runtimes_that_use_it() {
    let Some(server) = NatsServer::start() else {
        return;
    };
    URL.set(server.url()).unwrap();
    for turn in 1..=2 {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(async {
            let app = axum::Router::new().route("/orders", axum::routing::post(order));
            let primary = Primary::start(app).await;
            assert_eq!(primary.post("/orders", "hello").await.text(), "hello");
            let mirror = mirror_named("from-an-attribute").unwrap();
            let stats = settled(&mirror, turn).await.remove(0);
            assert_eq!(stats.answered, turn, "{stats}");
        });
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_has_ended_holds_nothing() {
    let Some(server) = NatsServer::start() else {
        return;
    };
    let connection = connection(&server);
    let first = NatsSink::builder(&connection, MAX_BYTES).build().unwrap();
    let second = NatsSink::builder(&connection, MAX_BYTES).build().unwrap();
    drop(connection);
    ready(&first).await;
    ready(&second).await;
    assert_eq!(server.connections(), 1);
    drop(first);
    keep(&second, "still").await.unwrap();
    assert_eq!(server.connections(), 1);
    drop(second);
    until("no connection", || server.connections() == 0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_can_wait_until_its_stream_is_there() {
    let Some(program) = program() else {
        return;
    };
    let server = NatsServer::of(&program, "");
    let options = NatsOptions::new(&server.url()).unwrap().name("orders-7");
    let connection = options.connect().unwrap();
    assert!(!connection.is_connected());
    let sink = NatsSink::builder(&connection, MAX_BYTES).build().unwrap();
    eventually("ready", sink.ready()).await.unwrap();
    assert!(connection.is_connected());
    let shown = server.monitored("/connz").unwrap();
    assert!(shown.contains("\"orders-7\""), "{shown}");
}
