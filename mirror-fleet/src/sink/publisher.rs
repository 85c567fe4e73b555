//! The task that publishes records, on the thread of the connection.

use std::{
    collections::{BTreeMap, VecDeque},
    mem,
    sync::Arc,
    time::{Duration, Instant},
};

use async_nats::{Client, StatusCode, Subscriber, client::PublishErrorKind, jetstream::ErrorCode};
use futures_util::{FutureExt, StreamExt, future::BoxFuture};
use mirror_runtime::{BudgetPlace, SinkError};
use serde::Deserialize;
use tokio::{
    sync::{
        OwnedSemaphorePermit,
        broadcast::{self, error::RecvError},
        mpsc, oneshot, watch,
    },
    time::MissedTickBehavior,
};

use super::{
    builder::Settings,
    message::Message,
    stream::{self, Found},
};
use crate::nats::{NatsError, Presence};

/// How often it looks whether something has been waited for long enough.
const TICK: Duration = Duration::from_millis(50);

/// Records come together for so long after some were sent: to wake a thread, to write to a connection
/// and to read from it takes more than to send a record, here and in the server. Nobody waits for a
/// record but its count.
const GATHER: Duration = Duration::from_millis(2);

/// With room for fewer records, they might not all have it meanwhile.
const ROOM_TO_GATHER: usize = 512;

/// The wait after an error that goes by, such as a cluster without a leader.
const PAUSE: Duration = Duration::from_millis(200);

/// The longest wait until the stream is looked at again after an error.
const LONGEST_LOOK: Duration = Duration::from_secs(5);

/// The wait until a stream with other bounds is looked at again: somebody has to change it.
const LOOK_AT_OTHER: Duration = Duration::from_secs(30);

/// What a server says of a message that the user may not send: its subject follows, in quotes.
const NOT_ALLOWED: &str = "Permissions Violation for Publish to ";

/// What is known of the stream.
#[derive(Clone, Debug)]
pub(super) enum Condition {
    Unknown,
    Ready,
    Refused(NatsError),
}

/// A record that is to be kept.
pub(super) struct Job {
    pub(super) message: Message,
    pub(super) done: oneshot::Sender<Result<(), SinkError>>,
    pub(super) deadline: Instant,
    /// In the byte budget of the process, and in the bounds of the sink.
    pub(super) _places: (BudgetPlace, Places),
}

/// Those of a record and of its bytes.
pub(super) type Places = (OwnedSemaphorePermit, OwnedSemaphorePermit);

/// A record that waits to be sent, perhaps once more.
struct Waiting {
    job: Job,
    /// Its place in the order in which records were handed over.
    place: u64,
    /// Whether it was sent before.
    was_sent: bool,
}

/// A record that was sent.
struct Sent {
    job: Job,
    place: u64,
    at: Instant,
    /// Whether it was sent again, for lack of an acknowledgement.
    again: bool,
}

/// What the server says to a record.
#[derive(Deserialize)]
struct Acknowledgement {
    error: Option<Refusal>,
}

#[derive(Deserialize)]
struct Refusal {
    code: u16,
    #[serde(default)]
    err_code: u64,
    #[serde(default)]
    description: String,
}

pub(super) struct Publisher {
    client: Client,
    presence: watch::Receiver<Presence>,
    /// What the server refuses, in its words.
    refusals: broadcast::Receiver<Arc<str>>,
    settings: Arc<Settings>,
    condition: watch::Sender<Condition>,
    /// In the order of their places.
    waiting: VecDeque<Waiting>,
    /// The place of the next record.
    place: u64,
    sent: BTreeMap<u64, Sent>,
    /// The number of the next message, by which its acknowledgement is known.
    next: u64,
    /// Where acknowledgements come to, with a number at the end.
    inbox: String,
    /// Whether the stream is to be looked at before more is sent.
    looks: bool,
    look_at: Instant,
    looked: u32,
    /// Whether the stream was as it should be, once.
    was_ready: bool,
    /// What is wrong with the stream, as it was told last.
    told: Option<String>,
    /// The bounds that somebody has changed, as they were told last.
    told_bounds: Vec<String>,
    paused_until: Instant,
    /// Whether it was said that a record was too large.
    warned: bool,
}

