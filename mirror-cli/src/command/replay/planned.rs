//! What a replay would do.

use mirror_replay::{Destination, Pace, Plan, Selection, Source, plan};
use serde_json::json;

use super::{outcome::none_of, unreadable};
use crate::{
    exit::{Exit, Stop},
    output, text,
};

/// Prints what would be sent.
pub(super) async fn print(
    mut source: impl Source,
    selection: &Selection,
    destination: &Destination,
    pace: Pace,
    is_json: bool,
) -> Result<Exit, Stop> {
    let plan = plan(&mut source, selection, destination, pace)
        .await
        .map_err(unreadable)?;
    if is_json {
        output::json(&json!({ "plan": plan }));
    } else {
        lines(&plan, pace);
    }
    if let Some(none) = none_of(&selection.mirror, &plan.other_mirrors) {
        output::note(&text::message(&none));
    }
    Ok(Exit::Good)
}

fn lines(plan: &Plan, pace: Pace) {
    output::line(format_args!("{}", plan.counts));
    let methods: Vec<_> = plan
        .by_method
        .iter()
        .map(|(method, count)| format!("{} {count}", text::name(method)))
        .collect();
    let methods = if methods.is_empty() {
        String::new()
    } else {
        format!(" ({})", methods.join(", "))
    };
    output::line(format_args!(
        "would send {} requests{methods}, {} bytes of bodies, of {} sessions and {} without one",
        plan.requests, plan.bytes, plan.sessions, plan.without_session
    ));
    if let (Some(first), Some(last)) = (plan.first(), plan.last()) {
        output::line(format_args!(
            "recorded from {} to {}",
            humantime::format_rfc3339_millis(first),
            humantime::format_rfc3339_millis(last)
        ));
    }
    match plan.takes() {
        Some(takes) => output::line(format_args!(
            "takes {} at speed {}, if the target follows",
            output::about(takes),
            pace.speed
        )),
        None => output::line("takes as long as the target does"),
    };
}
