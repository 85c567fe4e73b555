//! Sinks that fail, and those that take their time.

use mirror_runtime::{CircuitBreaker, FailureKind, MirrorError};

use super::*;

fn failing(then: Then) -> Target {
    Target::sink("log", Log::with(then))
}

async fn stats_of(then: Then) -> TargetStats {
    let told = Arc::new(Mutex::new(Vec::new()));
    let errors = Arc::clone(&told);
    let mirror = Mirror::builder()
        .target(failing(then))
        .timeout(Duration::from_millis(50))
        .on_error(move |_: &Target, error: &MirrorError| {
            errors.lock().unwrap().push(error.kind());
        })
        .build()
        .unwrap();
    let primary = serve(&mirror, echo()).await;
    assert_eq!(primary.post("/", "hello").await.text(), "hello");
    let stats = settled(&mirror, 1).await.remove(0);
    assert_eq!((stats.sent, stats.failed), (1, 1), "{stats}");
    until("the callback", || told.lock().unwrap().len() == 1).await;
    assert_eq!(stats.failed_with(told.lock().unwrap()[0]), 1);
    stats
}

/// Panics when it is dropped.
struct Bomb;

impl Drop for Bomb {
    fn drop(&mut self) {
        assert!(std::thread::panicking(), "it was dropped");
    }
}

#[tokio::test]
async fn what_becomes_of_a_record_is_counted() {
    let cases: [(FailureKind, Then); 9] = [
        (FailureKind::QueueFull, || {
            Box::pin(async { Err(SinkError::QueueFull) })
        }),
        (FailureKind::Closed, || {
            Box::pin(async { Err(SinkError::Closed) })
        }),
        (FailureKind::TooLarge, || {
            Box::pin(async { Err(SinkError::TooLarge) })
        }),
        (FailureKind::AckTimeout, || {
            Box::pin(async { Err(SinkError::AckTimeout) })
        }),
        (FailureKind::Sink, || {
            Box::pin(async { Err(SinkError::other("it is read-only")) })
        }),
        (FailureKind::Timeout, || Box::pin(std::future::pending())),
        (FailureKind::Panicked, || panic!("at once")),
        (FailureKind::Panicked, || {
            Box::pin(async { panic!("later") })
        }),
        (FailureKind::Timeout, || {
            let bomb = Bomb;
            Box::pin(async {
                std::future::pending::<()>().await;
                drop(bomb);
                Ok(())
            })
        }),
    ];
    for (kind, then) in cases {
        let stats = stats_of(then).await;
        assert_eq!(stats.failed_with(kind), 1, "{kind}: {stats}");
    }
}

#[tokio::test]
async fn a_sink_that_hangs_keeps_nobody_waiting() {
    let hanging = Log::with(|| Box::pin(std::future::pending()));
    let mirror = builder(&hanging)
        .sync(true)
        .timeout(Duration::from_hours(1))
        .max_in_flight(2)
        .build()
        .unwrap();
    let primary = serve(&mirror, echo()).await;
    for _ in 0..5 {
        // A client that had to wait would wait in vain.
        assert_eq!(primary.post("/", "hello").await.text(), "hello");
        until("an outcome", || {
            let stats = mirror.stats().targets.remove(0);
            stats.in_flight == 2 || stats.received == stats.sent
        })
        .await;
    }
    let stats = mirror.stats().targets.remove(0);
    assert_eq!((stats.sent, stats.in_flight), (2, 2));
    assert_eq!(stats.shed_for(ShedReason::InFlightLimit), 3);
}

#[tokio::test]
async fn a_sink_that_fails_is_left_alone() {
    let log = Log::with(|| Box::pin(async { Err(SinkError::Closed) }));
    let breaker = CircuitBreaker::new(2, Duration::from_hours(1));
    let mirror = builder(&log).circuit_breaker(breaker).build().unwrap();
    let primary = serve(&mirror, echo()).await;
    for requests in 1..=4 {
        primary.get("/").await;
        settled(&mirror, requests).await;
    }
    let stats = mirror.stats().targets.remove(0);
    assert_eq!(
        (stats.failed, stats.shed_for(ShedReason::CircuitOpen)),
        (2, 2)
    );
    assert_eq!(log.len(), 2);
}

#[tokio::test]
async fn records_that_are_too_large_open_no_circuit() {
    let log = Log::with(|| Box::pin(async { Err(SinkError::TooLarge) }));
    let breaker = CircuitBreaker::new(1, Duration::from_hours(1));
    let mirror = builder(&log).circuit_breaker(breaker).build().unwrap();
    let primary = serve(&mirror, echo()).await;
    for requests in 1..=3 {
        primary.get("/").await;
        settled(&mirror, requests).await;
    }
    assert_eq!(
        mirror.stats().targets[0].failed_with(FailureKind::TooLarge),
        3
    );
}
