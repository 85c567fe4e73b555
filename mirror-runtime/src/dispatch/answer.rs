//! Reading a shadow's answer: as much as is of use, and then as much as makes the connection usable again.

use axum::{BoxError, body::Body};
use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt;
use tokio::time::Instant;

use crate::{
    outcome::{MirrorError, ShadowResponse},
    transport::Sending,
};

/// How much of an answer's body is kept for callbacks.
const MAX_KEPT: usize = 64 * 1024;

/// How much of an answer's body is read at all. Reading the rest of a longer one costs more than the new connection
/// that dropping it costs.
const MAX_READ: usize = 1024 * 1024;

/// Waits for the answer and reads its body; keeps the first part of it where somebody asks for it.
pub(super) async fn receive(
    sending: Sending,
    left: Instant,
    keep: bool,
) -> Result<ShadowResponse, MirrorError> {
    let (head, body) = sending.await?.into_parts();
    let (body, truncated) = read(body, if keep { MAX_KEPT } else { 0 }).await?;
    Ok(ShadowResponse {
        status: head.status,
        headers: head.headers,
        body,
        truncated,
        latency: left.elapsed(),
    })
}

async fn read(mut body: Body, max_kept: usize) -> Result<(Bytes, bool), MirrorError> {
    let mut kept = Kept {
        first: Bytes::new(),
        joined: BytesMut::new(),
        max: max_kept,
    };
    let (mut read, mut truncated) = (0, false);
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| MirrorError::Body(BoxError::from(error)))?;
        let Ok(data) = frame.into_data() else {
            continue;
        };
        read += data.len();
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
            let (bytes, is_truncated) = read(body(pieces, size), MAX_KEPT).await.unwrap();
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
        let (bytes, truncated) = read(Body::from_stream(pieces), 0).await.unwrap();
        assert!(bytes.is_empty() && truncated);
    }
}
