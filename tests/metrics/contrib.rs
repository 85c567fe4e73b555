//! The dashboard, the rules and the gates in `contrib`: what they ask for exists.

use std::{collections::BTreeSet, fs};

use serde_json::Value;
use testkit::Directory;

use super::{promtool, table};

const CONTRIB: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/contrib");

/// Labels that Prometheus or its configuration gives.
const OTHERS: [&str; 3] = ["le", "instance", "job"];

fn read(file: &str) -> String {
    fs::read_to_string(format!("{CONTRIB}/{file}")).unwrap()
}

/// The labels of a metric, if there is such a one.
fn labels_of(name: &str) -> Option<BTreeSet<String>> {
    let rows = table::rows();
    let base = |suffix| name.strip_suffix(suffix);
    let row = rows.get(name).or_else(|| {
        let base = ["_bucket", "_count", "_sum"].into_iter().find_map(base)?;
        rows.get(base).filter(|row| row.kind == "histogram")
    })?;
    let others = OTHERS.map(str::to_owned);
    Some(row.labels.iter().cloned().chain(others).collect())
}

fn is_of_name(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || letter == '_'
}

/// Each metric that a text asks for, with the labels that it asks for of it: those between braces.
fn asked(text: &str) -> Vec<(&str, Vec<&str>)> {
    let mut asked = Vec::new();
    for (start, _) in text.match_indices("mirror_") {
        if text[..start].ends_with(is_of_name) || text[..start].ends_with("dashboard/") {
            continue;
        }
        let rest = &text[start..];
        let end = rest
            .find(|letter| !is_of_name(letter))
            .unwrap_or(rest.len());
        let (name, rest) = rest.split_at(end);
        let mut labels = Vec::new();
        if let Some(matchers) = rest.strip_prefix('{') {
            let mut rest = matchers;
            while let Some(end) = rest.find(['=', '!', '}']) {
                let label = rest[..end].trim_matches([',', ' ']);
                if rest[end..].starts_with('}') {
                    assert!(label.is_empty(), "{rest}");
                    break;
                }
                labels.push(label);
                let value = rest.split_once('"').unwrap().1;
                rest = value.split_once('"').unwrap().1;
            }
        }
        asked.push((name, labels));
    }
    asked
}

/// The labels that a text groups by, or shows.
fn grouped(text: &str) -> BTreeSet<&str> {
    let lists = ["by (", "on (", "without (", "group_left ("]
        .into_iter()
        .flat_map(|word| {
            text.match_indices(word).flat_map(move |(start, _)| {
                let list = &text[start + word.len()..];
                list[..list.find(')').unwrap()].split(',').map(str::trim)
            })
        });
    let shown = ["$labels.", "{{"].into_iter().flat_map(|mark| {
        text.match_indices(mark).filter_map(move |(start, _)| {
            let name = text[start + mark.len()..].trim_start();
            let end = name.find(|letter| !is_of_name(letter))?;
            Some(&name[..end])
        })
    });
    let all = lists.chain(shown).filter(|label| !label.is_empty());
    all.collect()
}

/// Asserts that there is what a text asks for, and that it asks for something. Returns the labels
/// that this has.
#[track_caller]
fn asks_for_what_exists(file: &str, text: &str) -> BTreeSet<String> {
    let asked = asked(text);
    assert!(!asked.is_empty(), "{file} asks for nothing: {text}");
    let mut all: BTreeSet<String> = OTHERS.map(str::to_owned).into();
    for (name, labels) in asked {
        let known = labels_of(name);
        let known = known.unwrap_or_else(|| panic!("{file} asks for {name}: {text}"));
        for label in labels {
            assert!(
                known.contains(label),
                "{file} asks for {label} of {name}: {text}"
            );
        }
        all.extend(known);
    }
    all
}

/// The same, and that it groups by labels that there are.
#[track_caller]
fn groups_by_what_exists(file: &str, text: &str) {
    let all = asks_for_what_exists(file, text);
    for label in grouped(text) {
        assert!(all.contains(label), "{file} groups by {label}: {text}");
    }
}

