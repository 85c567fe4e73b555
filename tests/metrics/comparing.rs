//! Comparisons, verdicts, callbacks and fixtures.

use axum::{Router, body::Body, response::Response, routing::any};
use mirror_runtime::{
    Callback, CallbackOutcome, CompareMode, FixtureOutcome, Mirror, NotComparedReason,
};
use testkit::{Directory, Primary, Shadow, closed_port, settled, until};

use super::{
    counting::named,
    scrape::{Scrape, scrape},
};

const VERDICTS: [&str; 4] = ["promote", "hold", "regressed", "not_enough_data"];

fn json(body: &'static str) -> Response {
    let response = Response::builder().header("content-type", "application/json");
    response.body(Body::from(body)).unwrap()
}

/// The only verdict whose series is 1.
#[track_caller]
fn verdict(scrape: &Scrape, labels: &[(&str, &str)]) -> String {
    let is = |word: &&str| {
        let labels = [labels, &[("verdict", *word)]].concat();
        scrape.count("mirror_verdict", &labels) == 1
    };
    let words: Vec<_> = VERDICTS.into_iter().filter(is).collect();
    let [word] = words[..] else {
        panic!("the verdicts {words:?}");
    };
    assert_eq!(scrape.all("mirror_verdict", labels).count(), VERDICTS.len());
    word.to_owned()
}

