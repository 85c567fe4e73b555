//! Shadows that speak HTTP/2: whatever one does with its frames, what a copy took is free again
//! when the copy has ended, and no copy is lost that need not be.
//!
//! Most of them speak it without TLS, with prior knowledge, which makes no difference to the
//! frames.

mod early;
mod fields;
mod floods;
mod going_away;
mod heads;
mod protocol;
mod streams;
mod stuck;

use std::time::Duration;

use axum::{Router, body::Bytes, routing::any};
use mirror_runtime::{Mirror, MirrorBuilder, Target, TargetStats};
use testkit::{Primary, RawH2, settled};

/// Longer than a condition is waited for: a test in which a copy timed out would fail.
const LONG: Duration = Duration::from_hours(1);

/// For copies that are to time out.
const SHORT: Duration = Duration::from_millis(200);

fn to(target: Target) -> MirrorBuilder {
    Mirror::builder().target(target).timeout(LONG)
}

async fn primary_of(mirror: &Mirror) -> Primary {
    let echo = any(|body: Bytes| async { body });
    Primary::start(Router::new().fallback(echo).layer(mirror.layer())).await
}

/// A mirror to a shadow, and a primary that it mirrors.
async fn mirrored(builder: MirrorBuilder) -> (Mirror, Primary) {
    let mirror = builder.build().unwrap();
    let primary = primary_of(&mirror).await;
    (mirror, primary)
}

/// Sends a `GET`, and waits for what becomes of its copy.
async fn one_more(mirror: &Mirror, primary: &Primary) -> TargetStats {
    let before = mirror.stats().targets[0].received;
    primary.get("/").await;
    settled(mirror, before + 1).await.remove(0)
}

/// Sends a `POST` with a body of so many bytes, and waits for what becomes of its copy.
async fn post_more(mirror: &Mirror, primary: &Primary, bytes: usize) -> TargetStats {
    let before = mirror.stats().targets[0].received;
    primary.post("/", vec![b'x'; bytes]).await;
    settled(mirror, before + 1).await.remove(0)
}

/// Opens the connection that the copies of a test share, with a copy that is responded to.
async fn warm_up(mirror: &Mirror, primary: &Primary, shadow: &RawH2) {
    let stats = one_more(mirror, primary).await;
    assert_eq!((stats.answered, shadow.connections()), (1, 1), "{stats}");
}

/// Tasks of this runtime that have not ended.
fn tasks() -> usize {
    tokio::runtime::Handle::current()
        .metrics()
        .num_alive_tasks()
}
