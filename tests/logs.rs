//! What the log says: whose line it is, and what to do. In a process of its own, which has one log.

use std::time::{Duration, SystemTime};

use axum::{
    Router,
    body::Body,
    handler::Handler,
    routing::{any, get},
};
use mirror_runtime::{CompareMode, ControlFile, ControlSource, Mirror, SkipReason, Target, mirror};
use testkit::{Log, Primary, Shadow, closed_port, mirror_named, passes_with, settled, until};
use tower::ServiceExt;

/// Set for the processes that the tests below start.
const LOGGED: &str = "MIRROR_TESTS_LINES";
const DEAD: &str = "MIRROR_TESTS_DEAD_URL";

/// The log of this process, if it is one that logs.
fn log() -> Option<Log> {
    std::env::var_os(LOGGED)?;
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt().with_ansi(false);
    subscriber.with_writer(move || writer.clone()).init();
    Some(log)
}

async fn passes_with_a_log(test: &'static str, url: String) {
    passes_with(test, vec![(LOGGED, "1".to_owned()), (DEAD, url)]).await;
}

/// The only line that has all of these words.
#[track_caller]
fn line(log: &Log, words: &[&str]) -> String {
    let text = log.text();
    let mut lines = text.lines();
    let line = lines.find(|line| words.iter().all(|word| line.contains(word)));
    let line = line.unwrap_or_else(|| panic!("no line with {words:?} in\n{text}"));
    assert!(
        !lines.any(|line| words.iter().all(|word| line.contains(word))),
        "several lines with {words:?} in\n{text}"
    );
    line.to_owned()
}

#[mirror(
    targets = [target(env("MIRROR_TESTS_UNSET"), name = "canary"), env("PATH")],
    compare = "json",
    baseline = env("MIRROR_TESTS_NO_BASELINE"),
    name = "from the environment",
)]
async fn from_environment() -> &'static str {
    "primary"
}

#[tokio::test]
async fn each_line_names_mirror_target_and_variable() {
    let Some(log) = log() else {
        return;
    };
    let dead = Target::from_env(DEAD).unwrap().named("dead");
    let unset = Target::from_env("MIRROR_TESTS_UNSET").unwrap();
    assert_eq!(
        (dead.variable(), unset.variable()),
        (Some(DEAD), Some("MIRROR_TESTS_UNSET"))
    );
    let mirror = Mirror::builder()
        .name("failing")
        .target(dead)
        .target(unset)
        .compare(CompareMode::Status)
        .baseline(Target::from_env("MIRROR_TESTS_NO_BASELINE").unwrap())
        .on_error(|_: &_, _: &_| panic!("as a callback may"))
        .on_skip(|_: &_, reason| assert_eq!(reason, SkipReason::Disabled, "as a callback may"))
        .when(|parts| {
            assert_ne!(parts.uri.path(), "/panic", "as a filter may");
            true
        })
        .build()
        .unwrap();
    let app = Router::new()
        .route("/attribute", get(from_environment))
        .merge(
            Router::new()
                .fallback(any(|| async { "primary" }))
                .layer(mirror.layer()),
        );
    let primary = Primary::start(app).await;
    primary.get("/").await;
    settled(&mirror, 1).await;
    primary.get("/panic").await;
    settled(&mirror, 2).await;
    primary.get("/attribute").await;
    settled(&mirror_named("from the environment"), 1).await;

    for (mirror, target, variable) in [
        ("failing", "MIRROR_TESTS_UNSET", "MIRROR_TESTS_UNSET"),
        (
            "failing",
            "MIRROR_TESTS_NO_BASELINE",
            "MIRROR_TESTS_NO_BASELINE",
        ),
        ("from the environment", "canary", "MIRROR_TESTS_UNSET"),
        (
            "from the environment",
            "MIRROR_TESTS_NO_BASELINE",
            "MIRROR_TESTS_NO_BASELINE",
        ),
    ] {
        let who = [
            format!("mirror=\"{mirror}\""),
            format!("target={target}"),
            format!("variable=\"{variable}\""),
        ];
        let words = [
            &who[0],
            &who[1],
            &who[2],
            "unset or empty; set it to the URL",
        ];
        assert!(line(&log, &words).contains("WARN"));
    }
    let invalid = [
        "mirror=\"from the environment\"",
        "variable=\"PATH\"",
        "does not hold a target",
    ];
    assert!(line(&log, &invalid).contains("ERROR"));
    let variable = format!("variable=\"{DEAD}\"");
    line(
        &log,
        &[
            "mirror=\"failing\"",
            "target=dead",
            &variable,
            "copies failed",
        ],
    );
    for (option, target) in [
        ("on_error", Some("dead")),
        ("on_skip", Some("dead")),
        ("when", None),
    ] {
        let option = format!("option=\"{option}\"");
        let target = target.map(|target| format!("target=\"{target}\""));
        let mut words = vec!["mirror=\"failing\"", option.as_str(), "panicked"];
        words.extend(target.as_deref());
        until("the panic is told", || {
            words.iter().all(|word| log.text().contains(word))
        })
        .await;
        line(&log, &words);
    }
}

#[tokio::test]
async fn who_is_named_in_the_log() {
    let test = "logs::each_line_names_mirror_target_and_variable";
    passes_with_a_log(test, closed_port().await).await;
}

