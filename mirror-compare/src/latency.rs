//! How long things took, as a distribution.

use std::{fmt, sync::LazyLock, time::Duration};

use histogram::{AtomicHistogram, Config, Histogram};
use serde::{Serialize, Serializer, ser::SerializeMap};

/// Each power of two is divided by 2^4, so that a quantile is at most 6 % too large; 500 counters
/// of 8 bytes.
const GROUPING_POWER: u8 = 4;

/// In microseconds, up to 2^34 (4.8 hours). Longer durations count as that long.
const MAX_VALUE_POWER: u8 = 34;

/// Notes durations without locks.
#[derive(Debug)]
pub struct LatencyRecorder {
    /// `None` only if the two powers above did not fit one another.
    micros: Option<AtomicHistogram>,
}

impl Default for LatencyRecorder {
    fn default() -> Self {
        Self::new()
    }
}

impl LatencyRecorder {
    /// Nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self {
            micros: config().as_ref().map(AtomicHistogram::with_config),
        }
    }

    /// Notes one.
    pub fn record(&self, duration: Duration) {
        if let Some(histogram) = &self.micros {
            // In range.
            let _ = histogram.increment(micros(duration));
        }
    }

    /// The distribution by now.
    #[must_use]
    pub fn snapshot(&self) -> Latency {
        Latency {
            micros: self.micros.as_ref().map(AtomicHistogram::load),
        }
    }
}

/// The longest duration of each bucket. Few buckets are filled, and the ends of all of them take a
/// hundred times as long to work out as those few to find.
static ENDS: LazyLock<Vec<u64>> = LazyLock::new(|| {
    let empty = config().as_ref().map(Histogram::with_config);
    let buckets = empty.iter().flat_map(Histogram::iter);
    buckets.map(|bucket| bucket.end()).collect()
});

/// At most [`MAX_VALUE_POWER`].
fn micros(duration: Duration) -> u64 {
    const MAX: u64 = (1 << MAX_VALUE_POWER) - 1;
    u64::try_from(duration.as_micros()).unwrap_or(MAX).min(MAX)
}

fn config() -> Option<Config> {
    Config::new(GROUPING_POWER, MAX_VALUE_POWER).ok()
}

/// The distribution of a latency at one moment, at a resolution of 6 %.
#[derive(Clone)]
pub struct Latency {
    micros: Option<Histogram>,
}

/// Nothing was noted.
impl Default for Latency {
    fn default() -> Self {
        Self {
            micros: config().as_ref().map(Histogram::with_config),
        }
    }
}

impl Latency {
    /// Nothing, and no room for anything: for those who do not ask.
    #[doc(hidden)]
    #[must_use]
    pub const fn none() -> Self {
        Self { micros: None }
    }

    /// How many durations were noted.
    #[must_use]
    pub fn count(&self) -> u64 {
        let counts = self.micros.iter().flat_map(Histogram::as_slice);
        counts.copied().fold(0, u64::saturating_add)
    }

    /// Adds the durations that were noted elsewhere.
    pub fn merge(&mut self, other: &Self) {
        if let (Some(micros), Some(other)) = (&mut self.micros, &other.micros) {
            let counts = micros.as_mut_slice().iter_mut().zip(other.as_slice());
            counts.for_each(|(count, more)| *count = count.saturating_add(*more));
        }
    }

    /// The time that so many of all took at most, `0.99` for 99 of 100; `None` if nothing was
    /// noted.
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

    /// The buckets that are not empty, the shortest first: the longest duration that counts in each,
    /// and how many do. The difference of two moments is the distribution of the time between them.
    pub fn buckets(&self) -> impl Iterator<Item = (Duration, u64)> {
        let counts = self.micros.iter().flat_map(Histogram::as_slice);
        let buckets = ENDS.iter().zip(counts).filter(|(_, count)| **count > 0);
        buckets.map(|(end, count)| (Duration::from_micros(*end), *count))
    }

    /// All of it, to be sent to another process: the indices of the buckets that are not empty, in
    /// order, and how many durations are in each.
    #[must_use]
    pub fn to_sparse(&self) -> Vec<(usize, u64)> {
        let counts = self.micros.iter().flat_map(Histogram::as_slice).copied();
        counts.enumerate().filter(|(_, count)| *count > 0).collect()
    }

    /// What [`to_sparse`](Self::to_sparse) has made, in this or another process.
    ///
    /// # Errors
    ///
    /// If it is of other buckets: from another version of this crate.
    pub fn from_sparse(buckets: &[(usize, u64)]) -> Result<Self, &'static str> {
        let mut latency = Self::default();
        let counts = latency.micros.as_mut().map(Histogram::as_mut_slice);
        let counts = counts.unwrap_or_default();
        for (index, more) in buckets {
            let count = counts
                .get_mut(*index)
                .ok_or("no such bucket of a latency")?;
            *count = count.saturating_add(*more);
        }
        Ok(latency)
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

/// Its count and percentiles, in microseconds; the count alone if that is 0.
impl Serialize for Latency {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("count", &self.count())?;
        for (name, share) in [("p50_us", 0.5), ("p95_us", 0.95), ("p99_us", 0.99)] {
            if let Some(duration) = self.quantile(share) {
                map.serialize_entry(name, &duration.as_micros())?;
            }
        }
        map.end()
    }
}

/// All of a distribution: the indices and the counts of the buckets that are not empty.
#[cfg(feature = "compare")]
#[derive(Debug, Serialize, serde::Deserialize)]
#[serde(transparent)]
pub(crate) struct Buckets(Vec<(usize, u64)>);

#[cfg(feature = "compare")]
impl Latency {
    /// Notes one.
    pub(crate) fn record(&mut self, duration: Duration) {
        if let Some(histogram) = &mut self.micros {
            // In range.
            let _ = histogram.increment(micros(duration));
        }
    }

    pub(crate) fn to_buckets(&self) -> Buckets {
        Buckets(self.to_sparse())
    }

    pub(crate) fn from_buckets(buckets: &Buckets) -> Result<Self, &'static str> {
        Self::from_sparse(&buckets.0)
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
    fn buckets_are_in_order_and_add_up() {
        let recorder = LatencyRecorder::new();
        for micros in [1, 1, 700, 90_000] {
            recorder.record(Duration::from_micros(micros));
        }
        let buckets: Vec<_> = recorder.snapshot().buckets().collect();
        assert_eq!(buckets.iter().map(|(_, count)| count).sum::<u64>(), 4);
        assert_eq!(buckets[0], (Duration::from_micros(1), 2));
        assert!(buckets.is_sorted());
        assert_eq!(
            buckets.last().map(|(end, _)| *end),
            recorder.snapshot().quantile(1.0)
        );
    }

    #[test]
    fn what_is_sent_is_all_of_it() {
        let recorder = LatencyRecorder::new();
        for micros in [1, 1, 700, 90_000] {
            recorder.record(Duration::from_micros(micros));
        }
        let latency = recorder.snapshot();
        let mut sent = Latency::from_sparse(&latency.to_sparse()).unwrap();
        assert!(sent.buckets().eq(latency.buckets()));
        sent.merge(&latency);
        assert_eq!(sent.count(), 8);
        assert!(Latency::from_sparse(&[(1 << 20, 1)]).is_err());
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
