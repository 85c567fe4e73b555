//! Times of several apps in one process, taken in turn: what disturbs one of them disturbs all.

use std::time::{Duration, Instant};

use allocation_counter::opt_out;

use super::{Drive, Shape};

/// Rounds, each short, so that a disturbance spoils few of them.
const ROUNDS: usize = 200;

/// Requests of one app in a round: fewer than the copies that may be in flight to a target.
const REQUESTS: u32 = 20;

/// What is timed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Until {
    /// The handler path: copies have been spawned and have not run.
    Answer,
    /// The copies' end, too, on the same thread.
    CopiesEnd,
}

/// The nanoseconds of a request to each app, in the tenth fastest round. What disturbs a round on a machine that
/// others use only makes it longer, and may go on for most of the time.
pub(crate) fn nanoseconds(apps: &mut [Drive], shape: Shape, until: Until) -> Vec<f64> {
    let mut times: Vec<Vec<Duration>> = vec![Vec::with_capacity(ROUNDS); apps.len()];
    opt_out(|| {
        for _ in 0..ROUNDS {
            for (app, times) in apps.iter_mut().zip(&mut times) {
                times.push(round(app, shape, until));
            }
        }
    });
    let of_one = |times: &mut Vec<Duration>| {
        times.sort_unstable();
        times[ROUNDS / 20 - 1].as_secs_f64() * 1e9 / f64::from(REQUESTS)
    };
    times.iter_mut().map(of_one).collect()
}

fn round(app: &mut Drive, shape: Shape, until: Until) -> Duration {
    let requests: Vec<_> = (0..REQUESTS).map(|_| shape.request()).collect();
    let mut answers = Vec::with_capacity(requests.len());
    let begun = Instant::now();
    for request in requests {
        answers.push(app.answer(request));
        if until == Until::CopiesEnd {
            app.settle();
        }
    }
    let elapsed = begun.elapsed();
    app.settle();
    elapsed
}
