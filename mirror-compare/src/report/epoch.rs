//! Which build of a shadow evidence is about.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, VecDeque},
    time::Duration,
};

use serde::{Deserialize, Serialize};

/// The longest version that is told apart, in bytes.
const MAX_VERSION: usize = 64;

/// How many versions are remembered, the current one among them.
const MAX_VERSIONS: usize = 9;

/// How many responses of older versions in a row say that the shadow was rolled back. Fewer come
/// from servers that are still to be replaced: while half of them are, so many in a row come once in
/// a million responses; while nine in ten are, once in eight.
const ROLLED_BACK: usize = 20;

/// After so many responses in a row, a version has replaced the older ones: half of the servers give
/// so many once in a thousand responses.
const ALONE: usize = 10;

/// How many responses of older versions in a row say so of a version that has replaced them. One may
/// come from a server that was forgotten.
const AFTER_ALONE: usize = 2;

/// How many groups of responses before the last are remembered of a version: some five for each time
/// that their age doubles, so that those older than any wait are known.
const MAX_GROUPS: usize = 64;

/// How long a response is remembered in a group, in milliseconds: six hours.
const REMEMBERED_MS: u64 = 6 * 60 * 60 * 1000;

/// Groups that are younger than about this are not told apart by their age, in milliseconds.
const FINEST_MS: u64 = 1000;

/// Responses after one another that become a group at once, in milliseconds.
const AT_ONCE_MS: u64 = 100;

/// The versions of a shadow, as one process has met them: the one that responds now, and those
/// before.
#[derive(Clone, Debug, Default)]
pub(super) struct Versions {
    current: Option<Box<str>>,
    /// The one that was taken up last comes first: that is the current one.
    met: VecDeque<Met>,
    /// Responses of other versions since the last of the current one.
    others: usize,
}

/// A version that has responded. Times are since the clock began.
#[derive(Clone, Debug)]
struct Met {
    version: Option<Box<str>>,
    again: u32,
    first: Duration,
    /// The last responses, in the order in which they came.
    last: VecDeque<Duration>,
    /// Those before, in groups, in the same order.
    earlier: VecDeque<Group>,
    /// Whether it has responded since the last response of the current one.
    is_since: bool,
}

/// Responses after one another. Its ends are times at which there was a response.
#[derive(Clone, Copy, Debug)]
struct Group {
    from_ms: u64,
    to_ms: u64,
    /// At most [`ROLLED_BACK`]: more say no more.
    count: usize,
}

impl Group {
    fn and(self, later: Self) -> Self {
        Self {
            from_ms: self.from_ms,
            to_ms: later.to_ms,
            count: (self.count + later.count).min(ROLLED_BACK),
        }
    }
}

/// What a response is to the evidence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Seen {
    /// It is of the version that the evidence is about.
    Current,
    /// It is the first of another version: evidence begins anew.
    New,
    /// It is of a version before.
    Older,
}

impl Versions {
    /// The version of the epoch, from a version that a response has.
    pub(super) fn cut(version: &str) -> &str {
        &version[..version.floor_char_boundary(MAX_VERSION)]
    }

    pub(super) fn current(&self) -> Option<&str> {
        self.current.as_deref()
    }

    /// Evidence of this version was taken over.
    pub(super) fn resume(&mut self, version: Option<&str>, now: Duration) {
        match version {
            Some(version) if !self.is_known(version) => self.meet(Some(version), now),
            Some(_) => {}
            // Whatever responds next is another one.
            None => {
                let current = self.current.take();
                self.met.retain(|met| met.version != current);
            }
        }
        self.take(version);
    }

    /// Notes the version of a response. One without a version is of the current one: a proxy has
    /// responded for it.
    pub(super) fn note(&mut self, version: Option<&str>, now: Duration) -> Seen {
        let version = version.map(Self::cut);
        if version == self.current() {
            self.respond(version, now);
            self.none_since();
            return Seen::Current;
        }
        let Some(version) = version else {
            return Seen::Current;
        };
        let is_older = self.is_known(version);
        self.respond(Some(version), now);
        if is_older {
            self.others += 1;
            // Of those that respond, it is about the one that was taken up last.
            let newest = self.met.iter().find(|met| met.is_since);
            let is_newest = newest.is_some_and(|met| met.version.as_deref() == Some(version));
            if self.others < ROLLED_BACK || !is_newest {
                return Seen::Older;
            }
        }
        self.take(Some(version));
        Seen::New
    }

