//! What a request allocates, counted on the thread that serves it.

use std::ops::Sub;

use allocation_counter::{measure, opt_out};
use axum::{Router, body::Body};
use http::Request;

use super::{Drive, Shape, Version};

/// Requests that are counted together. Some allocations come once in several requests, such as a
/// new read buffer for a connection.
const REQUESTS: u32 = 64;

/// Allocations and bytes of one request. A block that grows counts as a new one.
#[derive(Clone, Copy, Debug)]
pub struct Allocated {
    /// How many allocations there were.
    pub count: f64,
    /// How many bytes they had.
    pub bytes: f64,
}

impl Allocated {
    /// By one request until the answer: the spawning of its copies is included, and their running
    /// is not.
    pub fn until_the_answer(version: Version, shape: Shape) -> Self {
        Self::until_the_answer_to(version, || shape.request())
    }

    /// The same, by one of other requests.
    pub fn until_the_answer_to(version: Version, request: impl Fn() -> Request<Body>) -> Self {
        let mut drive = Drive::new(|| version.app());
        Self::by(request, |request| {
            let answer = drive.answer(request);
            opt_out(|| {
                drop(answer);
                drive.settle();
            });
        })
    }

    /// By one request and its copies, to the last byte of the shadow's response.
    pub fn with_copies(app: impl FnOnce() -> Router, shape: Shape) -> Self {
        let mut drive = Drive::new(app);
        drive.warm_up(shape);
        Self::by(
            || shape.request(),
            |request| {
                drop(drive.answer(request));
                drive.settle();
            },
        )
    }

    fn by(request: impl Fn() -> Request<Body>, mut answer: impl FnMut(Request<Body>)) -> Self {
        let requests = || (0..REQUESTS).map(|_| request()).collect::<Vec<_>>();
        requests().into_iter().for_each(&mut answer);
        let requests = requests();
        let counted = measure(|| requests.into_iter().for_each(answer));
        let each = |all| f64::from(u32::try_from(all).unwrap_or(u32::MAX)) / f64::from(REQUESTS);
        Self {
            count: each(counted.count_total),
            bytes: each(counted.bytes_total),
        }
    }
}

impl Sub for Allocated {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        Self {
            count: self.count - other.count,
            bytes: self.bytes - other.bytes,
        }
    }
}
