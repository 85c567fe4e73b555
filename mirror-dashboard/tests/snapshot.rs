//! `snapshot.json`, as a program reads it.

mod support;

use mirror_dashboard::{Dashboard, snapshot::Snapshot};
use mirror_runtime::{CompareMode, Mirror, mirror};
use serde_json::{Value, json};

use support::{Shop, fleet::Three, get};

/// The schema, which also refuses fields that it does not name.
fn strict() -> jsonschema::Validator {
    fn forbid_others(schema: &mut Value) {
        if let Value::Object(object) = schema {
            if object.contains_key("properties") {
                object.insert("additionalProperties".to_owned(), json!(false));
            }
            object.values_mut().for_each(forbid_others);
        } else if let Value::Array(all) = schema {
            all.iter_mut().for_each(forbid_others);
        }
    }
    let mut schema = schema();
    forbid_others(&mut schema);
    jsonschema::validator_for(&schema).unwrap()
}

fn schema() -> Value {
    serde_json::from_str(include_str!("../docs/snapshot.schema.json")).unwrap()
}

#[track_caller]
fn check(validator: &jsonschema::Validator, snapshot: &Value) {
    let errors: Vec<_> = validator
        .iter_errors(snapshot)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect();
    assert!(errors.is_empty(), "{errors:#?}");
}

#[tokio::test]
async fn every_snapshot_is_valid_and_is_read_back_as_it_was_written() {
    let shop = Shop::start("snapshot.valid", |builder| {
        builder.compare(CompareMode::Json)
    })
    .await;
    shop.differ().await;
    let page = Dashboard::new().examples(true).router();
    for query in [
        "",
        "?examples=true",
        "?series=true",
        "?summary=true",
        "?mirror=snapshot.valid&examples=true&series=true",
    ] {
        let response = get(&page, &format!("/snapshot.json{query}")).await;
        assert_eq!(response.status, 200, "{}", response.body);
        let value: Value = serde_json::from_str(&response.body).unwrap();
        check(&strict(), &value);
        let typed: Snapshot = serde_json::from_str(&response.body).unwrap();
        assert_eq!(serde_json::to_value(&typed).unwrap(), value, "{query}");
    }
}

#[tokio::test]
async fn the_numbers_of_a_fleet_stand_beside_those_of_the_process() {
    let shop = Shop::start("snapshot.fleet", |builder| {
        builder.compare(CompareMode::Json)
    })
    .await;
    shop.differ().await;
    let page = Dashboard::new().fleet(Three::default()).router();
    for (query, has_report) in [("", true), ("&summary=true", false)] {
        let path = format!("/snapshot.json?mirror=snapshot.fleet{query}");
        let response = get(&page, &path).await;
        let value: Value = serde_json::from_str(&response.body).unwrap();
        check(&strict(), &value);
        let typed: Snapshot = serde_json::from_str(&response.body).unwrap();
        assert_eq!(serde_json::to_value(&typed).unwrap(), value, "{query}");
        let mirror = &typed.mirrors[0];
        assert_eq!(mirror.targets[0].stats.sent, 3);
        let fleet = mirror.fleet.as_ref().unwrap();
        let target = &fleet.targets[0];
        assert_eq!(
            (target.stats.sent, target.instances, fleet.epoch),
            (9, 3, 2)
        );
        assert!(fleet.reason.contains("9 compared, 100 are needed"));
        assert_eq!(fleet.missing().collect::<Vec<_>>(), ["pod-2"]);
        // Beside what counts in this process.
        assert_eq!(fleet.settings[0].is_enabled, Some(false));
        assert_eq!(fleet.settings[0].actor.as_deref(), Some("ada"));
        assert!(mirror.control.is_enabled);
        assert_eq!(target.report.is_some(), has_report);
    }
    let alone = get(&mirror_dashboard::dashboard(), "/snapshot.json").await;
    assert!(!alone.body.contains("\"fleet\":"), "{}", alone.body);
}

