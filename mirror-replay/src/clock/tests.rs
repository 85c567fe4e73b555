use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::*;
use crate::schedule::{Pace, Schedule, Session, Speed, Step};

const MS: u64 = 1_000_000;
const S: u64 = 1_000 * MS;

/// Long after 1970.
const T: u64 = 1_795_766_600 * S;

/// A record: when it arrived by the clock of its writer, how long it took, its session.
type Written = (u64, Option<Duration>, u8);

/// The places of records among those that were written, as they are sent, and how many were late.
fn sent(writers: Writers, written: &[Written]) -> (Vec<usize>, u64) {
    let mut clock = Clock::<usize>::new(writers);
    let mut schedule = Schedule::<usize>::new(Pace {
        speed: Speed::Max,
        max_concurrent: 1,
        ..Pace::default()
    });
    let mut unread = written.iter().enumerate();
    let mut order: Vec<usize> = Vec::new();
    let mut flying: Option<Session> = None;
    let session = |number: u8| (number > 0).then_some([number; 16]);
    loop {
        while schedule.wants_more() {
            if let Some((arrived, index)) = clock.pop() {
                schedule.push(arrived, session(written[index].2), 1, index);
            } else if let Some((index, (arrived, took, _))) = unread.next() {
                clock.push(Stamp::new(*arrived, *took), 1, index);
            } else if clock.undecided.is_empty() {
                schedule.close();
            } else {
                clock.flush();
            }
        }
        match schedule.next(Duration::ZERO) {
            Step::Send(index) => {
                order.push(index);
                flying = Some(session(written[index].2));
            }
            Step::WaitForResponse => schedule.finish(flying.take().unwrap()),
            Step::Done => return (order, schedule.late()),
            step => panic!("{step:?}"),
        }
    }
}

fn every(count: u64, from: u64, step: u64, took: Option<Duration>) -> Vec<Written> {
    (0..count).map(|n| (from + n * step, took, 1)).collect()
}

fn known() -> [Option<Duration>; 2] {
    [None, Some(Duration::from_millis(30))]
}

#[track_caller]
fn in_order(writers: Writers, written: &[Written]) {
    let (order, late) = sent(writers, written);
    assert_eq!(order, (0..written.len()).collect::<Vec<_>>());
    assert_eq!(late, 0);
}

#[test]
fn a_clock_that_is_set_back_changes_no_order() {
    for (took, writers) in known()
        .into_iter()
        .flat_map(|took| [(took, Writers::One), (took, Writers::Many)])
    {
        for back in [3, 20, 59, 61, 3_600, 86_400 * 365] {
            for (before, after) in [(20, 20), (1, 9), (10, 10), (3_000, 5), (300, 3_000)] {
                let mut written = every(before, T, 100 * MS, took);
                written.extend(every(after, T - back * S, 100 * MS, took));
                in_order(writers, &written);
            }
        }
    }
}

#[test]
fn a_clock_that_is_set_forward_and_back_again_changes_no_order() {
    for took in known() {
        for writers in [Writers::One, Writers::Many] {
            let mut written = every(400, T, 100 * MS, took);
            written.extend(every(400, T + 3_600 * S, 100 * MS, took));
            written.extend(every(400, T + 80 * S, 100 * MS, took));
            written.extend(every(20, T - 3_600 * S, 100 * MS, took));
            in_order(writers, &written);
        }
    }
}

#[test]
fn a_small_step_shows_where_it_is_known_when_responses_ended() {
    let took = Some(Duration::from_millis(30));
    let mut written = every(20, T, 100 * MS, took);
    written.extend(every(20, T + 1_600 * MS, 100 * MS, took));
    in_order(Writers::One, &written);
}

#[test]
fn one_record_of_another_time_stays_where_it_is() {
    for took in known() {
        for writers in [Writers::One, Writers::Many] {
            for wrong in [T + 3_600 * S, 1 << 63, u64::MAX, T + 80 * S] {
                for at in [0, 1, 7, 8, 30, 99] {
                    let mut written = every(100, T, 100 * MS, took);
                    written[at].0 = wrong;
                    in_order(writers, &written);
                }
            }
        }
    }
    // One behind a step.
    let mut written = every(20, T, 100 * MS, None);
    written.extend(every(20, T - 3 * S, 100 * MS, None));
    written[39].0 = 1 << 63;
    in_order(Writers::One, &written);
    // Two of them, and one from long ago.
    let mut written = every(100, T, 100 * MS, Some(Duration::from_millis(30)));
    (written[20].0, written[21].0, written[60].0) = (u64::MAX, u64::MAX - 5, 0);
    in_order(Writers::One, &written);
}

/// Where the next record is not known, the recorded time goes on as well.
#[test]
fn an_outlier_leaves_the_rest_sorted() {
    let mut written: Vec<_> = (0..3_000_u64)
        .map(|n| {
            // Its response has ended up to 5 s later.
            let late = (n * n * 7_919) % 5_000;
            (
                n * 10 + late,
                (T + n * 10 * MS, None, u8::try_from(n % 3).unwrap() + 1),
            )
        })
        .collect();
    written.sort_unstable();
    let mut written: Vec<_> = written.into_iter().map(|(_, written)| written).collect();
    for at in [0, 1_500] {
        written.insert(at, (1 << 63, None, 77));
    }
    for writers in [Writers::One, Writers::Many] {
        let (order, late) = sent(writers, &written);
        let mut last = BTreeMap::new();
        for index in order {
            let (arrived, _, session) = written[index];
            let before = last.insert(session, arrived);
            assert!(before.is_none_or(|before| before <= arrived));
        }
        assert_eq!(late, 0);
    }
}

