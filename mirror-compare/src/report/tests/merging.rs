//! Evidence of several processes, taken together.

use proptest::{collection::vec, prelude::*, sample::select};
use serde_json::Value;

use super::*;

/// One request, as what is compared and what the baseline makes of it.
type Request = (Option<NotComparedReason>, [usize; 3], u64);

/// Routes of the requests.
const ROUTES: [&str; 3] = ["/orders", "/users/{id}", "/"];

/// Bodies that differ in several places, and in one of them, and in none.
const BODIES: [&str; 6] = [
    r#"{"a":1,"b":[1,2]}"#,
    r#"{"a":2,"b":[1,2]}"#,
    r#"{"a":2,"b":[1,3]}"#,
    r#"{"b":[4,5]}"#,
    "not JSON",
    "",
];

fn requests() -> impl Strategy<Value = Vec<Request>> {
    let reason = prop_oneof![
        9 => Just(None),
        1 => select(NotComparedReason::ALL).prop_map(Some),
    ];
    let bodies = [(); 3].map(|()| prop_oneof![3 => Just(0), 2 => 0..BODIES.len()]);
    vec((reason, bodies, 0..90_u64), 0..60)
}

/// What is said of the shadow, and why.
fn said(evidence: &Evidence, thresholds: &Thresholds) -> (ReportVerdict, String, u64) {
    let report = evidence.report("staging", thresholds, Standing::default());
    (report.verdict, report.reason, report.needed)
}

fn note(recorder: &Recorder, (reason, [primary, shadow, baseline], millis): Request) {
    let route = ROUTES[usize::try_from(millis).unwrap() % ROUTES.len()];
    if let Some(reason) = reason {
        return recorder.not_compared(reason, Some(route));
    }
    let primary = response(BODIES[primary], millis);
    let against = |body: usize, slower: u64| {
        let other = response(BODIES[body], millis + slower);
        let path = format!("/orders/{millis}");
        compare(
            Subject::new(&Method::GET, &path).with_route(route),
            &primary,
            &other,
            CompareMode::Json,
            &Rules::default(),
        )
    };
    // There is no baseline in a quarter of the cases.
    let with_baseline = (!millis.is_multiple_of(4)).then(|| against(baseline, 2));
    recorder.record(&mut against(shadow, 1), with_baseline.as_ref());
}

/// All that does not depend on which example is kept, and on when it was counted.
fn counts(evidence: &Evidence) -> (Value, Value, [u64; 3], [u64; 2]) {
    let thresholds = Thresholds::default().with_min_compared(20);
    let report = evidence.report("staging", &thresholds, Standing::default());
    let responses = evidence.seen.paired();
    let promoted = [0.001, 0.01, 0.1].map(|m| responses.below(m).to_bits());
    let regressed = [0.01, 0.05].map(|m| responses.above(m).to_bits());
    let [mut evidence, mut report] = [
        serde_json::to_value(evidence).unwrap(),
        serde_json::to_value(report).unwrap(),
    ];
    let mut groups = vec![];
    for entry in evidence["v1"]["seen"]["groups"]["entries"]
        .as_array_mut()
        .unwrap()
    {
        groups.push(entry[1]["of"].as_object_mut().unwrap());
    }
    for group in report["groups"].as_array_mut().unwrap() {
        groups.push(group.as_object_mut().unwrap());
    }
    for group in groups {
        group.retain(|name, _| name != "first" && name != "last");
    }
    // What comparisons were told depends on what was known by then, and so does what was new, and
    // where numbers were thought to lie.
    evidence["v1"]["seen"]["new_places"].take();
    let told = evidence["v1"]["seen"]["told"].take();
    for entry in evidence["v1"]["seen"]["places"]["entries"]
        .as_array_mut()
        .unwrap()
    {
        entry[1]["of"]["shaped"]["numbers"].take();
    }
    let compared = ["equal", "noise", "mismatched", "schema_mismatch"];
    let compared: u64 = compared
        .iter()
        .map(|name| told[name].as_u64().unwrap())
        .sum();
    assert_eq!(report["compared"], compared);
    for name in [
        "noise",
        "matched",
        "mismatched",
        "match_rate",
        "verdict",
        "reason",
    ] {
        report[name].take();
    }
    for time in ["since", "until"] {
        evidence["v1"][time].take();
    }
    report["since_unix_s"].take();
    for window in report["windows"].as_array_mut().unwrap() {
        window["seconds"].take();
    }
    (evidence, report, promoted, regressed)
}

