//! A baseline, and what is noise because of it.

use std::sync::atomic::{AtomicU64, Ordering::SeqCst};

use axum::{Router, response::Response};
use mirror_runtime::{
    CompareMode, Comparison, Mirror, NotComparedReason, ReportVerdict, SkipReason, Target,
};
use testkit::{Primary, Shadow, closed_port, settled, until};

use super::{ok, reported};

/// What the old version says: another number each time.
fn old() -> Response {
    static CLOCK: AtomicU64 = AtomicU64::new(0);
    ok(format!(
        r#"{{"at":{},"name":"Ann"}}"#,
        CLOCK.fetch_add(1, SeqCst)
    ))
}

async fn primary_of(mirror: &Mirror) -> Primary {
    Primary::start(Router::new().fallback(async || old()).layer(mirror.layer())).await
}

#[tokio::test]
async fn what_differs_from_the_old_version_too_is_noise() {
    static TOLD: AtomicU64 = AtomicU64::new(0);
    let (shadow, baseline) = (
        Shadow::answering(|_| old()).await,
        Shadow::answering(|_| old()).await,
    );
    let mirror = Mirror::builder()
        .target(shadow.url())
        .compare(CompareMode::Json)
        .baseline(Target::new(baseline.url()).unwrap().named("baseline"))
        .on_mismatch(|_: &Comparison| {
            TOLD.fetch_add(1, SeqCst);
        })
        .build()
        .unwrap();
    let primary = primary_of(&mirror).await;
    for _ in 0..120 {
        primary.get("/").await;
    }
    let report = reported(&mirror, 120).await;
    assert_eq!(
        (report.matched, report.noise, report.mismatched),
        (120, 120, 0),
        "{report}"
    );
    assert!(
        report
            .groups
            .iter()
            .all(|group| group.noise && group.pointer == "/at")
    );
    assert_ne!(report.verdict, ReportVerdict::Regressed);
    assert_eq!(report.baseline_latency.count(), 120);
    assert_eq!(TOLD.load(SeqCst), 0);
    let stats = settled(&mirror, 120).await;
    let answered: Vec<_> = stats
        .iter()
        .map(|target| (&*target.name, target.answered))
        .collect();
    assert_eq!(answered, [(&*shadow.url(), 120), ("baseline", 120)]);
    assert_eq!(mirror.report().targets.len(), 1);
}

#[tokio::test]
async fn what_the_old_version_never_does_is_a_mismatch() {
    let shadow = Shadow::answering(|_| ok(r#"{"at":0.5,"name":"Bob"}"#)).await;
    let baseline = Shadow::answering(|_| old()).await;
    let (sender, told) = std::sync::mpsc::channel();
    let mirror = Mirror::builder()
        .target(shadow.url())
        .compare(CompareMode::Json)
        .baseline(baseline.url())
        .on_mismatch(move |comparison| sender.send(comparison.clone()).unwrap())
        .build()
        .unwrap();
    primary_of(&mirror).await.get("/").await;
    let report = reported(&mirror, 1).await;
    assert_eq!((report.mismatched, report.noise), (1, 0));
    let comparison = tokio::task::spawn_blocking(move || told.recv().unwrap())
        .await
        .unwrap();
    let noise: Vec<_> = comparison
        .differences
        .iter()
        .map(|difference| (&*difference.pointer, difference.noise))
        .collect();
    assert_eq!(noise, [("/at", true), ("/name", false)]);
}

#[tokio::test]
async fn without_a_response_of_the_baseline_a_mismatch_may_be_noise() {
    let shadow = Shadow::answering(|_| old()).await;
    let mirror = Mirror::builder()
        .target(shadow.url())
        .compare(CompareMode::Json)
        .baseline(closed_port().await)
        .build()
        .unwrap();
    primary_of(&mirror).await.get("/").await;
    let report = reported(&mirror, 1).await;
    assert_eq!((report.mismatched, report.noise), (0, 0));
    assert_eq!(report.not_compared_for(NotComparedReason::NoBaseline), 1);
}

#[tokio::test]
async fn the_baseline_gets_what_one_of_the_targets_gets() {
    let [small, large, baseline] = [
        Shadow::start().await,
        Shadow::start().await,
        Shadow::start().await,
    ];
    let target = |shadow: &Shadow, percentage| Target::with_percentage(shadow.url(), percentage);
    let mirror = Mirror::builder()
        .target(target(&small, 10.0).unwrap())
        .target(target(&large, 30.0).unwrap())
        .compare(CompareMode::Json)
        .baseline(baseline.url())
        .build()
        .unwrap();
    let primary = primary_of(&mirror).await;
    for _ in 0..100 {
        primary.get("/").await;
    }
    let stats = settled(&mirror, 100).await;
    let [of_small, of_large, of_baseline] = [0, 1, 2].map(|target: usize| stats[target].sent);
    assert!(of_small.abs_diff(10) <= 3 && of_large.abs_diff(30) <= 3);
    assert_eq!(of_baseline, of_large);
    let left_out = stats[2].skipped_for(SkipReason::NotSampled);
    assert_eq!(left_out, 100 - of_baseline);
    until("all are compared", || {
        let compared = mirror.report().targets;
        let compared = compared
            .iter()
            .map(|target| target.compared + target.not_compared);
        compared.eq([of_small, of_large])
    })
    .await;
}