#[test]
fn the_example_of_the_chapter_is_valid() {
    let chapter = include_str!("../docs/snapshot.md");
    let (_, rest) = chapter.split_once("```json\n").unwrap();
    let (example, _) = rest.split_once("```").unwrap();
    check(&strict(), &serde_json::from_str(example).unwrap());
}

#[test]
fn what_a_later_release_adds_is_valid_and_what_is_removed_is_not() {
    let validator = jsonschema::validator_for(&schema()).unwrap();
    let snapshot = json!({"version": 1, "process": "x", "taken_unix_ms": 1, "mirrors": []});
    for (field, value, is_valid) in [
        ("more", json!(true), true),
        ("version", json!(2), false),
        ("mirrors", json!(null), false),
    ] {
        let mut changed = snapshot.clone();
        changed[field] = value;
        assert_eq!(validator.is_valid(&changed), is_valid, "{field}");
    }
}

#[tokio::test]
async fn counts_verdict_differences_and_their_option_are_those_of_the_mirror() {
    let shop = Shop::start("snapshot.counts", |builder| {
        builder.compare(CompareMode::Json)
    })
    .await;
    shop.differ().await;
    let page = mirror_dashboard::dashboard();
    let response = get(&page, "/snapshot.json?mirror=snapshot.counts&examples=true").await;
    let snapshot: Snapshot = serde_json::from_str(&response.body).unwrap();
    let mirror = snapshot.mirror("snapshot.counts").unwrap();
    assert!(mirror.has_traffic);
    let target = mirror.target("shadow").unwrap();
    let stats = &target.stats;
    assert_eq!(stats.received, stats.sent + stats.skipped + stats.shed);
    assert_eq!(stats.sent, stats.answered + stats.failed + stats.in_flight);
    assert_eq!(
        (stats.sent, stats.compared, stats.raw_mismatched),
        (3, 3, 3)
    );
    assert_eq!(stats.failed_by_kind["timeout"], 0);
    assert_eq!(target.verdict.unwrap().as_str(), "not_enough_data");
    assert!(
        target.reason.contains("3 compared, 100 are needed"),
        "{}",
        target.reason
    );
    let report = target.report.as_ref().unwrap();
    let group = &report.differences[0];
    assert_eq!((&*group.pointer, &*group.kind), ("/at", "value"));
    assert_eq!(group.option.as_deref(), Some("ignore = [\"/at\"]"));
    // The page does not allow them.
    assert!(group.examples.is_empty());
    let names: Vec<_> = target.windows.iter().map(|window| &*window.name).collect();
    assert_eq!(names, ["5m", "1h", "reset"]);
}

#[tokio::test]
async fn examples_are_given_if_they_are_allowed_and_asked_for() {
    let shop = Shop::start("snapshot.examples", |builder| {
        builder.compare(CompareMode::Json)
    })
    .await;
    shop.differ().await;
    for (is_allowed, query, expected) in [
        (true, "&examples=true", 2),
        (true, "", 0),
        (false, "&examples=true", 0),
    ] {
        let page = Dashboard::new().examples(is_allowed).router();
        let response = get(
            &page,
            &format!("/snapshot.json?mirror=snapshot.examples{query}"),
        )
        .await;
        let snapshot: Snapshot = serde_json::from_str(&response.body).unwrap();
        let target = snapshot.mirrors[0].target("shadow").unwrap();
        let examples = &target.report.as_ref().unwrap().differences[0].examples;
        assert_eq!(examples.len(), expected, "{is_allowed} {query}");
    }
}

