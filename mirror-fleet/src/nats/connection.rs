//! One connection to NATS, on a thread of its own.

use std::{
    collections::BTreeSet,
    fmt,
    future::Future,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use async_nats::{Client, ClientError, Event, Server, ServerError};
use tokio::{
    runtime::{Builder, Handle},
    sync::{broadcast, oneshot, watch},
};

use super::{NatsError, NatsOptions, tls::has_provider, trouble};

/// The wait until files that could not be read are read again.
const OPEN_AGAIN: Duration = Duration::from_secs(5);

/// So many refusals may wait until a sink takes note of them. Of those that it misses, records are
/// late.
const REFUSALS: usize = 1024;

/// So many different refusals of a connection are told to the log: each subject makes one.
const TOLD: usize = 32;

/// Whether there is a connection.
#[derive(Clone, Debug)]
pub(crate) struct Presence {
    /// How many there have been.
    pub(crate) number: u64,
    /// Since when there has been none; `None` if there is one.
    away_since: Option<Instant>,
    /// Why there is none, as far as it is known.
    trouble: Option<Arc<str>>,
    /// What the server has refused last, on this connection.
    refusal: Option<Arc<str>>,
    /// All that it has refused and the log was told of.
    told: BTreeSet<Arc<str>>,
    /// How many attempts had failed when this connection was first missed. The client counts on.
    failed_before: Option<usize>,
}

impl Presence {
    /// For how long there has been no connection; `None` if there is one.
    pub(crate) fn away(&self) -> Option<Duration> {
        self.away_since.map(|since| since.elapsed())
    }

    /// Why there is no connection, as far as it is known.
    pub(crate) fn trouble(&self) -> Option<Arc<str>> {
        self.trouble.clone()
    }

    /// What may be behind a failure of which nothing else is known but this.
    pub(crate) fn explain(&self, failure: impl fmt::Display) -> String {
        match (&self.trouble, &self.refusal) {
            // Of a long text, the beginning is kept.
            (Some(trouble), _) => format!("there is no connection: {trouble} ({failure})"),
            (None, Some(refusal)) => format!("{refusal} ({failure})"),
            (None, None) => failure.to_string(),
        }
    }

    /// Takes note of why there is no connection, and says whether that is news.
    fn note_trouble(&mut self, reason: &str) -> bool {
        if self.away_since.is_none() {
            return false;
        }
        // For how long a certificate has been expired is none.
        let words = |text: &str| text.replace(|c: char| c.is_ascii_digit(), "");
        let is_like = |known: &Arc<str>| words(known) == words(reason);
        let is_known = self.trouble.as_ref().is_some_and(is_like);
        self.trouble = Some(reason.into());
        !is_known
    }

    /// Takes note of what the server refuses, and says whether that is news.
    fn note_refusal(&mut self, reason: &Arc<str>) -> bool {
        self.refusal = Some(Arc::clone(reason));
        self.told.len() < TOLD && self.told.insert(Arc::clone(reason))
    }

    /// Takes note of a connection, or of its end, and says whether that is news.
    fn note(&mut self, is_connected: bool) -> bool {
        if is_connected {
            self.number += 1;
            self.away_since = None;
            self.trouble = None;
            self.refusal = None;
            self.told.clear();
            self.failed_before = None;
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
    /// What the server refuses.
    refusals: broadcast::Sender<Arc<str>>,
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
            trouble: None,
            refusal: None,
            told: BTreeSet::new(),
            failed_before: None,
        });
        Self(Arc::new(Inner {
            options,
            presence,
            tell,
            refusals: broadcast::Sender::new(REFUSALS),
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

    /// What the server refuses from now on, in its words.
    pub(crate) fn refusals(&self) -> broadcast::Receiver<Arc<str>> {
        self.0.refusals.subscribe()
    }

    /// As [`Presence::explain`].
    pub(crate) fn explain(&self, failure: impl fmt::Display) -> String {
        self.0.presence.borrow().explain(failure)
    }

    /// An error with what may be behind it.
    pub(crate) fn explained(&self, error: NatsError) -> NatsError {
        match error {
            NatsError::Stream { stream, reason } => NatsError::Stream {
                stream,
                reason: self.explain(reason),
            },
            error => error,
        }
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
        let refusals = self.0.refusals.clone();
        // From now on it is missed.
        tell.send_modify(|presence| presence.away_since = Some(Instant::now()));
        let life = async move {
            let live = async {
                told.send_replace(Some(open(&options, &tell, &refusals).await));
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
async fn open(
    options: &NatsOptions,
    tell: &watch::Sender<Presence>,
    refusals: &broadcast::Sender<Arc<str>>,
) -> Client {
    loop {
        let opened = match options.client() {
            Ok(client) => {
                let (of_events, refusals) = (tell.clone(), refusals.clone());
                let of_attempts = tell.clone();
                let for_events = Arc::new(options.clone());
                let for_attempts = Arc::clone(&for_events);
                // Whoever installs one later has it from then on.
                let may_use_tls = has_provider();
                let client = client
                    .event_callback(move |event| {
                        happened(&event, &for_events, &of_events, &refusals);
                        async {}
                    })
                    // It is asked before each attempt, with what has become of the last.
                    .reconnect_to_server_callback(move |servers, _| {
                        note_attempts(&servers, &for_attempts, &of_attempts);
                        let tell = of_attempts.clone();
                        async move {
                            if may_use_tls {
                                return None;
                            }
                            trouble::without_tls(servers, |reason| note_trouble(&tell, &reason))
                                .await
                        }
                    });
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

fn happened(
    event: &Event,
    options: &NatsOptions,
    tell: &watch::Sender<Presence>,
    refusals: &broadcast::Sender<Arc<str>>,
) {
    match event {
        Event::Connected => {
            let was_told = tell.borrow().trouble.is_some();
            tell.send_if_modified(|presence| presence.note(true));
            if was_told {
                tracing::info!("there is a connection to NATS");
            }
        }
        Event::Disconnected | Event::Closed => {
            tell.send_if_modified(|presence| presence.note(false));
        }
        // Of an attempt, of which the client has more to say unless there was no address.
        Event::ClientError(ClientError::Other(reason)) if tell.borrow().trouble.is_none() => {
            let names = trouble::names(&options.servers());
            note_trouble(tell, &options.said(&format!("{names}: {reason}")));
        }
        Event::ServerError(ServerError::Other(reason)) => {
            let reason: Arc<str> = options.said(reason).into();
            note_refusal(tell, &reason);
            // There may be no sink.
            let _ = refusals.send(reason);
        }
        _ => {}
    }
}

/// Takes note of what has become of the last attempts, if there were any.
fn note_attempts(servers: &[Server], options: &NatsOptions, tell: &watch::Sender<Presence>) {
    let failed = servers.iter().map(|server| server.failed_attempts).sum();
    let mut is_known = false;
    tell.send_if_modified(|presence| {
        is_known = failed > *presence.failed_before.get_or_insert(failed);
        false
    });
    if let Some(reason) = trouble::of(servers).filter(|_| is_known) {
        note_trouble(tell, &options.said(&reason));
    }
}

/// Says why there is no connection, each time that it changes.
fn note_trouble(tell: &watch::Sender<Presence>, reason: &str) {
    let mut is_news = false;
    tell.send_if_modified(|presence| {
        is_news = presence.note_trouble(reason);
        // Nobody waits for this.
        false
    });
    if is_news {
        tracing::warn!(
            reason,
            "no connection to NATS: tried again until there is one"
        );
    }
}

/// Says what a server refuses, once for each connection if it is the same.
fn note_refusal(tell: &watch::Sender<Presence>, reason: &Arc<str>) {
    let mut is_news = false;
    tell.send_if_modified(|presence| {
        is_news = presence.note_refusal(reason);
        false
    });
    if is_news {
        tracing::warn!(%reason, "NATS reports an error");
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_again_is_no_news() {
        let options = NatsOptions::new("nats://127.0.0.1:4222").unwrap();
        let mut presence = options.connect().unwrap().presence().borrow().clone();
        assert!(presence.note_trouble("expired 9 seconds ago"));
        assert!(!presence.note_trouble("expired 10 seconds ago"));
        assert!(presence.note_trouble("refused"));
        assert!(presence.explain("late").contains("refused (late)"));
        assert!(presence.note(true));
        // It comes late.
        assert!(!presence.note_trouble("refused"));
        assert_eq!(presence.explain("late"), "late");
        let refusals: Vec<Arc<str>> = (0..100).map(|n| format!("{n}").into()).collect();
        let is_news = |presence: &mut Presence| {
            let news = refusals.iter().filter(|it| presence.note_refusal(it));
            news.count()
        };
        assert_eq!((is_news(&mut presence), is_news(&mut presence)), (TOLD, 0));
        assert_eq!(presence.explain("late"), "99 (late)");
        assert!(presence.note(false) && presence.note(true));
        assert_eq!(is_news(&mut presence), TOLD);
    }
}
