//! Targets that keep each request with the primary's response.

mod attribute;
mod ends;
mod failing;
mod files;
mod redacted;

use std::{
    fmt,
    sync::{Arc, Mutex},
    time::{Duration, SystemTime},
};

use axum::{
    Router,
    body::{Body, Bytes},
    http::{HeaderMap, Method, Request, StatusCode},
    response::{IntoResponse, Response},
    routing::{any, get, post},
};
use futures_util::{StreamExt, stream};
use http_body::Frame;
use http_body_util::{BodyExt, StreamBody};
use mirror_runtime::{
    BodyMode, CompareMode, Completion, ConfigError, Keeping, Mirror, MirrorBuilder,
    RecordedExchange, ShedReason, Sink, SinkError, SkipReason, Target, TargetStats,
};
use testkit::{Primary, Room, Shadow, connect_h2, passes_with_little_room, settled, until};
use tokio::sync::mpsc;

/// What becomes of a record.
type Then = fn() -> Keeping;

/// A sink that takes note of what it is given.
#[derive(Clone)]
struct Log {
    records: Arc<Mutex<Vec<Arc<RecordedExchange>>>>,
    then: Then,
}

impl Log {
    fn new() -> Self {
        Self::with(|| Box::pin(async { Ok(()) }))
    }

    fn with(then: Then) -> Self {
        Self {
            records: Arc::default(),
            then,
        }
    }

    fn len(&self) -> usize {
        self.records.lock().unwrap().len()
    }

    fn take(&self) -> Vec<Arc<RecordedExchange>> {
        std::mem::take(&mut self.records.lock().unwrap())
    }

    /// The only record that there is, once it is there.
    async fn one(&self) -> Arc<RecordedExchange> {
        until("a record", || self.len() > 0).await;
        let mut records = self.take();
        assert_eq!(records.len(), 1);
        records.remove(0)
    }
}

impl fmt::Debug for Log {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Log")
    }
}

impl Sink for Log {
    fn keep(&self, exchange: Arc<RecordedExchange>, _: &Target) -> Keeping {
        self.records.lock().unwrap().push(exchange);
        (self.then)()
    }
}

fn mirror_to(log: &Log) -> Mirror {
    builder(log).build().unwrap()
}

fn builder(log: &Log) -> MirrorBuilder {
    Mirror::builder()
        .name("orders")
        .target(Target::sink("log", log.clone()))
}

async fn serve(mirror: &Mirror, app: Router) -> Primary {
    Primary::start(app.layer(mirror.layer())).await
}

fn echo() -> Router {
    Router::new().fallback(any(|body: Bytes| async { body }))
}

fn field<'a>(mut fields: impl Iterator<Item = (&'a str, &'a [u8])>, name: &str) -> Option<&'a str> {
    let (_, value) = fields.find(|(other, _)| *other == name)?;
    std::str::from_utf8(value).ok()
}

#[tokio::test]
async fn a_request_arrives_with_its_response_in_full() {
    let log = Log::new();
    let mirror = mirror_to(&log);
    let created = post(|body: String| async move {
        (StatusCode::CREATED, [("x-id", "7")], format!("<{body}>"))
    });
    let app = Router::new().nest("/shop", Router::new().route("/orders", created));
    let primary = serve(&mirror, app).await;
    let before = SystemTime::now();
    let request = Request::post("/shop/orders?page=%32&a")
        .header("x-a", "1")
        .header("x-a", "2")
        .body(Body::from("two of them"));
    let response = primary.send(request.unwrap()).await;
    assert_eq!(response.text(), "<two of them>");
    let stats = settled(&mirror, 1).await.remove(0);
    assert_eq!((stats.answered, stats.bytes), (1, 11 + 13), "{stats}");
    assert_eq!(stats.answered_with(StatusCode::NO_CONTENT), 1);
    let record = log.one().await;
    assert_eq!(record.mirror(), "orders");
    assert_eq!(record.completion(), Completion::Complete);
    assert!(record.arrived() >= before && record.arrived() <= SystemTime::now());
    let (began, first) = (record.handler_start(), record.first_byte());
    assert!(began <= first && first <= record.last_byte() && began.is_some());
    let request = record.request();
    assert_eq!(request.method(), "POST");
    assert_eq!(request.target(), "/shop/orders?page=%32&a");
    assert_eq!(field(request.headers(), "host"), Some(&*primary.host()));
    let of_a = request.headers().filter(|(name, _)| *name == "x-a");
    let of_a: Vec<_> = of_a.map(|(_, value)| value).collect();
    assert_eq!(of_a, [b"1", b"2"]);
    assert_eq!(request.body(), Some(&b"two of them"[..]));
    assert!(request.is_whole() && request.redacted().is_empty());
    let response = record.response().unwrap();
    assert_eq!(
        (response.status(), field(response.headers(), "x-id")),
        (201, Some("7"))
    );
    assert_eq!(response.body(), Some(&b"<two of them>"[..]));
}

