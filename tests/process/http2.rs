//! What copies over HTTP/2 hold of what all mirrors of the process share: nothing, once they have
//! ended.

use std::{convert::Infallible, time::Duration};

use axum::{
    Router,
    body::{Body, Bytes},
    routing::any,
};
use futures_util::stream;
use mirror_runtime::{Limits, Mirror, MirrorBuilder, ShedReason};
use testkit::{
    Primary, RawH2, Shadow, pass, prior_knowledge,
    raw_h2::{
        Options, Peer,
        frames::{
            Frame, HEADERS, INITIAL_WINDOW_SIZE, MAX_CONCURRENT_STREAMS, ok_and_more, settings,
            window_update,
        },
    },
    settled, until,
};
use tokio::io::AsyncWriteExt;

use crate::TURN;

/// The byte budget of these tests.
const BUDGET: usize = 4 * 1024 * 1024;

/// The budget, until it is dropped.
struct Budget;

impl Budget {
    fn set() -> Self {
        Limits::new().byte_budget(BUDGET).apply();
        Self
    }
}

impl Drop for Budget {
    fn drop(&mut self) {
        Limits::new().apply();
    }
}

async fn mirrored(builder: MirrorBuilder) -> (Mirror, Primary) {
    let mirror = builder.build().unwrap();
    let drain = any(|body: Bytes| async move { drop(body) });
    let app = Router::new()
        .fallback(drain)
        .layer(mirror.layer())
        .layer(axum::extract::DefaultBodyLimit::disable());
    let primary = Primary::start(app).await;
    (mirror, primary)
}

/// Bodies that a primary gets, in one piece and in many.
fn bodies(bytes: usize) -> [Body; 2] {
    let piece = Bytes::from(vec![b'x'; bytes / 20]);
    let pieces = vec![Ok::<_, Infallible>(piece); 20];
    [
        Body::from(vec![b'x'; bytes]),
        Body::from_stream(stream::iter(pieces)),
    ]
}

/// Another mirror, whose shadow is well: whether all of the budget is there for it.
struct Other {
    mirror: Mirror,
    primary: Primary,
    _shadow: Shadow,
}

impl Other {
    async fn new() -> Self {
        let shadow = Shadow::start().await;
        let builder = Mirror::builder().name("other").target(shadow.url());
        let (mirror, primary) = mirrored(builder.max_body(BUDGET)).await;
        Self {
            mirror,
            primary,
            _shadow: shadow,
        }
    }

    /// Waits until a body is copied that leaves room for nothing else. What has ended gives its
    /// bytes back at once, or when its connection has noticed.
    async fn has_all_of_the_budget(&self, when: &str) {
        for attempt in 1..=1000 {
            let before = self.mirror.stats().targets.remove(0);
            self.primary.post("/", vec![b'x'; BUDGET - 64 * 1024]).await;
            let stats = settled(&self.mirror, before.received + 1).await.remove(0);
            if stats.answered > before.answered {
                return;
            }
            let shed = stats.shed_for(ShedReason::ByteBudget);
            assert!(shed > 0 && attempt < 1000, "{when}: {stats}");
        }
    }
}

/// Sends copies that all end without having been sent whole, and looks for what they left behind:
/// while the mirror is there, and when it is gone.
async fn holds_nothing(
    what: &str,
    options: Options,
    script: impl Fn(&Peer, &Frame) + Send + Sync + 'static,
) {
    let _turn = TURN.lock().await;
    let _budget = Budget::set();
    let other = Other::new().await;
    other.has_all_of_the_budget("before").await;
    let shadow = options.start(script);
    let builder = Mirror::builder().target(shadow.target());
    let builder = builder
        .timeout(Duration::from_millis(300))
        .circuit_breaker(None);
    let (mirror, primary) = mirrored(builder).await;
    let mut requests = 0;
    for _ in 0..8 {
        // No more at once than there is room for.
        for _ in 0..7 {
            for body in bodies(200_000) {
                primary.post("/", body).await;
                requests += 1;
            }
        }
        settled(&mirror, requests).await;
    }
    let stats = mirror.stats().targets.remove(0);
    assert!(stats.sent > requests / 2, "{what}: {stats}");
    let alive = || {
        tokio::runtime::Handle::current()
            .metrics()
            .num_alive_tasks()
    };
    other.has_all_of_the_budget(what).await;
    until(&format!("{what}: no copy has a task"), || alive() < 20).await;
    drop((mirror, primary));
    other.has_all_of_the_budget("when it is gone").await;
    until("its connections are closed", || shadow.open() == 0).await;
}

