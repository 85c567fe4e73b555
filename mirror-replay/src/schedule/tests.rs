use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

/// The time from one point to a later one.
fn since(later: Duration, earlier: Duration) -> Duration {
    later.checked_sub(earlier).unwrap()
}

const MS: u64 = 1_000_000;

fn session(number: u8) -> Session {
    (number > 0).then_some([number; 16])
}

fn ms(number: u64) -> Duration {
    Duration::from_millis(number)
}

fn pace(speed: Speed) -> Pace {
    Pace {
        speed,
        lookahead: ms(100),
        max_gap: ms(1_000),
        max_concurrent: 4,
        ..Pace::default()
    }
}

/// One record: when it arrived, its session, and how long the target takes for it.
type Planned = (u64, u8, u64);

/// What became of one: its place among those that were pushed, when it was sent, when it ended.
#[derive(Clone, Copy, Debug)]
struct Sent {
    index: usize,
    at: Duration,
    end: Duration,
}

/// Runs a schedule against a target, on a clock of its own, which rings when it should.
fn run(pace: Pace, records: &[Planned]) -> (Vec<Sent>, Schedule<usize>) {
    let mut schedule = Schedule::new(pace);
    let mut now = ms(7_000);
    let mut unread = records.iter().enumerate();
    let mut sent: Vec<Sent> = Vec::new();
    let mut flying: Vec<(Duration, usize)> = Vec::new();
    loop {
        while schedule.wants_more() {
            match unread.next() {
                Some((index, (arrived, of, _))) => {
                    schedule.push(arrived * MS, session(*of), 1, index);
                }
                None => schedule.close(),
            }
        }
        let until = match schedule.next(now) {
            Step::Send(index) => {
                let end = now + ms(records[index].2);
                sent.push(Sent {
                    index,
                    at: now,
                    end,
                });
                flying.push((end, index));
                continue;
            }
            Step::Done => break,
            Step::WaitUntil(until) => {
                assert!(until > now);
                Some(until)
            }
            Step::WaitForResponse => None,
            Step::WaitForRecord => panic!("it could have taken more"),
        };
        let next = flying.iter().map(|(end, _)| *end).min();
        now = until.into_iter().chain(next).min().expect("it goes on");
        let ended: Vec<_> = flying.extract_if(.., |(end, _)| *end <= now).collect();
        for (_, index) in ended {
            schedule.finish(session(records[index].1));
        }
    }
    assert!(flying.is_empty());
    (sent, schedule)
}

fn records() -> impl Strategy<Value = Vec<Planned>> {
    let gaps = prop::collection::vec((0_u64..50, 0_u8..5, 0_u64..200, 0_u64..40), 1..60);
    gaps.prop_map(|gaps| {
        let mut arrived = 1_000;
        gaps.into_iter()
            .map(|(gap, of, takes, back)| {
                arrived += gap;
                // Out of order, within the look-ahead.
                (arrived - back, of, takes)
            })
            .collect()
    })
}

