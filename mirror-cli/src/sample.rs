//! Snapshots for tests, as a server sends them.

#![allow(
    dead_code,
    unreachable_pub,
    missing_docs,
    reason = "tests inside and outside of the program use it"
)]

use serde_json::{Value, json};

pub fn snapshot(mirrors: &[Value]) -> Value {
    json!({
        "version": 1,
        "process": "9c4e1f0a7b3d2c55",
        "taken_unix_ms": 1_795_764_000_123_u64,
        "mirrors": mirrors,
        "later": "a field of a later release",
    })
}

/// A mirror with traffic, whose verdict is that of its first target.
pub fn mirror(name: &str, targets: &[Value]) -> Value {
    json!({
        "name": name,
        "module": "shop::orders",
        "file": "src/orders.rs",
        "line": 12,
        "has_traffic": true,
        "verdict": targets.first().map(|target| target["verdict"].clone()),
        "reason": targets.first().map_or("", |target| target["reason"].as_str().unwrap()),
        "control": { "is_enabled": true, "source": "code" },
        "latency": { "count": 1200, "p50_us": 20479, "p95_us": 28671, "p99_us": 34815 },
        "targets": targets,
    })
}

/// A target that is compared, or is not if its verdict is `null`.
pub fn target(name: &str, verdict: impl Into<Value>, reason: &str) -> Value {
    json!({
        "name": name,
        "is_baseline": false,
        "verdict": verdict.into(),
        "reason": reason,
        "needed": 390,
        "share": { "percentage": 5.0, "configured": 10.0, "source": "api", "actor": "alice" },
        "is_circuit_open": false,
        "sent_per_s": 4.8,
        "stats": {
            "received": 1200, "sent": 120, "answered": 118, "failed": 2, "in_flight": 0,
            "skipped": 1080, "shed": 0, "bytes": 5400,
            "compared": 118, "raw_mismatched": 1,
            "latency": { "count": 118, "p50_us": 21503, "p95_us": 30719, "p99_us": 36863 },
            "failed_by_kind": { "timeout": 2, "connect": 0 },
        },
    })
}

/// One mirror, `orders`, with one target, `rewrite`.
pub fn orders(verdict: impl Into<Value>, reason: &str) -> Value {
    snapshot(&[mirror("orders", &[target("rewrite", verdict, reason)])])
}

/// The same, with the numbers of a fleet of three beside it, in which the verdict is another one.
pub fn of_fleet(verdict: &str, error: Option<&str>) -> Value {
    let mut mirror = mirror("orders", &[target("rewrite", "hold", "too few here")]);
    let mut stats = mirror["targets"][0]["stats"].clone();
    stats["sent"] = 480.into();
    mirror["fleet"] = json!({
        "epoch": 2,
        "read_unix_ms": 1_795_764_000_000_u64,
        "error": error,
        "verdict": verdict,
        "reason": "480 compared, none differ",
        "settings": [
            {
                "is_for_all": false, "target": null, "is_enabled": false, "percentage": null,
                "reason": "too slow", "actor": "ada", "until_unix_s": 1_795_766_600,
            },
            { "is_for_all": true, "target": "rewrite", "percentage": 5.0 },
        ],
        "instances": [
            { "name": "pod-1", "state": "running", "is_this": true, "heard_unix_s": 1_795_763_999 },
            { "name": "pod-2", "state": "missing", "is_this": false, "heard_unix_s": 1_795_763_000 },
            { "name": "pod-3", "state": "finished", "is_this": false, "heard_unix_s": 1_795_763_990 },
        ],
        "targets": [{
            "name": "rewrite",
            "is_baseline": false,
            "verdict": verdict,
            "reason": "480 compared, none differ",
            "needed": 0,
            "open_circuits": 0,
            "instances": 3,
            "stats": stats,
            "report": {
                "version": "2.1.0", "compared": 480, "matched": 478, "mismatched": 2,
                "differences": [{ "pointer": "/at", "kind": "value", "comparisons": 2, "option": "ignore = [\"/at\"]" }],
            },
        }],
    });
    snapshot(&[mirror])
}

/// Text that takes over a terminal which prints it.
pub const HOSTILE: &str =
    "\u{1b}]0;owned\u{7}\u{1b}[2J\u{9b}31m\r\n\u{202e}\u{200b}\u{e0041}\u{7f}owned";
