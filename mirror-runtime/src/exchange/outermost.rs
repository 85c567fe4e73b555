//! The outermost point of a program, at which the primary's response is as its client gets it.

use std::{
    cell::RefCell,
    future::Future,
    pin::Pin,
    task::{Context, Poll, ready},
};

use axum::response::Response;
use pin_project_lite::pin_project;
use tokio::task::futures::TaskLocalFuture;

tokio::task_local! {
    /// Who notes the response to the request that this task is about, at its outermost point.
    static DEFERRED: RefCell<Vec<Note>>;
}

/// Notes a response.
type Note = Box<dyn FnOnce(&mut Response) + Send>;

/// Has the response to a request noted at the outermost point. Gives the note back if there is no
/// such point around this task.
pub(super) fn defer<N>(note: N) -> Result<(), N>
where
    N: FnOnce(&mut Response) + Send + 'static,
{
    let mut note = Some(note);
    let deferred = DEFERRED.try_with(|deferred| {
        let note = note.take();
        let note = note.map(|note| Box::new(note) as Note);
        deferred.borrow_mut().extend(note);
    });
    match (deferred, note) {
        (Err(_), Some(note)) => Err(note),
        _ => Ok(()),
    }
}

pin_project! {
    /// The future of a response at the outermost point. A request that is not sampled costs it no
    /// allocation.
    pub(crate) struct Outermost<F> {
        #[pin]
        future: TaskLocalFuture<RefCell<Vec<Note>>, F>,
    }
}

impl<F: Future> Outermost<F> {
    pub(crate) fn new(future: F) -> Self {
        Self {
            future: DEFERRED.scope(RefCell::default(), future),
        }
    }
}

impl<F, E> Future for Outermost<F>
where
    F: Future<Output = Result<Response, E>>,
{
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        let mut future = self.project().future;
        let mut result = ready!(future.as_mut().poll(context));
        let deferred = future.take_value().unwrap_or_default().into_inner();
        if let Ok(response) = &mut result {
            for note in deferred {
                note(response);
            }
        }
        Poll::Ready(result)
    }
}
