//! Which requests are copied: a share of them, spread evenly from a random point on, without locks
//! and without a pattern that periodic traffic could fall into.

mod sticky;

use std::{
    hash::{BuildHasher, RandomState},
    sync::atomic::{AtomicU64, Ordering},
};

#[cfg(feature = "testing")]
use std::sync::atomic::AtomicBool;

pub use self::sticky::Sticky;
pub(crate) use self::sticky::StickyBy;

/// 2^64 divided by the golden ratio. The multiples of it, modulo 2^64, are the additive sequence
/// with the lowest discrepancy there is: each stretch of them is spread over the whole range as
/// evenly as possible.
const STEP: u64 = 0x9E37_79B9_7F4A_7C15;

/// Whether samplers start at a point that tests know.
#[cfg(feature = "testing")]
static IS_FIXED: AtomicBool = AtomicBool::new(false);

/// Lets all samplers that are made from now on start at the same point.
#[cfg(feature = "testing")]
pub(crate) fn fix() {
    IS_FIXED.store(true, Ordering::Relaxed);
}

/// Draws one number per request.
#[derive(Debug)]
pub(crate) struct Sampler {
    sum: AtomicU64,
}

/// The number drawn for a request. All targets of a mirror compare the same one with their share,
/// so the requests of a target at 5 % are among those of a target at 10 %.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Draw(u64);

impl Sampler {
    /// A sampler that starts at a random point of its sequence: replicas must not sample in step,
    /// and a program that serves a few requests is to be mirrored as often as any. From each point
    /// on, the sequence is as even as from any other.
    pub(crate) fn new() -> Self {
        #[cfg(feature = "testing")]
        if IS_FIXED.load(Ordering::Relaxed) {
            return Self::starting_at(0);
        }
        // The keys of a hash map are as random as the start of a sequence needs to be.
        Self::starting_at(RandomState::new().hash_one(STEP))
    }

    const fn starting_at(start: u64) -> Self {
        Self {
            sum: AtomicU64::new(start),
        }
    }

    pub(crate) fn draw(&self) -> Draw {
        // `Relaxed`: nothing else is read or written on the strength of this number.
        Draw(
            self.sum
                .fetch_add(STEP, Ordering::Relaxed)
                .wrapping_add(STEP),
        )
    }
}

/// A percentage, as the part of all possible draws that lies below it.
///
/// It fits a word that can be shared: the largest stands for all draws, of which there is one more.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Share(u64);

impl Share {
    /// The share of a percentage that has been checked to lie between 0 and 100.
    pub(crate) fn of_percentage(percentage: f64) -> Self {
        const ALL_DRAWS: f64 = 18_446_744_073_709_551_616.0;
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "between 0 and 2^64, which becomes the largest; the fraction cut off is less than one draw in 2^64"
        )]
        Self((percentage / 100.0 * ALL_DRAWS) as u64)
    }

    /// The percentage that it is of, to nine decimal places.
    #[cfg(feature = "log")]
    pub(crate) fn percentage(self) -> f64 {
        #[expect(
            clippy::cast_precision_loss,
            reason = "what is lost is less than the places that are kept"
        )]
        let percentage = self.0 as f64 / 2_f64.powi(64) * 100.0;
        (percentage * 1e9).round() / 1e9
    }

    pub(crate) const fn from_bits(bits: u64) -> Self {
        Self(bits)
    }

    pub(crate) const fn bits(self) -> u64 {
        self.0
    }

    /// Whether it is no request at all.
    #[inline]
    pub(crate) const fn is_zero(self) -> bool {
        self.0 == 0
    }

    /// Whether a request is sampled for a target that has this share.
    #[inline]
    pub(crate) const fn samples(self, draw: Draw) -> bool {
        draw.0 < self.0 || self.0 == u64::MAX
    }
}

#[cfg(test)]
mod properties;

#[cfg(test)]
mod tests {
    use super::*;

    fn sampled(percentage: f64, requests: usize) -> Vec<bool> {
        let (sampler, share) = (Sampler::starting_at(0), Share::of_percentage(percentage));
        (0..requests)
            .map(|_| share.samples(sampler.draw()))
            .collect()
    }

    fn count<'a>(sampled: impl IntoIterator<Item = &'a bool>) -> usize {
        sampled.into_iter().filter(|sampled| **sampled).count()
    }

    #[test]
    fn the_first_ten_and_the_first_hundred_are_exact() {
        for (percentage, of_10, of_100) in
            [(0.0, 0, 0), (10.0, 1, 10), (50.0, 5, 50), (100.0, 10, 100)]
        {
            assert_eq!(
                count(&sampled(percentage, 10)),
                of_10,
                "{percentage} % of 10"
            );
            assert_eq!(
                count(&sampled(percentage, 100)),
                of_100,
                "{percentage} % of 100"
            );
        }
    }

    #[cfg(feature = "log")]
    #[test]
    fn a_share_is_read_as_it_was_set() {
        for percentage in [0.0, 0.001, 1.0, 5.0, 12.5, 33.3, 66.666_666, 99.9, 100.0] {
            let read = Share::of_percentage(percentage).percentage();
            assert!(
                read.to_bits() == f64::to_bits(percentage),
                "{read} {percentage}"
            );
        }
    }

    #[test]
    fn each_sampler_starts_anywhere() {
        let share = Share::of_percentage(1.0);
        let first = (0..10_000).filter(|_| share.samples(Sampler::new().draw()));
        // A hundred of them, in a fair draw; so far off it is once in a billion runs.
        let first = first.count();
        assert!((40..=160).contains(&first), "{first}");
        let (none, all) = (Share::of_percentage(0.0), Share::of_percentage(100.0));
        for _ in 0..1_000 {
            let sampler = Sampler::new();
            assert!((0..10).all(|_| !none.samples(sampler.draw())));
            assert!((0..10).all(|_| all.samples(sampler.draw())));
        }
    }

    #[test]
    fn every_window_of_a_hundred_is_within_two() {
        for percentage in [1_u8, 10, 33, 50, 99] {
            for window in sampled(percentage.into(), 10_000).windows(100) {
                assert!(
                    count(window).abs_diff(percentage.into()) <= 2,
                    "{percentage} %"
                );
            }
        }
    }

    #[test]
    fn alternating_requests_are_sampled_alike() {
        for percentage in [10_u8, 25, 50] {
            let sampled = sampled(percentage.into(), 2_000);
            let share = usize::from(percentage) * 10;
            let even = count(sampled.iter().step_by(2));
            let odd = count(sampled.iter().skip(1).step_by(2));
            assert!(
                even.abs_diff(share) <= 3 && odd.abs_diff(share) <= 3,
                "{even} {odd}"
            );
        }
    }

    #[test]
    fn a_smaller_share_is_a_part_of_a_larger_one() {
        let (five, ten) = (sampled(5.0, 1_000), sampled(10.0, 1_000));
        assert!(five.iter().zip(&ten).all(|(five, ten)| !five || *ten));
    }

    #[test]
    fn threads_share_one_sequence() {
        let (sampler, share) = (Sampler::starting_at(0), Share::of_percentage(10.0));
        let total: usize = std::thread::scope(|scope| {
            let draws = || (0..1_000).filter(|_| share.samples(sampler.draw())).count();
            let threads: Vec<_> = (0..10).map(|_| scope.spawn(draws)).collect();
            threads
                .into_iter()
                .map(|thread| thread.join().unwrap())
                .sum()
        });
        assert_eq!(total, 1_000);
    }
}
