//! How far the sampler is from the exact share, for any percentage, from any moment on.

use proptest::prelude::*;

use super::*;

/// The longest run of requests that is looked at.
const REQUESTS: usize = 10_000;

/// How far a window of up to [`REQUESTS`] requests can be from its share, if all requests are of
/// one kind; and where every second, every third, up to every twentieth is of the kind that is
/// counted.
///
/// These are the least whole numbers that hold. The numbers drawn for every k-th request are the
/// multiples of k times the golden ratio, modulo 1, and how evenly they lie depends on how well
/// fractions come near it: for k = 1 it is as even as can be, for the Fibonacci numbers 5, 8 and 13
/// and their neighbours less so.
const BOUNDS: [u32; 20] = [
    5, 8, 8, 9, 12, 8, 12, 14, 10, 11, 15, 12, 22, 9, 13, 16, 21, 18, 15, 7,
];

/// A sampler that starts anywhere.
fn any_sampler() -> impl Strategy<Value = Sampler> {
    any::<u64>().prop_map(Sampler::starting_at)
}

fn any_percentage() -> impl Strategy<Value = f64> {
    prop_oneof![(0..=100_u8).prop_map(f64::from), 0.0..=100.0]
}

/// How far the number of sampled requests among the `requests` is from its share, at most, in any
/// window.
fn farthest(percentage: f64, sampled: impl Iterator<Item = bool>) -> f64 {
    let (mut ahead, mut most, mut least) = (0.0, 0.0_f64, 0.0_f64);
    for sampled in sampled {
        ahead += f64::from(u8::from(sampled)) - percentage / 100.0;
        most = most.max(ahead);
        least = least.min(ahead);
    }
    most - least
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn every_window_is_near_its_share(sampler in any_sampler(), percentage in any_percentage()) {
        let share = Share::of_percentage(percentage);
        let sampled = (0..REQUESTS).map(|_| share.samples(sampler.draw()));
        let farthest = farthest(percentage, sampled);
        prop_assert!(farthest <= f64::from(BOUNDS[0]), "{farthest}");
    }

    #[test]
    fn periodic_traffic_is_near_its_share(
        sampler in any_sampler(),
        percentage in any_percentage(),
        period in 2..=BOUNDS.len(),
    ) {
        let share = Share::of_percentage(percentage);
        let all = (0..REQUESTS * period).map(|_| share.samples(sampler.draw()));
        let farthest = farthest(percentage, all.step_by(period));
        prop_assert!(farthest <= f64::from(BOUNDS[period - 1]), "{farthest} of every {period}.");
    }

    #[test]
    fn a_hundred_requests_are_within_three(sampler in any_sampler(), percentage in any_percentage()) {
        let share = Share::of_percentage(percentage);
        let sampled = (0..100).map(|_| share.samples(sampler.draw()));
        let farthest = farthest(percentage, sampled);
        prop_assert!(farthest <= 3.0, "{farthest}");
    }

    #[test]
    fn threads_are_near_the_share_together(
        sampler in any_sampler(),
        percentage in any_percentage(),
        requests in prop::collection::vec(0..REQUESTS / 8, 2..=8),
    ) {
        let share = Share::of_percentage(percentage);
        let sampled: u32 = std::thread::scope(|scope| {
            let draw = |requests| {
                let (sampler, range) = (&sampler, 0..requests);
                move || range.map(|_| u32::from(share.samples(sampler.draw()))).sum::<u32>()
            };
            let threads: Vec<_> = requests.iter().map(|n| scope.spawn(draw(*n))).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).sum()
        });
        let all = u32::try_from(requests.iter().sum::<usize>()).unwrap();
        let exact = f64::from(all) * percentage / 100.0;
        prop_assert!((f64::from(sampled) - exact).abs() <= f64::from(BOUNDS[0]));
    }

    #[test]
    fn a_smaller_share_is_a_part_of_any_larger_one(
        sampler in any_sampler(),
        percentages in (any_percentage(), any_percentage()),
    ) {
        let (one, other) = percentages;
        let smaller = Share::of_percentage(one.min(other));
        let larger = Share::of_percentage(one.max(other));
        for _ in 0..1_000 {
            let draw = sampler.draw();
            prop_assert!(larger.samples(draw) || !smaller.samples(draw));
        }
    }
}