fn sent(evidence: &Evidence) -> Evidence {
    serde_json::from_slice(&serde_json::to_vec(evidence).unwrap()).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_split_merged_in_any_order_says_the_same(
        requests in requests(),
        places in vec(0..5_usize, 60),
        order in Just([0_usize, 1, 2, 3, 4]).prop_shuffle(),
    ) {
        let one = recorder();
        let several = [(); 5].map(|()| recorder());
        for (request, place) in requests.into_iter().zip(places) {
            note(&one, request);
            note(&several[place], request);
        }
        let expected = counts(&one.evidence());

        let mut merged = Evidence::default();
        for place in order {
            merged.merge(&sent(&several[place].evidence()));
        }
        prop_assert_eq!(counts(&merged), expected.clone());

        // As a process does that goes on where it was.
        let restored = recorder();
        for place in order {
            restored.merge(&several[place].evidence());
        }
        prop_assert_eq!(counts(&restored.evidence()), expected);
    }
}

/// How many differ of these requests: seldom, often, or never.
fn mostly_alike() -> impl Strategy<Value = Vec<Request>> {
    (0..12_u32, any::<bool>(), 0..700_usize).prop_flat_map(|(differ, with_baseline, count)| {
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

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn the_verdict_is_that_of_all_comparisons_however_they_are_split(
        requests in mostly_alike(),
        places in vec(0..4_usize, 700),
        order in Just([0_usize, 1, 2, 3]).prop_shuffle(),
    ) {
        let one = recorder();
        let several = [(); 4].map(|()| recorder());
        for (request, place) in requests.into_iter().zip(places) {
            note(&one, request);
            note(&several[place], request);
        }
        let mut merged = Evidence::default();
        for place in order {
            merged.merge(&sent(&several[place].evidence()));
        }
        for thresholds in [Thresholds::default(), Thresholds::default().with_min_compared(20)] {
            let [one, merged] = [&one.evidence(), &merged].map(|it| said(it, &thresholds));
            prop_assert_eq!(one.0, merged.0, "{:?} {:?}", one, merged);
            prop_assert_eq!(one.2, merged.2, "{:?} {:?}", one, merged);
        }
    }
}

#[test]
fn verdicts_are_those_of_all_comparisons_whoever_made_them() {
    // Wrong in 1 of 20, of 200, and of 5,000.
    for (wrong, verdict) in [
        (20, ReportVerdict::Hold),
        (200, ReportVerdict::Hold),
        (5_000, ReportVerdict::Promote),
    ] {
        let one = recorder();
        let several = [(); 3].map(|()| recorder());
        for i in 0..1_200 {
            let bodies = [0, usize::from(i % wrong == wrong / 2), 0];
            let request = (None, bodies, (i as u64 % 30) * 4);
            note(&one, request);
            note(&several[i % 7 % 3], request);
        }
        let mut merged = Evidence::default();
        for recorder in several.iter().rev() {
            merged.merge(&sent(&recorder.evidence()));
        }
        let thresholds = Thresholds::default();
        let [one, merged] = [one.evidence(), merged].map(|evidence| {
            let report = evidence.report("staging", &thresholds, Standing::default());
            (report.verdict, report.reason)
        });
        assert_eq!(one, merged);
        assert_eq!(one.0, verdict, "{}", one.1);
    }
}

#[test]
fn what_overflows_a_table_is_counted_and_changes_no_count_of_responses() {
    let keys = |from: usize| {
        let recorder = recorder();
        for i in from..from + 300 {
            let key = "k".repeat(i + 1);
            record(&recorder, 1, &format!(r#"{{"{key}":1}}"#), "{}");
        }
        recorder.evidence()
    };
    let mut merged = keys(0);
    merged.merge(&keys(200));
    merged.merge(&keys(600));
    let report = merged.report("staging", &Thresholds::default(), Standing::default());
    assert_eq!((report.groups.len(), report.mismatched), (200, 900));
    let shown: u64 = report.groups.iter().map(|group| group.differences).sum();
    assert_eq!(shown + report.other_differences, 900);
    assert_eq!(counts(&sent(&merged)), counts(&merged));
}

#[test]
fn examples_survive_being_sent() {
    let recorder = recorder();
    record(
        &recorder,
        1,
        r#"{"items":[{"id":1}]}"#,
        r#"{"items":[{"id":2}]}"#,
    );
    let evidence = recorder.evidence();
    let [here, there] = [&evidence, &sent(&evidence)].map(|evidence| {
        let report = evidence.report("staging", &Thresholds::default(), Standing::default());
        report.groups[0].clone()
    });
    assert_eq!(here, there);
    assert_eq!(here.pointer, "/items/*/id");
}

#[test]
fn what_is_no_evidence_is_not_read() {
    let recorder = recorder();
    with_baseline(&recorder, "[1]", "[2]", "[3]");
    recorder.not_compared(NotComparedReason::Shed, None);
    let good = serde_json::to_value(recorder.evidence()).unwrap();
    let error = |change: fn(&mut Value)| {
        let mut changed = good.clone();
        change(&mut changed);
        let error = serde_json::from_value::<Evidence>(changed).unwrap_err();
        error.to_string()
    };
    assert!(
        error(|all| *all = serde_json::json!({ "v7": {} }))
            .contains("unknown variant `v7`, expected `v1`")
    );
    let no_bucket = error(|all| all["v1"]["shadow_latency"] = serde_json::json!([[100_000, 1]]));
    assert!(no_bucket.contains("no such bucket"), "{no_bucket}");
    let too_many = error(|all| {
        let places = all["v1"]["seen"]["places"]["entries"]
            .as_array_mut()
            .unwrap();
        places.extend(vec![places[0].clone(); 400]);
    });
    assert!(too_many.contains("too many places"), "{too_many}");
    let too_many = error(|all| {
        let words = &mut all["v1"]["seen"]["places"]["entries"][0][1]["of"]["shaped"]["words"];
        *words = serde_json::json!(vec![[0, 0]; 200]);
    });
    assert!(too_many.contains("too many marks"), "{too_many}");
    let huge = {
        let mut changed = good.clone();
        changed["v1"]["seen"]["told"]["equal"] = u64::MAX.into();
        serde_json::from_value::<Evidence>(changed).unwrap()
    };
    let mut merged = huge.clone();
    merged.merge(&huge);
    let report = merged.report("staging", &Thresholds::default(), Standing::default());
    assert_eq!(report.compared, u64::MAX);
}

#[test]
fn how_targets_stand_is_added_up() {
    let mut standing = Standing::new(Unanswered::new(90, 1, 2, 3));
    let baseline = Some(Unanswered::new(10, 5, 0, 0));
    let other = Standing::new(Unanswered::new(9, 1, 0, 0));
    standing.merge(&other.with_open_circuit(true).with_baseline(baseline));
    let expected = Standing::new(Unanswered::new(99, 2, 2, 3));
    let expected = expected.with_open_circuit(true).with_baseline(baseline);
    assert_eq!(standing, expected);
    let sent = serde_json::to_string(&standing).unwrap();
    assert_eq!(serde_json::from_str::<Standing>(&sent).unwrap(), standing);
}
