//! What several processes know, over a bucket of a server.

use std::{
    collections::BTreeMap,
    sync::atomic::{AtomicU64, Ordering::Relaxed},
    time::{Duration, SystemTime},
};

use async_nats::{
    Client,
    jetstream::{self, kv::Store, stream},
};
use http::{HeaderMap, Method, StatusCode};
use mirror_compare::{
    BufferedResponse, CompareMode, NotComparedReason, Rules, Subject, compare,
    report::{Recorder, Standing, Thresholds},
};
use mirror_runtime::{Latency, TargetEvidence, TargetReport, TargetStats};
use proptest::{collection::vec, prelude::*, sample::select};
use serde_json::Value;
use testkit::nats::NatsServer;

use super::{
    Known, Snapshot, Sum, add_up,
    fleet::{
        InstancePresence,
        run::{
            Heartbeat, VERSION, fold, instance_key,
            read::{Loaded, Read, assembled},
        },
    },
};
use crate::{
    NatsError, NatsOptions,
    bucket::{self, Bounds},
};

const WAIT: Duration = Duration::from_secs(30);

const PATIENCE: Duration = Duration::from_secs(30);

fn bounds(name: &str) -> Bounds {
    Bounds {
        name: name.to_owned(),
        description: "of a test",
        max_bytes: 64 << 20,
        max_age: Duration::ZERO,
        replicas: 1,
    }
}

/// A server with a bucket, and a runtime to ask it.
struct Kv {
    runtime: tokio::runtime::Runtime,
    client: Client,
    store: Store,
    epochs: AtomicU64,
    _server: NatsServer,
}

impl Kv {
    fn start() -> Option<Self> {
        let server = NatsServer::start()?;
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let connection = NatsOptions::new(&server.url()).unwrap().connect().unwrap();
        let (client, store) = runtime.block_on(async {
            let client = connection.client().await.unwrap();
            let store = bucket::ensure(&client, &bounds("report")).await.unwrap();
            (client, store)
        });
        // It is as long as the server.
        std::mem::forget(connection);
        Some(Self {
            runtime,
            client,
            store,
            epochs: AtomicU64::new(0),
            _server: server,
        })
    }

    /// What is read of these snapshots after they were written, in parts of so many bytes.
    fn sent(&self, snapshots: &[Snapshot], longest: usize) -> Vec<Known> {
        let epoch = self.epochs.fetch_add(1, Relaxed);
        let prefix = format!("report.{epoch}.orders.");
        self.runtime.block_on(async {
            for (number, snapshot) in (0_u64..).zip(snapshots) {
                let key = format!("{prefix}staging.{}", snapshot.instance);
                let parts = snapshot.encode(number, longest).unwrap();
                bucket::write(&self.store, &key, number % 2, parts)
                    .await
                    .unwrap();
            }
            let filter = format!("{prefix}>");
            let read = bucket::read(&self.client, &self.store, &filter, PATIENCE).await;
            let (read, unread) = assembled(&read.unwrap(), &prefix);
            assert_eq!(unread, [""; 0]);
            read.into_iter()
                .map(|read| Known::new(read.snapshot, read.written, true))
                .collect()
        })
    }
}

/// One request, as what is compared and what the baseline makes of it.
type Request = (Option<NotComparedReason>, [usize; 3], u64);

const ROUTES: [&str; 3] = ["/orders", "/users/{id}", "/"];

const BODIES: [&str; 6] = [
    r#"{"a":1,"b":[1,2]}"#,
    r#"{"a":2,"b":[1,2]}"#,
    r#"{"a":2,"b":[1,3]}"#,
    r#"{"b":[4,5]}"#,
    "not JSON",
    "",
];

/// How many differ of these requests: seldom, often, or never.
fn requests() -> impl Strategy<Value = Vec<Request>> {
    (0..12_u32, any::<bool>(), 0..600_usize).prop_flat_map(|(differ, with_baseline, count)| {
        let body = move || prop_oneof![400 => Just(0), differ => 0..BODIES.len()];
        let bodies = (body(), body()).prop_map(move |(shadow, baseline)| {
            [0, shadow, if with_baseline { baseline } else { 0 }]
        });
        let millis = (0..90_u64).prop_map(move |millis| {
            // A multiple of four has no baseline.
            if with_baseline {
                millis | 1
            } else {
                millis * 4
            }
        });
        let reason =
            prop_oneof![300 => Just(None), 1 => select(NotComparedReason::ALL).prop_map(Some)];
        vec((reason, bodies, millis), count)
    })
}