#[tokio::test]
async fn copies_to_a_shadow_that_hangs_hold_no_bytes_when_they_have_ended() {
    let options = RawH2::options().without_credit();
    holds_nothing("hangs", options, |_, _| {}).await;
}

#[tokio::test]
async fn copies_to_a_shadow_that_allows_no_streams_hold_no_bytes_when_they_have_ended() {
    let options = RawH2::options().settings(&[(MAX_CONCURRENT_STREAMS, 0)]);
    let _turn = TURN.lock().await;
    let _budget = Budget::set();
    let other = Other::new().await;
    let shadow = options.start(|_, _| {});
    let builder = Mirror::builder().target(shadow.target());
    let builder = builder
        .timeout(Duration::from_millis(300))
        .circuit_breaker(None);
    let (mirror, primary) = mirrored(builder).await;
    for requests in 1..=40 {
        primary.post("/", vec![b'x'; 200_000]).await;
        if requests % 10 == 0 {
            settled(&mirror, requests).await;
        }
    }
    let stats = settled(&mirror, 40).await.remove(0);
    assert_eq!(stats.answered, 0, "{stats}");
    other.has_all_of_the_budget("no streams").await;
    drop((mirror, primary));
    other.has_all_of_the_budget("when it is gone").await;
}

#[tokio::test]
async fn copies_that_are_responded_to_before_they_were_read_hold_no_bytes_when_they_have_ended() {
    let options = RawH2::options().without_credit();
    holds_nothing("early", options, |peer, frame| {
        if frame.kind == HEADERS {
            peer.respond(frame.stream);
        }
    })
    .await;
}

#[tokio::test]
async fn copies_without_a_window_hold_no_bytes_when_they_have_ended() {
    let options = RawH2::options().settings(&[(INITIAL_WINDOW_SIZE, 0)]);
    holds_nothing("no window", options, |peer, frame| {
        if frame.kind == HEADERS {
            peer.respond(frame.stream);
        }
    })
    .await;
}

#[tokio::test]
async fn copies_whose_response_does_not_end_hold_no_bytes_when_they_have_ended() {
    let options = RawH2::options().without_credit();
    holds_nothing("no end", options, |peer, frame| {
        if frame.kind == HEADERS {
            peer.send(ok_and_more(frame.stream));
        }
    })
    .await;
}

/// The memory of this process, in bytes.
#[cfg(target_os = "linux")]
fn resident() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:"));
    let kib = line.and_then(|line| line.split_whitespace().nth(1)?.parse::<usize>().ok());
    kib.unwrap() * 1024
}

