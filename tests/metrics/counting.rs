//! Requests, copies and durations add up.

use std::time::Duration;

use axum::{Router, body::Body, http::StatusCode, response::Response, routing::any};
use mirror_runtime::{
    CircuitBreaker, FailureKind, Mirror, MirrorBuilder, ShedReason, SkipReason, Target,
    TargetStats, metrics::BUCKETS,
};
use testkit::{Primary, Shadow, closed_port, settled, until};

use super::scrape::{Scrape, scrape};

pub(crate) fn named(url: impl AsRef<str>, name: &str) -> Target {
    Target::new(url.as_ref()).unwrap().named(name)
}

pub(crate) async fn primary(mirror: &Mirror) -> Primary {
    let app = Router::new().fallback(any(|body: String| async move { body }));
    Primary::start(app.layer(mirror.layer())).await
}

fn builder(name: &'static str) -> MirrorBuilder {
    Mirror::builder().name(name)
}

/// Whether a scrape says of a target what its counters say.
#[track_caller]
fn agrees(scrape: &Scrape, mirror: &str, stats: &TargetStats) {
    let of_target = [("mirror", mirror), ("target", stats.name.as_str())];
    let with = |labels: &[(&'static str, &'static str)]| [&of_target[..], labels].concat();
    let requests = |labels: &[_]| scrape.count("mirror_requests_total", &with(labels));
    let copies = |labels: &[_]| scrape.count("mirror_copies_total", &with(labels));
    assert_eq!(requests(&[]), stats.received);
    assert_eq!(requests(&[("outcome", "sent")]), stats.sent);
    for reason in SkipReason::ALL {
        let labels = [("outcome", "skipped"), ("reason", reason.as_str())];
        assert_eq!(requests(&labels), stats.skipped_for(*reason), "{reason}");
    }
    for reason in ShedReason::ALL {
        let labels = [("outcome", "shed"), ("reason", reason.as_str())];
        assert_eq!(requests(&labels), stats.shed_for(*reason), "{reason}");
    }
    let in_flight = scrape.count("mirror_copies_in_flight", &of_target);
    assert_eq!(in_flight, stats.in_flight);
    assert_eq!(copies(&[]) + in_flight, stats.sent);
    for (class, status) in [("2xx", 200), ("4xx", 404), ("5xx", 500)] {
        let labels = [("outcome", "answered"), ("code", class)];
        let answered = stats.answered_with(StatusCode::from_u16(status).unwrap());
        assert_eq!(copies(&labels), answered, "{class}");
    }
    for kind in FailureKind::ALL {
        let labels = [("outcome", "failed"), ("error_type", kind.as_str())];
        assert_eq!(copies(&labels), stats.failed_with(*kind), "{kind}");
    }
    let bytes = scrape.count("mirror_copy_body_bytes_total", &of_target);
    assert_eq!(bytes, stats.bytes);
    let limit = scrape.count("mirror_copies_in_flight_limit", &of_target);
    assert_eq!(limit, stats.max_in_flight as u64);
    let is_open = scrape.count("mirror_circuit_open", &of_target);
    assert_eq!(is_open, u64::from(stats.is_circuit_open));
}

#[tokio::test]
async fn requests_and_copies_add_up_to_what_the_counters_say() {
    const NAME: &str = "adds up";
    let up = Shadow::answering(|request| {
        let status = if request.body.is_empty() { 404 } else { 200 };
        let response = Response::builder().status(status);
        response.body(Body::from("shadow")).unwrap()
    })
    .await;
    let held = Shadow::holding().await;
    let seldom = Shadow::start().await;
    let mirror = builder(NAME)
        .target(named(up.url(), "up"))
        .target(named(held.url(), "held"))
        .target(named(closed_port().await, "down"))
        .target(named(seldom.url(), "seldom").percentage(0.0).unwrap())
        .circuit_breaker(CircuitBreaker::new(3, Duration::from_hours(1)))
        .max_in_flight(7)
        .build()
        .unwrap();
    let primary = primary(&mirror).await;
    for _ in 0..5 {
        primary.post("/", "four").await;
        primary.get("/").await;
        until("copies to the target that is down have failed", || {
            let stats = mirror.stats();
            let [up, _, down, _] = &stats.targets[..] else {
                panic!("four targets");
            };
            up.in_flight + down.in_flight == 0 && up.received == down.received
        })
        .await;
    }
    let stats = mirror.stats();
    let [up, held, down, seldom] = &stats.targets[..] else {
        panic!("four targets");
    };
    assert_eq!((up.answered, held.in_flight), (10, 7));
    assert_eq!((down.failed, down.is_circuit_open), (3, true));
    assert_eq!(held.shed_for(ShedReason::InFlightLimit), 3);
    assert_eq!(seldom.skipped_for(SkipReason::NotSampled), 10);
    let scrape = scrape().await;
    for stats in &stats.targets {
        agrees(&scrape, NAME, stats);
    }
}

