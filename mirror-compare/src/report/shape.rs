//! What values look like at a place where the old version differs from itself.
//!
//! Where shadow and baseline both differ from the primary, nothing is told by that they differ. If
//! the shadow is like the old version, though, each of the three values is as likely to have any
//! mark: to be `"1970-01-01"`, to be of ten digits, to have another third word. What only the shadow
//! has, time and again, is a finding.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use serde::{Deserialize, Serialize};

use super::{
    match_rate::{add, number},
    noise::{is_foreign, is_missed, is_part_of_the_shadow},
};
use crate::model::{DifferenceKind, Printable, Shape, Shapes};

/// The most values that are told apart at one place.
const MAX_VALUES: usize = 32;

/// The most forms that are.
const MAX_FORMS: usize = 12;

/// Values of the old version that are needed to know where numbers lie.
const MIN_NUMBERS: u64 = 20;

/// How many times as far as the old version's values lie apart another may lie outside of them.
const FAR: f64 = 10.0;

/// So many agreements of shadow and baseline, against the primary, are no chance.
const MIN_AGREED: u64 = 20;

/// In what share of all comparisons they must agree to say that it is the baseline that is wrong: an
/// error of the primary now and then is none.
const MIN_AGREED_SHARE: f64 = 0.1;

/// In what share of all comparisons the old version must have what the shadow never has.
const MIN_MISSED_SHARE: f64 = 0.1;

/// What is remembered of the values at one place: at most 9 KiB.
#[derive(Clone, Default, Serialize, Deserialize)]
pub(super) struct Shaped {
    values: Marks<MAX_VALUES>,
    forms: Marks<MAX_FORMS>,
    /// For each word of a text, in how many comparisons it differs in the shadow alone, and in the
    /// baseline alone.
    words: Vec<[u64; 2]>,
    numbers: Numbers,
    /// Comparisons in which shadow and baseline have the same value, and the primary another.
    agreed: u64,
    /// All others in which one of them differs from the primary.
    disagreed: u64,
}

/// How often the old version and the shadow have each of some marks. Rare ones make way as places do
/// in their [table](super::table), with the same bound.
#[derive(Clone, Default, Serialize, Deserialize)]
struct Marks<const ROOM: usize> {
    all: BTreeMap<String, Mark>,
    /// Whether some mark had to make way.
    overflowed: bool,
}

#[derive(Clone, Copy, Default, Serialize, Deserialize)]
struct Mark {
    primary: u64,
    baseline: u64,
    shadow: u64,
    weight: u64,
}

/// Where the old version's numbers lie, and how often another lay far outside.
#[derive(Clone, Copy, Default, Serialize, Deserialize)]
struct Numbers {
    count: u64,
    least: f64,
    most: f64,
    far_shadow: u64,
    far_baseline: u64,
}

/// What is foreign to the old version in a shadow's values at one place.
///
/// `Display` is a line for people: `/at: the shadow's value is "1970-01-01" in 400 responses, the
/// old version's in 0`.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct ShapeFinding {
    /// The place: as [`DifferenceGroup::pointer`](super::DifferenceGroup::pointer), but with the
    /// index in a list whose elements are not alike.
    pub pointer: String,
    /// In what way the values differ there.
    pub kind: DifferenceKind,
    /// What is foreign, in words.
    pub what: String,
    /// In how many comparisons the shadow has it.
    pub shadow: u64,
    /// In how many the old version has: the primary or the baseline.
    pub old: u64,
}

impl fmt::Display for ShapeFinding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = match (&*self.pointer, self.kind) {
            ("", DifferenceKind::Status) => "status".to_owned(),
            ("", _) => "(body)".to_owned(),
            (pointer, _) => Printable(pointer).to_string(),
        };
        let what = Printable(&self.what);
        write!(
            f,
            "{place}: {what} in {} responses of the shadow, {} of the old version",
            self.shadow, self.old
        )
    }
}