fn note(recorder: &Recorder, (reason, [primary, shadow, baseline], millis): Request, i: usize) {
    note_of(
        recorder,
        (reason, [primary, shadow, baseline], millis),
        i,
        None,
    );
}

fn note_of(
    recorder: &Recorder,
    (reason, [primary, shadow, baseline], millis): Request,
    number: usize,
    version: Option<&str>,
) {
    let route = ROUTES[usize::try_from(millis).unwrap() % ROUTES.len()];
    if let Some(reason) = reason {
        return recorder.not_compared(reason, Some(route));
    }
    let response = |body: usize, millis: u64| {
        let response = BufferedResponse::new(StatusCode::OK, HeaderMap::new(), BODIES[body]);
        response.with_latency(Duration::from_millis(millis))
    };
    let primary = response(primary, millis);
    let path = format!("/orders/{number}");
    let against = |body: usize, slower: u64| {
        let subject = Subject::new(&Method::GET, &path).with_route(route);
        let other = response(body, millis + slower);
        compare(
            subject,
            &primary,
            &other,
            CompareMode::Json,
            &Rules::default(),
        )
    };
    let with_baseline = (!millis.is_multiple_of(4)).then(|| against(baseline, 2));
    let mut comparison = against(shadow, 1);
    comparison.version = version.map(Into::into);
    recorder.record(&mut comparison, with_baseline.as_ref());
}

fn recorder() -> Recorder {
    Recorder::new("staging", Thresholds::default())
}

/// What an instance of this name knows, which has so many copies answered.
fn snapshot(recorder: &Recorder, instance: usize, answered: u64) -> Snapshot {
    let mut counts = BTreeMap::new();
    for name in ["received", "sent", "answered", "answered_by_class.2xx"] {
        counts.insert(name.to_owned(), answered);
    }
    let mut stats = TargetStats::from_counts("staging", &counts);
    let at = usize::try_from(answered % 300).unwrap();
    stats.latency = Latency::from_sparse(&[(at, answered)]).unwrap();
    let evidence = TargetEvidence::new(
        "staging".to_owned(),
        recorder.evidence(),
        Standing::default(),
        Thresholds::default(),
    )
    .with_versions(recorder.versions());
    let snapshot = Snapshot::new("orders", &stats, &format!("pod-{instance}"), "run");
    snapshot.with_evidence(evidence)
}

fn report(sums: &[Sum]) -> TargetReport {
    assert_eq!(sums.len(), 1);
    sums[0].report().unwrap()
}

/// All of a report that does not depend on which example is kept, on when it was counted, and on
/// what single comparisons were told, which depends on what their process knew by then.
fn said(report: &TargetReport, with_told: bool) -> Value {
    let mut said = serde_json::to_value(report).unwrap();
    said["since_unix_s"].take();
    for window in said["windows"].as_array_mut().unwrap() {
        window["seconds"].take();
    }
    for group in said["groups"].as_array_mut().unwrap() {
        group["first"].take();
        group["last"].take();
    }
    if !with_told {
        for name in [
            "noise",
            "matched",
            "mismatched",
            "match_rate",
            "equal",
            "reason",
        ] {
            said[name].take();
        }
    }
    said
}

