//! The frames of a server that goes away.

use std::{
    io,
    sync::atomic::{AtomicUsize, Ordering},
};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

/// Reads a request and gives up: `SETTINGS`, the beginning of a response where `last` is the
/// request's stream, `GOAWAY`.
pub(super) async fn go_away(
    mut stream: impl AsyncRead + AsyncWrite + Unpin,
    requests: &AtomicUsize,
    last: u32,
) -> io::Result<()> {
    stream.write_all(&frame(4, 0, 0, &[])).await?;
    let mut preface = [0; 24];
    stream.read_exact(&mut preface).await?;
    loop {
        let mut head = [0; 9];
        stream.read_exact(&mut head).await?;
        let length = u32::from_be_bytes([0, head[0], head[1], head[2]]);
        let mut payload = vec![0; length as usize];
        stream.read_exact(&mut payload).await?;
        if head[3] == HEADERS {
            break;
        }
    }
    requests.fetch_add(1, Ordering::SeqCst);
    if last == 1 {
        // 0x88 stands for `:status: 200` (RFC 7541 appendix A).
        stream.write_all(&frame(HEADERS, 4, 1, &[0x88])).await?;
        stream.write_all(&frame(0, 0, 1, b"hello")).await?;
    }
    // The last stream that was served, `INTERNAL_ERROR`, and what it has to say: that is nothing
    // for a log.
    let codes = [last.to_be_bytes(), 2_u32.to_be_bytes()].concat();
    let payload = [&codes[..], DEBUG_DATA].concat();
    stream.write_all(&frame(7, 0, 0, &payload)).await?;
    stream.shutdown().await
}

const HEADERS: u8 = 1;

/// As of a server that says back what it was told, in several lines.
const DEBUG_DATA: &[u8] = b"authorization: Bearer s3cret-canary\n\x1b[31m a line of its own";

/// A frame of HTTP/2 (RFC 9113 section 4.1).
fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    let head = [&length[1..], &[kind, flags], &stream.to_be_bytes()].concat();
    [&head, payload].concat()
}
