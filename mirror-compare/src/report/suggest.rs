//! What a report advises: rules that would settle mismatches, rules that are about nothing, and
//! headers that nobody compared.

use std::{collections::BTreeMap, fmt};

use serde::{Deserialize, Serialize};

use crate::{
    model::{Comparison, Printable, Settling, cut},
    rules::{MAX_WATCHED, Watched},
};

/// The most headers, and the most rules to suggest, that are told apart; others are left out.
const MAX_TOLD: usize = 64;

/// Documents in which a rule must have been about nothing before that is told: what it is about may
/// be rare.
const MIN_LOOKED: u64 = 20;

/// A rule that would settle mismatches: an option to paste, if what it leaves out may differ.
///
/// `Display` is the option, like `tolerance = { "/total" = 0.01 }`.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Suggestion {
    /// The option: `ignore`, `unordered` or `tolerance`.
    pub option: &'static str,
    /// The place: a JSON pointer in which `*` stands for any index.
    pub pointer: String,
    /// Of a `tolerance`, the smallest one that is enough for all that was seen.
    pub tolerance: Option<f64>,
    /// Mismatches in which it would settle some difference.
    pub mismatches: u64,
    /// Those of them that would be matches with this rule alone.
    pub settled: u64,
}

impl fmt::Display for Suggestion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (option, pointer) = (self.option, Printable(&self.pointer));
        match self.tolerance {
            Some(tolerance) => write!(f, "{option} = {{ \"{pointer}\" = {tolerance:?} }}"),
            None => write!(f, "{option} = [\"{pointer}\"]"),
        }
    }
}

/// The counts that advice is taken from. They add up.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Advice {
    /// Headers that differ and are not compared, by name.
    headers: BTreeMap<Box<str>, u64>,
    rules: BTreeMap<Box<str>, Uses>,
    ignore: BTreeMap<Box<str>, Settles>,
    unordered: BTreeMap<Box<str>, Settles>,
    tolerance: BTreeMap<Box<str>, Settles>,
}

/// How often there was something for a rule.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
struct Uses {
    looked: u64,
    applied: u64,
}

/// How much a rule would settle.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
struct Settles {
    mismatches: u64,
    settled: u64,
    /// Of a tolerance, the largest difference.
    largest: f64,
}

impl Advice {
    /// Notes a comparison. `differs`: what it found is no noise.
    pub(super) fn note(&mut self, comparison: &Comparison, differs: bool) {
        for name in &comparison.uncompared {
            add(entry(&mut self.headers, name, MAX_TOLD), 1);
        }
        let rules = comparison.watched.iter().flat_map(Watched::iter);
        for (rule, is_applied) in rules {
            if let Some(uses) = entry(&mut self.rules, rule, MAX_WATCHED) {
                uses.looked = uses.looked.saturating_add(1);
                uses.applied = uses.applied.saturating_add(is_applied.into());
            }
        }
        for hint in comparison.hints.iter().filter(|_| differs) {
            let (table, largest) = match hint.settling {
                Settling::Ignore => (&mut self.ignore, 0.0),
                Settling::Unordered => (&mut self.unordered, 0.0),
                Settling::Tolerance(largest) => (&mut self.tolerance, largest),
            };
            let more = Settles {
                mismatches: 1,
                settled: hint.is_enough.into(),
                largest,
            };
            if let Some(settles) = entry(table, &hint.pattern, MAX_TOLD) {
                settles.add(more);
            }
        }
    }

    /// Adds what was seen elsewhere.
    pub(super) fn merge(&mut self, other: &Self) {
        for (name, count) in &other.headers {
            add(entry(&mut self.headers, name, MAX_TOLD), *count);
        }
        for (rule, more) in &other.rules {
            if let Some(uses) = entry(&mut self.rules, rule, MAX_WATCHED) {
                uses.looked = uses.looked.saturating_add(more.looked);
                uses.applied = uses.applied.saturating_add(more.applied);
            }
        }
        for (ours, theirs) in [
            (&mut self.ignore, &other.ignore),
            (&mut self.unordered, &other.unordered),
            (&mut self.tolerance, &other.tolerance),
        ] {
            for (pattern, more) in theirs {
                if let Some(settles) = entry(ours, pattern, MAX_TOLD) {
                    settles.add(*more);
                }
            }
        }
    }

    /// The same as it was serialized; an error if it is none that can have been.
    pub(super) fn checked(self) -> Result<Self, &'static str> {
        let tables = [&self.ignore, &self.unordered, &self.tolerance];
        let mut lengths = tables.map(BTreeMap::len).into_iter();
        if self.headers.len() > MAX_TOLD
            || self.rules.len() > MAX_WATCHED
            || lengths.any(|length| length > MAX_TOLD)
        {
            return Err("too much advice");
        }
        if self
            .tolerance
            .values()
            .any(|it| it.largest.is_nan() || it.largest < 0.0)
        {
            return Err("a tolerance must not be negative");
        }
        Ok(self)
    }

    /// Headers that differ and are not compared, with how often, the most frequent first.
    pub(super) fn headers(&self) -> Vec<(String, u64)> {
        let headers = self.headers.iter();
        let mut headers: Vec<_> = headers
            .map(|(name, count)| (name.to_string(), *count))
            .collect();
        headers.sort_by(|(one, count), (other, more)| more.cmp(count).then(one.cmp(other)));
        headers
    }

    /// Rules that were about nothing in any document.
    pub(super) fn unused(&self) -> Vec<String> {
        let rules = self.rules.iter();
        let unused = rules.filter(|(_, uses)| uses.applied == 0 && uses.looked >= MIN_LOOKED);
        unused.map(|(rule, _)| rule.to_string()).collect()
    }

    /// Rules that would settle mismatches, those that settle most first.
    pub(super) fn suggestions(&self) -> Vec<Suggestion> {
        let mut suggestions = Vec::new();
        for (option, table) in [
            ("ignore", &self.ignore),
            ("unordered", &self.unordered),
            ("tolerance", &self.tolerance),
        ] {
            suggestions.extend(table.iter().map(|(pattern, settles)| Suggestion {
                option,
                pointer: cut(pattern.to_string()),
                tolerance: (option == "tolerance").then_some(settles.largest),
                mismatches: settles.mismatches,
                settled: settles.settled,
            }));
        }
        suggestions.sort_by(|one, other| {
            let key = |it: &Suggestion| (it.settled, it.mismatches);
            key(other).cmp(&key(one))
        });
        suggestions
    }
}

impl Settles {
    fn add(&mut self, more: Self) {
        self.mismatches = self.mismatches.saturating_add(more.mismatches);
        self.settled = self.settled.saturating_add(more.settled);
        self.largest = self.largest.max(more.largest);
    }
}

/// The count of a name, unless there are too many others.
fn entry<'t, T: Default>(
    table: &'t mut BTreeMap<Box<str>, T>,
    name: &str,
    most: usize,
) -> Option<&'t mut T> {
    if !table.contains_key(name) {
        if table.len() >= most {
            return None;
        }
        table.insert(name.into(), T::default());
    }
    table.get_mut(name)
}

fn add(count: Option<&mut u64>, more: u64) {
    if let Some(count) = count {
        *count = count.saturating_add(more);
    }
}
