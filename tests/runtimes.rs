//! No client and no task is tied to a tokio runtime that is gone.

use axum::{Router, routing::get};
use mirror_runtime::{FailureKind, Mirror};
use tokio::runtime::{Builder, Runtime};

use crate::support::{Primary, Shadow, settled};

fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

#[test]
fn a_mirror_outlives_the_runtimes_it_sends_from() {
    let shadow_runtime = runtime();
    let shadow = shadow_runtime.block_on(Shadow::start());
    let mirror = Mirror::new([shadow.url()]).unwrap();
    // The shadow answers only while its own runtime runs.
    std::thread::spawn(move || shadow_runtime.block_on(std::future::pending::<()>()));
    for sent in 1..=3 {
        runtime().block_on(async {
            let app = Router::new()
                .route("/", get(|| async { "primary" }))
                .layer(mirror.layer());
            assert_eq!(Primary::start(app).await.get("/").await.text(), "primary");
            assert_eq!(settled(&mirror, sent).await[0].answered, sent);
        });
    }
}

#[test]
fn copies_of_a_runtime_that_is_shut_down_are_counted() {
    let runtime = runtime();
    let mirror = runtime.block_on(async {
        let shadow = Shadow::holding().await;
        let mirror = Mirror::new([shadow.url()]).unwrap();
        let app = Router::new()
            .route("/", get(|| async { "primary" }))
            .layer(mirror.layer());
        Primary::start(app).await.get("/").await;
        shadow.receives(1).await;
        mirror
    });
    drop(runtime);
    let stats = &mirror.stats().targets[0];
    assert_eq!(
        (stats.failed_with(FailureKind::Cancelled), stats.in_flight),
        (1, 0)
    );
}
