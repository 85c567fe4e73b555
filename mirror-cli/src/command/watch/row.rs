//! A target as it is shown, with its mirror. All text is fit for a terminal.

use mirror_dashboard::snapshot::{
    Counts, Fleet, FleetSetting, Latency, MirrorSnapshot, TargetSnapshot, Verdict,
};

use super::{super::said, feed::Heard};
use crate::text;

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Row {
    pub(super) mirror: String,
    pub(super) target: String,
    pub(super) verdict: Option<Verdict>,
    pub(super) is_baseline: bool,
    pub(super) reason: String,
    pub(super) share: Option<f64>,
    pub(super) rate: Option<f64>,
    pub(super) received: u64,
    pub(super) sent: u64,
    pub(super) answered: u64,
    pub(super) in_flight: u64,
    pub(super) failed: u64,
    pub(super) skipped: u64,
    pub(super) shed: u64,
    pub(super) compared: u64,
    pub(super) differ: u64,
    pub(super) failed_by: String,
    pub(super) shed_by: String,
    pub(super) latency: Latency,
    pub(super) primary: Latency,
    pub(super) state: State,
    pub(super) switch_said: String,
    pub(super) share_said: String,
    /// Where the attribute is.
    pub(super) place: String,
    /// The fleet, if the numbers are those of all its instances.
    pub(super) fleet: Option<OfFleet>,
}

/// What there is to know of all instances of a fleet.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct OfFleet {
    /// Those that are running, of those that are known: `3/4`.
    pub(super) running: String,
    /// The instances in words.
    pub(super) instances: String,
    /// What is set for all of them, of the mirror and of this target.
    pub(super) set: Vec<String>,
}

/// What keeps copies from leaving, if something does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    On,
    Off,
    CircuitOpen,
    NoTraffic,
}

impl State {
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::On => "on",
            Self::Off => "off",
            Self::CircuitOpen => "circuit",
            Self::NoTraffic => "unused",
        }
    }
}

impl Row {
    /// The verdict, as a word of a column.
    pub(super) const fn verdict(&self) -> &'static str {
        match self.verdict {
            Some(verdict) => verdict.as_str(),
            None if self.is_baseline => "baseline",
            None => "-",
        }
    }
}

pub(super) fn rows(heard: &Heard) -> Vec<Row> {
    let mirrors = heard.snapshot.mirrors.iter();
    mirrors
        .flat_map(|mirror| {
            let rows: Vec<_> = mirror
                .targets
                .iter()
                .map(|target| row(mirror, target, heard.of_fleet))
                .collect();
            rows
        })
        .collect()
}

fn row(mirror: &MirrorSnapshot, target: &TargetSnapshot, of_fleet: bool) -> Row {
    let counts = &target.stats;
    let fleet = mirror.fleet.as_ref().filter(|_| of_fleet);
    let state = if !mirror.control.is_enabled {
        State::Off
    } else if target.is_circuit_open == Some(true) {
        State::CircuitOpen
    } else if !mirror.has_traffic {
        State::NoTraffic
    } else {
        State::On
    };
    Row {
        mirror: text::name(&mirror.name),
        target: text::name(&target.name),
        verdict: target.verdict,
        is_baseline: target.is_baseline,
        reason: text::message(&target.reason),
        share: target.share.percentage,
        rate: target.sent_per_s,
        received: counts.received,
        sent: counts.sent,
        answered: counts.answered,
        in_flight: counts.in_flight,
        failed: counts.failed,
        skipped: counts.skipped,
        shed: counts.shed,
        compared: counts.compared,
        differ: counts.raw_mismatched.saturating_add(counts.schema_mismatch),
        failed_by: by(&counts.failed_by_kind),
        shed_by: by(&counts.shed_by_reason),
        latency: counts.latency,
        // That of the fleet is known with its report alone.
        primary: if of_fleet {
            Latency::default()
        } else {
            mirror.latency
        },
        state,
        switch_said: said::switch(&mirror.control),
        share_said: said::share(&target.share),
        place: place(mirror),
        fleet: fleet.map(|fleet| self::fleet(fleet, &target.name)),
    }
}

