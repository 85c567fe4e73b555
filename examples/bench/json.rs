//! Every figure, as JSON.

use serde_json::{Value, json};

use super::{Result, figures::Figures, goals};

pub(crate) fn text(figures: &Figures) -> Result<String> {
    let scenarios = figures.runs.iter().map(|(scenario, runs)| {
        let of = |value: f64| Value::from((value * 1000.0).round() / 1000.0);
        json!({
            "scenario": scenario,
            "throughput_of_unmirrored": of(figures.of_unmirrored(*scenario, |run| run.throughput)),
            "p50_of_unmirrored": of(figures.of_unmirrored(*scenario, |run| run.p50)),
            "p99_of_unmirrored": of(figures.of_unmirrored(*scenario, |run| run.p99)),
            "cpu_per_copy_us": of(figures.cpu_per_copy(*scenario)),
            "memory_over_mib": of(figures.memory_over(*scenario)),
            "runs": runs,
        })
    });
    let peers = figures.peers.iter();
    let whole = json!({
        "seconds": figures.seconds,
        "peers": peers.map(|(peer, version)| (peer.name(), version)).collect::<Vec<_>>(),
        "goals": goals::rows(figures),
        "scenarios": scenarios.collect::<Vec<_>>(),
        "in_turns": figures.groups,
        "silent_for_long": figures.long,
        "idle_descriptors": figures.idle_descriptors,
    });
    Ok(serde_json::to_string_pretty(&whole)?)
}
