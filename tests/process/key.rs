//! The key of the environment, in processes of their own.

use std::collections::BTreeSet;

use axum::{body::Body, extract::Request, routing::get};
use mirror_runtime::{ConfigError, Key, Mirror, MirrorBuilder, Sticky, mirror};
use testkit::{Log, Primary, Shadow, mirror_named, passes_with, settled};

use crate::app;

/// The key itself.
const VARIABLE: &str = "MIRROR_KEY";

/// Set in the processes that the tests below start: the users who are sampled with the key.
const EXPECTED: &str = "MIRROR_TESTS_USERS";

const SECRET: &str = "q83vEjRWeJASNFZ4kBI0VniQEjRWeJASNFZ4kBI0Vng=";

const USERS: u64 = 64;

fn request(user: u64) -> Request {
    let request = Request::get("/").header("x-user-id", user.to_string());
    request.body(Body::empty()).unwrap()
}

/// The users who are copied at 50 %.
async fn sampled(options: impl FnOnce(MirrorBuilder) -> MirrorBuilder) -> String {
    let shadow = Shadow::start().await;
    let builder = Mirror::builder().target(shadow.url()).percentage(50.0);
    let builder = builder.sticky(Sticky::Header("x-user-id"));
    let mirror = options(builder).build().unwrap();
    let primary = Primary::start(app(&mirror)).await;
    for user in 0..USERS {
        primary.send(request(user)).await;
    }
    settled(&mirror, USERS).await;
    let copies = shadow.recorded();
    let users = copies
        .iter()
        .map(|copy| copy.headers["x-user-id"].to_str().unwrap());
    let users: BTreeSet<_> = users.collect();
    users.into_iter().collect::<Vec<_>>().join(",")
}

fn log() -> Log {
    let log = Log::default();
    let writer = log.clone();
    tracing_subscriber::fmt()
        .with_ansi(false)
        .with_writer(move || writer.clone())
        .init();
    log
}

/// Runs in a process with a key, and in one without.
#[tokio::test]
async fn users_are_those_of_the_key() {
    let Ok(expected) = std::env::var(EXPECTED) else {
        return;
    };
    let log = log();
    let has_key = std::env::var(VARIABLE).is_ok_and(|key| !key.trim().is_empty());
    let first = sampled(|builder| builder).await;
    // Of one process they are the same in any case.
    assert_eq!(sampled(|builder| builder.name("another")).await, first);
    assert_eq!(first == expected, has_key);
    let key = Key::of_process().unwrap();
    assert_eq!(key.is_random(), !has_key);
    let told = log.text();
    let lines: Vec<_> = told
        .lines()
        .filter(|line| line.contains(VARIABLE))
        .collect();
    assert_eq!(lines.len(), usize::from(!has_key), "{told}");
    assert!(lines.iter().all(|line| line.contains("WARN")), "{told}");
    assert!(!told.contains(&SECRET[..8]), "{told}");
}

async fn with_key(key: &str) {
    let expected = sampled(|builder| builder.key(SECRET)).await;
    let variables = vec![(VARIABLE, key.to_owned()), (EXPECTED, expected)];
    passes_with("key::users_are_those_of_the_key", variables).await;
}

#[tokio::test]
async fn two_processes_with_a_key_sample_the_same_users() {
    let _turn = crate::TURN.lock().await;
    with_key(SECRET).await;
    // With an id, and with an old one that is only accepted.
    let old = "0123456789abcdef".repeat(2);
    with_key(&format!("2026-11:{SECRET},2026-10:{old}\n")).await;
}

#[tokio::test]
async fn a_process_without_a_key_samples_others_and_says_so_once() {
    let _turn = crate::TURN.lock().await;
    with_key("").await;
    with_key(" \n").await;
}

/// Set in a process whose key is wrong.
const IS_WRONG: &str = "MIRROR_TESTS_KEY_IS_WRONG";

#[mirror(targets = ["http://127.0.0.1:9"], name = "wrong_key")]
async fn with_the_key_of_the_process() -> &'static str {
    "primary"
}

#[mirror(targets = ["http://127.0.0.1:9"], key = env("MIRROR_TESTS_KEY"), name = "own_wrong_key")]
async fn with_a_key_of_its_own() -> &'static str {
    "primary"
}

#[tokio::test]
async fn mirrors_with_a_wrong_key_send_nothing_and_say_why() {
    if std::env::var_os(IS_WRONG).is_none() {
        return;
    }
    let log = log();
    let builder = || Mirror::builder().target("http://127.0.0.1:9");
    let error = builder().build().unwrap_err();
    assert!(matches!(&error, ConfigError::KeyEnv { variable, .. } if variable == VARIABLE));
    // Another key is no affair of that one.
    assert!(builder().key(SECRET).build().is_ok());
    let app = axum::Router::new()
        .route("/process", get(with_the_key_of_the_process))
        .route("/own", get(with_a_key_of_its_own));
    let primary = Primary::start(app).await;
    for path in ["/process", "/own"] {
        assert_eq!(primary.get(path).await.text(), "primary");
    }
    for name in ["wrong_key", "own_wrong_key"] {
        assert!(mirror_named(name).stats().targets.is_empty());
    }
    let told = log.text();
    let lines: Vec<_> = told
        .lines()
        .filter(|line| line.contains("mirror disabled"))
        .collect();
    assert_eq!(lines.len(), 2, "{told}");
    assert!(lines[0].contains("`MIRROR_KEY` does not hold a key: the secret has 7 characters"));
    assert!(
        lines[1].contains("`MIRROR_TESTS_KEY` does not hold a key: the secret has 8 characters")
    );
    assert!(lines.iter().all(|line| line.contains("ERROR")), "{told}");
    assert!(
        !format!("{told}{error}{error:?}").contains("hunter"),
        "{told}"
    );
}

#[tokio::test]
async fn a_wrong_key_is_said_without_a_part_of_it() {
    let test = "key::mirrors_with_a_wrong_key_send_nothing_and_say_why";
    let variables = vec![
        (VARIABLE, "hunter2".to_owned()),
        ("MIRROR_TESTS_KEY", "hunter22".to_owned()),
        (IS_WRONG, "1".to_owned()),
    ];
    passes_with(test, variables).await;
}
