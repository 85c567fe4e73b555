//! What mirrors count, as metrics of the [`metrics`](https://docs.rs/metrics) facade. Needs the
//! feature `metrics`.
//!
//! Whatever recorder the program installs gets them: an exporter for Prometheus, for `StatsD`, one
//! of its own. The chapter [`metrics`](crate::guide::metrics) lists each metric and its labels.
//!
//! A thread publishes every five seconds what has changed of what [`stats`](crate::Mirror::stats)
//! counts anyway, to the recorder of the process. Requests and copies only add to numbers, and never run a recorder's
//! code. A recorder may be installed before or after the mirrors are made: it gets everything that
//! was counted since the process began.
//!
//! ```
//! use std::time::Duration;
//!
//! // Optional: only if something else than the defaults is wanted.
//! mirror_runtime::metrics::Options::new().interval(Duration::from_secs(10)).apply();
//!
//! // In the handler of `/metrics`, before the exporter renders: nothing is older than this.
//! mirror_runtime::metrics::publish();
//! ```

mod family;
mod known;
mod publisher;
mod series;
mod thread;

use std::{sync::Arc, time::Duration};

pub use self::thread::publish;
pub use crate::stats::BUCKETS;
use crate::{
    engine::Engine,
    stats::{calls_are_told, routes_are_told, tell_calls, tell_routes},
};

/// A mirror was made, of which the thread will publish what is counted.
pub(crate) fn add(engine: &Arc<Engine>) {
    if publisher::add(engine) {
        thread::wake();
    } else {
        thread::start();
    }
}

/// How metrics are published. They take effect when they are [applied](Self::apply).
///
/// ```
/// use std::time::Duration;
/// use mirror_runtime::metrics::Options;
///
/// Options::new().interval(Duration::from_secs(10)).http_route(true).apply();
/// # Options::new().apply();
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "options take effect when they are applied"]
pub struct Options {
    interval: Duration,
    http_route: bool,
    http_client: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self::new()
    }
}

impl Options {
    /// The defaults.
    pub const fn new() -> Self {
        Self {
            interval: thread::DEFAULT_INTERVAL,
            http_route: false,
            http_client: false,
        }
    }

    /// The options in effect.
    pub fn current() -> Self {
        Self {
            interval: thread::interval(),
            http_route: routes_are_told(),
            http_client: calls_are_told(),
        }
    }

    /// How often the thread publishes. Default: five seconds. At least 100 milliseconds, also if
    /// less is given. With [`Duration::MAX`] only [`publish`] does.
    pub const fn interval(mut self, interval: Duration) -> Self {
        self.interval = interval;
        self
    }

    /// Adds the label `http_route` to what is counted of copies: `mirror_copies_total` and the
    /// three histograms. Default: `false`.
    ///
    /// Its value is the route that the router has found (`/orders/{id}`), never a path, and empty
    /// if it has found none. The first 100 routes of the process have values of their own, all
    /// others have `_other`. Each route makes some 70 series for each target.
    ///
    /// Copies that have ended before it is applied are counted without a route, so it should be
    /// applied before requests are served.
    pub const fn http_route(mut self, is_told: bool) -> Self {
        self.http_route = is_told;
        self
    }

    /// Publishes copies as the calls of a client as well: the histogram
    /// `http_client_request_duration_seconds`, as the HTTP conventions of OpenTelemetry have it.
    /// Default: `false`, because copies would then be counted among the calls that the program makes
    /// for itself.
    ///
    /// Its labels are `http_request_method`, `server_address`, `server_port`,
    /// `http_response_status_code` and `error_type`, and, to tell copies from other calls, `mirror`
    /// and `target`. It has the copies to servers that have begun since this was applied. 64 methods
    /// and statuses are told apart for each target, and further ones have no status.
    pub const fn http_client(mut self, is_told: bool) -> Self {
        self.http_client = is_told;
        self
    }

    /// Makes these the options of the process, and publishes at once.
    pub fn apply(self) {
        tell_routes(self.http_route);
        tell_calls(self.http_client);
        thread::set_interval(self.interval);
        thread::wake();
    }
}
