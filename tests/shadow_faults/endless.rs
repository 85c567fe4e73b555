//! Responses that begin, and end late or never: event streams, long polls, downloads, and bodies in
//! tiny pieces.

use std::{
    convert::Infallible,
    pin::Pin,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    task::{Context, Poll},
};

use axum::{body::Body, response::Response};
use bytes::Bytes;
use futures_util::{Stream, StreamExt, future::join_all, stream};
use http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use mirror_runtime::{CircuitBreaker, CompareMode, NotComparedReason, ReqwestTransport};
use testkit::{Shadow, prior_knowledge};
use tokio::{io::AsyncWriteExt, net::TcpListener};

use super::*;

/// Time for a response to begin, on a busy machine as well. All of it passes in each of these
/// tests.
const ENOUGH: Duration = Duration::from_secs(1);

/// Streams that are open.
#[derive(Clone, Default)]
struct Open(Arc<AtomicUsize>);

impl Open {
    fn count(&self) -> usize {
        self.0.load(SeqCst)
    }

    /// A body of some events, after which nothing comes for ever.
    fn endless(&self, events: &'static [&'static str]) -> Body {
        self.0.fetch_add(1, SeqCst);
        let events = stream::iter(events).map(|event| Ok::<_, Infallible>(Bytes::from(*event)));
        Body::from_stream(Endless(events.chain(stream::pending()), self.clone()))
    }
}

struct Endless<S>(S, Open);

impl<S: Stream + Unpin> Stream for Endless<S> {
    type Item = S::Item;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<S::Item>> {
        self.0.poll_next_unpin(context)
    }
}

impl<S> Drop for Endless<S> {
    fn drop(&mut self) {
        self.1.0.fetch_sub(1, SeqCst);
    }
}

fn with(body: Body, header: http::HeaderName, value: &'static str) -> Response {
    let mut response = Response::new(body);
    let value = http::HeaderValue::from_static(value);
    response.headers_mut().insert(header, value);
    response
}

fn events(open: &Open) -> Response {
    let body = open.endless(&["data: 1\n\n", "data: 2\n\n"]);
    with(body, CONTENT_TYPE, "text/event-stream")
}

/// A shadow whose responses never end, and how many of them are open.
async fn streaming(response: fn(&Open) -> Response) -> (Shadow, Open) {
    let open = Open::default();
    let streams = open.clone();
    (Shadow::answering(move |_| response(&streams)).await, open)
}

/// What `on_success` was told.
#[derive(Clone, Debug)]
struct Noted {
    is_cut: bool,
    is_truncated: bool,
    /// The head came before the rest of the time had passed.
    begins_before_its_end: bool,
    body: Bytes,
}

#[derive(Clone, Default)]
struct Told(Arc<Mutex<Vec<Noted>>>);

impl Told {
    fn by(&self, builder: MirrorBuilder) -> MirrorBuilder {
        let told = self.clone();
        builder.on_success(move |_, response| {
            told.0.lock().unwrap().push(Noted {
                is_cut: response.is_streaming(),
                is_truncated: response.is_truncated(),
                begins_before_its_end: response.first_byte() < response.latency(),
                body: response.body().clone(),
            });
        })
    }

    async fn responses(&self, count: usize) -> Vec<Noted> {
        let told = || self.0.lock().unwrap().clone();
        until("on_success", || told().len() >= count).await;
        told()
    }
}

/// How copies travel.
#[derive(Clone, Copy, Debug)]
enum Over {
    Http1,
    Http1InSync,
    Http2,
    Reqwest,
}

impl Over {
    fn to(self, url: &str) -> MirrorBuilder {
        match self {
            Self::Http1 => Mirror::builder().target(url),
            Self::Http1InSync => Mirror::builder().target(url).sync(true),
            Self::Http2 => Mirror::builder().target(prior_knowledge(url)),
            Self::Reqwest => Mirror::builder()
                .target(url)
                .transport(ReqwestTransport::default()),
        }
    }
}

#[tokio::test]
async fn a_response_that_streams_on_is_answered_when_its_time_is_over() {
    let responses: [fn(&Open) -> Response; 3] = [
        events,
        // A long poll.
        |open| Response::new(open.endless(&[])),
        // A download.
        |open| with(open.endless(&["a part"]), CONTENT_LENGTH, "100000000"),
    ];
    let cases = responses.into_iter().flat_map(|response| {
        let ways = [Over::Http1, Over::Http1InSync, Over::Http2, Over::Reqwest];
        ways.map(|over| streams_on(response, over))
    });
    join_all(cases).await;
}

async fn streams_on(response: fn(&Open) -> Response, over: Over) {
    let (shadow, open) = streaming(response).await;
    let told = Told::default();
    let builder = told
        .by(over.to(&shadow.url()))
        .timeout(ENOUGH)
        .circuit_breaker(CircuitBreaker::new(1, LONG));
    let mirror = builder.build().unwrap();
    let primary = primary_of(&mirror).await;
    for sent in 1..=2 {
        let stats = one_more(&mirror, &primary).await;
        let counts = (stats.answered, stats.cut);
        assert_eq!(counts, (sent, sent), "{over:?}: {stats}");
        // The whole latency is not known of them.
        assert_eq!((stats.latency.count(), stats.first_byte.count()), (0, sent));
    }
    until("their connections are closed", || open.count() == 0).await;
    for response in told.responses(2).await {
        assert!(response.is_cut && response.is_truncated, "{over:?}");
        assert!(response.begins_before_its_end, "{over:?}");
    }
}

