//! `/metrics` of this process, asked for over a real socket.

use std::{collections::BTreeMap, sync::LazyLock};

use axum::{Router, routing::get};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use mirror_runtime::metrics::{BUCKETS, publish};
use prometheus_parse::{Labels, Sample, Value};
use testkit::Primary;

/// The recorder of this process.
pub(crate) static EXPORTER: LazyLock<PrometheusHandle> = LazyLock::new(|| {
    let builder = PrometheusBuilder::new();
    let prefix = Matcher::Prefix("mirror_".to_owned());
    let builder = builder.set_buckets_for_metric(prefix, &BUCKETS).unwrap();
    builder.install_recorder().unwrap()
});

/// What `/metrics` returns.
pub(crate) async fn text() -> String {
    let metrics = get(|| async {
        publish();
        EXPORTER.render()
    });
    LazyLock::force(&EXPORTER);
    let app = Primary::start(Router::new().route("/metrics", metrics)).await;
    app.get("/metrics").await.text().to_owned()
}

/// A scrape.
pub(crate) struct Scrape(Vec<Sample>);

pub(crate) async fn scrape() -> Scrape {
    Scrape::of(&text().await)
}

impl Scrape {
    pub(crate) fn of(text: &str) -> Self {
        let lines = text.lines().map(|line| Ok(line.to_owned()));
        Self(prometheus_parse::Scrape::parse(lines).unwrap().samples)
    }

    /// The series of a name that have all of these labels.
    pub(crate) fn all<'a>(
        &'a self,
        name: &'a str,
        labels: &'a [(&str, &str)],
    ) -> impl Iterator<Item = &'a Sample> {
        let has_all = move |found: &Labels| {
            let mut labels = labels.iter();
            labels.all(|(label, value)| found.get(label) == Some(*value))
        };
        let samples = self.0.iter();
        samples.filter(move |sample| sample.metric == name && has_all(&sample.labels))
    }

    /// Their sum, if there are any.
    pub(crate) fn sum(&self, name: &str, labels: &[(&str, &str)]) -> Option<f64> {
        let values = self.all(name, labels).map(|sample| number(&sample.value));
        values.reduce(|sum, value| sum + value)
    }

    /// Their sum, of which there must be some.
    #[track_caller]
    pub(crate) fn count(&self, name: &str, labels: &[(&str, &str)]) -> u64 {
        let sum = self.sum(name, labels);
        let sum = sum.unwrap_or_else(|| panic!("no {name} with {labels:?}"));
        assert!(sum >= 0.0 && sum.fract() == 0.0, "{name}: {sum}");
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a whole number"
        )]
        {
            sum as u64
        }
    }

    /// The counts of a histogram, by their boundaries.
    #[track_caller]
    pub(crate) fn buckets(&self, name: &str, labels: &[(&str, &str)]) -> Vec<(f64, f64)> {
        let found: Vec<_> = self.all(name, labels).collect();
        let [sample] = &found[..] else {
            panic!("{} of {name} with {labels:?}", found.len());
        };
        let Value::Histogram(counts) = &sample.value else {
            panic!("{name} is no histogram: {:?}", sample.value);
        };
        let counts = counts.iter().map(|count| (count.less_than, count.count));
        counts.collect()
    }

    /// How many values each label of a name has.
    pub(crate) fn values(&self, name: &str, label: &str) -> BTreeMap<String, usize> {
        let mut values = BTreeMap::new();
        for value in self
            .all(name, &[])
            .filter_map(|sample| sample.labels.get(label))
        {
            *values.entry(value.to_owned()).or_default() += 1;
        }
        values
    }
}

fn number(value: &Value) -> f64 {
    match value {
        Value::Counter(number) | Value::Gauge(number) | Value::Untyped(number) => *number,
        Value::Histogram(_) | Value::Summary(_) => panic!("no number: {value:?}"),
    }
}