#[test]
fn the_report_is_that_of_all_comparisons_however_they_are_split_over_instances() {
    let Some(kv) = Kv::start() else { return };
    proptest!(ProptestConfig::with_cases(24), |(
        requests in requests(),
        places in vec(0..4_usize, 600),
        order in Just([0_usize, 1, 2, 3]).prop_shuffle(),
        longest in select(&[600, 4_000, 1 << 20][..]),
    )| {
        let one = recorder();
        let several = [(); 4].map(|()| recorder());
        let mut answered = [0; 4];
        let has_baseline = requests.iter().any(|(_, _, millis)| !millis.is_multiple_of(4));
        for (number, (request, place)) in requests.into_iter().zip(places).enumerate() {
            note(&one, request, number);
            note(&several[place], request, number);
            answered[place] += 1;
        }
        let snapshots = order.map(|place| snapshot(&several[place], place, answered[place]));
        let sums = add_up(&kv.sent(&snapshots, longest), WAIT, SystemTime::now());
        let all: u64 = answered.iter().sum();
        let stats = &sums[0].stats;
        prop_assert_eq!((stats.sent, stats.answered, stats.received), (all, all, all));
        prop_assert_eq!(stats.latency.count(), all);
        let merged = report(&sums);
        // And if some of them have finished, and were taken together.
        let reads: Vec<_> = snapshots
            .iter()
            .map(|snapshot| Read {
                key: snapshot.instance.clone(),
                instance: snapshot.instance.clone(),
                snapshot: snapshot.clone(),
                written: SystemTime::now(),
                revision: 1,
            })
            .collect();
        let folded = fold::sum(reads[..3].iter(), SystemTime::now()).unwrap();
        let folded = [folded, snapshots[3].clone()];
        let folded = add_up(&kv.sent(&folded, longest), WAIT, SystemTime::now());
        prop_assert_eq!(folded[0].instances, sums[0].instances);
        prop_assert_eq!(folded[0].stats.to_counts(), sums[0].stats.to_counts());
        prop_assert_eq!(folded[0].stats.latency.to_sparse(), sums[0].stats.latency.to_sparse());
        prop_assert_eq!(said(&report(&folded), true), said(&merged, true));
        let expected = one.evidence();
        let thresholds = Thresholds::default();
        let expected = expected.report("staging", &thresholds, Standing::default());
        prop_assert_eq!(merged.verdict, expected.verdict);
        prop_assert_eq!(merged.needed, expected.needed);
        prop_assert_eq!(said(&merged, !has_baseline), said(&expected, !has_baseline));
        // Whoever has written them first.
        let mut turned = snapshots.to_vec();
        turned.reverse();
        let again = report(&add_up(&kv.sent(&turned, longest), WAIT, SystemTime::now()));
        prop_assert_eq!(said(&again, true), said(&merged, true));
    });
}

/// One whose process has compared so many responses of a version of the shadow, each of which
/// differs or not.
fn of_version(version: Option<&str>, count: usize, differ: bool) -> Recorder {
    let recorder = recorder();
    for number in 0..count {
        let request = (None, [0, usize::from(differ), 0], 4);
        note_of(&recorder, request, number, version);
    }
    recorder
}

/// A snapshot of an instance that knows this, to which these versions have responded: first and last
/// so many seconds ago, and so often, every 20 seconds at most.
fn seen(
    instance: usize,
    recorder: &Recorder,
    versions: &[(Option<&str>, u64, u64, u64)],
    now: SystemTime,
) -> Known {
    let mut snapshot = snapshot(recorder, instance, 1);
    let compared = snapshot.compared.as_mut().unwrap();
    let versions = versions.iter().map(|(version, first, last, count)| {
        let step = ((first - last) / (count - 1).max(1)).min(20);
        let last: Vec<_> = (0..*count).map(|of| (last + of * step) * 1000).collect();
        serde_json::json!({ "version": version, "first_ms": first * 1000, "last_ms": last })
    });
    compared.seen = serde_json::from_value(Value::Array(versions.collect())).unwrap();
    Known::new(snapshot, now, true)
}

