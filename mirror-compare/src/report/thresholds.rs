//! Promotion thresholds.

use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::error::ThresholdError;

/// The bars that a shadow must clear before a report says
/// [`Promote`](super::ReportVerdict::Promote), and below which it says
/// [`Regressed`](super::ReportVerdict::Regressed).
///
/// A bound is kept or broken when that is sure, at whatever time somebody looks: a shadow that
/// breaks a bound of `promote` is ever promoted in at most 2.5 % of runs, and one that keeps those
/// of `regressed` is ever called so in at most 2.5 %.
///
/// ```
/// use mirror_compare::report::Thresholds;
///
/// let thresholds = Thresholds::default()
///     .with_promote_match_rate(0.999)
///     .with_min_compared(1_000);
/// assert!(thresholds.check().is_ok());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Thresholds {
    /// With fewer comparisons than this, there is no verdict; and `promote` needs as many matches
    /// of requests that succeed: whose primary's status is below 400. Default: 100.
    pub min_compared: u64,
    /// How many distinct requests `promote` needs, by method, path, query and body. Default: 20.
    pub min_distinct: u64,
    /// How long a shadow must have been watched before it is promoted. Default: 0. An hour is
    /// recommended, and a day sees what happens once a day.
    pub min_duration: Duration,
    /// How much of each document must really have been compared, in the middle of all comparisons,
    /// as a share of its values. Default: 0.5.
    pub min_document: f64,
    /// The share of responses that must match. Default: 0.99. Without any mismatch, 428 comparisons
    /// show that; with 1 % of mismatches, no number does.
    pub promote_match_rate: f64,
    /// The match rate below which a shadow has regressed. Default: 0.95, one difference in twenty
    /// responses.
    ///
    /// `promote` waits for each route, too, at which a smaller share of the sampled requests was
    /// compared and does not differ, from the first request on.
    pub regressed_match_rate: f64,
    /// How many times as long as the reference's a response of the shadow may take before it is
    /// slow, and in which case it is also slower by more than `latency_slack`. The reference is the
    /// baseline's response to the same request, or, without a baseline, the primary's. Default:
    /// 1.25. Infinity turns the check of latencies off.
    #[serde(serialize_with = "finite", deserialize_with = "any")]
    pub slow_ratio: f64,
    /// Latencies that differ by less count as equal, whatever their ratio: the shadow's includes
    /// the network, and the primary's may be a few microseconds. Default: 10 ms.
    pub latency_slack: Duration,
    /// The share of responses that may be slow, beyond those for which the reference is. Default:
    /// 0.05. It holds as well for responses that take 4 and 16 times `slow_ratio`.
    pub max_slow: f64,
    /// The share of slow responses that means a regression. Default: 0.2.
    pub regressed_slow: f64,
    /// Whether latency alone may mean a regression if there is no baseline. Default: `false`: the
    /// network between may be all there is to it.
    pub latency_regresses: bool,
    /// The share of responses that may be left without a comparison. Default: 0.05. A response that
    /// is too large may well be one that differs.
    pub max_not_compared: f64,
    /// The share of requests that a baseline may leave without a response: as
    /// [`NoBaseline`](crate::NotComparedReason::NoBaseline), or by its own counters. Default: 0.1.
    pub max_no_baseline: f64,
    /// The share of sampled requests that the shadow may leave without a response that can be
    /// compared. Default: 0.01, as many as may differ. Failed copies count, and so do responses
    /// that are cut short, too large or not readable though the primary's is, `304` for what the
    /// primary sends and the other way round, and requests that were not sent because of a bound:
    /// an open circuit, the limits of copies in flight, the byte budget.
    pub max_failed: f64,
    /// The share of such requests that means a regression. Default: 0.05.
    pub regressed_failed: f64,
    /// A baseline is unfit if it differs from the primary in more than this share of the places, in
    /// more than this share of the comparisons. Default: 0.5.
    pub max_baseline_differs: f64,
    /// A baseline is unfit if it has another status than the primary in more than this share.
    /// Default: 0.05.
    pub max_baseline_status: f64,
    /// By how much more often than the baseline alone the shadow alone must differ at a place for it
    /// to be no noise, as a share of all comparisons. Default: 0.001, one comparison in a thousand.
    ///
    /// A place is noise if the baseline differs from the primary there too, unless the shadow alone
    /// differs more often than the baseline alone by more than this, by more than `noise_relative` of
    /// itself, and by more than chance has it in one of ten thousand cases. What is noise is told and
    /// counted as a match. It is no evidence: `promote` asks that for each place.
    ///
    /// At a place that the baseline never had, nothing is noise, from the first time on; until there
    /// were seven, it may turn out to be. If places that are new have been of the baseline alone as
    /// often as of the shadow alone, the first three differences there are taken for noise.
    pub noise_absolute: f64,
    /// The same as a share of the comparisons in which the shadow alone differs. Default: 0.2.
    pub noise_relative: f64,
}