#[tokio::test]
async fn each_request_arrives_once() {
    let log = Log::new();
    let mirror = mirror_to(&log);
    let primary = serve(&mirror, echo()).await;
    for i in 0..50 {
        let body = format!("order {i}");
        assert_eq!(
            primary.post(&format!("/{i}"), body.clone()).await.text(),
            body
        );
    }
    let stats = settled(&mirror, 50).await.remove(0);
    assert_eq!((stats.sent, stats.answered), (50, 50));
    let mut targets: Vec<_> = log
        .take()
        .iter()
        .map(|it| it.request().target().to_owned())
        .collect();
    targets.sort_by_key(|target| target[1..].parse::<u32>().unwrap());
    assert_eq!(
        targets,
        (0..50).map(|i| format!("/{i}")).collect::<Vec<_>>()
    );
}

#[tokio::test]
async fn a_response_without_a_body_is_whole() {
    let log = Log::new();
    let mirror = mirror_to(&log);
    let app = Router::new()
        .route("/", get(|| async { "hello" }))
        .route("/old", get(|| async { StatusCode::NOT_MODIFIED }))
        .route("/none", get(|| async { StatusCode::NO_CONTENT }));
    let primary = serve(&mirror, app).await;
    for (method, target, status) in [
        (Method::HEAD, "/", 200),
        (Method::GET, "/old", 304),
        (Method::GET, "/none", 204),
    ] {
        let request = Request::builder().method(&method).uri(target);
        primary.send(request.body(Body::empty()).unwrap()).await;
        let record = log.one().await;
        assert_eq!(record.request().method(), method.as_str());
        assert_eq!(record.request().body(), Some(&b""[..]));
        let response = record.response().unwrap();
        assert_eq!(
            (response.status(), response.body()),
            (status, Some(&b""[..]))
        );
        assert_eq!(record.completion(), Completion::Complete);
    }
    settled(&mirror, 3).await;
}

/// A route whose first response ends when the sender of its pieces is dropped; others end at once.
fn streaming() -> (mpsc::UnboundedSender<&'static str>, Router) {
    let (sender, pieces) = mpsc::unbounded_channel::<&'static str>();
    let pieces = Arc::new(Mutex::new(Some(pieces)));
    let route = any(move || {
        let pieces = pieces.lock().unwrap().take();
        async move {
            let pieces = pieces.map(|pieces| {
                stream::unfold(pieces, |mut pieces| async {
                    let piece = Bytes::from_static(pieces.recv().await?.as_bytes());
                    Some((Ok::<_, std::io::Error>(piece), pieces))
                })
            });
            pieces.map_or(Body::empty(), |pieces| Body::from_stream(pieces.boxed()))
        }
    });
    (sender, Router::new().fallback(route))
}

#[tokio::test]
async fn a_response_that_streams_arrives_when_it_has_ended() {
    let log = Log::new();
    let mirror = builder(&log).max_in_flight(1).build().unwrap();
    let (pieces, app) = streaming();
    let primary = serve(&mirror, app).await;
    let mut client = connect_h2(&primary).await;
    let request = Request::get("/").body(Body::empty()).unwrap();
    let mut response = client.send_request(request).await.unwrap().into_body();
    for piece in ["one ", "two ", "three"] {
        pieces.send(piece).unwrap();
        let frame = response.frame().await.unwrap().unwrap();
        assert_eq!(frame.into_data().unwrap(), piece);
    }
    // It is in no counter yet, and has its place: another finds none.
    let stats = mirror.stats().targets.remove(0);
    assert_eq!((stats.received, log.len()), (0, 0));
    primary.get("/").await;
    let stats = mirror.stats().targets.remove(0);
    assert_eq!(
        (stats.received, stats.shed_for(ShedReason::InFlightLimit)),
        (1, 1)
    );
    drop(pieces);
    assert!(response.collect().await.unwrap().to_bytes().is_empty());
    let record = log.one().await;
    assert_eq!(
        record.response().unwrap().body(),
        Some(&b"one two three"[..])
    );
    assert!(record.last_byte() > record.first_byte());
    assert_eq!(
        field(record.request().headers(), "host"),
        None,
        "none was sent"
    );
    assert_eq!(settled(&mirror, 2).await[0].answered, 1);
    primary.get("/").await;
    assert_eq!(settled(&mirror, 3).await[0].answered, 2);
}

fn fields(name: &'static str, value: &str) -> HeaderMap {
    let name = http::HeaderName::from_static(name);
    HeaderMap::from_iter([(name, value.parse().unwrap())])
}

