//! What the soak found.

use std::{fmt, time::Duration};

use super::{load::Load, process::App};

/// The memory that mirroring may take: the byte budget, and room for a thousand copies and their
/// connections.
const MAX_MEMORY: u64 = 64 + 64;

/// The descriptors that mirroring may hold: the copies that the process allows, and connections
/// that wait to be used again.
const MAX_DESCRIPTORS: usize = 1024 + 256;

/// One fault.
pub(crate) struct Phase {
    pub(crate) fault: String,
    pub(crate) mirrored: Side,
    pub(crate) plain: Side,
}

/// One of the two apps in a phase.
pub(crate) struct Side {
    load: Load,
    processor_time: Duration,
    memory: u64,
}

impl Side {
    /// `before` is its processor time at the start of the phase.
    pub(crate) fn new(load: Load, app: &App, before: Duration) -> Self {
        Self {
            load,
            processor_time: app.processor_time().saturating_sub(before),
            memory: app.memory(),
        }
    }
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Load {
            requests,
            wrong,
            median,
        } = self.load;
        write!(
            f,
            "{requests:7} answered, {wrong} wrong, p50 {:6.2} ms, processor {:5.2} s, {:4} MiB",
            median.as_secs_f64() * 1000.0,
            self.processor_time.as_secs_f64(),
            self.memory
        )
    }
}

/// The counters of one target.
#[derive(Debug)]
struct Counters {
    received: u64,
    sent: u64,
    answered: u64,
    failed: u64,
    in_flight: u64,
    skipped: u64,
    shed: u64,
}

#[derive(Default)]
pub(crate) struct Report {
    phases: Vec<Phase>,
    counters: Vec<Counters>,
    memory: [u64; 2],
    descriptors: [usize; 2],
}

impl Counters {
    fn parse(line: &str) -> Option<Self> {
        let mut numbers = line.split(' ').skip(1).map(|number| number.parse().ok());
        let mut next = || numbers.next().flatten();
        Some(Self {
            received: next()?,
            sent: next()?,
            answered: next()?,
            failed: next()?,
            in_flight: next()?,
            skipped: next()?,
            shed: next()?,
        })
    }

    fn add_up(&self) -> bool {
        self.received == self.sent + self.skipped + self.shed
            && self.sent == self.answered + self.failed + self.in_flight
    }
}

impl Report {
    /// Takes note of a phase, at whose end copies are still under way.
    pub(crate) fn note(&mut self, phase: Phase, mirrored: &App, plain: &App) {
        self.phases.push(phase);
        for (most, app) in self.descriptors.iter_mut().zip([mirrored, plain]) {
            *most = app.descriptors().max(*most);
        }
    }

    /// Waits for the last copies to end, and asks the apps what they counted and took.
    pub(crate) async fn finish(&mut self, mirrored: &App, plain: &App) {
        self.memory = [mirrored.peak_memory(), plain.peak_memory()];
        // Each copy ends within its timeout; a second is twice that.
        for _ in 0..100 {
            let stats = mirrored.stats().await;
            self.counters = stats.lines().filter_map(Counters::parse).collect();
            if self.counters.iter().all(|counters| counters.in_flight == 0) {
                break;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    fn wrong(&self) -> u64 {
        self.phases
            .iter()
            .map(|phase| phase.mirrored.load.wrong + phase.plain.load.wrong)
            .sum()
    }

    fn off(&self) -> usize {
        let left = |counters: &&Counters| !counters.add_up() || counters.in_flight > 0;
        self.counters.iter().filter(left).count()
    }

    /// Requests of which the counters know nothing.
    fn lost(&self) -> u64 {
        let requests: u64 = self
            .phases
            .iter()
            .map(|phase| phase.mirrored.load.requests)
            .sum();
        let received = self.counters.iter().map(|counters| counters.received).sum();
        requests.abs_diff(received)
    }

    fn memory_over(&self) -> u64 {
        self.memory[0].saturating_sub(self.memory[1])
    }

    fn descriptors_over(&self) -> usize {
        self.descriptors[0].saturating_sub(self.descriptors[1])
    }

    pub(crate) fn is_clean(&self) -> bool {
        self.wrong() == 0
            && self.off() == 0
            && self.lost() == 0
            && self.counters.len() == self.phases.len()
            && self.memory_over() <= MAX_MEMORY
            && self.descriptors_over() <= MAX_DESCRIPTORS
    }
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            fault,
            mirrored,
            plain,
        } = self;
        write!(f, "{fault:42} mirrored: {mirrored}   plain: {plain}")
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (phase, counters) in self.phases.iter().zip(&self.counters) {
            writeln!(
                f,
                "{:42} {} received = {} sent ({} answered, {} failed) + {} skipped + {} shed",
                phase.fault,
                counters.received,
                counters.sent,
                counters.answered,
                counters.failed,
                counters.skipped,
                counters.shed,
            )?;
        }
        let [mirrored, plain] = self.memory;
        let [with, without] = self.descriptors;
        writeln!(f)?;
        writeln!(
            f,
            "primary responses wrong or missing {:6}   (0 is allowed)",
            self.wrong()
        )?;
        writeln!(
            f,
            "counters that do not add up        {:6}   (0 is allowed)",
            self.off()
        )?;
        writeln!(
            f,
            "copies lost without a reason       {:6}   (0 is allowed)",
            self.lost()
        )?;
        writeln!(
            f,
            "peak memory over the unmirrored    {:6} MiB ({mirrored} and {plain}; {MAX_MEMORY} are allowed)",
            self.memory_over()
        )?;
        writeln!(
            f,
            "peak descriptors over the same     {:6}   ({with} and {without}; {MAX_DESCRIPTORS} are allowed)",
            self.descriptors_over()
        )?;
        write!(
            f,
            "{}",
            if self.is_clean() {
                "nobody noticed"
            } else {
                "SOMETHING IS OFF"
            }
        )
    }
}
