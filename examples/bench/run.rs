//! One scenario, run once.

use std::time::{Duration, Instant};

use measure::account::Account;
use serde::Serialize;

use super::{
    Result,
    child::{Role, Shadows},
    figures::float,
    load::{self, Requests},
    peer::Peer,
    scenario::{Primary, Scenario, Shadow},
};

/// Of the time that counts, how long it takes to get there: connections open, clients are made,
/// pools fill.
const WARM_UP: f64 = 0.25;

/// How long copies that are under way at the end are waited for, before they are looked for at the
/// shadow.
const PATIENCE: Duration = Duration::from_secs(1);

/// What came of it.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Run {
    /// Responses a second.
    pub(crate) throughput: f64,
    /// Microseconds.
    pub(crate) p50: f64,
    pub(crate) p99: f64,
    /// Of CPU, in the primary, or in the peer; in microseconds.
    pub(crate) cpu_per_request: f64,
    /// Copies that arrived at the shadow, of each request.
    pub(crate) copies_per_request: f64,
    /// The most memory the process had at once, in MiB, at its end and in the middle of the run.
    pub(crate) memory: f64,
    pub(crate) memory_half_way: f64,
    pub(crate) descriptors: usize,
    /// The share of copies that came over a connection that was open.
    pub(crate) reused: f64,
    /// Responses of the primary that were wrong or did not come.
    pub(crate) wrong: u64,
    pub(crate) counters: Option<Counters>,
    /// Copies that neither arrived nor have a reason.
    pub(crate) lost: f64,
}

/// The mirrors' own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Counters {
    pub(crate) received: u64,
    pub(crate) sent: u64,
    pub(crate) answered: u64,
    pub(crate) failed: u64,
    pub(crate) in_flight: u64,
    pub(crate) skipped: u64,
    pub(crate) shed: u64,
}

/// Who responds to the load: an app, or a peer in front of one.
pub(crate) struct Server {
    app: Role,
    peer: Option<Peer>,
}

impl Server {
    pub(crate) async fn start(scenario: Scenario, targets: &[String]) -> Result<Self> {
        let app = Role::primary(scenario, targets).await?;
        let shadow = targets.first().filter(|_| scenario.percentage > 0);
        let peer = if scenario.primary.is_peer() {
            Some(Peer::start(scenario.primary, app.address(), shadow).await?)
        } else {
            None
        };
        Ok(Self { app, peer })
    }

    pub(crate) fn address(&self) -> String {
        let peer = self.peer.as_ref().map(Peer::address);
        peer.unwrap_or(self.app.address()).to_owned()
    }

    pub(crate) fn account(&self) -> Account {
        let peer = self.peer.as_ref().map(Peer::account);
        peer.unwrap_or_else(|| self.app.account())
    }

    pub(crate) async fn counters(&mut self) -> Result<Counters> {
        let numbers = self.app.numbers().await?;
        let [received, sent, answered, failed, in_flight, skipped, shed] = numbers[..] else {
            return Err("a primary tells seven numbers".into());
        };
        Ok(Counters {
            received,
            sent,
            answered,
            failed,
            in_flight,
            skipped,
            shed,
        })
    }
}

impl Run {
    /// Starts all that a scenario needs, measures it for a time, and ends it.
    pub(crate) async fn take(scenario: Scenario, time: Duration) -> Result<Self> {
        let mut shadows = Shadows::start(scenario.shadow, scenario.targets).await?;
        let mut server = Server::start(scenario, &shadows.urls()).await?;
        let time = time * scenario.times;
        let from = Instant::now() + time.mul_f64(WARM_UP / f64::from(scenario.times));
        let until = from + time;
        let requests = Requests::of(scenario, server.address());
        let accounts = async {
            tokio::time::sleep_until(from.into()).await;
            let warm = shadows.seen().await;
            let first = server.account();
            tokio::time::sleep_until((from + time / 2).into()).await;
            let middle = server.account();
            tokio::time::sleep_until(until.into()).await;
            (warm, [first, middle, server.account()])
        };
        let (load, (warm, accounts)) =
            tokio::join!(requests.send(scenario, [from, until]), accounts);
        let mut run = Self::new(load, accounts, time);
        let [[connections, copies], [before, copies_before]] =
            [shadows.seen().await?, warm?].map(|seen| seen.map(float));
        run.reused = 1.0 - (connections - before) / (copies - copies_before);
        run.look_for_copies(scenario, &mut server, &mut shadows)
            .await?;
        if let Some(peer) = server.peer {
            peer.stop().await;
        }
        Ok(run)
    }

    fn new(load: load::Load, [first, middle, last]: [Account; 3], time: Duration) -> Self {
        let answers = float(load.latencies.len());
        let mib = |kib: u64| float(kib) / 1024.0;
        let cpu = Duration::from_nanos(last.cpu.saturating_sub(first.cpu));
        Self {
            throughput: answers / time.as_secs_f64(),
            p50: load::percentile(load.latencies.clone(), 0.5),
            p99: load::percentile(load.latencies, 0.99),
            cpu_per_request: cpu.as_secs_f64() * 1e6 / answers,
            copies_per_request: 0.0,
            memory: mib(last.peak_memory),
            memory_half_way: mib(middle.peak_memory),
            // At the end the load's own connections are being closed.
            descriptors: middle.descriptors.max(last.descriptors),
            reused: 0.0,
            wrong: load.wrong,
            counters: None,
            lost: float(load.sent),
        }
    }

    /// Where the copies are that were to be made of the requests in `lost`.
    async fn look_for_copies(
        &mut self,
        scenario: Scenario,
        server: &mut Server,
        shadows: &mut Shadows,
    ) -> Result {
        let requests = std::mem::take(&mut self.lost);
        let due = requests * scenario.copies();
        let targets = float(scenario.targets);
        let until = Instant::now() + PATIENCE;
        loop {
            let counters = server.counters().await?;
            let arrived = float(shadows.seen().await?[1]);
            let under_way = if scenario.primary == Primary::Mirror {
                self.copies_per_request = float(counters.sent) / requests;
                self.counters = Some(counters);
                // Each request has an outcome for each target, or is lost, or its copies are about
                // to leave.
                self.lost = requests * targets - float(counters.received);
                self.lost != 0.0 || scenario.shadow == Shadow::Fast && counters.in_flight > 0
            } else {
                self.copies_per_request = arrived / requests;
                self.lost = (due - arrived).max(0.0);
                scenario.shadow == Shadow::Fast && due > 0.0 && arrived < due.floor()
            };
            if !under_way || Instant::now() >= until {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}
