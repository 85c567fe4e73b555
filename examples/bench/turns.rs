//! Scenarios that are compared with one another, in turns: all of their processes run at once, and
//! each in turn gets load for a moment. A machine that others use changes its speed from one second
//! to the next, and so what is compared stands close together.

use std::time::{Duration, Instant};

use measure::account::machine_time;
use serde::Serialize;
use tokio::time::{sleep, sleep_until};

use super::{
    Result,
    child::Shadows,
    figures::{float, median},
    load::{Requests, percentile},
    run::Server,
    scenario::{Primary, Scenario, Shadow},
};

/// The part of a measurement's length that a turn takes.
const PART: u32 = 5;

/// At the beginning of a turn: its connections open.
const WARM_UP: Duration = Duration::from_millis(30);

/// Before the first turn that counts, for each handler: its first request is none of those that
/// count, because memory is touched for the first time then.
const FIRST: Duration = Duration::from_millis(1);

/// At the end of a turn: the responses of a slow shadow come, which belong to nobody else's turn.
const REST: Duration = Duration::from_millis(250);

/// What came of one turn.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Turn {
    /// Responds in a hundredth of a second of one processor, of the time that the machine had: what
    /// others took of a shared one does not count.
    pub(crate) throughput: f64,
    /// Microseconds of CPU in the primary.
    pub(crate) cpu_per_request: f64,
    /// Copies that left, of each request.
    pub(crate) copies_per_request: f64,
    /// Microseconds that 99 % of the responses took at most.
    pub(crate) p99: f64,
}

/// Scenarios that took turns, and what came of them: for each round, the turns of each scenario.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Group {
    pub(crate) scenarios: Vec<Scenario>,
    rounds: Vec<Vec<Vec<Turn>>>,
}

impl Group {
    pub(crate) fn new(scenarios: Vec<Scenario>) -> Self {
        Self {
            scenarios,
            rounds: Vec::new(),
        }
    }

    /// Lets each scenario have so many turns more. `time` is the length of a measurement. One turn
    /// before them is not counted: clients are made, connections open, pools fill.
    pub(crate) async fn measure(&mut self, time: Duration, turns: usize) -> Result {
        let mut stands = Vec::new();
        for scenario in &self.scenarios {
            stands.push(Stand::start(*scenario).await?);
        }
        let mut round: Vec<Vec<Turn>> = vec![Vec::new(); stands.len()];
        for turn in 0..=turns {
            let mut order: Vec<_> = stands.iter_mut().zip(&mut round).collect();
            // There and back, so that no scenario has always the same before it.
            if turn % 2 == 1 {
                order.reverse();
            }
            for (stand, turns) in order {
                let first = if turn == 0 {
                    FIRST * u32::try_from(stand.scenario.handlers)?
                } else {
                    Duration::ZERO
                };
                turns.push(stand.turn(first + time / PART).await?);
            }
        }
        let counted = round
            .into_iter()
            .map(|turns| turns.into_iter().skip(1).collect());
        self.rounds.push(counted.collect());
        Ok(())
    }

    /// A figure of a scenario, of its own unmirrored: the median of the ratios, turn by turn.
    pub(crate) fn of_unmirrored(&self, scenario: Scenario, figure: impl Fn(&Turn) -> f64) -> f64 {
        self.beside_unmirrored(scenario, |turn, without| figure(turn) / figure(without))
    }

    /// Microseconds of CPU that a copy adds to a request.
    pub(crate) fn cpu_per_copy(&self, scenario: Scenario) -> f64 {
        self.beside_unmirrored(scenario, |turn, without| {
            (turn.cpu_per_request - without.cpu_per_request) / turn.copies_per_request
        })
    }

    /// The median of what is told of each turn and the same turn of its own unmirrored.
    fn beside_unmirrored(&self, scenario: Scenario, figure: impl Fn(&Turn, &Turn) -> f64) -> f64 {
        let rounds = self.rounds_beside_unmirrored(scenario);
        let pairs = rounds.flat_map(|(turns, without)| turns.iter().zip(without));
        median(pairs.map(|(turn, without)| figure(turn, without)).collect())
    }

    /// The turns of a scenario and those of its own unmirrored, by round.
    fn rounds_beside_unmirrored(
        &self,
        scenario: Scenario,
    ) -> impl Iterator<Item = (&[Turn], &[Turn])> {
        let at = |wanted| self.scenarios.iter().position(|other| *other == wanted);
        let (mirrored, without) = (at(scenario), at(scenario.unmirrored()));
        let rounds = self.rounds.iter();
        rounds.filter_map(move |round| Some((&*round[mirrored?], &*round[without?])))
    }
}

/// All that a scenario needs.
struct Stand {
    scenario: Scenario,
    shadows: Shadows,
    server: Server,
}

impl Stand {
    async fn start(scenario: Scenario) -> Result<Self> {
        let shadows = Shadows::start(scenario.shadow, scenario.targets).await?;
        let server = Server::start(scenario, &shadows.urls()).await?;
        Ok(Self {
            scenario,
            shadows,
            server,
        })
    }

    async fn turn(&mut self, time: Duration) -> Result<Turn> {
        let scenario = self.scenario;
        let from = Instant::now() + WARM_UP;
        let until = from + time * scenario.times;
        let requests = Requests::of(scenario, self.server.address());
        let accounts = async {
            sleep_until(from.into()).await;
            let first = (machine_time(), self.server.account(), self.copies().await?);
            sleep_until(until.into()).await;
            let last = (machine_time(), self.server.account(), self.copies().await?);
            Ok::<_, super::Error>([first, last])
        };
        let (load, accounts) = tokio::join!(requests.send(scenario, [from, until]), accounts);
        let [(begun, before, copies_before), (ended, after, copies)] = accounts?;
        if scenario.shadow == Shadow::Slow && scenario.primary != Primary::Plain {
            sleep(REST).await;
        }
        let answers = float(load.latencies.len());
        let cpu = Duration::from_nanos(after.cpu.saturating_sub(before.cpu));
        Ok(Turn {
            throughput: answers / float(ended.saturating_sub(begun)).max(1.0),
            cpu_per_request: cpu.as_secs_f64() * 1e6 / answers,
            copies_per_request: float(copies.saturating_sub(copies_before)) / answers,
            p99: percentile(load.latencies, 0.99),
        })
    }

    /// Copies that have left so far. A shadow that is there to see them is asked: what it costs to
    /// ask a thousand mirrors is none of the cost of a copy.
    async fn copies(&mut self) -> Result<u64> {
        let Scenario {
            primary, shadow, ..
        } = self.scenario;
        Ok(if primary == Primary::Mirror && shadow != Shadow::Fast {
            self.server.counters().await?.sent
        } else {
            self.shadows.seen().await?[1]
        })
    }
}
