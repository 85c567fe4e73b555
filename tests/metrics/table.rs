//! The table of the chapter: each metric that a scrape has, and no other.

use std::collections::{BTreeMap, BTreeSet};

use mirror_runtime::{CompareMode, Mirror};
use prometheus_parse::Value;
use testkit::{Directory, closed_port};

use super::{counting::named, scrape};

const CHAPTER: &str = include_str!("../../mirror-runtime/docs/metrics.md");

/// A metric, as the chapter has it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Row {
    pub(crate) kind: String,
    pub(crate) labels: BTreeSet<String>,
}

/// The rows of the table, by the names of the metrics.
pub(crate) fn rows() -> BTreeMap<String, Row> {
    let rows = CHAPTER
        .lines()
        .filter(|line| line.starts_with("| `mirror_"));
    let rows = rows.map(|line| {
        let cells: Vec<_> = line.split('|').map(str::trim).collect();
        let code = |cell: &str| {
            cell.split('`')
                .skip(1)
                .step_by(2)
                .map(str::to_owned)
                .collect()
        };
        let names: Vec<String> = code(cells[1]);
        let row = Row {
            kind: cells[2].to_owned(),
            labels: code(cells[4]).into_iter().collect(),
        };
        (names.concat(), row)
    });
    rows.collect()
}

#[tokio::test]
async fn the_table_has_each_metric_of_a_scrape_with_its_type_and_labels() {
    let directory = Directory::new("table");
    let _mirror = Mirror::builder()
        .name("table")
        .target(named(closed_port().await, "a"))
        .compare(CompareMode::Json)
        .record(directory.path())
        .build()
        .unwrap();
    let text = scrape::text().await;
    let kinds = text.lines().filter_map(|line| {
        let (name, kind) = line.strip_prefix("# TYPE ")?.split_once(' ')?;
        Some((name, kind))
    });
    let kinds: BTreeMap<_, _> = kinds.collect();
    let described = text
        .lines()
        .filter_map(|line| line.strip_prefix("# HELP ")?.split(' ').next());
    assert_eq!(
        described.collect::<BTreeSet<_>>(),
        kinds.keys().copied().collect()
    );
    let mut found: BTreeMap<String, Row> = BTreeMap::new();
    // The parser takes no braces in values, which other tests have.
    let lines = text
        .lines()
        .filter(|line| !line.contains("<i>"))
        .map(|line| Ok(line.to_owned()));
    for sample in prometheus_parse::Scrape::parse(lines).unwrap().samples {
        let base = |suffix| sample.metric.strip_suffix(suffix);
        let base = ["_count", "_sum", "_bucket"].into_iter().find_map(base);
        let name = match base {
            Some(base) if kinds.get(base) == Some(&"histogram") => base,
            _ => &*sample.metric,
        };
        let labels = sample.labels.keys().filter(|label| *label != "le").cloned();
        let row = Row {
            kind: kinds[name].to_owned(),
            labels: labels.collect(),
        };
        if let Value::Histogram(counts) = &sample.value {
            assert!(!counts.is_empty(), "{name}");
        }
        let other = found.insert(name.to_owned(), row);
        if let Some(other) = other {
            assert_eq!(other, found[name], "{name} has labels of two kinds");
        }
    }
    assert_eq!(found, rows());
}