/// JSON has no infinity.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde's signature")]
fn finite<S: Serializer>(ratio: &f64, serializer: S) -> Result<S::Ok, S::Error> {
    Some(*ratio)
        .filter(|ratio| ratio.is_finite())
        .serialize(serializer)
}

fn any<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or(f64::INFINITY))
}

impl Default for Thresholds {
    fn default() -> Self {
        Self {
            min_compared: 100,
            min_distinct: 20,
            min_duration: Duration::ZERO,
            min_document: 0.5,
            promote_match_rate: 0.99,
            regressed_match_rate: 0.95,
            slow_ratio: 1.25,
            latency_slack: Duration::from_millis(10),
            max_slow: 0.05,
            regressed_slow: 0.2,
            latency_regresses: false,
            max_not_compared: 0.05,
            max_no_baseline: 0.1,
            max_failed: 0.01,
            regressed_failed: 0.05,
            max_baseline_differs: 0.5,
            max_baseline_status: 0.05,
            noise_absolute: 0.001,
            noise_relative: 0.2,
        }
    }
}

impl Thresholds {
    /// The same, with another [`min_compared`](Self::min_compared).
    #[must_use]
    pub const fn with_min_compared(mut self, min_compared: u64) -> Self {
        self.min_compared = min_compared;
        self
    }

    /// The same, with another [`min_distinct`](Self::min_distinct).
    #[must_use]
    pub const fn with_min_distinct(mut self, min_distinct: u64) -> Self {
        self.min_distinct = min_distinct;
        self
    }

    /// The same, with another [`min_duration`](Self::min_duration).
    #[must_use]
    pub const fn with_min_duration(mut self, min_duration: Duration) -> Self {
        self.min_duration = min_duration;
        self
    }

    /// The same, with another [`min_document`](Self::min_document).
    #[must_use]
    pub const fn with_min_document(mut self, min_document: f64) -> Self {
        self.min_document = min_document;
        self
    }

    /// The same, with another [`promote_match_rate`](Self::promote_match_rate).
    #[must_use]
    pub const fn with_promote_match_rate(mut self, promote_match_rate: f64) -> Self {
        self.promote_match_rate = promote_match_rate;
        self
    }

    /// The same, with another [`regressed_match_rate`](Self::regressed_match_rate).
    #[must_use]
    pub const fn with_regressed_match_rate(mut self, regressed_match_rate: f64) -> Self {
        self.regressed_match_rate = regressed_match_rate;
        self
    }

    /// The same, with another [`slow_ratio`](Self::slow_ratio).
    #[must_use]
    pub const fn with_slow_ratio(mut self, slow_ratio: f64) -> Self {
        self.slow_ratio = slow_ratio;
        self
    }

    /// The same, with another [`latency_slack`](Self::latency_slack).
    #[must_use]
    pub const fn with_latency_slack(mut self, latency_slack: Duration) -> Self {
        self.latency_slack = latency_slack;
        self
    }

    /// The same, with another [`max_slow`](Self::max_slow).
    #[must_use]
    pub const fn with_max_slow(mut self, max_slow: f64) -> Self {
        self.max_slow = max_slow;
        self
    }

    /// The same, with another [`regressed_slow`](Self::regressed_slow).
    #[must_use]
    pub const fn with_regressed_slow(mut self, regressed_slow: f64) -> Self {
        self.regressed_slow = regressed_slow;
        self
    }

