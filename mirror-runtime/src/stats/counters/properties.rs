//! The sums of the counters, whatever is counted, in whatever order, by however many threads.

use proptest::prelude::*;

use super::*;

/// The way of a request.
#[derive(Clone, Copy, Debug)]
enum Outcome {
    NotSent(SkipReason),
    Answered(StatusCode),
    /// Answered, and not to its end.
    Cut(StatusCode),
    Failed(FailureKind),
    /// Sent, and still in flight at the end.
    Sent,
}

fn any_outcome() -> impl Strategy<Value = Outcome> {
    let skips = SkipReason::ALL.to_vec();
    let sheds = ShedReason::ALL
        .iter()
        .copied()
        .map(SkipReason::from)
        .collect();
    let status = (100..=999_u16).prop_map(|status| StatusCode::from_u16(status).unwrap());
    prop_oneof![
        prop::sample::select([skips, sheds].concat()).prop_map(Outcome::NotSent),
        status.clone().prop_map(Outcome::Answered),
        status.prop_map(Outcome::Cut),
        prop::sample::select(FailureKind::ALL).prop_map(Outcome::Failed),
        Just(Outcome::Sent),
    ]
}

impl Outcome {
    /// The first of what there is to count.
    fn begin(self, counters: &Counters) {
        match self {
            Self::NotSent(reason) => counters.not_sent(reason),
            Self::Answered(_) | Self::Cut(_) | Self::Failed(_) | Self::Sent => {
                counters.sent(1);
            }
        }
    }

    fn end(self, counters: &Counters) {
        match self {
            Self::Answered(status) => {
                counters.answered(status, Duration::ZERO, Some(Duration::ZERO));
            }
            Self::Cut(status) => counters.answered(status, Duration::ZERO, None),
            Self::Failed(kind) => counters.failed(kind),
            Self::NotSent(_) | Self::Sent => {}
        }
    }
}

fn count(outcomes: &[Outcome], is: impl Fn(&Outcome) -> bool) -> u64 {
    outcomes.iter().filter(|outcome| is(outcome)).count() as u64
}

fn add_up(stats: &TargetStats) -> bool {
    stats.received == stats.sent + stats.skipped + stats.shed
        && stats.sent == stats.answered + stats.failed + stats.in_flight
}

fn check(stats: &TargetStats, all: &[Outcome]) -> Result<(), TestCaseError> {
    prop_assert!(add_up(stats));
    prop_assert_eq!(stats.received, all.len() as u64);
    prop_assert_eq!(stats.in_flight, count(all, |o| matches!(o, Outcome::Sent)));
    prop_assert_eq!(
        stats.answered,
        count(all, |o| matches!(o, Outcome::Answered(_) | Outcome::Cut(_)))
    );
    prop_assert_eq!(stats.cut, count(all, |o| matches!(o, Outcome::Cut(_))));
    for kind in FailureKind::ALL {
        let failed = count(
            all,
            |o| matches!(o, Outcome::Failed(found) if found == kind),
        );
        prop_assert_eq!(stats.failed_with(*kind), failed);
    }
    let sheds = ShedReason::ALL.iter().copied().map(SkipReason::from);
    for reason in SkipReason::ALL.iter().copied().chain(sheds) {
        let skipped = count(
            all,
            |o| matches!(o, Outcome::NotSent(found) if *found == reason),
        );
        prop_assert_eq!(stats.skipped_for(reason), skipped);
    }
    Ok(())
}

proptest! {
    #[test]
    fn they_add_up_after_each_step_in_any_order(
        outcomes in prop::collection::vec(any_outcome(), 0..60),
        order in prop::collection::vec(any::<prop::sample::Index>(), 120),
    ) {
        let counters = Counters::new();
        // Requests begin in their order, and end in any.
        let mut waiting = outcomes.iter();
        let mut begun = Vec::new();
        for index in order {
            if let Some(next) = waiting.next() {
                next.begin(&counters);
                begun.push(*next);
            } else if begun.is_empty() {
                break;
            }
            prop_assert!(add_up(&counters.snapshot("x")));
            if index.index(2) == 0 || waiting.len() == 0 {
                begun.swap_remove(index.index(begun.len())).end(&counters);
                prop_assert!(add_up(&counters.snapshot("x")));
            }
        }
        begun.drain(..).for_each(|outcome| outcome.end(&counters));
        check(&counters.snapshot("x"), &outcomes)?;
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn they_add_up_while_threads_count(
        threads in prop::collection::vec(prop::collection::vec(any_outcome(), 0..200), 1..5),
    ) {
        let counters = Counters::new();
        let consistent = std::thread::scope(|scope| {
            let counting = |outcomes: &[Outcome]| {
                for outcome in outcomes {
                    outcome.begin(&counters);
                    outcome.end(&counters);
                }
            };
            let counting: Vec<_> = threads.iter().map(|all| scope.spawn(move || counting(all))).collect();
            let mut consistent = true;
            while !counting.iter().all(std::thread::ScopedJoinHandle::is_finished) {
                consistent &= add_up(&counters.snapshot("x"));
            }
            consistent
        });
        prop_assert!(consistent);
        check(&counters.snapshot("x"), &threads.concat())?;
    }
}
