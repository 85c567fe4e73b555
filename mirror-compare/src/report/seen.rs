//! Verdicts and differences by place.

mod groups;
mod places;

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, de::Error as _};

use self::{
    groups::OfGroup,
    places::{OfBaseline, OfPlace},
};
use crate::{
    model::{Comparison, Group, NotComparedReason, Places, Verdict},
    report::{
        DifferenceGroup, Paired, ShapeFinding, Thresholds, UnfitBaseline,
        match_rate::add,
        noise::is_clear,
        table::{Came, Missed, Moves, Table},
    },
};

/// The most places at which noise is told from differences. At most 11 KiB are kept of each, mostly
/// less than one.
const MAX_PLACES: usize = 400;

/// The most groups of differences that are shown. At most 15 KiB are kept of each: two examples and
/// the names of its places.
const MAX_GROUPS: usize = 200;

/// Tenths of a document, and one for all of it.
const TENTHS: usize = 11;

/// The first differences at a new place are presumed to be noise in so many comparisons, if new
/// places mostly are.
const PRESUMED: u64 = 4;

/// From so many comparisons on in which the shadow alone differs, and the baseline never, it is no
/// chance: less than one place in a hundred that are noise is met like that.
const SURE: u64 = 7;

/// The verdicts, and the differences by their places and groups: at most 8 MiB for each target (7.3
/// with all tables full, as `tests/allocations` counts), and mostly some 100 KiB.
///
/// Each of `n`, `b` and `c`, of the responses and of each place, counts comparisons by what is known
/// of each alone, and is never revised. The counts of verdicts say what comparisons were told.
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct State {
    told: Counts,
    responses: Paired,
    places: Table<OfPlace, MAX_PLACES>,
    /// Places that made way, or had no room: in how many comparisons.
    other_places: Paired,
    /// Places that were met for the first time.
    new_places: Paired,
    groups: Table<OfGroup, MAX_GROUPS>,
    other_differences: u64,
    baseline: OfBaseline,
    /// Comparisons by how much of both documents was equal, in tenths.
    coverage: [u64; TENTHS],
}

/// The state behind a report, as far as it is about single comparisons.
#[derive(Clone, Default, Serialize)]
#[serde(transparent)]
pub(in crate::report) struct Seen(Box<State>);

/// Comparisons by what they were told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::report) struct Counts {
    /// All that must agree agrees: they rest on no forgiveness.
    pub(in crate::report) equal: u64,
    /// They differ in noise only.
    pub(in crate::report) noise: u64,
    pub(in crate::report) mismatched: u64,
    pub(in crate::report) schema_mismatch: u64,
}

impl Counts {
    pub(in crate::report) fn matched(self) -> u64 {
        self.equal.saturating_add(self.noise)
    }

    pub(in crate::report) fn compared(self) -> u64 {
        let differ = self.mismatched.saturating_add(self.schema_mismatch);
        self.matched().saturating_add(differ)
    }
}

/// What stands beside a shadow's response.
#[derive(Clone, Copy, Debug)]
pub(in crate::report) enum Beside<'a> {
    /// There is no baseline.
    Nothing,
    /// There is one, and it gave no response that can be compared.
    Missing,
    /// How its response compares with the primary's.
    Baseline(&'a Comparison),
}

/// What was made of a comparison.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::report) struct Noted {
    /// Why it is none after all.
    pub(in crate::report) not_compared: Option<NotComparedReason>,
    /// Whether the shadow differs where the baseline does not, and the other way round; `None` if it
    /// is no evidence.
    pub(in crate::report) pair: Option<[bool; 2]>,
}

/// What one comparison is, apart from what was seen before.
struct Facts {
    /// The shadow differs where the baseline does not, or at more elements.
    shadow: bool,
    /// The same of the baseline.
    baseline: bool,
    /// Both bodies differ from the primary's as a whole, or in everything.
    is_all_noise: bool,
}