impl Publisher {
    pub(super) fn new(
        client: Client,
        presence: watch::Receiver<Presence>,
        refusals: broadcast::Receiver<Arc<str>>,
        settings: Arc<Settings>,
        condition: watch::Sender<Condition>,
    ) -> Self {
        let now = Instant::now();
        Self {
            inbox: client.new_inbox(),
            client,
            presence,
            refusals,
            settings,
            condition,
            waiting: VecDeque::new(),
            place: 0,
            sent: BTreeMap::new(),
            next: 0,
            looks: true,
            look_at: now,
            looked: 0,
            was_ready: false,
            told: None,
            told_bounds: Vec::new(),
            paused_until: now,
            warned: false,
        }
    }

    /// Until nobody can hand over a record any more, and none is left.
    pub(super) async fn run(mut self, mut jobs: mpsc::UnboundedReceiver<Job>) {
        // One subscription for all acknowledgements. The client's own keeps an entry for each that
        // never comes, for ever.
        let Ok(mut acks) = self.client.subscribe(format!("{}.*", self.inbox)).await else {
            return;
        };
        let mut tick = tokio::time::interval(TICK);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut look: Option<BoxFuture<'static, Result<Found, NatsError>>> = None;
        let mut is_open = true;
        let gathers = self.settings.max_records >= ROOM_TO_GATHER;
        let mut gathers_until = None;
        // What was connected before this has subscribed is news as well.
        self.presence.mark_changed();
        loop {
            self.publish().await;
            if look.is_none() && self.is_to_look() {
                look = Some(self.look());
            }
            let is_idle = self.waiting.is_empty() && self.sent.is_empty();
            if is_idle && !is_open {
                return;
            }
            let looking = async {
                match &mut look {
                    Some(look) => look.await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                job = jobs.recv(), if is_open && gathers_until.is_none() => match job {
                    Some(job) => {
                        self.accept(job);
                        while let Ok(job) = jobs.try_recv() {
                            self.accept(job);
                        }
                        gathers_until = gathers.then(|| tokio::time::Instant::now() + GATHER);
                    }
                    None => is_open = false,
                },
                () = until(gathers_until), if gathers_until.is_some() => gathers_until = None,
                ack = acks.next() => match ack {
                    Some(ack) => {
                        self.acknowledged(&ack);
                        self.take_all(&mut acks);
                    }
                    None => return,
                },
                looked = looking => {
                    look = None;
                    self.note(looked);
                }
                changed = self.presence.changed() => match changed {
                    Ok(()) => self.connected(),
                    Err(_) => return,
                },
                refusal = self.refusals.recv() => match refusal {
                    Ok(refusal) => self.not_allowed(&refusal),
                    // Of those that were missed, records are late.
                    Err(RecvError::Lagged(_)) => {}
                    Err(RecvError::Closed) => return,
                },
                _ = tick.tick(), if !is_idle || self.looks && self.is_connected() => {
                    self.expire();
                    self.send_again().await;
                }
            }
        }
    }

    fn accept(&mut self, job: Job) {
        let away = self.presence.borrow().away();
        if away.is_some_and(|away| away > self.settings.ack_timeout) {
            let error = self.no_connection();
            tell(job, Err(error));
        } else if let Some(error) = self.refused_for_good() {
            tell(job, Err(error));
        } else {
            let place = self.place;
            self.place += 1;
            self.waiting.push_back(Waiting {
                job,
                place,
                was_sent: false,
            });
        }
    }

    /// What is wrong with the stream, if somebody has to change it.
    fn refused_for_good(&self) -> Option<SinkError> {
        match &*self.condition.borrow() {
            Condition::Refused(error @ NatsError::Differs { .. }) => {
                Some(SinkError::other(error.clone()))
            }
            _ => None,
        }
    }

    fn no_connection(&self) -> SinkError {
        let presence = self.presence.borrow();
        let seconds = presence.away().unwrap_or_default().as_secs();
        let away = format!("NATS is out of reach for {seconds} s");
        let reason = match presence.trouble() {
            Some(trouble) => format!("{away}: {trouble}"),
            None => away,
        };
        SinkError::NoConnection(reason.into())
    }

    fn is_connected(&self) -> bool {
        self.presence.borrow().away().is_none()
    }

    /// Sends as many as may be under way.
    async fn publish(&mut self) {
        if self.looks || !self.is_connected() || Instant::now() < self.paused_until {
            return;
        }
        while self.sent.len() < self.settings.max_acks {
            let Some(Waiting { job, place, .. }) = self.waiting.pop_front() else {
                return;
            };
            // Who waited for it has given up.
            if job.done.is_closed() {
                continue;
            }
            let number = self.next;
            self.next += 1;
            match self.send(number, &job.message).await {
                Ok(()) => {
                    let sent = Sent {
                        job,
                        place,
                        at: Instant::now(),
                        again: false,
                    };
                    self.sent.insert(number, sent);
                }
                Err(error) => tell(job, Err(error)),
            }
        }
    }

    async fn send(&mut self, number: u64, message: &Message) -> Result<(), SinkError> {
        let published = self.client.publish_with_reply_and_headers(
            message.subject.clone(),
            format!("{}.{number}", self.inbox),
            message.headers(),
            message.payload.clone(),
        );
        let Err(error) = published.await else {
            return Ok(());
        };
        Err(match error.kind() {
            // It says both sizes.
            PublishErrorKind::MaxPayloadExceeded => {
                self.warn_of_size(&error);
                SinkError::TooLarge
            }
            PublishErrorKind::InvalidSubject => SinkError::other(error),
            PublishErrorKind::Send => SinkError::Closed,
        })
    }

    fn take_all(&mut self, acks: &mut Subscriber) {
        while let Some(Some(ack)) = acks.next().now_or_never() {
            self.acknowledged(&ack);
        }
    }

    fn acknowledged(&mut self, ack: &async_nats::Message) {
        let number = ack.subject.rsplit('.').next();
        let number = number.and_then(|number| number.parse().ok());
        let Some(sent) = number.and_then(|number: u64| self.sent.remove(&number)) else {
            return;
        };
        // Nobody takes it: there is no stream, or none of its servers is there.
        if ack.status == Some(StatusCode::NO_RESPONDERS) {
            self.looks = true;
            return self.put_back(sent);
        }
        match serde_json::from_slice(&ack.payload) {
            Ok(Acknowledgement { error: None }) => tell(sent.job, Ok(())),
            Ok(Acknowledgement {
                error: Some(refusal),
            }) => self.refused(sent, refusal),
            Err(error) => tell(sent.job, Err(SinkError::other(error))),
        }
    }

    fn refused(&mut self, sent: Sent, refusal: Refusal) {
        let Refusal {
            code,
            err_code,
            description,
        } = refusal;
        let is = |code: ErrorCode| code.0 == err_code;
        let stream = self.settings.stream.clone();
        if is(ErrorCode::STREAM_MESSAGE_EXCEEDS_MAXIMUM) {
            let bytes = sent.job.message.payload.len();
            self.warn_of_size(&format_args!(
                "the stream {stream}: {description}: {bytes} bytes, without headers"
            ));
            tell(sent.job, Err(SinkError::TooLarge));
        } else if is(ErrorCode::STREAM_STORE_FAILED) && description.contains("maximum") {
            let reason = format!("the stream {stream} is full, and refuses records: {description}");
            tell(sent.job, Err(SinkError::other(reason)));
        } else if code == 503 && !is(ErrorCode::STREAM_STORE_FAILED) {
            // Without a leader, or while it has too much to do.
            self.put_back(sent);
        } else {
            let reason = format!("the stream {stream} refuses records: {description}");
            tell(sent.job, Err(SinkError::other(reason)));
        }
    }

    /// Says so once: each of them would fill the log.
    fn warn_of_size(&mut self, reason: &dyn std::fmt::Display) {
        if !mem::replace(&mut self.warned, true) {
            tracing::warn!(
                %reason,
                "a record is too large, and is counted as `too_large`, as others will be without a \
                 word. Raise `max_payload` of the server or `max_msg_size` of the stream, or lower \
                 `max_body` of the mirror"
            );
        }
    }

    /// The user may not write to a subject: nothing else is ever said of what was sent there.
    fn not_allowed(&mut self, refusal: &str) {
        let Some(subject) = refusal.strip_prefix(NOT_ALLOWED) else {
            return;
        };
        let subject = subject.trim_matches('"');
        let is_there = |_: &u64, sent: &mut Sent| sent.job.message.subject == subject;
        for (_, sent) in self.sent.extract_if(.., is_there) {
            let reason = format!("the server refuses records: {refusal}");
            tell(sent.job, Err(SinkError::other(reason)));
        }
    }

    /// For a little later.
    fn put_back(&mut self, sent: Sent) {
        self.paused_until = Instant::now() + PAUSE;
        self.wait_again(sent);
    }

    /// Has a record wait before those that were handed over later.
    fn wait_again(&mut self, sent: Sent) {
        let later = self.waiting.partition_point(|it| it.place < sent.place);
        let waiting = Waiting {
            job: sent.job,
            place: sent.place,
            was_sent: true,
        };
        self.waiting.insert(later, waiting);
    }

    /// A connection was made, or has ended. What is not acknowledged was perhaps never received, and
    /// its acknowledgement is perhaps lost.
    fn connected(&mut self) {
        if !self.is_connected() {
            return;
        }
        self.paused_until = Instant::now();
        for (_, sent) in mem::take(&mut self.sent).into_iter().rev() {
            self.wait_again(sent);
        }
    }

    fn is_to_look(&self) -> bool {
        self.looks && self.is_connected() && Instant::now() >= self.look_at
    }

    fn look(&self) -> BoxFuture<'static, Result<Found, NatsError>> {
        let client = self.client.clone();
        let settings = Arc::clone(&self.settings);
        let was_ready = self.was_ready;
        async move { stream::ensure(client, &settings, was_ready).await }.boxed()
    }

