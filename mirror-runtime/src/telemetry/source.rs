//! Where events come from, and the way of each: counted first, then logged, then told.

use std::{
    borrow::{Borrow, Cow},
    fmt,
    sync::{Arc, LazyLock},
    time::Duration,
};

use super::{
    Callbacks, Event, EventKind, Happened, Observer, Observers, RequestId, Throttle, observer,
    request_id::about,
    skips::{self, OnSkip},
};
#[cfg(feature = "record")]
use crate::outcome::FixtureOutcome;
use crate::{
    bounds::{Gauge, Turn, draining},
    outcome::{BufferedResponse, Callback, CallbackOutcome, MirrorError, SkipReason},
    stats::{Counters, RouteLabel, TargetStats},
    target::Target,
    workers::{Code, Ended, caught, contained, observe_off_path, off_path},
};
#[cfg(feature = "compare")]
use crate::{comparison::Verdict, workers::tell_off_path};

/// Events of which somebody is being told. How many may wait is bounded where they do.
static TELLING: Gauge = Gauge::new();

/// Calls of `on_mismatch`, and of observers, that were left out.
#[cfg(feature = "compare")]
static LEFT_OUT: LazyLock<Throttle> = LazyLock::new(Throttle::default);
static UNOBSERVED: LazyLock<Throttle> = LazyLock::new(Throttle::default);

/// Whether nobody is being told of an event of which nobody waits to hear.
pub(crate) fn all_told() -> bool {
    TELLING.count() == 0
}

/// The subscribers to the events of a mirror.
pub(crate) struct Audience {
    pub(crate) mirror: Cow<'static, str>,
    pub(crate) callbacks: Callbacks,
    pub(crate) observers: Observers,
}

/// A target of a mirror, of whose requests there is something to tell.
pub(crate) struct Source {
    audience: Arc<Audience>,
    target: Target,
    /// Shared with who publishes them as metrics: they outlive their mirror by a moment.
    counters: Arc<Counters>,
    failures: Throttle,
}

/// Keeps a drain waiting until it is dropped.
struct Telling;

impl Telling {
    fn begin() -> Self {
        TELLING.enter(1, usize::MAX);
        Self
    }
}

impl Drop for Telling {
    fn drop(&mut self) {
        TELLING.leave(1);
        draining::ended();
    }
}

impl Source {
    pub(crate) fn new(audience: &Arc<Audience>, target: Target) -> Self {
        Self {
            audience: Arc::clone(audience),
            target,
            counters: Arc::new(Counters::new()),
            failures: Throttle::default(),
        }
    }

    pub(crate) fn target(&self) -> &Target {
        &self.target
    }

    /// The counters as they are now.
    pub(crate) fn stats(&self) -> TargetStats {
        self.counters.snapshot(self.target.name())
    }

    /// The counters themselves.
    pub(crate) fn counters(&self) -> &Arc<Counters> {
        &self.counters
    }

    /// A copy has ended: as [`tell`](Self::tell), and counted with its route.
    pub(crate) fn tell_end(
        self: &Arc<Self>,
        request_id: Option<&RequestId>,
        route: RouteLabel,
        outcome: Result<BufferedResponse, MirrorError>,
        elapsed: Option<Duration>,
    ) -> Option<Ended> {
        self.counters.measured.ended(route, &outcome, elapsed);
        self.tell_of(request_id, Happened::Ended(outcome, elapsed))
    }

    /// Counts what happened, logs it, and tells whoever wants to know. `Some` if the callback of a
    /// copy runs: its task waits for that to end.
    #[inline]
    pub(crate) fn tell(self: &Arc<Self>, happened: Happened) -> Option<Ended> {
        self.tell_of(None, happened)
    }

    /// The same of a request whose id is known.
    #[inline]
    pub(crate) fn tell_of(
        self: &Arc<Self>,
        request_id: Option<&RequestId>,
        happened: Happened,
    ) -> Option<Ended> {
        self.count(&happened);
        self.log(&happened, request_id);
        let audience = &*self.audience;
        if self.is_observed() {
            self.tell_all(happened, request_id)
        } else if audience.callbacks.want(&happened) {
            self.call_back(happened, request_id)
        } else {
            None
        }
    }

