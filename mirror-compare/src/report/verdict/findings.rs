//! What a verdict is made of.

use std::time::Duration;

use super::{ReportVerdict, Standing};
use crate::{
    model::{NotComparedReason, Printable},
    report::{
        DifferenceGroup, MatchRate, Paired, ShapeFinding, Thresholds, Unanswered,
        counted::{CLASSES, Counted},
        evidence::Seen,
        group,
        match_rate::number,
        sequential::REGRESSED,
        text::{about, at_least_percent, grouped, of_responses, percent},
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
    pub(in crate::report) seen: &'a Seen,
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
                needed,
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

    /// `match rate 99.6 % (99.1 % to 99.8 %)`
    fn rates(&self) -> String {
        let Some(MatchRate { rate, low, high }) = self.match_rate else {
            return "no match rate".to_owned();
        };
        let [rate, low] = [rate, low].map(percent);
        format!("match rate {rate} ({low} to {})", at_least_percent(high))
    }

    /// Where most responses differ, and how many.
    fn differs(&self) -> String {
        let found = self.groups.iter().find(|group| !group.noise);
        match found {
            Some(group) => {
                let place = Printable(group.place());
                let count = of_responses(group.comparisons, self.compared, "");
                format!("{place} differs in {}", count.trim_end())
            }
            None => of_responses(self.seen.paired().b, self.compared, "differ"),
        }
    }

    fn responses(&self, reasons: &mut Reasons) {
        let thresholds = self.thresholds;
        let responses = self.seen.paired();
        let regressed = thresholds.regressed_match_rate;
        if responses.above(1.0 - regressed) >= REGRESSED {
            let (rates, differs) = (self.rates(), self.differs());
            let below = percent(regressed);
            reasons
                .regressed
                .push(format!("{rates}, below {below}: {differs}"));
        }
        let bound = thresholds.max_mismatched();
        let is_over = responses.mean() >= bound;
        reasons.bounded(responses, bound, || {
            let (rates, differs) = (self.rates(), self.differs());
            let wanted = percent(thresholds.promote_match_rate);
            format!("{rates}, not {wanted}: {differs}")
        });
        // A baseline that is wrong elsewhere makes up for nothing here.
        let mut worst: Option<(String, Paired)> = None;
        for (place, paired) in self.seen.places().filter(|(_, paired)| paired.b > 0) {
            let place = group::place(&place.pattern, place.kind);
            self.place(reasons, &mut worst, place, paired);
        }
        let others = self.seen.other_places();
        if others.b > 0 {
            self.place(reasons, &mut worst, "other places", others);
        }
        if let Some((place, Paired { n, b, c, .. })) = worst.filter(|_| !is_over) {
            let place = Printable(&place);
            let count = of_responses(b, n, "");
            let beside = if c > 0 {
                format!(", the baseline alone in {}", grouped(c))
            } else {
                String::new()
            };
            let count = count.trim_end();
            reasons
                .held
                .push(format!("{place} differs in {count}{beside}"));
        } else if !is_over && responses.b > responses.c && reasons.needed > 0 {
            // Not why it is held, but what there is to look at.
            reasons.held.push(self.differs());
        }
    }

    /// What could be left out, if noise is what keeps evidence from being enough.
    fn noisy(&self, reasons: &mut Reasons) {
        let Paired { n, b, c } = self.seen.paired();
        let is_noisy = |b: u64, c: u64| c > 0 && number(b.saturating_add(c)) > NOISY * number(n);
        if reasons.needed == 0 || !is_noisy(b, c) {
            return;
        }
        let places = self.seen.places();
        let places =
            places.filter(|(place, of)| place.pattern.starts_with('/') && is_noisy(of.b, of.c));
        if let Some((place, of)) = places.max_by_key(|(_, of)| of.b.saturating_add(of.c)) {
            let place = Printable(&place.pattern);
            let share = at_least_percent(number(of.b.saturating_add(of.c)) / number(of.n.max(1)));
            reasons.held.push(format!(
                "noise at {place} in {share}: `ignore = [\"{place}\"]` would save comparisons"
            ));
        }
    }

    /// Holds if it is not sure that a place differs seldom enough; `worst` is the place that surely
    /// does not, as far as is known.
    fn place(
        &self,
        reasons: &mut Reasons,
        worst: &mut Option<(String, Paired)>,
        place: &str,
        paired: Paired,
    ) {
        let bound = self.thresholds.max_mismatched();
        let Some(needed) = paired.needed(bound) else {
            return;
        };
        reasons.needed = reasons.needed.max(needed);
        let mean = paired.mean();
        let is_worse = worst.as_ref().is_none_or(|(_, other)| mean > other.mean());
        if mean >= bound && is_worse {
            *worst = Some((place.to_owned(), paired));
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
        if let Some(unfit) = self.seen.unfit_baseline(thresholds)
            && (self.noise > 0 || all_noise > 0)
        {
            reasons.held.push(unfit.to_string());
        }
        if let Some(shape) = self.shapes.first() {
            reasons.held.push(shape.to_string());
        }
    }

    /// Whether enough different requests were seen for long enough.
    fn breadth(&self, reasons: &mut Reasons) {
        let Self {
            counted,
            thresholds,
            ..
        } = self;
        let succeeded = counted.succeeded();
        if succeeded < thresholds.min_compared && self.compared >= thresholds.min_compared {
            let counts = CLASSES.iter().zip(counted.classes);
            let counts = counts.filter(|(_, class)| class.compared > 0);
            let counts = counts.map(|(name, class)| format!("{name} {}", class.compared));
            let counts: Vec<_> = counts.collect();
            reasons.held.push(format!(
                "{} comparisons of requests that succeed, {} are needed ({})",
                grouped(succeeded),
                grouped(thresholds.min_compared),
                counts.join(", ")
            ));
        }
        let distinct = counted.distinct.count();
        if distinct < thresholds.min_distinct && self.compared >= thresholds.min_compared {
            let wanted = thresholds.min_distinct;
            reasons.held.push(format!(
                "{}, {wanted} are needed",
                requests(distinct, "distinct ")
            ));
        }
        if let Some(coverage) = self.seen.median_coverage()
            && coverage < thresholds.min_document
            && self.compared >= thresholds.min_compared
        {
            let [found, wanted] = [coverage, thresholds.min_document].map(percent);
            reasons.held.push(format!(
                "{found} of each document was equal in the middle, {wanted} are needed"
            ));
        }
        let watched = counted.watched();
        if watched < thresholds.min_duration {
            let [watched, wanted] = [watched, thresholds.min_duration].map(long);
            reasons
                .held
                .push(format!("watched for {watched}, {wanted} are needed"));
        }
    }

    /// Routes that are not good enough on their own.
    fn routes(&self, reasons: &mut Reasons) {
        let bound = self.thresholds.regressed_match_rate;
        let routes = self.counted.routes.iter();
        let mut bad: Vec<_> = routes.filter(|(_, route)| route.good() < bound).collect();
        bad.sort_by(|(_, one), (_, other)| one.good().total_cmp(&other.good()));
        let more = bad.len().saturating_sub(NAMED);
        for (name, route) in bad.into_iter().take(NAMED) {
            let name = Printable(name);
            let text = match (route.differ(), route.not_compared) {
                (_, missing) if route.compared == 0 => {
                    format!("{name}: {}, none compared", requests(missing, ""))
                }
                (0, missing) => {
                    let all = route.compared.saturating_add(missing);
                    let [missing, all] = [missing, all].map(grouped);
                    format!("{name}: {missing} of {all} not compared")
                }
                (differ, 0) => {
                    format!("{name}: {}", of_responses(differ, route.compared, "differ"))
                }
                (differ, missing) => {
                    let differ = of_responses(differ, route.compared, "differ");
                    format!("{name}: {differ}, {} not compared", grouped(missing))
                }
            };
            reasons.held.push(text);
        }
        if more > 0 {
            reasons.held.push(format!("{more} more routes"));
        }
    }

    /// What the last minutes or comparisons show of a target that could be promoted.
    fn alarm(&self) -> Option<String> {
        let windows = self.counted.windows.iter();
        let mut alarms = windows.filter_map(|(length, tally)| {
            let alarm = tally.alarm(self.thresholds)?;
            Some(format!("the last {}: {alarm}", long(length)))
        });
        alarms.next().or_else(|| {
            let recent = self.recent?;
            let alarm = recent.alarm(self.thresholds)?;
            Some(format!("the last {} requests: {alarm}", recent.asked.n))
        })
    }

    /// Why a target can take over, with what was forgiven and what was not compared.
    fn granted(&self) -> String {
        let mut parts = vec![self.rates()];
        if self.noise > 0 {
            let noise = at_least_percent(number(self.noise) / number(self.compared.max(1)));
            let places = self.groups.iter().filter(|group| group.noise);
            let mut places: Vec<_> = places
                .take(NAMED + 1)
                .map(|group| Printable(group.place()).to_string())
                .collect();
            if let Some(more) = places.get_mut(NAMED) {
                "..".clone_into(more);
            }
            parts.push(format!("{noise} differ in noise ({})", places.join(", ")));
        }
        let missing = self.counted.not_compared_in_all();
        if missing > 0 {
            parts.push(format!("{} not compared", grouped(missing)));
        }
        parts.join("; ")
    }
}

/// `1 request`, `20 distinct requests`
fn requests(count: u64, of: &str) -> String {
    let ending = if count == 1 { "" } else { "s" };
    format!("{} {of}request{ending}", grouped(count))
}

/// `5 min`
fn long(duration: Duration) -> String {
    match duration.as_secs() {
        seconds if seconds >= 3600 && seconds.is_multiple_of(3600) => {
            format!("{} h", seconds / 3600)
        }
        seconds if seconds >= 60 => format!("{} min", seconds / 60),
        seconds => format!("{seconds} s"),
    }
}
