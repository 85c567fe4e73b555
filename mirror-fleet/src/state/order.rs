//! What is set for all instances of a program.

use std::{
    collections::BTreeMap,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use mirror_dashboard::Change;
use mirror_runtime::{Control, control};
use serde::{Deserialize, Serialize};

/// What was set for a mirror, or for all of them: the value of `control.{mirror}`, or of `all`.
///
/// If something is set with an end, that which was set before is in force again after it, unless that
/// has ended as well. So each list has what ends last first, and what is in force last.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Order {
    /// The version of the format. What is of another is left as it was.
    pub(super) version: u32,
    /// The name of the mirror; empty for all of them.
    pub(super) mirror: String,
    pub(super) switch: Vec<Said<bool>>,
    /// By the names of targets.
    pub(super) shares: BTreeMap<String, Vec<Said<f64>>>,
    /// Who has removed what was set before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) reset: Option<By>,
}

/// Who has done something, and why.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct By {
    pub(super) actor: String,
    pub(super) reason: Option<String>,
}

impl By {
    /// The fleet's control of a mirror, in this name.
    pub(super) fn control(&self, mirror: &str) -> Control {
        let control = control(mirror).as_fleet();
        let control = match &*self.actor {
            "" => control.by("fleet"),
            actor => control.by(actor),
        };
        match &self.reason {
            Some(reason) => control.because(reason),
            None => control,
        }
    }
}

/// A value, and who has set it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Said<T> {
    pub(super) value: T,
    pub(super) actor: String,
    #[serde(default)]
    pub(super) reason: Option<String>,
    /// For how long.
    #[serde(default)]
    pub(super) for_ms: Option<u64>,
    /// Since when, in nanoseconds since 1970 by the clock of the server; `None` if it was said with
    /// the entry itself, whose time counts then.
    #[serde(default)]
    pub(super) since_ns: Option<u64>,
}

/// What is in force of what was set for a mirror and for all.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct InForce {
    pub(super) switch: Option<Set<bool>>,
    pub(super) shares: BTreeMap<String, Set<f64>>,
}

/// A value that is in force.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Set<T> {
    pub(super) value: T,
    actor: String,
    reason: Option<String>,
    /// When nothing is set any more, by the clock of the server.
    pub(super) until: Option<SystemTime>,
}

/// The version of [`Order`].
pub(super) const VERSION: u32 = 1;

/// What is to be changed in all instances, and by whom.
pub(super) struct Asked {
    pub(super) by: String,
    pub(super) change: Change,
}

impl Asked {
    /// Whether anything of the switch or of the shares is changed.
    pub(super) fn sets(&self) -> bool {
        let change = &self.change;
        change.reset || change.enabled.is_some() || !change.percentage.is_empty()
    }

    pub(super) fn by(&self) -> By {
        By {
            actor: self.by.clone(),
            reason: self.change.reason.clone(),
        }
    }

    /// Says a value in place of what ends no later.
    fn say<T>(&self, before: &mut Vec<Said<T>>, value: T, now: SystemTime) {
        let lasts = self.change.for_seconds.map(Duration::from_secs);
        let said = Said {
            value,
            actor: self.by.clone(),
            reason: self.change.reason.clone(),
            for_ms: lasts.map(|lasts| u64::try_from(lasts.as_millis()).unwrap_or(u64::MAX)),
            since_ns: None,
        };
        match said.until(now) {
            None => before.clear(),
            Some(end) => before.retain(|said| said.until(now).is_none_or(|until| until > end)),
        }
        before.push(said);
    }
}

impl Order {
    /// The same, as it was written at this time of the server.
    pub(super) fn written(mut self, at: SystemTime) -> Self {
        let at = at.duration_since(UNIX_EPOCH).unwrap_or_default();
        let at = u64::try_from(at.as_nanos()).unwrap_or(u64::MAX);
        for said in &mut self.switch {
            said.since_ns.get_or_insert(at);
        }
        for said in self.shares.values_mut().flatten() {
            said.since_ns.get_or_insert(at);
        }
        self
    }