#[tokio::test]
async fn histograms_count_each_copy_and_each_primary_once() {
    const NAME: &str = "durations";
    let shadow = Shadow::start().await;
    let mirror = builder(NAME)
        .target(named(shadow.url(), "up"))
        .target(named(closed_port().await, "down"))
        .circuit_breaker(None)
        .build()
        .unwrap();
    let primary = primary(&mirror).await;
    for round in 1..=3 {
        for _ in 0..4 {
            primary.get("/").await;
        }
        settled(&mirror, 4 * round).await;
        let scrape = scrape().await;
        let expected = 4 * round;
        for (name, labels) in [
            (
                "copy_duration",
                vec![("target", "up"), ("outcome", "answered")],
            ),
            (
                "copy_duration",
                vec![("target", "down"), ("outcome", "failed")],
            ),
            ("copy_first_byte", vec![("target", "up")]),
            ("primary_duration", vec![]),
        ] {
            let name = format!("mirror_{name}_seconds");
            let labels = [vec![("mirror", NAME)], labels].concat();
            assert_eq!(scrape.count(&format!("{name}_count"), &labels), expected);
            let buckets = scrape.buckets(&name, &labels);
            let boundaries: Vec<_> = buckets.iter().map(|(boundary, _)| *boundary).collect();
            assert_eq!(boundaries, [&BUCKETS[..], &[f64::INFINITY]].concat());
            assert_eq!(
                buckets.last().map(|(_, count)| format!("{count}")),
                Some(expected.to_string())
            );
            let sum = scrape.sum(&format!("{name}_sum"), &labels).unwrap();
            assert!(sum > 0.0, "{name}: {sum}");
        }
    }
}

#[tokio::test]
async fn every_series_is_zero_before_the_first_request() {
    const NAME: &str = "without traffic";
    let mirror = builder(NAME)
        .target(named(closed_port().await, "a"))
        .percentage(25.0)
        .build()
        .unwrap();
    let scrape = scrape().await;
    agrees(&scrape, NAME, &mirror.stats().targets[0]);
    let labels = [("mirror", NAME), ("target", "a")];
    assert_eq!(
        scrape.count("mirror_copy_duration_seconds_count", &labels),
        0
    );
    assert_eq!(
        scrape.count("mirror_copy_first_byte_seconds_count", &labels),
        0
    );
    let of_mirror = [("mirror", NAME)];
    assert_eq!(
        scrape.count("mirror_primary_duration_seconds_count", &of_mirror),
        0
    );
    assert_eq!(scrape.count("mirror_percentage", &labels), 25);
    // It is not compared, and says nothing of comparisons.
    assert_eq!(scrape.sum("mirror_comparisons_total", &of_mirror), None);
    assert_eq!(scrape.sum("mirror_verdict", &of_mirror), None);
}

#[tokio::test]
async fn a_mirror_that_is_dropped_keeps_its_counters_and_the_next_of_its_name_goes_on() {
    const NAME: &str = "made anew";
    let labels = [("mirror", NAME), ("target", "a")];
    let mut sent = 0;
    // More than once between two scrapes.
    for requests in [2, 1, 3] {
        let shadow = Shadow::start().await;
        let mirror = builder(NAME)
            .target(named(shadow.url(), "a"))
            .build()
            .unwrap();
        let primary = primary(&mirror).await;
        for _ in 0..requests {
            primary.get("/").await;
        }
        settled(&mirror, requests).await;
        sent += requests;
        if requests != 2 {
            let scrape = scrape().await;
            assert_eq!(scrape.count("mirror_requests_total", &labels), sent);
            assert_eq!(scrape.count("mirror_copies_total", &labels), sent);
            let copies = scrape.count("mirror_copy_duration_seconds_count", &labels);
            assert_eq!(copies, sent);
            assert_eq!(scrape.count("mirror_enabled", &[("mirror", NAME)]), 1);
        }
    }
    // The server that had the last one is gone, some time.
    let mut scraped = scrape().await;
    while scraped.count("mirror_enabled", &[("mirror", NAME)]) == 1 {
        tokio::task::yield_now().await;
        scraped = scrape().await;
    }
    assert_eq!(scraped.count("mirror_requests_total", &labels), sent);
    let primaries = scraped.count("mirror_primary_duration_seconds_count", &[("mirror", NAME)]);
    assert_eq!(primaries, sent);
    for gauge in ["copies_in_flight", "copies_in_flight_limit", "percentage"] {
        assert_eq!(
            scraped.count(&format!("mirror_{gauge}"), &labels),
            0,
            "{gauge}"
        );
    }
    assert_eq!(scraped.count("mirror_switch", &[("mirror", NAME)]), 0);
}

#[tokio::test]
async fn mirrors_of_one_name_are_added() {
    const NAME: &str = "twice";
    let mut requests = 0;
    let mut mirrors = Vec::new();
    for times in 1..=2 {
        let shadow = Shadow::start().await;
        let mirror = builder(NAME)
            .target(named(shadow.url(), "a"))
            .max_in_flight(10)
            .build()
            .unwrap();
        let primary = primary(&mirror).await;
        for _ in 0..times {
            primary.get("/").await;
        }
        settled(&mirror, times).await;
        requests += times;
        mirrors.push(mirror);
    }
    let scrape = scrape().await;
    let labels = [("mirror", NAME), ("target", "a")];
    assert_eq!(scrape.count("mirror_requests_total", &labels), requests);
    assert_eq!(scrape.count("mirror_copies_total", &labels), requests);
    assert_eq!(scrape.count("mirror_copies_in_flight_limit", &labels), 20);
    let durations = scrape.count("mirror_copy_duration_seconds_count", &labels);
    assert_eq!(durations, requests);
}
