//! The series of one target: their labels, and where their values are.

use ::metrics::{Histogram, Key, Label, Level, Metadata, Recorder, SharedString};

use super::family::{self, Family};
#[cfg(feature = "compare")]
use crate::{
    comparison::{DifferenceKind, NotComparedReason},
    report::ReportVerdict,
};
use crate::{
    outcome::{Callback, CallbackOutcome, FailureKind, FixtureOutcome, ShedReason, SkipReason},
    stats::{Call, CopiesOfRoute, TargetStats},
};

pub(super) static METADATA: Metadata<'static> =
    Metadata::new("mirror_runtime", Level::INFO, Some(module_path!()));

/// The classes of statuses, as labels.
const CLASSES: [&str; 5] = ["1xx", "2xx", "3xx", "4xx", "5xx"];

/// Labels of a closed set.
type Words = [(&'static str, &'static str)];

/// The names that a series belongs to.
#[derive(Clone, Debug)]
pub(super) struct Names {
    pub(super) mirror: SharedString,
    pub(super) target: SharedString,
}

impl Names {
    pub(super) fn key(&self, family: &Family, words: &Words) -> Key {
        let names = [
            Label::new("mirror", self.mirror.clone()),
            Label::new("target", self.target.clone()),
        ];
        key(family, names, words)
    }

    pub(super) fn key_of_mirror(&self, family: &Family, words: &Words) -> Key {
        key(family, [Label::new("mirror", self.mirror.clone())], words)
    }
}

/// The host and the port of a target that is a server.
pub(super) type Server = (SharedString, SharedString);

/// The key of the calls of a client, in the words of OpenTelemetry's conventions.
pub(super) fn key_of_calls(names: &Names, server: &Server, call: Call) -> Key {
    let (address, port) = server;
    let mut labels = vec![
        Label::new("mirror", names.mirror.clone()),
        Label::new("target", names.target.clone()),
        Label::from_static_parts("http_request_method", call.method()),
        Label::new("server_address", address.clone()),
        Label::new("server_port", port.clone()),
    ];
    let mut error = call
        .failure()
        .map(|kind| SharedString::const_str(kind.as_str()));
    if let Some(status) = call.status() {
        let status = SharedString::from(status.to_string());
        if call.is_error() {
            error = Some(status.clone());
        }
        labels.push(Label::new("http_response_status_code", status));
    }
    labels.extend(error.map(|error| Label::new("error_type", error)));
    Key::from_parts(family::CLIENT_DURATION.name, labels)
}

pub(super) fn key<const N: usize>(family: &Family, names: [Label; N], words: &Words) -> Key {
    let words = words
        .iter()
        .map(|(name, value)| Label::from_static_parts(name, value));
    let labels: Vec<_> = names.into_iter().chain(words).collect();
    Key::from_parts(family.name, labels)
}

/// The labels of what has a route. There is none for no route: to Prometheus that is the same as an
/// empty one.
pub(super) fn with_route(
    words: &[(&'static str, &'static str)],
    route: &'static str,
) -> Vec<(&'static str, &'static str)> {
    let route = (!route.is_empty()).then_some(("http_route", route));
    words.iter().copied().chain(route).collect()
}

/// Which families a target has.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Has {
    /// Its responses are compared.
    pub(super) comparisons: bool,
    /// Its mismatches are recorded.
    pub(super) fixtures: bool,
}

impl Has {
    pub(super) fn or(self, other: Self) -> Self {
        Self {
            comparisons: self.comparisons || other.comparisons,
            fixtures: self.fixtures || other.fixtures,
        }
    }

    pub(super) fn has(self, family: &Family) -> bool {
        let is = |other: &Family| std::ptr::eq(family, other);
        if is(&family::COMPARISONS) || is(&family::DIFFERENCES) {
            self.comparisons
        } else {
            !is(&family::FIXTURES) || self.fixtures
        }
    }
}

