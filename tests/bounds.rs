//! The bounds, as options of the attribute. What each does under faults is shown with the builder
//! in `shadow_faults`.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{
    Router,
    routing::{get, post},
};
use http::Request;
use mirror_runtime::{
    CopyBody, Mirror, Sending, ShedReason, SkipReason, Target, Transport, Unsendable, mirror,
};
use testkit::{Fault, Faulty, Primary, Shadow, mirror_named, settled, until};

static SKIPPED: Mutex<Vec<(String, SkipReason)>> = Mutex::new(Vec::new());

fn note(target: &Target, reason: SkipReason) {
    SKIPPED
        .lock()
        .unwrap()
        .push((target.name().to_owned(), reason));
}

#[mirror(
    targets = [target("http://127.77.0.80:20102", name = "dead")],
    circuit_breaker = { failures = 2, cooldown = "1h" },
    connect_timeout = "500ms",
    on_skip = note,
    name = "broken circuit",
)]
async fn broken_circuit() -> &'static str {
    "primary"
}

#[tokio::test]
async fn a_circuit_opens_after_the_failures_it_is_given_and_on_skip_is_told() {
    let primary = Primary::start(Router::new().route("/", get(broken_circuit))).await;
    for requests in 1..=4 {
        assert_eq!(primary.get("/").await.text(), "primary");
        settled(&mirror_named("broken circuit"), requests).await;
    }
    let stats = mirror_named("broken circuit").stats();
    assert_eq!((stats.targets[0].failed, stats.targets[0].shed), (2, 2));
    assert_eq!(stats.targets[0].shed_for(ShedReason::CircuitOpen), 2);
    until("on_skip", || SKIPPED.lock().unwrap().len() == 2).await;
    let told = ("dead".to_owned(), SkipReason::Shed(ShedReason::CircuitOpen));
    assert_eq!(*SKIPPED.lock().unwrap(), [told.clone(), told]);
}

#[mirror(
    targets = ["http://127.77.0.81:20102"],
    circuit_breaker = off,
    name = "no circuit"
)]
async fn no_circuit() {}

#[tokio::test]
async fn a_circuit_that_is_off_stays_closed() {
    let primary = Primary::start(Router::new().route("/", get(no_circuit))).await;
    for requests in 1..=8 {
        primary.get("/").await;
        settled(&mirror_named("no circuit"), requests).await;
    }
    assert_eq!(mirror_named("no circuit").stats().targets[0].failed, 8);
}

const RATED: &str = "http://127.77.0.82:20101";

#[mirror(targets = [RATED], rate_limit = "2/h", name = "rated")]
async fn rated() {}

#[tokio::test]
async fn copies_beyond_the_rate_are_shed() {
    let shadow = Shadow::at(RATED).await;
    let primary = Primary::start(Router::new().route("/", get(rated))).await;
    for _ in 0..5 {
        primary.get("/").await;
    }
    let stats = settled(&mirror_named("rated"), 5).await;
    assert_eq!(
        (stats[0].answered, stats[0].shed_for(ShedReason::RateLimit)),
        (2, 3)
    );
    assert_eq!(shadow.recorded().len(), 2);
}

const SILENT: &str = "http://127.77.0.83:20101";

#[mirror(targets = [SILENT], max_in_flight = 2, timeout = "1h", name = "few")]
async fn few() {}

#[tokio::test]
async fn copies_beyond_those_in_flight_are_shed() {
    let _shadow = Faulty::at(SILENT, Fault::BlackHole);
    let primary = Primary::start(Router::new().route("/", get(few))).await;
    for _ in 0..5 {
        primary.get("/").await;
    }
    let stats = mirror_named("few").stats();
    let target = &stats.targets[0];
    assert_eq!(
        (target.in_flight, target.shed_for(ShedReason::InFlightLimit)),
        (2, 3)
    );
}

const TEED: &str = "http://127.77.0.84:20101";

#[mirror(targets = [TEED], body = "tee", name = "teed")]
async fn teed(body: String) -> String {
    body
}

#[mirror(targets = [TEED], body = "tee", name = "unread")]
async fn unread() {}

#[tokio::test]
async fn a_body_is_noted_as_the_handler_reads_it() {
    let shadow = Shadow::at(TEED).await;
    let app = Router::new()
        .route("/read", post(teed))
        .route("/unread", post(unread));
    let primary = Primary::start(app).await;
    assert_eq!(primary.post("/read", "hello").await.text(), "hello");
    assert_eq!(shadow.receives_one().await.body, "hello");
    primary.post("/unread", "hello").await;
    let stats = settled(&mirror_named("unread"), 1).await;
    assert_eq!(stats[0].skipped_for(SkipReason::BodyNotRead), 1);
    assert_eq!(shadow.recorded().len(), 1);
}

/// Takes note of the time that a copy has to get a connection, and sends none.
#[derive(Clone, Debug, Default)]
struct Times(Arc<Mutex<Vec<Duration>>>);

impl Transport for Times {
    fn send(&self, _: Request<CopyBody>, connect_timeout: Duration) -> Result<Sending, Unsendable> {
        self.0.lock().unwrap().push(connect_timeout);
        Err(Unsendable)
    }
}

#[tokio::test]
async fn the_time_for_a_connection_is_a_part_of_the_timeout() {
    let times = Times::default();
    let [short, long] = [Duration::from_millis(250), Duration::from_mins(1)];
    let hurried = Target::new("http://hurried")
        .unwrap()
        .timeout(short)
        .unwrap();
    let mirror = Mirror::builder().target("http://shadow").target(hurried);
    let mirror = mirror.timeout(long).transport(times.clone()).build();
    let mirror = mirror.unwrap();
    let app = Router::new().route("/", get(|| async {}));
    let primary = Primary::start(app.layer(mirror.layer())).await;
    primary.get("/").await;
    settled(&mirror, 1).await;
    let mut times = times.0.lock().unwrap().clone();
    times.sort_unstable();
    assert_eq!(times, [short, Duration::from_secs(1)]);
}
