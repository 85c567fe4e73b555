//! Observers are told of each event once, after it is counted, and can do no harm.

use std::{
    sync::{
        Arc, Condvar, Mutex, OnceLock,
        atomic::{AtomicBool, AtomicU64, Ordering::SeqCst},
    },
    time::Duration,
};

use axum::{Router, body::Body, http::Request, routing::any};
use mirror_runtime::{
    CircuitBreaker, CompareMode, Event, EventKind, Mirror, MirrorBuilder, Observer, Target,
};
use testkit::{Primary, Shadow, closed_port, settled, until};

/// Keeps what it is told, in words.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<String>>>);

impl Log {
    /// What it was told of a target, in order.
    fn of(&self, target: &str) -> Vec<String> {
        let told = self.0.lock().unwrap();
        let of = |entry: &String| Some(entry.strip_prefix(target)?.trim_start().to_owned());
        told.iter().filter_map(of).collect()
    }
}

fn words(event: &Event<'_>) -> String {
    let what = match event.kind {
        EventKind::NotSent { reason, .. } => format!("not sent: {reason}"),
        EventKind::Sent { bytes, .. } => format!("sent {bytes}"),
        EventKind::Resent { .. } => "sent again".to_owned(),
        EventKind::Ended {
            outcome, elapsed, ..
        } => match outcome {
            Ok(response) => {
                assert!(elapsed.is_none() && response.latency() > Duration::ZERO);
                format!("answered {}", response.status().as_u16())
            }
            Err(error) => {
                assert!(elapsed.unwrap() > Duration::ZERO);
                format!("failed: {}", error.kind())
            }
        },
        EventKind::CircuitTurned { is_open, .. } => format!("open: {is_open}"),
        EventKind::Compared { comparison, .. } => format!("compared: {:?}", comparison.verdict),
        EventKind::NotCompared { reason, .. } => format!("not compared: {reason}"),
        _ => "something new".to_owned(),
    };
    format!("{} {what}", event.target)
}

impl Observer for Log {
    fn observe(&self, event: &Event<'_>) {
        assert_eq!(event.mirror, "observed");
        self.0.lock().unwrap().push(words(event));
    }
}

async fn primary(mirror: &Mirror) -> Primary {
    let app = Router::new().fallback(any(|body: String| async move { body }));
    Primary::start(app.layer(mirror.layer())).await
}

fn builder(shadow: &Shadow) -> MirrorBuilder {
    let up = Target::new(shadow.url()).unwrap().named("up");
    Mirror::builder().name("observed").target(up)
}

#[tokio::test]
async fn each_event_arrives_once_and_in_order() {
    let shadow = Shadow::answering(|_| axum::response::Response::new(Body::from("[2]"))).await;
    let log = Log::default();
    let down = Target::new(closed_port().await).unwrap().named("down");
    let mirror = builder(&shadow)
        .target(down)
        .circuit_breaker(CircuitBreaker::new(1, Duration::from_hours(1)))
        .compare(CompareMode::Json)
        .ignore_headers(["content-type"])
        .observer(log.clone())
        .build()
        .unwrap();
    let primary = primary(&mirror).await;
    primary.post("/", "[2]").await;
    settled(&mirror, 1).await;
    primary.post("/", "[10]").await;
    settled(&mirror, 2).await;
    let copied = Request::get("/").header("x-mirrored-from", "elsewhere");
    primary.send(copied.body(Body::empty()).unwrap()).await;
    until("all events", || {
        log.of("up").len() == 7 && log.of("down").len() == 6
    })
    .await;
    let mut up = log.of("up");
    // A comparison does not wait for the next request.
    up.sort_by_key(|entry| entry.starts_with("compared"));
    assert_eq!(
        up,
        [
            "sent 3",
            "answered 200",
            "sent 4",
            "answered 200",
            "not sent: loop",
            "compared: Match",
            "compared: Mismatch",
        ]
    );
    let down = log.of("down");
    assert_eq!(down[0], "sent 3");
    for (entry, times) in [
        ("failed: connect", 1),
        ("open: true", 1),
        ("not compared: failed", 1),
        ("not sent: circuit_open", 1),
        ("not sent: loop", 1),
    ] {
        let told = down.iter().filter(|told| *told == entry).count();
        assert_eq!(told, times, "{entry} in {down:?}");
    }
}

/// Looks into the counters when it is told.
#[derive(Default)]
struct Reader {
    mirror: OnceLock<Mirror>,
    sent: AtomicU64,
    ended: AtomicU64,
    observed: AtomicU64,
    is_late: AtomicBool,
}

impl Observer for Reader {
    fn observe(&self, event: &Event<'_>) {
        let stats = self.mirror.get().unwrap().stats().targets.remove(0);
        let count = self.observed.fetch_add(1, SeqCst) + 1;
        let is_counted = match event.kind {
            EventKind::Sent { .. } => stats.sent > 0,
            EventKind::Ended { .. } => stats.answered > 0,
            _ => false,
        };
        if !is_counted || count > stats.sent + stats.answered {
            self.is_late.store(true, SeqCst);
        }
    }