/// All strings under a key of a document.
fn strings<'a>(value: &'a Value, key: &str, found: &mut Vec<&'a str>) {
    match value {
        Value::Object(map) => {
            for (name, value) in map {
                match value {
                    Value::String(text) if name == key => found.push(text),
                    value => strings(value, key, found),
                }
            }
        }
        Value::Array(values) => values.iter().for_each(|value| strings(value, key, found)),
        _ => {}
    }
}

#[test]
fn each_query_of_the_dashboard_asks_for_what_exists() {
    let text = read("grafana/mirror.json");
    let dashboard: Value = serde_json::from_str(&text).unwrap();
    let mut queries = Vec::new();
    strings(&dashboard, "expr", &mut queries);
    assert!(queries.len() > 15, "{}", queries.len());
    for query in &queries {
        groups_by_what_exists("mirror.json", query);
    }
    let mut legends = Vec::new();
    strings(&dashboard, "legendFormat", &mut legends);
    let labels: BTreeSet<_> = table::rows()
        .into_values()
        .flat_map(|row| row.labels)
        .collect();
    for label in legends.iter().flat_map(|legend| grouped(legend)) {
        assert!(labels.contains(label), "{label}");
    }
    let mut variables = Vec::new();
    strings(&dashboard["templating"], "query", &mut variables);
    assert!(!variables.is_empty());
    for query in variables.iter().filter(|query| query.contains("mirror_")) {
        let (metric, label) = query.rsplit_once(',').unwrap();
        asks_for_what_exists("mirror.json", metric);
        let known = labels_of(asked(metric)[0].0).unwrap();
        assert!(
            known.contains(label.trim().trim_end_matches(')')),
            "{query}"
        );
    }
    // Panels have titles, stand beside one another, and name the data source of the dashboard.
    let panels = dashboard["panels"].as_array().unwrap();
    let mut places = BTreeSet::new();
    let mut ids = BTreeSet::new();
    for panel in panels {
        assert!(
            panel["title"]
                .as_str()
                .is_some_and(|title| !title.is_empty())
        );
        assert!(ids.insert(panel["id"].as_u64().unwrap()), "{panel}");
        let at = |key: &str| panel["gridPos"][key].as_u64().unwrap();
        for x in at("x")..at("x") + at("w") {
            for y in at("y")..at("y") + at("h") {
                assert!(
                    x < 24 && places.insert((x, y)),
                    "{} overlaps",
                    panel["title"]
                );
            }
        }
    }
    // As rules, of which promtool knows whether they are queries.
    let rules = queries.iter().enumerate().map(|(i, query)| {
        let query = query
            .replace("$__rate_interval", "5m")
            .replace("$__range", "1h");
        let query = serde_json::to_string(&query).unwrap();
        format!("      - record: query:{i}\n        expr: {query}\n")
    });
    let rules = format!(
        "groups:\n  - name: dashboard\n    rules:\n{}",
        rules.collect::<String>()
    );
    let directory = Directory::new("dashboard");
    fs::create_dir_all(directory.path()).unwrap();
    fs::write(directory.path().join("rules.yml"), rules).unwrap();
    let path = directory.path().to_str().unwrap();
    promtool::passes(&["check", "rules", "--lint=none", "rules.yml"], path, "");
}

#[test]
fn the_alerts_are_rules_and_do_as_their_tests_say() {
    groups_by_what_exists("alerts.yml", &read("prometheus/alerts.yml"));
    let directory = format!("{CONTRIB}/prometheus");
    promtool::passes(&["check", "rules", "alerts.yml"], &directory, "");
    promtool::passes(&["test", "rules", "alerts_test.yml"], &directory, "");
}

