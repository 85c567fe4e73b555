//! The shadow: takes well-formed requests only, remembers them and answers each.

use std::sync::Mutex;

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

use crate::{lock, received::Received};

/// Known when the attributes are compiled, on a loopback address of its own so that no other program has the port.
pub(crate) const AUTHORITY: &str = "127.77.99.1:7799";

static RECEIVED: Mutex<Vec<Received>> = Mutex::new(Vec::new());

pub(crate) async fn start() {
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
pub(crate) fn take() -> Vec<Received> {
    std::mem::take(&mut *lock(&RECEIVED))
}

async fn answer(mut stream: TcpStream) {
    let mut bytes = Vec::new();
    while stream.read_buf(&mut bytes).await.is_ok_and(|read| read > 0) {
        while let Some(request) = Received::take(&mut bytes) {
            lock(&RECEIVED).push(request);
            let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";
            if stream.write_all(answer).await.is_err() {
                return;
            }
        }
    }
    assert!(bytes.is_empty(), "a request without its end: {bytes:?}");
}