fn fleet(fleet: &Fleet, target: &str) -> OfFleet {
    let all = &fleet.instances;
    let running = all.iter().filter(|it| it.state == "running").count();
    let of_target = |setting: &&FleetSetting| {
        let named = setting.target.as_deref();
        named.is_none_or(|named| named == target)
    };
    let set = fleet.settings.iter().filter(of_target);
    OfFleet {
        running: format!("{running}/{}", all.len()),
        instances: said::instances(fleet),
        set: set.map(said::setting).collect(),
    }
}

/// Counts that are not 0, the largest first.
fn by(counts: &Counts) -> String {
    /// More do not fit on a line.
    const MAX: usize = 5;

    let mut counts: Vec<_> = counts.iter().filter(|(_, count)| **count > 0).collect();
    counts.sort_by_key(|(_, count)| std::cmp::Reverse(**count));
    let told = counts.iter().take(MAX);
    let told: Vec<_> = told
        .map(|(word, count)| format!("{} {count}", text::name(word)))
        .collect();
    told.join(", ")
}

fn place(mirror: &MirrorSnapshot) -> String {
    let file = mirror.file.as_deref().map(text::name);
    let place = match (file, mirror.line) {
        (Some(file), Some(line)) => format!("{file}:{line}"),
        (Some(file), None) => file,
        _ => String::new(),
    };
    match &mirror.module {
        Some(module) if place.is_empty() => text::name(module),
        Some(module) => format!("{place} ({})", text::name(module)),
        None => place,
    }
}

/// A count in at most six characters: `99999`, `123k`, `4.5M`.
pub(super) fn count(count: u64) -> String {
    const UNITS: [(u64, char); 4] = [
        (1_000_000_000_000, 'T'),
        (1_000_000_000, 'G'),
        (1_000_000, 'M'),
        (1_000, 'k'),
    ];
    if count < 100_000 {
        return count.to_string();
    }
    let largest = UNITS.into_iter().find(|(unit, _)| count >= *unit);
    let (unit, letter) = largest.unwrap_or((1, ' '));
    let whole = count / unit;
    if whole >= 100 {
        format!("{whole}{letter}")
    } else {
        format!("{whole}.{}{letter}", count % unit / (unit / 10))
    }
}

/// A rate in at most six characters.
pub(super) fn rate(rate: Option<f64>) -> String {
    match rate {
        None => "-".to_owned(),
        Some(rate) if !rate.is_finite() => "-".to_owned(),
        Some(rate) if rate >= 100.0 => {
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "a cast from a float goes to the nearest end"
            )]
            let whole = rate.round() as u64;
            count(whole)
        }
        Some(rate) => format!("{rate:.1}"),
    }
}

/// A duration in at most six characters, from microseconds.
pub(super) fn time(micros: Option<u64>) -> String {
    match micros {
        None => "-".to_owned(),
        Some(micros) if micros < 1_000 => format!("{micros}us"),
        Some(micros) if micros < 100_000 => {
            format!("{}.{}ms", micros / 1_000, micros % 1_000 / 100)
        }
        Some(micros) if micros < 1_000_000 => format!("{}ms", micros / 1_000),
        Some(micros) if micros < 100_000_000 => {
            format!("{}.{}s", micros / 1_000_000, micros % 1_000_000 / 100_000)
        }
        Some(micros) => format!("{}s", count(micros / 1_000_000)),
    }
}

/// The three quantiles.
pub(super) fn quantiles(latency: &Latency) -> String {
    [latency.p50_us, latency.p95_us, latency.p99_us]
        .map(time)
        .join(" / ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_fit_their_columns() {
        for (number, expected) in [
            (0, "0"),
            (99_999, "99999"),
            (100_000, "100k"),
            (1_234_567, "1.2M"),
            (999_999_999, "999M"),
            (u64::MAX, "18446744T"),
        ] {
            assert_eq!(count(number), expected);
        }
        for (micros, expected) in [
            (999, "999us"),
            (1_000, "1.0ms"),
            (34_815, "34.8ms"),
            (250_000, "250ms"),
            (1_500_000, "1.5s"),
            (3_600_000_000, "3600s"),
        ] {
            assert_eq!(time(Some(micros)), expected);
        }
        assert_eq!(rate(Some(4.83)), "4.8");
        assert_eq!(rate(Some(f64::INFINITY)), "-");
        assert_eq!(rate(Some(1e300)), count(u64::MAX));
    }
}
