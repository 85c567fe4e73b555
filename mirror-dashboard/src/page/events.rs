//! `events`: once a second what has changed, as server-sent events.

use std::{convert::Infallible, sync::Arc, time::Duration};

use axum::{
    extract::State,
    response::{
        IntoResponse, Response,
        sse::{Event, Sse},
    },
};
use futures_util::stream;
use http::{HeaderMap, HeaderValue, StatusCode, header::RETRY_AFTER};

use super::{Shared, refused};
use crate::feed::{Tick, Ticks};

/// A stream ends by itself after so many events: one that did not would hold up a graceful shutdown
/// for ever.
const EVENTS: u32 = 10;

/// After how long a page connects again.
const RETRY: Duration = Duration::from_millis(300);

/// After how many seconds somebody for whom there was no place may ask again.
const AGAIN: &str = "5";

struct Stream {
    ticks: Ticks,
    process: String,
    /// The last event that this page has had.
    seen: Option<u64>,
    left: u32,
    /// The place among those who listen.
    _permit: tokio::sync::OwnedSemaphorePermit,
}

/// One event a second, for ten seconds. The first has all mirrors, or, for a page that connects
/// again, those that have changed since; the others have those that have changed.
pub(super) async fn events(State(shared): State<Arc<Shared>>, headers: HeaderMap) -> Response {
    let Some((permit, ticks)) = shared.feed.listen() else {
        let mut response = refused(
            StatusCode::SERVICE_UNAVAILABLE,
            "too many pages are open: try again later, or ask for `snapshot.json`",
        );
        response
            .headers_mut()
            .insert(RETRY_AFTER, HeaderValue::from_static(AGAIN));
        return response;
    };
    let process = shared.feed.process().to_owned();
    let last = headers.get("last-event-id").and_then(|id| id.to_str().ok());
    let stream = Stream {
        seen: last.and_then(|last| seen(last, &process)),
        ticks,
        process,
        left: EVENTS,
        _permit: permit,
    };
    // Who listens does not keep the router.
    drop(shared);
    Sse::new(stream::unfold(stream, Stream::next)).into_response()
}

/// The number of an event, if it is one of this process.
fn seen(id: &str, process: &str) -> Option<u64> {
    id.strip_prefix(process)?.strip_prefix('-')?.parse().ok()
}

impl Stream {
    async fn next(mut self) -> Option<(Result<Event, Infallible>, Self)> {
        self.left = self.left.checked_sub(1)?;
        let tick = loop {
            self.ticks.changed().await.ok()?;
            let tick = Arc::clone(&self.ticks.borrow_and_update());
            if tick.number > 0 {
                break tick;
            }
        };
        let event = Event::default()
            .retry(RETRY)
            .id(format!("{}-{}", self.process, tick.number))
            .data(changed(&tick, self.seen, &self.process));
        self.seen = Some(tick.number);
        Some((Ok(event), self))
    }
}

/// A snapshot of the mirrors that have changed since an event, with the number of all there are.
fn changed(tick: &Tick, seen: Option<u64>, process: &str) -> String {
    let is_whole = seen.is_none_or(|seen| seen > tick.number);
    let seen = seen.filter(|_| !is_whole);
    let count = tick.mirrors.len();
    let more = format!(r#""is_whole":{is_whole},"count":{count},"#);
    snapshot_of(tick, seen, process, &more)
}

/// The same with all mirrors, as `snapshot.json` has them.
pub(super) fn summaries(tick: &Tick, process: &str) -> String {
    snapshot_of(tick, None, process, "")
}

fn snapshot_of(tick: &Tick, seen: Option<u64>, process: &str, more: &str) -> String {
    let (version, taken) = (crate::snapshot::VERSION, tick.taken_unix_ms);
    let mut json = format!(
        r#"{{"version":{version},"process":"{process}","taken_unix_ms":{taken},{more}"mirrors":["#
    );
    let mut separator = "";
    for mirror in tick.since(seen) {
        json.push_str(separator);
        json.push_str(mirror);
        separator = ",";
    }
    json.push_str("]}");
    json
}
