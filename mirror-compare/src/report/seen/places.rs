//! What is known of one place.

use serde::{Deserialize, Serialize};

use crate::{
    model::{Comparison, DifferenceKind, Tally},
    report::{
        Paired, Thresholds, UnfitBaseline,
        match_rate::{add, number},
        noise::is_clear,
        shape::Shaped,
    },
};

/// What is known of one place.
#[derive(Clone, Default, Serialize, Deserialize)]
pub(super) struct OfPlace {
    /// Comparisons that may have met it without its being noted.
    missed: u64,
    /// In how many the shadow differs in more elements than the baseline.
    b: u64,
    /// In how many the baseline does.
    c: u64,
    /// In how many the baseline differs at all.
    baseline: u64,
    shaped: Shaped,
}

impl OfPlace {
    /// Notes a comparison in which shadow, baseline or both differ here: how many there are now, if
    /// there is a baseline. Whether the shadow's value is foreign to the old version.
    pub(super) fn note(
        &mut self,
        shadow: Option<&Tally>,
        baseline: Option<&Tally>,
        compared: Option<u64>,
    ) -> bool {
        let [of_shadow, of_baseline] =
            [shadow, baseline].map(|tally| tally.map_or(0, |tally| tally.count));
        self.b += u64::from(of_shadow > of_baseline);
        self.c += u64::from(of_baseline > of_shadow);
        self.baseline += u64::from(of_baseline > 0);
        let [shadow, baseline] =
            [shadow, baseline].map(|tally| tally.map_or(&[][..], |tally| &tally.shapes));
        compared.is_some_and(|compared| self.shaped.note(shadow, baseline, compared))
    }

    pub(super) fn miss(&mut self, comparisons: u64) {
        add(&mut self.missed, comparisons);
    }

    pub(super) fn merge(&mut self, other: &Self) {
        for (ours, theirs) in [
            (&mut self.missed, other.missed),
            (&mut self.b, other.b),
            (&mut self.c, other.c),
            (&mut self.baseline, other.baseline),
        ] {
            add(ours, theirs);
        }
        self.shaped.merge(&other.shaped);
    }

    /// Its counts, of so many comparisons.
    pub(super) fn paired(&self, compared: u64) -> Paired {
        Paired::new(compared.saturating_sub(self.missed), self.b, self.c)
    }

    /// In how many comparisons the shadow alone differs, if the baseline never did.
    pub(super) fn is_only_of_the_shadow(&self) -> Option<u64> {
        (self.baseline == 0).then_some(self.b)
    }

    /// Whether the shadow differs no more than the old version from itself, and is like it.
    pub(super) fn is_noise(&self, compared: u64, thresholds: &Thresholds) -> bool {
        self.is_about_as_often(compared, thresholds) && !self.shaped.is_foreign(compared)
    }

    /// Whether the shadow differs no more than the old version from itself.
    pub(super) fn is_about_as_often(&self, compared: u64, thresholds: &Thresholds) -> bool {
        self.baseline > 0 && !is_clear(self.paired(compared), thresholds)
    }

    pub(super) fn shaped(&self) -> &Shaped {
        &self.shaped
    }
}

/// How a baseline compares with the primary.
#[derive(Clone, Copy, Default, Serialize, Deserialize)]
pub(super) struct OfBaseline {
    compared: u64,
    /// Those with another status.
    status: u64,
    /// Those in which most of the document differs.
    mostly: u64,
}

/// So many comparisons of the baseline say something about it.
const MIN_BASELINE: u64 = 20;

impl OfBaseline {
    pub(super) fn note(&mut self, baseline: &Comparison) {
        let mut places = baseline.places().iter();
        let status = places.any(|(place, _)| place.kind == DifferenceKind::Status);
        let mostly = baseline.coverage().is_some_and(|equal| equal < 0.5);
        self.merge(Self {
            compared: 1,
            status: status.into(),
            mostly: mostly.into(),
        });
    }

    pub(super) fn merge(&mut self, other: Self) {
        add(&mut self.compared, other.compared);
        add(&mut self.status, other.status);
        add(&mut self.mostly, other.mostly);
    }

    pub(super) fn compared(self) -> u64 {
        self.compared
    }

    /// Why it confirms nothing.
    pub(super) fn unfit(self, thresholds: &Thresholds) -> Option<UnfitBaseline> {
        let [compared, status, mostly] = [self.compared, self.status, self.mostly].map(number);
        if self.compared < MIN_BASELINE {
            None
        } else if status > thresholds.max_baseline_status * compared {
            Some(UnfitBaseline::Status(status / compared))
        } else if mostly > thresholds.max_baseline_differs * compared {
            Some(UnfitBaseline::Content(mostly / compared))
        } else {
            None
        }
    }
}