    /// What other processes are to know.
    pub(super) fn seen(&self, now: Duration) -> VersionsSeen {
        let ago = |then: &Duration| millis(now.saturating_sub(*then));
        let seen = self.met.iter().map(|met| VersionSeen {
            version: met.version.as_deref().map(str::to_owned),
            again: met.again,
            first_ms: ago(&met.first),
            last_ms: met.last.iter().rev().map(ago).collect(),
            earlier: met.earlier_ago(millis(now)),
        });
        VersionsSeen(seen.collect())
    }

    /// Takes up the version that the shadow has by what all processes have seen, if it has responded
    /// here since the last response of the current one; whether that is another.
    ///
    /// From then on that version is the newer one, also if it was taken up here before.
    pub(super) fn follow(&mut self, all: &VersionsSeen, wait: Duration, now: Duration) -> bool {
        if !self.seen(now).is_doubtful(wait) {
            return false;
        }
        let Some(next) = all.next(wait, |_| true) else {
            return false;
        };
        let first = all.by_rank().next();
        let again = match first {
            Some(first) if first.version != next.version => first.again.saturating_add(1),
            _ => next.again,
        };
        let is_current = self.current() == next.name();
        let known = self.met.iter_mut().find(|met| {
            let is_there = met.is_since || is_current;
            is_there && met.version.is_some() && met.version.as_deref() == next.name()
        });
        let Some(known) = known else {
            return false;
        };
        known.again = known.again.max(again);
        if is_current {
            return false;
        }
        self.take(next.name());
        true
    }

    fn is_known(&self, version: &str) -> bool {
        let mut met = self.met.iter();
        met.any(|met| met.version.as_deref() == Some(version))
    }

    fn respond(&mut self, version: Option<&str>, now: Duration) {
        let known = |met: &&mut Met| met.version.as_deref() == version;
        if self.met.iter_mut().find(known).is_none() {
            self.meet(version, now);
        }
        if let Some(met) = self.met.iter_mut().find(known) {
            met.last.push_back(now);
            if met.last.len() > ROLLED_BACK
                && let Some(before) = met.last.pop_front()
            {
                met.group(millis(before), millis(now));
            }
            met.is_since = true;
        }
    }

    fn meet(&mut self, version: Option<&str>, now: Duration) {
        self.met.push_front(Met {
            version: version.map(Into::into),
            again: 0,
            first: now,
            last: VecDeque::new(),
            earlier: VecDeque::new(),
            is_since: false,
        });
        self.met.truncate(MAX_VERSIONS);
    }

    fn take(&mut self, version: Option<&str>) {
        self.current = version.map(Into::into);
        let at = self.met.iter();
        let at = at.take_while(|met| met.version.as_deref() != version);
        if let Some(met) = self.met.remove(at.count()) {
            self.met.push_front(met);
        }
        self.none_since();
    }

    fn none_since(&mut self) {
        self.others = 0;
        self.met.iter_mut().for_each(|met| met.is_since = false);
    }
}

impl Met {
    /// Notes a response that is no longer one of the last. Of too many groups, those two become one
    /// that are closest to one another for their age.
    fn group(&mut self, at_ms: u64, now_ms: u64) {
        let one = Group {
            from_ms: at_ms,
            to_ms: at_ms,
            count: 1,
        };
        match self.earlier.back_mut() {
            Some(last) if at_ms.saturating_sub(last.from_ms) < AT_ONCE_MS => *last = last.and(one),
            _ => self.earlier.push_back(one),
        }
        let is_over = |of: &Group| now_ms.saturating_sub(of.to_ms) > REMEMBERED_MS;
        while self.earlier.front().is_some_and(is_over) {
            self.earlier.pop_front();
        }
        if self.earlier.len() <= MAX_GROUPS {
            return;
        }
        let both = self.earlier.iter().zip(self.earlier.iter().skip(1));
        let closest = both.enumerate().min_by_key(|(_, (older, newer))| {
            let age = now_ms.saturating_sub(newer.to_ms) + FINEST_MS;
            newer.to_ms.saturating_sub(older.from_ms) * 1024 / age
        });
        if let Some((at, (older, newer))) = closest {
            self.earlier[at] = older.and(*newer);
            self.earlier.remove(at + 1);
        }
    }