    /// The same, changed now, by the clock of the server.
    pub(super) fn changed(mut self, mirror: &str, asked: &Asked, now: SystemTime) -> Self {
        let change = &asked.change;
        if change.reset {
            self = Self::default();
            self.reset = Some(asked.by());
        }
        self.version = VERSION;
        mirror.clone_into(&mut self.mirror);
        self.switch.retain(|said| !said.is_over(now));
        for said in self.shares.values_mut() {
            said.retain(|said| !said.is_over(now));
        }
        if let Some(enabled) = change.enabled {
            asked.say(&mut self.switch, enabled, now);
        }
        for (target, percentage) in &change.percentage {
            let said = self.shares.entry(target.clone()).or_default();
            asked.say(said, *percentage, now);
        }
        self.shares.retain(|_, said| !said.is_empty());
        self
    }

    pub(super) fn is_empty(&self) -> bool {
        self.switch.is_empty() && self.shares.is_empty()
    }
}

/// What is in force of what was set for a mirror itself and for all of them. Of both switches the
/// later counts, but what is set for all does not switch on what is off by itself.
pub(super) fn in_force(own: Option<&Order>, all: Option<&Order>, now: SystemTime) -> InForce {
    let [of_own, of_all] = [own, all].map(|of| of.map_or(&[][..], |of| &of.switch));
    let shares = own.into_iter().flat_map(|own| &own.shares);
    let shares = shares.filter_map(|(target, said)| {
        let share = set(said, now, |now| current(said, now))?;
        Some((target.clone(), share))
    });
    let both: Vec<_> = of_own.iter().chain(of_all).cloned().collect();
    InForce {
        switch: set(&both, now, |now| {
            stricter(current(of_own, now), current(of_all, now))
        }),
        shares: shares.collect(),
    }
}

fn stricter<'o>(
    own: Option<&'o Said<bool>>,
    all: Option<&'o Said<bool>>,
) -> Option<&'o Said<bool>> {
    let (Some(of_own), Some(of_all)) = (own, all) else {
        return own.or(all);
    };
    let is_own = match (of_own.value, of_all.value) {
        (false, true) => true,
        (true, false) => of_own.since_ns > of_all.since_ns,
        // It holds for as long as one of them does.
        (true, true) | (false, false) => {
            let [of_own, of_all] = [of_own, of_all].map(|said| said.until(UNIX_EPOCH));
            of_own.is_none() || of_all.is_some_and(|of_all| of_own >= Some(of_all))
        }
    };
    if is_own { own } else { all }
}

/// What is in force of a list.
pub(super) fn current<T>(said: &[Said<T>], now: SystemTime) -> Option<&Said<T>> {
    said.iter().rev().find(|said| !said.is_over(now))
}

/// What is in force now, and whether nothing is after it.
fn set<'o, T: Copy + PartialEq + 'o>(
    all: &[Said<T>],
    now: SystemTime,
    at: impl Fn(SystemTime) -> Option<&'o Said<T>>,
) -> Option<Set<T>> {
    let said = at(now)?;
    let mut ends: Vec<_> = all.iter().filter_map(|said| said.until(now)).collect();
    ends.sort_unstable();
    let mut later = ends.into_iter().filter(|end| *end > now);
    let other = later.find(|end| at(*end).is_none_or(|other| other.value != said.value));
    Some(Set {
        value: said.value,
        actor: said.actor.clone(),
        reason: said.reason.clone(),
        // If something else follows, it is set by whoever asks again then: nothing in between.
        until: other.filter(|end| at(*end).is_none()),
    })
}

impl InForce {
    pub(super) fn is_empty(&self) -> bool {
        self.switch.is_none() && self.shares.is_empty()
    }

    /// Sets it in this process, where `before` was set. What has ended since then has ended here,
    /// too, by itself. `local` is the time of this process for one of the server, and `by` has removed
    /// what is there no more.
    pub(super) fn apply(
        &self,
        mirror: &str,
        before: &Self,
        now: SystemTime,
        local: impl Fn(SystemTime) -> SystemTime,
        by: &By,
    ) {
        let is_removed = before
            .switch
            .as_ref()
            .is_some_and(|set| self.switch.is_none() && !set.is_over(now))
            || before
                .shares
                .iter()
                .any(|(target, set)| !self.shares.contains_key(target) && !set.is_over(now));
        if is_removed {
            by.control(mirror).reset();
        }
        if let Some(set) = &self.switch {
            let control = set.control(mirror, &local);
            if set.value {
                control.enable();
            } else {
                control.disable();
            }
        }
        for (target, set) in &self.shares {
            let control = set.control(mirror, &local);
            if let Err(error) = control.set_percentage(target, set.value) {
                tracing::warn!(mirror, target, %error, "the fleet's share is not set here");
            }
        }
    }
}