#[tokio::test]
async fn trailers_of_both_arrive() {
    let log = Log::new();
    let mirror = mirror_to(&log);
    let app = Router::new().fallback(post(|body: Body| async {
        let read = body.collect().await.unwrap();
        let frames = [
            Ok::<_, std::io::Error>(Frame::data(read.to_bytes())),
            Ok(Frame::trailers(fields("grpc-status", "0"))),
        ];
        Response::new(Body::new(StreamBody::new(stream::iter(frames))))
    }));
    let primary = serve(&mirror, app).await;
    let frames = [
        Ok::<_, std::io::Error>(Frame::data(Bytes::from("hello"))),
        Ok(Frame::trailers(fields("x-sum", "5"))),
    ];
    let body = Body::new(StreamBody::new(stream::iter(frames)));
    let request = Request::post("http://shop.example/").body(body).unwrap();
    let mut client = connect_h2(&primary).await;
    let response = client.send_request(request).await.unwrap();
    assert_eq!(
        response.into_body().collect().await.unwrap().to_bytes(),
        "hello"
    );
    let record = log.one().await;
    assert_eq!(field(record.request().trailers(), "x-sum"), Some("5"));
    assert_eq!(
        field(record.request().headers(), "host"),
        Some("shop.example")
    );
    let response = record.response().unwrap();
    assert_eq!(field(response.trailers(), "grpc-status"), Some("0"));
    assert_eq!(response.body(), Some(&b"hello"[..]));
}

#[tokio::test]
async fn sinks_and_servers_stand_beside_one_another() {
    for body in [BodyMode::Buffer, BodyMode::Tee] {
        for compare in [None, Some(CompareMode::Json)] {
            let (shadow, first, second) = (Shadow::start().await, Log::new(), Log::new());
            let mut builder = Mirror::builder()
                .target(Target::sink("first", first.clone()))
                .target(shadow.url())
                .target(Target::sink("second", second.clone()))
                .body(body);
            let compares = compare.is_some();
            if let Some(mode) = compare {
                builder = builder.compare(mode);
            }
            let mirror = builder.build().unwrap();
            let primary = serve(&mirror, echo()).await;
            assert_eq!(primary.post("/orders", "hello").await.text(), "hello");
            assert_eq!(primary.get("/").await.text(), "");
            assert_eq!(shadow.receives(2).await[0].target, "/orders");
            let stats = settled(&mirror, 2).await;
            assert!(stats.iter().all(|it| it.answered == 2), "{stats:?}");
            let [mut first, mut second] = [first.take(), second.take()];
            for records in [&mut first, &mut second] {
                records.sort_by_key(|record| record.request().target().len());
            }
            assert!(Arc::ptr_eq(&first[1], &second[1]), "it is there once");
            assert_eq!(first[1].request().body(), Some(&b"hello"[..]));
            assert_eq!(first[1].response().unwrap().body(), Some(&b"hello"[..]));
            // A sink is compared with nothing.
            assert_eq!(mirror.report().targets.len(), usize::from(compares));
        }
    }
}

#[tokio::test]
async fn a_sink_has_a_share_of_its_own() {
    let (all, none) = (Log::new(), Log::new());
    let mirror = builder(&all)
        .target(Target::sink("none", none.clone()).percentage(0.0).unwrap())
        .build()
        .unwrap();
    let primary = serve(&mirror, echo()).await;
    primary.get("/").await;
    let stats = settled(&mirror, 1).await;
    assert_eq!((all.len(), none.len()), (1, 0));
    assert_eq!(stats[1].skipped_for(SkipReason::NotSampled), 1);
}

#[tokio::test]
async fn a_mirror_that_copies_no_bodies_keeps_none() {
    let log = Log::new();
    let mirror = builder(&log).copy_body(false).build().unwrap();
    let primary = serve(&mirror, echo()).await;
    primary.post("/", "hello").await;
    let record = log.one().await;
    assert_eq!(record.request().body(), None);
    assert!(!record.request().is_whole());
    assert_eq!(record.response().unwrap().body(), Some(&b"hello"[..]));
    primary.get("/").await;
    assert!(log.one().await.request().is_whole());
}

/// A sink that cannot be used.
#[derive(Debug)]
struct Refusing;

impl Sink for Refusing {
    fn check(&self, target: &Target) -> Result<(), ConfigError> {
        Err(ConfigError::WithoutUrl(target.name().to_owned()))
    }

    fn keep(&self, _: Arc<RecordedExchange>, _: &Target) -> Keeping {
        unreachable!("there is no mirror")
    }
}

#[test]
fn a_sink_is_no_baseline_and_may_refuse_its_target() {
    let built = Mirror::builder()
        .target("http://shadow.invalid")
        .compare(CompareMode::Json)
        .baseline(Target::sink("log", Log::new()))
        .build();
    let error = built.unwrap_err().to_string();
    assert!(error.contains("a sink gives no responses"), "{error}");

    let built = Mirror::builder()
        .target(Target::sink("log", Refusing))
        .build();
    assert_eq!(
        built.unwrap_err(),
        ConfigError::WithoutUrl("log".to_owned())
    );
}
