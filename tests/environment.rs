//! Targets from the environment.

use axum::{Router, routing::get};
use mirror_runtime::{ConfigError, Mirror, SkipReason, Target, mirror};
use testkit::{Directory, Primary, Shadow, mirror_named, passes_with, settled};

/// Set for the process that a test starts again; unset elsewhere.
const VARIABLE: &str = "MIRROR_TESTS_SHADOW_URL";

#[mirror(targets = [env("MIRROR_TESTS_SHADOW_URL"), target(env("MIRROR_TESTS_UNSET"), name = "unset"), env("PATH")])]
async fn from_environment() -> &'static str {
    "primary"
}

/// Runs twice: by itself with no variable set, and from the test below with one.
#[tokio::test]
async fn a_target_is_on_where_its_variable_is_set_and_off_elsewhere() {
    let primary = Primary::start(Router::new().route("/", get(from_environment))).await;
    assert_eq!(primary.get("/").await.text(), "primary");
    let stats = settled(&mirror_named("tests::environment::from_environment"), 1).await;
    let names: Vec<_> = stats.iter().map(|target| target.name.as_str()).collect();
    assert_eq!(names, [VARIABLE, "unset", "PATH"]);
    let disabled = stats
        .iter()
        .map(|target| target.skipped_for(SkipReason::Disabled));
    let is_set = std::env::var_os(VARIABLE).is_some();
    assert_eq!(disabled.collect::<Vec<_>>(), [u64::from(!is_set), 1, 1]);
    assert_eq!(stats[0].answered, u64::from(is_set));
}

#[tokio::test]
async fn a_variable_that_is_set_names_the_target() {
    let shadow = Shadow::start().await;
    let url = shadow.url();
    let test = "environment::a_target_is_on_where_its_variable_is_set_and_off_elsewhere";
    passes_with(test, vec![(VARIABLE, url)]).await;
    shadow.receives_one().await;
}

/// Small containers often have none.
#[tokio::test]
async fn plain_http_needs_no_certificates_on_the_machine() {
    let nowhere = |variable| (variable, "/nonexistent".to_owned());
    let variables = ["SSL_CERT_FILE", "SSL_CERT_DIR"].map(nowhere);
    passes_with(
        "connections::connections_to_a_shadow_are_used_again",
        variables.into(),
    )
    .await;
}

#[tokio::test]
async fn no_variable_makes_a_report_or_a_drain_panic() {
    passes_with(
        "comparison::options::a_mismatch_is_reported_whatever_the_environment_says",
        vec![("MIRROR_RAISE_ON_MISMATCH", "1".to_owned())],
    )
    .await;
}

#[tokio::test]
async fn mismatches_are_recorded_where_the_environment_says_so() {
    let directory = Directory::new("environment");
    let shadow = Shadow::start().await;
    let record = ("MIRROR_RECORD", directory.path().display().to_string());
    passes_with(
        "recording::an_attribute_records_where_the_environment_says_so",
        vec![record, ("MIRROR_TESTS_RECORDED_URL", shadow.url())],
    )
    .await;
    assert_eq!(directory.fixtures().len(), 1);
}

#[test]
fn the_builder_refuses_a_variable_that_holds_no_target_and_names_it() {
    let error = Target::from_env("PATH").unwrap_err();
    assert!(matches!(&error, ConfigError::Env { variable, .. } if variable == "PATH"));
    let message = error.to_string();
    assert!(
        message.starts_with("the environment variable `PATH` does not hold a target: "),
        "{message}"
    );
    let unset = Target::from_env("MIRROR_TESTS_UNSET").unwrap();
    assert!(!unset.is_enabled());
    assert!(Mirror::new([unset]).is_ok());
}