impl<T> Said<T> {
    fn is_over(&self, now: SystemTime) -> bool {
        self.until(now).is_some_and(|until| until <= now)
    }

    /// When it ends; `now` is when it is said if that is not known.
    pub(super) fn until(&self, now: SystemTime) -> Option<SystemTime> {
        let since = self.since_ns.map(Duration::from_nanos);
        let since = since.map_or(Some(now), |since| UNIX_EPOCH.checked_add(since))?;
        // What ends later than time itself does not end.
        since.checked_add(Duration::from_millis(self.for_ms?))
    }
}

impl<T> Set<T> {
    fn is_over(&self, now: SystemTime) -> bool {
        self.until.is_some_and(|until| until <= now)
    }

    fn control(&self, mirror: &str, local: &impl Fn(SystemTime) -> SystemTime) -> Control {
        let mut control = control(mirror).as_fleet().by(&self.actor);
        if let Some(reason) = &self.reason {
            control = control.because(reason);
        }
        match self.until {
            Some(until) => control.until(local(until)),
            None => control,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(1_000_000 + seconds)
    }

    fn asked(change: Change) -> Asked {
        Asked {
            by: "ada".to_owned(),
            change,
        }
    }

    fn switch(enabled: bool, lasts: Option<u64>) -> Asked {
        let change = Change::default().enabled(enabled);
        asked(match lasts {
            Some(lasts) => change.for_seconds(lasts),
            None => change,
        })
    }

    fn set(order: Order, asked: &Asked, seconds: u64) -> Order {
        order.changed("", asked, at(seconds)).written(at(seconds))
    }

    fn word(order: &InForce) -> &'static str {
        match order.switch.as_ref().map(|set| set.value) {
            None => "-",
            Some(true) => "on",
            Some(false) => "off",
        }
    }