impl Shaped {
    /// Notes the values of a comparison at this place, where the shadow's, the baseline's or both
    /// differ from the primary's. Whether the shadow's is foreign, as far as that is known by now,
    /// after so many comparisons.
    pub(super) fn note(&mut self, shadows: &[Shapes], baselines: &[Shapes], compared: u64) -> bool {
        let [shadow, baseline] = [shadows, baselines].map(<[_]>::first);
        let Some(primary) = shadow.or(baseline).map(|shapes| &shapes.primary) else {
            return false;
        };
        let of_shadow = shadow.map_or(primary, |shapes| &shapes.other);
        let of_baseline = baseline.map_or(primary, |shapes| &shapes.other);

        let agree = shadow.zip(baseline).is_some_and(|(shadow, baseline)| {
            shadow.element.is_some()
                && shadow.element == baseline.element
                && of_shadow.hash == of_baseline.hash
        });
        add(
            if agree {
                &mut self.agreed
            } else {
                &mut self.disagreed
            },
            1,
        );

        let mut foreign = agree && self.baseline_is_unfit(compared);
        let values = marks(shadows, baselines, |shape| shape.value.as_deref());
        foreign |= self.values.note(&values, compared);
        let forms = marks(shadows, baselines, |shape| Some(&shape.form));
        foreign |= self.forms.note(&forms, compared);
        foreign |= self.numbers.note(primary, of_baseline, of_shadow);
        foreign |= self.note_words(
            shadow.map_or(0, |shapes| shapes.words),
            baseline.map_or(0, |shapes| shapes.words),
        );
        foreign && shadow.is_some()
    }

    fn note_words(&mut self, shadow: u128, baseline: u128) -> bool {
        let bits = 128 - (shadow | baseline).leading_zeros() as usize;
        if self.words.len() < bits {
            self.words.resize(bits, [0; 2]);
        }
        let mut foreign = false;
        for (bit, [b, c]) in self.words.iter_mut().enumerate().take(bits) {
            let [shadow, baseline] = [shadow, baseline].map(|words| words >> bit & 1 == 1);
            add(b, u64::from(shadow && !baseline));
            add(c, u64::from(baseline && !shadow));
            foreign |= shadow && !baseline && is_part_of_the_shadow(*b, *c);
        }
        foreign
    }

    /// Whether shadow and baseline have the same, and the primary another, so often that it is no
    /// noise: the baseline has other data, or is not the old version.
    pub(super) fn baseline_is_unfit(&self, compared: u64) -> bool {
        self.agreed >= MIN_AGREED
            && number(self.agreed) > MIN_AGREED_SHARE * number(compared)
            && self.disagreed.saturating_mul(4) <= self.agreed
    }

    pub(super) fn merge(&mut self, other: &Self) {
        self.values.merge(&other.values);
        self.forms.merge(&other.forms);
        if self.words.len() < other.words.len() {
            self.words.resize(other.words.len(), [0; 2]);
        }
        for (ours, theirs) in self.words.iter_mut().zip(&other.words) {
            add(&mut ours[0], theirs[0]);
            add(&mut ours[1], theirs[1]);
        }
        self.numbers.merge(other.numbers);
        add(&mut self.agreed, other.agreed);
        add(&mut self.disagreed, other.disagreed);
    }

    /// Whether there is something in the shadow's values that is foreign to the old version.
    pub(super) fn is_foreign(&self, compared: u64) -> bool {
        self.findings(compared).next().is_some()
    }

    /// What is foreign: the words for it, in how many responses of the shadow, and of the old version.
    pub(super) fn findings(&self, compared: u64) -> impl Iterator<Item = (String, u64, u64)> {
        let agreed = self.baseline_is_unfit(compared).then(|| {
            let what = "the same value as the baseline's, and not the primary's";
            (what.to_owned(), self.agreed, 0)
        });
        let values = self.values.findings(compared, |value| format!("`{value}`"));
        let forms = self
            .forms
            .findings(compared, |form| format!("a value like `{form}`"));
        let numbers = self.numbers.is_foreign().then(|| {
            let Numbers { least, most, .. } = self.numbers;
            let what = format!("a number far outside of {least} to {most}");
            (what, self.numbers.far_shadow, self.numbers.far_baseline)
        });
        let words = self.words.iter().enumerate();
        let words = words.filter(|(_, [b, c])| is_part_of_the_shadow(*b, *c));
        let words = words.map(|(position, [b, c])| {
            let what = if position == 127 {
                "another layout of the text".to_owned()
            } else {
                format!("another word {}", position + 1)
            };
            (what, *b, *c)
        });
        agreed
            .into_iter()
            .chain(values)
            .chain(forms)
            .chain(numbers)
            .chain(words)
    }

