//! How many requests became what, per target.

mod counters;
#[cfg(feature = "metrics")]
mod measured;
#[cfg(not(feature = "metrics"))]
mod not_measured;
mod sent;
mod tally;

use std::{fmt, time::SystemTime};

pub(crate) use counters::Counters;
use counters::class;
use http::StatusCode;
#[cfg(feature = "metrics")]
pub use measured::BUCKETS;
#[cfg(feature = "metrics")]
pub(crate) use measured::{
    Call, CopiesOfRoute, Durations, Measured, PrimaryMeasured, RouteLabel, Told, calls_are_told,
    routes_are_told, tell_calls, tell_routes,
};
pub use mirror_compare::Latency;
pub(crate) use mirror_compare::LatencyRecorder;
use mirror_compare::{DifferenceKind, NotComparedReason};
#[cfg(not(feature = "metrics"))]
pub(crate) use not_measured::{Measured, PrimaryMeasured, RouteLabel};
use serde::{Serialize, Serializer, ser::SerializeMap};

use crate::{
    control::{serialize_moment, serialize_moment_if_any},
    outcome::{Callback, CallbackOutcome, FailureKind, FixtureOutcome, ShedReason, SkipReason},
};

/// The classes of statuses, as they are called.
const CLASSES: [&str; 5] = ["1xx", "2xx", "3xx", "4xx", "5xx"];

/// The counters of one mirror at one moment.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct MirrorStats {
    /// The mirror's name.
    pub name: String,
    /// When the mirror was made: since then it counts. That of an attribute is made by the first
    /// request to its handler.
    #[serde(serialize_with = "serialize_moment")]
    pub since: SystemTime,
    /// One entry per target, in the given order, with the baseline last.
    pub targets: Vec<TargetStats>,
    /// The latency of the primary for sampled requests, without the time that `sync` adds.
    pub latency: Latency,
}

impl MirrorStats {
    /// The counters of the target of this name.
    #[must_use]
    pub fn target(&self, name: &str) -> Option<&TargetStats> {
        self.targets.iter().find(|target| target.name == name)
    }
}

/// The counters of one target at one moment.
///
/// In every snapshot `received == sent + skipped + shed` and
/// `sent == answered + failed + in_flight`. A request is *received* when its outcome is decided.
/// While its body is still being read, it is in no counter.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct TargetStats {
    /// The target's name.
    pub name: String,
    /// Requests that reached the mirror.
    pub received: u64,
    /// Copies that left.
    pub sent: u64,
    /// Copies that got an HTTP response, whatever its status.
    pub answered: u64,
    /// Those of `answered` whose response had not ended when the time of the copy was over: event
    /// streams, long polls, downloads. The connection is closed then.
    pub cut: u64,
    /// Copies that got no complete response.
    pub failed: u64,
    /// Copies that left and have neither been answered nor failed yet.
    pub in_flight: u64,
    /// How many copies may be in flight at once: the option `max_in_flight`.
    pub max_in_flight: usize,
    /// Whether the target's circuit has opened and no copy has been answered since. While its
    /// cooldown lasts, copies are [shed](ShedReason::CircuitOpen).
    pub is_circuit_open: bool,
    /// Copies that were sent once more, because the shadow did not process them or closed the
    /// connection as they left. Each is counted once in [`sent`](Self::sent).
    pub resends: u64,
    /// Connections to the target that were closed because the shadow sent more frames or bytes than
    /// its copies allow, or sent any while no copy was in flight. Mirrors of the same origin share
    /// its connections, and this number.
    pub floods: u64,
    /// Requests that were deliberately not sent.
    pub skipped: u64,
    /// Requests that were not sent in order to protect this process.
    pub shed: u64,
    /// Bytes of the bodies of copies that left.
    pub bytes: u64,
    /// The time from the moment a copy left to the last byte of its response, without responses
    /// that were cut.
    pub latency: Latency,
    /// The time from the moment a copy left to the head of its response, including responses that
    /// were cut.
    pub first_byte: Latency,
    /// Responses that were compared with the primary's. Like all counters here it only grows: what a
    /// [report](crate::Mirror::report) says is a gauge, since it decides anew what is noise, and
    /// begins anew with a new version of the shadow.
    pub compared: u64,
    /// Those that differ, and those that differ in what may turn out to be noise.
    pub raw_mismatched: u64,
    /// Those whose body is no longer a value of the handler's return type.
    pub schema_mismatch: u64,
    /// Responses that were not compared, and copies that failed though they were to be compared.
    pub not_compared: u64,
    /// Differences of all responses that differ, noise included. Of one response those are counted
    /// that its [`Comparison`](crate::Comparison) names.
    pub differences: u64,
    /// Since when the [report](crate::Mirror::report) on the target counts, which may have begun
    /// anew; `None` if nothing was compared yet, and of a target that is not compared.
    #[serde(serialize_with = "serialize_moment_if_any")]
    pub report_since: Option<SystemTime>,
    #[serde(serialize_with = "by_difference_kind")]
    differences_by_kind: [u64; DifferenceKind::ALL.len()],
    #[serde(serialize_with = "by_callback")]
    callbacks_by_outcome: [[u64; CallbackOutcome::ALL.len()]; Callback::ALL.len()],
    #[serde(serialize_with = "by_fixture_outcome")]
    fixtures_by_outcome: [u64; FixtureOutcome::ALL.len()],
    #[serde(serialize_with = "by_not_compared_reason")]
    not_compared_by_reason: [u64; NotComparedReason::ALL.len()],
    #[serde(serialize_with = "by_class")]
    answered_by_class: [u64; CLASSES.len()],
    #[serde(serialize_with = "by_kind")]
    failed_by_kind: [u64; FailureKind::ALL.len()],
    #[serde(serialize_with = "by_skip_reason")]
    skipped_by_reason: [u64; SkipReason::ALL.len()],
    #[serde(serialize_with = "by_shed_reason")]
    shed_by_reason: [u64; ShedReason::ALL.len()],
}

