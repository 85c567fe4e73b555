//! The switch and the shares in force, and who has set them.

use axum::{Router, routing::get};
use mirror_runtime::{Mirror, control, mirror};
use testkit::{Primary, Shadow};

use super::{
    counting::{named, primary},
    scrape::{Scrape, scrape},
};

const SOURCES: [&str; 5] = ["code", "env", "file", "fleet", "api"];

/// The source whose series is 1, if there is one.
#[track_caller]
fn source(scrape: &Scrape, family: &str, mirror: &str) -> Option<&'static str> {
    let is = |source: &&str| scrape.count(family, &[("mirror", mirror), ("source", *source)]) == 1;
    let sources: Vec<_> = SOURCES.into_iter().filter(is).collect();
    assert!(sources.len() <= 1, "{sources:?}");
    sources.first().copied()
}

#[tokio::test]
async fn the_switch_and_the_share_are_those_in_force() {
    const NAME: &str = "switched";
    let shadow = Shadow::start().await;
    let mirror = Mirror::builder()
        .name(NAME)
        .target(named(shadow.url(), "a"))
        .percentage(40.0)
        .build()
        .unwrap();
    let primary = primary(&mirror).await;
    let labels = [("mirror", NAME), ("target", "a")];
    let in_force = async || {
        let scrape = scrape().await;
        (
            source(&scrape, "mirror_enabled", NAME),
            source(&scrape, "mirror_switch", NAME),
            scrape.count("mirror_percentage", &labels),
        )
    };
    assert_eq!(in_force().await, (Some("code"), Some("code"), 40));
    mirror.control().set_percentage("a", 70.0).unwrap();
    assert_eq!(in_force().await.2, 70);
    mirror.control().disable();
    assert_eq!(in_force().await, (None, Some("api"), 0));
    for _ in 0..3 {
        primary.get("/").await;
    }
    let off = [&labels[..], &[("reason", "switched_off")]].concat();
    assert_eq!(scrape().await.count("mirror_requests_total", &off), 3);
    mirror.control().enable();
    assert_eq!(in_force().await, (Some("api"), Some("api"), 70));
    mirror.control().reset();
    assert_eq!(in_force().await, (Some("code"), Some("code"), 40));
}

const UNSEEN: &str = "http://127.77.0.171:20171";

#[mirror(
    name = "not made yet",
    targets = [target(UNSEEN, name = "a", percentage = 30)],
    compare = "json",
)]
async fn unseen() -> &'static str {
    "{}"
}

/// The mirror of an attribute is made by its first request, and is in every scrape before.
#[tokio::test]
async fn a_mirror_without_traffic_has_series_and_a_switch() {
    const NAME: &str = "not made yet";
    let labels = [("mirror", NAME), ("target", "a")];
    let first = scrape().await;
    assert_eq!(first.count("mirror_requests_total", &labels), 0);
    assert_eq!(first.count("mirror_copies_total", &labels), 0);
    assert_eq!(
        first.count("mirror_copy_duration_seconds_count", &labels),
        0
    );
    let primaries = "mirror_primary_duration_seconds_count";
    assert_eq!(first.count(primaries, &[("mirror", NAME)]), 0);
    assert_eq!(first.count("mirror_comparisons_total", &labels), 0);
    assert_eq!(first.count("mirror_percentage", &labels), 30);
    assert_eq!(source(&first, "mirror_switch", NAME), Some("code"));
    control(NAME).disable();
    let off = scrape().await;
    assert_eq!(off.count("mirror_percentage", &labels), 0);
    assert_eq!(source(&off, "mirror_enabled", NAME), None);
    assert_eq!(source(&off, "mirror_switch", NAME), Some("api"));
    // The first request makes it: the series are the same ones.
    let primary = Primary::start(Router::new().route("/", get(unseen))).await;
    primary.get("/").await;
    let made = scrape().await;
    assert_eq!(made.count("mirror_requests_total", &labels), 1);
    assert_eq!(made.count("mirror_percentage", &labels), 0);
}
