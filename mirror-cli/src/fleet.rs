//! A snapshot of one process, turned into that of its fleet.

use mirror_dashboard::snapshot::{Fleet, MirrorSnapshot, Snapshot, Stats, Verdict};

/// The numbers of all instances in the place of those of the process, of the mirror of this name or
/// of all; and why they are old, if they are.
///
/// # Errors
///
/// Why they are not known at all.
pub(crate) fn of_fleet(
    snapshot: &mut Snapshot,
    mirror: Option<&str>,
) -> Result<Option<String>, String> {
    let mut old = None;
    let all = snapshot.mirrors.iter_mut();
    for found in all.filter(|found| mirror.is_none_or(|name| found.name == name)) {
        let fleet = found.fleet.take().ok_or_else(no_fleet)?;
        if let Some(error) = &fleet.error {
            let told = format!("the numbers of all instances are not up to date: {error}");
            old.get_or_insert(told);
        }
        put(found, &fleet);
        found.fleet = Some(fleet);
    }
    Ok(old)
}

/// The reason of a target of which no instance has written anything.
const UNKNOWN: &str = "no instance has said anything of it in this epoch yet";

fn no_fleet() -> String {
    "the page is given no fleet: leave out `--fleet`, or build the page with `Dashboard::fleet`"
        .to_owned()
}

fn put(mirror: &mut MirrorSnapshot, fleet: &Fleet) {
    mirror.verdict = fleet.verdict;
    mirror.reason = with_missing(&fleet.reason, fleet);
    // What one process has seen is no verdict on all of them.
    for target in &mut mirror.targets {
        target.stats = Stats::default();
        target.report = None;
        if target.verdict.is_some() {
            target.verdict = Some(Verdict::NotEnoughData);
            target.reason = with_missing(UNKNOWN, fleet);
            target.needed = 0;
        }
    }
    for of_all in &fleet.targets {
        mirror.has_traffic = true;
        let named = mirror
            .targets
            .iter()
            .position(|target| target.name == of_all.name);
        let place = named.or_else(|| {
            // In another build of the service.
            let mut other = mirror.targets.first()?.clone();
            other.name.clone_from(&of_all.name);
            mirror.targets.push(other);
            Some(mirror.targets.len() - 1)
        });
        let Some(target) = place.and_then(|place| mirror.targets.get_mut(place)) else {
            continue;
        };
        target.is_baseline = of_all.is_baseline;
        target.verdict = of_all.verdict;
        target.reason = with_missing(&of_all.reason, fleet);
        target.needed = of_all.needed;
        target.is_circuit_open = Some(of_all.open_circuits > 0);
        target.sent_per_s = None;
        target.stats.clone_from(&of_all.stats);
        target.windows.clear();
        target.series.clear();
        target.report.clone_from(&of_all.report);
    }
}

/// A reason, with what is not known by now.
fn with_missing(reason: &str, fleet: &Fleet) -> String {
    /// More than a line of them is no help.
    const MAX: usize = 8;

    let names: Vec<_> = fleet.missing().collect();
    if names.is_empty() {
        return reason.to_owned();
    }
    let shown = names[..names.len().min(MAX)].join(", ");
    let more = match names.len().saturating_sub(MAX) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    format!("{reason}; missing: {shown}{more}")
}