/// A shadow that lets each body begin, and has room for all on the connection: what is not sent
/// lies in nobody's buffer.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn bodies_that_a_shadow_does_not_read_take_no_memory() {
    const COPIES: u64 = 150;
    const BODY: usize = 1_900_000;
    let _turn = TURN.lock().await;
    let _budget = Budget::set();
    let shadow = RawH2::options()
        .without_credit()
        .connection_window(1 << 30)
        .start(|peer, frame| {
            if frame.kind == HEADERS {
                peer.respond(frame.stream);
            }
        });
    let builder = Mirror::builder().target(shadow.target()).max_body(BODY);
    let (mirror, primary) = mirrored(builder.timeout(Duration::from_mins(1))).await;
    // Whatever a process takes for its first requests of that size.
    for sent in 1..=10 {
        primary.post("/", vec![b'x'; BODY]).await;
        settled(&mirror, sent).await;
    }
    let before = resident();
    for sent in 11..=COPIES {
        primary.post("/", vec![b'x'; BODY]).await;
        let stats = settled(&mirror, sent).await.remove(0);
        assert_eq!(stats.answered + stats.shed, sent, "{stats}");
    }
    let grown = resident().saturating_sub(before);
    // The sum of the bodies is 266 MB. What the system has not taken back yet is a few bodies.
    assert!(grown < 64 * 1024 * 1024, "{grown} bytes more");
    let stats = mirror.stats().targets.remove(0);
    assert!(stats.answered >= COPIES / 2, "{stats}");
}

/// The descriptors of connections to a port, whoever else has some: what is closed has no inode.
#[cfg(target_os = "linux")]
fn descriptors_to(port: u16) -> usize {
    let sockets = std::fs::read_to_string("/proc/self/net/tcp").unwrap();
    let remote = format!(":{port:04X}");
    let is_held = |line: &&str| {
        let fields: Vec<_> = line.split_whitespace().collect();
        fields[2].ends_with(&remote) && fields[9] != "0"
    };
    sockets.lines().skip(1).filter(is_held).count()
}

/// A shadow whose limit asks for many connections, again and again.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn connections_for_a_crowd_are_not_kept_for_ever() {
    let _turn = TURN.lock().await;
    let settings = [(MAX_CONCURRENT_STREAMS, 1)];
    let shadow = RawH2::options().settings(&settings).start(|peer, frame| {
        if frame.ends_stream() {
            peer.hold(testkit::raw_h2::frames::ok(frame.stream));
        }
    });
    let builder = Mirror::builder().target(shadow.target());
    let (mirror, primary) = mirrored(builder.timeout(Duration::from_hours(1))).await;
    for _ in 0..50 {
        primary.get("/").await;
    }
    until("all are in flight", || shadow.requests() == 50).await;
    assert!(descriptors_to(shadow.port()) >= 50);
    shadow.release();
    let stats = settled(&mirror, 50).await.remove(0);
    assert_eq!((stats.answered, stats.failed), (50, 0), "{stats}");
    pass(35).await;
    until("the connections are closed", || shadow.open() == 0).await;
    drop((mirror, primary));
    until("no descriptor is left", || {
        descriptors_to(shadow.port()) == 0
    })
    .await;
}

/// A server that has room for everything, and reads nothing: what the connection has begun to write
/// is not taken back.
#[tokio::test]
async fn copies_to_a_shadow_that_stops_reading_hold_no_bytes_when_they_have_ended() {
    let _turn = TURN.lock().await;
    let _budget = Budget::set();
    let other = Other::new().await;
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4096).unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let shadow = socket.listen(64).unwrap();
    let target = prior_knowledge(format!("http://{}", shadow.local_addr().unwrap()));
    tokio::spawn(async move {
        let mut open = Vec::new();
        loop {
            let (mut tcp, _) = shadow.accept().await.unwrap();
            let room = [
                settings(&[(MAX_CONCURRENT_STREAMS, 1), (INITIAL_WINDOW_SIZE, 1 << 30)]),
                window_update(0, 1 << 30),
            ];
            tcp.write_all(&room.concat()).await.unwrap();
            open.push(tcp);
        }
    });
    let builder = Mirror::builder().target(target).circuit_breaker(None);
    let (mirror, primary) = mirrored(builder.timeout(Duration::from_millis(500))).await;
    for _ in 0..20 {
        primary.post("/", vec![b'x'; 1_900_000]).await;
    }
    let stats = settled(&mirror, 20).await.remove(0);
    assert!(stats.failed > 0 && stats.answered == 0, "{stats}");
    other.has_all_of_the_budget("not read").await;
}