    /// An error if it is none that can have been.
    pub(super) fn check(&self) -> Result<(), &'static str> {
        let is_full = self.values.all.len() > MAX_VALUES || self.forms.all.len() > MAX_FORMS;
        if is_full || self.words.len() > 128 {
            return Err("too many marks of values");
        }
        Ok(())
    }
}

impl<const ROOM: usize> Marks<ROOM> {
    /// Notes the marks of the primary, the baseline and the shadow. Whether that of the shadow is
    /// foreign, or it misses that of the primary as it always does, after so many comparisons.
    fn note(&mut self, [primary, baseline, shadow]: &[BTreeSet<&str>; 3], compared: u64) -> bool {
        let mut foreign = false;
        for name in primary {
            let mark = self.mark(name);
            add(&mut mark.primary, 1);
            foreign |= mark.is_missed(compared) && !shadow.contains(name);
        }
        for name in baseline {
            add(&mut self.mark(name).baseline, 1);
        }
        for name in shadow {
            let mark = self.mark(name);
            add(&mut mark.shadow, 1);
            foreign |= mark.is_foreign();
        }
        foreign
    }

    fn mark(&mut self, name: &str) -> &mut Mark {
        let mut weight = 0;
        if !self.all.contains_key(name) && self.all.len() >= ROOM {
            weight = self.make_way();
        }
        let mark = self.all.entry(name.to_owned()).or_insert(Mark {
            weight,
            ..Mark::default()
        });
        add(&mut mark.weight, 1);
        mark
    }

    fn make_way(&mut self) -> u64 {
        let least = self.all.iter().min_by_key(|(_, mark)| mark.weight);
        let Some(least) = least.map(|(name, _)| name.clone()) else {
            return 0;
        };
        self.overflowed = true;
        self.all.remove(&least).map_or(0, |mark| mark.weight)
    }

    /// How often a mark may have been met that is not there.
    fn least(&self) -> u64 {
        let weights = self.all.values().map(|mark| mark.weight);
        weights.min().filter(|_| self.overflowed).unwrap_or(0)
    }

    fn merge(&mut self, other: &Self) {
        let [own_least, other_least] = [self.least(), other.least()];
        for (name, ours) in &mut self.all {
            if !other.all.contains_key(name) {
                add(&mut ours.weight, other_least);
            }
        }
        for (name, theirs) in &other.all {
            let ours = self.all.entry(name.clone()).or_insert(Mark {
                weight: own_least,
                ..Mark::default()
            });
            add(&mut ours.primary, theirs.primary);
            add(&mut ours.baseline, theirs.baseline);
            add(&mut ours.shadow, theirs.shadow);
            add(&mut ours.weight, theirs.weight);
        }
        self.overflowed |= other.overflowed;
        while self.all.len() > ROOM {
            self.make_way();
        }
    }

    /// What is foreign, in words made of the mark's name: in how many responses of the shadow, and
    /// of the old version.
    fn findings(
        &self,
        compared: u64,
        named: fn(&str) -> String,
    ) -> impl Iterator<Item = (String, u64, u64)> {
        self.all.iter().filter_map(move |(name, mark)| {
            let what = if mark.is_foreign() {
                named(name)
            } else if mark.is_missed(compared) {
                format!("never {}", named(name))
            } else {
                return None;
            };
            Some((what, mark.shadow, mark.old()))
        })
    }
}

/// The marks of the primary, the baseline and the shadow in one comparison, each once: what is in many
/// elements of a list is seen once.
fn marks<'a>(
    shadows: &'a [Shapes],
    baselines: &'a [Shapes],
    mark: fn(&Shape) -> Option<&str>,
) -> [BTreeSet<&'a str>; 3] {
    let of = |shapes: &'a [Shapes], shape: fn(&Shapes) -> &Shape| -> BTreeSet<&'a str> {
        shapes.iter().filter_map(|both| mark(shape(both))).collect()
    };
    let [of_shadow, of_baseline] =
        [shadows, baselines].map(|shapes| of(shapes, |both| &both.primary));
    // Who does not differ has what the primary has.
    let or_primary = |shapes: &'a [Shapes], primary: &BTreeSet<&'a str>| {
        if shapes.is_empty() {
            primary.clone()
        } else {
            of(shapes, |both| &both.other)
        }
    };
    let shadow = or_primary(shadows, &of_baseline);
    let baseline = or_primary(baselines, &of_shadow);
    [&of_shadow | &of_baseline, baseline, shadow]
}