#[test]
fn what_took_long_is_sorted_to_where_it_arrived() {
    for took in [None, Some(Duration::from_secs(8))] {
        for writers in [Writers::One, Writers::Many] {
            let mut written = every(80, T + 100 * MS, 100 * MS, took.map(|_| Duration::ZERO));
            written.push((T, took, 1));
            let (order, late) = sent(writers, &written);
            assert_eq!((order[0], late), (80, 0));
            if (took, writers) == (None, Writers::Many) {
                // It may be by another clock as well.
                continue;
            }
            written[80].1 = took.map(|_| Duration::from_secs(108));
            written[80].0 -= 100 * S;
            written.extend(every(10, T + 9 * S, 100 * MS, took.map(|_| Duration::ZERO)));
            let (order, late) = sent(writers, &written);
            assert_eq!(order[0], 80, "it is sorted: {writers:?}");
            assert_eq!(late, 0);
        }
    }
}

#[test]
fn slow_requests_at_the_end_are_no_step_of_the_clock() {
    for writers in [Writers::One, Writers::Many] {
        let mut written = every(100, T, 100 * MS, None);
        for back in [3, 5, 2, 6, 4, 7] {
            written.push((T + (10 - back) * S + MS, None, 1));
        }
        let (order, late) = sent(writers, &written);
        let arrived = order.iter().map(|index| written[*index].0);
        assert!(arrived.is_sorted() && late == 0, "{order:?}");
    }
}

#[test]
fn clocks_of_several_that_differ_by_an_hour_change_no_order() {
    for took in known() {
        for turns in [1, 3, 40] {
            let mut written = Vec::new();
            for n in 0..600_u64 {
                let off = [0, 3_600, 90][usize::try_from(n / turns % 3).unwrap()];
                written.push((T + n * 50 * MS + off * S, took, 1));
            }
            in_order(Writers::Many, &written);
        }
    }
}

#[test]
fn a_night_is_no_change_of_the_clock() {
    for took in known() {
        let mut clock = Clock::new(Writers::One);
        let mut written = every(20, T, 100 * MS, took);
        written.extend(every(20, T + 8 * 3_600 * S, 100 * MS, took));
        // And one in five minutes.
        written.extend(every(5, T + 9 * 3_600 * S, 300 * S, took));
        for (arrived, took, _) in &written {
            clock.push(Stamp::new(*arrived, *took), 1, ());
        }
        clock.flush();
        let placed: Vec<_> = std::iter::from_fn(|| clock.pop())
            .map(|(at, ())| at)
            .collect();
        let arrived: Vec<_> = written.iter().map(|(arrived, ..)| *arrived).collect();
        assert_eq!(placed, arrived);
    }
}

#[test]
fn what_is_undecided_is_bounded() {
    let mut clock = Clock::new(Writers::One);
    let mut most = 0;
    for n in 0..5_000_u64 {
        // Every clock is possible.
        let arrived = T.wrapping_add(n.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> (n % 40));
        clock.push(Stamp::new(arrived, None), 1_000, n);
        most = most.max(clock.undecided.len());
        while clock.pop().is_some() {}
    }
    assert!(most <= ENOUGH, "{most}");
    let mut clock = Clock::new(Writers::Many);
    for n in 0..100 {
        clock.push(Stamp::new(T - n * 10 * S, None), 100_000, n);
        assert!(clock.undecided.len() <= 12);
        assert!(clock.dials.len() <= MAX_CLOCKS);
    }
}

/// What happens to a clock before a record.
#[derive(Clone, Copy, Debug)]
enum Event {
    /// Time goes on.
    After(u64),
    /// It is set.
    Set(i64),
    /// It is wrong once.
    Wrong(u64),
}

fn events() -> impl Strategy<Value = Vec<(Event, u8)>> {
    let event = prop_oneof![
        40 => (0_u64..2_000).prop_map(Event::After),
        1 => (-100_000_000_i64..100_000_000).prop_map(Event::Set),
        1 => (-60_000_i64..60_000).prop_map(Event::Set),
        1 => any::<u64>().prop_map(Event::Wrong),
    ];
    prop::collection::vec((event, 1_u8..5), 1..300)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// However the clock of one writer was set: requests of a session that were sent one after the
    /// other stay so, where it is known when responses ended.
    #[test]
    fn a_session_keeps_the_order_it_was_written_in(events in events()) {
        let (mut now, mut off) = (i128::from(T), 0_i128);
        let written: Vec<Written> = events.iter().map(|(event, session)| {
            now += i128::from(50 * MS);
            match event {
                Event::After(ms) => now += i128::from(*ms) * i128::from(MS),
                Event::Set(ms) => off += i128::from(*ms) * i128::from(MS),
                Event::Wrong(_) => {}
            }
            let shown = match event {
                Event::Wrong(at) => i128::from(*at),
                _ => now + off,
            };
            let took = Some(Duration::from_millis(20));
            (u64::try_from(shown.max(0)).unwrap(), took, *session)
        }).collect();
        let (order, _) = sent(Writers::One, &written);
        let mut last = BTreeMap::new();
        for index in &order {
            let before = last.insert(written[*index].2, *index);
            // A step of a fifth of a second may be a record that was written late.
            let is_small = |first: usize| written[first].0.abs_diff(written[*index].0) <= 200 * MS;
            prop_assert!(before.is_none_or(|before| before < *index || is_small(before)), "{before:?} {index}");
        }
        prop_assert_eq!(order.iter().collect::<BTreeSet<_>>().len(), written.len());
    }
}