    fn note(&mut self, looked: Result<Found, NatsError>) {
        let error = match looked {
            Ok(Found { other_bounds }) => {
                self.looks = false;
                self.was_ready = true;
                if self.told_bounds != other_bounds && !other_bounds.is_empty() {
                    tracing::warn!(
                        stream = self.settings.stream,
                        differences = other_bounds.join("; "),
                        "the stream was changed, and records go on being kept; give the sink the same \
                         options: it is refused when the program starts anew"
                    );
                }
                self.told_bounds = other_bounds;
                self.looked = 0;
                if self.told.take().is_some() {
                    tracing::info!(stream = self.settings.stream, "records are kept");
                }
                self.condition.send_replace(Condition::Ready);
                return;
            }
            // Nothing is said to who may not ask.
            Err(NatsError::Stream { stream, reason }) => {
                let reason = self.presence.borrow().explain(reason);
                NatsError::Stream { stream, reason }
            }
            Err(error) => error,
        };
        let wait = match error {
            NatsError::Differs { .. } => LOOK_AT_OTHER,
            _ => LONGEST_LOOK.min(PAUSE * 2_u32.saturating_pow(self.looked)),
        };
        self.look_at = Instant::now() + wait;
        let reason = error.to_string();
        if self.told.as_ref() != Some(&reason) {
            tracing::error!(%error, "no record is kept: the stream is asked for again until it is as it should be");
            self.told = Some(reason);
        }
        self.looked = self.looked.saturating_add(1);
        self.condition.send_replace(Condition::Refused(error));
        if let Some(error) = self.refused_for_good() {
            let reason = error.to_string();
            for waiting in self.waiting.drain(..) {
                tell(waiting.job, Err(SinkError::other(reason.clone())));
            }
        }
    }