    /// The chapter's table of what is set for a mirror and for all.
    fn rows() -> Vec<Vec<&'static str>> {
        let chapter = include_str!("../../docs/fleet.md");
        let (_, table) = chapter.split_once("| for the mirror | for all |").unwrap();
        let rows = table
            .lines()
            .skip(2)
            .take_while(|line| line.starts_with('|'));
        rows.map(|row| row.trim_matches('|').split('|').map(str::trim).collect())
            .collect()
    }

    #[test]
    fn of_what_is_set_for_a_mirror_and_for_all_the_chapter_says_what_is_in_force() {
        let rows = rows();
        assert_eq!(rows.len(), 13);
        for row in rows {
            let [own, all, later, both, after_own, after_all] = row[..] else {
                panic!("{row:?}");
            };
            for (own_lasts, all_lasts) in [
                (None, None),
                (Some(100), None),
                (None, Some(100)),
                (Some(100), Some(200)),
                (Some(200), Some(100)),
            ] {
                let order = |word: &str, lasts, since| match word {
                    "-" => None,
                    word => Some(set(Order::default(), &switch(word == "on", lasts), since)),
                };
                let own_order = order(own, own_lasts, u64::from(later == "mirror"));
                let all_order = order(all, all_lasts, u64::from(later == "all"));
                let now = |seconds| in_force(own_order.as_ref(), all_order.as_ref(), at(seconds));
                let of = format!("{row:?}, {own_lasts:?} and {all_lasts:?}");
                assert_eq!(word(&now(50)), both, "{of}");
                let first = match (own_lasts, all_lasts) {
                    (None, None) => both,
                    (Some(own), Some(all)) if own > all => after_all,
                    (None, Some(_)) => after_all,
                    _ => after_own,
                };
                if !first.is_empty() {
                    assert_eq!(word(&now(150)), first, "{of}");
                }
                if own_lasts.is_some() && all_lasts.is_some() {
                    assert_eq!(word(&now(250)), "-", "{of}");
                }
                // An end that this process must know of by itself is that after which nothing is set.
                let set = now(50).switch;
                let has_end = set.is_some_and(|set| set.until.is_some());
                let ends = [(own, own_lasts), (all, all_lasts)];
                let all_end = ends
                    .iter()
                    .all(|(word, lasts)| *word == "-" || lasts.is_some());
                assert!(!has_end || all_end, "{of}");
            }
        }
    }

    #[test]
    fn what_was_set_before_is_in_force_again_after_what_has_an_end() {
        for (before, then, now, after) in [
            ((false, None), (true, Some(100)), "on", "off"),
            ((true, None), (false, Some(100)), "off", "on"),
            ((false, None), (false, Some(100)), "off", "off"),
            ((false, Some(1000)), (true, Some(100)), "on", "off"),
            ((false, Some(1000)), (false, Some(100)), "off", "off"),
            ((false, Some(50)), (true, Some(100)), "on", "-"),
            ((false, Some(1000)), (true, None), "on", "on"),
            ((true, Some(1000)), (false, None), "off", "off"),
        ] {
            let order = set(Order::default(), &switch(before.0, before.1), 0);
            let order = set(order, &switch(then.0, then.1), 1);
            let of = format!("{before:?}, then {then:?}");
            let is = |seconds| in_force(Some(&order), None, at(seconds));
            assert_eq!(word(&is(10)), now, "{of}");
            assert_eq!(word(&is(200)), after, "{of}");
            let is = |seconds| in_force(None, Some(&order), at(seconds));
            assert_eq!(word(&is(10)), now, "{of}, of all");
            assert_eq!(word(&is(200)), after, "{of}, of all");
        }
        let order = set(Order::default(), &switch(false, None), 0);
        let reset = asked(Change::default().reset().enabled(true).for_seconds(9));
        let order = set(order, &reset, 1);
        assert_eq!(word(&in_force(Some(&order), None, at(20))), "-");
    }

    #[test]
    fn a_share_with_an_end_gives_way_to_that_before_and_switches_nothing() {
        let share = |percentage, lasts: Option<u64>| {
            let change = Change::default().percentage("rewrite", percentage);
            asked(match lasts {
                Some(lasts) => change.for_seconds(lasts),
                None => change,
            })
        };
        let order = set(Order::default(), &switch(false, None), 0);
        let order = set(order, &share(0.0, None), 1);
        let order = set(order, &share(50.0, Some(100)), 2);
        let all = set(Order::default(), &switch(true, None), 3);
        for all in [None, Some(&all)] {
            let is = |seconds| in_force(Some(&order), all, at(seconds));
            assert_eq!(word(&is(10)), "off");
            let share = |is: &InForce| is.shares["rewrite"].value;
            assert!((share(&is(10)) - 50.0).abs() < f64::EPSILON);
            assert!(share(&is(200)).abs() < f64::EPSILON);
        }
        let order = set(Order::default(), &share(5.0, None), 0);
        let all = set(Order::default(), &switch(false, Some(100)), 1);
        let is = |seconds| in_force(Some(&order), Some(&all), at(seconds));
        assert_eq!((word(&is(10)), is(10).shares.len()), ("off", 1));
        assert_eq!((word(&is(200)), is(200).shares.len()), ("-", 1));
    }

    #[test]
    fn ends_count_from_the_time_of_the_server() {
        // Said by somebody whose clock is an hour behind.
        let order = Order::default().changed("orders", &switch(false, Some(100)), at(0));
        let written = serde_json::to_vec(&order).unwrap();
        let read: Order = serde_json::from_slice(&written).unwrap();
        let order = read.written(at(3600));
        assert_eq!(word(&in_force(Some(&order), None, at(3650))), "off");
        assert_eq!(word(&in_force(Some(&order), None, at(3700))), "-");
        // Written again with something else, it ends when it would have ended.
        let share = asked(Change::default().percentage("rewrite", 5.0));
        let order = order.changed("orders", &share, at(3650)).written(at(3650));
        assert_eq!(word(&in_force(Some(&order), None, at(3699))), "off");
        assert_eq!(word(&in_force(Some(&order), None, at(3700))), "-");
    }
}
