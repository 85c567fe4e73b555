//! Mismatches are written down, and nothing else is.

mod bounds;
mod crash;
mod layers;
mod panics;
mod redaction;
mod replayed;

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering::SeqCst},
};

use axum::{Router, body::Body, response::Response, routing::get};
use http::Request;
use mirror_runtime::{BodyMode, CompareMode, Mirror, MirrorBuilder, mirror};
use testkit::{Directory, Primary, Recorded, Shadow, mirror_named, until};

/// A primary that responds to each request by its path, and a shadow that responds otherwise.
struct Recording {
    directory: Directory,
    primary: Primary,
    /// Mismatches that were recorded, or not: each is told afterwards.
    told: Arc<AtomicUsize>,
    mirror: Mirror,
    _shadow: Shadow,
}

impl Recording {
    async fn new(
        name: &str,
        options: impl FnOnce(MirrorBuilder) -> MirrorBuilder,
        primary: impl Fn(&str) -> Response + Clone + Send + Sync + 'static,
        shadow: impl Fn(&Recorded) -> Response + Send + Sync + 'static,
    ) -> Self {
        let directory = Directory::new(name);
        let shadow = Shadow::answering(shadow).await;
        let told = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&told);
        let builder = Mirror::builder()
            .name("shop::orders")
            .target(
                mirror_runtime::Target::new(shadow.url())
                    .unwrap()
                    .named("staging"),
            )
            .compare(CompareMode::Json)
            .record(directory.path())
            .on_mismatch(move |_| {
                count.fetch_add(1, SeqCst);
            });
        let mirror = options(builder).build().unwrap();
        let answer = async move |request: Request<Body>| {
            let (head, body) = request.into_parts();
            // A body that nobody reads is not copied where it is noted as it is read.
            axum::body::to_bytes(body, usize::MAX).await.unwrap();
            primary(&head.uri.to_string())
        };
        let app = Router::new().fallback(answer).layer(mirror.layer());
        Self {
            directory,
            primary: Primary::start(app).await,
            told,
            mirror,
            _shadow: shadow,
        }
    }

    /// Waits until so many mismatches were dealt with.
    async fn told(&self, mismatches: usize) {
        until(&format!("{mismatches} mismatches"), || {
            self.told.load(SeqCst) >= mismatches
        })
        .await;
        assert_eq!(self.told.load(SeqCst), mismatches);
    }
}

fn ok(body: impl Into<Body>) -> Response {
    Response::new(body.into())
}

fn same(builder: MirrorBuilder) -> MirrorBuilder {
    builder
}

