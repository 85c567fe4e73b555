//! The figures that have a goal. The first four are those of the benchmarks in process.

use serde::Serialize;

use super::{
    figures::{Figures, float},
    plan,
    run::{Counters, Run},
    scenario::{Primary, Scenario, Shadow},
};

/// A figure with its goal beside it.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Row {
    number: u8,
    what: String,
    is: f64,
    must: Bound,
    aim: Option<Bound>,
    /// What the same figure is by hand with reqwest, where that has one.
    by_hand: Option<f64>,
}

/// A bound on a figure.
#[derive(Clone, Copy, Debug, Serialize)]
enum Bound {
    AtMost(f64),
    AtLeast(f64),
}

use Bound::{AtLeast, AtMost};

impl Bound {
    fn holds(self, is: f64) -> bool {
        match self {
            AtMost(bound) => is <= bound,
            AtLeast(bound) => is >= bound,
        }
    }

    fn text(self) -> String {
        match self {
            AtMost(bound) => format!("<= {bound}"),
            AtLeast(bound) => format!(">= {bound}"),
        }
    }
}

pub(crate) fn print(figures: &Figures) {
    println!(
        "\n{:>2}  {:64} {:>9} {:>9} {:>9}  {:8} {:>9}",
        "#", "figure", "is", "must", "aim", "", "by hand"
    );
    for row in rows(figures) {
        let verdict = if row.aim.unwrap_or(row.must).holds(row.is) {
            "reached"
        } else if row.must.holds(row.is) {
            "holds"
        } else {
            "MISSED"
        };
        println!(
            "{:>2}  {:64} {:9.2} {:>9} {:>9}  {verdict:8} {:>9}",
            row.number,
            row.what,
            row.is,
            row.must.text(),
            row.aim.map(Bound::text).unwrap_or_default(),
            row.by_hand.map(|is| format!("{is:.2}")).unwrap_or_default(),
        );
    }
}

/// The rows that this run has figures for.
pub(crate) fn rows(figures: &Figures) -> Vec<Row> {
    let mut rows = Rows(Vec::new());
    cpu_and_speed(figures, &mut rows);
    memory_and_descriptors(figures, &mut rows);
    copies(figures, &mut rows);
    flatness(figures, &mut rows);
    rows.0.retain(|row| row.is.is_finite());
    rows.0
}

/// The rows so far.
struct Rows(Vec<Row>);

impl Rows {
    fn add(&mut self, number: u8, what: &str, is: f64, must: Bound, aim: Option<Bound>) {
        self.0.push(Row {
            number,
            what: what.to_owned(),
            is,
            must,
            aim,
            by_hand: None,
        });
    }

    fn flat(&mut self, what: &str, costs: &[f64]) {
        let list: Vec<_> = costs.iter().map(|cost| format!("{cost:.0}")).collect();
        let what = format!("CPU per copy, {what} ({} us)", list.join(", "));
        self.add(12, &what, most_of_least(costs), AtMost(1.2), None);
    }

    fn beside(&mut self, by_hand: f64) {
        if let Some(row) = self.0.last_mut() {
            row.by_hand = Some(by_hand).filter(|is| is.is_finite());
        }
    }
}

fn cpu_and_speed(figures: &Figures, rows: &mut Rows) {
    let cost = figures.in_turns(&plan::cost(), |group| {
        let cost = |primary| group.cpu_per_copy(Scenario::new(primary, Shadow::Fast));
        cost(Primary::Mirror) / cost(Primary::Reqwest)
    });
    let what = "CPU per copy, saturated, of by hand";
    rows.add(5, what, cost, AtMost(0.75), Some(AtMost(0.65)));
    for (shadow, must) in [
        (Shadow::Silent, 0.9),
        (Shadow::Slow, 0.85),
        (Shadow::Dead, 0.9),
    ] {
        let [mirror, by_hand] =
            [Primary::Mirror, Primary::Reqwest].map(|primary| Scenario::new(primary, shadow));
        let is = figures.in_turns(&plan::throughput(shadow), |group| {
            group.of_unmirrored(mirror, |turn| turn.throughput)
        });
        let what = format!("throughput of own unmirrored, {} shadow", shadow.name());
        rows.add(6, &what, is, AtLeast(must), Some(AtLeast(0.95)));
        rows.beside(figures.of_unmirrored(by_hand, |run| run.throughput));
    }
    for shadow in Shadow::ALL {
        let [mirror, by_hand] =
            [Primary::Mirror, Primary::Reqwest].map(|primary| Scenario::steady(primary, shadow));
        let is = figures.in_turns(&plan::latency(shadow), |group| {
            group.of_unmirrored(mirror, |turn| turn.p99)
        });
        let what = format!(
            "p99 at 2,000 req/s of own unmirrored, {} shadow",
            shadow.name()
        );
        rows.add(7, &what, is, AtMost(1.25), Some(AtMost(1.1)));
        rows.beside(figures.of_unmirrored(by_hand, |run| run.p99));
    }
}

