//! One connection to NATS, on a thread of its own.

use std::{
    fmt,
    future::Future,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use async_nats::{Client, Event};
use tokio::{
    runtime::{Builder, Handle},
    sync::{oneshot, watch},
    task::JoinHandle,
};

use super::{NatsError, NatsOptions};

/// Whether there is a connection.
#[derive(Clone, Debug)]
pub(crate) struct Presence {
    /// How many there have been.
    pub(crate) number: u64,
    /// Since when there has been none; `None` if there is one.
    away_since: Option<Instant>,
}

impl Presence {
    /// For how long there has been no connection; `None` if there is one.
    pub(crate) fn away(&self) -> Option<Duration> {
        self.away_since.map(|since| since.elapsed())
    }

    /// Takes note of a connection, or of its end, and says whether that is news.
    fn note(&mut self, is_connected: bool) -> bool {
        if is_connected {
            self.number += 1;
            self.away_since = None;
        } else if self.away_since.is_none() {
            self.away_since = Some(Instant::now());
        } else {
            return false;
        }
        true
    }
}

/// A connection to NATS, which the sinks and the [`NatsOptions`] of a program can share: clones are
/// the same connection.
///
/// It is opened when it is first used, on a thread of its own with a runtime of its own, so that no
/// runtime of the program has to outlive another. It is opened again whenever it breaks. When the
/// last clone is dropped, and all that uses it, the connection is closed and the thread ends.
#[derive(Clone)]
pub struct Connection(Arc<Inner>);

struct Inner {
    options: NatsOptions,
    presence: watch::Receiver<Presence>,
    tell: watch::Sender<Presence>,
    running: Mutex<Option<Running>>,
}

/// The thread that the connection lives on. It ends when this is dropped.
struct Running {
    handle: Handle,
    client: watch::Receiver<Option<Result<Client, NatsError>>>,
    _stop: oneshot::Sender<()>,
}

impl Connection {
    pub(super) fn new(options: NatsOptions) -> Self {
        let (tell, presence) = watch::channel(Presence {
            number: 0,
            away_since: Some(Instant::now()),
        });
        Self(Arc::new(Inner {
            options,
            presence,
            tell,
            running: Mutex::new(None),
        }))
    }

    /// Whether it is connected at the moment. It is not before it is first used.
    #[must_use]
    pub fn is_connected(&self) -> bool {
        self.0.presence.borrow().away().is_none()
    }

    /// Whether there is a connection, and when that changes.
    pub(crate) fn presence(&self) -> watch::Receiver<Presence> {
        self.0.presence.clone()
    }

    /// The client, which the first call starts. It waits for no server: what is sent before there is
    /// one waits in the client's queue.
    pub(crate) async fn client(&self) -> Result<Client, NatsError> {
        let (_, mut client) = self.running()?;
        let told = client.wait_for(Option::is_some).await;
        let told = told.map_err(|_| gone("it has ended"))?;
        told.clone().ok_or_else(|| gone("it has ended"))?
    }

    /// Runs a task on the connection's thread. It ends with the connection, so it must not hold a
    /// clone of it.
    pub(crate) fn spawn<F>(&self, task: F) -> Result<JoinHandle<F::Output>, NatsError>
    where
        F: Future<Output: Send> + Send + 'static,
    {
        Ok(self.running()?.0.spawn(task))
    }

    #[expect(
        clippy::type_complexity,
        reason = "the parts of a struct that is not shared"
    )]
    fn running(
        &self,
    ) -> Result<(Handle, watch::Receiver<Option<Result<Client, NatsError>>>), NatsError> {
        let mut running = self
            .0
            .running
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if running.is_none() {
            *running = Some(self.start()?);
        }
        let running = running.as_ref().ok_or_else(|| gone("it has ended"))?;
        Ok((running.handle.clone(), running.client.clone()))
    }

    fn start(&self) -> Result<Running, NatsError> {
        let runtime = Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(gone)?;
        let handle = runtime.handle().clone();
        let (told, client) = watch::channel(None);
        let (stop, stopped) = oneshot::channel();
        let options = self.0.options.clone();
        let tell = self.0.tell.clone();
        let life = async move {
            told.send_replace(Some(open(&options, tell).await));
            // An error as well: whoever could stop it is gone.
            let _ = stopped.await;
        };
        std::thread::Builder::new()
            .name("mirror-nats".to_owned())
            .spawn(move || runtime.block_on(life))
            .map_err(gone)?;
        Ok(Running {
            handle,
            client,
            _stop: stop,
        })
    }
}

/// Opens the client, whose tasks connect.
async fn open(options: &NatsOptions, tell: watch::Sender<Presence>) -> Result<Client, NatsError> {
    let told = move |event| {
        let happened = match event {
            Event::Connected => Some(true),
            Event::Disconnected | Event::Closed => Some(false),
            _ => None,
        };
        if let Some(is_connected) = happened {
            tell.send_if_modified(|presence| presence.note(is_connected));
        }
        async {}
    };
    let client = options.client()?.event_callback(told);
    let opened = client.connect(options.servers()).await;
    // Its text may name an address, which has no password.
    opened.map_err(gone)
}

fn gone(reason: impl ToString) -> NatsError {
    NatsError::Thread {
        reason: reason.to_string(),
    }
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection")
            .field("options", &self.0.options)
            .field("is_connected", &self.is_connected())
            .finish()
    }
}