#[tokio::test]
async fn a_summary_has_the_verdict_and_no_report() {
    let shop = Shop::start("snapshot.summary", |builder| {
        builder.compare(CompareMode::Json)
    })
    .await;
    shop.differ().await;
    let page = mirror_dashboard::dashboard();
    let response = get(&page, "/snapshot.json?mirror=snapshot.summary&summary=true").await;
    let snapshot: Snapshot = serde_json::from_str(&response.body).unwrap();
    let target = &snapshot.mirrors[0].targets[0];
    assert_eq!(target.verdict.unwrap().as_str(), "not_enough_data");
    assert_eq!((target.stats.sent, target.stats.compared), (3, 3));
    assert!(target.report.is_none() && target.windows.is_empty());
    assert!(target.stats.failed_by_kind.is_empty());
}

#[tokio::test]
async fn a_mirror_that_is_not_compared_has_no_verdict_and_an_unknown_one_is_not_found() {
    let shop = Shop::start("snapshot.plain", |builder| builder).await;
    shop.differ().await;
    let page = mirror_dashboard::dashboard();
    let response = get(&page, "/snapshot.json?mirror=snapshot.plain").await;
    let snapshot: Snapshot = serde_json::from_str(&response.body).unwrap();
    let mirror = &snapshot.mirrors[0];
    assert_eq!(mirror.verdict, None);
    assert_eq!(
        mirror.reason,
        "nothing is compared: the mirror has no `compare`"
    );
    assert_eq!(get(&page, "/snapshot.json?mirror=nobody").await.status, 404);
}

#[tokio::test]
async fn the_baseline_is_told_from_shadows() {
    let shop = Shop::start("snapshot.baseline", |builder| {
        builder.compare(CompareMode::Json)
    })
    .await;
    let baseline = Mirror::builder()
        .name("snapshot.of_baseline")
        .target(shop.shadow_url())
        .compare(CompareMode::Json)
        .baseline("http://127.0.0.1:9")
        .build()
        .unwrap();
    let page = mirror_dashboard::dashboard();
    let response = get(&page, "/snapshot.json?mirror=snapshot.of_baseline").await;
    let snapshot: Snapshot = serde_json::from_str(&response.body).unwrap();
    let targets = &snapshot.mirrors[0].targets;
    assert_eq!(
        targets
            .iter()
            .map(|target| target.is_baseline)
            .collect::<Vec<_>>(),
        [false, true]
    );
    assert_eq!(targets[1].verdict, None);
    drop(baseline);
}

#[mirror(
    targets = [target("http://127.0.0.1:9", name = "rewrite", percentage = 20)],
    compare = "json",
    set_headers = { "authorization" = "Bearer of-the-shadow" },
    name = "snapshot.idle",
)]
async fn idle() -> &'static str {
    "nobody asks"
}

#[tokio::test]
async fn a_mirror_without_traffic_is_listed_with_what_is_known_of_it() {
    let _route: axum::routing::MethodRouter = axum::routing::get(idle);
    let page = mirror_dashboard::dashboard();
    let response = get(&page, "/snapshot.json?mirror=snapshot.idle").await;
    let value: Value = serde_json::from_str(&response.body).unwrap();
    check(&strict(), &value);
    let snapshot: Snapshot = serde_json::from_value(value).unwrap();
    let mirror = &snapshot.mirrors[0];
    assert!(!mirror.has_traffic);
    assert_eq!(mirror.verdict.unwrap().as_str(), "not_enough_data");
    assert_eq!(mirror.reason, "no traffic yet");
    assert_eq!(mirror.module.as_deref(), Some("snapshot"));
    assert!(
        mirror
            .file
            .as_deref()
            .unwrap()
            .ends_with("tests/snapshot.rs")
    );
    assert!(mirror.line.is_some());
    assert_eq!(mirror.control.source, "code");
    let target = &mirror.targets[0];
    assert_eq!((&*target.name, target.stats.received), ("rewrite", 0));
    assert_eq!(target.share.percentage, Some(20.0));
    let options: Vec<_> = mirror.options.iter().map(|option| &*option.name).collect();
    assert!(options.contains(&"set_headers"), "{options:?}");
    assert!(
        !response.body.contains("of-the-shadow"),
        "{}",
        response.body
    );
}
