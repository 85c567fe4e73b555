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
};

use super::{NatsError, NatsOptions};

/// The wait until files that could not be read are read again.
const OPEN_AGAIN: Duration = Duration::from_secs(5);

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
    client: watch::Receiver<Option<Client>>,
    _stop: oneshot::Sender<()>,
}

/// What opens a connection.
impl NatsOptions {
    /// A connection of that description. It is opened when something is first sent, and opened again
    /// whenever it breaks: after 50 ms, then after twice that each time, up to 5 s. Names are
    /// resolved each time.
    ///
    /// # Errors
    ///
    /// A file cannot be read, or is not what it should be.
    pub fn connect(self) -> Result<Connection, NatsError> {
        self.check()?;
        Ok(Connection::new(self))
    }
}

impl Connection {
    fn new(options: NatsOptions) -> Self {
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
        let (_, client) = self.running()?;
        opened(client).await.ok_or_else(|| gone("it has ended"))
    }

    /// Runs a task on the connection's thread, with the client. It ends with the connection, so it
    /// must not hold a clone of it.
    pub(crate) fn spawn<F, R>(&self, task: F) -> Result<(), NatsError>
    where
        F: FnOnce(Client) -> R + Send + 'static,
        R: Future<Output = ()> + Send + 'static,
    {
        let (handle, client) = self.running()?;
        handle.spawn(async move {
            if let Some(client) = opened(client).await {
                task(client).await;
            }
        });
        Ok(())
    }

    fn running(&self) -> Result<(Handle, watch::Receiver<Option<Client>>), NatsError> {
        let mut running = self
            .0
            .running
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let running = match &mut *running {
            Some(running) => running,
            none => none.insert(self.start()?),
        };
        Ok((running.handle.clone(), running.client.clone()))
    }

    fn start(&self) -> Result<Running, NatsError> {
        let runtime = Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(gone)?;
        let handle = runtime.handle().clone();
        let (told, client) = watch::channel(None);
        let (stop, stopped) = oneshot::channel::<()>();
        let options = self.0.options.clone();
        let tell = self.0.tell.clone();
        // From now on it is missed.
        tell.send_modify(|presence| presence.away_since = Some(Instant::now()));
        let life = async move {
            let live = async {
                told.send_replace(Some(open(&options, &tell).await));
                std::future::pending::<()>().await;
            };
            tokio::select! {
                () = live => {}
                // The sender is gone, with all that uses the connection.
                _ = stopped => {}
            }
        };
        std::thread::Builder::new()
            .name("mirror-nats".to_owned())
            .spawn(move || {
                runtime.block_on(life);
                // Not for a name that is being resolved: that may take long.
                runtime.shutdown_background();
            })
            .map_err(gone)?;
        Ok(Running {
            handle,
            client,
            _stop: stop,
        })
    }
}

async fn opened(mut client: watch::Receiver<Option<Client>>) -> Option<Client> {
    client.wait_for(Option::is_some).await.ok()?.clone()
}

/// Opens the client, whose tasks connect. A file that cannot be read just now may be there later.
async fn open(options: &NatsOptions, tell: &watch::Sender<Presence>) -> Client {
    loop {
        let tell = tell.clone();
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
        let opened = match options.client() {
            Ok(client) => {
                let client = client.event_callback(told);
                client.connect(options.servers()).await.map_err(gone)
            }
            Err(error) => Err(error),
        };
        match opened {
            Ok(client) => return client,
            Err(error) => tracing::warn!(%error, "no connection to NATS: tried again in 5 s"),
        }
        tokio::time::sleep(OPEN_AGAIN).await;
    }
}

fn gone(reason: impl fmt::Display) -> NatsError {
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
