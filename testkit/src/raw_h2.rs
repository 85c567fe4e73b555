//! A shadow that speaks HTTP/2 frame by frame, to do what no library does.
//!
//! It has a thread and a runtime of its own: whatever a test does to its runtime, the shadow goes on, and none of its tasks
//! is among those that the test counts.

pub mod faults;
pub mod frames;

use std::{
    collections::{HashMap, HashSet},
    io,
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering::SeqCst},
        mpsc as blocking,
    },
    time::Duration,
};

use mirror_runtime::{Http2, Target};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadHalf, WriteHalf},
    net::{TcpListener, TcpSocket, TcpStream},
    sync::{Notify, mpsc},
};
use tokio_rustls::TlsAcceptor;

use frames::{
    ACK, DATA, Frame, GO_AWAY, HEADERS, PING, RST_STREAM, SETTINGS, frame, ok, reset, settings,
    window_update,
};

/// A target that is sent HTTP/2 without TLS, and without asking.
pub fn prior_knowledge(url: impl AsRef<str>) -> Target {
    Target::new(url).unwrap().http2(Http2::PriorKnowledge)
}

/// What the system keeps of what a shadow writes, beside what it keeps at the other end: little, so that what a shadow
/// could write says how much was read.
const SEND_BUFFER: u32 = 16 * 1024;

/// How much of a flood is written at once.
const PART: usize = 16 * 1024;

/// What a shadow does beside following its script.
#[derive(Clone)]
pub struct Options {
    settings: Vec<(u16, u32)>,
    credit: bool,
    connection_window: u32,
    silent: usize,
    delay: Duration,
    tls: Option<TlsAcceptor>,
}

impl Options {
    /// The settings that it begins with.
    #[must_use]
    pub fn settings(mut self, settings: &[(u16, u32)]) -> Self {
        self.settings = settings.to_vec();
        self
    }

    /// It never opens the windows again through which bodies arrive.
    #[must_use]
    pub fn without_credit(mut self) -> Self {
        self.credit = false;
        self
    }

    /// It opens the window of each connection by so much at its start.
    #[must_use]
    pub fn connection_window(mut self, bytes: u32) -> Self {
        self.connection_window = bytes;
        self
    }

    /// It says nothing on its first connections, not even what belongs to TLS.
    #[must_use]
    pub fn silent(mut self, connections: usize) -> Self {
        self.silent = connections;
        self
    }

    /// It is far away: each connection waits for so long before it is served.
    #[must_use]
    pub fn far(mut self, delay: Duration) -> Self {
        self.delay = delay;
        self
    }

    /// It speaks TLS.
    #[must_use]
    pub fn tls(mut self, acceptor: TlsAcceptor) -> Self {
        self.tls = Some(acceptor);
        self
    }

    /// Starts it. The script is told of each frame, after what every server does: it acknowledges settings and pings, and
    /// opens windows.
    pub fn start(self, script: impl Fn(&Peer, &Frame) + Send + Sync + 'static) -> RawH2 {
        let state = Arc::new(State::default());
        let (of_thread, script) = (Arc::clone(&state), Arc::new(script));
        let (tell, told) = blocking::channel();
        std::thread::spawn(move || {
            let mut runtime = tokio::runtime::Builder::new_current_thread();
            let runtime = runtime.enable_all().build().unwrap();
            runtime.block_on(async {
                let listener = listen();
                tell.send(listener.local_addr().unwrap()).unwrap();
                tokio::select! {
                    () = accept(listener, &self, &of_thread, script) => {}
                    () = of_thread.stop.notified() => {}
                }
            });
        });
        RawH2 {
            address: told.recv().unwrap(),
            state,
        }
    }

    /// Starts one that responds to each request as soon as it has arrived.
    pub fn start_well(self) -> RawH2 {
        self.start(|peer, frame| {
            if frame.ends_stream() {
                peer.respond(frame.stream);
            }
        })
    }
}

/// The shadow. It stops when it is dropped.
pub struct RawH2 {
    address: SocketAddr,
    state: Arc<State>,
}

/// What it saw.
#[derive(Default)]
struct State {
    connections: AtomicUsize,
    open: AtomicUsize,
    written: AtomicUsize,
    requests: Mutex<Vec<usize>>,
    resets: Mutex<Vec<Reset>>,
    data: Mutex<HashMap<(usize, u32), usize>>,
    held: Mutex<Vec<(mpsc::UnboundedSender<Out>, Vec<u8>)>>,
    released: AtomicBool,
    hang_up: Notify,
    stop: Notify,
}

/// A stream that the client gave up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reset {
    /// Which connection it was on, counted from 0.
    pub connection: usize,
    /// The stream.
    pub stream: u32,
    /// The error code that the client gave.
    pub error: u32,
}

/// What is to be written next.
enum Out {
    Bytes(Vec<u8>),
    /// Again and again, for as long as somebody reads.
    Flood(Vec<u8>),
    Close,
}

/// The client of one connection, as a script sees it.
pub struct Peer {
    /// The connection's number, counted from 0.
    pub connection: usize,
    /// Streams of requests that have neither been responded to nor been reset.
    under_way: Mutex<HashSet<u32>>,
    requests: AtomicUsize,
    /// The last stream that was opened: a head on another one has trailers.
    last: AtomicU32,
    outgoing: mpsc::UnboundedSender<Out>,
    state: Arc<State>,
}

impl Peer {
    /// Writes frames.
    pub fn send(&self, frames: impl Into<Vec<u8>>) {
        // Nobody is there any more where it fails, which is the client's right.
        let _ = self.outgoing.send(Out::Bytes(frames.into()));
    }

