//! How long things took, as counts that can be added and subtracted.

use std::time::Duration;

use crate::snapshot::Latency;

/// The upper ends of buckets in microseconds, in order, with the number in each. Those with nothing
/// in them are left out, so that the distribution of an idle target takes no room.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Distribution(Vec<(u64, u64)>);

impl Distribution {
    pub(crate) fn new(latency: &mirror_runtime::Latency) -> Self {
        let micros = |end: Duration| u64::try_from(end.as_micros()).unwrap_or(u64::MAX);
        let buckets = latency.buckets();
        Self(buckets.map(|(end, count)| (micros(end), count)).collect())
    }

    /// So many things that took as long.
    #[cfg(test)]
    pub(crate) fn of(micros: u64, count: u64) -> Self {
        Self(vec![(micros, count)])
    }

    /// What is in it and was not in an earlier one.
    pub(crate) fn since(&self, earlier: &Self) -> Self {
        let mut before = earlier.0.iter().peekable();
        let mut more = Vec::new();
        for &(end, count) in &self.0 {
            while before.next_if(|(other, _)| *other < end).is_some() {}
            let was = before.next_if(|(other, _)| *other == end);
            let count = count.saturating_sub(was.map_or(0, |(_, was)| *was));
            if count > 0 {
                more.push((end, count));
            }
        }
        Self(more)
    }

    pub(crate) fn add(&mut self, more: &Self) {
        for &(end, count) in &more.0 {
            match self.0.binary_search_by_key(&end, |(end, _)| *end) {
                Ok(index) => self.0[index].1 += count,
                Err(index) => self.0.insert(index, (end, count)),
            }
        }
    }

    /// The times of the nearest ranks, in one pass.
    pub(crate) fn latency(&self) -> Latency {
        let count = self.0.iter().map(|(_, count)| count).sum();
        let mut latency = Latency {
            count,
            ..Latency::default()
        };
        let mut quantiles = [
            (50, &mut latency.p50_us),
            (95, &mut latency.p95_us),
            (99, &mut latency.p99_us),
        ];
        let mut below = 0_u128;
        for &(end, in_bucket) in &self.0 {
            below += u128::from(in_bucket);
            for (hundredths, quantile) in &mut quantiles {
                if quantile.is_none() && below * 100 >= u128::from(count) * *hundredths {
                    **quantile = Some(end);
                }
            }
        }
        latency
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn distribution(buckets: &[(u64, u64)]) -> Distribution {
        Distribution(buckets.to_vec())
    }

    #[test]
    fn quantiles_are_those_of_the_nearest_rank() {
        let latency = distribution(&[(10, 50), (20, 45), (30, 4), (40, 1)]).latency();
        assert_eq!(latency.count, 100);
        let found = (latency.p50_us, latency.p95_us, latency.p99_us);
        assert_eq!(found, (Some(10), Some(20), Some(30)));
        let one = distribution(&[(7, 1)]).latency();
        assert_eq!((one.p50_us, one.p99_us), (Some(7), Some(7)));
        assert_eq!(Distribution::default().latency(), Latency::default());
    }

    #[test]
    fn they_are_added_and_subtracted() {
        let mut all = distribution(&[(10, 1)]);
        all.add(&distribution(&[(5, 2), (10, 3), (20, 4)]));
        assert_eq!(all, distribution(&[(5, 2), (10, 4), (20, 4)]));
        let less = all.since(&distribution(&[(5, 2), (10, 1)]));
        assert_eq!(less, distribution(&[(10, 3), (20, 4)]));
    }

    #[test]
    fn they_are_the_runtimes_own() {
        let mirror = mirror_runtime::Mirror::new(["http://127.0.0.1:9"]).unwrap();
        let stats = mirror.stats();
        assert_eq!(Distribution::new(&stats.latency), Distribution::default());
    }
}
