//! A percentage is a share that every stretch of requests comes near, the same for every kind of
//! request. Where sampling starts is chance, in these tests as in production: they know the bounds.

use axum::{Router, routing::get};
use mirror_runtime::{Mirror, SkipReason, Target, mirror};
use testkit::{Primary, Shadow, mirror_named, settled};

/// Whether so many of a hundred requests, or of fewer, are what a percentage promises.
fn is_near(sampled: usize, share: usize) -> bool {
    sampled.abs_diff(share) <= 3
}

const HALF: &str = "http://127.77.0.10:20101";

#[mirror(targets = [HALF], percentage = 50)]
async fn half() {}

#[tokio::test]
async fn half_of_a_hundred_requests_is_fifty_give_or_take_three() {
    let shadow = Shadow::at(HALF).await;
    let primary = Primary::start(Router::new().route("/", get(half))).await;
    for _ in 0..100 {
        primary.get("/").await;
    }
    let stats = settled(&mirror_named("tests::sampling::half"), 100).await;
    let copies = shadow.recorded().len();
    assert!(is_near(copies, 50), "{copies}");
    assert_eq!(stats[0].answered, copies as u64);
    let left_out = stats[0].skipped_for(SkipReason::NotSampled);
    assert_eq!(left_out, 100 - copies as u64);
}

const TENTH: &str = "http://127.77.0.11:20101";
const OTHER_HALF: &str = "http://127.77.0.12:20101";

#[mirror(targets = [target(TENTH, percentage = 10), OTHER_HALF], percentage = 50)]
async fn tenth_and_half() {}

#[tokio::test]
async fn each_target_gets_its_own_share() {
    let (tenth, half) = (Shadow::at(TENTH).await, Shadow::at(OTHER_HALF).await);
    let primary = Primary::start(Router::new().route("/", get(tenth_and_half))).await;
    let mut sent = 0;
    for (requests, of_tenth, of_half) in [(10, 1, 5), (100, 10, 50)] {
        while sent < requests {
            primary.get("/").await;
            sent += 1;
        }
        settled(&mirror_named("tests::sampling::tenth_and_half"), requests).await;
        let copies = [tenth.recorded().len(), half.recorded().len()];
        let near = is_near(copies[0], of_tenth) && is_near(copies[1], of_half);
        assert!(near, "{copies:?} of {requests}");
    }
}

#[tokio::test]
async fn alternating_requests_are_copied_alike() {
    let shadow = Shadow::start().await;
    let mirror = Mirror::builder()
        .target(shadow.url())
        .percentage(50.0)
        .build()
        .unwrap();
    let app = Router::new()
        .route("/{kind}", get(|| async {}))
        .layer(mirror.layer());
    let primary = Primary::start(app).await;
    for _ in 0..50 {
        primary.get("/a").await;
        primary.get("/b").await;
    }
    settled(&mirror, 100).await;
    let recorded = shadow.recorded();
    let a = recorded.iter().filter(|copy| copy.target == "/a").count();
    assert!(is_near(recorded.len(), 50), "{}", recorded.len());
    assert!((20..=30).contains(&a), "{a} of 50 copies are of /a");
}

#[tokio::test]
async fn a_smaller_share_is_a_part_of_a_larger_one() {
    let (small, large) = (Shadow::start().await, Shadow::start().await);
    let mirror = Mirror::builder()
        .target(Target::with_percentage(small.url(), 5.0).unwrap())
        .target(Target::with_percentage(large.url(), 30.0).unwrap())
        .build()
        .unwrap();
    let app = Router::new()
        .route("/{id}", get(|| async {}))
        .layer(mirror.layer());
    let primary = Primary::start(app).await;
    for id in 0..100 {
        primary.get(&format!("/{id}")).await;
    }
    settled(&mirror, 100).await;
    let of_large: Vec<_> = large
        .recorded()
        .into_iter()
        .map(|copy| copy.target)
        .collect();
    let of_small = small.recorded().len();
    assert!(is_near(of_small, 5) && is_near(of_large.len(), 30));
    assert!(
        small
            .recorded()
            .iter()
            .all(|copy| of_large.contains(&copy.target))
    );
}

#[tokio::test]
async fn nothing_is_sent_at_zero_percent() {
    let shadow = Shadow::start().await;
    let mirror = Mirror::builder()
        .target(shadow.url())
        .percentage(0.0)
        .build()
        .unwrap();
    let app = Router::new()
        .route("/", get(|| async {}))
        .layer(mirror.layer());
    let primary = Primary::start(app).await;
    for _ in 0..20 {
        primary.get("/").await;
    }
    assert_eq!(
        settled(&mirror, 20).await[0].skipped_for(SkipReason::NotSampled),
        20
    );
    assert_eq!(shadow.connections(), 0);
}

/// A program that serves one request is mirrored as often as any, and replicas do not sample the
/// same ones.
#[tokio::test]
async fn each_mirror_starts_to_sample_at_a_point_of_its_own() {
    let shadow = Shadow::start().await;
    for _ in 0..60 {
        let mirror = Mirror::builder().target(shadow.url()).percentage(50.0);
        let mirror = mirror.build().unwrap();
        let app = Router::new().route("/", get(|| async {}));
        let primary = Primary::start(app.layer(mirror.layer())).await;
        primary.get("/").await;
        settled(&mirror, 1).await;
    }
    // Half of them, in a fair draw.
    let first = shadow.recorded().len();
    assert!((5..=55).contains(&first), "{first}");
}
