//! Whether all that was promised came true.

use mirror_runtime::MirrorStats;
use testkit::demo::Result;

use crate::traffic::Traffic;

/// Checks the counters against one another, against the number of requests, and against what the
/// shadows counted.
pub(crate) fn counters(stats: &MirrorStats, requests: u64, arrived: [u64; 2]) -> Result {
    for (target, arrived) in stats.targets.iter().zip(arrived) {
        let adds_up = target.received == requests
            && target.received == target.sent + target.skipped + target.shed
            && target.sent == target.answered + target.failed
            && target.in_flight == 0
            // A copy that was given up may have arrived before.
            && (target.answered..=target.sent).contains(&arrived);
        if !adds_up {
            return Err(format!(
                "the counters do not add up: {requests} requests, {arrived} arrived, {target}"
            )
            .into());
        }
    }
    println!(
        "\n      The counters add up: received = sent + skipped + shed, and sent = answered + failed."
    );
    Ok(())
}

/// Checks that no client got a wrong response.
pub(crate) fn answers(traffic: &Traffic) -> Result {
    let (requests, wrong) = traffic.answers();
    match wrong {
        [] => {
            println!("      All {requests} responses of the primary were right.");
            Ok(())
        }
        [first, ..] => Err(format!(
            "{} of {requests} responses were wrong: {first}",
            wrong.len()
        )
        .into()),
    }
}