    /// Responds to a request: 200, without a body.
    pub fn respond(&self, stream: u32) {
        self.done(stream);
        self.send(ok(stream));
    }

    /// Resets a request's stream.
    pub fn reset(&self, stream: u32, error: u32) {
        self.done(stream);
        self.send(reset(stream, error));
    }

    /// Writes frames when the shadow is [`release`](RawH2::release)d, or now if it was.
    pub fn hold(&self, frames: Vec<u8>) {
        let mut held = self.state.held.lock().unwrap();
        if self.state.released.load(SeqCst) {
            self.send(frames);
        } else {
            held.push((self.outgoing.clone(), frames));
        }
    }

    /// Writes frames again and again, and between them what else is to be sent.
    pub fn flood(&self, frames: &[u8]) {
        let times = PART.div_ceil(frames.len());
        let _ = self.outgoing.send(Out::Flood(frames.repeat(times)));
    }

    /// Writes nothing more after what was to be written.
    pub fn close(&self) {
        let _ = self.outgoing.send(Out::Close);
    }

    /// How many requests are under way on this connection, the present one among them.
    pub fn under_way(&self) -> usize {
        self.under_way.lock().unwrap().len()
    }

    /// Whether nothing is under way on streams up to this one.
    pub fn is_done_up_to(&self, stream: u32) -> bool {
        let under_way = self.under_way.lock().unwrap();
        under_way.iter().all(|other| *other > stream)
    }

    /// How many requests have come over this connection, the present one among them.
    pub fn requests(&self) -> usize {
        self.requests.load(SeqCst)
    }

    fn done(&self, stream: u32) {
        self.under_way.lock().unwrap().remove(&stream);
    }
}

impl RawH2 {
    /// A shadow over plain TCP whose settings are the defaults.
    pub fn options() -> Options {
        Options {
            settings: Vec::new(),
            credit: true,
            connection_window: 0,
            silent: 0,
            delay: Duration::ZERO,
            tls: None,
        }
    }

    /// It as a target, over plain TCP.
    pub fn target(&self) -> Target {
        prior_knowledge(self.url())
    }

    /// Its base URL, over plain TCP.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The port it listens at.
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// Sends what scripts have [held](Peer::hold), now and from now on.
    pub fn release(&self) {
        let mut held = self.state.held.lock().unwrap();
        self.state.released.store(true, SeqCst);
        for (outgoing, frames) in held.drain(..) {
            let _ = outgoing.send(Out::Bytes(frames));
        }
    }

    /// Breaks all connections, without a word.
    pub fn hang_up(&self) {
        self.state.hang_up.notify_waiters();
    }

    /// How many connections were made to it.
    pub fn connections(&self) -> usize {
        self.state.connections.load(SeqCst)
    }

    /// How many of them are open.
    pub fn open(&self) -> usize {
        self.state.open.load(SeqCst)
    }

    /// How many requests it got, each time a copy was sent counted.
    pub fn requests(&self) -> usize {
        self.requests_by_connection().iter().sum()
    }

    /// The same for each connection.
    pub fn requests_by_connection(&self) -> Vec<usize> {
        self.state.requests.lock().unwrap().clone()
    }

    /// Streams that the client gave up.
    pub fn resets(&self) -> Vec<Reset> {
        self.state.resets.lock().unwrap().clone()
    }

    /// Bytes of bodies that it got.
    pub fn data(&self) -> usize {
        self.state.data.lock().unwrap().values().sum()
    }

    /// The most bytes of a body that it got on one stream.
    pub fn most_data(&self) -> usize {
        let data = self.state.data.lock().unwrap();
        data.values().copied().max().unwrap_or(0)
    }

    /// How many bytes it could write.
    pub fn written(&self) -> usize {
        self.state.written.load(SeqCst)
    }
}

impl Drop for RawH2 {
    fn drop(&mut self) {
        self.state.stop.notify_one();
    }
}

fn listen() -> TcpListener {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_reuseaddr(true).unwrap();
    // Sockets that are accepted have what the listening one has.
    socket.set_send_buffer_size(SEND_BUFFER).unwrap();
    socket.bind(([127, 0, 0, 1], 0).into()).unwrap();
    socket.listen(1024).unwrap()
}

async fn accept<S>(listener: TcpListener, options: &Options, state: &Arc<State>, script: Arc<S>)
where
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

async fn speak<S>(
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
    let peer = Peer {
        connection,
        under_way: Mutex::default(),
        requests: AtomicUsize::new(0),
        last: AtomicU32::new(0),
        outgoing,
        state: Arc::clone(&state),
    };
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
        note(peer, &frame);
        be_polite(peer, &frame, credit);
        script(peer, &frame);
    }
}

/// Takes note of a frame.
fn note(peer: &Peer, arrived: &Frame) {
    let (state, at) = (&peer.state, (peer.connection, arrived.stream));
    match arrived.kind {
        DATA => {
            let mut data = state.data.lock().unwrap();
            *data.entry(at).or_default() += arrived.payload.len();
        }
        RST_STREAM => {
            peer.done(arrived.stream);
            let error = arrived.payload[..4].try_into().unwrap();
            state.resets.lock().unwrap().push(Reset {
                connection: peer.connection,
                stream: arrived.stream,
                error: u32::from_be_bytes(error),
            });
        }
        HEADERS if peer.last.fetch_max(arrived.stream, SeqCst) < arrived.stream => {
            peer.under_way.lock().unwrap().insert(arrived.stream);
            peer.requests.fetch_add(1, SeqCst);
            state.requests.lock().unwrap()[peer.connection] += 1;
        }
        _ => {}
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
