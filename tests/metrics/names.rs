//! Names of mirrors and targets, which the program chooses.

use mirror_runtime::{Mirror, Target};

use super::{counting::named, promtool, scrape};

/// Characters that mean something in the text format, to HTML, or to a terminal.
const HOSTILE: &str = "a\"b\\c\nd{e}f,g=h <i> \u{1b}[31m";

#[tokio::test]
async fn any_name_is_a_label_that_prometheus_reads() {
    let _mirror = Mirror::builder()
        .name(HOSTILE)
        .target(named("http://127.0.0.1:9", HOSTILE))
        .build()
        .unwrap();
    let text = scrape::text().await;
    let label = r#"mirror="a\"b\\c\nd{e}f,g=h <i> "#;
    assert!(text.contains(label), "{text}");
    promtool::check_metrics(&text);
}

/// A target without a name is named by its URL.
#[tokio::test]
async fn the_name_of_a_target_holds_no_secret() {
    let with_credentials = Target::new("http://user:s3cret-canary@127.0.0.1:9");
    assert!(with_credentials.is_err());
    let mirror = Mirror::builder()
        .name("without names")
        .target("http://127.0.0.1:9/base")
        .build()
        .unwrap();
    let scrape = scrape::scrape().await;
    let name = &mirror.stats().targets[0].name;
    let labels = [("mirror", "without names"), ("target", name.as_str())];
    assert_eq!(scrape.count("mirror_requests_total", &labels), 0);
}
