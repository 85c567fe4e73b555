//! Whoever is told of a copy is told the `x-request-id` of its request.

use std::sync::{Arc, Mutex};

use axum::{
    Router,
    body::Body,
    extract::Request,
    middleware::{Next, from_fn},
    response::Response,
    routing::any,
};
use mirror_runtime::{
    CompareMode, Event, EventKind, Mirror, MirrorBuilder, Observer, SkipReason, Target, request_id,
};
use testkit::{Directory, Primary, Shadow, closed_port, settled, until};

/// What was told, and the id that was there then.
#[derive(Clone, Default)]
struct Told(Arc<Mutex<Vec<Entry>>>);

type Entry = (&'static str, Option<String>);

impl Told {
    fn note(&self, what: &'static str) {
        let id = request_id().map(|id| id.to_string());
        self.0.lock().unwrap().push((what, id));
    }

    fn all(&self) -> Vec<Entry> {
        let mut all = self.0.lock().unwrap().clone();
        all.sort();
        all
    }

    async fn has(&self, expected: &[(&'static str, Option<&str>)]) {
        let mut expected: Vec<_> = expected
            .iter()
            .map(|(what, id)| (*what, id.map(str::to_owned)))
            .collect();
        expected.sort();
        until("all is told", || {
            self.0.lock().unwrap().len() >= expected.len()
        })
        .await;
        assert_eq!(self.all(), expected);
    }
}

/// As the layer of `tower-http` does: an id for each request that has none.
async fn set_request_id(mut request: Request, next: Next) -> Response {
    let headers = request.headers_mut();
    headers
        .entry("x-request-id")
        .or_insert("of-the-layer".parse().unwrap());
    next.run(request).await
}

async fn ask(mirror: &Mirror, id: Option<&str>) {
    let app = Router::new()
        .fallback(any(|| async { "primary" }))
        .layer(mirror.layer());
    let app = match id {
        None => app.layer(from_fn(set_request_id)),
        Some(_) => app,
    };
    let primary = Primary::start(app).await;
    let request = Request::get("/");
    let request = match id {
        Some("") | None => request,
        Some(id) => request.header("x-request-id", id),
    };
    assert_eq!(
        primary
            .send(request.body(Body::empty()).unwrap())
            .await
            .status,
        200
    );
}

fn telling(told: &Told) -> MirrorBuilder {
    let (success, error, skip, mismatch) = (told.clone(), told.clone(), told.clone(), told.clone());
    Mirror::builder()
        .on_success(move |_: &_, _: &_| success.note("success"))
        .on_error(move |_: &_, _: &_| error.note("error"))
        .on_skip(move |_: &_, _| skip.note("skip"))
        .on_mismatch(move |comparison| {
            assert_eq!(comparison.request_id.as_deref(), request_id().as_deref());
            mismatch.note("mismatch");
        })
        .compare(CompareMode::Bytes)
}

#[tokio::test]
async fn each_callback_is_about_a_request_with_an_id() {
    let (shadow, dead) = (Shadow::start().await, closed_port().await);
    for (id, told_id) in [
        (Some("req-7"), Some("req-7")),
        (None, Some("of-the-layer")),
        (Some(""), None),
    ] {
        let told = Told::default();
        let mirror = telling(&told)
            .target(shadow.url())
            .target(&dead)
            .build()
            .unwrap();
        ask(&mirror, id).await;
        settled(&mirror, 1).await;
        told.has(&[
            ("success", told_id),
            ("error", told_id),
            ("mismatch", told_id),
        ])
        .await;
    }
    let copies = shadow.recorded();
    assert_eq!(copies[0].all("x-request-id"), ["req-7"]);
    assert_eq!(copies[1].all("x-request-id"), ["of-the-layer"]);
}

#[tokio::test]
async fn an_id_is_no_longer_than_is_good() {
    let told = Told::default();
    let mirror = telling(&told).target(closed_port().await).build().unwrap();
    ask(&mirror, Some(&"x".repeat(1000))).await;
    told.has(&[("error", Some(&*"x".repeat(128)))]).await;
}

#[tokio::test]
async fn a_request_that_cannot_be_copied_is_told_with_its_id_and_one_not_sampled_without() {
    let shadow = Shadow::start().await;
    for (percentage, reason, id) in [
        (100.0, SkipReason::BodyTooLarge, Some("req-8")),
        (0.0, SkipReason::NotSampled, None),
    ] {
        let told = Told::default();
        let builder = telling(&told).target(shadow.url()).max_body(1);
        let mirror = builder.percentage(percentage).build().unwrap();
        let app = Router::new()
            .fallback(any(|_: Body| async {}))
            .layer(mirror.layer());
        let primary = Primary::start(app).await;
        let request = Request::post("/").header("x-request-id", "req-8");
        primary
            .send(request.body(Body::from("too large")).unwrap())
            .await;
        assert_eq!(settled(&mirror, 1).await[0].skipped_for(reason), 1);
        told.has(&[("skip", id)]).await;
    }
}

struct Ids(Told);

impl Observer for Ids {
    fn observe(&self, event: &Event<'_>) {
        assert_eq!(event.request_id, request_id().as_deref());
        self.0.note(match event.kind {
            EventKind::Sent { .. } => "sent",
            EventKind::Ended { .. } => "ended",
            EventKind::Compared { .. } => "compared",
            EventKind::NotCompared { .. } => "not compared",
            _ => "else",
        });
    }
}

#[tokio::test]
async fn an_event_has_the_id_of_its_request() {
    let (shadow, dead) = (Shadow::start().await, closed_port().await);
    let told = Told::default();
    let mirror = Mirror::builder()
        .target(Target::new(shadow.url()).unwrap())
        .target(&dead)
        .compare(CompareMode::Bytes)
        .observer(Ids(told.clone()))
        .build()
        .unwrap();
    ask(&mirror, Some("req-9")).await;
    let id = Some("req-9");
    told.has(&[
        ("sent", id),
        ("sent", id),
        ("ended", id),
        ("ended", id),
        ("compared", id),
        ("not compared", id),
    ])
    .await;
}

#[tokio::test]
async fn a_fixture_has_the_id_among_the_headers_of_its_request() {
    let (shadow, directory) = (Shadow::start().await, Directory::new("request-ids"));
    let mirror = Mirror::builder()
        .target(shadow.url())
        .compare(CompareMode::Bytes)
        .record(directory.path())
        .build()
        .unwrap();
    ask(&mirror, Some("req-10")).await;
    until("a fixture", || !directory.fixtures().is_empty()).await;
    let fixture = directory.fixture().to_string();
    assert!(
        fixture.contains(r#"["x-request-id","req-10"]"#),
        "{fixture}"
    );
}
