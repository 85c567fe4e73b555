//! Whether enough was seen: of what, for how long, and at which routes.

use std::time::Duration;

use super::{Findings, NAMED, Reasons};
use crate::{
    model::Printable,
    report::{
        counted::CLASSES,
        match_rate::number,
        text::{at_least_percent, grouped, of_responses, percent},
    },
};

impl Findings<'_> {
    /// Whether enough different requests were seen for long enough.
    pub(super) fn breadth(&self, reasons: &mut Reasons) {
        let Self {
            counted,
            thresholds,
            ..
        } = self;
        let succeeded = counted.succeeded();
        if succeeded < thresholds.min_compared && self.compared >= thresholds.min_compared {
            let counts = CLASSES.iter().zip(counted.classes);
            let counts = counts.filter(|(_, class)| class.compared > 0);
            let counts = counts.map(|(name, class)| format!("{name} {}", class.compared));
            let counts: Vec<_> = counts.collect();
            reasons.held.push(format!(
                "{} comparisons of requests that succeed, {} are needed ({})",
                grouped(succeeded),
                grouped(thresholds.min_compared),
                counts.join(", ")
            ));
        }
        let distinct = counted.distinct.count();
        if distinct < thresholds.min_distinct && self.compared >= thresholds.min_compared {
            let wanted = thresholds.min_distinct;
            reasons.held.push(format!(
                "{}, {wanted} are needed",
                requests(distinct, "distinct ")
            ));
        }
        if let Some(coverage) = self.coverage
            && coverage < thresholds.min_document
            && self.compared >= thresholds.min_compared
        {
            let [found, wanted] = [coverage, thresholds.min_document].map(percent);
            reasons.held.push(format!(
                "{found} of each document was equal in the middle, {wanted} are needed"
            ));
        }
        let watched = counted.watched();
        if watched < thresholds.min_duration {
            let [watched, wanted] = [watched, thresholds.min_duration].map(long);
            reasons
                .held
                .push(format!("watched for {watched}, {wanted} are needed"));
        }
    }

    /// Routes that are not good enough on their own.
    pub(super) fn routes(&self, reasons: &mut Reasons) {
        let bound = self.thresholds.regressed_match_rate;
        let routes = self.counted.routes.iter();
        let mut bad: Vec<_> = routes.filter(|(_, route)| route.good() < bound).collect();
        bad.sort_by(|(_, one), (_, other)| one.good().total_cmp(&other.good()));
        let more = bad.len().saturating_sub(NAMED);
        for (name, route) in bad.into_iter().take(NAMED) {
            let name = Printable(name);
            let text = match (route.differ(), route.not_compared) {
                (_, missing) if route.compared == 0 => {
                    format!("{name}: {}, none compared", requests(missing, ""))
                }
                (0, missing) => {
                    let all = route.compared.saturating_add(missing);
                    let [missing, all] = [missing, all].map(grouped);
                    format!("{name}: {missing} of {all} not compared")
                }
                (differ, 0) => {
                    format!("{name}: {}", of_responses(differ, route.compared, "differ"))
                }
                (differ, missing) => {
                    let differ = of_responses(differ, route.compared, "differ");
                    format!("{name}: {differ}, {} not compared", grouped(missing))
                }
            };
            reasons.held.push(text);
        }
        if more > 0 {
            reasons.held.push(format!("{more} more routes"));
        }
    }

    /// What the last minutes or comparisons show of a target that could be promoted.
    pub(super) fn alarm(&self) -> Option<String> {
        let windows = self.counted.windows.iter();
        let mut alarms = windows.filter_map(|(length, tally)| {
            let alarm = tally.alarm(self.thresholds)?;
            Some(format!("the last {}: {alarm}", long(length)))
        });
        alarms.next().or_else(|| {
            let recent = self.recent?;
            let alarm = recent.alarm(self.thresholds)?;
            Some(format!("the last {} requests: {alarm}", recent.asked.n))
        })
    }

    /// Why a target can take over, with what was forgiven and what was not compared.
    pub(super) fn granted(&self) -> String {
        let mut parts = vec![self.rates()];
        if self.noise > 0 {
            let noise = at_least_percent(number(self.noise) / number(self.compared.max(1)));
            let places = self.groups.iter().filter(|group| group.noise);
            let mut places: Vec<_> = places
                .take(NAMED + 1)
                .map(|group| Printable(group.place()).to_string())
                .collect();
            if let Some(more) = places.get_mut(NAMED) {
                "..".clone_into(more);
            }
            parts.push(format!("{noise} differ in noise ({})", places.join(", ")));
        }
        let missing = self.counted.not_compared_in_all();
        if missing > 0 {
            parts.push(format!("{} not compared", grouped(missing)));
        }
        parts.join("; ")
    }
}

/// `1 request`, `20 distinct requests`
fn requests(count: u64, of: &str) -> String {
    let ending = if count == 1 { "" } else { "s" };
    format!("{} {of}request{ending}", grouped(count))
}

/// `5 min`
fn long(duration: Duration) -> String {
    match duration.as_secs() {
        seconds if seconds >= 3600 && seconds.is_multiple_of(3600) => {
            format!("{} h", seconds / 3600)
        }
        seconds if seconds >= 60 => format!("{} min", seconds / 60),
        seconds => format!("{seconds} s"),
    }
}
