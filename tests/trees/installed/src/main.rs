//! A program that installs the provider of its choice: before that, no mirror with an `https`
//! target can be.

use axum::{Router, routing::get};
use mirror_runtime::{ConfigError, Mirror, ReqwestTransport, SkipReason, mirror, mirror_named};
use shadow::{Errors, Shadow, assert_answered, request};
use tokio_rustls::rustls::crypto::{CryptoProvider, ring};

const LINE: &str = "rustls::crypto::ring::default_provider().install_default()";

#[mirror(targets = ["https://localhost:1"], name = "early")]
async fn early() {}

fn assert_refused(mirror: Result<Mirror, ConfigError>) {
    let error = mirror.unwrap_err();
    assert!(
        matches!(&error, ConfigError::NoCryptoProvider(_)),
        "{error:?}"
    );
    assert!(error.to_string().contains(LINE), "{error}");
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let shadow = Shadow::start(ring::default_provider()).await;
    let plain = shadow::plain().await;
    let errors = Errors::kept();
    let over_reqwest = |url: &str| {
        let builder = Mirror::builder().transport(ReqwestTransport::default());
        builder.target(url).build()
    };

    assert_refused(Mirror::new([&shadow.url]));
    assert_refused(over_reqwest(&shadow.url));
    // A client of reqwest has TLS, whatever it is for.
    assert_refused(over_reqwest(&plain));
    assert_answered(&Mirror::new([&plain]).unwrap()).await;
    assert!(errors.lines().is_empty(), "{:?}", errors.lines());

    for _ in 0..2 {
        request(Router::new().route("/", get(early))).await;
    }
    let early = mirror_named("early").unwrap().stats().targets.remove(0);
    assert_eq!(early.skipped_for(SkipReason::Disabled), 2, "{early}");
    let [error] = &errors.lines()[..] else {
        panic!("{:?}", errors.lines());
    };
    assert!(error.contains(LINE), "{error}");

    ring::default_provider().install_default().unwrap();
    let installed = CryptoProvider::get_default().unwrap().clone();
    assert_answered(&Mirror::new([&shadow.url]).unwrap()).await;
    assert_answered(&over_reqwest(&shadow.url).unwrap()).await;
    assert_answered(&over_reqwest(&plain).unwrap()).await;
    assert!(std::sync::Arc::ptr_eq(
        &installed,
        CryptoProvider::get_default().unwrap()
    ));
}
