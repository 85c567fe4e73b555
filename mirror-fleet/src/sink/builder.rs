//! The options of a sink.

use std::{num::NonZeroU16, time::Duration};

use super::NatsSink;
use crate::nats::{Connection, NatsError};

/// A day: records are personal data, and are read the night after.
const DEFAULT_MAX_AGE: Duration = Duration::from_hours(24);

/// The default of NATS. It is far longer than any record is sent again.
const DEFAULT_DUPLICATE_WINDOW: Duration = Duration::from_mins(2);

/// Shorter than the default `timeout` of a target, so that what is late is told as such.
const DEFAULT_ACK_TIMEOUT: Duration = Duration::from_secs(4);

/// As many replayers can share a mirror, each with whole sessions.
const DEFAULT_SHARDS: NonZeroU16 = NonZeroU16::new(16).unwrap();

/// At ten thousand requests a second, most of a second without acknowledgements.
const DEFAULT_MAX_RECORDS: usize = 8192;

/// More hardly makes a server faster.
const DEFAULT_MAX_ACKS: usize = 1024;

/// The most acknowledgements that may be awaited: all of them fit into the client's queues.
const MOST_ACKS: usize = 16_384;

/// Enough for some thousand requests with bodies, and no matter for a server's memory.
const DEFAULT_MAX_QUEUED_BYTES: usize = 64 << 20;

/// What a stream does that has reached a bound.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Discard {
    /// It lets go of its oldest records.
    #[default]
    Old,
    /// It refuses new ones: they are counted as failed, kind `sink`.
    New,
}

/// What a stream is to be like, and how records get there.
#[derive(Clone, Debug)]
pub(super) struct Settings {
    pub(super) stream: String,
    pub(super) max_bytes: i64,
    pub(super) max_age: Duration,
    pub(super) discard: Discard,
    pub(super) replicas: usize,
    pub(super) duplicate_window: Duration,
    pub(super) shards: NonZeroU16,
    pub(super) ack_timeout: Duration,
    pub(super) max_records: usize,
    pub(super) max_acks: usize,
    pub(super) max_queued_bytes: usize,
}

/// Describes a [`NatsSink`].
///
/// The first options are those of the stream. It is created if there is none, with file storage, and
/// with S2 compression if the server has it (2.10). A stream that exists is never changed: if it
/// differs, records fail with an error that says in what, and so does [`NatsSink::ready`].
///
/// ```
/// use std::time::Duration;
///
/// use mirror_fleet::{NatsOptions, NatsSink};
///
/// let connection = NatsOptions::new("nats://127.0.0.1:4222")?.connect()?;
/// let log = NatsSink::builder(&connection, 10 << 30)
///     .stream("ORDERS")
///     .max_age(Duration::from_secs(6 * 60 * 60))
///     .replicas(3)
///     .build()?;
/// # Ok::<(), mirror_fleet::NatsError>(())
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct NatsSinkBuilder {
    connection: Connection,
    max_bytes: u64,
    settings: Settings,
}

impl NatsSinkBuilder {
    pub(super) fn new(connection: Connection, max_bytes: u64) -> Self {
        let settings = Settings {
            stream: "MIRROR".to_owned(),
            max_bytes: 0,
            max_age: DEFAULT_MAX_AGE,
            discard: Discard::Old,
            replicas: 1,
            duplicate_window: DEFAULT_DUPLICATE_WINDOW,
            shards: DEFAULT_SHARDS,
            ack_timeout: DEFAULT_ACK_TIMEOUT,
            max_records: DEFAULT_MAX_RECORDS,
            max_acks: DEFAULT_MAX_ACKS,
            max_queued_bytes: DEFAULT_MAX_QUEUED_BYTES,
        };
        Self {
            connection,
            max_bytes,
            settings,
        }
    }

    /// The name of the stream. Default: `MIRROR`. Its subjects are `mirror.v1.>`, so an account has
    /// one, for all mirrors.
    pub fn stream(mut self, name: impl Into<String>) -> Self {
        self.settings.stream = name.into();
        self
    }

    /// How long a record stays. Default: 24 hours, because records are personal data.
    pub fn max_age(mut self, max_age: Duration) -> Self {
        self.settings.max_age = max_age;
        self
    }

    /// What the stream does that is full. Default: it lets go of its oldest records.
    pub fn discard(mut self, discard: Discard) -> Self {
        self.settings.discard = discard;
        self
    }

    /// On how many servers of a cluster each record is: 1 to 5. Default: 1.
    pub fn replicas(mut self, replicas: usize) -> Self {
        self.settings.replicas = replicas;
        self
    }

    /// How long the stream knows the ids of records, so that one that is sent again is kept once.
    /// Default: 2 minutes.
    pub fn duplicate_window(mut self, window: Duration) -> Self {
        self.settings.duplicate_window = window;
        self
    }

