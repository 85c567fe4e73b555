//! Where the responses to one request meet.

use std::{
    borrow::Cow,
    fmt,
    sync::{
        Arc, Mutex, MutexGuard, OnceLock, PoisonError,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
};

use axum::{body::Body, extract::MatchedPath};
use http::{Method, request::Parts, uri::PathAndQuery};
use http_body::Body as _;
use mirror_compare::route_of;

use super::{
    handover::hand_over,
    queue,
    recorder::{Held, Noted, NotedResponse},
    state::State,
};
#[cfg(feature = "testing")]
use crate::engine::capturing::Capturing;
use crate::{
    comparison::{
        BufferedResponse, Comparison, KnownSecrets, NotComparedReason, Subject, Verdict, compare,
    },
    engine::{Comparing, Engine},
    request::{KeptRequest, original_uri},
    telemetry::{Happened, RequestId},
    workers::{Code, Overdue, Place, caught, panicked},
};
#[cfg(feature = "record")]
use crate::{
    engine::{CompareAt, Mismatch},
    outcome::FixtureOutcome,
    report::Recorder,
};
#[cfg(feature = "record")]
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

/// The responses to one request, until they are compared.
///
/// A copy that was not sent is not compared. Every other ends as one comparison, or is counted as
/// not compared.
pub(super) struct Exchange {
    engine: Arc<Engine>,
    method: Method,
    path_and_query: Box<str>,
    /// The route that the router found, if there is one.
    matched: Option<MatchedPath>,
    /// The id by which those who are told know the request.
    request_id: Option<RequestId>,
    /// Copies that are still to be compared, and those who may still send some. Once there are
    /// none, nobody needs to know what the primary responds.
    interest: AtomicUsize,
    state: Mutex<State>,
    primary: OnceLock<Option<Held>>,
    baseline: OnceLock<Option<Comparison>>,
    /// The deadline for the primary, once a response waits for it.
    place: OnceLock<Option<Place>>,
    /// Whether the primary's response is noted at the outermost point of the program.
    #[cfg(feature = "record")]
    pub(super) at_server: AtomicBool,
    /// The secrets of the request, once something is compared.
    known: OnceLock<KnownSecrets>,
}

impl Exchange {
    /// For a request to a mirror that compares.
    pub(super) fn new(
        engine: &Arc<Engine>,
        parts: &Parts,
        body: &Body,
        request_id: Option<&RequestId>,
    ) -> Arc<Self> {
        let lacks_body = !body.is_end_stream() && !engine.options.copies_body();
        let request = KeptRequest::from_parts(parts, lacks_body);
        Arc::new(Self {
            engine: Arc::clone(engine),
            method: parts.method.clone(),
            path_and_query: {
                let uri = original_uri(parts);
                let all = uri.path_and_query();
                all.map_or(uri.path(), PathAndQuery::as_str).into()
            },
            matched: parts.extensions.get().cloned(),
            request_id: request_id.cloned(),
            interest: AtomicUsize::new(1),
            state: Mutex::new(State::new(request.map(Arc::new))),
            primary: OnceLock::new(),
            baseline: OnceLock::new(),
            place: OnceLock::new(),
            #[cfg(feature = "record")]
            at_server: AtomicBool::new(false),
            known: OnceLock::new(),
        })
    }

    pub(super) fn engine(&self) -> &Engine {
        &self.engine
    }

    /// There will be a response of one target more.
    pub(super) fn expect(&self, index: usize) {
        if self.engine.is_baseline(index) {
            self.lock().expect_baseline();
        } else {
            self.interest.fetch_add(1, SeqCst);
        }
    }

    /// The request, whose body is to be kept.
    pub(super) fn request(&self) -> Option<Arc<KeptRequest>> {
        self.lock().request()
    }

    pub(super) fn method(&self) -> &Method {
        &self.method
    }

    /// Whether anybody needs to know what the primary responds.
    pub(super) fn is_wanted(&self) -> bool {
        self.lock().is_open()
    }

    /// Something about the primary's response. On its path.
    pub(super) fn primary<T>(self: &Arc<Self>, note: impl FnOnce(&mut State) -> T) -> T {
        let (noted, ready) = self.settle(note);
        self.hand_over(ready);
        noted
    }

    /// Hands responses over to who compares them, away from the path of the primary.
    pub(super) fn hand_over(self: &Arc<Self>, ready: Vec<(usize, Noted)>) {
        if !ready.is_empty() {
            let exchange = Arc::clone(self);
            hand_over(move || exchange.compare_all(ready));
        }
    }

    /// The outcome of a copy; `None` if it was not sent after all.
    pub(super) fn copy(self: &Arc<Self>, index: usize, noted: Option<Noted>) {
        if self.engine.is_baseline(index) {
            let ((), ready) = self.settle(|state| state.baseline(noted));
            self.compare_all(ready);
        } else {
            match noted {
                Some(Ok(response)) => {
                    let ((), ready) = self.settle(|state| state.shadow(index, response));
                    self.compare_all(ready);
                }
                Some(Err(reason)) => {
                    self.not_compared(index, reason);
                    self.has_ended();
                }
                None => self.has_ended(),
            }
        }
        self.wait_for_primary();
    }

    /// One copy less is to be compared. After the last, nothing of the request or of the primary's
    /// response is held, however long its client reads on.
    pub(super) fn has_ended(&self) {
        if self.interest.fetch_sub(1, SeqCst) == 1 {
            self.lock().end();
        }
    }

    /// Sees to it that a response which has begun to wait for the primary does so no longer than
    /// the longest timeout. On the task of a copy.
    fn wait_for_primary(self: &Arc<Self>) {
        if self.place.get().is_none()
            && self.lock().waits_for_primary()
            && let Some(comparing) = self.comparing()
        {
            let longest = self.engine.longest_timeout();
            let who = Arc::downgrade(self);
            let wait = || comparing.deadlines.wait(who, longest);
            self.place.get_or_init(wait);
        }
    }

    /// Takes note of a response, and returns those that need not wait any more.
    fn settle<T>(&self, note: impl FnOnce(&mut State) -> T) -> (T, Vec<(usize, Noted)>) {
        let mut state = self.lock();
        let noted = note(&mut state);
        (noted, state.take_ready())
    }

    /// Has responses compared, as far as they can be.
    fn compare_all(self: &Arc<Self>, ready: Vec<(usize, Noted)>) {
        for (index, noted) in ready {
            match noted {
                Ok(response) => self.queue(index, response),
                Err(reason) => self.not_compared(index, reason),
            }
        }
    }

    /// Queues a comparison of a shadow's response with the primary's, and drops it if too many of
    /// its mirror wait.
    fn queue(self: &Arc<Self>, index: usize, mut response: NotedResponse) {
        let exchange = Arc::clone(self);
        let span = response.take_span();
        let comparison = move || {
            let compared = exchange.caught("compare", index, || exchange.compare(index, response));
            match compared {
                None => {
                    span.compared(Verdict::NotCompared(NotComparedReason::Panicked));
                    exchange.not_compared(index, NotComparedReason::Panicked);
                }
                Some(None) => {}
                Some(Some(comparison)) => {
                    span.compared(comparison.verdict);
                    exchange.tell(index, Happened::Compared(Box::new(comparison)));
                }
            }
            exchange.has_ended();
        };
        if !queue::compare(self.engine.key(), comparison) {
            self.not_compared(index, NotComparedReason::Shed);
            self.has_ended();
        }
    }

    /// Counts that the response of a shadow is not compared. Not on the path of the primary: it takes
    /// a lock that is held for a moment.
    fn not_compared(&self, index: usize, reason: NotComparedReason) {
        let comparing = self.comparing();
        if let Some(recorder) = comparing.and_then(|all| all.recorders.get(index)) {
            recorder.not_compared(reason, self.route().as_deref());
            self.tell(index, Happened::NotCompared(reason));
        }
    }

    /// Counts that a request which was to be compared is not sent. On the path of the primary, and
    /// without waiting for anybody.
    pub(super) fn not_sent(&self, index: usize) {
        let comparing = self.comparing();
        if let Some(recorder) = comparing.and_then(|all| all.recorders.get(index))
            && !self.engine.is_sink(index)
        {
            recorder.not_sent(self.route().as_deref());
        }
    }

    /// The route of the request: that of the router, or else its path without what looks like an
    /// id or a secret. If something is redacted, it may stand in any part of the path, so there is
    /// none.
    fn route(&self) -> Option<Cow<'_, str>> {
        let redacts = |all: &Comparing| !all.rules.written().redact.is_empty();
        match &self.matched {
            Some(matched) => Some(Cow::Borrowed(matched.as_str())),
            None if self.comparing().is_some_and(redacts) => None,
            None => Some(route_of(
                self.path_and_query.split('?').next().unwrap_or_default(),
            )),
        }
    }

    fn tell(&self, index: usize, happened: Happened) {
        let source = &self.engine.targets[index].source;
        source.tell_of(self.request_id.as_ref(), happened);
    }

    /// Compares the response of a shadow with the primary's, and records what is found. On a thread
    /// that compares.
    fn compare(&self, index: usize, response: NotedResponse) -> Option<Comparison> {
        let comparing = self.comparing()?;
        let recorder = comparing.recorders.get(index)?;
        let shadow = response.into_held();
        let mut comparison = self.comparison(comparing, index, &shadow.response)?;
        let baseline = self.baseline.get_or_init(|| {
            let response = self.lock().take_baseline()?;
            let response = response.into_held().response;
            self.comparison(comparing, comparing.recorders.len(), &response)
        });
        recorder.record(&mut comparison, baseline.as_ref());
        if recorder.wants_standing() {
            recorder.stand(comparing.standing(index, &self.engine.targets));
        }
        #[cfg(feature = "record")]
        if comparison.differs() && !comparison.may_be_noise() {
            // What is compared is counted already, whatever becomes of the file.
            let outcome = self.caught("record", index, || {
                self.write_down(comparing, recorder, &comparison, &shadow.response)
            });
            if let Some(outcome) = outcome.unwrap_or(Some(FixtureOutcome::Failed)) {
                self.engine.targets[index].source.recorded(outcome);
            }
        }
        #[cfg(feature = "testing")]
        {
            Capturing::here().compared(&comparison);
            comparing.raise(&comparison);
        }
        Some(comparison)
    }

    /// Records a mismatch, if that is asked for, and says what has become of it.
    #[cfg(feature = "record")]
    fn write_down(
        &self,
        comparing: &Comparing,
        recorder: &Recorder,
        comparison: &Comparison,
        shadow: &BufferedResponse,
    ) -> Option<FixtureOutcome> {
        let recording = comparing.recording.as_ref()?;
        let request = self.lock().request();
        if let Some(missing) = request.as_ref().and_then(|request| request.missing()) {
            recording.missing(&self.engine.name, missing);
            return Some(FixtureOutcome::LeftOut);
        }
        let (Some(request), Some(Some(primary))) = (request, self.primary.get()) else {
            return Some(FixtureOutcome::LeftOut);
        };
        Some(recording.record(&Mismatch {
            comparison,
            method: &self.method,
            request: &request,
            set: &self.engine.set_headers,
            primary: &primary.response,
            shadow,
            mode: comparing.mode,
            at: if self.at_server.load(Relaxed) {
                CompareAt::Server
            } else {
                CompareAt::Handler
            },
            rules: &comparing.rules,
            noise: &recorder.noise(),
        }))
    }

    fn comparison(
        &self,
        comparing: &Comparing,
        index: usize,
        shadow: &BufferedResponse,
    ) -> Option<Comparison> {
        let primary = self.primary.get_or_init(|| {
            let response = self.lock().take_primary();
            response.map(NotedResponse::into_held)
        });
        let target = self.engine.targets.get(index)?.target().name();
        let primary = &primary.as_ref()?.response;
        let known = self.known(comparing, primary, shadow);
        let (route, request) = (self.route(), self.request());
        let body = request.as_ref().map(|request| request.body());
        let body = body.unwrap_or_default();
        let subject = Subject::new(&self.method, &self.path_and_query)
            .with_request_id(self.request_id.as_deref())
            .with_names(&self.engine.name, target)
            .with_secrets(&known)
            .with_body(&body)
            .with_version_header(comparing.version_header.as_ref());
        let subject = match &route {
            Some(route) => subject.with_route(route),
            None => subject,
        };
        let (mode, rules) = (comparing.mode, &comparing.rules);
        let comparison = compare(subject, primary, shadow, mode, rules);
        if comparison.verdict == Verdict::NotCompared(NotComparedReason::Panicked) {
            panicked(self.code("compare", index));
        }
        Some(comparison)
    }

    /// Code of the user's that runs for a target, as the log calls it.
    fn code(&self, option: &'static str, index: usize) -> Code<'_> {
        let code = Code::new(option).of(&self.engine.name);
        let target = self.engine.targets.get(index);
        target.map_or(code, |target| code.with_target(target.target().name()))
    }

    fn caught<T>(&self, option: &'static str, index: usize, run: impl FnOnce() -> T) -> Option<T> {
        caught(self.code(option, index), run)
    }

    /// The secrets of the request. Its body is not searched for two responses of which nothing
    /// would be shown.
    fn known(
        &self,
        comparing: &Comparing,
        primary: &BufferedResponse,
        shadow: &BufferedResponse,
    ) -> Cow<'_, KnownSecrets> {
        let (rules, set) = (&comparing.rules, &self.engine.set_headers);
        let learn = |with_body| match self.request() {
            Some(request) => request.known(rules, set, with_body),
            None => KnownSecrets::from_set_headers(rules, set),
        };
        let is_same = primary.status() == shadow.status() && primary.body() == shadow.body();
        if is_same && self.known.get().is_none() {
            return Cow::Owned(learn(false));
        }
        Cow::Borrowed(self.known.get_or_init(|| learn(true)))
    }

    pub(super) fn comparing(&self) -> Option<&Comparing> {
        self.engine.comparing.as_ref()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Overdue for Exchange {
    /// The primary is not waited for any longer.
    fn time_out(self: Arc<Self>) {
        let ((), ready) = self.settle(State::time_out);
        self.compare_all(ready);
    }
}

/// Nothing of the responses: they are full of secrets.
impl fmt::Debug for Exchange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Exchange").finish_non_exhaustive()
    }
}
