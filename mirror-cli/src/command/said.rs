//! Who has set something, in words.

use std::{
    fmt::Write as _,
    time::{Duration, SystemTime},
};

use mirror_dashboard::snapshot::{Fleet, FleetSetting, Share, Switch};

use crate::text;

/// `on`, or `off`, and who says so.
pub(super) fn switch(switch: &Switch) -> String {
    let state = if switch.is_enabled { "on" } else { "off" };
    format!(
        "{state}{}",
        by(
            &switch.source,
            switch.actor.as_deref(),
            switch.until_unix_s,
            switch.reason.as_deref(),
        )
    )
}

/// `5% of requests`, and who says so.
pub(super) fn share(share: &Share) -> String {
    let configured = match (share.percentage, share.configured) {
        (Some(now), Some(configured)) if now.to_bits() != configured.to_bits() => {
            format!(" ({} in the code)", percentage(Some(configured)))
        }
        _ => String::new(),
    };
    format!(
        "{}{configured}{}",
        percentage(share.percentage),
        by(
            &share.source,
            share.actor.as_deref(),
            share.until_unix_s,
            share.reason.as_deref(),
        )
    )
}

/// What is set for the fleet, a line for each.
pub(super) fn fleet(settings: &[FleetSetting]) -> Vec<String> {
    if settings.is_empty() {
        return vec!["nothing is set for the fleet".to_owned()];
    }
    settings.iter().map(setting).collect()
}

pub(super) fn setting(setting: &FleetSetting) -> String {
    let whose = if setting.is_for_all {
        "set for all mirrors of the fleet"
    } else {
        "set for the fleet"
    };
    let what = match (&setting.target, setting.is_enabled) {
        (Some(target), _) => {
            format!("{}: {}", text::name(target), percentage(setting.percentage))
        }
        (None, Some(true)) => "on".to_owned(),
        (None, _) => "off".to_owned(),
    };
    let by = setting.actor.as_deref().map(text::name);
    let by = by.map_or_else(String::new, |actor| format!(", by {actor}"));
    let rest = until(setting.until_unix_s, setting.reason.as_deref());
    format!("{whose}: {what}{by}{rest}")
}

/// A percentage as people write it.
pub(super) fn percentage(percentage: Option<f64>) -> String {
    percentage.map_or_else(
        || "-".to_owned(),
        |percentage| format!("{}%", rounded(percentage)),
    )
}

/// With three digits behind the point, where they say something.
fn rounded(number: f64) -> String {
    if !number.is_finite() || number.abs() >= 1e6 {
        return format!("{number:.0e}");
    }
    let text = format!("{number:.3}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

fn by(source: &str, actor: Option<&str>, until: Option<u64>, reason: Option<&str>) -> String {
    // What the code says needs no author.
    if source == "code" && actor.is_none() && until.is_none() && reason.is_none() {
        return String::new();
    }
    let mut by = format!(", by {}", text::name(source));
    if let Some(actor) = actor {
        by.extend([" (", &text::name(actor), ")"]);
    }
    by + &self::until(until, reason)
}

/// How long, and why.
fn until(until: Option<u64>, reason: Option<&str>) -> String {
    let mut told = String::new();
    if let Some(until) = until {
        told.extend([", until ", &time(until)]);
    }
    if let Some(reason) = reason.filter(|reason| !reason.trim().is_empty()) {
        told.extend([": ", &text::message(reason)]);
    }
    told
}

/// A time of a server, which may be any number.
pub(super) fn time(unix_s: u64) -> String {
    /// The last second of the year 9999.
    const LAST: u64 = 253_402_300_799;
    if unix_s > LAST {
        return "the end of time".to_owned();
    }
    let time = SystemTime::UNIX_EPOCH + Duration::from_secs(unix_s);
    humantime::format_rfc3339_seconds(time).to_string()
}

/// `4 instances, epoch 2: 3 running, 1 missing (orders-2 since ..)`.
pub(super) fn instances(fleet: &Fleet) -> String {
    let all = &fleet.instances;
    let count = |state: &str| all.iter().filter(|it| it.state == state).count();
    let noun = if all.len() == 1 {
        "instance"
    } else {
        "instances"
    };
    let mut line = format!("{} {noun}, epoch {}: ", all.len(), fleet.epoch);
    let _ = write!(line, "{} running", count("running"));
    if count("finished") > 0 {
        let _ = write!(line, ", {} finished", count("finished"));
    }
    if count("replaced") > 0 {
        let _ = write!(line, ", {} replaced", count("replaced"));
    }
    let missing: Vec<_> = all
        .iter()
        .filter(|it| it.state == "missing")
        .map(|it| format!("{} since {}", text::name(&it.name), time(it.heard_unix_s)))
        .collect();
    if !missing.is_empty() {
        let _ = write!(line, ", {} missing ({})", missing.len(), missing.join(", "));
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentages_are_short() {
        for (number, expected) in [
            (5.0, "5%"),
            (0.25, "0.25%"),
            (33.333_333, "33.333%"),
            (100.0, "100%"),
            (0.0, "0%"),
            (f64::MAX, "2e308%"),
            (f64::NAN, "NaN%"),
        ] {
            assert_eq!(percentage(Some(number)), expected);
        }
    }

    #[test]
    fn times_that_no_calendar_has_are_no_panic() {
        assert_eq!(time(1_795_766_600), "2026-11-27T08:03:20Z");
        assert_eq!(time(u64::MAX), "the end of time");
    }
}
