//! Copies as the calls of a client.

use std::collections::BTreeSet;

use mirror_runtime::{Mirror, metrics::Options};
use testkit::{Shadow, closed_port, passes_with, settled};

use super::{
    counting::{named, primary},
    promtool, scrape,
};

const ALONE: &str = "MIRROR_TESTS_ALONE";
const NAME: &str = "http_client_request_duration_seconds";

/// In a process of its own, since all of it tells calls.
#[tokio::test]
async fn copies_are_calls_of_a_client_if_somebody_wants_it() {
    const TEST: &str = "client::copies_are_calls_of_a_client_if_somebody_wants_it";
    if std::env::var_os(ALONE).is_none() {
        return passes_with(TEST, vec![(ALONE, "1".to_owned())]).await;
    }
    let shadow = Shadow::answering(|copy| {
        let status = if copy.target == "/missing" { 404 } else { 200 };
        http::Response::builder()
            .status(status)
            .body(axum::body::Body::empty())
            .unwrap()
    })
    .await;
    let mirror = Mirror::builder()
        .name("client")
        .target(named(shadow.url(), "a"))
        .target(named(closed_port().await, "dead"))
        .build()
        .unwrap();
    let primary = primary(&mirror).await;
    primary.get("/").await;
    settled(&mirror, 1).await;
    assert!(
        !scrape::text().await.contains("http_client"),
        "nobody wants it"
    );

    Options::new().http_client(true).apply();
    assert_eq!(Options::current(), Options::new().http_client(true));
    primary.get("/").await;
    primary.get("/?token=s3cret-canary").await;
    primary.get("/missing").await;
    settled(&mirror, 4).await;
    let text = scrape::text().await;
    promtool::check_metrics(&text);
    let port = shadow
        .url()
        .rsplit(':')
        .next()
        .unwrap()
        .trim_end_matches('/')
        .to_owned();
    let series = |target: &str, rest: &str| {
        format!(
            "{NAME}_count{{mirror=\"client\",target=\"{target}\",http_request_method=\"GET\",server_address=\"127.0.0.1\",server_port=\"{rest}}}"
        )
    };
    let found: BTreeSet<_> = text
        .lines()
        .filter(|line| line.starts_with(&format!("{NAME}_count")))
        .collect();
    let missing = format!("{port}\",http_response_status_code=\"404\",error_type=\"404\"");
    let good = format!("{port}\",http_response_status_code=\"200\"");
    assert!(
        found.contains(&*format!("{} 2", series("a", &good))),
        "{found:#?}"
    );
    assert!(
        found.contains(&*format!("{} 1", series("a", &missing))),
        "{found:#?}"
    );
    // Those of the dead one, and no more.
    assert_eq!(found.len(), 3, "{found:#?}");
    let dead = found.iter().find(|line| line.contains("dead")).unwrap();
    assert!(
        dead.contains("error_type=\"connect\"") && dead.ends_with(" 3"),
        "{dead}"
    );
    assert!(!text.contains("s3cret"));
}
