//! Which responses are slow.

use std::time::Duration;

use super::{Paired, Thresholds};

/// How many times `slow_ratio` a response takes. A shadow that is faster for most requests must not
/// hide that it is far slower for others: who gains a little does not make up for who loses much.
const BANDS: [f64; 3] = [1.0, 4.0, 16.0];

/// Requests by who is slow, in each band.
pub(super) type Slow = [Paired; BANDS.len()];

/// Counts a request that took a shadow `shadow`, and `reference` whoever it is held against.
///
/// Returns who is slow by the first band. Both are counted, as for differences: two servers of the same law are as often slower than each
/// other, however heavy its tail is.
pub(super) fn note(
    slow: &mut Slow,
    shadow: Duration,
    reference: Duration,
    thresholds: &Thresholds,
) -> [bool; 2] {
    let is_slow = |one: Duration, other: Duration, band: f64| {
        let times = other.as_secs_f64() * thresholds.slow_ratio * band;
        one.as_secs_f64() > times && one > other.saturating_add(thresholds.latency_slack)
    };
    let bands = BANDS.map(|band| {
        [
            is_slow(shadow, reference, band),
            is_slow(reference, shadow, band),
        ]
    });
    for (paired, [shadow, other]) in slow.iter_mut().zip(bands) {
        paired.note(shadow, other);
    }
    bands[0]
}