impl Facts {
    fn new(comparison: &Comparison, baseline: Option<&Comparison>) -> Self {
        let shadow = differs_beyond(comparison, baseline);
        let of_both = |baseline: &Comparison| {
            let (shadow, old) = (comparison.places(), baseline.places());
            let mut places = shadow.iter();
            let whole = places.any(|(place, _)| place.is_whole_body() && old.get(place).is_some());
            let everything = comparison.equal == 0 && shadow.in_body() > 0;
            whole || everything
        };
        Self {
            shadow,
            baseline: baseline.is_some_and(|baseline| differs_beyond(baseline, Some(comparison))),
            is_all_noise: !shadow && baseline.is_some_and(of_both),
        }
    }
}

/// Whether one response differs from the primary's where the other does not, or at more elements.
fn differs_beyond(one: &Comparison, other: Option<&Comparison>) -> bool {
    let count = |place: &Group| other.map_or(0, |other| other.places().count(place));
    let is_schema = |one: &Comparison| one.verdict == Verdict::SchemaMismatch;
    // A function of the user's can say so where nothing differs.
    let is_bare = |one: &Comparison| one.verdict == Verdict::Mismatch && one.places().is_empty();
    one.places()
        .iter()
        .any(|(place, tally)| tally.count > count(place))
        || one.places().others() > other.map_or(0, |other| other.places().others())
        || is_schema(one) && !other.is_some_and(is_schema)
        || is_bare(one) && !other.is_some_and(is_bare)
}

/// What is made of the shadow's differences at one place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Judged {
    Noise,
    /// It may turn out to be noise.
    Unsure,
    Differs,
}

impl Seen {
    /// Notes a comparison, and tells it what it is.
    pub(in crate::report) fn note(
        &mut self,
        comparison: &mut Comparison,
        beside: Beside<'_>,
        thresholds: &Thresholds,
    ) -> Noted {
        let baseline = match beside {
            Beside::Nothing => None,
            Beside::Baseline(baseline) => Some(baseline),
            Beside::Missing if comparison.verdict != Verdict::Match => {
                return Noted {
                    not_compared: Some(NotComparedReason::NoBaseline),
                    pair: None,
                };
            }
            Beside::Missing => {
                // It needs no forgiveness, and is no pair.
                self.count(comparison);
                return Noted::default();
            }
        };
        let facts = Facts::new(comparison, baseline);
        let foreign = self.note_places(comparison, baseline);
        self.note_groups(comparison, baseline);
        if let Some(baseline) = baseline {
            self.0.baseline.note(baseline);
        }
        let is_pair = !facts.is_all_noise || facts.baseline;
        let pair = is_pair.then_some([facts.shadow, facts.baseline]);
        if let Some([shadow, baseline]) = pair {
            self.0.responses.note(shadow, baseline);
        }
        self.tell(comparison, baseline, &foreign, thresholds);
        let is_all_noise = facts.is_all_noise && comparison.noise;
        if !is_all_noise {
            self.count(comparison);
        }
        Noted {
            not_compared: is_all_noise.then_some(NotComparedReason::AllNoise),
            pair,
        }
    }

    fn count(&mut self, comparison: &Comparison) {
        let told = &mut self.0.told;
        let count = match comparison.verdict {
            Verdict::Match => &mut told.equal,
            _ if comparison.noise => &mut told.noise,
            Verdict::SchemaMismatch => &mut told.schema_mismatch,
            _ => &mut told.mismatched,
        };
        add(count, 1);
        if let Some(equal) = comparison.coverage() {
            add(&mut self.0.coverage[tenth(equal)], 1);
        }
    }