impl TargetStats {
    /// Copies of [`answered`](Self::answered) whose response has the same class of status (`2xx`
    /// for 200).
    #[must_use]
    pub fn answered_with(&self, status: StatusCode) -> u64 {
        self.answered_by_class[class(status)]
    }

    /// Copies of [`failed`](Self::failed) that failed in this way.
    #[must_use]
    pub fn failed_with(&self, kind: FailureKind) -> u64 {
        self.failed_by_kind[kind as usize]
    }

    /// Requests of [`skipped`](Self::skipped) that were skipped for this reason. For
    /// `SkipReason::Shed`, those that were shed for its reason.
    #[must_use]
    pub fn skipped_for(&self, reason: SkipReason) -> u64 {
        match reason.index() {
            Ok(index) => self.skipped_by_reason[index],
            Err(shed) => self.shed_for(shed),
        }
    }

    /// Responses of [`not_compared`](Self::not_compared) that were not compared for this reason.
    #[must_use]
    pub fn not_compared_for(&self, reason: NotComparedReason) -> u64 {
        self.not_compared_by_reason[reason as usize]
    }

    /// Those of [`differences`](Self::differences) that are of this kind.
    #[must_use]
    pub fn differences_of(&self, kind: DifferenceKind) -> u64 {
        let place = DifferenceKind::ALL.iter().position(|of| *of == kind);
        place.map_or(0, |place| self.differences_by_kind[place])
    }

    /// Calls of a callback, or of observers, that ended in this way.
    #[must_use]
    pub fn callbacks_with(&self, callback: Callback, outcome: CallbackOutcome) -> u64 {
        self.callbacks_by_outcome[callback as usize][outcome as usize]
    }

    /// Mismatches of the option `record` of which this became.
    #[must_use]
    pub fn fixtures_with(&self, outcome: FixtureOutcome) -> u64 {
        self.fixtures_by_outcome[outcome as usize]
    }

    /// Requests of [`shed`](Self::shed) that were shed for this reason.
    #[must_use]
    pub fn shed_for(&self, reason: ShedReason) -> u64 {
        self.shed_by_reason[reason as usize]
    }
}