    /// Sends once more what may have been lost on its way: half of the time is over.
    async fn send_again(&mut self) {
        if !self.is_connected() || self.looks {
            return;
        }
        let now = Instant::now();
        let half = self.settings.ack_timeout / 2;
        let mut sent = mem::take(&mut self.sent);
        for (number, sent) in &mut sent {
            if !sent.again && now.duration_since(sent.at) > half {
                sent.again = true;
                // Its acknowledgement may come yet, whatever becomes of this.
                let _ = self.send(*number, &sent.job.message).await;
            }
        }
        self.sent = sent;
    }

    /// Gives up on what is late.
    fn expire(&mut self) {
        let now = Instant::now();
        for (_, sent) in self.sent.extract_if(.., |_, sent| sent.job.deadline <= now) {
            tell(sent.job, Err(SinkError::AckTimeout));
        }
        let is_late = |waiting: &Waiting| waiting.job.deadline <= now;
        if !self.waiting.iter().any(is_late) {
            return;
        }
        let is_connected = self.is_connected();
        let condition = self.condition.borrow().clone();
        for waiting in mem::take(&mut self.waiting) {
            if !is_late(&waiting) {
                self.waiting.push_back(waiting);
                continue;
            }
            let error = match &condition {
                _ if waiting.was_sent => SinkError::AckTimeout,
                Condition::Refused(error) if is_connected => SinkError::other(error.clone()),
                _ if is_connected => SinkError::AckTimeout,
                _ => self.no_connection(),
            };
            tell(waiting.job, Err(error));
        }
    }
}

/// Waits until then, if there is such a time.
async fn until(time: Option<tokio::time::Instant>) {
    if let Some(time) = time {
        tokio::time::sleep_until(time).await;
    }
}

/// Who waited may be gone.
fn tell(job: Job, outcome: Result<(), SinkError>) {
    let _ = job.done.send(outcome);
}
