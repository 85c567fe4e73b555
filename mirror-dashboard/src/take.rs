//! Taking a snapshot of what the runtime knows.

use std::collections::BTreeMap;

use http::StatusCode;
use mirror_runtime::{
    Callback, CallbackOutcome, DifferenceGroup, DifferenceKind, FailureKind, FixtureOutcome,
    MirrorStats, NotComparedReason, Report, ReportVerdict, ShedReason, SkipReason, TargetReport,
    TargetStats, Unanswered,
};

use crate::{
    distribution::Distribution,
    fleet::{FleetMirror, FleetTarget},
    past::{Depth, OfTarget, Past},
    program::{Listed, unix_ms, unix_s},
    snapshot::{
        self, Counts, Example, Group, Latency, MirrorSnapshot, Paired, Rate, ReportWindow, Route,
        Share, Stats, Suggestion, TargetSnapshot, Verdict,
    },
};

/// How much of a mirror is taken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Detail {
    /// Reports, windows, options, and counts that are 0.
    pub(crate) is_full: bool,
    /// Examples of differences.
    pub(crate) examples: bool,
    /// Latencies over time.
    pub(crate) series: bool,
}

/// What is known of a mirror now.
pub(crate) fn mirror(
    listed: Listed,
    past: &Past,
    fleet: Option<&FleetMirror>,
    detail: Detail,
) -> MirrorSnapshot {
    let (stats, report) = match &listed.mirror {
        Some(mirror) => (Some(mirror.stats()), Some(mirror.report())),
        None => (None, None),
    };
    let baseline = listed.mirror.as_ref().and_then(|mirror| mirror.baseline());
    let is_comparing = report
        .as_ref()
        .is_some_and(|report| !report.targets.is_empty());
    let targets: Vec<_> = match &stats {
        Some(stats) => of_stats(stats, report.as_ref(), baseline, past, &listed, detail),
        None => unused(&listed),
    };
    let (verdict, reason) = summed_up(&targets, stats.is_some(), is_comparing, &listed);
    MirrorSnapshot {
        name: listed.name,
        module: listed.module,
        file: listed.file,
        line: listed.line,
        options: if detail.is_full {
            listed.options
        } else {
            Vec::new()
        },
        has_traffic: stats.is_some(),
        verdict,
        reason,
        control: listed.switch,
        latency: stats
            .as_ref()
            .map_or_else(Latency::default, |stats| latency(&stats.latency)),
        targets,
        fleet: fleet.map(|fleet| self::fleet(fleet, detail)),
    }
}

/// The mirror in all instances of its fleet.
fn fleet(fleet: &FleetMirror, detail: Detail) -> snapshot::Fleet {
    let targets: Vec<_> = fleet
        .targets
        .iter()
        .map(|target| of_fleet(target, detail))
        .collect();
    let judged = targets.iter().filter(|target| target.verdict.is_some());
    let worst = judged.max_by_key(|target| target.verdict.map(Verdict::distance));
    let (verdict, reason) = match worst {
        Some(worst) if targets.len() > 1 => {
            (worst.verdict, format!("{}: {}", worst.name, worst.reason))
        }
        Some(only) => (only.verdict, only.reason.clone()),
        None if targets.is_empty() => (None, NO_TRAFFIC.to_owned()),
        None => (None, NOT_COMPARED.to_owned()),
    };
    let instances = fleet.instances.iter().map(|instance| snapshot::Instance {
        name: instance.name.clone(),
        state: instance.state.as_str().to_owned(),
        is_this: instance.is_this,
        heard_unix_s: unix_s(instance.heard),
    });
    snapshot::Fleet {
        epoch: fleet.epoch,
        read_unix_ms: fleet.read.map(unix_ms),
        error: fleet.error.clone(),
        verdict,
        reason,
        settings: fleet.settings.clone(),
        instances: instances.collect(),
        targets,
    }
}

fn of_fleet(target: &FleetTarget, detail: Detail) -> snapshot::FleetTarget {
    let report = target.report.as_ref();
    snapshot::FleetTarget {
        name: target.stats.name.clone(),
        is_baseline: target.is_baseline,
        verdict: report.map(|report| verdict(report.verdict)),
        reason: reason(report, target.is_baseline),
        needed: report.map_or(0, |report| report.needed),
        open_circuits: target.open_circuits,
        instances: target.instances,
        stats: stats(&target.stats, detail.is_full),
        report: report
            .filter(|_| detail.is_full)
            .map(|report| self::report(report, detail)),
    }
}

