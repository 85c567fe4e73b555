//! One connection to an app, in memory.

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::{rt::TokioIo, service::TowerToHyperService};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// More than any input: writing it never waits for the server.
const BUFFER: usize = 1 << 20;

/// Sends bytes and then the end, and returns all that comes back, without the dates, and without
/// the borders of chunks: what the client of a handler that streams a body back gets in one piece
/// or in two is chance (RFC 9112 section 7.1).
///
/// The server goes on when the client has nothing more to send. Otherwise it would be a race, with
/// the attribute and without it, whether a response is ready before the end is seen.
pub(crate) async fn serve(app: Router, data: &[u8]) -> Vec<u8> {
    let (mut client, server) = tokio::io::duplex(BUFFER);
    let serving = async {
        // A connection that ends with an error is one of the things to try.
        let _ = http1::Builder::new()
            .half_close(true)
            .serve_connection(TokioIo::new(server), TowerToHyperService::new(app))
            .with_upgrades()
            .await;
    };
    let asking = async {
        let _ = client.write_all(data).await;
        let _ = client.shutdown().await;
        let mut answer = Vec::new();
        let _ = client.read_to_end(&mut answer).await;
        answer
    };
    let ((), answer) = tokio::join!(serving, asking);
    without_chunks(&without_dates(&answer))
}

fn without_dates(answer: &[u8]) -> Vec<u8> {
    let lines = answer.split_inclusive(|byte| *byte == b'\n');
    let kept = lines.filter(|line| !line.starts_with(b"date: "));
    kept.flatten().copied().collect()
}

fn without_chunks(mut answer: &[u8]) -> Vec<u8> {
    const CHUNKED: &[u8] = b"transfer-encoding: chunked\r\n\r\n";
    let mut joined = Vec::new();
    while let Some(at) = answer
        .windows(CHUNKED.len())
        .position(|text| text == CHUNKED)
    {
        let (head, chunks) = answer.split_at(at + CHUNKED.len());
        joined.extend(head);
        answer = join_chunks(chunks, &mut joined);
    }
    joined.extend(answer);
    joined
}

/// Moves chunks over, and returns what is behind the last.
fn join_chunks<'a>(mut chunks: &'a [u8], joined: &mut Vec<u8>) -> &'a [u8] {
    while let Some((size, rest)) = chunk_size(chunks).filter(|(size, _)| *size > 0) {
        let (data, rest) = rest.split_at(size.min(rest.len()));
        joined.extend(data);
        chunks = rest.strip_prefix(b"\r\n").unwrap_or(rest);
    }
    chunks
}

fn chunk_size(chunk: &[u8]) -> Option<(usize, &[u8])> {
    let end = chunk.windows(2).position(|two| two == b"\r\n")?;
    let size = str::from_utf8(&chunk[..end]).ok()?;
    let size = usize::from_str_radix(size, 16).ok()?;
    Some((size, &chunk[end + 2..]))
}
