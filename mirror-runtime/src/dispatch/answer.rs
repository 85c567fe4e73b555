//! Reading a shadow's answer: as much as is of use, and then as much as makes the connection usable again.

use std::future::Future;

use axum::{BoxError, body::Body};
use bytes::{Bytes, BytesMut};
use http_body::Body as _;
use http_body_util::BodyExt;
use tokio::{task::coop::consume_budget, time::Instant};

use crate::{
    answers::{Ending, Noting, copied},
    outcome::{MirrorError, ShadowResponse},
    transport::Sending,
};

/// How much of an answer's body is kept for callbacks.
const MAX_KEPT: usize = 64 * 1024;

/// How much of an answer's body is read at all. Reading the rest of a longer one costs more than the new connection
/// that dropping it costs.
pub(crate) const MAX_READ: usize = 1024 * 1024;

/// What is to be kept of an answer.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wanted {
    /// Whether a callback asks for it.
    pub(super) keep: bool,
    /// Whether it is compared.
    pub(super) compare: bool,
    /// How much of its body is compared, where that matters.
    pub(super) max_compared: Option<usize>,
}

/// An answer, and what was noted of it where it is compared: in a box, for which the futures of the many that are not
/// compared have little room to keep.
pub(super) type Received = (ShadowResponse, Option<(Box<Noting>, Ending)>);

/// Waits for the answer and reads its body; keeps of it what is wanted.
#[expect(
    clippy::manual_async_fn,
    reason = "the future of an `async fn` has room for each argument twice"
)]
pub(super) fn receive(
    sending: Sending,
    left: Instant,
    wanted: Wanted,
) -> impl Future<Output = Result<Received, MirrorError>> + Send {
    async move {
        let (head, body) = sending.await?.into_parts();
        let mut noting = wanted.compare.then(|| {
            let known = body.size_hint().exact();
            let headers = copied(&head.headers);
            let noting = Noting::of(head.status, headers, wanted.max_compared, known);
            Box::new(noting)
        });
        let max_kept = if wanted.keep { MAX_KEPT } else { 0 };
        let (body, truncated) = read(body, max_kept, noting.as_deref_mut()).await?;
        let answer = ShadowResponse {
            status: head.status,
            headers: head.headers,
            body,
            truncated,
            latency: left.elapsed(),
        };
        Ok((answer, noting.map(|noting| (noting, Ending::Complete))))
    }
}

async fn read(
    mut body: Body,
    max_kept: usize,
    mut noting: Option<&mut Noting>,
) -> Result<(Bytes, bool), MirrorError> {
    let mut kept = Kept {
        first: Bytes::new(),
        joined: BytesMut::new(),
        max: max_kept,
    };
    let (mut read, mut truncated) = (0, false);
    while let Some(frame) = body.frame().await {
        // A body that is always there, and has no bytes, must not keep its task from its deadline.
        consume_budget().await;
        let frame = frame.map_err(|error| MirrorError::Body(BoxError::from(error)))?;
        let Ok(data) = frame.into_data() else {
            continue;
        };
        read += data.len();
        if let Some(noting) = &mut noting {
            noting.push(data.clone());
        }
        truncated |= !kept.keep(data);
        if read > MAX_READ {
            break;
        }
    }
    Ok((kept.into_bytes(), truncated))
}

/// The first part of a body. A body that comes in one piece is not copied.
struct Kept {
    first: Bytes,
    joined: BytesMut,
    max: usize,
}

impl Kept {
    /// Keeps what there is room for; `false` where that was not all.
    fn keep(&mut self, mut data: Bytes) -> bool {
        let room = self.max - self.first.len() - self.joined.len();
        let whole = data.len() <= room;
        data.truncate(room);
        if self.first.is_empty() && self.joined.is_empty() {
            self.first = data;
        } else {
            self.joined
                .extend_from_slice(&std::mem::take(&mut self.first));
            self.joined.extend_from_slice(&data);
        }
        whole
    }

    fn into_bytes(self) -> Bytes {
        if self.joined.is_empty() {
            self.first
        } else {
            self.joined.freeze()
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::stream;

    use super::*;

    fn body(pieces: usize, size: usize) -> Body {
        let pieces = (0..pieces).map(move |_| Ok::<_, BoxError>(Bytes::from(vec![7; size])));
        Body::from_stream(stream::iter(pieces))
    }

    #[tokio::test]
    async fn the_first_part_is_kept() {
        for (pieces, size, kept, truncated) in [
            (0, 0, 0, false),
            (1, 10, 10, false),
            (3, 10, 30, false),
            (1, MAX_KEPT, MAX_KEPT, false),
            (2, MAX_KEPT / 2 + 1, MAX_KEPT, true),
            (4, MAX_KEPT, MAX_KEPT, true),
        ] {
            let (bytes, is_truncated) = read(body(pieces, size), MAX_KEPT, None).await.unwrap();
            assert_eq!(
                (bytes.len(), is_truncated),
                (kept, truncated),
                "{pieces} of {size}"
            );
        }
    }

    #[tokio::test]
    async fn an_endless_body_is_left() {
        let pieces = stream::repeat_with(|| Ok::<_, BoxError>(Bytes::from(vec![7; 4096])));
        let (bytes, truncated) = read(Body::from_stream(pieces), 0, None).await.unwrap();
        assert!(bytes.is_empty() && truncated);
    }
}