    /// Over how many subjects the sessions of a mirror are spread: as many replayers can share it,
    /// and each has whole sessions. All sinks of a mirror should have the same. Default: 16.
    pub fn shards(mut self, shards: NonZeroU16) -> Self {
        self.settings.shards = shards;
        self
    }

    /// How long an acknowledgement may take, from the moment when the record is handed over. It
    /// should be less than the target's `timeout`, which ends it otherwise. Default: 4 seconds.
    pub fn ack_timeout(mut self, timeout: Duration) -> Self {
        self.settings.ack_timeout = timeout;
        self
    }

    /// How many records may wait, those under way included. Default: 8192.
    pub fn max_records(mut self, records: usize) -> Self {
        self.settings.max_records = records;
        self
    }

    /// How many records may be under way without an acknowledgement: up to 16,384. Default: 1024.
    pub fn max_acks(mut self, acks: usize) -> Self {
        self.settings.max_acks = acks;
        self
    }

    /// How many bytes all records together may have that wait, those under way included. Default:
    /// 64 MiB. They have their place in the byte budget of the process as well.
    pub fn max_queued_bytes(mut self, bytes: usize) -> Self {
        self.settings.max_queued_bytes = bytes;
        self
    }

    /// The sink. Nothing is opened yet.
    ///
    /// # Errors
    ///
    /// An option is out of its bounds.
    pub fn build(self) -> Result<NatsSink, NatsError> {
        let mut settings = self.settings;
        let is_name = |name: &str| {
            let forbidden = ['.', '*', '>', '/', '\\'];
            let is_bad = |c: char| c.is_whitespace() || c.is_control() || forbidden.contains(&c);
            !name.is_empty() && !name.contains(is_bad)
        };
        if !is_name(&settings.stream) {
            let reason = "a stream has a name without spaces, and without `.`, `*`, `>`, `/`, `\\`";
            return Err(wrong("stream", reason));
        }
        settings.max_bytes = match i64::try_from(self.max_bytes) {
            Ok(bytes) if bytes > 0 => bytes,
            _ => {
                return Err(wrong(
                    "max_bytes",
                    "it must be more than 0, and less than 2^63",
                ));
            }
        };
        if settings.max_age.is_zero() {
            return Err(wrong(
                "max_age",
                "records that are kept for no time are not kept",
            ));
        }
        if !(1..=5).contains(&settings.replicas) {
            return Err(wrong("replicas", "JetStream has 1 to 5"));
        }
        if settings.ack_timeout.is_zero() {
            return Err(wrong("ack_timeout", "it must be more than 0"));
        }
        if settings.duplicate_window <= settings.ack_timeout {
            let reason =
                "it must be longer than `ack_timeout`: within that, records are sent again";
            return Err(wrong("duplicate_window", reason));
        }
        if settings.duplicate_window > settings.max_age {
            return Err(wrong(
                "duplicate_window",
                "it must not be longer than `max_age`",
            ));
        }
        let most = tokio::sync::Semaphore::MAX_PERMITS;
        if settings.max_records == 0 || settings.max_records > most {
            return Err(wrong("max_records", "it must be more than 0"));
        }
        if settings.max_queued_bytes == 0 || settings.max_queued_bytes > most {
            return Err(wrong("max_queued_bytes", "it must be more than 0"));
        }
        if !(1..=MOST_ACKS).contains(&settings.max_acks) {
            return Err(wrong("max_acks", "it must be between 1 and 16384"));
        }
        Ok(NatsSink::new(self.connection, settings))
    }
}

fn wrong(option: &'static str, reason: &str) -> NatsError {
    NatsError::Option {
        option,
        reason: reason.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::NatsOptions;

    fn builder(max_bytes: u64) -> NatsSinkBuilder {
        let options = NatsOptions::new("nats://127.0.0.1:4222").unwrap();
        NatsSink::builder(&options.connect().unwrap(), max_bytes)
    }

    #[test]
    fn each_bound_is_checked_and_named() {
        let minute = Duration::from_mins(1);
        let cases = [
            (builder(0), "max_bytes"),
            (builder(u64::MAX), "max_bytes"),
            (builder(1).stream("a.b"), "stream"),
            (builder(1).stream(""), "stream"),
            (builder(1).max_age(Duration::ZERO), "max_age"),
            (builder(1).max_age(minute), "duplicate_window"),
            (builder(1).replicas(0), "replicas"),
            (builder(1).replicas(6), "replicas"),
            (builder(1).ack_timeout(Duration::ZERO), "ack_timeout"),
            (builder(1).ack_timeout(minute * 3), "duplicate_window"),
            (builder(1).max_records(0), "max_records"),
            (builder(1).max_queued_bytes(0), "max_queued_bytes"),
            (builder(1).max_acks(0), "max_acks"),
            (builder(1).max_acks(20_000), "max_acks"),
        ];
        for (builder, option) in cases {
            let error = builder.build().unwrap_err().to_string();
            assert!(error.starts_with(&format!("{option}: ")), "{error}");
        }
        builder(1).build().unwrap();
    }
}
