//! How long things took, as a distribution.

use std::{fmt, time::Duration};

use histogram::{AtomicHistogram, Config, Histogram};
use serde::{Serialize, Serializer, ser::SerializeStruct};

/// Each power of two is divided by 2^4, so that a quantile is at most 6 % too large; 500 counters of 8 bytes.
const GROUPING_POWER: u8 = 4;

/// In microseconds, up to 2^34 (4.8 hours). What took longer counts as that long.
const MAX_VALUE_POWER: u8 = 34;

/// Notes durations without locks.
#[derive(Debug)]
pub(crate) struct LatencyRecorder {
    /// `None` only if the two powers above did not fit one another.
    micros: Option<AtomicHistogram>,
}

impl LatencyRecorder {
    pub(crate) fn new() -> Self {
        let config = Config::new(GROUPING_POWER, MAX_VALUE_POWER).ok();
        Self {
            micros: config.as_ref().map(AtomicHistogram::with_config),
        }
    }

    pub(crate) fn record(&self, duration: Duration) {
        const MAX: u64 = (1 << MAX_VALUE_POWER) - 1;
        let micros = u64::try_from(duration.as_micros()).unwrap_or(MAX).min(MAX);
        if let Some(histogram) = &self.micros {
            // In range, as `MAX` says.
            let _ = histogram.increment(micros);
        }
    }

    pub(crate) fn snapshot(&self) -> Latency {
        Latency {
            micros: self.micros.as_ref().map(AtomicHistogram::load),
        }
    }
}

/// The distribution of a latency at one moment, at a resolution of 6 %.
#[derive(Clone)]
pub struct Latency {
    micros: Option<Histogram>,
}

impl Latency {
    /// How many durations were noted.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.micros.iter().flat_map(Histogram::as_slice).sum()
    }

    /// The time that so many of all took at most, `0.99` for 99 of 100; `None` where nothing was noted.
    ///
    /// # Panics
    ///
    /// Never: a share below 0 is taken as 0, and one above 1 as 1.
    #[must_use]
    pub fn quantile(&self, share: f64) -> Option<Duration> {
        let share = if share.is_nan() {
            1.0
        } else {
            share.clamp(0.0, 1.0)
        };
        let bucket = self.micros.as_ref()?.quantile_bucket(share).ok()??;
        Some(Duration::from_micros(bucket.end()))
    }
}

/// How many were noted, and `p50`, `p95` and `p99` in microseconds; those are `null` if there were none.
impl Serialize for Latency {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let micros = |share| {
            self.quantile(share)
                .map(|latency| u64::try_from(latency.as_micros()).unwrap_or(u64::MAX))
        };
        let mut fields = serializer.serialize_struct("Latency", 4)?;
        fields.serialize_field("count", &self.count())?;
        fields.serialize_field("p50", &micros(0.5))?;
        fields.serialize_field("p95", &micros(0.95))?;
        fields.serialize_field("p99", &micros(0.99))?;
        fields.end()
    }
}

/// `p50 1.2ms, p95 3ms, p99 9ms`.
impl fmt::Display for Latency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let quantiles = [("p50", 0.5), ("p95", 0.95), ("p99", 0.99)];
        for (i, (name, share)) in quantiles.into_iter().enumerate() {
            let Some(duration) = self.quantile(share) else {
                return f.write_str("none");
            };
            write!(f, "{}{name} {duration:.1?}", if i == 0 { "" } else { ", " })?;
        }
        Ok(())
    }
}

impl fmt::Debug for Latency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Latency({} noted: {self})", self.count())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_at_most_six_percent_too_large() {
        let recorder = LatencyRecorder::new();
        assert_eq!(recorder.snapshot().quantile(0.5), None);
        for millis in 1..=100 {
            recorder.record(Duration::from_millis(millis));
        }
        let latency = recorder.snapshot();
        assert_eq!(latency.count(), 100);
        for (share, millis) in [(0.5, 50_u32), (0.99, 99), (1.0, 100), (7.0, 100)] {
            let exact = Duration::from_millis(1) * millis;
            let found = latency.quantile(share).unwrap();
            assert!(
                exact <= found && found <= exact.mul_f64(1.07),
                "{found:?} for {exact:?}"
            );
        }
    }

    #[test]
    fn what_takes_days_is_noted() {
        let recorder = LatencyRecorder::new();
        recorder.record(Duration::from_hours(100));
        recorder.record(Duration::MAX);
        assert_eq!(recorder.snapshot().count(), 2);
        assert!(recorder.snapshot().quantile(0.5).unwrap() > Duration::from_hours(4));
    }
}
