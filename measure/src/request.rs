//! The requests that are measured.

use std::{
    pin::Pin,
    task::{Context, Poll},
    vec,
};

use axum::body::Body;
use bytes::Bytes;
use http::{HeaderValue, Request, header};
use http_body::{Frame, SizeHint};

/// The length of a body, and the number of pieces in which it arrives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    /// The length of the body.
    pub bytes: usize,
    /// The pieces in which it arrives.
    pub frames: usize,
}

impl Shape {
    /// No body.
    pub const EMPTY: Self = Self::new(0, 0);
    /// 1 KiB in one piece.
    pub const KIB: Self = Self::new(1 << 10, 1);

    /// All that are measured.
    pub const ALL: [Self; 7] = [
        Self::EMPTY,
        Self::KIB,
        Self::new(64 << 10, 1),
        Self::new(1 << 20, 1),
        // Pieces of the size of the server's read buffer, and pieces that are smaller than what is
        // kept as it is.
        Self::new(64 << 10, 8),
        Self::new(64 << 10, 64),
        Self::new(1 << 20, 64),
    ];

    /// A body of so many bytes in so many pieces.
    pub const fn new(bytes: usize, frames: usize) -> Self {
        Self { bytes, frames }
    }

    /// A `POST` with six headers, as a browser or a service sends it.
    pub fn request(self) -> Request<Body> {
        let body = match self.frames {
            0 => Body::empty(),
            1 => Body::from(vec![b'x'; self.bytes]),
            frames => Body::new(Pieces {
                left: self.bytes,
                pieces: vec![vec![b'x'; self.bytes / frames]; frames].into_iter(),
            }),
        };
        let mut request = Request::post("/orders?source=web").body(body);
        if let Ok(request) = &mut request {
            let headers = request.headers_mut();
            headers.insert(header::HOST, HeaderValue::from_static("shop.example"));
            headers.insert(
                header::USER_AGENT,
                HeaderValue::from_static("bench/1.0 (of a usual length)"),
            );
            headers.insert(header::ACCEPT, HeaderValue::from_static("*/*"));
            headers.insert(
                header::CONTENT_TYPE,
                HeaderValue::from_static("application/json"),
            );
            headers.insert(header::CONTENT_LENGTH, HeaderValue::from(self.bytes));
            headers.insert(
                "x-request-id",
                HeaderValue::from_static("0af7651916cd43dd8448eb211c80319c"),
            );
        }
        request.expect("a request that is right")
    }
}

impl std::fmt::Display for Shape {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.bytes {
            0 => write!(f, "no body"),
            bytes if bytes >= 1 << 20 => write!(f, "{} MiB", bytes >> 20),
            bytes => write!(f, "{} KiB", bytes >> 10),
        }?;
        if self.frames > 1 {
            write!(f, " in {} frames", self.frames)?;
        }
        Ok(())
    }
}

/// A body of known length in equal pieces, each in memory of its own.
#[derive(Debug)]
struct Pieces {
    left: usize,
    pieces: vec::IntoIter<Vec<u8>>,
}

impl http_body::Body for Pieces {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        Poll::Ready(self.pieces.next().map(|piece| {
            self.left -= piece.len();
            Ok(Frame::data(Bytes::from(piece)))
        }))
    }

    fn is_end_stream(&self) -> bool {
        self.left == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left as u64)
    }
}
