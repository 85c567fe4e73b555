//! The table of ratios.

use super::{
    figures::{Figures, float},
    plan::PAYLOADS,
    run::Run,
    scenario::{Load, Primary, STEADY, Scenario},
};

pub(crate) fn print(figures: &Figures) {
    println!(
        "\nOf its own unmirrored, saturated over 32 connections; medians of interleaved rounds."
    );
    for payload in PAYLOADS {
        print_all(figures, payload, Load::Saturated, 1);
    }
    println!("\nOf its own unmirrored, at a steady 2,000 requests a second.");
    print_all(figures, 1 << 10, STEADY, 2);
}

fn print_all(figures: &Figures, payload: usize, load: Load, times: u32) {
    let rows = figures.runs.iter().filter(|(scenario, _)| {
        scenario.payload == payload
            && scenario.load == load
            && scenario.times == times
            && [0, 10, 100].contains(&scenario.percentage)
            && (scenario.connections, scenario.targets, scenario.handlers) == (32, 1, 1)
    });
    let mut rows: Vec<_> = rows.collect();
    if rows.is_empty() {
        return;
    }
    rows.sort_by_key(|(scenario, _)| (scenario.percentage, scenario.shadow, scenario.primary));
    let what = match payload {
        0 => "GET".to_owned(),
        bytes => format!("POST {} KiB", bytes >> 10),
    };
    println!(
        "\n{what:10} {:8} {:20} {:>8} {:>6} {:>6} {:>6} {:>8} {:>8} {:>7} {:>6} {:>8} {:>6}",
        "shadow",
        "primary",
        "req/s",
        "of",
        "p50",
        "p99",
        "CPU us",
        "us per",
        "MiB",
        "descr.",
        "copies",
        "wrong"
    );
    println!(
        "{:10} {:8} {:20} {:>8} {:>6} {:>6} {:>6} {:>8} {:>8} {:>7} {:>6} {:>8}",
        "", "", "", "", "own", "of own", "of own", "per req", "copy", "over", "over", "lost"
    );
    for (scenario, runs) in rows {
        print_row(figures, *scenario, runs);
    }
}

fn print_row(figures: &Figures, scenario: Scenario, runs: &[Run]) {
    let median = |figure: fn(&Run) -> f64| figures.median(scenario, figure);
    let of_own = |figure: fn(&Run) -> f64| figures.of_unmirrored(scenario, figure);
    let shadow = if scenario.percentage == 0 {
        "-"
    } else {
        scenario.shadow.name()
    };
    // Where most copies are shed or refused, what they cost is not the cost of one that was sent.
    let sent = median(|run| run.copies_per_request);
    let per_copy = if scenario.copies() == 0.0 || sent < scenario.copies() * 0.95 {
        String::new()
    } else {
        format!("{:.1}", figures.cpu_per_copy(scenario))
    };
    let descriptors = |run: &Run| float(run.descriptors);
    let over =
        figures.median(scenario, descriptors) - figures.median(scenario.unmirrored(), descriptors);
    let lost = if scenario.primary == Primary::Plain || scenario.percentage == 0 {
        String::new()
    } else {
        format!("{:.0}", median(|run| run.lost))
    };
    println!(
        "{:>8} % {shadow:8} {:20} {:8.0} {:6.2} {:6.2} {:6.2} {:8.1} {per_copy:>8} {:+7.1} {over:+6.0} {lost:>8} {:6}",
        scenario.percentage,
        scenario.primary.name(),
        median(|run| run.throughput),
        of_own(|run| run.throughput),
        of_own(|run| run.p50),
        of_own(|run| run.p99),
        median(|run| run.cpu_per_request),
        figures.memory_over(scenario),
        runs.iter().map(|run| run.wrong).sum::<u64>(),
    );
}
