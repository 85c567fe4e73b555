//! The handler's view of a body, and that of the copies: whatever comes, in whatever pieces,
//! however much of it is read.

use std::{
    collections::VecDeque,
    pin::Pin,
    sync::{Arc, Mutex},
    task::{Context, Poll},
    time::Duration,
};

use axum::{BoxError, body::Body};
use bytes::Bytes;
use http::HeaderMap;
use http_body::{Body as HttpBody, Frame, SizeHint};
use http_body_util::BodyExt;
use proptest::prelude::*;

use super::*;

#[derive(Clone, Debug)]
enum Step {
    Pending,
    Data(Vec<u8>),
    Trailers,
    Error,
}

/// A body that does what it is told.
#[derive(Clone, Debug)]
struct Script {
    steps: VecDeque<Step>,
    /// Whether it says how long it is.
    sized: bool,
}

impl Script {
    fn data(&self) -> Vec<u8> {
        let pieces = self.steps.iter().filter_map(|step| match step {
            Step::Data(data) => Some(data.as_slice()),
            _ => None,
        });
        pieces.collect::<Vec<_>>().concat()
    }

    fn trailers(&self) -> Option<HeaderMap> {
        matches!(self.steps.back(), Some(Step::Trailers)).then(trailers)
    }

    fn breaks_off(&self) -> bool {
        matches!(self.steps.back(), Some(Step::Error))
    }
}

impl HttpBody for Script {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        Poll::Ready(match self.steps.pop_front() {
            None => None,
            Some(Step::Pending) => {
                context.waker().wake_by_ref();
                return Poll::Pending;
            }
            Some(Step::Data(data)) => Some(Ok(Frame::data(data.into()))),
            Some(Step::Trailers) => Some(Ok(Frame::trailers(trailers()))),
            Some(Step::Error) => Some(Err("broken".into())),
        })
    }

    fn is_end_stream(&self) -> bool {
        self.sized && self.steps.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        if self.sized {
            SizeHint::with_exact(self.data().len() as u64)
        } else {
            SizeHint::new()
        }
    }
}

const WITHIN: Duration = Duration::from_secs(1);

fn trailers() -> HeaderMap {
    HeaderMap::from_iter([(http::header::ETAG, "x".parse().unwrap())])
}

fn any_script() -> impl Strategy<Value = Script> {
    let piece = prop_oneof![
        3 => prop::collection::vec(any::<u8>(), 0..20),
        1 => (any::<u8>(), 4_000..5_000_usize).prop_map(|(byte, length)| vec![byte; length]),
    ];
    let step = prop_oneof![4 => piece.prop_map(Step::Data), 1 => Just(Step::Pending)];
    let end = prop_oneof![
        4 => Just(None),
        1 => Just(Some(Step::Trailers)),
        1 => Just(Some(Step::Error)),
    ];
    let steps = (prop::collection::vec(step, 0..10), end);
    (steps, any::<bool>()).prop_map(|((steps, end), sized)| Script {
        steps: steps.into_iter().chain(end).collect(),
        sized,
    })
}

/// Small ones, and those about as large as bodies are.
fn any_max() -> impl Strategy<Value = usize> {
    prop_oneof![0..100_usize, 0..20_000_usize, Just(usize::MAX)]
}

/// A reader's view of a body.
#[derive(Debug, Default, PartialEq)]
struct Seen {
    data: Vec<u8>,
    trailers: Option<HeaderMap>,
    error: Option<String>,
    /// Whether it was read to its end.
    ended: bool,
}

async fn read(body: &mut Body, frames: usize) -> Seen {
    let mut seen = Seen::default();
    for _ in 0..frames {
        match body.frame().await {
            None => {
                seen.ended = true;
                break;
            }
            Some(Err(error)) => {
                seen.error = Some(error.to_string());
                break;
            }
            Some(Ok(frame)) => match frame.into_data() {
                Ok(data) => seen.data.extend(data),
                Err(frame) => seen.trailers = frame.into_trailers().ok(),
            },
        }
    }
    seen
}

fn run<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    runtime.block_on(future)
}

/// The bytes of a copy, and its trailers.
fn sent(copy: CopyBody) -> (Vec<u8>, Option<HeaderMap>) {
    let sent = run(copy.collect()).unwrap();
    let trailers = sent.trailers().cloned();
    (sent.to_bytes().into(), trailers)
}

proptest! {
    #[test]
    fn a_body_that_is_read_ahead_is_the_one_that_arrived(script in any_script(), max in any_max()) {
        let arrived = run(read(&mut Body::new(script.clone()), usize::MAX));
        let ReadAhead::Ended(mut body, copied) = run(read_ahead(Body::new(script.clone()), max, WITHIN)) else {
            panic!("it has all the time");
        };
        prop_assert_eq!(body.size_hint().exact(), script.size_hint().exact());
        prop_assert_eq!(run(read(&mut body, usize::MAX)), arrived);
        let whole = script.data();
        match copied {
            Ok(read) => {
                let copy = read.into_copy_body();
                prop_assert!(!script.breaks_off() && whole.len() <= max);
                prop_assert_eq!(copy.remaining(), whole.len() as u64);
                prop_assert_eq!(copy.trailers().cloned(), script.trailers());
                prop_assert_eq!(sent(copy), (whole, script.trailers()));
            }
            Err(SkipReason::BodyTooLarge) => prop_assert!(whole.len() > max),
            Err(SkipReason::PrimaryGone) => prop_assert!(script.breaks_off() && whole.len() <= max),
            Err(other) => prop_assert!(false, "{other}"),
        }
    }

    #[test]
    fn a_body_that_is_noted_is_copied_whole_or_not_at_all(
        script in any_script(),
        max in any_max(),
        frames in prop_oneof![0..12_usize, Just(usize::MAX)],
    ) {
        let mut original = Body::new(script.clone());
        let arrived = run(read(&mut original, frames));
        let ended = arrived.ended || (original.is_end_stream() && frames > 0);
        // A handler that drops the body has read enough, if that was all, or little was left of
        // what has arrived.
        let may_end = frames > 0 && (!script.sized || arrived.data.len() == script.data().len());
        let told = Arc::new(Mutex::new(Vec::new()));
        let done = { let told = told.clone(); move |copied| told.lock().unwrap().push(copied) };
        let mut body = Body::new(Tee::new(Body::new(script.clone()), max, WITHIN, done));
        prop_assert_eq!(body.size_hint().exact(), script.size_hint().exact());
        prop_assert_eq!(run(read(&mut body, frames)), arrived);
        drop(body);
        let mut told = std::mem::take(&mut *told.lock().unwrap());
        prop_assert_eq!(told.len(), 1, "told once");
        let whole = script.data();
        match told.remove(0) {
            Ok(read) => {
                prop_assert!((ended || may_end) && whole.len() <= max);
                prop_assert_eq!(sent(read.into_copy_body()), (whole, script.trailers()));
            }
            Err(SkipReason::BodyTooLarge) => prop_assert!(whole.len() > max),
            Err(SkipReason::PrimaryGone) => prop_assert!(script.breaks_off()),
            Err(SkipReason::BodyNotRead) => prop_assert!(!ended),
            Err(other) => prop_assert!(false, "{other}"),
        }
    }
}