/// What has arrived of it is there.
#[tokio::test]
async fn a_callback_gets_what_a_stream_has_said_by_then() {
    let (shadow, _open) = streaming(events).await;
    let told = Told::default();
    let mirror = told.by(to(shadow.url())).timeout(ENOUGH).build();
    let mirror = mirror.unwrap();
    one_more(&mirror, &primary_of(&mirror).await).await;
    let told = told.responses(1).await;
    assert_eq!(told[0].body, "data: 1\n\ndata: 2\n\n");
}

#[tokio::test]
async fn an_event_stream_that_nobody_looks_at_ends_at_its_head() {
    let (shadow, open) = streaming(events).await;
    for compare in [None, Some(CompareMode::Status)] {
        let mut builder = to(shadow.url());
        if let Some(mode) = compare {
            builder = builder.compare(mode);
        }
        let mirror = builder.build().unwrap();
        let primary = primary_of(&mirror).await;
        let stats = one_more(&mirror, &primary).await;
        assert_eq!((stats.answered, stats.cut), (1, 0), "{stats}");
        until("its connection is closed", || open.count() == 0).await;
        if compare.is_some() {
            // It is compared by what is known of it: 201 and 200.
            until("it is compared", || {
                mirror.report().targets[0].mismatched == 1
            })
            .await;
        }
    }
}

#[tokio::test]
async fn a_stream_that_was_cut_is_not_compared() {
    let (shadow, _open) = streaming(events).await;
    // The primary ends, or streams on as well.
    for is_endless in [false, true] {
        let mirror = to(shadow.url())
            .timeout(ENOUGH)
            .compare(CompareMode::Json)
            .build()
            .unwrap();
        let (open, stop) = (Open::default(), Arc::new(tokio::sync::Notify::new()));
        let stopped = Arc::clone(&stop);
        let handler = async move || {
            let stopped = Arc::clone(&stopped);
            let body = if is_endless {
                let body = open.endless(&["data: 1\n\n"]).into_data_stream();
                Body::from_stream(
                    body.take_until(Box::pin(async move { stopped.notified().await })),
                )
            } else {
                Body::from("data: 1\n\n")
            };
            with(body, CONTENT_TYPE, "text/event-stream")
        };
        let app = Router::new().fallback(handler).layer(mirror.layer());
        let primary = Primary::start(app).await;
        let counted = async {
            until("it is counted", || {
                let report = mirror.report().targets.remove(0);
                report.not_compared_for(NotComparedReason::Streaming) == 1
            })
            .await;
            stop.notify_one();
        };
        let (answer, ()) = tokio::join!(primary.get("/"), counted);
        assert_eq!(answer.text(), "data: 1\n\n");
        let report = mirror.report().targets.remove(0);
        assert_eq!((report.compared, report.not_compared), (0, 1));
        assert_eq!(NotComparedReason::Streaming.as_str(), "streaming");
    }
}

#[tokio::test]
async fn a_body_of_no_stated_length_that_breaks_off_has_failed() {
    let shadow = Shadow::answering(|_| {
        let pieces = [Ok("a part"), Err("and no more")];
        // Apart, so that the head has left before the body breaks off.
        let pieces = stream::iter(pieces).then(async |piece| {
            tokio::task::yield_now().await;
            piece
        });
        with(
            Body::from_stream(Box::pin(pieces)),
            CONTENT_TYPE,
            "text/event-stream",
        )
    })
    .await;
    let told = Told::default();
    let mirror = told.by(to(shadow.url())).build().unwrap();
    let stats = one_more(&mirror, &primary_of(&mirror).await).await;
    assert_eq!(stats.failed_with(FailureKind::Body), 1, "{stats}");
}

/// A shadow that responds with chunks of one byte for as long as anybody reads, and how many it
/// could write.
async fn in_single_bytes() -> (String, Arc<AtomicUsize>, Open) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let (written, open) = (Arc::new(AtomicUsize::new(0)), Open::default());
    let (chunks, connections) = (Arc::clone(&written), open.clone());
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let (chunks, connections) = (Arc::clone(&chunks), connections.clone());
            connections.0.fetch_add(1, SeqCst);
            tokio::spawn(async move {
                stream.readable().await.unwrap();
                let head = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
                let mut next = stream.write_all(head).await;
                while next.is_ok() {
                    next = stream.write_all(&b"1\r\na\r\n".repeat(100)).await;
                    chunks.fetch_add(100, SeqCst);
                }
                connections.0.fetch_sub(1, SeqCst);
            });
        }
    });
    (url, written, open)
}

/// A chunk takes as long to read whatever is in it: their number is bounded as well.
#[tokio::test]
async fn a_response_in_single_bytes_is_left_after_some_of_them() {
    let (url, written, open) = in_single_bytes().await;
    let told = Told::default();
    let mirror = told
        .by(to(url))
        .compare(CompareMode::Bytes)
        .build()
        .unwrap();
    let primary = primary_of(&mirror).await;
    for sent in 1..=3 {
        let stats = one_more(&mirror, &primary).await;
        assert_eq!((stats.answered, stats.cut), (sent, 0), "{stats}");
    }
    until("its connections are closed", || open.count() == 0).await;
    // What was not read lies in buffers of the system.
    assert!(written.load(SeqCst) < 10_000_000);
    for response in told.responses(3).await {
        assert!(response.is_truncated && response.body.len() < 2_000);
    }
    // Its status differs, which is known; of its body nothing is.
    until("it is compared", || {
        let report = mirror.report().targets.remove(0);
        report.mismatched + report.not_compared == 3
    })
    .await;
}
