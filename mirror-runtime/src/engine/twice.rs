//! Requests that two mirrors copy: a layer and an attribute on one route, or the layers of nested
//! routers.
//!
//! A mirror that copies a request is noted on the thread while what is inside of it runs. A mark in
//! the request would do as well, but costs each request that is copied two allocations.

use std::{
    cell::RefCell,
    sync::{Arc, atomic::Ordering::Relaxed},
};

use http::request::Parts;

use super::Engine;
use crate::{request::original_uri, workers::contained};

thread_local! {
    static AROUND: RefCell<Option<Around>> = const { RefCell::new(None) };
}

/// A mirror that copies a request.
#[derive(Debug)]
pub(crate) struct Around {
    engine: Arc<Engine>,
    request: usize,
}

impl Around {
    pub(crate) fn new(engine: &Arc<Engine>, parts: &Parts) -> Self {
        Self {
            engine: Arc::clone(engine),
            request: identity(parts),
        }
    }
}

/// The place of the path in memory, which nothing moves and no other request has: a handler may ask
/// a router of its own about something else.
fn identity(parts: &Parts) -> usize {
    original_uri(parts).path().as_ptr().addr()
}

/// Runs what is inside of a mirror.
pub(crate) fn within<T>(around: &mut Option<Around>, run: impl FnOnce() -> T) -> T {
    let _entered = Entered::new(around);
    run()
}

/// Has a mirror noted, until this is dropped: also if what is inside panics.
struct Entered<'a>(&'a mut Option<Around>);

impl<'a> Entered<'a> {
    fn new(around: &'a mut Option<Around>) -> Self {
        swap(around);
        Self(around)
    }
}

impl Drop for Entered<'_> {
    fn drop(&mut self) {
        swap(self.0);
    }
}

fn swap(around: &mut Option<Around>) {
    // A thread that ends has nothing to note.
    let _ = AROUND.try_with(|noted| std::mem::swap(&mut *noted.borrow_mut(), around));
}

impl Engine {
    /// Tells the log, once, if a mirror around this one copies the request, too. It is about routes,
    /// which stay as they are.
    pub(crate) fn look_around(&self, parts: &Parts) {
        if self.is_known_to_be_twice.load(Relaxed) {
            return;
        }
        let outer = AROUND.try_with(|noted| {
            let noted = noted.borrow();
            let around = noted.as_ref()?;
            (around.request == identity(parts)).then(|| Arc::clone(&around.engine))
        });
        let Ok(Some(outer)) = outer else {
            return;
        };
        if !self.is_known_to_be_twice.swap(true, Relaxed) {
            contained(|| {
                tracing::warn!(
                    mirror = &*self.name,
                    outer = &*outer.name,
                    "requests are copied twice: a mirror around this one copies them, too; remove one of them from the route, or keep the requests out of one with `when`"
                );
            });
        }
    }
}
