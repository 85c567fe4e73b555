//! Which shadows are too slow.

use super::*;
use crate::report::sequential::simulations::Random;

/// The report on so many requests whose responses took so long: of the primary, the shadow, and the
/// baseline.
fn report(
    requests: u64,
    thresholds: Thresholds,
    mut micros: impl FnMut() -> (f64, f64, Option<f64>),
) -> TargetReport {
    let recorder = Recorder::new("staging", thresholds);
    let comparison = compared("{}", "{}");
    let taking = |micros: f64| Duration::from_secs_f64(micros / 1e6);
    for _ in 0..requests {
        let (primary, shadow, baseline) = micros();
        let with = |micros: f64| {
            let mut comparison = of_another_request(&comparison);
            comparison.primary_latency = taking(primary);
            comparison.shadow_latency = Some(taking(micros));
            comparison
        };
        recorder.record(&mut with(shadow), baseline.map(with).as_ref());
    }
    recorder.report(Standing::default())
}

fn lognormal(random: &mut Random, median: f64, sigma: f64) -> f64 {
    median * 1000.0 * (random.normal() * sigma).exp()
}

fn pareto(random: &mut Random) -> f64 {
    10_000.0 * random.share().powf(-1.0 / 1.1)
}

#[test]
fn a_slower_shadow_is_held() {
    for (primary, shadow, verdict) in [
        (20, 24, ReportVerdict::Promote),
        // Five times as long, and all of it may be the network.
        (2, 10, ReportVerdict::Promote),
        (40, 60, ReportVerdict::Hold),
        // Whatever the distance is: the network is not known.
        (2, 120, ReportVerdict::Hold),
    ] {
        let millis = |millis: i32| f64::from(millis) * 1000.0;
        let fixed = || (millis(primary), millis(shadow), None);
        let report = self::report(430, Thresholds::default(), fixed);
        assert_eq!(report.verdict, verdict, "{report}");
    }
    let report = report(430, Thresholds::default(), || (40e3, 60e3, None));
    let reason = "430 of 430 responses are slow: p95 61.4ms, the primary's 41.0ms";
    assert!(report.reason.ends_with(reason), "{report}");
    assert!(
        report
            .to_string()
            .contains("\nslow of 430: shadow 430, primary 0\n")
    );
}

#[test]
fn beside_a_baseline_a_slower_shadow_has_regressed() {
    let slow = || (5e3, 120e3, Some(40e3));
    let found = report(430, Thresholds::default(), slow);
    assert_eq!(found.verdict, ReportVerdict::Regressed, "{found}");
    // As far away as the baseline, and as fast.
    let far = report(430, Thresholds::default(), || (5e3, 60e3, Some(55e3)));
    assert_eq!(far.verdict, ReportVerdict::Promote, "{far}");
    // Without a baseline, if that is asked for.
    let alone = Thresholds::default().with_latency_regresses(true);
    let found = report(430, alone, || (40e3, 120e3, None));
    assert_eq!(found.verdict, ReportVerdict::Regressed, "{found}");
}

#[test]
fn the_same_law_is_no_regression_however_heavy_its_tail_is() {
    for law in 0..3 {
        for run in 0..20 {
            let mut random = Random::new(run * 3 + law + 1);
            let mut draw = || match law {
                0 => lognormal(&mut random, 20.0, 1.2),
                1 => lognormal(&mut random, 20.0, 1.8),
                _ => pareto(&mut random),
            };
            let found = report(500, Thresholds::default(), || {
                (draw(), draw(), Some(draw()))
            });
            assert_ne!(found.verdict, ReportVerdict::Regressed, "{found}");
        }
    }
    // Nor is it held for ever.
    let mut random = Random::new(1);
    let found = report(6_000, Thresholds::default(), || {
        let mut draw = || lognormal(&mut random, 20.0, 0.5);
        (draw(), draw(), Some(draw()))
    });
    assert_eq!(found.verdict, ReportVerdict::Promote, "{found}");
}

#[test]
fn slow_responses_are_not_hidden_by_fast_ones() {
    // Half are faster, and a fifth takes seconds.
    for run in 0..5 {
        let mut random = Random::new(run + 1);
        let found = report(2_000, Thresholds::default(), || {
            let shadow = match random.share() {
                share if share < 0.5 => 5e3,
                share if share < 0.7 => 4_900e3,
                _ => 20e3,
            };
            (20e3, shadow, Some(20e3))
        });
        assert_eq!(found.verdict, ReportVerdict::Hold, "{found}");
    }
    // Three times the median, with the tail of the primary; and 4 % that take seconds.
    for run in 0..5 {
        let mut random = Random::new(run + 1);
        let median = report(2_000, Thresholds::default(), || {
            let primary = lognormal(&mut random, 20.0, 0.5);
            (primary, primary.max(60e3), None)
        });
        assert_ne!(median.verdict, ReportVerdict::Promote, "{median}");
        let seconds = report(1_000, Thresholds::default(), || {
            let primary = lognormal(&mut random, 20.0, 0.5);
            let shadow = if random.chance(0.04) {
                4_900e3
            } else {
                lognormal(&mut random, 20.0, 0.5)
            };
            (primary, shadow, None)
        });
        assert_ne!(seconds.verdict, ReportVerdict::Promote, "{seconds}");
    }
}
