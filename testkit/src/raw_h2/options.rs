//! What a shadow does beside following its script, and how it starts.

use std::{
    sync::{Arc, mpsc},
    time::Duration,
};

use tokio_rustls::TlsAcceptor;

use super::{
    Peer, RawH2, State,
    frames::Frame,
    listener::{accept, listen},
};

/// What a shadow does beside following its script.
#[derive(Clone)]
pub struct Options {
    pub(super) settings: Vec<(u16, u32)>,
    pub(super) credit: bool,
    pub(super) connection_window: u32,
    pub(super) silent: usize,
    pub(super) delay: Duration,
    pub(super) tls: Option<TlsAcceptor>,
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

    /// Starts it. The script is told of each frame, after what every server does: it acknowledges
    /// settings and pings, and opens windows.
    pub fn start(self, script: impl Fn(&Peer, &Frame) + Send + Sync + 'static) -> RawH2 {
        let state = Arc::new(State::default());
        let (of_thread, script) = (Arc::clone(&state), Arc::new(script));
        let (tell, told) = mpsc::channel();
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

    /// Starts it. The script is told of the stream of each request, when that has arrived as a
    /// whole.
    pub fn start_for_each(self, script: impl Fn(&Peer, u32) + Send + Sync + 'static) -> RawH2 {
        self.start(move |peer, frame| {
            if frame.ends_stream() {
                script(peer, frame.stream);
            }
        })
    }

    /// Starts one that responds to each request as soon as it has arrived.
    pub fn start_well(self) -> RawH2 {
        self.start_for_each(Peer::respond)
    }
}
