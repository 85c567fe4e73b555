//! How many shards each replayer reads.

use std::collections::BTreeMap;

/// What one of those who share has to do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Share {
    /// So many of the free shards are to be taken.
    pub(super) take: usize,
    /// So many of those that are held are to be left.
    pub(super) leave: usize,
}

/// What `me` has to do, of those who hold so many shards each, with so many free ones.
///
/// All have the same, or one more, in the end. Whoever knows the same comes to the same result, so
/// that nothing is left that nobody takes, and nothing is left in vain.
pub(super) fn share(held: &BTreeMap<&str, usize>, free: usize, me: &str) -> Share {
    let Some(mine) = held.get(me).copied() else {
        return Share::default();
    };
    let all = held.values().sum::<usize>() + free;
    let fewest = all / held.len();
    let most = all.div_ceil(held.len());
    let missing: usize = held.values().map(|has| fewest.saturating_sub(*has)).sum();
    let take = if mine < fewest {
        (fewest - mine).min(free)
    } else {
        usize::from(mine < most && free > missing)
    };
    let mut leave = mine.saturating_sub(most);
    // Of those that have one more than others, as many give it to those who have too few as these
    // do not get otherwise.
    let given: usize = held.values().map(|has| has.saturating_sub(most)).sum();
    let wanted = missing.saturating_sub(free + given);
    let richest = held
        .iter()
        .filter(|(_, has)| **has >= most && most > fewest);
    let place = richest.map(|(name, _)| *name).position(|name| name == me);
    leave += usize::from(place.is_some_and(|place| place < wanted));
    Share { take, leave }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(held: &[usize], free: usize) -> Vec<(usize, usize)> {
        let names: Vec<_> = (0..held.len()).map(|n| format!("{n:02}")).collect();
        let held: BTreeMap<_, _> = names
            .iter()
            .map(String::as_str)
            .zip(held.iter().copied())
            .collect();
        let share = |name: &String| share(&held, free, name);
        let shares = names.iter().map(share);
        shares.map(|share| (share.take, share.leave)).collect()
    }

    #[test]
    fn one_takes_all_and_gives_half_to_a_second() {
        assert_eq!(of(&[0], 16), [(16, 0)]);
        assert_eq!(of(&[16, 0], 0), [(0, 8), (0, 0)]);
        assert_eq!(of(&[8, 0], 8), [(0, 0), (8, 0)]);
        // Nothing is moved that would make nobody's share larger than another's.
        assert_eq!(of(&[1, 2], 0), [(0, 0), (0, 0)]);
        assert_eq!(of(&[2, 2, 0], 0), [(0, 1), (0, 0), (0, 0)]);
        // More replayers than shards.
        assert_eq!(of(&[1, 1, 0], 0), [(0, 0), (0, 0), (0, 0)]);
        assert_eq!(of(&[1, 0], 1), [(0, 0), (1, 0)]);
    }

    proptest! {
        /// In whatever order they act, what they hold is even soon, and then nobody moves anything.
        #[test]
        fn shares_become_even_and_stay_so(
            mut held in prop::collection::vec(0_usize..20, 1..8),
            mut free in 0_usize..40,
            order in prop::collection::vec(0_usize..8, 0..20),
        ) {
            let all = held.iter().sum::<usize>() + free;
            let everybody = (0..held.len()).cycle().take(held.len() * 6);
            let order: Vec<_> = order.into_iter().chain(everybody).collect();
            for me in order {
                let me = me % held.len();
                let (take, leave) = of(&held, free)[me];
                prop_assert!(take <= free && leave <= held[me]);
                held[me] = held[me] + take - leave;
                free = free + leave - take;
            }
            prop_assert_eq!(free, 0);
            let (fewest, most) = (all / held.len(), all.div_ceil(held.len()));
            prop_assert!(held.iter().all(|has| (fewest..=most).contains(has)), "{:?}", held);
            prop_assert!(of(&held, 0).iter().all(|it| *it == (0, 0)));
        }
    }
}