    #[inline]
    fn count(&self, happened: &Happened) {
        let counters = &self.counters;
        match happened {
            Happened::NotSent(reason) => counters.not_sent(*reason),
            Happened::Sent { bytes } => counters.sent(*bytes),
            Happened::Resent => counters.resent(),
            Happened::Ended(Ok(response), _) => {
                let latency = (!response.is_streaming()).then(|| response.latency());
                counters.answered(response.status(), response.first_byte(), latency);
            }
            Happened::Ended(Err(error), _) => counters.failed(error.kind()),
            // The state of a circuit is not counted.
            Happened::CircuitTurned(..) => {}
            #[cfg(feature = "compare")]
            Happened::Compared(comparison) => {
                counters.compared(comparison.verdict);
                counters.differ(comparison);
            }
            #[cfg(feature = "compare")]
            Happened::NotCompared(reason) => counters.compared(Verdict::NotCompared(*reason)),
        }
    }

    #[inline]
    fn log(&self, happened: &Happened, request_id: Option<&RequestId>) {
        let mirror = &*self.audience.mirror;
        let target = &self.target;
        let variable = target.variable();
        match happened {
            Happened::Ended(Err(error), _) => {
                if let Some(failures) = self.failures.note() {
                    contained(|| {
                        tracing::warn!(
                            mirror,
                            %target,
                            variable,
                            %error,
                            request_id = request_id.map(|id| &**id),
                            failures,
                            "copies failed: the number is of those since the last such line"
                        );
                    });
                }
            }
            Happened::CircuitTurned(Turn::Opened, error) => contained(|| {
                tracing::warn!(
                    mirror,
                    %target,
                    variable,
                    error,
                    "circuit open: shedding copies until one after a cooldown gets a response"
                );
            }),
            Happened::CircuitTurned(Turn::Closed, _) => contained(|| {
                tracing::info!(
                    mirror,
                    %target,
                    variable,
                    "circuit closed: sending copies again"
                );
            }),
            _ => {}
        }
    }

    /// Tells observers, and the callback.
    #[cold]
    fn tell_all(
        self: &Arc<Self>,
        happened: Happened,
        request_id: Option<&RequestId>,
    ) -> Option<Ended> {
        let of_all = observer::of_all();
        let of_all = of_all.iter().flat_map(|of_all| of_all.iter());
        let observers = self.audience.observers.iter().chain(of_all);
        let event = self.event(happened.kind(), request_id);
        let interested: Vec<_> = observers
            .filter(|observer| {
                caught(self.code("observer"), || observer.is_of_interest(&event))
                    .unwrap_or_default()
            })
            .cloned()
            .collect();
        let wants = self.audience.callbacks.want(&happened);
        if interested.is_empty() {
            return if wants {
                self.call_back(happened, request_id)
            } else {
                None
            };
        }
        let happened = Arc::new(happened);
        let ended = if wants {
            self.call_back(Arc::clone(&happened), request_id)
        } else {
            None
        };
        for observer in interested {
            self.observe(observer, Arc::clone(&happened), request_id.cloned());
        }
        ended
    }

    fn observe(
        self: &Arc<Self>,
        observer: Arc<dyn Observer>,
        happened: Arc<Happened>,
        request_id: Option<RequestId>,
    ) {
        let (source, telling) = (Arc::clone(self), Telling::begin());
        let key = Arc::as_ptr(&observer).addr();
        let is_told = observe_off_path(key, move || {
            let request_id = request_id.as_ref();
            let event = source.event(happened.kind(), request_id);
            let returned = caught(source.code("observer"), || {
                about(request_id, || observer.observe(&event));
            });
            source.called(
                Callback::Observer,
                returned.map_or(CallbackOutcome::Panicked, |()| CallbackOutcome::Ran),
            );
            drop((happened, telling));
        });
        if is_told {
            return;
        }
        self.called(Callback::Observer, CallbackOutcome::LeftOut);
        if let Some(events) = UNOBSERVED.note() {
            let mirror = &*self.audience.mirror;
            contained(|| {
                tracing::warn!(
                    mirror,
                    events,
                    "events dropped, because too many wait for an observer: make its `observe` faster, or let its `is_of_interest` choose fewer"
                );
            });
        }
    }