/// Why a target has its verdict, or none.
fn reason(report: Option<&TargetReport>, is_baseline: bool) -> String {
    match report {
        Some(report) => report.reason.clone(),
        None if is_baseline => "the baseline: the others are compared beside it".to_owned(),
        None => NOT_COMPARED.to_owned(),
    }
}

fn of_stats(
    stats: &MirrorStats,
    report: Option<&Report>,
    baseline: Option<&str>,
    past: &Past,
    listed: &Listed,
    detail: Detail,
) -> Vec<TargetSnapshot> {
    let primary = Distribution::new(&stats.latency);
    let depth = Depth {
        windows: detail.is_full,
        series: detail.series,
    };
    let of_target = |target: &TargetStats| {
        let report = report.and_then(|report| {
            report
                .targets
                .iter()
                .find(|report| report.name == target.name)
        });
        let share = listed.shares.get(&target.name).cloned();
        self::target(
            target,
            report,
            baseline,
            share,
            past.of(stats, target, &primary, depth),
            detail,
        )
    };
    stats.targets.iter().map(of_target).collect()
}

/// The targets of a mirror that has seen no request.
fn unused(listed: &Listed) -> Vec<TargetSnapshot> {
    let target = |name: &String| TargetSnapshot {
        name: name.clone(),
        is_baseline: false,
        verdict: None,
        reason: NO_TRAFFIC.to_owned(),
        needed: 0,
        share: listed
            .shares
            .get(name)
            .cloned()
            .unwrap_or_else(unknown_share),
        is_circuit_open: None,
        sent_per_s: None,
        stats: Stats::default(),
        windows: Vec::new(),
        series: Vec::new(),
        report: None,
    };
    listed.targets.iter().map(target).collect()
}

fn unknown_share() -> Share {
    Share {
        percentage: None,
        configured: None,
        source: "code".to_owned(),
        reason: None,
        actor: None,
        since_unix_s: None,
        until_unix_s: None,
    }
}

const NO_TRAFFIC: &str = "no traffic yet";
const NOT_COMPARED: &str = "its responses are not compared";

/// The verdict of a mirror: that of the target that is furthest from taking over.
fn summed_up(
    targets: &[TargetSnapshot],
    has_traffic: bool,
    is_comparing: bool,
    listed: &Listed,
) -> (Option<Verdict>, String) {
    if !has_traffic {
        let compares = listed.options.iter().any(|option| option.name == "compare");
        return (
            compares.then_some(Verdict::NotEnoughData),
            NO_TRAFFIC.to_owned(),
        );
    }
    if !is_comparing {
        return (
            None,
            "nothing is compared: the mirror has no `compare`".to_owned(),
        );
    }
    let judged = targets.iter().filter(|target| target.verdict.is_some());
    match judged.max_by_key(|target| target.verdict.map(Verdict::distance)) {
        Some(worst) if targets.len() > 1 => {
            (worst.verdict, format!("{}: {}", worst.name, worst.reason))
        }
        Some(only) => (only.verdict, only.reason.clone()),
        None => (None, NOT_COMPARED.to_owned()),
    }
}

fn target(
    stats: &TargetStats,
    report: Option<&TargetReport>,
    baseline: Option<&str>,
    share: Option<Share>,
    past: OfTarget,
    detail: Detail,
) -> TargetSnapshot {
    let is_baseline = baseline == Some(stats.name.as_str());
    TargetSnapshot {
        name: stats.name.clone(),
        is_baseline,
        verdict: report.map(|report| verdict(report.verdict)),
        reason: reason(report, is_baseline),
        needed: report.map_or(0, |report| report.needed),
        share: share.unwrap_or_else(unknown_share),
        is_circuit_open: Some(stats.is_circuit_open),
        sent_per_s: past.sent_per_s,
        stats: self::stats(stats, detail.is_full),
        windows: past.windows,
        series: past.series,
        report: report
            .filter(|_| detail.is_full)
            .map(|report| self::report(report, detail)),
    }
}

fn verdict(verdict: ReportVerdict) -> Verdict {
    match verdict {
        ReportVerdict::Promote => Verdict::Promote,
        ReportVerdict::Regressed => Verdict::Regressed,
        ReportVerdict::NotEnoughData => Verdict::NotEnoughData,
        _ => Verdict::Hold,
    }
}

fn latency(latency: &mirror_runtime::Latency) -> Latency {
    Distribution::new(latency).latency()
}

