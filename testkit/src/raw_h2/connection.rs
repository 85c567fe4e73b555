//! HTTP/2 on one connection: what every server does, and what the script says.

use std::{
    io,
    sync::{Arc, atomic::Ordering::SeqCst},
};

use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadHalf, WriteHalf},
    sync::mpsc,
};

use super::{
    Options, Peer, State,
    frames::{ACK, DATA, Frame, GO_AWAY, PING, SETTINGS, frame, settings, window_update},
    peer::Out,
};

pub(super) async fn speak<S>(
    stream: impl AsyncRead + AsyncWrite + Send + 'static,
    options: Options,
    connection: usize,
    state: Arc<State>,
    script: Arc<S>,
) -> io::Result<()>
where
    S: Fn(&Peer, &Frame) + Send + Sync + 'static,
{
    let (read, write) = tokio::io::split(stream);
    let (outgoing, queue) = mpsc::unbounded_channel();
    let peer = Peer::new(connection, outgoing, Arc::clone(&state));
    peer.send(settings(&options.settings));
    if options.connection_window > 0 {
        peer.send(window_update(0, options.connection_window));
    }
    let listening = listen_to(read, &peer, options.credit, &*script);
    let writing = async {
        // What cannot be written any more has no reader. That is known where it is read.
        let _ = write_all(write, queue, &state).await;
        std::future::pending().await
    };
    tokio::select! {
        ended = listening => ended,
        ended = writing => ended,
    }
}

async fn listen_to<T: AsyncRead>(
    mut stream: ReadHalf<T>,
    peer: &Peer,
    credit: bool,
    script: &impl Fn(&Peer, &Frame),
) -> io::Result<()> {
    let mut preface = [0; 24];
    stream.read_exact(&mut preface).await?;
    loop {
        let frame = Frame::read(&mut stream).await?;
        peer.note(&frame);
        be_polite(peer, &frame, credit);
        script(peer, &frame);
    }
}

/// Does what every server does.
fn be_polite(peer: &Peer, arrived: &Frame, credit: bool) {
    match arrived.kind {
        SETTINGS if !arrived.is_ack() => peer.send(frame(SETTINGS, ACK, 0, &[])),
        PING if !arrived.is_ack() => peer.send(frame(PING, ACK, 0, &arrived.payload)),
        GO_AWAY => peer.close(),
        DATA if credit && !arrived.payload.is_empty() => {
            let bytes = u32::try_from(arrived.payload.len()).unwrap();
            peer.send(window_update(0, bytes));
            if !arrived.ends_stream() {
                peer.send(window_update(arrived.stream, bytes));
            }
        }
        _ => {}
    }
}

async fn write_all<T: AsyncWrite>(
    mut stream: WriteHalf<T>,
    mut queue: mpsc::UnboundedReceiver<Out>,
    state: &State,
) -> io::Result<()> {
    let mut flood: Option<Vec<u8>> = None;
    loop {
        let next = match &flood {
            Some(_) => queue.try_recv().ok(),
            None => queue.recv().await,
        };
        match next {
            Some(Out::Bytes(bytes)) => write(&mut stream, &bytes, state).await?,
            Some(Out::Flood(bytes)) => flood = Some(bytes),
            Some(Out::Close) => return stream.shutdown().await,
            None => match &flood {
                Some(bytes) => write(&mut stream, bytes, state).await?,
                None => return Ok(()),
            },
        }
    }
}

async fn write<T: AsyncWrite>(
    stream: &mut WriteHalf<T>,
    mut bytes: &[u8],
    state: &State,
) -> io::Result<()> {
    while !bytes.is_empty() {
        let written = stream.write(bytes).await?;
        state.written.fetch_add(written, SeqCst);
        bytes = &bytes[written..];
    }
    stream.flush().await
}
