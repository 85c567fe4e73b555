//! Whether a shadow can take over.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{MatchRate, ShapeFinding, Thresholds, Unanswered, UnfitBaseline, match_rate::number};
use crate::latency::Latency;

/// The percentile at which latencies are compared: the median hides a slow tail, and the 99th of a
/// few hundred is chance.
const PERCENTILE: f64 = 0.95;

/// The verdict of a report on a target.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ReportVerdict {
    /// It surely matches often enough, and is fast enough.
    Promote,
    /// It may be good enough, or not.
    Hold,
    /// It surely does not match often enough, or is much slower.
    Regressed,
    /// Too little was compared.
    NotEnoughData,
}

impl ReportVerdict {
    /// The verdict as a metric's label, like `not_enough_data`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Promote => "promote",
            Self::Hold => "hold",
            Self::Regressed => "regressed",
            Self::NotEnoughData => "not_enough_data",
        }
    }
}

impl fmt::Display for ReportVerdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// The state of a target apart from comparisons: its counters and its circuit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Standing {
    /// Requests that it has not answered.
    pub unanswered: Unanswered,
    /// Whether its circuit is open.
    pub is_open: bool,
    /// Requests that the baseline has not answered, if there is one.
    pub baseline: Option<Unanswered>,
}

impl Standing {
    /// A target with a closed circuit and no baseline.
    #[must_use]
    pub const fn new(unanswered: Unanswered) -> Self {
        Self {
            unanswered,
            is_open: false,
            baseline: None,
        }
    }

    /// The same, with an open or a closed circuit.
    #[must_use]
    pub const fn with_open_circuit(mut self, is_open: bool) -> Self {
        self.is_open = is_open;
        self
    }

    /// The same, with a baseline, if there is one.
    #[must_use]
    pub const fn with_baseline(mut self, baseline: Option<Unanswered>) -> Self {
        self.baseline = baseline;
        self
    }

    /// Adds the state of the same target in another process. Its circuit is open if it is open in
    /// one of them.
    pub fn merge(&mut self, other: &Self) {
        self.unanswered.merge(other.unanswered);
        self.is_open |= other.is_open;
        if let Some(more) = other.baseline {
            self.baseline.get_or_insert_default().merge(more);
        }
    }
}

/// The facts that a verdict is made of.
#[derive(Debug)]
pub(super) struct Findings<'a> {
    pub(super) compared: u64,
    pub(super) not_compared: u64,
    /// Mismatches that count as matches because of the baseline.
    pub(super) noise: u64,
    pub(super) unfit_baseline: Option<UnfitBaseline>,
    pub(super) shapes: &'a [ShapeFinding],
    pub(super) standing: Standing,
    pub(super) match_rate: Option<MatchRate>,
    pub(super) shadow: &'a Latency,
    /// The latency that the shadow's is compared with, and whose it is.
    pub(super) reference: (&'static str, &'a Latency),
}

impl Findings<'_> {
    /// The verdict and its reason.
    pub(super) fn verdict(&self, thresholds: &Thresholds) -> (ReportVerdict, String) {
        let Some(rate) = self
            .match_rate
            .filter(|_| self.compared >= thresholds.min_compared)
        else {
            let reason = format!(
                "{} compared, {} are needed",
                self.compared, thresholds.min_compared
            );
            return (ReportVerdict::NotEnoughData, reason);
        };
        let all = number(self.compared) + number(self.not_compared);
        let unknown = number(self.not_compared) / all;
        let [found, low, high] = [rate.rate, rate.low, rate.high].map(percent);
        let rates = format!("match rate {found} ({low} to {high})");
        let slower = self.slower(thresholds);

        let mut regressed = Vec::new();
        let mut held = Vec::new();
        if rate.high < thresholds.regressed_match_rate {
            regressed.push(format!(
                "{rates}, below {}",
                percent(thresholds.regressed_match_rate)
            ));
        } else if rate.low < thresholds.promote_match_rate {
            let wanted = percent(thresholds.promote_match_rate);
            held.push(format!("{rates}, not {wanted} with 95 % confidence"));
        }
        if let Some((ratio, text)) = slower {
            if ratio > thresholds.regressed_latency_ratio {
                regressed.push(text);
            } else {
                held.push(text);
            }
        }
        let Standing {
            unanswered,
            is_open,
            baseline,
        } = self.standing;
        if unanswered.share() > thresholds.max_failed {
            let share = at_least_percent(unanswered.share());
            held.push(format!("{share} not answered ({unanswered})"));
        }
        if is_open {
            held.push("its circuit is open".to_owned());
        }
        if unknown > thresholds.max_not_compared {
            held.push(format!("{} not compared", at_least_percent(unknown)));
        }
        // Noise is known from the requests that the baseline did respond to.
        if let Some(baseline) = baseline
            && baseline.share() > thresholds.max_not_compared
        {
            let share = at_least_percent(baseline.share());
            let text = format!("the baseline has not answered {share} ({baseline})");
            if !regressed.is_empty() {
                regressed.push(text);
            } else if self.noise > 0 {
                held.push(text);
            }
        }
        if let Some(unfit) = self.unfit_baseline.filter(|_| self.noise > 0) {
            held.push(unfit.to_string());
        }
        if let Some(shape) = self.shapes.first() {
            held.push(shape.to_string());
        }
        if !regressed.is_empty() {
            (ReportVerdict::Regressed, regressed.join("; "))
        } else if !held.is_empty() {
            (ReportVerdict::Hold, held.join("; "))
        } else {
            (ReportVerdict::Promote, rates)
        }
    }

    /// How many times as long the shadow takes, if that is too long.
    fn slower(&self, thresholds: &Thresholds) -> Option<(f64, String)> {
        let (whose, reference) = self.reference;
        let shadow = self.shadow.quantile(PERCENTILE)?;
        let reference = reference.quantile(PERCENTILE)?;
        let ratio = shadow.as_secs_f64() / reference.as_secs_f64().max(f64::MIN_POSITIVE);
        let is_slower = ratio > thresholds.promote_latency_ratio
            && shadow.saturating_sub(reference) > thresholds.latency_slack;
        is_slower.then(|| {
            (
                ratio,
                format!("p95 {shadow:.1?} is {ratio:.1} times the {whose}'s {reference:.1?}"),
            )
        })
    }
}

/// `99.2 %`. Rounded so that only all is `100 %`.
pub(super) fn percent(share: f64) -> String {
    let tenths = (share * 1000.0).floor() / 10.0;
    format!("{tenths} %")
}

/// `1.1 %`. Rounded so that what is more than a bound does not look like it.
fn at_least_percent(share: f64) -> String {
    let tenths = (share * 1000.0).ceil() / 10.0;
    format!("{tenths} %")
}