#[test]
fn evidence_about_an_old_build_promotes_no_new_one() {
    let now = SystemTime::now();
    let of = |known: &[Known]| {
        let report = report(&add_up(known, WAIT, now));
        let mut turned = known.to_vec();
        turned.reverse();
        let again = self::report(&add_up(&turned, WAIT, now));
        assert_eq!(said(&again, true), said(&report, true));
        (report.version, report.compared, report.verdict.as_str())
    };
    let old = of_version(Some("1"), 600, false);
    let new = of_version(Some("2"), 3, false);
    let both: &[_] = &[(Some("2"), 20, 1, 3), (Some("1"), 900, 2, 20)];
    // One has seen the new version, others have not.
    let known = [
        seen(0, &old, &[(Some("1"), 900, 1, 20)], now),
        seen(1, &new, both, now),
        seen(2, &old, &[(Some("1"), 300, 1, 20)], now),
    ];
    assert_eq!(of(&known), (Some("2".into()), 3, "not_enough_data"));
    // The last one comes to know of it.
    let known = [
        seen(0, &old, &[(Some("1"), 900, 90, 20)], now),
        seen(1, &new, both, now),
        seen(2, &of_version(Some("2"), 4, false), both, now),
    ];
    assert_eq!(of(&known), (Some("2".into()), 7, "not_enough_data"));
    // One was started while some servers were still of the old version.
    let known = [
        seen(1, &new, both, now),
        seen(3, &old, &[(Some("1"), 5, 1, 3)], now),
    ];
    assert_eq!(of(&known), (Some("2".into()), 3, "not_enough_data"));
    // It was rolled back, and an instance has had no request since.
    let rolled_back: &[_] = &[(Some("1"), 900, 1, 20)];
    let gone: &[_] = &[(Some("2"), 600, 500, 12), (Some("1"), 900, 700, 20)];
    let known = [
        seen(0, &of_version(Some("1"), 5, false), rolled_back, now),
        seen(1, &new, gone, now),
    ];
    assert_eq!(of(&known), (Some("1".into()), 5, "not_enough_data"));
    // All that is known of the older version is from before.
    let known = [
        seen(0, &old, &[(Some("1"), 900, 700, 20)], now),
        seen(1, &new, gone, now),
    ];
    assert_eq!(of(&known).0, Some("2".into()));
    // A shadow that did not say its version, and now does.
    let known = [
        seen(0, &of_version(None, 600, false), &[(None, 900, 1, 20)], now),
        seen(1, &new, &[(Some("2"), 20, 1, 3), (None, 900, 21, 20)], now),
    ];
    assert_eq!(of(&known), (Some("2".into()), 3, "not_enough_data"));
}

#[test]
fn an_instance_that_cannot_reach_the_shadow_counts_whatever_its_version() {
    let now = SystemTime::now();
    let failing = recorder();
    for _ in 0..600 {
        failing.not_compared(NotComparedReason::Failed, Some("/orders"));
    }
    let good = of_version(Some("2"), 600, false);
    let alone = [seen(0, &good, &[(Some("2"), 90, 1, 20)], now)];
    assert_eq!(
        report(&add_up(&alone, WAIT, now)).verdict.as_str(),
        "promote"
    );
    let [with, _] = [
        [alone[0].clone(), seen(1, &failing, &[], now)],
        [seen(1, &failing, &[], now), alone[0].clone()],
    ]
    .map(|known| {
        let report = report(&add_up(&known, WAIT, now));
        assert_eq!(report.version.as_deref(), Some("2"));
        assert_eq!((report.compared, report.not_compared), (600, 600));
        report.verdict.as_str()
    });
    assert_eq!(with, "regressed");
}

#[test]
fn who_was_started_after_an_instance_fell_silent_replaces_it_and_who_ran_beside_it_does_not() {
    use InstancePresence::{Missing, Replaced, Running};

    let now = SystemTime::now();
    let ago = |seconds| now - Duration::from_secs(seconds);
    // The name, when it was started, and when it was heard of last.
    let presences = |instances: &[(&str, u64, u64)]| {
        let heartbeats = (0..).zip(instances).map(|(run, &(name, began, heard))| {
            let heartbeat = Heartbeat {
                version: VERSION,
                name: name.to_owned(),
                run: format!("{run}"),
                interval_ms: 10_000,
                age_ms: (began - heard) * 1000,
                is_finished: false,
            };
            (instance_key(name, &heartbeat.run), (heartbeat, ago(heard)))
        });
        let loaded = Loaded {
            prefix: String::new(),
            instances: heartbeats.collect(),
            reads: Vec::new(),
            unread: Vec::new(),
            now,
        };
        let keys = loaded.instances.keys();
        keys.map(|key| loaded.presence(key)).collect::<Vec<_>>()
    };
    assert_eq!(
        presences(&[("a", 900, 90), ("a", 70, 1)]),
        [Replaced, Running]
    );
    assert_eq!(
        presences(&[("a", 900, 90), ("b", 70, 1)]),
        [Missing, Running]
    );
    assert_eq!(
        presences(&[("a", 900, 90), ("a", 800, 1)]),
        [Missing, Running]
    );
    let three = [("a", 900, 800), ("a", 700, 90), ("a", 70, 1)];
    assert_eq!(presences(&three), [Replaced, Replaced, Running]);
    assert_eq!(presences(&three[..2]), [Replaced, Missing]);
}

