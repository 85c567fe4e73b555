//! Times of several apps in one process, taken in turn: what disturbs one of them disturbs all.

use std::time::{Duration, Instant};

use allocation_counter::opt_out;

use super::{Drive, Shape, shadow};

/// Rounds, each short, so that a disturbance spoils few of them.
const ROUNDS: usize = 200;

/// Requests of one app in a round: fewer than the copies that may be in flight to a target.
const REQUESTS: u32 = 20;

/// What is timed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Until {
    /// The handler path: copies have been spawned and have not run.
    Answer,
    /// The copies' end, too, on the same thread.
    CopiesEnd,
}

/// The nanoseconds that a request takes.
#[derive(Clone, Copy, Debug)]
pub struct Took {
    /// On this side: without what a shadow on the same thread takes, which is the same whoever
    /// sends, and which nobody has on his server.
    pub here: f64,
    /// With the shadow's work.
    pub in_all: f64,
}

/// What a request takes where there is no shadow.
pub fn nanoseconds(apps: &mut [Drive], shape: Shape, until: Until) -> Vec<f64> {
    let took = took(apps, shape, until);
    took.into_iter().map(|took| took.in_all).collect()
}

/// What a request to each app takes, in the tenth fastest round. What disturbs a round on a machine
/// that others use only makes it longer, and may go on for most of the time.
pub fn took(apps: &mut [Drive], shape: Shape, until: Until) -> Vec<Took> {
    let mut rounds: Vec<Vec<Round>> = vec![Vec::with_capacity(ROUNDS); apps.len()];
    opt_out(|| {
        for _ in 0..ROUNDS {
            for (app, rounds) in apps.iter_mut().zip(&mut rounds) {
                rounds.push(Round::of(app, shape, until));
            }
        }
    });
    let of_one = |rounds: &Vec<Round>| Took {
        here: of_a_request(rounds, |round| round.in_all.saturating_sub(round.shadow)),
        in_all: of_a_request(rounds, |round| round.in_all),
    };
    rounds.iter().map(of_one).collect()
}

fn of_a_request(rounds: &[Round], time: impl Fn(&Round) -> Duration) -> f64 {
    let mut times: Vec<_> = rounds.iter().map(time).collect();
    times.sort_unstable();
    times[ROUNDS / 20 - 1].as_secs_f64() * 1e9 / f64::from(REQUESTS)
}

#[derive(Clone, Copy, Debug)]
struct Round {
    in_all: Duration,
    shadow: Duration,
}

impl Round {
    fn of(app: &mut Drive, shape: Shape, until: Until) -> Self {
        let requests: Vec<_> = (0..REQUESTS).map(|_| shape.request()).collect();
        let mut answers = Vec::with_capacity(requests.len());
        let (begun, shadow) = (Instant::now(), shadow::work());
        for request in requests {
            answers.push(app.answer(request));
            if until == Until::CopiesEnd {
                app.settle();
            }
        }
        let round = Self {
            in_all: begun.elapsed(),
            shadow: shadow::work().saturating_sub(shadow),
        };
        app.settle();
        round
    }
}