#[tokio::test]
async fn a_mismatch_becomes_a_file_of_the_request_and_both_answers() {
    let primary = |_: &str| ok(r#"{"total": 12345678901234567890.5}"#);
    let recording = Recording::new("mismatch", same, primary, |_| ok(r#"{"total":"13"}"#)).await;
    let request = Request::post("/orders//7?a=%20b&c")
        .header("x-header", "value")
        .body(Body::from("{ \"q\": 1 }"));
    recording.primary.send(request.unwrap()).await;
    recording.told(1).await;
    let names = recording.directory.names();
    assert!(
        names[0].starts_with("shop_orders--staging--type_total--"),
        "{names:?}"
    );
    let fixture = recording.directory.fixture();
    assert_eq!(
        (&fixture["format"], &fixture["version"]),
        (&"mirror-fixture".into(), &1.into())
    );
    let request = &fixture["request"];
    assert_eq!(request["method"], "POST");
    assert_eq!(request["target"], "/orders//7?a=%20b&c");
    assert_eq!(request["body"], "{ \"q\": 1 }");
    let headers = request["headers"].as_array().unwrap();
    assert!(
        headers.contains(&serde_json::json!(["x-header", "value"])),
        "{headers:?}"
    );
    assert_eq!(fixture["primary"]["status"], 200);
    assert_eq!(
        fixture["primary"]["body"],
        r#"{"total": 12345678901234567890.5}"#
    );
    assert_eq!(fixture["shadow"]["body"], r#"{"total":"13"}"#);
    assert_eq!(fixture["differences"][0]["pointer"], "/total");
    assert_eq!(fixture["compared_by"]["mode"], "json");
}

#[tokio::test]
async fn matches_are_not_recorded() {
    let answer = |path: &str| ok(if path == "/other" { "[1]" } else { "[0]" });
    let recording = Recording::new("match", same, answer, |_| ok("[0]")).await;
    recording.primary.get("/same").await;
    recording.primary.get("/other").await;
    recording.told(1).await;
    assert_eq!(recording.directory.fixture()["request"]["target"], "/other");
}

#[tokio::test]
async fn noise_is_not_recorded_and_left_out_of_what_is() {
    let clock = |name: &str| {
        static CLOCK: AtomicUsize = AtomicUsize::new(0);
        ok(format!(
            r#"{{"at":{},"name":"{name}"}}"#,
            CLOCK.fetch_add(1, SeqCst)
        ))
    };
    let baseline = Shadow::answering(move |copy| clock(&copy.target)).await;
    let recording = Recording::new(
        "noise",
        |builder| builder.baseline(baseline.url()),
        move |path| clock(path),
        move |copy| {
            clock(if copy.target == "/other" {
                "-"
            } else {
                &copy.target
            })
        },
    )
    .await;
    recording.primary.get("/same").await;
    // The first six may turn out to be noise as well: they are told, and not recorded.
    for told in 1..=7 {
        recording.primary.get("/other").await;
        recording.told(told).await;
    }
    let fixture = recording.directory.fixture();
    assert_eq!(fixture["request"]["target"], "/other");
    assert_eq!(fixture["compared_by"]["noise"], serde_json::json!(["/at"]));
}

#[tokio::test]
async fn a_body_that_is_noted_as_it_is_read_is_recorded_too() {
    let tee = |builder: MirrorBuilder| builder.body(BodyMode::Tee);
    let recording = Recording::new("tee", tee, |_| ok("[1]"), |_| ok("[2]")).await;
    recording.primary.post("/", "tee").await;
    recording.told(1).await;
    assert_eq!(recording.directory.fixture()["request"]["body"], "tee");
}

#[tokio::test]
async fn a_request_whose_body_is_not_copied_is_recorded_only_where_it_has_none() {
    let without = |builder: MirrorBuilder| builder.copy_body(false);
    let recording = Recording::new("copy_body", without, |_| ok("[1]"), |_| ok("[2]")).await;
    recording.primary.post("/body", "body").await;
    recording.told(1).await;
    recording.primary.get("/none").await;
    recording.told(2).await;
    assert_eq!(recording.directory.fixture()["request"]["target"], "/none");
}

#[tokio::test]
async fn answers_are_recorded_without_their_encoding() {
    let recording = Recording::new("gzip", same, |_| ok("[1]"), |_| gzip(b"[2]")).await;
    recording.primary.get("/").await;
    recording.told(1).await;
    assert_eq!(recording.directory.fixture()["shadow"]["body"], "[2]");
}

fn gzip(body: &[u8]) -> Response {
    use std::io::Write;

    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(body).unwrap();
    let mut answer = ok(encoder.finish().unwrap());
    answer
        .headers_mut()
        .insert("content-encoding", "gzip".parse().unwrap());
    answer
}

#[tokio::test]
async fn a_directory_that_cannot_be_written_disturbs_nobody() {
    let directory = Directory::new("file");
    std::fs::write(directory.path(), "a file").unwrap();
    let below = directory.path().join("below");
    let nowhere = move |builder: MirrorBuilder| builder.record(below);
    let recording = Recording::new("nowhere", nowhere, |_| ok("[1]"), |_| ok("[2]")).await;
    for _ in 0..3 {
        assert_eq!(recording.primary.get("/").await.text(), "[1]");
    }
    recording.told(3).await;
    assert_eq!(recording.mirror.report().targets[0].mismatched, 3);
    assert_eq!(std::fs::read_to_string(directory.path()).unwrap(), "a file");
    std::fs::remove_file(directory.path()).unwrap();
}

#[mirror(targets = [env("MIRROR_TESTS_RECORDED_URL")], compare = "json")]
async fn recorded() -> &'static str {
    "[1]"
}

/// Runs twice: by itself, and with the variable set.
#[tokio::test]
async fn an_attribute_records_where_the_environment_says_so() {
    let primary = Primary::start(Router::new().route("/", get(recorded))).await;
    assert_eq!(primary.get("/").await.text(), "[1]");
    if std::env::var_os("MIRROR_RECORD").is_some() {
        let mirror = mirror_named("tests::recording::recorded");
        until("a mismatch", || mirror.report().targets[0].mismatched == 1).await;
        // Waits for the file as well: nobody else is in this process.
        mirror_runtime::drain(std::time::Duration::from_secs(20)).await;
    }
}

#[test]
fn the_options_are_checked() {
    let builder = || Mirror::builder().target("http://shadow.example");
    let json = || builder().compare(CompareMode::Json);
    for (builder, expected) in [
        (
            builder().record("x"),
            "`record` needs `compare`: without it, nothing is compared",
        ),
        (
            builder().max_fixtures(1),
            "`max_fixtures` needs `compare`: without it, nothing is compared",
        ),
        (json().record(""), "`record` must name a directory"),
        (
            json().max_fixtures(0),
            "`max_fixtures` must be at least 1; to record nothing, leave `record` out",
        ),
        (
            json().max_fixture_bytes(0),
            "`max_fixture_bytes` must be larger than zero; to record nothing, leave `record` out",
        ),
    ] {
        assert_eq!(builder.build().unwrap_err().to_string(), expected);
    }
    assert!(
        json()
            .record("x")
            .max_fixtures(1)
            .max_fixture_bytes(1)
            .build()
            .is_ok()
    );
    assert!(!std::path::Path::new("x").exists());
}
