//! All that was measured, and the medians of it.

use std::{
    collections::BTreeMap,
    io::Write as _,
    time::{Duration, Instant},
};

use super::{
    Result,
    options::{Extent, Options},
    peer::Peer,
    plan,
    run::Run,
    scenario::{Primary, Scenario, Shadow},
    turns::Group,
};

/// The rounds of which a figure is the median.
const ROUNDS: u32 = 3;

/// How long a mirror keeps connections that nobody uses: it looks every 30 s for those that are 30
/// s old. And some more.
const IDLE: Duration = Duration::from_secs(65);

/// Of a silent shadow, long enough for copies to time out and for the circuit to open.
const LONG: Duration = Duration::from_secs(12);

/// The runs of every scenario.
#[derive(Debug, Default)]
pub(crate) struct Figures {
    pub(crate) runs: BTreeMap<Scenario, Vec<Run>>,
    /// The peers that are installed, with their versions.
    pub(crate) peers: Vec<(Primary, String)>,
    /// The runs of a silent shadow for long, with bodies of 1 KiB and of 64 KiB.
    pub(crate) long: Vec<Run>,
    /// Descriptors of a mirrored primary: before its first copy, after a load, and when its
    /// connections were idle.
    pub(crate) idle_descriptors: Option<[usize; 3]>,
    /// What was measured in turns.
    pub(crate) groups: Vec<Group>,
    pub(crate) seconds: f64,
}

impl Figures {
    /// Measures the whole plan.
    pub(crate) async fn take(options: &Options) -> Result<Self> {
        let mut figures = Self {
            seconds: options.time.as_secs_f64(),
            ..Self::default()
        };
        for peer in [Primary::Nginx, Primary::Envoy] {
            match Peer::version(peer).await {
                Some(version) => figures.peers.push((peer, version)),
                None => println!("{} is left out: it is not installed", peer.name()),
            }
        }
        let peers: Vec<_> = figures.peers.iter().map(|(peer, _)| *peer).collect();
        let plan = plan::round(options.extent, &peers);
        let groups = plan::in_turns(options.extent).into_iter().map(Group::new);
        figures.groups = groups.collect();
        let begun = Instant::now();
        for round in 1..=ROUNDS {
            // There and back, so that no scenario has always the same before it.
            let mut plan: Vec<_> = plan.iter().collect();
            if round % 2 == 0 {
                plan.reverse();
            }
            for (done, scenario) in plan.iter().enumerate() {
                let run = Run::take(**scenario, options.time).await?;
                figures.runs.entry(**scenario).or_default().push(run);
                let (elapsed, all) = (begun.elapsed().as_secs(), plan.len());
                print!(
                    "\rround {round} of {ROUNDS}: {:3} of {all}, {elapsed} s ",
                    done + 1
                );
                std::io::stdout().flush()?;
            }
        }
        figures.take_turns(options).await?;
        if options.extent == Extent::Whole {
            for payload in [1 << 10, 64 << 10] {
                let silent = Scenario {
                    payload,
                    ..Scenario::new(Primary::Mirror, Shadow::Silent)
                };
                figures.long.push(Run::take(silent, LONG).await?);
            }
            figures.idle_descriptors = Some(idle_descriptors(options.time).await?);
        }
        println!();
        Ok(figures)
    }

    async fn take_turns(&mut self, options: &Options) -> Result {
        let begun = Instant::now();
        for round in 1..=ROUNDS {
            let all = self.groups.len();
            for (done, group) in self.groups.iter_mut().enumerate() {
                group.measure(options.time, options.turns).await?;
                let elapsed = begun.elapsed().as_secs();
                print!(
                    "\rin turns, round {round} of {ROUNDS}: {:3} of {all}, {elapsed} s ",
                    done + 1
                );
                std::io::stdout().flush()?;
            }
        }
        Ok(())
    }

    /// A figure of scenarios that took turns; `NaN` where they did not.
    pub(crate) fn in_turns(
        &self,
        scenarios: &[Scenario],
        figure: impl FnOnce(&Group) -> f64,
    ) -> f64 {
        self.group(scenarios).map_or(f64::NAN, figure)
    }

    /// The group of scenarios that took turns; `None` where they did not.
    pub(crate) fn group(&self, scenarios: &[Scenario]) -> Option<&Group> {
        let mut groups = self.groups.iter();
        groups.find(|group| group.scenarios == scenarios)
    }

    /// The median of a figure of a scenario; `NaN` where it was not measured.
    pub(crate) fn median(&self, scenario: Scenario, figure: impl Fn(&Run) -> f64) -> f64 {
        let runs = self.runs.get(&scenario).into_iter().flatten();
        median(runs.map(figure).collect())
    }

    /// The median of the ratios of two scenarios, of the same round each.
    pub(crate) fn ratio(
        &self,
        scenario: Scenario,
        to: Scenario,
        figure: impl Fn(&Run) -> f64,
    ) -> f64 {
        let (Some(runs), Some(to)) = (self.runs.get(&scenario), self.runs.get(&to)) else {
            return f64::NAN;
        };
        let pairs = runs.iter().zip(to);
        median(pairs.map(|(run, to)| figure(run) / figure(to)).collect())
    }

    /// Of its own unmirrored.
    pub(crate) fn of_unmirrored(&self, scenario: Scenario, figure: impl Fn(&Run) -> f64) -> f64 {
        self.ratio(scenario, scenario.unmirrored(), figure)
    }

    /// Microseconds of CPU that a copy adds to a request.
    pub(crate) fn cpu_per_copy(&self, scenario: Scenario) -> f64 {
        let unmirrored = scenario.unmirrored();
        let (Some(runs), Some(without)) = (self.runs.get(&scenario), self.runs.get(&unmirrored))
        else {
            return f64::NAN;
        };
        let added = runs.iter().zip(without).map(|(run, without)| {
            (run.cpu_per_request - without.cpu_per_request) / run.copies_per_request
        });
        median(added.filter(|added| added.is_finite()).collect())
    }

    /// MiB that it takes more than its own unmirrored.
    pub(crate) fn memory_over(&self, scenario: Scenario) -> f64 {
        let memory = |scenario| self.median(scenario, |run| run.memory);
        memory(scenario) - memory(scenario.unmirrored())
    }
}

/// A count, as a number to divide by.
pub(crate) fn float(count: impl TryInto<u32>) -> f64 {
    count.try_into().map_or(f64::from(u32::MAX), f64::from)
}

pub(crate) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

/// How many descriptors a mirrored primary has at three moments.
async fn idle_descriptors(time: Duration) -> Result<[usize; 3]> {
    use super::{
        child::{Role, Shadows},
        load::Requests,
    };
    let scenario = Scenario::new(Primary::Mirror, Shadow::Fast);
    let shadows = Shadows::start(Shadow::Fast, 1).await?;
    let primary = Role::primary(scenario, &shadows.urls()).await?;
    let before = primary.account().descriptors;
    let requests = Requests::of(scenario, primary.address().to_owned());
    let from = Instant::now();
    requests.send(scenario, [from, from + time]).await;
    let after = primary.account().descriptors;
    tokio::time::sleep(IDLE).await;
    Ok([before, after, primary.account().descriptors])
}
