//! All that is counted of the comparisons with a target, but for where they differ.

use std::time::Duration;

use http::StatusCode;
use serde::{Deserialize, Serialize};

use super::{
    Thresholds,
    by_reason::ByReason,
    distinct::Distinct,
    match_rate::add,
    routes::Routes,
    slow::{self, Slow},
    suggest::Advice,
    windows::{Tally, Windows},
};
use crate::{
    latency::Latency,
    model::{Comparison, NotComparedReason, Verdict},
};

/// The classes of statuses, as they are called.
pub(super) const CLASSES: [&str; 5] = ["1xx", "2xx", "3xx", "4xx", "5xx"];

/// The first class of errors: what comes before says that a request has succeeded.
const ERRORS: usize = 3;

/// Counts that add up, whoever counted, in whatever order.
#[derive(Clone, Debug, Default)]
pub(super) struct Counted {
    /// Since when, in milliseconds since 1970; `None` if there is nothing yet.
    pub(super) since: Option<u64>,
    /// Until when.
    pub(super) until: u64,
    /// What the shadow says its version is.
    pub(super) version: Option<Box<str>>,
    /// Those that the baseline was compared for, too.
    pub(super) with_baseline: u64,
    pub(super) slow: Slow,
    /// Responses by the class of the primary's status, and those in which only the shadow differs.
    pub(super) classes: [Class; CLASSES.len()],
    /// Responses of the shadow that cannot be compared, and the primary's can.
    pub(super) faults: u64,
    pub(super) not_compared: ByReason,
    pub(super) distinct: Distinct,
    pub(super) routes: Routes,
    pub(super) windows: Windows,
    pub(super) advice: Advice,
    pub(super) primary: Latency,
    pub(super) shadow: Latency,
    pub(super) baseline: Latency,
}

/// Counts of one class of statuses.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Class {
    pub(super) compared: u64,
    pub(super) differ: u64,
}

impl Counted {
    /// Counts a comparison with a result, and that of the baseline's response. `pair` is whether the
    /// shadow differs where the baseline does not, and the other way round; `None` if it is no
    /// evidence. Returns what it adds to each span of time.
    pub(super) fn note(
        &mut self,
        comparison: &Comparison,
        baseline: Option<&Comparison>,
        pair: Option<[bool; 2]>,
        thresholds: &Thresholds,
    ) -> Tally {
        let shadow_alone = pair.is_some_and(|[shadow_alone, _]| shadow_alone);
        self.advice.note(comparison, shadow_alone);
        let mut tally = Tally::default();
        tally.asked.note(false, false);
        let row = self.routes.row(comparison.route.as_deref());
        add(&mut row.compared, 1);
        let class = &mut self.classes[class(comparison.primary_status)];
        add(&mut class.compared, 1);
        self.distinct.note(comparison.fingerprint);
        if let Some([shadow_alone, baseline_alone]) = pair {
            row.paired.note(shadow_alone, baseline_alone);
            let is_noisy = baseline.is_some_and(|other| other.verdict != Verdict::Match);
            add(&mut row.noisy, u64::from(is_noisy));
            tally.responses.note(shadow_alone, baseline_alone);
            add(&mut class.differ, tally.responses.b);
        }
        let Some(latency) = comparison.shadow_latency else {
            return tally;
        };
        self.primary.record(comparison.primary_latency);
        self.shadow.record(latency);
        let reference = match baseline {
            Some(baseline) => {
                add(&mut self.with_baseline, 1);
                baseline.shadow_latency
            }
            None => pair.map(|_| comparison.primary_latency),
        };
        if let (Some(reference), Some(_)) = (reference, baseline) {
            self.baseline.record(reference);
        }
        if let Some(reference) = reference {
            let [shadow, other] = slow::note(&mut self.slow, latency, reference, thresholds);
            tally.slow.note(shadow, other);
        }
        tally
    }

    /// Counts a request that is not compared.
    pub(super) fn not_compared(
        &mut self,
        reason: NotComparedReason,
        route: Option<&str>,
        blame: Blame,
    ) -> Tally {
        let count = &mut self.not_compared[reason as usize];
        add(count, 1);
        self.faults = self
            .faults
            .saturating_add(u64::from(blame == Blame::Response));
        self.unsent(route);
        let mut tally = Tally::default();
        tally.asked.note(blame != Blame::Nobody, false);
        tally
    }

    /// Counts a response of another build than the one that this is about: it says nothing else.
    pub(super) fn of_other_version(&mut self) {
        let count = &mut self.not_compared[NotComparedReason::OtherVersion as usize];
        add(count, 1);
    }

    /// Counts a request that was sampled and not sent.
    pub(super) fn unsent(&mut self, route: Option<&str>) {
        let row = self.routes.row(route);
        add(&mut row.not_compared, 1);
    }

    /// Adds what others have counted of the same version of the shadow. If it is another, what
    /// began last stays.
    pub(super) fn merge(&mut self, other: &Self) -> Merged {
        if other.since.is_none() {
            return Merged::Ours;
        }
        if self.since.is_some() && self.version != other.version {
            if (self.since, &self.version) >= (other.since, &other.version) {
                return Merged::Ours;
            }
            *self = other.clone();
            return Merged::Theirs;
        }
        self.version.clone_from(&other.version);
        self.since = self.since.min(other.since).or(other.since);
        self.until = self.until.max(other.until);
        add(&mut self.with_baseline, other.with_baseline);
        for (paired, more) in self.slow.iter_mut().zip(other.slow) {
            paired.merge(more);
        }
        for (class, more) in self.classes.iter_mut().zip(other.classes) {
            add(&mut class.compared, more.compared);
            add(&mut class.differ, more.differ);
        }
        add(&mut self.faults, other.faults);
        for (count, more) in self.not_compared.iter_mut().zip(other.not_compared) {
            add(count, more);
        }
        self.distinct.merge(&other.distinct);
        self.routes.merge(&other.routes);
        self.windows.merge(&other.windows);
        self.advice.merge(&other.advice);
        self.primary.merge(&other.primary);
        self.shadow.merge(&other.shadow);
        self.baseline.merge(&other.baseline);
        Merged::Both
    }

    /// Requests that were not compared, for whatever reason.
    pub(super) fn not_compared_in_all(&self) -> u64 {
        let counts = self.not_compared.iter().copied();
        counts.fold(0, u64::saturating_add)
    }

    /// Responses that were compared, of requests that succeed.
    pub(super) fn succeeded(&self) -> u64 {
        let classes = self.classes[..ERRORS].iter();
        let compared = classes.map(|class| class.compared);
        compared.fold(0, u64::saturating_add)
    }

    /// How long this is about.
    pub(super) fn watched(&self) -> Duration {
        let since = self.since.unwrap_or(self.until);
        Duration::from_millis(self.until.saturating_sub(since))
    }
}

/// Why a request is not compared, as far as that is held against the shadow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Blame {
    Nobody,
    /// Its copy has failed. The counters of the target have it, too.
    Copy,
    /// The shadow's response cannot be compared, and the primary's can.
    Response,
}

/// Whose counts there are after a merger.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Merged {
    Ours,
    Theirs,
    Both,
}

/// `1xx` to `5xx` as 0 to 4.
fn class(status: StatusCode) -> usize {
    usize::from(status.as_u16() / 100).clamp(1, CLASSES.len()) - 1
}