fn memory_and_descriptors(figures: &Figures, rows: &mut Rows) {
    for (payload, must) in [(1 << 10, 24.0), (64 << 10, 24.0 + 64.0)] {
        let silent = |primary| Scenario {
            payload,
            ..Scenario::new(primary, Shadow::Silent)
        };
        let what = format!("MiB over unmirrored, silent shadow, {} KiB", payload >> 10);
        let is = figures.memory_over(silent(Primary::Mirror));
        rows.add(8, &what, is, AtMost(must), Some(AtMost(12.0)));
        rows.beside(figures.memory_over(silent(Primary::Reqwest)));
    }
    for (run, kib) in figures.long.iter().zip([1, 64]) {
        let what = format!("MiB more in the second 6 s, silent shadow, {kib} KiB");
        // The system counts in pages, of each thread.
        rows.add(
            8,
            &what,
            run.memory - run.memory_half_way,
            AtMost(0.5),
            None,
        );
    }
    let descriptors = |run: &Run| float(run.descriptors);
    let silent = |primary| {
        let scenario = Scenario::new(primary, Shadow::Silent);
        figures.median(scenario, descriptors) - figures.median(scenario.unmirrored(), descriptors)
    };
    let what = "descriptors over unmirrored, silent shadow";
    rows.add(9, what, silent(Primary::Mirror), AtMost(256.0), None);
    rows.beside(silent(Primary::Reqwest));
    if let Some([before, _, idle]) = figures.idle_descriptors {
        let left = float(idle.saturating_sub(before));
        rows.add(
            9,
            "descriptors left after 65 s without copies",
            left,
            AtMost(0.0),
            None,
        );
    }
}

fn copies(figures: &Figures, rows: &mut Rows) {
    let fast = Scenario::new(Primary::Mirror, Shadow::Fast);
    let delivered = |run: &Run| {
        let Counters {
            received, answered, ..
        } = run.counters.unwrap_or_default();
        float(answered) / float(received) * 100.0
    };
    let is = figures.median(fast, delivered);
    rows.add(
        10,
        "copies delivered, saturated, %",
        is,
        AtLeast(99.9),
        Some(AtLeast(100.0)),
    );
    let mirrored = figures
        .runs
        .iter()
        .filter(|(scenario, _)| scenario.primary == Primary::Mirror);
    let lost = mirrored
        .flat_map(|(_, runs)| runs)
        .map(|run| run.lost.abs());
    rows.add(
        10,
        "copies lost without a reason, in all runs",
        lost.reduce(|all, lost| all + lost).unwrap_or(f64::NAN),
        AtMost(0.0),
        None,
    );
    let reused = |run: &Run| run.reused * 100.0;
    let is = figures.median(fast, reused);
    rows.add(
        11,
        "copies on reused connections, %",
        is,
        AtLeast(99.0),
        None,
    );
    rows.beside(figures.median(Scenario::new(Primary::Reqwest, Shadow::Fast), reused));
}

fn flatness(figures: &Figures, rows: &mut Rows) {
    let saturated = |primary| {
        let scenarios = plan::connections(Scenario::new(primary, Shadow::Fast));
        costs(figures, &scenarios)
    };
    let what = "1 to 256 connections, saturated";
    rows.flat(what, &saturated(Primary::Mirror));
    rows.beside(most_of_least(&saturated(Primary::Reqwest)));
    for (what, scenarios) in [
        (
            "1 to 256 connections, 2,000 req/s",
            plan::connections(Scenario::steady(Primary::Mirror, Shadow::Fast)),
        ),
        ("1 to 8 targets", plan::targets()),
        ("10 to 1,000 handlers", plan::handlers()),
    ] {
        rows.flat(what, &costs(figures, &scenarios));
    }
}

/// The microseconds of CPU that a copy takes in each of several scenarios; none where they were not
/// measured.
fn costs(figures: &Figures, scenarios: &[Scenario]) -> Vec<f64> {
    let Some(group) = figures.group(scenarios) else {
        return Vec::new();
    };
    let mirrored = scenarios.iter().filter(|scenario| scenario.copies() > 0.0);
    mirrored
        .map(|scenario| group.cpu_per_copy(*scenario))
        .collect()
}

/// How far they are apart; `NaN` where there are none.
fn most_of_least(costs: &[f64]) -> f64 {
    let most = costs.iter().copied().fold(f64::NAN, f64::max);
    let least = costs.iter().copied().fold(f64::NAN, f64::min);
    most / least
}