    /// Notes where shadow and baseline differ. The places at which the shadow's value is foreign to
    /// the old version.
    fn note_places(
        &mut self,
        comparison: &Comparison,
        baseline: Option<&Comparison>,
    ) -> Vec<Group> {
        let nothing = Places::default();
        let (shadow, old) = (
            comparison.places(),
            baseline.map_or(&nothing, Comparison::places),
        );
        let all = shadow.iter().map(|(place, _)| place);
        let all = all.chain(
            old.iter()
                .map(|(place, _)| place)
                .filter(|it| shadow.get(it).is_none()),
        );

        let mut foreign = Vec::new();
        let mut moves = Moves::default();
        // What shadow and baseline have more of than the other, among what is new or has no room.
        let mut others = [
            shadow.others() > old.others(),
            old.others() > shadow.others(),
        ];
        let before = self.0.responses.n;
        for place in all {
            let [of_shadow, of_old] = [shadow, old].map(|places| places.get(place));
            let more = [shadow, old].map(|places| places.count(place));
            let more = [more[0] > more[1], more[1] > more[0]];
            let Some((seen, came)) = self.0.places.met(place, &mut moves, drop) else {
                others = [others[0] | more[0], others[1] | more[1]];
                continue;
            };
            match came {
                Came::Known => {}
                Came::New => self.0.new_places.note(more[0], more[1]),
                Came::Again => {
                    self.0.new_places.note(more[0], more[1]);
                    others = [others[0] | more[0], others[1] | more[1]];
                    seen.miss(before);
                }
            }
            if seen.note(of_shadow, of_old, baseline.map(|_| before + 1)) {
                foreign.push(place.clone());
            }
        }
        self.0.other_places.note(others[0], others[1]);
        foreign
    }

    fn note_groups(&mut self, comparison: &Comparison, baseline: Option<&Comparison>) {
        let shadow = comparison.places();
        let mut moves = Moves::default();
        let mut shown = 0;
        let mut hidden = shadow.others();
        for (group, count) in shadow.groups() {
            if let Some((seen, _)) = self
                .0
                .groups
                .met(group, &mut moves, |of| add(&mut hidden, of.differences()))
            {
                seen.note(group, comparison, baseline);
                shown += count;
            }
        }
        for (place, tally) in shadow.iter() {
            if let Some(seen) = self.0.groups.get_mut(&tally.group) {
                seen.add_place(place);
            }
        }
        let all = shadow.groups().map(|(_, count)| count).sum::<u64>();
        add(&mut hidden, all - shown);
        for (group, _) in baseline
            .into_iter()
            .flat_map(|baseline| baseline.places().groups())
        {
            if shadow.count_of_group(group) == 0
                && let Some((seen, _)) = self
                    .0
                    .groups
                    .met(group, &mut moves, |of| add(&mut hidden, of.differences()))
            {
                seen.note(group, comparison, baseline);
            }
        }
        add(&mut self.0.other_differences, hidden);
    }

    /// Says of each difference whether it is noise, and of the comparison.
    fn tell(
        &self,
        comparison: &mut Comparison,
        baseline: Option<&Comparison>,
        foreign: &[Group],
        thresholds: &Thresholds,
    ) {
        let Some(baseline) = baseline else { return };
        let judged = |place: &Group, group: &Group| {
            if foreign.contains(place) {
                Judged::Differs
            } else {
                self.judged(place, group, thresholds)
            }
        };
        let places = comparison.places();
        let mut all: Vec<Judged> = places
            .iter()
            .map(|(place, tally)| judged(place, &tally.group))
            .collect();
        if places.others() > 0 {
            all.push(self.judged_others(baseline, thresholds));
        }
        let is_schema = |one: &Comparison| one.verdict == Verdict::SchemaMismatch;
        if is_schema(comparison) && !is_schema(baseline) {
            all.push(Judged::Differs);
        }
        let is_match = comparison.verdict == Verdict::Match;
        let noise = !is_match && !all.is_empty() && all.iter().all(|one| *one == Judged::Noise);
        let may_be_noise =
            !is_match && !noise && !all.contains(&Judged::Differs) && !all.is_empty();
        let mut last: Option<(Group, Group, bool)> = None;
        let each = comparison.differences.iter().map(|difference| {
            let (place, group) = (difference.place(), difference.group());
            match &last {
                // Those of a list are many, and alike.
                Some((known, of, noise)) if *known == place && *of == group => *noise,
                _ => {
                    let noise = judged(&place, &group) == Judged::Noise;
                    last = Some((place, group, noise));
                    noise
                }
            }
        });
        let each: Vec<bool> = each.collect();
        comparison.mark_noise(each);
        comparison.noise = noise;
        comparison.may_be_noise = may_be_noise;
    }

