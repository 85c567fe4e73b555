//! What a verdict is made of.

mod breadth;
mod responses;

use super::{ReportVerdict, Standing};
use crate::{
    model::{Group, NotComparedReason},
    report::{
        DifferenceGroup, MatchRate, Paired, ShapeFinding, Thresholds, Unanswered, UnfitBaseline,
        counted::Counted,
        match_rate::number,
        sequential::REGRESSED,
        text::{about, at_least_percent, grouped, of_responses},
        windows::Tally,
    },
};

/// The percentile of the latencies that is named with a reason.
const PERCENTILE: f64 = 0.95;

/// How many routes, and places, a reason names.
const NAMED: usize = 3;

/// From this share of responses on, in which shadow or baseline differ alone, noise costs
/// comparisons.
const NOISY: f64 = 0.01;

/// The facts that a verdict is made of.
#[derive(Debug)]
pub(in crate::report) struct Findings<'a> {
    pub(in crate::report) counted: &'a Counted,
    pub(in crate::report) compared: u64,
    /// Mismatches that count as matches because of the baseline.
    pub(in crate::report) noise: u64,
    /// The responses by who differs.
    pub(in crate::report) responses: Paired,
    /// The same at each place at which the shadow differs alone.
    pub(in crate::report) places: Vec<(&'a Group, Paired)>,
    /// The same at all other places.
    pub(in crate::report) other_places: Paired,
    pub(in crate::report) unfit_baseline: Option<UnfitBaseline>,
    /// How much of each document was equal, in the middle.
    pub(in crate::report) coverage: Option<f64>,
    pub(in crate::report) shapes: &'a [ShapeFinding],
    pub(in crate::report) standing: Standing,
    /// The last comparisons.
    pub(in crate::report) recent: Option<Tally>,
    pub(in crate::report) match_rate: Option<MatchRate>,
    pub(in crate::report) groups: &'a [DifferenceGroup],
    pub(in crate::report) thresholds: &'a Thresholds,
}

/// A verdict with its reason.
#[derive(Debug)]
pub(in crate::report) struct Judged {
    pub(in crate::report) verdict: ReportVerdict,
    pub(in crate::report) reason: String,
    /// How many more clean comparisons are missing.
    pub(in crate::report) needed: u64,
}

/// What speaks for a verdict other than `promote`.
#[derive(Default)]
struct Reasons {
    regressed: Vec<String>,
    held: Vec<String>,
    needed: u64,
}

impl Reasons {
    /// Holds if it is not sure that the mean is below a bound: for want of evidence, or, as `why`
    /// says, because it is not.
    fn bounded(&mut self, paired: Paired, bound: f64, why: impl FnOnce() -> String) {
        if let Some(needed) = paired.needed(bound) {
            self.needed = self.needed.max(needed);
            if paired.mean() >= bound {
                self.held.push(why());
            }
        }
    }
}