    fn earlier_ago(&self, now_ms: u64) -> Vec<Earlier> {
        let newest_first = self.earlier.iter().rev();
        let all = newest_first.map(|of| {
            let ago = now_ms.saturating_sub(of.to_ms);
            Earlier(ago, of.to_ms.saturating_sub(of.from_ms), of.count)
        });
        all.collect()
    }
}

/// When the versions of a shadow have responded, to one process or to several: what there is to know
/// of which one it is of. Times are durations before now.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct VersionsSeen(Vec<VersionSeen>);

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct VersionSeen {
    version: Option<String>,
    /// How often it was taken up again, in place of one that was newer.
    #[serde(default)]
    again: u32,
    first_ms: u64,
    /// The last responses, the latest first.
    last_ms: Vec<u64>,
    /// Those before, in groups. At any rate of responses some of them are older than the wait.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    earlier: Vec<Earlier>,
}

/// Responses after one another: how long ago the last was, how long before that the first was, and
/// how many they are at least.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
struct Earlier(u64, u64, usize);

impl Earlier {
    fn first(self) -> u64 {
        self.0.saturating_add(self.1)
    }

    /// Groups of about the same age: four for each time that it doubles.
    fn age(self) -> u64 {
        let age = self.0.saturating_add(FINEST_MS);
        let doubled = age.ilog2();
        u64::from(doubled) * 4 + (age >> (doubled - 2)) % 4
    }
}

impl VersionsSeen {
    /// The same, looked at later by so much.
    #[must_use]
    pub fn later(mut self, later: Duration) -> Self {
        let later = millis(later);
        for seen in &mut self.0 {
            let last = seen.last_ms.iter_mut();
            for ago in last.chain([&mut seen.first_ms]) {
                *ago = ago.saturating_add(later);
            }
            for of in &mut seen.earlier {
                of.0 = of.0.saturating_add(later);
            }
        }
        self
    }

    /// Adds what another process has seen, by now. The order does not matter, nor does it if
    /// something is added twice. Responses to two processes in the same millisecond count once.
    pub fn merge(&mut self, other: &Self) {
        let both = std::mem::take(&mut self.0);
        let mut all = BTreeMap::<_, VersionSeen>::new();
        for seen in both.into_iter().chain(other.0.iter().cloned()) {
            match all.get_mut(&seen.version) {
                Some(known) => known.merge(seen),
                None => {
                    all.insert(seen.version.clone(), seen);
                }
            }
        }
        all.values_mut().for_each(VersionSeen::thin);
        self.0 = all.into_values().collect();
        self.0.sort_by_cached_key(|seen| Reverse(seen.rank()));
        self.0.truncate(MAX_VERSIONS);
    }

    /// The version that the shadow is of, of those for which `is_one`: that which was taken up last,
    /// unless it was rolled back.
    ///
    /// It was if older versions have responded 20 times since it responded last, to whichever process,
    /// or twice if it had responded ten times in a row before. Only responses that are older than
    /// `wait` count: each process must have said by now what it had seen by then. While servers are
    /// replaced one by one, both versions respond in turn.
    pub fn current(
        &self,
        wait: Duration,
        is_one: impl Fn(Option<&str>) -> bool,
    ) -> Option<Option<&str>> {
        let next = self.next(wait, |seen| is_one(seen.name()))?;
        Some(next.name())
    }

    /// Whether a process of which this is, without those of others, is to ask them: the newest version
    /// has not responded to it for `wait`, and older ones have since.
    #[must_use]
    pub fn is_doubtful(&self, wait: Duration) -> bool {
        let last = self.by_rank().next();
        let last = last.and_then(|seen| Some((seen, *seen.last_ms.first()?)));
        last.is_some_and(|(seen, last)| {
            last > millis(wait) && self.of_others(seen).any(|ago| ago < last)
        })
    }

