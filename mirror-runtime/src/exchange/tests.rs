use std::time::Duration;

use axum::body::Body;
use http::{HeaderMap, Request, StatusCode};
use tokio::{runtime::Runtime, time::sleep};

use super::*;
use crate::{
    comparison::{CompareMode, NotComparedReason},
    mirror::Mirror,
    trace::CopySpan,
};

fn mirror() -> Mirror {
    Mirror::builder()
        .target("http://127.0.0.1:9")
        .compare(CompareMode::Status)
        .build()
        .unwrap()
}

/// A runtime whose time passes as soon as all else rests.
fn runtime() -> Runtime {
    tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap()
}

/// Of a request, of which the shadow has answered and the primary has not.
fn answered_by_the_shadow(mirror: &Mirror) -> PrimarySide {
    let (parts, body) = Request::new(Body::empty()).into_parts();
    let (side, open) = PrimarySide::new(mirror.engine(), &parts, &body, None).unwrap();
    let mut copy = open.copy(0);
    copy.sent();
    let noting = Noting::new(StatusCode::OK, HeaderMap::new(), None, Some(0));
    copy.ended(
        noting.finish(Ending::Complete, Duration::ZERO),
        CopySpan::default(),
    );
    side
}

fn timed_out(mirror: &Mirror) -> u64 {
    let report = mirror.report().targets.remove(0);
    report.not_compared_for(NotComparedReason::TimedOut)
}

fn queues(mirror: &Mirror) -> Vec<usize> {
    let comparing = mirror.engine().comparing.as_ref().unwrap();
    comparing.deadlines.queues()
}

#[test]
fn who_is_overdue_is_timed_out_and_nothing_is_left() {
    let mirror = mirror();
    runtime().block_on(async {
        let longest = mirror.engine().longest_timeout();
        let first = answered_by_the_shadow(&mirror);
        sleep(longest / 2).await;
        let second = answered_by_the_shadow(&mirror);
        sleep(longest * 3 / 4).await;
        assert_eq!((timed_out(&mirror), queues(&mirror)), (1, vec![1]));
        sleep(longest).await;
        assert_eq!((timed_out(&mirror), queues(&mirror)), (2, vec![]));
        // One that comes later is watched anew.
        let third = answered_by_the_shadow(&mirror);
        sleep(longest * 2).await;
        assert_eq!((timed_out(&mirror), queues(&mirror)), (3, vec![]));
        drop([first, second, third]);
    });
}

#[test]
fn an_exchange_that_has_ended_has_no_place() {
    let mirror = mirror();
    runtime().block_on(async {
        let waiting = answered_by_the_shadow(&mirror);
        drop(answered_by_the_shadow(&mirror));
        // Of the responses that were handed over, too.
        tokio::task::yield_now().await;
        assert_eq!(queues(&mirror), [1]);
        drop(waiting);
        tokio::task::yield_now().await;
        assert_eq!(queues(&mirror), [0]);
        sleep(mirror.engine().longest_timeout() * 2).await;
        assert_eq!((timed_out(&mirror), queues(&mirror)), (0, vec![]));
    });
}

#[test]
fn a_runtime_that_stands_still_or_ends_holds_up_no_other() {
    let mirror = mirror();
    let (still, turning) = (runtime(), runtime());
    let entered = still.enter();
    let first = answered_by_the_shadow(&mirror);
    drop(entered);
    let second = turning.block_on(async {
        let second = answered_by_the_shadow(&mirror);
        sleep(mirror.engine().longest_timeout() * 2).await;
        second
    });
    assert_eq!((timed_out(&mirror), queues(&mirror)), (1, vec![1]));
    drop(still);
    assert_eq!((timed_out(&mirror), queues(&mirror)), (1, vec![]));
    drop([first, second]);
}

#[test]
fn what_a_runtime_has_not_handed_over_at_its_end_is_counted() {
    let mirror = Mirror::builder()
        .target("http://127.0.0.1:9")
        .compare(CompareMode::Json)
        .build()
        .unwrap();
    let (parts, body) = Request::new(Body::empty()).into_parts();
    let (_side, open) = PrimarySide::new(mirror.engine(), &parts, &body, None).unwrap();
    let count = || mirror.report().targets.remove(0).not_compared;
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    let runtime = runtime.unwrap();
    let entered = runtime.enter();
    let ready = vec![(0, Err(NotComparedReason::TimedOut))];
    open.exchange().hand_over(ready);
    drop(entered);
    // The task has not run.
    assert_eq!(count(), 0);
    drop(runtime);
    assert_eq!(count(), 1);
}