#[test]
fn a_bucket_with_other_bounds_is_named_and_left_as_it_is() {
    let Some(kv) = Kv::start() else { return };
    let mut other = bounds("report");
    other.max_bytes = 32 << 20;
    let error = kv.runtime.block_on(bucket::ensure(&kv.client, &other));
    let error = error.unwrap_err();
    assert!(matches!(error, NatsError::Differs { .. }), "{error}");
    let text = error.to_string();
    assert!(
        text.contains("KV_report") && text.contains("`max_bytes` is 67108864"),
        "{text}"
    );
    let same = kv
        .runtime
        .block_on(bucket::ensure(&kv.client, &bounds("report")));
    assert!(same.is_ok());
}

#[test]
fn a_bucket_that_forgets_sooner_or_otherwise_is_named_with_all_that_differs() {
    let Some(kv) = Kv::start() else { return };
    let context = kv
        .runtime
        .block_on(async { jetstream::new(kv.client.clone()) });
    let as_asked = |name: &str| stream::Config {
        allow_direct: false,
        description: Some("of somebody else".to_owned()),
        ..bucket::config(&bounds(name))
    };
    let others = [
        ("age", "`max_age` is 3s, and unbounded was asked for"),
        ("memory", "`storage` is Memory, and File was asked for"),
        ("old", "`discard` is Old, and New was asked for"),
        ("five", "`history` is 5, and 1 was asked for"),
        ("few", "`max_msgs` is 9, and unbounded was asked for"),
        ("short", "`max_msg_size` is 99, and unbounded was asked for"),
        (
            "all",
            "`max_age` is 3s, and unbounded was asked for; `storage` is Memory",
        ),
    ];
    for (name, said) in others {
        let mut config = as_asked(name);
        match name {
            "age" => config.max_age = Duration::from_secs(3),
            "memory" => config.storage = stream::StorageType::Memory,
            "old" => config.discard = stream::DiscardPolicy::Old,
            "five" => config.max_messages_per_subject = 5,
            "few" => config.max_messages = 9,
            "short" => config.max_message_size = 99,
            _ => {
                config.max_age = Duration::from_secs(3);
                config.storage = stream::StorageType::Memory;
            }
        }
        // What it refuses by age, it need not know for so long either.
        config.duplicate_window = config.max_age;
        let error = kv.runtime.block_on(async {
            context.create_stream(config).await.unwrap();
            bucket::ensure(&kv.client, &bounds(name)).await.unwrap_err()
        });
        assert!(matches!(error, NatsError::Differs { .. }), "{error}");
        let text = error.to_string();
        assert!(text.contains(said), "{text}");
    }
    let same = kv.runtime.block_on(async {
        context.create_stream(as_asked("same")).await.unwrap();
        bucket::ensure(&kv.client, &bounds("same")).await
    });
    assert!(same.is_ok(), "what loses nothing may differ: {same:?}");
}

#[test]
fn what_is_no_snapshot_is_said_and_harms_no_other() {
    let Some(kv) = Kv::start() else { return };
    let good = snapshot(&of_version(None, 5, false), 0, 5);
    kv.runtime.block_on(async {
        let store = &kv.store;
        let put = |key: &'static str, value: Vec<u8>| async move {
            store.put(key, value.into()).await.unwrap();
        };
        let parts = good.encode(7, 500).unwrap();
        assert!(parts.len() > 2);
        put("report.1.orders.staging.garbage", b"hello".to_vec()).await;
        let mut later = parts[0].to_vec();
        later[0] = 9;
        put("report.1.orders.staging.later", later).await;
        put("report.1.orders.staging.torn", parts[0].to_vec()).await;
        let whole = good.encode(8, 1 << 20).unwrap();
        put("report.1.orders.staging.good", whole[0].to_vec()).await;
        let read = bucket::read(&kv.client, &kv.store, "report.1.orders.>", PATIENCE).await;
        let (read, mut unread) = assembled(&read.unwrap(), "report.1.orders.");
        unread.sort();
        assert_eq!(read.len(), 1);
        assert_eq!(unread.len(), 3, "{unread:?}");
        assert!(
            unread[1].contains("later: it is of version 9"),
            "{unread:?}"
        );
        assert!(
            unread[2].contains("torn: a part of it is missing"),
            "{unread:?}"
        );
        let none = bucket::read(&kv.client, &kv.store, "report.2.>", PATIENCE).await;
        assert!(none.unwrap().is_empty());
    });
}
