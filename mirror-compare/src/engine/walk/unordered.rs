//! Comparing two arrays as multisets.

use std::collections::{BTreeMap, VecDeque};

use super::{Element, Stop, Walk};
use crate::{
    engine::budget::Spent,
    json::{Node, decimal::Decimal},
};

/// The most elements of equal hash between which the best matching is looked for. Under a
/// tolerance, who is matched first may take what another needs; a larger number takes too much
/// work.
const MAX_MATCHED: usize = 256;

/// Elements of one hash, by their positions.
type Bucket = (Vec<usize>, Vec<usize>);

impl<'n> Walk<'n, '_, '_> {
    pub(super) fn unordered(
        &mut self,
        ones: &[Element<'n>],
        others: &[Element<'n>],
    ) -> Result<(), Stop> {
        if self.quiet && ones.len() != others.len() {
            return Err(Stop::Differs);
        }
        let (left_ones, left_others) = self.unmatched(ones, others)?;
        if !self.quiet {
            self.found.equal += ones.len() - left_ones.len();
        }
        let pick = |from: &[Element<'n>], positions: &[usize]| -> Vec<Element<'n>> {
            positions
                .iter()
                .map(|position| from[*position].clone())
                .collect()
        };
        let (left_ones, left_others) = (pick(ones, &left_ones), pick(others, &left_others));
        if let ([_], [_]) = (&*left_ones, &*left_others) {
            // One element changed: what changed in it says more than that it is another.
            return self.pairs(&left_ones, &left_others);
        }
        if left_ones.len() != left_others.len() {
            self.lengths_differ(ones.len(), others.len())?;
        }
        self.one_sided_elements(&left_ones, &left_others)
    }

    /// The positions of elements that have no equal on the other side, when as many as can be are
    /// paired.
    fn unmatched(&mut self, ones: &[Element<'n>], others: &[Element<'n>]) -> Result<Bucket, Spent> {
        let mut buckets: BTreeMap<u64, Bucket> = BTreeMap::new();
        for (position, hash) in self.hashes(ones)?.into_iter().enumerate() {
            buckets.entry(hash).or_default().0.push(position);
        }
        for (position, hash) in self.hashes(others)?.into_iter().enumerate() {
            buckets.entry(hash).or_default().1.push(position);
        }
        let mut left = Bucket::default();
        for bucket in buckets.into_values() {
            let (one, other) = self.unmatched_of(bucket, ones, others)?;
            left.0.extend(one);
            left.1.extend(other);
        }
        left.0.sort_unstable();
        left.1.sort_unstable();
        Ok(left)
    }

    fn unmatched_of(
        &mut self,
        (mut left, mut right): Bucket,
        ones: &[Element<'n>],
        others: &[Element<'n>],
    ) -> Result<Bucket, Spent> {
        if left.is_empty() || right.is_empty() {
            return Ok((left, right));
        }
        // Of numbers in order, the first that fits is the best one; so is any if nothing is
        // tolerated.
        let mut first_fits = !self.found.rules.has_tolerance || ones[left[0]].state.is_empty();
        if !first_fits {
            first_fits = sort_numbers(&mut left, ones) && sort_numbers(&mut right, others);
        }
        // From here on both are known by their places in the bucket.
        let mut free: VecDeque<usize> = (0..right.len()).collect();
        let mut partners = Partners::new(left.len(), right.len());
        for (one, left) in left.iter().enumerate() {
            for (position, other) in free.iter().enumerate() {
                if self.fits(&ones[*left], &others[right[*other]])? {
                    partners.pair(one, *other);
                    free.remove(position);
                    break;
                }
            }
        }
        if !first_fits && !free.is_empty() && partners.of_ones.contains(&None) {
            if left.len().max(right.len()) > MAX_MATCHED {
                return Err(Spent);
            }
            self.improve(&mut partners, (&left, &right), ones, others)?;
        }
        Ok((
            unpaired(&left, &partners.of_ones),
            unpaired(&right, &partners.of_others),
        ))
    }

    /// Pairs more elements, by giving others new partners (Kuhn's algorithm).
    fn improve(
        &mut self,
        partners: &mut Partners,
        (left, right): (&[usize], &[usize]),
        ones: &[Element<'n>],
        others: &[Element<'n>],
    ) -> Result<(), Spent> {
        let mut fits = vec![Vec::new(); left.len()];
        for (one, fits) in left.iter().zip(&mut fits) {
            for (place, other) in right.iter().enumerate() {
                if self.fits(&ones[*one], &others[*other])? {
                    fits.push(place);
                }
            }
        }
        for one in 0..left.len() {
            if partners.of_ones[one].is_none() {
                self.budget.spend(right.len() * left.len())?;
                pair(one, &fits, partners, &mut vec![false; right.len()]);
            }
        }
        Ok(())
    }

    fn fits(&mut self, one: &Element<'n>, other: &Element<'n>) -> Result<bool, Spent> {
        self.same(one.node, other.node, &one.state)
    }
}

/// The pairs, on both sides, by their places in a bucket.
struct Partners {
    of_ones: Vec<Option<usize>>,
    of_others: Vec<Option<usize>>,
}

impl Partners {
    fn new(ones: usize, others: usize) -> Self {
        Self {
            of_ones: vec![None; ones],
            of_others: vec![None; others],
        }
    }

    fn pair(&mut self, one: usize, other: usize) {
        self.of_ones[one] = Some(other);
        self.of_others[other] = Some(one);
    }
}

/// The positions of those without a partner.
fn unpaired(positions: &[usize], partners: &[Option<usize>]) -> Vec<usize> {
    let both = positions.iter().zip(partners);
    both.filter(|(_, partner)| partner.is_none())
        .map(|(position, _)| *position)
        .collect()
}

/// Finds a partner for an element; it recurses at most [`MAX_MATCHED`] times.
fn pair(one: usize, fits: &[Vec<usize>], partners: &mut Partners, tried: &mut [bool]) -> bool {
    for other in &fits[one] {
        if std::mem::replace(&mut tried[*other], true) {
            continue;
        }
        let taken_by = partners.of_others[*other];
        if taken_by.is_none_or(|taken_by| pair(taken_by, fits, partners, tried)) {
            partners.pair(one, *other);
            return true;
        }
    }
    false
}

/// Sorts positions by the numbers that stand there. `false` if there is something else.
fn sort_numbers(positions: &mut [usize], elements: &[Element<'_>]) -> bool {
    let number = |position: &usize| match elements[*position].node {
        Node::Number(text) => Decimal::parse(text),
        _ => None,
    };
    if !positions.iter().all(|position| number(position).is_some()) {
        return false;
    }
    positions.sort_by_cached_key(number);
    true
}