    /// Has the callback called, away from the path of the request.
    fn call_back<H>(self: &Arc<Self>, happened: H, request_id: Option<&RequestId>) -> Option<Ended>
    where
        H: Borrow<Happened> + Send + 'static,
    {
        let key = Arc::as_ptr(&self.audience).addr();
        match happened.borrow() {
            Happened::NotSent(reason) => {
                let source = Arc::clone(self);
                if !skips::tell(source, *reason, request_id) {
                    self.called(Callback::OnSkip, CallbackOutcome::LeftOut);
                }
                None
            }
            Happened::Ended(..) => {
                let (source, request_id) = (Arc::clone(self), request_id.cloned());
                let callback = Callbacks::told_of(happened.borrow());
                let ended = off_path(key, move || {
                    source.report(happened.borrow(), request_id.as_ref());
                });
                if let (None, Some(callback)) = (&ended, callback) {
                    self.called(callback, CallbackOutcome::LeftOut);
                }
                ended
            }
            #[cfg(feature = "compare")]
            Happened::Compared(_) => {
                self.tell_of_mismatch(key, happened, request_id.cloned());
                None
            }
            _ => None,
        }
    }

    /// Has `on_mismatch` called, some time; not at all if too many calls wait.
    #[cfg(feature = "compare")]
    fn tell_of_mismatch<H>(self: &Arc<Self>, key: usize, happened: H, request_id: Option<RequestId>)
    where
        H: Borrow<Happened> + Send + 'static,
    {
        // While what is told is counted as pending, so that a drain sees one or the other all the
        // time.
        let (source, telling) = (Arc::clone(self), Telling::begin());
        let is_told = tell_off_path(key, move || {
            source.report(happened.borrow(), request_id.as_ref());
            drop(telling);
        });
        if is_told {
            return;
        }
        self.called(Callback::OnMismatch, CallbackOutcome::LeftOut);
        if let Some(calls) = LEFT_OUT.note() {
            let mirror = &*self.audience.mirror;
            contained(|| {
                tracing::warn!(
                    mirror,
                    calls,
                    "calls of `on_mismatch` dropped, because too many wait: make it faster"
                );
            });
        }
    }

    /// Calls the callback that is told of it.
    fn report(&self, happened: &Happened, request_id: Option<&RequestId>) {
        let Audience {
            mirror, callbacks, ..
        } = &*self.audience;
        let outcome = about(request_id, || {
            callbacks.report(mirror, &self.target, happened)
        });
        if let (Some(callback), Some(outcome)) = (Callbacks::told_of(happened), outcome) {
            self.called(callback, outcome);
        }
    }

    /// Counts a call of the program's own code.
    fn called(&self, callback: Callback, outcome: CallbackOutcome) {
        self.counters.called(callback, outcome);
    }

    /// Counts what became of a mismatch that was to be recorded.
    #[cfg(feature = "record")]
    pub(crate) fn recorded(&self, outcome: FixtureOutcome) {
        self.counters.recorded(outcome);
    }

    /// Code of the user's that runs for this target, as the log calls it.
    pub(crate) fn code(&self, option: &'static str) -> Code<'_> {
        let code = Code::new(option).of(&self.audience.mirror);
        code.with_target(self.target.name())
    }

    /// Whether there are observers.
    fn is_observed(&self) -> bool {
        !self.audience.observers.is_empty() || observer::are_there()
    }

    /// Whether there are observers or callbacks.
    pub(crate) fn is_heard(&self) -> bool {
        self.is_observed() || self.audience.callbacks.are_there()
    }

    fn event<'a>(&'a self, kind: EventKind<'a>, request_id: Option<&'a RequestId>) -> Event<'a> {
        let event = Event::new(&self.audience.mirror, &self.target, kind);
        event.with_request_id(request_id.map(|id| &**id))
    }
}

impl OnSkip for Source {
    fn skipped(&self, reason: SkipReason, request_id: Option<&RequestId>) {
        self.report(&Happened::NotSent(reason), request_id);
    }
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Source")
            .field("target", &self.target)
            .field("counters", &self.counters)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Audience {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Audience")
            .field("mirror", &self.mirror)
            .field("callbacks", &self.callbacks)
            .field("observers", &self.observers.len())
            .finish()
    }
}
