//! Recorders of other kinds, and at other times. Those of a process are each in one of its own.

use std::{
    sync::{
        Arc, LazyLock, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering::SeqCst},
    },
    time::Duration,
};

use metrics::{Counter, Gauge, Histogram, Key, KeyName, Metadata, Recorder, SharedString, Unit};
use metrics_exporter_prometheus::PrometheusBuilder;
use mirror_runtime::{
    Mirror,
    metrics::{BUCKETS, Options, publish},
};
use testkit::{Shadow, passes_with, settled};

use super::{
    counting::{named, primary},
    scrape::{self, EXPORTER, Scrape},
};

/// Set in the process of its own.
const ALONE: &str = "MIRROR_TESTS_ALONE";

pub(crate) fn is_alone() -> bool {
    std::env::var_os(ALONE).is_some()
}

pub(crate) async fn passes_alone(test: &'static str) {
    passes_with(test, vec![(ALONE, "1".to_owned())]).await;
}

async fn mirrored(name: &'static str, requests: u64) -> (Mirror, Shadow) {
    let shadow = Shadow::start().await;
    let mirror = Mirror::builder()
        .name(name)
        .target(named(shadow.url(), "a"))
        .build()
        .unwrap();
    let primary = primary(&mirror).await;
    for _ in 0..requests {
        primary.get("/").await;
    }
    settled(&mirror, requests).await;
    (mirror, shadow)
}

/// With the names that the exporter recommends, which are the same.
#[tokio::test]
async fn a_recorder_that_comes_late_gets_everything() {
    const TEST: &str = "recorders::a_recorder_that_comes_late_gets_everything";
    if !is_alone() {
        return passes_alone(TEST).await;
    }
    let (_mirror, _shadow) = mirrored("early", 3).await;
    let (gone, _shadow) = mirrored("gone", 2).await;
    let is_gone = {
        let weak = gone.stats().name;
        move || mirror_runtime::mirror_named(&weak).is_none()
    };
    drop(gone);
    testkit::until("it is gone", is_gone).await;
    // To nobody.
    publish();
    publish();
    let exporter = PrometheusBuilder::new()
        .with_recommended_naming(true)
        .set_buckets(&BUCKETS)
        .unwrap()
        .install_recorder()
        .unwrap();
    publish();
    let text = exporter.render();
    let scrape = Scrape::of(&text);
    let labels = [("mirror", "early"), ("target", "a")];
    for name in ["mirror_requests_total", "mirror_copies_total"] {
        assert_eq!(scrape.count(name, &labels), 3, "{name}");
    }
    for name in ["mirror_copy_duration", "mirror_copy_first_byte"] {
        let name = format!("{name}_seconds_count");
        assert_eq!(scrape.count(&name, &labels), 3, "{name}");
    }
    // Also of one that was no more when it came.
    let labels = [("mirror", "gone"), ("target", "a")];
    assert_eq!(scrape.count("mirror_requests_total", &labels), 2);
    let recommended: Vec<_> = text
        .lines()
        .filter(|line| line.starts_with("# TYPE"))
        .collect();
    let as_is = PrometheusBuilder::new().build_recorder();
    metrics::with_local_recorder(&as_is, publish);
    let as_is = as_is.handle().render();
    for family in as_is.lines().filter(|line| line.starts_with("# TYPE")) {
        assert!(
            recommended.contains(&family),
            "{family} is not among {recommended:?}"
        );
    }
}

#[tokio::test]
async fn a_recorder_of_a_thread_gets_counters_and_gauges() {
    LazyLock::force(&EXPORTER);
    let (_mirror, _shadow) = mirrored("local", 2).await;
    let labels = [("mirror", "local"), ("target", "a")];
    for _ in 0..2 {
        let recorder = PrometheusBuilder::new().build_recorder();
        metrics::with_local_recorder(&recorder, || {
            publish();
            publish();
        });
        let local = Scrape::of(&recorder.handle().render());
        assert_eq!(local.count("mirror_requests_total", &labels), 2);
        assert_eq!(local.count("mirror_copies_in_flight", &labels), 0);
        assert_eq!(
            local.sum("mirror_copy_duration_seconds_count", &labels),
            None
        );
    }
    // That of the process has lost nothing by that.
    let scrape = scrape::scrape().await;
    let durations = scrape.count("mirror_copy_duration_seconds_count", &labels);
    assert_eq!(durations, 2);
}

/// A recorder that panics whenever it is asked, as long as that is wanted.
#[derive(Default)]
struct Faulty {
    works: AtomicBool,
    threads: Mutex<Vec<String>>,
}

struct Shared(Arc<Faulty>);

impl Shared {
    fn note(&self) {
        let thread = std::thread::current().name().unwrap_or_default().to_owned();
        let threads = self.0.threads.lock();
        threads.unwrap_or_else(PoisonError::into_inner).push(thread);
        assert!(self.0.works.load(SeqCst), "as planned");
    }
}

impl Recorder for Shared {
    fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn register_counter(&self, _: &Key, _: &Metadata<'_>) -> Counter {
        self.note();
        Counter::noop()
    }

    fn register_gauge(&self, _: &Key, _: &Metadata<'_>) -> Gauge {
        self.note();
        Gauge::noop()
    }

    fn register_histogram(&self, _: &Key, _: &Metadata<'_>) -> Histogram {
        self.note();
        Histogram::noop()
    }
}

#[tokio::test]
async fn a_recorder_that_panics_harms_nobody() {
    const TEST: &str = "recorders::a_recorder_that_panics_harms_nobody";
    if !is_alone() {
        return passes_alone(TEST).await;
    }
    let faulty = Arc::new(Faulty::default());
    assert!(metrics::set_global_recorder(Shared(Arc::clone(&faulty))).is_ok());
    let (mirror, _shadow) = mirrored("unharmed", 3).await;
    publish();
    assert_eq!(mirror.stats().targets[0].answered, 3);
    // It is asked again, once it works.
    faulty.works.store(true, SeqCst);
    faulty
        .threads
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .clear();
    publish();
    let threads = faulty
        .threads
        .lock()
        .unwrap_or_else(PoisonError::into_inner);
    assert!(!threads.is_empty());
    // And nobody else runs its code.
    assert!(
        threads.iter().all(|thread| thread == "mirror-metrics"),
        "{threads:?}"
    );
}

#[tokio::test]
async fn the_interval_can_be_chosen() {
    const TEST: &str = "recorders::the_interval_can_be_chosen";
    if !is_alone() {
        return passes_alone(TEST).await;
    }
    assert_eq!(Options::current(), Options::new());
    let of = |millis| Options::new().interval(Duration::from_millis(millis));
    for (given, taken) in [(10_000, 10_000), (100, 100), (1, 100)] {
        of(given).apply();
        assert_eq!(Options::current(), of(taken));
    }
    // With the shortest, everything is there some time, though nobody asks.
    let exporter = PrometheusBuilder::new().install_recorder().unwrap();
    let (_mirror, _shadow) = mirrored("by itself", 2).await;
    let labels = [("mirror", "by itself"), ("outcome", "sent")];
    testkit::until("it is published", || {
        let scrape = Scrape::of(&exporter.render());
        scrape.sum("mirror_requests_total", &labels) == Some(2.0)
    })
    .await;
}
