//! Sinks that an attribute names.

use std::sync::LazyLock;

use mirror_runtime::{mirror, mirror_named};

use super::*;

static LOG: LazyLock<Log> = LazyLock::new(Log::new);
static BROKEN: LazyLock<Log> = LazyLock::new(|| panic!("it has no configuration"));

#[mirror(
    targets = [sink(LOG), target(sink(BROKEN), name = "other", percentage = 100)],
    redact = ["/card"],
    name = "into-statics"
)]
async fn stored(body: String) -> String {
    body
}

#[tokio::test]
async fn the_attribute_names_statics() {
    let primary = Primary::start(Router::new().route("/orders", post(stored))).await;
    let body = r#"{"card":"4111","total":7}"#;
    assert_eq!(primary.post("/orders", body).await.text(), body);
    let mirror = mirror_named("into-statics").unwrap();
    let stats = settled(&mirror, 1).await;
    assert_eq!((&*stats[0].name, stats[0].answered), ("log", 1));
    let failed = stats[1].failed_with(mirror_runtime::FailureKind::Panicked);
    assert_eq!((&*stats[1].name, failed), ("other", 1));
    let record = LOG.one().await;
    assert_eq!(record.mirror(), "into-statics");
    let body = std::str::from_utf8(record.response().unwrap().body().unwrap()).unwrap();
    assert!(
        body.starts_with(r#"{"card":"[redacted:"#) && body.ends_with(r#"]","total":7}"#),
        "{body}"
    );
}