/// Counts by word. Those that are 0 are left out, unless all are asked for.
fn counts<'a>(counts: impl Iterator<Item = (&'a str, u64)>, with_zeros: bool) -> Counts {
    let told = counts.filter(|(_, count)| with_zeros || *count > 0);
    told.map(|(word, count)| (word.to_owned(), count)).collect()
}

/// The classes of statuses, each with one of its statuses.
const CLASSES: [(&str, StatusCode); 5] = [
    ("1xx", StatusCode::CONTINUE),
    ("2xx", StatusCode::OK),
    ("3xx", StatusCode::FOUND),
    ("4xx", StatusCode::BAD_REQUEST),
    ("5xx", StatusCode::INTERNAL_SERVER_ERROR),
];

pub(crate) fn stats(stats: &TargetStats, with_zeros: bool) -> Stats {
    Stats {
        received: stats.received,
        sent: stats.sent,
        answered: stats.answered,
        cut: stats.cut,
        failed: stats.failed,
        in_flight: stats.in_flight,
        max_in_flight: u64::try_from(stats.max_in_flight).unwrap_or(u64::MAX),
        resends: stats.resends,
        floods: stats.floods,
        skipped: stats.skipped,
        shed: stats.shed,
        bytes: stats.bytes,
        compared: stats.compared,
        raw_mismatched: stats.raw_mismatched,
        schema_mismatch: stats.schema_mismatch,
        not_compared: stats.not_compared,
        differences: stats.differences,
        latency: latency(&stats.latency),
        first_byte: latency(&stats.first_byte),
        answered_by_class: counts(
            CLASSES
                .iter()
                .map(|(class, status)| (*class, stats.answered_with(*status))),
            with_zeros,
        ),
        failed_by_kind: counts(
            FailureKind::ALL
                .iter()
                .map(|kind| (kind.as_str(), stats.failed_with(*kind))),
            with_zeros,
        ),
        skipped_by_reason: counts(
            SkipReason::ALL
                .iter()
                .map(|reason| (reason.as_str(), stats.skipped_for(*reason))),
            with_zeros,
        ),
        shed_by_reason: counts(
            ShedReason::ALL
                .iter()
                .map(|reason| (reason.as_str(), stats.shed_for(*reason))),
            with_zeros,
        ),
        not_compared_by_reason: counts(
            NotComparedReason::ALL
                .iter()
                .map(|reason| (reason.as_str(), stats.not_compared_for(*reason))),
            with_zeros,
        ),
        differences_by_kind: counts(
            DifferenceKind::ALL
                .iter()
                .map(|kind| (kind.as_str(), stats.differences_of(*kind))),
            with_zeros,
        ),
        fixtures_by_outcome: counts(
            FixtureOutcome::ALL
                .iter()
                .map(|outcome| (outcome.as_str(), stats.fixtures_with(*outcome))),
            with_zeros,
        ),
        callbacks_by_outcome: callbacks(stats, with_zeros),
    }
}

fn callbacks(stats: &TargetStats, with_zeros: bool) -> BTreeMap<String, Counts> {
    let of = |callback: &Callback| {
        let outcomes = CallbackOutcome::ALL.iter();
        let calls = outcomes.map(|outcome| {
            let calls = stats.callbacks_with(*callback, *outcome);
            (outcome.as_str(), calls)
        });
        (callback.as_str().to_owned(), counts(calls, with_zeros))
    };
    let all = Callback::ALL.iter().map(of);
    all.filter(|(_, calls)| !calls.is_empty()).collect()
}

fn paired(paired: mirror_runtime::Paired) -> Paired {
    Paired {
        n: paired.n,
        b: paired.b,
        c: paired.c,
    }
}

fn unanswered(unanswered: &Unanswered) -> Counts {
    let all = [
        ("failed", unanswered.failed),
        ("circuit_open", unanswered.circuit_open),
        ("in_flight_limit", unanswered.in_flight_limit),
        (
            "process_in_flight_limit",
            unanswered.process_in_flight_limit,
        ),
        ("connection_limit", unanswered.connection_limit),
        ("byte_budget", unanswered.byte_budget),
    ];
    counts(all.into_iter(), true)
}