impl Findings<'_> {
    /// The verdict and its reason.
    pub(in crate::report) fn judge(&self) -> Judged {
        let mut reasons = Reasons::default();
        self.responses(&mut reasons);
        self.failures(&mut reasons);
        self.latencies(&mut reasons);
        self.unseen(&mut reasons);
        self.baseline(&mut reasons);
        self.breadth(&mut reasons);
        self.routes(&mut reasons);
        self.noisy(&mut reasons);
        let Reasons {
            regressed,
            mut held,
            needed,
        } = reasons;
        let thresholds = self.thresholds;
        let has_failed = self.asked().n >= thresholds.min_compared;
        let is_enough = self.compared >= thresholds.min_compared || has_failed;
        if is_enough && !regressed.is_empty() {
            return Judged {
                verdict: ReportVerdict::Regressed,
                reason: regressed.join("; "),
                // More evidence would not promote it.
                needed: 0,
            };
        }
        if self.compared < thresholds.min_compared {
            let [compared, wanted] = [self.compared, thresholds.min_compared].map(grouped);
            held.insert(0, format!("{compared} compared, {wanted} are needed"));
            return Judged {
                verdict: ReportVerdict::NotEnoughData,
                reason: held.join("; "),
                needed,
            };
        }
        if needed > 0 {
            let needed = about(needed);
            held.insert(
                0,
                format!("about {needed} more clean comparisons to promote"),
            );
        }
        if held.is_empty() {
            held.extend(self.alarm());
        }
        if held.is_empty() {
            Judged {
                verdict: ReportVerdict::Promote,
                reason: self.granted(),
                needed,
            }
        } else {
            Judged {
                verdict: ReportVerdict::Hold,
                reason: held.join("; "),
                needed,
            }
        }
    }

    /// Requests without a response that can be compared.
    fn unanswered(&self) -> Unanswered {
        let failed = self.counted.not_compared[NotComparedReason::Failed as usize];
        let mut unanswered = self.standing.unanswered;
        unanswered.failed = unanswered.failed.max(failed);
        unanswered
    }

    /// Requests, and those without a response that can be compared.
    pub(in crate::report) fn asked(&self) -> Paired {
        let Self { counted, .. } = self;
        let known = self
            .compared
            .saturating_add(counted.not_compared_in_all())
            .saturating_add(self.standing.unanswered.shed());
        let failed = self.unanswered().count().saturating_add(counted.faults);
        let all = self.standing.unanswered.sampled.max(known).max(failed);
        Paired::new(all, failed, 0)
    }

    fn failures(&self, reasons: &mut Reasons) {
        let asked = self.asked();
        let text = || {
            let share = at_least_percent(asked.mean());
            let unanswered = self.unanswered();
            let mut parts = Vec::new();
            if unanswered.count() > 0 {
                parts.push(unanswered.to_string());
            }
            if self.counted.faults > 0 {
                parts.push(format!("not readable {}", self.counted.faults));
            }
            format!("{share} not answered ({})", parts.join(", "))
        };
        if asked.above(self.thresholds.regressed_failed) >= REGRESSED {
            reasons.regressed.push(text());
        }
        reasons.bounded(asked, self.thresholds.max_failed, text);
    }

    fn latencies(&self, reasons: &mut Reasons) {
        let Self {
            counted,
            thresholds,
            ..
        } = self;
        let first = counted.slow[0];
        let is_of_baseline = counted.with_baseline > 0 && counted.with_baseline >= first.n;
        let (whose, reference) = if is_of_baseline {
            ("baseline", &counted.baseline)
        } else {
            ("primary", &counted.primary)
        };
        let text = |slow: Paired| {
            let count = of_responses(slow.b, slow.n, "are slow");
            let [shadow, reference] = [&counted.shadow, reference].map(|latency| {
                let latency = latency.quantile(PERCENTILE).unwrap_or_default();
                format!("{latency:.1?}")
            });
            format!("{count}: p95 {shadow}, the {whose}'s {reference}")
        };
        let may_regress = is_of_baseline || thresholds.latency_regresses;
        if may_regress && first.above(thresholds.regressed_slow) >= REGRESSED {
            reasons.regressed.push(text(first));
        }
        let mut is_told = false;
        for slow in counted.slow {
            let is_over = slow.mean() >= thresholds.max_slow;
            if let (Some(needed), true) = (slow.needed(thresholds.max_slow), is_told || !is_over) {
                reasons.needed = reasons.needed.max(needed);
            } else {
                reasons.bounded(slow, thresholds.max_slow, || text(slow));
            }
            is_told |= is_over;
        }
    }

    /// What was not compared, and what else stands against the target.
    fn unseen(&self, reasons: &mut Reasons) {
        if self.standing.is_open {
            reasons.held.push("its circuit is open".to_owned());
        }
        let other_version = self.counted.not_compared[NotComparedReason::OtherVersion as usize];
        let all = self
            .counted
            .not_compared_in_all()
            .saturating_sub(other_version);
        let no_baseline = self.counted.not_compared[NotComparedReason::NoBaseline as usize];
        let total = number(self.compared.saturating_add(all).max(1));
        let unknown = number(all.saturating_sub(no_baseline)) / total;
        if unknown > self.thresholds.max_not_compared {
            let share = at_least_percent(unknown);
            reasons.held.push(format!("{share} not compared"));
        }
        let unconfirmed = number(no_baseline) / total;
        if unconfirmed > self.thresholds.max_no_baseline {
            let share = at_least_percent(unconfirmed);
            reasons
                .held
                .push(format!("{share} differ, and the baseline gave no response"));
        }
    }

    fn baseline(&self, reasons: &mut Reasons) {
        let thresholds = self.thresholds;
        // Noise is known from the requests that the baseline did respond to.
        if let Some(baseline) = self.standing.baseline
            && baseline.share() > thresholds.max_no_baseline
        {
            let share = at_least_percent(baseline.share());
            let text = format!("the baseline has not answered {share} ({baseline})");
            if !reasons.regressed.is_empty() {
                reasons.regressed.push(text);
            } else if self.noise > 0 {
                reasons.held.push(text);
            }
        }
        let all_noise = self.counted.not_compared[NotComparedReason::AllNoise as usize];
        if let Some(unfit) = self.unfit_baseline
            && (self.noise > 0 || all_noise > 0)
        {
            reasons.held.push(unfit.to_string());
        }
        if let Some(shape) = self.shapes.first() {
            reasons.held.push(shape.to_string());
        }
    }
}
