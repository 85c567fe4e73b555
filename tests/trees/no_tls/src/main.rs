//! A program whose shadows are in its own network: without TLS and comparing, and without the
//! crates for them.

use axum::{Router, routing::get};
use mirror_runtime::{ConfigError, Mirror, SkipReason, Target, mirror, mirror_named};
use shadow::{Errors, assert_answered, request};

#[mirror(targets = ["https://localhost:1"], name = "tls")]
async fn over_tls() {}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let errors = Errors::kept();
    assert_answered(&Mirror::new([shadow::plain().await]).unwrap()).await;

    let target = || Target::new("https://localhost:1").unwrap().named("staging");
    let error = Mirror::new([target()]).unwrap_err();
    assert_eq!(error, ConfigError::WithoutTls("staging".to_owned()));
    assert!(
        error.to_string().contains("feature `tls-aws-lc`"),
        "{error}"
    );
    assert!(errors.lines().is_empty(), "{:?}", errors.lines());

    for _ in 0..2 {
        request(Router::new().route("/", get(over_tls))).await;
    }
    let stats = mirror_named("tls").unwrap().stats().targets.remove(0);
    assert_eq!(stats.skipped_for(SkipReason::Disabled), 2, "{stats}");
    let [error] = &errors.lines()[..] else {
        panic!("{:?}", errors.lines());
    };
    assert!(error.contains("feature `tls-aws-lc`"), "{error}");
}
