//! Whether responses differ seldom enough, as a whole and at each place.

use super::{Findings, NOISY, Reasons};
use crate::{
    model::{NotComparedReason, Printable},
    report::{
        MatchRate, Paired, group,
        match_rate::number,
        sequential::REGRESSED,
        text::{at_least_percent, grouped, of_responses, percent},
    },
};

impl Findings<'_> {
    /// `match rate 99.6 % (99.1 % to 99.8 %)`
    pub(super) fn rates(&self) -> String {
        let Some(MatchRate { rate, low, high }) = self.match_rate else {
            return "no match rate".to_owned();
        };
        let [rate, low] = [rate, low].map(percent);
        format!("match rate {rate} ({low} to {})", at_least_percent(high))
    }

    /// The rates, and that they are below a bound; or, if they are not, whose responses differ: what
    /// was told of the first ones, that they may be noise, is not what is known of them by now.
    fn below(&self, bound: f64, below: &str) -> String {
        let is_below = self.match_rate.is_none_or(|it| it.rate < bound);
        if is_below {
            return format!(
                "{}, {below} {}: {}",
                self.rates(),
                percent(bound),
                self.differs()
            );
        }
        let Paired { n, b, c } = self.responses;
        let shadow = of_responses(b, n, "");
        let shadow = shadow.trim_end();
        format!(
            "the shadow alone differs in {shadow}, the baseline alone in {}",
            grouped(c)
        )
    }

    /// Where most responses differ, and how many.
    fn differs(&self) -> String {
        let found = self.groups.iter().find(|group| !group.noise);
        match found {
            Some(group) => {
                let place = Printable(group.place());
                let all_noise = self.counted.not_compared[NotComparedReason::AllNoise as usize];
                let all = self.compared.saturating_add(all_noise);
                let count = of_responses(group.comparisons, all, "");
                format!("{place} differs in {}", count.trim_end())
            }
            None => of_responses(self.responses.b, self.responses.n, "differ"),
        }
    }

    pub(super) fn responses(&self, reasons: &mut Reasons) {
        let thresholds = self.thresholds;
        let responses = self.responses;
        let regressed = thresholds.regressed_match_rate;
        if responses.above(1.0 - regressed) >= REGRESSED {
            reasons.regressed.push(self.below(regressed, "below"));
        }
        let bound = thresholds.max_mismatched();
        let is_over = responses.mean() >= bound;
        reasons.bounded(responses, bound, || {
            self.below(thresholds.promote_match_rate, "not")
        });
        // A baseline that is wrong elsewhere makes up for nothing here.
        let mut worst: Option<(String, Paired)> = None;
        for (place, paired) in &self.places {
            let place = group::place(&place.pattern, place.kind);
            self.place(reasons, &mut worst, place, *paired);
        }
        let others = self.other_places;
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
    pub(super) fn noisy(&self, reasons: &mut Reasons) {
        let Paired { n, b, c } = self.responses;
        let is_noisy = |b: u64, c: u64| c > 0 && number(b.saturating_add(c)) > NOISY * number(n);
        if reasons.needed == 0 || !is_noisy(b, c) {
            return;
        }
        let places = self.places.iter();
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
}
