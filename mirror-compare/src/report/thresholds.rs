//! What is asked of a shadow.

use std::time::Duration;

use crate::error::ThresholdError;

/// What is asked of a shadow before a report says [`Promote`](super::ReportVerdict::Promote), and what makes it say
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
    /// With fewer comparisons than this, nothing is said. Default: 100, from which on the interval of the match rate is
    /// narrower than 20 percentage points.
    pub min_compared: u64,
    /// The match rate that the shadow must surely have, which is the lower end of its interval. Default: 0.99. Without
    /// any mismatch 381 comparisons show it, with 1 % of mismatches none ever do.
    pub promote_match_rate: f64,
    /// The match rate that a shadow that regressed surely has not, which is the upper end of its interval. Default:
    /// 0.95: one response in twenty differs, and nobody calls that the same service.
    ///
    /// A baseline that has the primary's status less often than this confirms no noise either: the report holds then.
    pub regressed_match_rate: f64,
    /// How many times as long as the primary the shadow may take, at the 95th percentile. Default: 1.25, twice what
    /// the resolution of the latencies (6 % each) can feign.
    pub promote_latency_ratio: f64,
    /// How many times as long as the primary a shadow takes that regressed, at the 95th percentile. Default: 2.
    pub regressed_latency_ratio: f64,
    /// Latencies that differ by less are the same, whatever their ratio: the shadow's holds the network between, and
    /// the primary's may be a few microseconds. Default: 10 ms.
    pub latency_slack: Duration,
    /// The share of responses that may have been left without a comparison. Default: 0.1. What is not compared, because it
    /// failed or is too large, may well be what differs.
    ///
    /// The same share of requests a baseline may have left without a response, where it has made matches of mismatches.
    pub max_not_compared: f64,
    /// The share of sampled requests that the shadow may have left without a response. Default: 0.01, as many as may differ.
    /// Copies that failed count, and requests that were not sent while the circuit of the target was open or as many copies
    /// as may be were waiting for it: what it would have made of those, nobody knows.
    pub max_failed: f64,
    /// How much higher than the baseline's the shadow's rate of a group of differences is at least, where the group is no
    /// noise. Default: 0.001, one comparison in a thousand.
    ///
    /// A group is noise where the baseline differs from the primary there too, unless the shadow's rate is higher by more
    /// than this, by more than `noise_relative` of itself, and by more than two standard errors of the difference, which
    /// is what chance alone sets two rates apart. So with few comparisons much is taken for noise that turns out to be
    /// none later: of the first two, a group that the baseline had once and the shadow twice is. What the baseline never
    /// had is no noise, from the first time on.
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
    /// [`ThresholdError`] for a share outside 0 to 1, and for a ratio that is no number larger than 0.
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
            // Infinite where latencies are not to matter.
            if ratio.is_nan() || ratio <= 0.0 {
                let wanted = "larger than 0";
                return Err(ThresholdError { name, wanted });
            }
        }
        Ok(())
    }
}