fn speeds() -> impl Strategy<Value = Speed> {
    prop_oneof![
        Just(Speed::Max),
        Just(Speed::Times(1.0)),
        Just(Speed::Times(10.0)),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn a_session_keeps_its_order_and_each_record_is_sent_once(records in records(), speed in speeds()) {
        let (sent, _) = run(pace(speed), &records);
        let mut all: Vec<_> = sent.iter().map(|sent| sent.index).collect();
        let mut last: BTreeMap<u8, (u64, usize, Duration)> = BTreeMap::new();
        for sent in &sent {
            let (arrived, of, _) = records[sent.index];
            if of == 0 {
                continue;
            }
            if let Some((before, index, end)) = last.insert(of, (arrived, sent.index, sent.end)) {
                prop_assert!((before, index) < (arrived, sent.index));
                // The response of the one before was there.
                prop_assert!(end <= sent.at);
            }
        }
        all.sort_unstable();
        prop_assert_eq!(all, (0..records.len()).collect::<Vec<_>>());
    }

    #[test]
    fn no_more_are_in_flight_than_may_be(records in records(), speed in speeds(), max in 1_usize..6) {
        let pace = Pace { max_concurrent: max, ..pace(speed) };
        let (sent, _) = run(pace, &records);
        for one in &sent {
            let others = sent.iter().filter(|other| other.at <= one.at && other.end > one.at);
            prop_assert!(others.count() <= max);
        }
    }

    #[test]
    fn nothing_is_sent_faster_than_it_was_recorded(records in records(), times in 1_u32..10) {
        // Without sessions: all that is sent is of the one time line.
        let records: Vec<_> = records.into_iter().map(|(at, _, takes)| (at, 0, takes)).collect();
        let (sent, schedule) = run(pace(Speed::Times(times.into())), &records);
        for pair in sent.windows(2) {
            let [first, second] = [pair[0], pair[1]].map(|sent| records[sent.index].0);
            let gap = ms(second - first) / times;
            prop_assert!(since(pair[1].at, pair[0].at) + Duration::from_nanos(100) >= gap);
        }
        let whole = since(sent[sent.len() - 1].at, sent[0].at);
        let recorded = ms(records[sent[sent.len() - 1].index].0 - records[sent[0].index].0) / times;
        let off = (recorded + schedule.behind()).abs_diff(whole);
        prop_assert!(off < Duration::from_micros(10), "{off:?}");
    }

    #[test]
    fn a_target_that_follows_gets_the_recorded_pace(records in records()) {
        let records: Vec<_> = records.into_iter().map(|(at, _, _)| (at, 0, 0)).collect();
        let (sent, schedule) = run(pace(Speed::Times(1.0)), &records);
        prop_assert_eq!(schedule.behind(), Duration::ZERO);
        let first = records.iter().map(|record| record.0).min().unwrap();
        for one in sent {
            prop_assert_eq!(one.at, ms(7_000 + records[one.index].0 - first));
        }
    }
}

#[test]
fn what_is_out_of_order_takes_no_longer() {
    // Two writers take turns: the sum of all steps forward is 76 s, and all of it took 1.5 s.
    let records: Vec<_> = (0..150)
        .map(|n| {
            if n % 2 == 0 {
                (n * 10, 0, 1)
            } else {
                (1_500 - n * 10, 0, 1)
            }
        })
        .collect();
    for lookahead in [0, 100, 400_000] {
        let pace = Pace {
            lookahead: ms(lookahead),
            ..pace(Speed::Times(1.0))
        };
        let (sent, _) = run(pace, &records);
        let took = since(sent[sent.len() - 1].at, sent[0].at);
        assert!(took <= ms(1_500), "{lookahead}: {took:?}");
    }
}

#[test]
fn a_night_is_cut_short_and_a_clock_that_was_set_holds_nothing_up() {
    let pace = Pace {
        lookahead: ms(0),
        ..pace(Speed::Times(1.0))
    };
    let (sent, _) = run(
        pace,
        &[(0, 0, 1), (8 * 3_600_000, 0, 1), (8 * 3_600_000 + 5, 0, 1)],
    );
    assert_eq!(since(sent[2].at, sent[0].at), ms(1_005));
    // Set back by an hour, where nothing is sorted, and it goes on at its pace.
    let pace = Pace {
        max_held: 1,
        ..pace
    };
    let (sent, schedule) = run(pace, &[(3_600_000, 0, 1), (10, 0, 1), (60, 0, 1)]);
    assert_eq!(since(sent[2].at, sent[0].at), ms(50));
    assert_eq!(schedule.late(), 1);
}

#[test]
fn a_slow_session_does_not_hold_up_the_others() {
    let records: Vec<_> = (0..20).map(|n| (n * 10, u8::from(n % 2 == 0), 1)).collect();
    let mut slow = records.clone();
    for record in slow.iter_mut().filter(|record| record.1 == 1) {
        record.2 = 100;
    }
    let (sent, _) = run(pace(Speed::Times(1.0)), &slow);
    for one in sent.iter().filter(|one| slow[one.index].1 == 0) {
        assert_eq!(one.at, ms(7_000 + slow[one.index].0));
    }
}

#[test]
fn a_session_with_too_many_that_wait_holds_up_all_evenly() {
    // It cannot follow at all: everything is as slow as it needs.
    let records: Vec<_> = (0..400_u64)
        .map(|n| (n, u8::from(n % 4 != 0), if n % 4 == 0 { 0 } else { 10 }))
        .collect();
    let (sent, schedule) = run(pace(Speed::Times(1.0)), &records);
    assert!(schedule.behind() > ms(1_000));
    let others: Vec<_> = sent.iter().filter(|one| one.index % 4 == 0).collect();
    let end = sent[sent.len() - 1].at;
    assert!(
        since(end, others[others.len() - 1].at) < ms(400),
        "the others ran ahead"
    );
}

#[test]
fn a_timer_that_rings_late_slows_nothing_down() {
    let mut schedule = Schedule::new(Pace {
        lookahead: ms(0),
        ..pace(Speed::Times(1.0))
    });
    for n in 0..3 {
        schedule.push(n * 10 * MS, None, 1, n);
    }
    schedule.close();
    assert_eq!(schedule.next(ms(0)), Step::Send(0));
    assert_eq!(schedule.next(ms(0)), Step::WaitUntil(ms(10)));
    assert_eq!(schedule.next(ms(13)), Step::Send(1));
    assert_eq!(schedule.next(ms(13)), Step::WaitUntil(ms(20)));
    assert_eq!(schedule.behind(), ms(0));
}

#[test]
fn a_log_that_is_read_slowly_is_not_caught_up_with() {
    let mut schedule = Schedule::new(Pace {
        lookahead: ms(0),
        ..pace(Speed::Times(1.0))
    });
    schedule.push(0, None, 1, 0);
    assert_eq!(schedule.next(ms(0)), Step::Send(0));
    assert_eq!(schedule.next(ms(0)), Step::WaitForRecord);
    schedule.push(10 * MS, None, 1, 1);
    schedule.push(20 * MS, None, 1, 2);
    assert_eq!(schedule.next(ms(50)), Step::Send(1));
    assert_eq!(schedule.next(ms(50)), Step::WaitUntil(ms(60)));
    assert_eq!(schedule.behind(), ms(40));
}

#[test]
fn what_is_abandoned_is_given_back_and_what_is_in_flight_ends() {
    let mut schedule = Schedule::new(pace(Speed::Max));
    for n in 0..4 {
        schedule.push(n, session(u8::from(n < 3)), 1, n);
    }
    schedule.close();
    assert_eq!(schedule.next(ms(0)), Step::Send(0));
    assert_eq!(schedule.next(ms(0)), Step::Send(3));
    assert_eq!(schedule.abandon(), [1, 2]);
    assert_eq!(schedule.next(ms(0)), Step::WaitForResponse);
    schedule.finish(session(1));
    schedule.finish(None);
    assert_eq!(schedule.next(ms(1)), Step::Done);
}

#[test]
fn the_look_ahead_is_bounded() {
    let pace = Pace {
        max_held: 10,
        lookahead: ms(1_000_000),
        ..pace(Speed::Max)
    };
    let mut schedule = Schedule::new(pace);
    for n in 0..10 {
        assert!(schedule.wants_more());
        schedule.push(n, None, 1, n);
    }
    assert!(!schedule.wants_more());
    assert_eq!(schedule.next(ms(0)), Step::Send(0));
    assert!(schedule.wants_more());
}

#[test]
fn speeds_are_numbers_or_max() {
    assert_eq!("max".parse(), Ok(Speed::Max));
    assert_eq!("10".parse(), Ok(Speed::Times(10.0)));
    assert_eq!("0.5x".parse(), Ok(Speed::Times(0.5)));
    for text in ["", "0", "-1", "NaN", "inf", "fast", "1e9"] {
        assert_eq!(text.parse::<Speed>(), Err(ParseSpeedError), "{text}");
    }
}

#[test]
fn nothing_is_held_while_nothing_is_to_be_expected() {
    let mut schedule = Schedule::new(pace(Speed::Max));
    schedule.push(0, None, 1, 0);
    assert_eq!(schedule.next(ms(0)), Step::WaitForRecord);
    schedule.set_idle(true);
    assert_eq!(schedule.next(ms(0)), Step::Send(0));
    assert_eq!(schedule.next(ms(0)), Step::WaitForRecord);
    schedule.finish(None);
    schedule.close();
    assert_eq!(schedule.next(ms(0)), Step::Done);
}