#[tokio::test]
async fn comparisons_are_raw_results_and_the_report_is_gauges() {
    const NAME: &str = "compared";
    let shadow = Shadow::answering(|request| {
        json(if request.target == "/same" {
            r#"{"a":1}"#
        } else {
            r#"{"a":2,"b":3}"#
        })
    })
    .await;
    let directory = Directory::new(NAME);
    let mirror = Mirror::builder()
        .name(NAME)
        .target(named(shadow.url(), "rewrite"))
        .target(named(closed_port().await, "down"))
        .compare(CompareMode::Json)
        .record(directory.path())
        .build()
        .unwrap();
    let handler = any(|| async { json(r#"{"a":1}"#) });
    let primary = Primary::start(Router::new().fallback(handler).layer(mirror.layer())).await;
    let rewrite = [("mirror", NAME), ("target", "rewrite")];
    let first = scrape().await;
    assert_eq!(verdict(&first, &rewrite), "not_enough_data");
    assert_eq!(first.count("mirror_comparisons_total", &rewrite), 0);
    assert!(first.sum("mirror_match_ratio", &rewrite).unwrap().is_nan());

    for path in ["/same", "/same", "/same", "/differs"] {
        primary.get(path).await;
    }
    settled(&mirror, 4).await;
    until("all are compared", || {
        let stats = mirror.stats();
        stats
            .targets
            .iter()
            .all(|of| of.compared + of.not_compared == 4)
    })
    .await;
    until("one is recorded", || directory.fixtures().len() == 1).await;
    let scraped = scrape().await;
    let comparisons = |labels: &[_]| {
        let labels = [&rewrite[..], labels].concat();
        scraped.count("mirror_comparisons_total", &labels)
    };
    assert_eq!(comparisons(&[("result", "match")]), 3);
    assert_eq!(comparisons(&[("result", "mismatch")]), 1);
    assert_eq!(comparisons(&[("result", "schema_mismatch")]), 0);
    assert_eq!(comparisons(&[("result", "not_compared")]), 0);
    let down = [("mirror", NAME), ("target", "down")];
    let failed = NotComparedReason::Failed.as_str();
    let failed = [&down[..], &[("result", "not_compared"), ("reason", failed)]].concat();
    assert_eq!(scraped.count("mirror_comparisons_total", &failed), 4);
    for (kind, count) in [("value", 1), ("extra", 1), ("missing", 0), ("status", 0)] {
        let labels = [&rewrite[..], &[("kind", kind)]].concat();
        assert_eq!(
            scraped.count("mirror_differences_total", &labels),
            count,
            "{kind}"
        );
    }
    let ratio = |name: &str| scraped.sum(&format!("mirror_match_ratio{name}"), &rewrite);
    let [low, rate, high] = ["_low", "", "_high"].map(|name| ratio(name).unwrap());
    assert!((rate - 0.75).abs() < 1e-9, "{rate}");
    assert!(0.0 < low && low < rate && rate < high && high < 1.0);
    until("it is counted that one is recorded", || {
        mirror.stats().targets[0].fixtures_with(FixtureOutcome::Recorded) == 1
    })
    .await;

    // A report that begins anew takes nothing from the counters.
    mirror.restart_report();
    let scraped = scrape().await;
    assert_eq!(scraped.count("mirror_comparisons_total", &rewrite), 4);
    assert_eq!(scraped.count("mirror_differences_total", &rewrite), 2);
    assert!(
        scraped
            .sum("mirror_match_ratio", &rewrite)
            .unwrap()
            .is_nan()
    );
    assert_eq!(scraped.count("mirror_noise", &rewrite), 0);
    for (outcome, count) in [
        ("recorded", 1),
        ("enough", 0),
        ("left_out", 0),
        ("failed", 0),
    ] {
        let labels = [&rewrite[..], &[("outcome", outcome)]].concat();
        let found = scraped.count("mirror_fixtures_total", &labels);
        assert_eq!(found, count, "{outcome}");
    }
}

#[tokio::test]
async fn the_verdict_is_that_of_the_report_and_it_turns() {
    const NAME: &str = "judged";
    let shadow = Shadow::answering(|request| {
        let is_ready = request.target.starts_with("/ready");
        json(if is_ready { r#"{"a":1}"# } else { r#"{"a":2}"# })
    })
    .await;
    let mirror = Mirror::builder()
        .name(NAME)
        .target(named(shadow.url(), "rewrite"))
        .compare(CompareMode::Json)
        .build()
        .unwrap();
    let handler = any(|| async { json(r#"{"a":1}"#) });
    let primary = Primary::start(Router::new().fallback(handler).layer(mirror.layer())).await;
    let rewrite = [("mirror", NAME), ("target", "rewrite")];
    let mut requests = 0;
    let mut words = Vec::new();
    for path in ["/ready", "/wrong"] {
        for i in 0..60 {
            primary.get(&format!("{path}/{i}")).await;
        }
        requests += 60;
        settled(&mirror, requests).await;
        until("all are compared", || {
            mirror.stats().targets[0].compared == requests
        })
        .await;
        let report = mirror.report().targets.remove(0).verdict;
        let word = verdict(&scrape().await, &rewrite);
        assert_eq!(word, report.as_str());
        words.push(word);
    }
    assert_eq!(words[1], "regressed");
    assert_ne!(words[0], words[1]);
}

#[tokio::test]
async fn calls_of_the_programs_own_code_are_counted_by_what_became_of_them() {
    let before = scrape().await;
    let shadow = Shadow::start().await;
    let mirror = Mirror::builder()
        .name("called")
        .target(named(shadow.url(), "up"))
        .target(named(closed_port().await, "down"))
        .methods([axum::http::Method::GET])
        .on_success(|_, _| {})
        .on_error(|_, _| panic!("as planned"))
        .on_skip(|_, _| {})
        .build()
        .unwrap();
    let handler = any(|| async {});
    let primary = Primary::start(Router::new().fallback(handler).layer(mirror.layer())).await;
    for _ in 0..3 {
        primary.get("/").await;
    }
    primary.post("/", "").await;
    let called = |target: usize, callback, outcome| {
        mirror.stats().targets[target].callbacks_with(callback, outcome)
    };
    until("all were called", || {
        called(0, Callback::OnSuccess, CallbackOutcome::Ran) == 3
            && called(1, Callback::OnError, CallbackOutcome::Panicked) == 3
            && called(0, Callback::OnSkip, CallbackOutcome::Ran) == 1
            && called(1, Callback::OnSkip, CallbackOutcome::Ran) == 1
    })
    .await;
    let after = scrape().await;
    // Other tests of this process have callbacks as well.
    for (callback, outcome, at_least) in [
        ("on_success", "ran", 3),
        ("on_error", "panicked", 3),
        ("on_skip", "ran", 2),
    ] {
        let labels = [("callback", callback), ("outcome", outcome)];
        let count = |scrape: &Scrape| scrape.count("mirror_callbacks_total", &labels);
        let more = count(&after) - count(&before);
        assert!(more >= at_least, "{callback} {outcome}: {more}");
    }
}