#[test]
fn the_gates_ask_for_the_verdict() {
    for file in ["argo-rollouts.yaml", "flagger.yaml"] {
        let text = read(file);
        asks_for_what_exists(
            file,
            &text.replace("{{args.", "{{").replace("{{ args.", "{{"),
        );
        let asked = asked(&text);
        let verdicts = asked.iter().filter(|(name, _)| *name == "mirror_verdict");
        for (_, labels) in verdicts.clone() {
            assert_eq!(labels[..], ["mirror", "target", "verdict"], "{file}");
        }
        assert!(verdicts.count() > 0, "{file}");
    }
}

/// The query of a gate, for the mirror `orders` and its target `rewrite`.
fn query_of(file: &str) -> String {
    let text = read(file);
    let (_, after) = text.split_once("query: |\n").unwrap();
    let indent = after.len() - after.trim_start().len();
    let lines = after
        .lines()
        .take_while(|line| line.len() >= indent && line[..indent].chars().all(char::is_whitespace));
    let mut query = lines.map(str::trim).collect::<Vec<_>>().join(" ");
    for (name, value) in [("mirror", "orders"), ("target", "rewrite")] {
        for before in ["args.", "variables."] {
            query = query.replace(&format!("{{{{{before}{name}}}}}"), value);
            query = query.replace(&format!("{{{{ {before}{name} }}}}"), value);
        }
    }
    assert!(!query.contains("{{"), "{file}: {query}");
    query
}

/// Series of two instances, which say these verdicts of one target.
fn series_of(mirror: &str, verdicts: [&str; 2]) -> String {
    let instances = ["a", "b"].into_iter().zip(verdicts);
    let all = instances.flat_map(|(instance, verdict)| {
        ["promote", "hold", "regressed", "not_enough_data"].map(|word| {
            let value = u8::from(word == verdict);
            format!(
                "      - series: 'mirror_verdict{{mirror=\"{mirror}\", target=\"rewrite\", verdict=\"{word}\", instance=\"{instance}\"}}'\n        values: '{value}x10'\n"
            )
        })
    });
    all.collect()
}

#[test]
fn the_gates_open_and_close_as_they_say() {
    // Argo Rollouts succeeds with 1 and fails below 0; Flagger goes on with at least 1.
    let argo = read("argo-rollouts.yaml");
    assert!(argo.contains("successCondition: len(result) > 0 && result[0] == 1\n"));
    assert!(argo.contains("failureCondition: len(result) > 0 && result[0] < 0\n"));
    assert!(read("flagger.yaml").contains("thresholdRange:\n          min: 1\n"));
    let queries = ["argo-rollouts.yaml", "flagger.yaml"].map(query_of);
    let mut tests = String::from("evaluation_interval: 1m\ntests:\n");
    for (mirror, verdicts, says) in [
        ("orders", ["promote", "promote"], [Some(1), Some(1)]),
        ("orders", ["promote", "hold"], [Some(0), Some(0)]),
        ("orders", ["promote", "not_enough_data"], [Some(0), Some(0)]),
        ("orders", ["promote", "regressed"], [Some(-1), Some(0)]),
        ("orders", ["regressed", "regressed"], [Some(-1), Some(0)]),
        ("orders", ["not_enough_data", "hold"], [Some(0), Some(0)]),
        // Nothing was scraped of it: neither of them goes on, and neither has failed.
        ("users", ["promote", "promote"], [None, None]),
    ] {
        tests += "  - interval: 1m\n    input_series:\n";
        tests += &series_of(mirror, verdicts);
        tests += "    promql_expr_test:\n";
        for (query, says) in queries.iter().zip(says) {
            let query = serde_json::to_string(query).unwrap();
            let samples = match says {
                Some(value) => format!("\n          - value: {value}"),
                None => " []".to_owned(),
            };
            tests += "      - expr: ";
            tests += &query;
            tests += "\n        eval_time: 5m\n        exp_samples:";
            tests += &samples;
            tests.push('\n');
        }
    }
    let directory = Directory::new("gates");
    fs::create_dir_all(directory.path()).unwrap();
    fs::write(directory.path().join("gates.yml"), tests).unwrap();
    let path = directory.path().to_str().unwrap();
    promtool::passes(&["test", "rules", "gates.yml"], path, "");
}
