//! What keeps a bad shadow from costing anything: the circuit breaker and the bounds.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use http::{Request, StatusCode};
use mirror_runtime::{CircuitBreaker, FailureKind, Mirror, ShedReason, SkipReason, Target};
use testkit::{Fault, Faulty, Log, Shadow, settled, until};

use super::{LONG, one_more, primary_of, to};

#[tokio::test]
async fn five_failures_open_the_circuit() {
    let mut faulty = Faulty::start(Fault::Refused);
    let mirror = to(faulty.url()).build().unwrap();
    let primary = primary_of(&mirror).await;
    for failed in 1..=5 {
        let stats = one_more(&mirror, &primary).await;
        assert_eq!((stats.failed, stats.shed), (failed, 0), "{stats}");
    }
    // It is there again, but nobody looks before the cooldown is over.
    faulty.becomes(Fault::None);
    for shed in 1..=3 {
        let stats = one_more(&mirror, &primary).await;
        assert_eq!(stats.shed_for(ShedReason::CircuitOpen), shed, "{stats}");
        assert_eq!((stats.failed, stats.answered), (5, 0), "{stats}");
    }
    assert_eq!(faulty.requests(), 0);
}

#[tokio::test]
async fn an_answer_of_any_status_starts_the_count_anew() {
    let mut faulty = Faulty::start(Fault::Garbage);
    let breaker = CircuitBreaker::new(2, LONG);
    let mirror = to(faulty.url()).circuit_breaker(breaker).build().unwrap();
    let primary = primary_of(&mirror).await;
    for _ in 0..3 {
        faulty.becomes(Fault::Garbage);
        one_more(&mirror, &primary).await;
        faulty.becomes(Fault::RedirectLoop);
        one_more(&mirror, &primary).await;
        // A connection that was kept would respond in place of the next fault.
        drop_idle(&faulty).await;
    }
    let stats = &mirror.stats().targets[0];
    assert_eq!(
        (stats.failed, stats.answered, stats.shed),
        (3, 3, 0),
        "{stats}"
    );
}

/// Takes a connection's place: its server is told to close what is open.
async fn drop_idle(faulty: &Faulty) {
    faulty.hang_up();
    until("its connections are closed", || faulty.open() == 0).await;
}

#[tokio::test]
async fn a_target_that_comes_back_is_found_by_the_probe() {
    let mut faulty = Faulty::start(Fault::Refused);
    let breaker = CircuitBreaker::new(2, Duration::from_millis(50));
    let mirror = to(faulty.url()).circuit_breaker(breaker).build().unwrap();
    let primary = primary_of(&mirror).await;
    one_more(&mirror, &primary).await;
    let stats = one_more(&mirror, &primary).await;
    assert_eq!(stats.failed_with(FailureKind::Connect), 2, "{stats}");
    faulty.becomes(Fault::None);
    let mut requests = 2;
    let stats = loop {
        let stats = one_more(&mirror, &primary).await;
        requests += 1;
        if stats.answered > 0 {
            break stats;
        }
        assert!(requests < 10_000, "{stats}");
    };
    // Nothing failed meanwhile: what did not find out was shed.
    assert_eq!((stats.failed, stats.answered), (2, 1), "{stats}");
    assert_eq!(stats.shed_for(ShedReason::CircuitOpen), requests - 3);
    for answered in 2..=10 {
        let stats = one_more(&mirror, &primary).await;
        assert_eq!(stats.answered, answered, "it is closed again: {stats}");
    }
}

#[tokio::test]
async fn the_log_says_when_a_circuit_opens_and_when_it_closes() {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt().with_writer(move || writer.clone());
    // For this thread, on which all of this test runs.
    let _logging = tracing::subscriber::set_default(subscriber.finish());
    let mut faulty = Faulty::start(Fault::Refused);
    let breaker = CircuitBreaker::new(2, Duration::from_millis(1));
    let mirror = to(faulty.url()).circuit_breaker(breaker).build().unwrap();
    let primary = primary_of(&mirror).await;
    let [opened, closed] = ["circuit open", "circuit closed"];
    one_more(&mirror, &primary).await;
    assert!(!log.text().contains(opened), "{}", log.text());
    one_more(&mirror, &primary).await;
    assert!(log.text().contains(opened), "{}", log.text());
    faulty.becomes(Fault::None);
    while one_more(&mirror, &primary).await.answered == 0 {
        assert!(!log.text().contains(closed), "{}", log.text());
    }
    one_more(&mirror, &primary).await;
    let lines = |told| log.text().matches(told).count();
    assert_eq!([lines(opened), lines(closed)], [1, 1], "{}", log.text());
    // Nobody has to do anything about a circuit that has closed.
    let text = log.text();
    let level = |told| text.lines().find(|line| line.contains(told)).unwrap();
    assert!(level(opened).contains("WARN") && level(closed).contains("INFO"));
}