    fn next(&self, wait: Duration, is_one: impl Fn(&VersionSeen) -> bool) -> Option<&VersionSeen> {
        let there = |seen: &&VersionSeen| is_one(seen) && !self.is_gone(seen, wait);
        let next = self.by_rank().find(there);
        next.or_else(|| self.by_rank().find(|seen| is_one(seen)))
    }

    fn by_rank(&self) -> impl Iterator<Item = &VersionSeen> {
        let mut all: Vec<_> = self.0.iter().collect();
        all.sort_by_cached_key(|seen| Reverse(seen.rank()));
        all.into_iter()
    }

    fn is_gone(&self, seen: &VersionSeen, wait: Duration) -> bool {
        let Some(&last) = seen.last_ms.first() else {
            return false;
        };
        let known = millis(wait)..last;
        let mut after = self
            .of_others(seen)
            .filter(|ago| known.contains(ago))
            .count();
        // The last response of another before that.
        let mut before = self.of_others(seen).filter(|ago| *ago >= last).min();
        for of in self.others(seen).flat_map(|other| &other.earlier) {
            if of.first() < last {
                after += if known.contains(&of.0) { of.2 } else { 0 };
            } else {
                // In a group with some that came after, it may be any.
                before = Some(before.map_or(of.0, |before| before.min(of.0)).max(last));
            }
        }
        let in_a_row = seen.last_ms.iter();
        let in_a_row = in_a_row.filter(|ago| before.is_none_or(|before| **ago < before));
        after >= ROLLED_BACK || (after >= AFTER_ALONE && in_a_row.count() >= ALONE)
    }

    fn of_others(&self, seen: &VersionSeen) -> impl Iterator<Item = u64> {
        self.others(seen).flat_map(|other| &other.last_ms).copied()
    }

    fn others(&self, seen: &VersionSeen) -> impl Iterator<Item = &VersionSeen> {
        let others = self.0.iter();
        others.filter(|other| other.version != seen.version)
    }
}

impl VersionSeen {
    fn name(&self) -> Option<&str> {
        self.version.as_deref()
    }

    /// Adds what another process has seen of the same version.
    fn merge(&mut self, other: Self) {
        self.again = self.again.max(other.again);
        self.first_ms = self.first_ms.max(other.first_ms);
        self.last_ms = either(&self.last_ms, &other.last_ms);
        let mut earlier = other.earlier;
        for of in [&mut self.earlier, &mut earlier] {
            of.sort_unstable();
        }
        self.earlier = either(&self.earlier, &earlier);
    }

    /// Keeps the last responses. Of the groups of about the same age, it keeps as many as say that
    /// another version was rolled back.
    fn thin(&mut self) {
        let before = self.last_ms.split_off(self.last_ms.len().min(ROLLED_BACK));
        let before: Vec<_> = before.into_iter().map(|ago| Earlier(ago, 0, 1)).collect();
        self.earlier.sort_unstable();
        self.earlier = either(&self.earlier, &before);
        self.earlier.retain(|of| of.0 <= REMEMBERED_MS);
        let weight = |of: &Earlier| (of.age(), Reverse(of.2), of.1, of.0);
        self.earlier.sort_unstable_by_key(weight);
        let (mut age, mut count) = (0, 0);
        self.earlier.retain(|of| {
            if of.age() != age {
                (age, count) = (of.age(), 0);
            }
            let is_kept = count < ROLLED_BACK;
            count += of.2;
            is_kept
        });
        self.earlier.sort_unstable();
    }

    /// The higher, the newer. A response without a version may be a proxy's.
    fn rank(&self) -> (bool, u32, Reverse<u64>, Option<String>) {
        let (again, first) = (self.again, Reverse(self.first_ms));
        (self.version.is_some(), again, first, self.version.clone())
    }
}

/// What is in either of two, which are sorted; what is in both as often as in the one that has more
/// of it.
fn either<T: Copy + Ord>(one: &[T], other: &[T]) -> Vec<T> {
    let mut all = Vec::with_capacity(one.len() + other.len());
    let (mut one, mut other) = (one.iter().peekable(), other.iter().peekable());
    while let (Some(&&a), Some(&&b)) = (one.peek(), other.peek()) {
        all.push(a.min(b));
        one.next_if(|_| a <= b);
        other.next_if(|_| b <= a);
    }
    all.extend(one.chain(other));
    all
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
