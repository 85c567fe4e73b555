//! Differences that are in every response: of layers, most likely, and not of handlers.

use super::{DifferenceGroup, TargetReport};
use crate::model::{DifferenceKind, Printable};

/// Fewer comparisons say nothing of all others.
const MIN_COMPARED: u64 = 20;

/// Headers that are named.
const TOLD: usize = 5;

/// What a layer of one side does to all responses, if something looks like it.
pub(super) fn of_all_responses(report: &TargetReport) -> Option<String> {
    if report.compared < MIN_COMPARED {
        return None;
    }
    let groups = report.groups.iter();
    let of_all: Vec<_> = groups
        .filter(|group| group.comparisons == report.compared)
        .collect();
    let found = envelope(&of_all).or_else(|| headers(&of_all))?;
    Some(format!(
        "in every response, {found}: if a layer does that, have the primary's response taken \
         outside of it: `compare_at = \"server\"`, and `CompareAtServer` as the last layer"
    ))
}

/// Headers that only one side has.
fn headers(of_all: &[&DifferenceGroup]) -> Option<String> {
    let of_one_side = of_all.iter().filter(|group| {
        let first = group.first.as_ref().map(|example| &example.difference);
        group.kind == DifferenceKind::Header
            && first.is_some_and(|first| first.primary.is_none() != first.shadow.is_none())
    });
    let names: Vec<_> = of_one_side
        .take(TOLD)
        .map(|group| format!("`{}`", Printable(&group.pointer)))
        .collect();
    (!names.is_empty()).then(|| format!("only one side has {}", names.join(", ")))
}

/// A member of one side's document in which the other's document is.
fn envelope(of_all: &[&DifferenceGroup]) -> Option<String> {
    let members = |kind| {
        let groups = of_all.iter().filter(move |group| group.kind == kind);
        groups.filter(|group| key(&group.pointer).is_some())
    };
    for (outer, inner) in [
        (DifferenceKind::Extra, DifferenceKind::Missing),
        (DifferenceKind::Missing, DifferenceKind::Extra),
    ] {
        let keys: Vec<_> = members(inner).filter_map(|it| key(&it.pointer)).collect();
        // A long value is cut.
        let holds_most = |group: &&&DifferenceGroup| {
            let first = group.first.as_ref().map(|example| &example.difference);
            let value = first.and_then(|first| first.shadow.as_ref().or(first.primary.as_ref()));
            let value = value.filter(|value| value.starts_with('{'));
            value.is_some_and(|value| {
                let held = keys.iter();
                let held = held.filter(|key| value.contains(&format!("\"{key}\":")));
                held.count() * 2 > keys.len()
            })
        };
        if keys.is_empty() {
            continue;
        }
        if let Some(group) = members(outer).find(holds_most) {
            let (one, other) = match outer {
                DifferenceKind::Extra => ("primary", "shadow"),
                _ => ("shadow", "primary"),
            };
            let pointer = Printable(&group.pointer);
            return Some(format!(
                "what the {one} responds with is in `{pointer}` of the {other}'s response"
            ));
        }
    }
    None
}

/// The key of a member of a document that is an object.
fn key(pointer: &str) -> Option<&str> {
    let key = pointer.strip_prefix('/')?;
    (!key.contains('/')).then_some(key)
}
