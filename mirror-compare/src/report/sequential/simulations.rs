//! How often the rules are wrong. Seeded, so that they are wrong as often in each run.
//!
//! Evidence for a bound grows with each request but those in which only the shadow differs. So it
//! is largest right before these, and looking there is looking after each request.

use super::*;

/// Random numbers: `splitmix64`.
pub(in crate::report) struct Random(u64);

impl Random {
    pub(in crate::report) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15))
    }

    pub(in crate::report) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// 0 to 1, and neither of them.
    pub(in crate::report) fn share(&mut self) -> f64 {
        (number(self.next() >> 11) + 0.5) / 9_007_199_254_740_992.0
    }

    pub(in crate::report) fn chance(&mut self, share: f64) -> bool {
        self.share() < share
    }

    /// How many requests pass until something of this share happens.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a count, and what is too large for one is large enough"
    )]
    fn gap(&mut self, share: f64) -> u64 {
        (self.share().ln() / (-share).ln_1p()).floor() as u64
    }

    pub(in crate::report) fn normal(&mut self) -> f64 {
        let (radius, angle) = (self.share(), self.share());
        (-2.0 * radius.ln()).sqrt() * (std::f64::consts::TAU * angle).cos()
    }
}

/// Whether a shadow is ever promoted within so many requests, of which it makes a share `b` wrong
/// alone, and the baseline a share `c`.
fn is_promoted(random: &mut Random, horizon: u64, b: f64, c: f64, m: f64) -> bool {
    let mut paired = Paired::default();
    let either = b + c;
    loop {
        let n = paired.n.saturating_add(random.gap(either));
        paired.n = n.min(horizon);
        if n >= horizon {
            return paired.below(m) >= SURE;
        }
        if random.chance(b / either) {
            if paired.below(m) >= SURE {
                return true;
            }
            paired.note(true, false);
        } else {
            paired.note(false, true);
        }
    }
}

/// The share of runs in which it is, in thousandths.
fn promoted(runs: u64, horizon: u64, b: f64, c: f64, m: f64) -> u64 {
    let promoted = (0..runs).filter(|run| is_promoted(&mut Random::new(run + 1), horizon, b, c, m));
    promoted.count() as u64 * 1000 / runs
}

/// What chance alone may add to 2.5 % of 1,000 runs: two and a half standard errors.
const AT_MOST: u64 = 25 + 12;

#[test]
fn shadows_that_are_wrong_too_often_are_promoted_as_seldom_as_documented() {
    // Without noise: each mismatch is one.
    for (runs, rate, at_most) in [
        (1_000, 0.01, AT_MOST),
        (500, 0.011, 20),
        (500, 0.012, 15),
        (500, 0.015, 10),
        (500, 0.02, 5),
    ] {
        let found = promoted(runs, 30_000, rate, 0.0, 0.01);
        assert!(found <= at_most, "{rate}: {found} of 1,000");
    }
}

#[test]
fn noise_promotes_no_shadow_that_is_wrong_too_often() {
    // A place that differs by noise in shadow and baseline alike, and by a fault in the shadow in
    // 1.5 % of the responses as well.
    for noise in [0.0005, 0.002, 0.01, 0.03, 0.1] {
        let shadow = 1.0 - (1.0 - noise) * (1.0 - 0.015);
        let (b, c) = (shadow * (1.0 - noise), noise * (1.0 - shadow));
        let found = promoted(300, 30_000, b, c, 0.01);
        assert!(found <= 25, "{noise}: {found} of 1,000");
    }
    // Exactly at the bound, whatever the noise.
    for noise in [0.01, 0.1, 0.25] {
        let found = promoted(300, 10_000, noise + 0.01, noise, 0.01);
        assert!(found <= 25 + 20, "{noise}: {found} of 1,000");
    }
}

#[test]
fn a_faulty_baseline_hides_no_faulty_shadow_at_another_place() {
    // The shadow is wrong in 4 % at one place, and the baseline in 4 % at another: the mean over
    // responses is 0, and at the place itself it is not.
    let promoted = (0..300).filter(|run| {
        let mut random = Random::new(run + 1);
        let mut whole = Paired::default();
        let mut places = [Paired::default(); 2];
        (0..5_000).any(|_| {
            let (shadow, baseline) = (random.chance(0.04), random.chance(0.04));
            whole.note(shadow, baseline);
            places[0].note(shadow, false);
            places[1].note(false, baseline);
            shadow && {
                let b_places = places.iter().filter(|place| place.b > 0);
                let mut all = b_places.chain([&whole]);
                all.all(|place| place.below(0.01) >= SURE)
            }
        })
    });
    assert_eq!(promoted.count(), 0);
}

#[test]
fn healthy_shadows_are_promoted_whatever_the_noise() {
    for (noise, horizon, at_least) in [
        (0.0005, 2_000, 990),
        (0.002, 3_000, 980),
        (0.01, 8_000, 950),
        (0.03, 20_000, 900),
        (0.1, 60_000, 850),
    ] {
        let either = noise * (1.0 - noise);
        let found = promoted(100, horizon, either, either, 0.01);
        assert!(found >= at_least, "{noise}: {found} of 1,000");
    }
}

/// The share of runs in thousandths in which a shadow is ever called regressed.
fn regressed(runs: u64, horizon: u64, b: f64, c: f64, m: f64, e: f64) -> u64 {
    let regressed = (0..runs).filter(|run| {
        let mut random = Random::new(run + 1);
        let mut paired = Paired::default();
        let either = b + c;
        loop {
            paired.n = paired.n.saturating_add(random.gap(either));
            if paired.n >= horizon {
                return false;
            }
            let shadow = random.chance(b / either);
            paired.note(shadow, !shadow);
            // It grows here only.
            if shadow && paired.above(m) >= e {
                return true;
            }
        }
    });
    regressed.count() as u64 * 1000 / runs
}

#[test]
fn shadows_that_are_right_often_enough_are_seldom_called_regressed() {
    for (b, c) in [(0.05, 0.0), (0.15, 0.1), (0.3, 0.25)] {
        // A third of 2.5 %, and chance.
        let found = regressed(300, 5_000, b, c, 0.05, REGRESSED);
        assert!(found <= 9 + 14, "{b}: {found} of 1,000");
    }
    assert_eq!(regressed(300, 10_000, 0.04, 0.0, 0.05, REGRESSED), 0);
    for (rate, horizon) in [(0.1, 1_500), (0.2, 300), (0.5, 60)] {
        let found = regressed(200, horizon, rate, 0.0, 0.05, REGRESSED);
        assert!(found >= 950, "{rate}: {found} of 1,000");
    }
}

#[test]
fn windows_take_a_promotion_away_as_seldom_as_they_say() {
    let found = regressed(2_000, 3_000, 0.01, 0.0, 0.01, ALARM);
    assert!(found <= 2, "{found} of 1,000");
}
