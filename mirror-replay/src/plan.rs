//! A dry run: what a replay would send, and how long it would take if the target followed.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::{Duration, SystemTime},
};

use serde::Serialize;

use crate::{
    copy::Destination,
    counts::Counts,
    filter::{Mirrors, Selection, unix_ns},
    schedule::{Pace, Schedule, Step},
    source::{Source, SourceError},
};

/// So many sessions are told apart.
const MAX_SESSIONS: usize = 1_000_000;

/// The log is told after so many records that they were read.
const COMMIT: u64 = 1_000;

/// What a replay would do.
#[derive(Clone, Debug, Default, Serialize)]
#[non_exhaustive]
pub struct Plan {
    /// What would become of the records that are not sent, and `read` for all.
    pub counts: Counts,
    /// Requests that would be sent.
    pub requests: u64,
    /// The same by method.
    pub by_method: BTreeMap<String, u64>,
    /// Bytes of their bodies.
    pub bytes: u64,
    /// Sessions that they belong to, up to a million.
    pub sessions: usize,
    /// Requests without a session.
    pub without_session: u64,
    /// When the first arrived: nanoseconds since the beginning of 1970.
    pub first_ns: Option<u64>,
    /// When the last arrived.
    pub last_ns: Option<u64>,
    /// How long it would take, in milliseconds, if the target followed; `None` at full speed.
    pub takes_ms: Option<u64>,
    /// Names of mirrors of which there are records, if none of them is of the mirror that is
    /// [selected](Selection::mirror): up to 16.
    pub other_mirrors: Vec<String>,
}

/// Reads a log, and sends nothing.
///
/// # Errors
///
/// [`SourceError`] if it cannot be read to its end.
pub async fn plan<S: Source>(
    source: &mut S,
    selection: &Selection,
    destination: &Destination,
    pace: Pace,
) -> Result<Plan, SourceError> {
    let mut plan = Plan::default();
    let mut sessions = BTreeSet::new();
    let mut mirrors = Mirrors::default();
    let mut schedule = Schedule::new(pace);
    let mut now = Duration::ZERO;
    let mut last = Duration::ZERO;
    loop {
        match schedule.next(now) {
            Step::Send(()) => {
                last = now;
                schedule.finish(None);
                continue;
            }
            Step::WaitUntil(until) if !schedule.wants_more() => {
                now = until;
                continue;
            }
            Step::Done => break,
            _ => {}
        }
        let Some(delivery) = source.next().await? else {
            schedule.close();
            continue;
        };
        source.ack(&delivery);
        let counts = &mut plan.counts;
        counts.read += 1;
        if counts.read.is_multiple_of(COMMIT) {
            source.commit().await?;
        }
        let Ok(record) = &delivery.record else {
            counts.unreplayable += 1;
            continue;
        };
        if !selection.has(record) {
            counts.filtered += 1;
            mirrors.note(record, selection);
            continue;
        }
        if let Err(why) = destination.request(record, &[]) {
            *counts
                .unsendable
                .entry(why.as_str().to_owned())
                .or_default() += 1;
            continue;
        }
        mirrors.note(record, selection);
        plan.requests += 1;
        let method = record.request.method.clone();
        *plan.by_method.entry(method).or_default() += 1;
        let body = record.request.body.as_ref().map_or(0, bytes::Bytes::len);
        plan.bytes = plan.bytes.saturating_add(body as u64);
        match record.session {
            Some(session) if sessions.len() < MAX_SESSIONS => {
                sessions.insert(session);
            }
            Some(_) => {}
            None => plan.without_session += 1,
        }
        let arrived = unix_ns(record.arrived());
        plan.first_ns = Some(plan.first_ns.map_or(arrived, |first| first.min(arrived)));
        plan.last_ns = Some(plan.last_ns.map_or(arrived, |last| last.max(arrived)));
        schedule.push(delivery.arrived_ns, None, 1, ());
    }
    source.commit().await?;
    source.close(true).await?;
    plan.sessions = sessions.len();
    plan.counts.late = schedule.late();
    plan.counts.torn = source.torn();
    plan.other_mirrors = mirrors.instead();
    if pace.speed != crate::schedule::Speed::Max {
        plan.takes_ms = u64::try_from(last.as_millis()).ok();
    }
    Ok(plan)
}

impl Plan {
    /// When the first arrived.
    #[must_use]
    pub fn first(&self) -> Option<SystemTime> {
        self.first_ns.map(time)
    }

    /// When the last arrived.
    #[must_use]
    pub fn last(&self) -> Option<SystemTime> {
        self.last_ns.map(time)
    }

    /// How long it would take, if the target followed; `None` at full speed.
    #[must_use]
    pub fn takes(&self) -> Option<Duration> {
        self.takes_ms.map(Duration::from_millis)
    }
}

fn time(unix_ns: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_nanos(unix_ns)
}