impl Mark {
    fn old(self) -> u64 {
        self.primary.saturating_add(self.baseline)
    }

    fn is_foreign(self) -> bool {
        is_foreign(self.shadow, self.old())
    }

    /// Whether the shadow never has it, and both of the old version have it in a tenth of all
    /// comparisons. What they have more rarely, like an error, a shadow may well be without.
    fn is_missed(self, compared: u64) -> bool {
        let each = self.primary.min(self.baseline);
        is_missed(self.shadow, self.old()) && number(each) > MIN_MISSED_SHARE * number(compared)
    }
}

impl Numbers {
    fn note(&mut self, primary: &Shape, baseline: &Shape, shadow: &Shape) -> bool {
        let is_far = |shape: &Shape| {
            shape.number.is_some_and(|number| {
                let apart = (self.most - self.least) * FAR;
                let is_far = number > self.most + apart || number < self.least - apart;
                self.count >= MIN_NUMBERS && apart > 0.0 && is_far
            })
        };
        let [is_far_baseline, is_far] = [baseline, shadow].map(is_far);
        for number in [primary, baseline]
            .into_iter()
            .filter_map(|shape| shape.number)
        {
            self.add(number);
        }
        add(&mut self.far_baseline, u64::from(is_far_baseline));
        add(&mut self.far_shadow, u64::from(is_far));
        is_far && self.is_foreign()
    }

    fn add(&mut self, number: f64) {
        if self.count == 0 {
            (self.least, self.most) = (number, number);
        }
        add(&mut self.count, 1);
        self.least = self.least.min(number);
        self.most = self.most.max(number);
    }

    fn is_foreign(self) -> bool {
        is_foreign(self.far_shadow, self.far_baseline)
    }

    fn merge(&mut self, other: Self) {
        if self.count == 0 {
            (self.least, self.most) = (other.least, other.most);
        } else if other.count > 0 {
            self.least = self.least.min(other.least);
            self.most = self.most.max(other.most);
        }
        add(&mut self.count, other.count);
        add(&mut self.far_shadow, other.far_shadow);
        add(&mut self.far_baseline, other.far_baseline);
    }
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*};

    use super::*;

    const ROOM: usize = 6;

    /// Notes what primary, baseline and shadow show, in this order.
    fn noted<'a>(responses: impl Iterator<Item = &'a [u8; 3]>) -> Marks<ROOM> {
        let mut marks = Marks::default();
        for response in responses {
            let names = response.map(|name| name.to_string());
            let sets = names.each_ref().map(|name| BTreeSet::from([&**name]));
            marks.note(&sets, 1);
        }
        marks
    }

    proptest! {
        #[test]
        fn marks_are_within_the_bound_however_they_are_split_and_merged(
            responses in vec(
                (0..12_u8, 0..12_u8, prop_oneof![0..4_u8, any::<u8>()]).prop_map(<[u8; 3]>::from),
                0..150,
            ),
            whose in vec(0..4_usize, 150),
            order in Just([0_usize, 1, 2, 3]).prop_shuffle(),
        ) {
            let mut merged = Marks::<ROOM>::default();
            for part in order {
                let of_part = responses.iter().zip(&whose).filter(|(_, of)| **of == part);
                merged.merge(&noted(of_part.map(|(response, _)| response)));
            }
            // A mark is met up to three times in a comparison.
            let bound = (3 * responses.len() / ROOM) as u64;
            for marks in [noted(responses.iter()), merged] {
                for name in 0..=u8::MAX {
                    let met = [0, 1, 2].map(|who| {
                        responses.iter().filter(|response| response[who] == name).count() as u64
                    });
                    let mark = marks.all.get(&name.to_string()).copied().unwrap_or_default();
                    let counted = [mark.primary, mark.baseline, mark.shadow];
                    prop_assert!(counted.iter().zip(met).all(|(counted, met)| *counted <= met));
                    let missing = met.iter().sum::<u64>() - counted.iter().sum::<u64>();
                    prop_assert!(missing <= bound, "{name}: {counted:?} of {met:?}, {bound}");
                }
            }
        }
    }
}
