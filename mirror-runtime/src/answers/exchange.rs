//! Where the answers to one request meet.

use std::{
    fmt,
    sync::{
        Arc, Mutex, MutexGuard, OnceLock, PoisonError,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
};

use axum::body::Body;
use http::{Method, request::Parts};
use http_body::Body as _;

use super::{
    CopySide, PrimarySide,
    handover::hand_over,
    noting::{Held, Noted, NotedAnswer},
    queue,
};
use crate::{
    Answer, Comparison, Mirror,
    callbacks::caught,
    comparison::{NotComparedReason, Subject},
    copy::original_uri,
    fixture::{KeptRequest, Mismatch, Missing},
    mirror::Comparing,
    report::Recorder,
};

/// The answers to one request, until they are compared.
///
/// A copy that was not sent is not compared, and neither is any where the primary gives no answer: then nothing is
/// counted. Every other copy ends as one comparison.
pub(super) struct Exchange {
    mirror: Mirror,
    method: Method,
    path: Box<str>,
    /// Where mismatches are recorded.
    request: Option<Result<Arc<KeptRequest>, Missing>>,
    /// Copies that may still be compared, and those who may still send some. Once there are none, nobody needs to know
    /// what the primary answers.
    interest: AtomicUsize,
    state: Mutex<State>,
    primary: OnceLock<Option<Held>>,
    baseline: OnceLock<Option<Comparison>>,
}

#[derive(Default)]
struct State {
    primary: Primary,
    baseline: Baseline,
    /// Answers of shadows, by target, until those of the primary and of the baseline are there.
    waiting: Vec<(usize, Noted)>,
}

#[derive(Default)]
enum Primary {
    #[default]
    Pending,
    /// Taken by who compares first.
    There(Option<NotedAnswer>),
    /// There is an answer, of which too little is known.
    Unknown(NotComparedReason),
    /// There is none.
    Gone,
}

#[derive(Default)]
enum Baseline {
    #[default]
    None,
    Pending,
    There(NotedAnswer),
}

/// Lets copies take part. Gone, it says that no more will.
#[derive(Debug)]
pub(crate) struct Open(Arc<Exchange>);

impl Exchange {
    /// For a request to a mirror that compares: the side of its primary, and what lets its copies take part.
    pub(super) fn of(mirror: &Mirror, parts: &Parts, body: &Body) -> (PrimarySide, Open) {
        let recording = mirror.shared().comparing.as_ref();
        let recording = recording.and_then(|all| all.recording.as_ref());
        let keep = |_| {
            let copies_body = mirror.shared().options.copies_body();
            KeptRequest::of(parts, !body.is_end_stream(), copies_body).map(Arc::new)
        };
        let exchange = Arc::new(Self {
            mirror: mirror.clone(),
            method: parts.method.clone(),
            path: original_uri(parts).path().into(),
            request: recording.map(keep),
            interest: AtomicUsize::new(1),
            state: Mutex::default(),
            primary: OnceLock::new(),
            baseline: OnceLock::new(),
        });
        (
            PrimarySide::new(Arc::clone(&exchange)),
            Open(Arc::clone(&exchange)),
        )
    }

    pub(super) fn mirror(&self) -> &Mirror {
        &self.mirror
    }

    pub(super) fn method(&self) -> &Method {
        &self.method
    }

    /// Whether anybody needs to know what the primary answers.
    pub(super) fn is_wanted(&self) -> bool {
        self.interest.load(SeqCst) > 0
    }

    /// The primary's answer; `None` where it gave none.
    pub(super) fn primary(self: &Arc<Self>, noted: Option<Noted>) {
        let ready = self.settle(|state| {
            state.primary = match noted {
                None => Primary::Gone,
                Some(Ok(answer)) => Primary::There(Some(answer)),
                Some(Err(reason)) => Primary::Unknown(reason),
            };
        });
        hand_over(self, ready);
    }

    /// What became of a copy; `None` where it was not sent after all.
    pub(super) fn copy(self: &Arc<Self>, index: usize, noted: Option<Noted>) {
        let is_baseline = self.comparing().is_some_and(|all| all.is_baseline(index));
        if !is_baseline && !matches!(noted, Some(Ok(_))) {
            self.interest.fetch_sub(1, SeqCst);
        }
        let ready = self.settle(|state| match noted {
            Some(Ok(answer)) if is_baseline => state.baseline = Baseline::There(answer),
            _ if is_baseline => state.baseline = Baseline::None,
            Some(noted) => state.waiting.push((index, noted)),
            None => {}
        });
        self.compare_all(ready);
    }

    /// Takes note of an answer, and returns those that need not wait any more.
    fn settle(&self, note: impl FnOnce(&mut State)) -> Vec<(usize, Noted)> {
        let mut state = self.lock();
        note(&mut state);
        state.take_ready()
    }

    /// Has answers compared, as far as they can be.
    pub(super) fn compare_all(self: &Arc<Self>, ready: Vec<(usize, Noted)>) {
        for (index, noted) in ready {
            match noted {
                Ok(answer) => queue::compare(Arc::clone(self), index, answer),
                Err(reason) => self.not_compared(index, reason),
            }
        }
    }

    /// Counts that the answer of a shadow is not compared. This waits for nobody.
    pub(super) fn not_compared(&self, index: usize, reason: NotComparedReason) {
        let comparing = self.comparing();
        if let Some(recorder) = comparing.and_then(|all| all.recorders.get(index)) {
            recorder.not_compared(reason);
        }
    }

    /// Compares the answer of a shadow with the primary's, and records what is found. On a thread that compares.
    pub(super) fn compare(&self, index: usize, answer: NotedAnswer) -> Option<Comparison> {
        let comparing = self.comparing()?;
        let recorder = comparing.recorders.get(index)?;
        let shadow = answer.into_held();
        let mut comparison = self.comparison(comparing, index, &shadow.answer)?;
        let baseline = self.baseline.get_or_init(|| {
            let baseline = std::mem::take(&mut self.lock().baseline);
            let Baseline::There(answer) = baseline else {
                return None;
            };
            let answer = answer.into_held().answer;
            self.comparison(comparing, comparing.recorders.len(), &answer)
        });
        recorder.record(&mut comparison, baseline.as_ref());
        if comparison.is_told() {
            // What is compared is counted already, whatever becomes of the file.
            caught("record", || {
                self.write_down(comparing, recorder, &comparison, &shadow.answer);
            });
        }
        Some(comparison)
    }

    /// Records a mismatch, where that is asked for.
    fn write_down(
        &self,
        comparing: &Comparing,
        recorder: &Recorder,
        comparison: &Comparison,
        shadow: &Answer,
    ) {
        let (Some(recording), Some(request)) = (&comparing.recording, &self.request) else {
            return;
        };
        let request = match request {
            Ok(request) => request,
            Err(missing) => return recording.missing(self.mirror.name(), *missing),
        };
        if let Some(Some(primary)) = self.primary.get() {
            recording.record(&Mismatch {
                comparison,
                method: &self.method,
                request,
                primary: &primary.answer,
                shadow,
                mode: comparing.mode,
                rules: &comparing.rules,
                noise: &recorder.noise(),
            });
        }
    }

    fn comparison(
        &self,
        comparing: &Comparing,
        index: usize,
        shadow: &Answer,
    ) -> Option<Comparison> {
        let primary = self.primary.get_or_init(|| {
            let answer = match &mut self.lock().primary {
                Primary::There(answer) => answer.take(),
                _ => None,
            };
            answer.map(NotedAnswer::into_held)
        });
        let subject = Subject {
            mirror: self.mirror.name(),
            target: self.mirror.targets().get(index)?.target.name(),
            method: &self.method,
            path: &self.path,
        };
        let primary = &primary.as_ref()?.answer;
        let (mode, rules) = (comparing.mode, &comparing.rules);
        Some(Comparison::of(subject, primary, shadow, mode, rules))
    }

    pub(super) fn comparing(&self) -> Option<&Comparing> {
        self.mirror.shared().comparing.as_ref()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// What need not wait any more.
    fn take_ready(&mut self) -> Vec<(usize, Noted)> {
        let waits = matches!(self.baseline, Baseline::Pending);
        match &self.primary {
            Primary::There(_) if !waits => std::mem::take(&mut self.waiting),
            Primary::Pending | Primary::There(_) => Vec::new(),
            Primary::Unknown(reason) => {
                let waiting = std::mem::take(&mut self.waiting).into_iter();
                waiting
                    .map(|(index, noted)| (index, noted.and(Err(*reason))))
                    .collect()
            }
            Primary::Gone => {
                self.waiting.clear();
                Vec::new()
            }
        }
    }
}

impl Open {
    /// The side of a copy that was admitted.
    pub(crate) fn copy(&self, index: usize) -> CopySide {
        let exchange = &self.0;
        if exchange
            .comparing()
            .is_some_and(|all| all.is_baseline(index))
        {
            exchange.lock().baseline = Baseline::Pending;
        } else {
            exchange.interest.fetch_add(1, SeqCst);
        }
        CopySide::new(Arc::clone(exchange), index)
    }
}

impl Open {
    /// The request, where its body is to be kept.
    pub(crate) fn kept(&self) -> Option<Arc<KeptRequest>> {
        self.0.request.as_ref()?.as_ref().ok().cloned()
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.0.interest.fetch_sub(1, SeqCst);
    }
}

/// Nothing of the answers: they are full of secrets.
impl fmt::Debug for Exchange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Exchange").finish_non_exhaustive()
    }
}