    /// What is made of the shadow's differences at a place, by now.
    fn judged(&self, place: &Group, group: &Group, thresholds: &Thresholds) -> Judged {
        let Some(seen) = self.0.places.get(place) else {
            return self.presumed(1, thresholds);
        };
        let compared = self.0.responses.n;
        if let Some(only) = seen.is_only_of_the_shadow() {
            return self.presumed(only, thresholds);
        }
        let of_group = self.0.groups.get(group);
        let is_clear = of_group.is_some_and(|of| is_clear(of.paired(compared), thresholds));
        if is_clear || !seen.is_about_as_often(compared, thresholds) {
            Judged::Differs
        } else {
            Judged::Noise
        }
    }

    /// What is made of differences at a place that the baseline never had, if there were so many.
    fn presumed(&self, only: u64, thresholds: &Thresholds) -> Judged {
        let new = self.0.new_places;
        // New places turn up in the baseline as well.
        if only < PRESUMED && new.c >= 2 && !is_clear(new, thresholds) {
            Judged::Noise
        } else if only < SURE {
            Judged::Unsure
        } else {
            Judged::Differs
        }
    }

    fn judged_others(&self, baseline: &Comparison, thresholds: &Thresholds) -> Judged {
        let others = self.0.other_places;
        if is_clear(others, thresholds) {
            Judged::Differs
        } else if baseline.places().others() > 0 || others.c > 0 {
            Judged::Noise
        } else {
            Judged::Unsure
        }
    }

    /// Adds what was seen elsewhere.
    pub(in crate::report) fn merge(&mut self, other: &Self) {
        let (ours, theirs) = (&mut *self.0, &*other.0);
        for (count, more) in [
            (&mut ours.told.equal, theirs.told.equal),
            (&mut ours.told.noise, theirs.told.noise),
            (&mut ours.told.mismatched, theirs.told.mismatched),
            (&mut ours.told.schema_mismatch, theirs.told.schema_mismatch),
            (&mut ours.other_differences, theirs.other_differences),
        ] {
            add(count, more);
        }
        for (count, more) in ours.coverage.iter_mut().zip(theirs.coverage) {
            add(count, more);
        }
        let (own, elsewhere) = (ours.responses.n, theirs.responses.n);
        let missed = |missed: Missed| match missed {
            Missed::Nothing => 0,
            Missed::Own => own,
            Missed::Other => elsewhere,
        };
        let mut left = [0; 2];
        ours.places.merge(
            &theirs.places,
            |of, more, unseen| {
                if let Some(more) = more {
                    of.merge(more);
                }
                of.miss(missed(unseen));
            },
            |of: OfPlace| {
                let Paired { b, c, .. } = of.paired(0);
                left = [left[0] + b, left[1] + c];
            },
        );
        let other_differences = &mut ours.other_differences;
        ours.groups.merge(
            &theirs.groups,
            |of, more, _| {
                if let Some(more) = more {
                    of.merge(more);
                }
            },
            |of: OfGroup| add(other_differences, of.differences()),
        );
        ours.responses.merge(theirs.responses);
        ours.other_places.merge(theirs.other_places);
        ours.other_places.merge(Paired::new(0, left[0], left[1]));
        ours.new_places.merge(theirs.new_places);
        ours.baseline.merge(theirs.baseline);
    }
}

/// What is known by now.
impl Seen {
    /// What comparisons were told.
    pub(in crate::report) fn counts(&self) -> Counts {
        self.0.told
    }

    /// The counts of the responses. Without a baseline `b` counts mismatches, and `c` nothing.
    pub(in crate::report) fn paired(&self) -> Paired {
        self.0.responses
    }