fn by_not_compared_reason<S: Serializer>(counts: &[u64], serializer: S) -> Result<S::Ok, S::Error> {
    let names = NotComparedReason::ALL.iter().map(|reason| reason.as_str());
    serializer.collect_map(names.zip(counts))
}

fn by_difference_kind<S: Serializer>(counts: &[u64], serializer: S) -> Result<S::Ok, S::Error> {
    let names = DifferenceKind::ALL.iter().map(|kind| kind.as_str());
    serializer.collect_map(names.zip(counts))
}

fn by_callback<S: Serializer>(
    counts: &[[u64; CallbackOutcome::ALL.len()]],
    serializer: S,
) -> Result<S::Ok, S::Error> {
    /// The counts of one callback.
    struct Outcomes<'a>(&'a [u64]);

    impl Serialize for Outcomes<'_> {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            let names = CallbackOutcome::ALL.iter().map(|outcome| outcome.as_str());
            serializer.collect_map(names.zip(self.0))
        }
    }

    let mut map = serializer.serialize_map(Some(counts.len()))?;
    for (callback, counts) in Callback::ALL.iter().zip(counts) {
        map.serialize_entry(callback.as_str(), &Outcomes(counts))?;
    }
    map.end()
}

fn by_fixture_outcome<S: Serializer>(counts: &[u64], serializer: S) -> Result<S::Ok, S::Error> {
    let names = FixtureOutcome::ALL.iter().map(|outcome| outcome.as_str());
    serializer.collect_map(names.zip(counts))
}

fn by_class<S: Serializer>(counts: &[u64], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map(CLASSES.iter().zip(counts))
}

fn by_kind<S: Serializer>(counts: &[u64], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map(
        FailureKind::ALL
            .iter()
            .map(|kind| kind.as_str())
            .zip(counts),
    )
}

fn by_skip_reason<S: Serializer>(counts: &[u64], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map(
        SkipReason::ALL
            .iter()
            .map(|reason| reason.as_str())
            .zip(counts),
    )
}

fn by_shed_reason<S: Serializer>(counts: &[u64], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map(
        ShedReason::ALL
            .iter()
            .map(|reason| reason.as_str())
            .zip(counts),
    )
}

/// One line per target.
impl fmt::Display for MirrorStats {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for target in &self.targets {
            writeln!(f, "{} -> {target}", self.name)?;
        }
        Ok(())
    }
}

/// The counters, and the reasons that occurred, in one line.
impl fmt::Display for TargetStats {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}: {} received, {} sent",
            self.name, self.received, self.sent
        )?;
        write!(f, " ({} answered", self.answered)?;
        // Nearly all are of the class that is not named.
        let [informational, _, redirection, client, server] = self.answered_by_class;
        reasons(
            f,
            [
                ("1xx", informational),
                ("3xx", redirection),
                ("4xx", client),
                ("5xx", server),
                ("cut", self.cut),
            ],
        )?;
        write!(f, ", {} failed", self.failed)?;
        let failed = FailureKind::ALL.iter();
        reasons(
            f,
            failed.map(|kind| (kind.as_str(), self.failed_with(*kind))),
        )?;
        write!(
            f,
            ", {} in flight), {} skipped",
            self.in_flight, self.skipped
        )?;
        let skipped = SkipReason::ALL.iter();
        reasons(
            f,
            skipped.map(|reason| (reason.as_str(), self.skipped_for(*reason))),
        )?;
        write!(f, ", {} shed", self.shed)?;
        let shed = ShedReason::ALL.iter();
        reasons(
            f,
            shed.map(|reason| (reason.as_str(), self.shed_for(*reason))),
        )
    }
}

/// Those that occurred, as ` (timeout 3, connect 1)`.
fn reasons<'a>(
    f: &mut fmt::Formatter<'_>,
    counts: impl IntoIterator<Item = (&'a str, u64)>,
) -> fmt::Result {
    let mut occurred = counts.into_iter().filter(|(_, count)| *count > 0);
    let Some((name, count)) = occurred.next() else {
        return Ok(());
    };
    write!(f, " ({name} {count}")?;
    occurred.try_for_each(|(name, count)| write!(f, ", {name} {count}"))?;
    f.write_str(")")
}