/// Visits all that is counted of a target, but how its copies have ended: always as many series, in
/// the same order.
pub(super) fn counted(stats: &TargetStats, visit: &mut dyn FnMut(&'static Family, &Words, u64)) {
    let requests = |outcome, reason| [("outcome", outcome), ("reason", reason)];
    visit(&family::REQUESTS, &requests("sent", ""), stats.sent);
    for reason in SkipReason::ALL {
        let count = stats.skipped_for(*reason);
        visit(
            &family::REQUESTS,
            &requests("skipped", reason.as_str()),
            count,
        );
    }
    for reason in ShedReason::ALL {
        let count = stats.shed_for(*reason);
        visit(&family::REQUESTS, &requests("shed", reason.as_str()), count);
    }
    visit(&family::BODY_BYTES, &[], stats.bytes);
    #[cfg(feature = "compare")]
    compared(stats, visit);
    for outcome in FixtureOutcome::ALL {
        let count = stats.fixtures_with(*outcome);
        visit(&family::FIXTURES, &[("outcome", outcome.as_str())], count);
    }
}

#[cfg(feature = "compare")]
fn compared(stats: &TargetStats, visit: &mut dyn FnMut(&'static Family, &Words, u64)) {
    let different = stats.raw_mismatched + stats.schema_mismatch;
    for (result, count) in [
        ("match", stats.compared.saturating_sub(different)),
        ("mismatch", stats.raw_mismatched),
        ("schema_mismatch", stats.schema_mismatch),
    ] {
        visit(
            &family::COMPARISONS,
            &[("result", result), ("reason", "")],
            count,
        );
    }
    for reason in NotComparedReason::ALL {
        let words = [("result", "not_compared"), ("reason", reason.as_str())];
        visit(
            &family::COMPARISONS,
            &words,
            stats.not_compared_for(*reason),
        );
    }
    for kind in DifferenceKind::ALL {
        let count = stats.differences_of(kind);
        visit(&family::DIFFERENCES, &[("kind", kind.as_str())], count);
    }
}

/// Visits how the copies of a route have ended: always as many series, in the same order.
pub(super) fn ended(copies: &CopiesOfRoute, visit: &mut dyn FnMut(&'static Family, &Words, u64)) {
    let (answered, failed) = copies.ended();
    for (class, count) in CLASSES.into_iter().zip(answered) {
        let words = [("outcome", "answered"), ("code", class), ("error_type", "")];
        visit(&family::COPIES, &words, count);
    }
    for (kind, count) in FailureKind::ALL.iter().zip(failed) {
        let kind = kind.as_str();
        let words = [("outcome", "failed"), ("code", ""), ("error_type", kind)];
        visit(&family::COPIES, &words, count);
    }
}

/// Visits the calls of the program's own code.
pub(super) fn called(stats: &TargetStats, visit: &mut dyn FnMut(&'static Family, &Words, u64)) {
    for callback in Callback::ALL {
        for outcome in CallbackOutcome::ALL {
            let words = [
                ("callback", callback.as_str()),
                ("outcome", outcome.as_str()),
            ];
            let count = stats.callbacks_with(*callback, *outcome);
            visit(&family::CALLBACKS, &words, count);
        }
    }
}

/// The counts that are visited.
pub(super) fn values(
    visit_all: impl FnOnce(&mut dyn FnMut(&'static Family, &Words, u64)),
) -> Vec<u64> {
    let mut values = Vec::new();
    visit_all(&mut |_, _, value| values.push(value));
    values
}

/// Each verdict, and whether it is this one.
#[cfg(feature = "compare")]
pub(super) fn verdicts(verdict: Option<ReportVerdict>) -> [(&'static str, bool); 4] {
    [
        ReportVerdict::Promote,
        ReportVerdict::Hold,
        ReportVerdict::Regressed,
        ReportVerdict::NotEnoughData,
    ]
    .map(|word| (word.as_str(), verdict == Some(word)))
}

/// Where values go.
pub(super) struct Writer<'a> {
    pub(super) recorder: &'a dyn Recorder,
    /// Whether it is the recorder of the process, which is told each duration once.
    pub(super) is_of_process: bool,
}

impl Writer<'_> {
    pub(super) fn counter(&self, key: &Key, value: u64) {
        let counter = self.recorder.register_counter(key, &METADATA);
        counter.absolute(value);
    }

    pub(super) fn gauge(&self, key: &Key, value: f64) {
        self.recorder.register_gauge(key, &METADATA).set(value);
    }

    /// There is a histogram from now on, of nothing yet.
    pub(super) fn make_histogram(&self, key: &Key) {
        drop(self.histogram(key));
    }

    pub(super) fn histogram(&self, key: &Key) -> Histogram {
        self.recorder.register_histogram(key, &METADATA)
    }
}

#[cfg(all(test, feature = "compare"))]
mod tests {
    use super::*;

    #[test]
    fn every_verdict_is_one_of_the_state_set() {
        for verdict in [
            ReportVerdict::Promote,
            ReportVerdict::Hold,
            ReportVerdict::Regressed,
            ReportVerdict::NotEnoughData,
        ] {
            let words = verdicts(Some(verdict));
            let is: Vec<_> = words.iter().filter(|(_, is)| *is).collect();
            assert_eq!(is, [&(verdict.as_str(), true)]);
        }
    }
}
