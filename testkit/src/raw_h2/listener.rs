//! Connections that are made to a shadow, up to the first byte of HTTP/2.

use std::{
    io,
    sync::{Arc, atomic::Ordering::SeqCst},
};

use tokio::{
    io::AsyncReadExt,
    net::{TcpListener, TcpSocket, TcpStream},
};

use super::{Options, Peer, State, connection::speak, frames::Frame};

/// What the system keeps of what a shadow writes, beside what it keeps at the other end: little, so
/// that what a shadow could write says how much was read.
const SEND_BUFFER: u32 = 16 * 1024;

pub(super) fn listen() -> TcpListener {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_reuseaddr(true).unwrap();
    // Sockets that are accepted have what the listening one has.
    socket.set_send_buffer_size(SEND_BUFFER).unwrap();
    socket.bind(([127, 0, 0, 1], 0).into()).unwrap();
    socket.listen(1024).unwrap()
}

pub(super) async fn accept<S>(
    listener: TcpListener,
    options: &Options,
    state: &Arc<State>,
    script: Arc<S>,
) where
    S: Fn(&Peer, &Frame) + Send + Sync + 'static,
{
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        stream.set_nodelay(true).unwrap();
        let connection = state.connections.fetch_add(1, SeqCst);
        state.open.fetch_add(1, SeqCst);
        state.requests.lock().unwrap().push(0);
        let (options, state, script) = (options.clone(), Arc::clone(state), Arc::clone(&script));
        tokio::spawn(async move {
            let serving = serve(stream, options, connection, Arc::clone(&state), script);
            // A client that has had enough breaks the connection, which is its right.
            tokio::select! {
                _ = serving => {}
                () = state.hang_up.notified() => {}
            }
            state.open.fetch_sub(1, SeqCst);
        });
    }
}

async fn serve<S>(
    mut stream: TcpStream,
    options: Options,
    connection: usize,
    state: Arc<State>,
    script: Arc<S>,
) -> io::Result<()>
where
    S: Fn(&Peer, &Frame) + Send + Sync + 'static,
{
    if connection < options.silent {
        // Open until the client closes it.
        while stream.read(&mut [0; 1024]).await? > 0 {}
        return Ok(());
    }
    tokio::time::sleep(options.delay).await;
    match options.tls.clone() {
        Some(acceptor) => {
            let stream = acceptor.accept(stream).await?;
            speak(stream, options, connection, state, script).await
        }
        None => speak(stream, options, connection, state, script).await,
    }
}
