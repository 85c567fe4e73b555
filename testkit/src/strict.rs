//! A shadow that takes well-formed requests only, remembers them and responds to each.

mod received;

use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

pub use self::received::Received;

/// Known when the attributes are compiled, on a loopback address of its own so that no other
/// program has the port.
pub const AUTHORITY: &str = "127.77.99.1:7799";

static RECEIVED: Mutex<Vec<Received>> = Mutex::new(Vec::new());

/// Starts it on the runtime that calls this.
pub async fn start() {
    let listener = TcpListener::bind(AUTHORITY)
        .await
        .expect("the address is free while one `primary` runs");
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(answer(stream));
        }
    });
}

/// What was received since this was called last.
pub fn take() -> Vec<Received> {
    std::mem::take(&mut *received())
}

async fn answer(mut stream: TcpStream) {
    let mut bytes = Vec::new();
    while stream.read_buf(&mut bytes).await.is_ok_and(|read| read > 0) {
        while let Some(request) = Received::take(&mut bytes) {
            received().push(request);
            let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";
            if stream.write_all(answer).await.is_err() {
                return;
            }
        }
    }
    assert!(bytes.is_empty(), "a request without its end: {bytes:?}");
}

fn received() -> MutexGuard<'static, Vec<Received>> {
    RECEIVED.lock().unwrap_or_else(PoisonError::into_inner)
}
