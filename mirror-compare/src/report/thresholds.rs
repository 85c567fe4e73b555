//! Promotion thresholds.

use std::time::Duration;

use crate::error::ThresholdError;

/// The bars that a shadow must clear before a report says
/// [`Promote`](super::ReportVerdict::Promote), and below which it says
/// [`Regressed`](super::ReportVerdict::Regressed).
///
/// ```
/// use mirror_compare::report::Thresholds;
///
/// let thresholds = Thresholds::default()
///     .with_promote_match_rate(0.999)
///     .with_min_compared(1_000);
/// assert!(thresholds.check().is_ok());
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Thresholds {
    /// With fewer comparisons than this, there is no verdict. Default: 100, from which on the
    /// interval of the match rate is narrower than 20 percentage points.
    pub min_compared: u64,
    /// The match rate that the lower end of the interval must reach. Default: 0.99. Without any
    /// mismatch, 381 comparisons reach it; with 1 % of mismatches, no number does.
    pub promote_match_rate: f64,
    /// The match rate below which the upper end of the interval means a regression. Default: 0.95,
    /// one difference in twenty responses.
    ///
    /// A baseline that has the primary's status less often than this confirms no noise either: the
    /// report holds then.
    pub regressed_match_rate: f64,
    /// How many times the primary's latency the shadow's may be, at the 95th percentile. Default:
    /// 1.25, twice the error that the resolution of the latencies (6 % each) allows.
    pub promote_latency_ratio: f64,
    /// How many times the primary's latency means a regression, at the 95th percentile. Default: 2.
    pub regressed_latency_ratio: f64,
    /// Latencies that differ by less count as equal, whatever their ratio: the shadow's includes
    /// the network, and the primary's may be a few microseconds. Default: 10 ms.
    pub latency_slack: Duration,
    /// The share of responses that may be left without a comparison. Default: 0.1. A response that
    /// failed or is too large may well be one that differs.
    ///
    /// A baseline whose noise turned mismatches into matches may leave the same share of requests
    /// without a response.
    pub max_not_compared: f64,
    /// The share of sampled requests that the shadow may leave without a response. Default: 0.01,
    /// as many as may differ. Failed copies count, and so do requests that were not sent because
    /// the circuit of the target was open or its in-flight limit was reached.
    pub max_failed: f64,
    /// By how much the shadow's rate of a group of differences must exceed the baseline's for the
    /// group to be no noise. Default: 0.001, one comparison in a thousand.
    ///
    /// A group is noise if the baseline differs from the primary there too, unless the shadow's
    /// rate is higher by more than this, by more than `noise_relative` of itself, and by more than
    /// two standard errors of the difference, which chance alone may cause. With few comparisons
    /// much passes for noise that later turns out not to be: of the first two, a group that the
    /// baseline had once and the shadow twice. A group that the baseline never had is no noise,
    /// from the first time on.
    pub noise_absolute: f64,
    /// The same as a share of the shadow's rate. Default: 0.2.
    pub noise_relative: f64,
}

impl Default for Thresholds {
    fn default() -> Self {
        Self {
            min_compared: 100,
            promote_match_rate: 0.99,
            regressed_match_rate: 0.95,
            promote_latency_ratio: 1.25,
            regressed_latency_ratio: 2.0,
            latency_slack: Duration::from_millis(10),
            max_not_compared: 0.1,
            max_failed: 0.01,
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

    /// The same, with another [`promote_latency_ratio`](Self::promote_latency_ratio).
    #[must_use]
    pub const fn with_promote_latency_ratio(mut self, promote_latency_ratio: f64) -> Self {
        self.promote_latency_ratio = promote_latency_ratio;
        self
    }

    /// The same, with another [`regressed_latency_ratio`](Self::regressed_latency_ratio).
    #[must_use]
    pub const fn with_regressed_latency_ratio(mut self, regressed_latency_ratio: f64) -> Self {
        self.regressed_latency_ratio = regressed_latency_ratio;
        self
    }

    /// The same, with another [`latency_slack`](Self::latency_slack).
    #[must_use]
    pub const fn with_latency_slack(mut self, latency_slack: Duration) -> Self {
        self.latency_slack = latency_slack;
        self
    }

    /// The same, with another [`max_not_compared`](Self::max_not_compared).
    #[must_use]
    pub const fn with_max_not_compared(mut self, max_not_compared: f64) -> Self {
        self.max_not_compared = max_not_compared;
        self
    }

    /// The same, with another [`max_failed`](Self::max_failed).
    #[must_use]
    pub const fn with_max_failed(mut self, max_failed: f64) -> Self {
        self.max_failed = max_failed;
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
    /// [`ThresholdError`] for a share outside 0 to 1, and for a ratio that is no number larger than
    /// 0.
    pub fn check(&self) -> Result<(), ThresholdError> {
        for (name, share) in [
            ("promote_match_rate", self.promote_match_rate),
            ("regressed_match_rate", self.regressed_match_rate),
            ("max_not_compared", self.max_not_compared),
            ("max_failed", self.max_failed),
            ("noise_absolute", self.noise_absolute),
            ("noise_relative", self.noise_relative),
        ] {
            if !(0.0..=1.0).contains(&share) {
                let wanted = "a share between 0 and 1";
                return Err(ThresholdError { name, wanted });
            }
        }
        for (name, ratio) in [
            ("promote_latency_ratio", self.promote_latency_ratio),
            ("regressed_latency_ratio", self.regressed_latency_ratio),
        ] {
            // Infinity turns the check of latencies off.
            if ratio.is_nan() || ratio <= 0.0 {
                let wanted = "larger than 0";
                return Err(ThresholdError { name, wanted });
            }
        }
        Ok(())
    }
}