    /// The counts of each place at which shadow or baseline differ alone.
    pub(in crate::report) fn places(&self) -> impl Iterator<Item = (&Group, Paired)> {
        let places = self.0.places.iter();
        let places = places.map(|(place, of)| (place, of.paired(self.0.responses.n)));
        places.filter(|(_, paired)| paired.b + paired.c > 0)
    }

    /// The counts of places that have no room in the table.
    pub(in crate::report) fn other_places(&self) -> Paired {
        self.0.other_places
    }

    /// Why the baseline confirms nothing, if it is none.
    pub(in crate::report) fn unfit_baseline(
        &self,
        thresholds: &Thresholds,
    ) -> Option<UnfitBaseline> {
        self.0.baseline.unfit(thresholds)
    }

    /// What is foreign to the old version in the shadow's values.
    pub(in crate::report) fn shapes(&self) -> Vec<ShapeFinding> {
        let compared = self.0.responses.n;
        let mut findings = Vec::new();
        // Where the baseline never differs, that the shadow does says it all.
        let places = self.0.places.iter();
        for (place, of) in places.filter(|(_, of)| of.is_only_of_the_shadow().is_none()) {
            findings.extend(of.shaped().findings(compared).map(|(what, shadow, old)| {
                ShapeFinding {
                    pointer: place.pattern.clone(),
                    kind: place.kind,
                    what,
                    shadow,
                    old,
                }
            }));
        }
        findings.sort_by_key(|finding| std::cmp::Reverse(finding.shadow));
        findings
    }

    /// How much of both documents was equal in the middle of all comparisons, rounded down to a
    /// tenth; `None` if there are none.
    pub(in crate::report) fn median_coverage(&self) -> Option<f64> {
        let all = self.0.coverage.iter().copied().fold(0, u64::saturating_add);
        let mut below = 0;
        let mut tenths = (0_u32..).zip(self.0.coverage);
        let (tenth, _) = tenths.find(|(_, count)| {
            below = u64::saturating_add(below, *count);
            below > 0 && below >= all.div_ceil(2)
        })?;
        Some(f64::from(tenth) / 10.0)
    }

    /// Whether differences of this group are noise.
    fn is_noise(&self, group: &Group, of: &OfGroup, thresholds: &Thresholds) -> bool {
        let compared = self.0.responses.n;
        let mut places = of.places(group);
        let mut any = false;
        let all = places.all(|place| {
            any = true;
            let of = self.0.places.get(&place);
            of.is_some_and(|of| of.is_noise(compared, thresholds))
        });
        any && all && !is_clear(of.paired(compared), thresholds)
    }

    pub(in crate::report) fn groups(&self, thresholds: &Thresholds) -> Vec<DifferenceGroup> {
        let with_baseline = self.0.baseline.compared();
        let groups = self.0.groups.iter().filter(|(_, of)| !of.is_empty());
        let mut groups: Vec<_> = groups
            .map(|(group, of)| {
                let noise = self.is_noise(group, of, thresholds);
                of.shown(group, noise, with_baseline)
            })
            .collect();
        groups.sort_by_key(|group| (group.noise, std::cmp::Reverse(group.comparisons)));
        groups
    }

    /// Differences of groups that made way for others, or had no room.
    pub(in crate::report) fn other_differences(&self) -> u64 {
        self.0.other_differences
    }
}

/// `1.0` has one of its own.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a share is between 0 and 1"
)]
fn tenth(share: f64) -> usize {
    ((share * 10.0) as usize).min(TENTHS - 1)
}

/// Bounded as what is written.
impl<'de> Deserialize<'de> for Seen {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let state = State::deserialize(deserializer)?;
        for (_, of) in state.places.iter() {
            of.shaped().check().map_err(D::Error::custom)?;
        }
        Ok(Self(Box::new(state)))
    }
}

/// How many, and nothing of what they say.
impl fmt::Debug for Seen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Seen")
            .field("told", &self.0.told)
            .field("places", &self.0.places.len())
            .finish_non_exhaustive()
    }
}
