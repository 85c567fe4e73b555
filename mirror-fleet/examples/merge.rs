//! How long it takes to add up what a fleet knows: 100 instances with 50 mirrors each.
//!
//! ```sh
//! cargo run --release -p mirror-fleet --example merge
//! ```
//!
//! With `nats-server` in the `PATH`, the snapshots are also written to a bucket and read from it.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant, SystemTime},
};

use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode};
use mirror_compare::{
    BufferedResponse, CompareMode, Rules, Subject, compare,
    report::{Recorder, Standing, Thresholds},
};
use mirror_fleet::{Fleet, Known, NatsOptions, Snapshot, add_up};
use mirror_runtime::{Latency, TargetEvidence, TargetStats};
use testkit::nats::NatsServer;

const INSTANCES: usize = 100;
const MIRRORS: usize = 50;

/// Below `max_payload` of a server, which is 1 MiB unless it is told otherwise.
const LONGEST: usize = (1 << 20) - 4096;

fn main() {
    let sizes = [
        ("few differences", 3),
        ("many", 40),
        ("all tables full", 900),
    ];
    for (name, places) in sizes {
        let recorder = compared(1_000.max(places * 3), places);
        let snapshot = snapshot(&recorder, "mirror-0", 0);
        let began = Instant::now();
        let parts = snapshot.encode(1, LONGEST).unwrap();
        let encoding = began.elapsed();
        let bytes: usize = parts.iter().map(Bytes::len).sum();
        let json = serde_json::to_vec(&snapshot).unwrap().len();
        let began = Instant::now();
        Snapshot::decode(&parts).unwrap();
        println!(
            "{name}: {json} bytes of JSON, {bytes} packed in {} parts, written in {encoding:.1?}, read in {:.1?}",
            parts.len(),
            began.elapsed()
        );
    }

    // Each instance has seen other requests.
    let recorders: Vec<_> = (0..INSTANCES).map(|_| compared(1_000, 3)).collect();
    let mut written = Vec::new();
    for mirror in 0..MIRRORS {
        for (instance, recorder) in recorders.iter().enumerate() {
            let snapshot = snapshot(recorder, &format!("mirror-{mirror}"), instance);
            written.push((mirror, snapshot.encode(1, LONGEST).unwrap()));
        }
    }
    let bytes: usize = written
        .iter()
        .flat_map(|(_, parts)| parts)
        .map(Bytes::len)
        .sum();
    println!(
        "{INSTANCES} instances x {MIRRORS} mirrors: {} KiB",
        bytes >> 10
    );
    let began = Instant::now();
    let mut by_mirror = BTreeMap::<_, Vec<Known>>::new();
    for (mirror, parts) in &written {
        let snapshot = Snapshot::decode(parts).unwrap();
        let known = Known::new(snapshot, SystemTime::now(), true);
        by_mirror.entry(mirror).or_default().push(known);
    }
    let decoding = began.elapsed();
    let mut compared = 0;
    for known in by_mirror.values() {
        let sums = add_up(known, Duration::from_secs(30), SystemTime::now());
        compared += sums[0].report().unwrap().compared;
    }
    println!(
        "unpacked in {decoding:.1?}, added up and judged in {:.1?}, {:.1?} in all: {compared} comparisons",
        began.elapsed().saturating_sub(decoding),
        began.elapsed()
    );
    over_nats(&written);
}

/// The same over a bucket of a server.
fn over_nats(written: &[(usize, Vec<Bytes>)]) {
    let Some(server) = NatsServer::start() else {
        return;
    };
    let nats = NatsOptions::new(&server.url()).unwrap().connect().unwrap();
    let fleet = Fleet::builder(nats).instance("reader").start().unwrap();
    let view = fleet.view();
    while !view.status().is_connected {
        std::thread::yield_now();
    }
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let client = async_nats::connect(server.url()).await.unwrap();
        let context = async_nats::jetstream::new(client);
        let store = context.get_key_value("mirror-report").await.unwrap();
        for (number, (mirror, parts)) in written.iter().enumerate() {
            let instance = number % INSTANCES;
            let key = format!("report.1.mirror-{mirror}.staging.pod-{instance}-run");
            store.put(&key, parts[0].clone()).await.unwrap();
        }
    });
    let began = Instant::now();
    let mut instances = 0;
    for mirror in 0..MIRRORS {
        let report = view.read(&format!("mirror-{mirror}"), Duration::from_mins(1));
        assert_eq!(report.error, None);
        instances += report.targets[0].instances;
    }
    println!(
        "read from NATS, added up and judged in {:.1?}: {instances} snapshots",
        began.elapsed()
    );
}

/// The comparisons of an instance, which differ at so many places now and then.
fn compared(count: usize, places: usize) -> Recorder {
    let recorder = Recorder::new("staging", Thresholds::default());
    let body = |differs: Option<usize>| {
        let place = differs.map_or(String::new(), |place| {
            format!(",\"place_{place}\":\"a value of some length that differs\"")
        });
        format!("{{\"id\":7,\"total\":12.5,\"lines\":[{{\"sku\":\"a\",\"count\":1}}]{place}}}")
    };
    for number in 0..count {
        let latency =
            |more: usize| Duration::from_micros((2_000 + 37 * (number % 400) + more) as u64);
        let response = |body: String, more| {
            let response = BufferedResponse::new(StatusCode::OK, HeaderMap::new(), body);
            response.with_latency(latency(more))
        };
        let differs = number.is_multiple_of(3).then_some(number / 3 % places);
        let path = format!("/orders/{number}");
        let subject = Subject::new(&Method::GET, &path).with_route("/orders/{id}");
        let primary = response(body(None), 0);
        let shadow = response(body(differs), 300);
        let mut comparison = compare(
            subject,
            &primary,
            &shadow,
            CompareMode::Json,
            &Rules::default(),
        );
        recorder.record(&mut comparison, None);
    }
    recorder
}

fn snapshot(recorder: &Recorder, mirror: &str, instance: usize) -> Snapshot {
    let counts = ["received", "sent", "answered", "answered_by_class.2xx"];
    let counts = counts.map(|name| (name.to_owned(), 1_000));
    let mut stats = TargetStats::from_counts("staging", &counts.into());
    let spread: Vec<_> = (150..230).map(|bucket| (bucket, 12)).collect();
    stats.latency = Latency::from_sparse(&spread).unwrap();
    stats.first_byte = stats.latency.clone();
    let evidence = TargetEvidence::new(
        "staging".to_owned(),
        recorder.evidence(),
        Standing::default(),
        Thresholds::default(),
    )
    .with_versions(recorder.versions());
    let instance = format!("pod-{instance}");
    Snapshot::new(mirror, &stats, &instance, "run").with_evidence(evidence)
}