fn report(report: &TargetReport, detail: Detail) -> snapshot::Report {
    let classes = ["1xx", "2xx", "3xx", "4xx", "5xx"].into_iter().zip(1..);
    snapshot::Report {
        since_unix_s: report.since.map(unix_s),
        version: report.version.clone(),
        compared: report.compared,
        matched: report.matched,
        equal: report.equal,
        noise: report.noise,
        mismatched: report.mismatched,
        schema_mismatch: report.schema_mismatch,
        not_compared: report.not_compared,
        not_compared_by_reason: counts(
            NotComparedReason::ALL
                .iter()
                .map(|reason| (reason.as_str(), report.not_compared_for(*reason))),
            true,
        ),
        compared_by_class: counts(
            classes.map(|(word, class)| (word, report.compared_with_class(class))),
            true,
        ),
        distinct: report.distinct,
        match_rate: report.match_rate.map(|rate| Rate {
            rate: rate.rate,
            low: rate.low,
            high: rate.high,
        }),
        unanswered: unanswered(&report.unanswered),
        responses: paired(report.responses),
        slow: paired(report.slow),
        primary_latency: latency(&report.primary_latency),
        shadow_latency: latency(&report.shadow_latency),
        baseline_latency: latency(&report.baseline_latency),
        windows: report.windows.iter().map(window).collect(),
        differences: report
            .groups
            .iter()
            .map(|group| self::group(group, report, detail))
            .collect(),
        other_differences: report.other_differences,
        suggestions: report.suggestions.iter().map(suggestion).collect(),
        foreign: report.shapes.iter().map(ToString::to_string).collect(),
        unfit_baseline: report.unfit_baseline.as_ref().map(ToString::to_string),
        coverage: report.coverage,
        routes: report.routes.iter().map(route).collect(),
        uncompared_headers: report.uncompared_headers.iter().cloned().collect(),
        unused_rules: report.unused_rules.clone(),
    }
}

fn window(window: &mirror_runtime::WindowReport) -> ReportWindow {
    ReportWindow {
        seconds: window.seconds,
        responses: paired(window.responses),
        asked: paired(window.asked),
        slow: paired(window.slow),
    }
}

fn route(route: &mirror_runtime::RouteReport) -> Route {
    Route {
        route: route.route.clone(),
        compared: route.compared,
        differ: route.differ,
        not_compared: route.not_compared,
    }
}

fn group(group: &DifferenceGroup, report: &TargetReport, detail: Detail) -> Group {
    let kept = [&group.first, &group.last].into_iter().flatten();
    let mut examples: Vec<_> = kept.filter(|_| detail.examples).map(example).collect();
    examples.dedup();
    Group {
        pointer: group.pointer.clone(),
        kind: group.kind.as_str().to_owned(),
        comparisons: group.comparisons,
        differences: group.differences,
        noise: group.noise,
        shadow_rate: group.shadow_rate,
        baseline_rate: group.baseline_rate,
        option: option_for(group, report),
        examples,
    }
}

fn example(example: &mirror_runtime::Example) -> Example {
    Example {
        method: example.method.as_str().to_owned(),
        path: example.path.clone(),
        query: example.query.clone(),
        pointer: example.difference.pointer.clone(),
        primary: example.difference.primary.clone(),
        shadow: example.difference.shadow.clone(),
    }
}

fn suggestion(suggestion: &mirror_runtime::Suggestion) -> Suggestion {
    Suggestion {
        option: written(suggestion.option, &suggestion.pointer, suggestion.tolerance),
        pointer: suggestion.pointer.clone(),
        mismatches: suggestion.mismatches,
        settled: suggestion.settled,
    }
}

/// An option as it is pasted into an attribute: the place is a literal of Rust, whatever is in it.
fn written(option: &str, pointer: &str, tolerance: Option<f64>) -> String {
    match tolerance {
        Some(tolerance) => format!("{option} = {{ {pointer:?} = {tolerance:?} }}"),
        None => format!("{option} = [{pointer:?}]"),
    }
}

/// The option that lets differences at a place pass. The report's own advice comes first: it is the
/// narrowest that would do.
fn option_for(group: &DifferenceGroup, report: &TargetReport) -> Option<String> {
    let of_values = [
        DifferenceKind::Missing,
        DifferenceKind::Extra,
        DifferenceKind::Type,
        DifferenceKind::Value,
        DifferenceKind::Length,
    ];
    match group.kind {
        DifferenceKind::Header => Some(written("ignore_headers", &group.pointer, None)),
        kind if of_values.contains(&kind) && group.pointer.starts_with('/') => {
            let advice = report.suggestions.iter();
            let best = advice
                .filter(|advice| advice.pointer == group.pointer)
                .max_by_key(|advice| (advice.settled, advice.option != "ignore"));
            Some(match best {
                Some(best) => suggestion(best).option,
                None => written("ignore", &group.pointer, None),
            })
        }
        _ => None,
    }
}