    fn is_of_interest(&self, event: &Event<'_>) -> bool {
        let stats = self.mirror.get().unwrap().stats().targets.remove(0);
        let (of_kind, counted) = match event.kind {
            EventKind::Sent { .. } => (&self.sent, stats.sent),
            EventKind::Ended { .. } => (&self.ended, stats.answered),
            _ => return true,
        };
        if of_kind.fetch_add(1, SeqCst) + 1 > counted {
            self.is_late.store(true, SeqCst);
        }
        true
    }
}

#[tokio::test]
async fn an_event_is_counted_before_anybody_is_told() {
    let shadow = Shadow::start().await;
    let reader = Arc::new(Reader::default());
    let mirror = builder(&shadow)
        .observer(Arc::clone(&reader))
        .build()
        .unwrap();
    reader.mirror.set(mirror.clone()).unwrap();
    let primary = primary(&mirror).await;
    for _ in 0..20 {
        primary.get("/").await;
    }
    settled(&mirror, 20).await;
    until("all events", || reader.observed.load(SeqCst) == 40).await;
    assert!(!reader.is_late.load(SeqCst));
}

/// Panics wherever it is called.
struct Panics;

impl Observer for Panics {
    fn observe(&self, _: &Event<'_>) {
        panic!("observed");
    }

    fn is_of_interest(&self, event: &Event<'_>) -> bool {
        assert!(
            !matches!(event.kind, EventKind::Sent { .. }),
            "of interest?"
        );
        true
    }
}

#[tokio::test]
async fn an_observer_that_panics_harms_nothing() {
    let shadow = Shadow::start().await;
    let log = Log::default();
    let mirror = builder(&shadow)
        .observer(Panics)
        .observer(log.clone())
        .build()
        .unwrap();
    let primary = primary(&mirror).await;
    for _ in 0..3 {
        assert_eq!(primary.post("/", "primary").await.text(), "primary");
    }
    let stats = settled(&mirror, 3).await.remove(0);
    assert_eq!((stats.sent, stats.answered), (3, 3));
    until("the other observer", || log.of("up").len() == 6).await;
}

/// Blocks until it is let go.
#[derive(Clone, Default)]
struct Blocks(Arc<(Mutex<bool>, Condvar)>, Arc<AtomicU64>);

impl Blocks {
    fn let_go(&self) {
        *self.0.0.lock().unwrap() = true;
        self.0.1.notify_all();
    }
}

impl Observer for Blocks {
    fn observe(&self, _: &Event<'_>) {
        let gone = self.0.0.lock().unwrap();
        drop(self.0.1.wait_while(gone, |gone| !*gone).unwrap());
        self.1.fetch_add(1, SeqCst);
    }
}

#[tokio::test]
async fn an_observer_that_blocks_keeps_nobody_waiting() {
    let shadow = Shadow::start().await;
    let (blocks, log, called) = (
        Blocks::default(),
        Log::default(),
        Arc::new(AtomicU64::new(0)),
    );
    let counted = Arc::clone(&called);
    let mirror = builder(&shadow)
        .observer(blocks.clone())
        .observer(log.clone())
        .on_success(move |_, _| {
            counted.fetch_add(1, SeqCst);
        })
        .build()
        .unwrap();
    let primary = primary(&mirror).await;
    // More than wait for an observer.
    for _ in 0..600 {
        assert_eq!(primary.post("/", "primary").await.text(), "primary");
    }
    let stats = settled(&mirror, 600).await.remove(0);
    assert_eq!(stats.answered, 600, "{stats}");
    until("the callback and the other observer", || {
        called.load(SeqCst) == 600 && log.of("up").len() == 1200
    })
    .await;
    assert_eq!(blocks.1.load(SeqCst), 0);
    blocks.let_go();
    until("all that waited", || blocks.1.load(SeqCst) >= 1024).await;
    assert!(blocks.1.load(SeqCst) <= 1025);
}

#[tokio::test]
async fn what_is_not_sampled_is_told_to_who_asks_for_it() {
    /// Asks for everything.
    struct Everything(Log);

    impl Observer for Everything {
        fn observe(&self, event: &Event<'_>) {
            self.0.observe(event);
        }

        fn is_of_interest(&self, _: &Event<'_>) -> bool {
            true
        }
    }

    let shadow = Shadow::start().await;
    let (log, others) = (Log::default(), Log::default());
    let mirror = builder(&shadow)
        .percentage(0.0)
        .observer(Everything(log.clone()))
        .observer(others.clone())
        .build()
        .unwrap();
    primary(&mirror).await.get("/").await;
    until("the event", || log.of("up") == ["not sent: not_sampled"]).await;
    assert!(others.of("up").is_empty());
}