#[tokio::test]
async fn without_a_breaker_every_copy_is_tried() {
    let faulty = Faulty::start(Fault::Garbage);
    let mirror = to(faulty.url()).circuit_breaker(None).build().unwrap();
    let primary = primary_of(&mirror).await;
    for failed in 1..=10 {
        let stats = one_more(&mirror, &primary).await;
        assert_eq!(stats.failed_with(FailureKind::Request), failed, "{stats}");
    }
    assert_eq!(faulty.requests(), 10);
}

#[tokio::test]
async fn copies_beyond_256_to_one_target_are_shed() {
    let shadow = Shadow::holding().await;
    let mirror = to(shadow.url()).build().unwrap();
    let primary = primary_of(&mirror).await;
    for _ in 0..257 {
        primary.post("/", "hello").await;
    }
    let stats = &mirror.stats().targets[0];
    assert_eq!((stats.in_flight, stats.shed), (256, 1), "{stats}");
    assert_eq!(stats.shed_for(ShedReason::InFlightLimit), 1, "{stats}");
    shadow.release();
    let stats = settled(&mirror, 257).await.remove(0);
    assert_eq!(stats.answered_with(StatusCode::OK), 256, "{stats}");
    assert_eq!(shadow.recorded().len(), 256);
    // There is room again.
    assert_eq!(one_more(&mirror, &primary).await.answered, 257);
}

#[tokio::test]
async fn copies_beyond_the_rate_are_shed() {
    let shadow = Shadow::start().await;
    let mirror = to(shadow.url()).rate_limit(3, LONG).build().unwrap();
    let primary = primary_of(&mirror).await;
    for _ in 0..5 {
        one_more(&mirror, &primary).await;
    }
    let stats = &mirror.stats().targets[0];
    assert_eq!(
        (stats.answered, stats.shed_for(ShedReason::RateLimit)),
        (3, 2),
        "{stats}"
    );
    assert_eq!(shadow.recorded().len(), 3);
}

#[tokio::test]
async fn on_skip_is_told_of_what_is_skipped_and_what_is_shed() {
    let told = Arc::new(Mutex::new(Vec::new()));
    let noting = Arc::clone(&told);
    let faulty = Faulty::start(Fault::Garbage);
    let url = faulty.url();
    let mirror = Mirror::builder()
        .target(Target::new(&url).unwrap())
        .max_body(5)
        .circuit_breaker(CircuitBreaker::new(1, LONG))
        .on_skip(move |target: &Target, reason: SkipReason| {
            noting
                .lock()
                .unwrap()
                .push((target.name().to_owned(), reason));
        })
        .build()
        .unwrap();
    let primary = primary_of(&mirror).await;
    primary.post("/", "too large").await;
    let copy = Request::post("/").header("x-mirrored-from", "elsewhere");
    primary.send(copy.body("hello".into()).unwrap()).await;
    settled(&mirror, 2).await;
    one_more(&mirror, &primary).await;
    one_more(&mirror, &primary).await;
    until("three calls", || told.lock().unwrap().len() == 3).await;
    let told = told.lock().unwrap();
    for reason in [
        SkipReason::BodyTooLarge,
        SkipReason::Loop,
        SkipReason::Shed(ShedReason::CircuitOpen),
    ] {
        assert!(told.contains(&(url.clone(), reason)), "{told:?}");
    }
}

/// Each of them costs next to nothing, and is told all the same.
#[tokio::test]
async fn on_skip_is_told_of_what_is_not_sampled_within_the_runtime() {
    let told = Arc::new(Mutex::new(Vec::new()));
    let noting = Arc::clone(&told);
    let mirror = Mirror::builder()
        .target("http://127.0.0.1:9")
        .percentage(0.0)
        .on_skip(move |_: &Target, reason: SkipReason| {
            let runtime = tokio::runtime::Handle::try_current();
            let runtime = runtime.map(|runtime| runtime.id()).ok();
            noting.lock().unwrap().push((reason, runtime));
        })
        .build()
        .unwrap();
    let primary = primary_of(&mirror).await;
    // With pauses, in which the thread that tells it goes to sleep, and without.
    for calls in 1..=20 {
        primary.post("/", "hello").await;
        if calls % 4 == 0 {
            until("a call", || told.lock().unwrap().len() == calls).await;
        }
    }
    let here = Some(tokio::runtime::Handle::current().id());
    let expected = vec![(SkipReason::NotSampled, here); 20];
    assert_eq!(*told.lock().unwrap(), expected);
}
