//! Counters as they are sent to other processes, and added up.

use std::collections::BTreeMap;

use mirror_compare::{DifferenceKind, NotComparedReason};

use super::{CLASSES, Latency, TargetStats};
use crate::outcome::{
    Callback, CallbackOutcome, FailureKind, FixtureOutcome, ShedReason, SkipReason,
};

impl TargetStats {
    /// All of its counters that are not 0, by name, to be sent to another process: `sent`,
    /// `failed_by_kind.timeout`. Those of several processes add up, name by name, as do
    /// [`latency`](Self::latency) and [`first_byte`](Self::first_byte), which are not among them.
    /// Neither are `max_in_flight`, `is_circuit_open` and `report_since`, which are not counted.
    #[must_use]
    pub fn to_counts(&self) -> BTreeMap<String, u64> {
        let mut stats = self.clone();
        let counters = stats.counters().into_iter();
        let counts = counters.filter(|(_, count)| **count > 0);
        counts.map(|(name, count)| (name, *count)).collect()
    }

    /// The counters of a target, from counts by name, which [`to_counts`](Self::to_counts) has made
    /// in one process or in several. A name that is missing stands for 0, and one that is not known
    /// is left out.
    #[must_use]
    pub fn from_counts(name: &str, counts: &BTreeMap<String, u64>) -> Self {
        let mut stats = Self::empty(name);
        for (name, counter) in stats.counters() {
            *counter = counts.get(&name).copied().unwrap_or_default();
        }
        stats
    }

    fn empty(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            received: 0,
            sent: 0,
            answered: 0,
            cut: 0,
            failed: 0,
            in_flight: 0,
            max_in_flight: 0,
            is_circuit_open: false,
            resends: 0,
            floods: 0,
            skipped: 0,
            shed: 0,
            bytes: 0,
            latency: Latency::default(),
            first_byte: Latency::default(),
            compared: 0,
            raw_mismatched: 0,
            schema_mismatch: 0,
            not_compared: 0,
            differences: 0,
            report_since: None,
            differences_by_kind: Default::default(),
            callbacks_by_outcome: Default::default(),
            fixtures_by_outcome: Default::default(),
            not_compared_by_reason: Default::default(),
            answered_by_class: Default::default(),
            failed_by_kind: Default::default(),
            skipped_by_reason: Default::default(),
            shed_by_reason: Default::default(),
        }
    }

    /// Each of its counters, by name.
    fn counters(&mut self) -> Vec<(String, &mut u64)> {
        // A counter that is new is added here, or the compiler says so.
        let Self {
            name: _,
            received,
            sent,
            answered,
            cut,
            failed,
            in_flight,
            max_in_flight: _,
            is_circuit_open: _,
            resends,
            floods,
            skipped,
            shed,
            bytes,
            latency: _,
            first_byte: _,
            compared,
            raw_mismatched,
            schema_mismatch,
            not_compared,
            differences,
            report_since: _,
            differences_by_kind,
            callbacks_by_outcome,
            fixtures_by_outcome,
            not_compared_by_reason,
            answered_by_class,
            failed_by_kind,
            skipped_by_reason,
            shed_by_reason,
        } = self;
        let mut all: Vec<(String, &mut u64)> = [
            ("received", received),
            ("sent", sent),
            ("answered", answered),
            ("cut", cut),
            ("failed", failed),
            ("in_flight", in_flight),
            ("resends", resends),
            ("floods", floods),
            ("skipped", skipped),
            ("shed", shed),
            ("bytes", bytes),
            ("compared", compared),
            ("raw_mismatched", raw_mismatched),
            ("schema_mismatch", schema_mismatch),
            ("not_compared", not_compared),
            ("differences", differences),
        ]
        .map(|(name, count)| (name.to_owned(), count))
        .into();
        let kinds = DifferenceKind::ALL.iter().map(|kind| kind.as_str());
        extend(&mut all, "differences_by_kind", kinds, differences_by_kind);
        for (callback, counts) in Callback::ALL.iter().zip(callbacks_by_outcome) {
            let family = format!("callbacks_by_outcome.{}", callback.as_str());
            let outcomes = CallbackOutcome::ALL.iter().map(|outcome| outcome.as_str());
            extend(&mut all, &family, outcomes, counts);
        }
        let outcomes = FixtureOutcome::ALL.iter().map(|outcome| outcome.as_str());
        extend(
            &mut all,
            "fixtures_by_outcome",
            outcomes,
            fixtures_by_outcome,
        );
        let reasons = NotComparedReason::ALL.iter().map(|reason| reason.as_str());
        extend(
            &mut all,
            "not_compared_by_reason",
            reasons,
            not_compared_by_reason,
        );
        extend(
            &mut all,
            "answered_by_class",
            CLASSES.into_iter(),
            answered_by_class,
        );
        let kinds = FailureKind::ALL.iter().map(|kind| kind.as_str());
        extend(&mut all, "failed_by_kind", kinds, failed_by_kind);
        let reasons = SkipReason::ALL.iter().map(|reason| reason.as_str());
        extend(&mut all, "skipped_by_reason", reasons, skipped_by_reason);
        let reasons = ShedReason::ALL.iter().map(|reason| reason.as_str());
        extend(&mut all, "shed_by_reason", reasons, shed_by_reason);
        all
    }
}

fn extend<'s, 'w>(
    all: &mut Vec<(String, &'s mut u64)>,
    family: &str,
    words: impl Iterator<Item = &'w str>,
    counts: &'s mut [u64],
) {
    let names = words.map(|word| format!("{family}.{word}"));
    all.extend(names.zip(counts));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sent_is_all_that_was_counted_and_adds_up() {
        let mut stats = TargetStats::empty("staging");
        for (count, (_, counter)) in (1..).zip(stats.counters()) {
            *counter = count;
        }
        let counts = stats.to_counts();
        let known = stats.counters().len();
        assert_eq!(counts.len(), known, "no two have one name");
        let read = TargetStats::from_counts("staging", &counts);
        let json = |stats: &TargetStats| serde_json::to_value(stats).unwrap();
        assert_eq!(json(&read), json(&stats));
        let twice = counts.into_iter().map(|(name, count)| (name, 2 * count));
        let mut twice: BTreeMap<_, _> = twice.collect();
        twice.insert("of_a_later_version".to_owned(), 9);
        let read = TargetStats::from_counts("staging", &twice);
        assert_eq!(
            (read.sent, read.received),
            (2 * stats.sent, 2 * stats.received)
        );
        assert_eq!(TargetStats::empty("staging").to_counts(), BTreeMap::new());
    }
}
