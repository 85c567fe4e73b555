//! What the thread publishes by itself: what has changed, and the rest now and then. Each recorder
//! is that of a process of its own.

use std::{
    collections::BTreeMap,
    sync::{
        LazyLock, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering::SeqCst},
        mpsc::{self, Receiver},
    },
    time::Duration,
};

use metrics::{
    Counter, CounterFn, Gauge, Histogram, Key, KeyName, Metadata, Recorder, SharedString, Unit,
};
use mirror_runtime::{
    Mirror,
    metrics::{Options, publish},
};
use testkit::{Shadow, settled, until};

use super::{
    counting::{named, primary},
    recorders::{is_alone, passes_alone},
};

/// How often something is told of each mirror, and how often of none.
static TOLD: LazyLock<Mutex<BTreeMap<String, Told>>> = LazyLock::new(Mutex::default);

/// That of no mirror.
const PROCESS: &str = "";

#[derive(Clone, Copy, Debug, Default)]
struct Told {
    times: usize,
    sent: u64,
}

fn told(mirror: &str) -> Told {
    let all = TOLD.lock().unwrap_or_else(PoisonError::into_inner);
    all.get(mirror).copied().unwrap_or_default()
}

fn tell(mirror: &str, tell: impl FnOnce(&mut Told)) {
    let mut all = TOLD.lock().unwrap_or_else(PoisonError::into_inner);
    tell(all.entry(mirror.to_owned()).or_default());
}

/// A recorder of no size, as one is that keeps everything in statics.
struct Sizeless;

struct Sent(String);

impl CounterFn for Sent {
    fn increment(&self, _: u64) {}

    fn absolute(&self, value: u64) {
        tell(&self.0, |told| told.sent = value);
    }
}

impl Recorder for Sizeless {
    fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
        let value = |name| key.labels().find(|label| label.key() == name);
        let is_sent = value("outcome").is_some_and(|label| label.value() == "sent");
        match value("mirror") {
            Some(mirror) if is_sent && key.name() == "mirror_requests_total" => {
                Counter::from_arc(Sent(mirror.value().to_owned()).into())
            }
            _ => Counter::noop(),
        }
    }

    /// Each has one series of each gauge: it stands for all.
    fn register_gauge(&self, key: &Key, _: &Metadata<'_>) -> Gauge {
        match key.name() {
            "mirror_buffered_bytes" => tell(PROCESS, |told| told.times += 1),
            "mirror_circuit_open" => {
                let mut labels = key.labels();
                let mirror = labels.find(|label| label.key() == "mirror").unwrap();
                tell(mirror.value(), |told| told.times += 1);
            }
            _ => {}
        }
        Gauge::noop()
    }

    fn register_histogram(&self, _: &Key, _: &Metadata<'_>) -> Histogram {
        Histogram::noop()
    }
}

/// Waits until the thread has published so often.
async fn rounds(more: usize) {
    let until_now = told(PROCESS).times;
    until("it was published", || {
        told(PROCESS).times >= until_now + more
    })
    .await;
}

#[tokio::test]
async fn only_what_changes_is_published_each_time_and_everything_now_and_then() {
    const TEST: &str =
        "unchanged::only_what_changes_is_published_each_time_and_everything_now_and_then";
    if !is_alone() {
        return passes_alone(TEST).await;
    }
    let shadow = Shadow::start().await;
    let make = |name: &'static str| {
        let mirror = Mirror::builder().name(name);
        let mirror = mirror.target(named(shadow.url(), "a"));
        mirror.build().unwrap()
    };
    let (busy, quiet) = (make("busy"), make("quiet"));
    let primary = primary(&busy).await;
    assert!(metrics::set_global_recorder(Sizeless).is_ok());
    let shortest = Options::new().interval(Duration::from_millis(100));
    shortest.apply();
    // Everything once, and once more for what was counted meanwhile.
    rounds(3).await;
    assert!(told("quiet").times > 0);

    let (before, at) = (told("quiet").times, told(PROCESS).times);
    for requests in 1..=5 {
        primary.get("/").await;
        settled(&busy, requests).await;
        // The one that is under way, and the next.
        rounds(2).await;
        assert_eq!(told("busy").sent, requests);
    }
    rounds(24).await;
    let times = told("quiet").times - before;
    let of = told(PROCESS).times - at;
    // A twelfth of the mirrors each time.
    assert!(times > 0 && times <= of / 12 + 1, "{times} of {of}");

    // What is said of it is no counter, and is published all the same.
    let before = told("quiet").times;
    quiet.control().disable();
    rounds(3).await;
    // Twice: with what was said, and once more. The round of all others is one at most.
    assert!(told("quiet").times >= before + 2);
}

/// A recorder in which the thread waits until its sender is dropped.
struct Gate(Mutex<Receiver<()>>);

static ROUNDS: AtomicUsize = AtomicUsize::new(0);

impl Recorder for Gate {
    fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn register_counter(&self, _: &Key, _: &Metadata<'_>) -> Counter {
        Counter::noop()
    }

    fn register_gauge(&self, key: &Key, _: &Metadata<'_>) -> Gauge {
        if key.name() == "mirror_buffered_bytes" {
            ROUNDS.fetch_add(1, SeqCst);
            let opened = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            let _ = opened.recv();
        }
        Gauge::noop()
    }

    fn register_histogram(&self, _: &Key, _: &Metadata<'_>) -> Histogram {
        Histogram::noop()
    }
}

#[tokio::test]
async fn many_mirrors_that_are_made_at_once_are_published_together() {
    const TEST: &str = "unchanged::many_mirrors_that_are_made_at_once_are_published_together";
    if !is_alone() {
        return passes_alone(TEST).await;
    }
    let (open, opened) = mpsc::channel();
    assert!(metrics::set_global_recorder(Gate(opened.into())).is_ok());
    Options::new().interval(Duration::MAX).apply();
    until("it publishes", || ROUNDS.load(SeqCst) == 1).await;
    let make = |number: usize| {
        let mirror = Mirror::builder().name(number.to_string());
        let mirror = mirror.target("http://127.0.0.1:1").build();
        mirror.unwrap()
    };
    let _mirrors: Vec<_> = (0..300).map(make).collect();
    drop(open);
    // All that was asked for before is done then.
    tokio::task::spawn_blocking(publish).await.unwrap();
    let rounds = ROUNDS.load(SeqCst);
    assert!(rounds < 10, "{rounds}");
}