    /// The same, with another [`latency_regresses`](Self::latency_regresses).
    #[must_use]
    pub const fn with_latency_regresses(mut self, latency_regresses: bool) -> Self {
        self.latency_regresses = latency_regresses;
        self
    }

    /// The same, with another [`max_not_compared`](Self::max_not_compared).
    #[must_use]
    pub const fn with_max_not_compared(mut self, max_not_compared: f64) -> Self {
        self.max_not_compared = max_not_compared;
        self
    }

    /// The same, with another [`max_no_baseline`](Self::max_no_baseline).
    #[must_use]
    pub const fn with_max_no_baseline(mut self, max_no_baseline: f64) -> Self {
        self.max_no_baseline = max_no_baseline;
        self
    }

    /// The same, with another [`max_failed`](Self::max_failed).
    #[must_use]
    pub const fn with_max_failed(mut self, max_failed: f64) -> Self {
        self.max_failed = max_failed;
        self
    }

    /// The same, with another [`regressed_failed`](Self::regressed_failed).
    #[must_use]
    pub const fn with_regressed_failed(mut self, regressed_failed: f64) -> Self {
        self.regressed_failed = regressed_failed;
        self
    }

    /// The same, with another [`max_baseline_differs`](Self::max_baseline_differs).
    #[must_use]
    pub const fn with_max_baseline_differs(mut self, max_baseline_differs: f64) -> Self {
        self.max_baseline_differs = max_baseline_differs;
        self
    }

    /// The same, with another [`max_baseline_status`](Self::max_baseline_status).
    #[must_use]
    pub const fn with_max_baseline_status(mut self, max_baseline_status: f64) -> Self {
        self.max_baseline_status = max_baseline_status;
        self
    }

    /// The same, with another [`noise_absolute`](Self::noise_absolute).
    #[must_use]
    pub const fn with_noise_absolute(mut self, noise_absolute: f64) -> Self {
        self.noise_absolute = noise_absolute;
        self
    }

    /// The same, with another [`noise_relative`](Self::noise_relative).
    #[must_use]
    pub const fn with_noise_relative(mut self, noise_relative: f64) -> Self {
        self.noise_relative = noise_relative;
        self
    }

    /// Whether a verdict can rest on them.
    ///
    /// # Errors
    ///
    /// [`ThresholdError`] for a share outside 0 to 1, for a ratio that is no number larger than 0,
    /// and for a bound of nothing at all (a `promote_match_rate` of 1, or no share that may fail or
    /// be slow): no number of comparisons shows that it is kept.
    pub fn check(&self) -> Result<(), ThresholdError> {
        for (name, share) in [
            ("min_document", self.min_document),
            ("promote_match_rate", self.promote_match_rate),
            ("regressed_match_rate", self.regressed_match_rate),
            ("max_slow", self.max_slow),
            ("regressed_slow", self.regressed_slow),
            ("max_not_compared", self.max_not_compared),
            ("max_no_baseline", self.max_no_baseline),
            ("max_failed", self.max_failed),
            ("regressed_failed", self.regressed_failed),
            ("max_baseline_differs", self.max_baseline_differs),
            ("max_baseline_status", self.max_baseline_status),
            ("noise_absolute", self.noise_absolute),
            ("noise_relative", self.noise_relative),
        ] {
            if !(0.0..=1.0).contains(&share) {
                let wanted = "a share between 0 and 1";
                return Err(ThresholdError { name, wanted });
            }
        }
        if self.promote_match_rate >= 1.0 {
            return Err(ThresholdError {
                name: "promote_match_rate",
                wanted: "less than 1: no number of comparisons shows that all match",
            });
        }
        for (name, share) in [("max_failed", self.max_failed), ("max_slow", self.max_slow)] {
            if share <= 0.0 {
                let wanted = "more than 0: no number of requests shows that there are none";
                return Err(ThresholdError { name, wanted });
            }
        }
        // Infinity turns the check of latencies off.
        if self.slow_ratio.is_nan() || self.slow_ratio <= 0.0 {
            let (name, wanted) = ("slow_ratio", "larger than 0");
            return Err(ThresholdError { name, wanted });
        }
        Ok(())
    }

    /// The share of responses that may differ.
    pub(super) fn max_mismatched(&self) -> f64 {
        1.0 - self.promote_match_rate
    }
}