#[mirror(targets = [env("MIRROR_TESTS_DEAD_URL")], name = "the attribute")]
async fn twice() -> &'static str {
    "primary"
}

#[tokio::test]
async fn requests_that_are_copied_twice_are_told_once() {
    let Some(log) = log() else {
        return;
    };
    let shadow = Shadow::start().await;
    let mirror = |name: &'static str| {
        let builder = Mirror::builder().name(name).target(shadow.url());
        // Of three layers, the outermost samples nothing.
        let percentage = if name == "nothing" { 0.0 } else { 100.0 };
        builder.percentage(percentage).build().unwrap()
    };
    let (nothing, outer, inner) = (mirror("nothing"), mirror("outer"), mirror("inner"));
    let (alone, again, asked) = (mirror("alone"), mirror("again"), mirror("asked"));
    // A request of the handler's own is another one.
    let other = Router::new().route("/other", get(|| async {}).layer(asked.layer()));
    let asks = async move || {
        let request = http::Request::get("/other").body(Body::empty()).unwrap();
        other
            .oneshot(request)
            .await
            .map(|response| response.status())
    };
    let nested = Router::new()
        .route("/nested", get(|| async {}))
        .layer(inner.layer());
    let app = Router::new()
        .route("/attribute", get(twice))
        .route("/asks", get(asks))
        .nest("/a", nested)
        .layer(outer.layer())
        .layer(nothing.layer())
        .route("/alone", get(|| async {}).layer(alone.layer()))
        .route(
            "/again",
            get((|| async {}).layer(again.layer())).layer(again.layer()),
        );
    let primary = Primary::start(app).await;
    for _ in 0..3 {
        for path in ["/attribute", "/a/nested", "/asks", "/alone", "/again"] {
            primary.get(path).await;
        }
    }
    settled(&outer, 9).await;
    settled(&again, 6).await;
    settled(&asked, 3).await;
    for (mirror, outer) in [
        ("the attribute", "outer"),
        ("inner", "outer"),
        ("again", "again"),
    ] {
        let [mirror, outer] = [format!("mirror=\"{mirror}\""), format!("outer=\"{outer}\"")];
        let line = line(&log, &[&mirror, &outer, "copied twice"]);
        assert!(line.contains("WARN"), "{line}");
    }
    assert_eq!(
        log.text().matches("copied twice").count(),
        3,
        "{}",
        log.text()
    );
}

#[tokio::test]
async fn a_mirror_within_another_is_named_with_it() {
    let shadow = Shadow::start().await;
    let test = "logs::requests_that_are_copied_twice_are_told_once";
    passes_with_a_log(test, shadow.url()).await;
}

#[tokio::test]
async fn a_file_that_switches_many_mirrors_is_one_line() {
    let Some(log) = log() else {
        return;
    };
    let named = |name: String| {
        let target = Target::new("http://127.0.0.1:9").unwrap().named("rewrite");
        Mirror::builder().name(name).target(target).build().unwrap()
    };
    let mirrors: Vec<_> = (0..500)
        .map(|number| named(format!("a route {number:03}")))
        .collect();
    // Those of other tests are listed as well.
    let all = mirror_runtime::mirrors().len();
    let apply = |json: &str| {
        let file: ControlFile = serde_json::from_str(json).unwrap();
        file.apply().unwrap();
    };
    apply(r#"{ "enabled": false, "reason": "incident", "by": "ada" }"#);
    assert!(!mirrors[499].control().state().is_enabled);
    let off = line(&log, &["the control file has changed"]);
    for word in [
        "WARN",
        &format!("mirrors={all}"),
        "a route 000, a route 001,",
        &format!("a route 019 and {} more", all - 20),
        "source=\"file\"",
        "reason=\"incident\"",
        "actor=\"ada\"",
        "is_enabled=false",
    ] {
        assert!(off.contains(word), "{word}: {off}");
    }
    assert!(!off.contains("a route 020"), "{off}");
    // Some are told apart, and of one all is said.
    apply(
        r#"{ "enabled": false, "reason": "incident", "by": "ada", "mirrors": {
            "a route 001": { "targets": { "rewrite": 5 } },
            "a route 002": { "targets": { "rewrite": 10 } },
            "a route 003": { "enabled": true, "reason": "repaired", "targets": { "rewrite": 20 } },
            "nowhere": {}, "never": {}
        } }"#,
    );
    line(
        &log,
        &["mirrors=2 named=\"never, nowhere\"", "not known yet"],
    );
    let named = "named=\"a route 001 (rewrite 5 %), a route 002 (rewrite 10 %)\"";
    line(&log, &["mirrors=2", named, "is_enabled=false"]);
    line(
        &log,
        &[
            "mirror=\"a route 003\"",
            "targets=\"rewrite 20 %\"",
            "repaired",
        ],
    );
    // What ends for all of them is one line as well.
    let moment = SystemTime::now() + Duration::from_millis(300);
    mirror_runtime::control_all().until(moment).disable();
    until("all are on again", || {
        mirrors[0].control().state().source != ControlSource::Api
    })
    .await;
    line(
        &log,
        &[
            "overrides ended",
            &format!("overrides={all}"),
            "source=\"api\"",
        ],
    );
}

#[tokio::test]
async fn an_incident_does_not_flood_the_log() {
    let test = "logs::a_file_that_switches_many_mirrors_is_one_line";
    passes_with_a_log(test, closed_port().await).await;
}
