//! A stream of NATS as a log.

use std::{path::PathBuf, time::Duration};

use mirror_replay::{Connection, NatsOptions, ReaderOptions};

use crate::{
    args::duration,
    exit::{Exit, Stop},
};

/// The heading of [`Stream`] in help texts.
const STREAM: &str = "Reading a stream of NATS";

/// How a stream is read.
#[derive(Debug, clap::Args)]
#[expect(clippy::struct_field_names, reason = "each is an option of that name")]
pub(super) struct Stream {
    /// Name of the stream
    #[arg(long, value_name = "NAME", default_value = "MIRROR", help_heading = STREAM)]
    stream: String,
    /// Name of the consumers and the results, which replayers that share the log have in common
    /// [default: one for each replay, by what it is told]
    #[arg(long, value_name = "NAME", help_heading = STREAM)]
    consumer: Option<String>,
    /// After so long, 3s at least, others go on with the shards of a replayer of which nothing is
    /// heard; of those that share the log, that of the first counts
    #[arg(long, value_name = "TIME", default_value = "30s", value_parser = ack_wait, help_heading = STREAM)]
    ack_wait: Duration,
    /// Name of the bucket in which results are kept; it is made if there is none
    #[arg(long, value_name = "NAME", default_value = "mirror-replay", help_heading = STREAM)]
    bucket: String,
    /// File with credentials, as `nsc` writes it
    #[arg(long, value_name = "FILE", help_heading = STREAM)]
    nats_credentials: Option<PathBuf>,
    /// File with the seed of an nkey
    #[arg(long, value_name = "FILE", help_heading = STREAM)]
    nats_nkey: Option<PathBuf>,
    /// File with certificates that are trusted, besides those of the system
    #[arg(long, value_name = "FILE", help_heading = STREAM)]
    nats_ca: Option<PathBuf>,
}

/// A replayer says in each sixth of it that it is there.
fn ack_wait(text: &str) -> Result<Duration, String> {
    const LEAST: Duration = Duration::from_secs(3);

    match duration(text)? {
        wait if wait >= LEAST => Ok(wait),
        _ => Err("it must be 3s at least".to_owned()),
    }
}

impl Stream {
    pub(super) fn name(&self) -> &str {
        &self.stream
    }

    pub(super) fn connect(&self, url: &str) -> Result<Connection, Stop> {
        let options = NatsOptions::new(url)
            .map_err(|error| Stop::usage(format!("invalid value for `--from`: {error}")))?;
        let mut options = options.name("mirror replay");
        if let Some(path) = &self.nats_credentials {
            options = options.credentials_file(path);
        }
        if let Some(path) = &self.nats_nkey {
            options = options.nkey_file(path);
        }
        if let Some(path) = &self.nats_ca {
            options = options.root_certificates(path);
        }
        options
            .connect()
            .map_err(|error| Stop::new(Exit::Unreachable, error))
    }

    /// What is read, for a replay of this hash.
    pub(super) fn options(&self, mirror: &str, hash: &str) -> ReaderOptions {
        let is_safe = |letter: &char| letter.is_ascii_alphanumeric() || *letter == '_';
        let safe: String = mirror.chars().filter(is_safe).take(64).collect();
        let consumer = self.consumer.clone();
        let consumer = consumer.unwrap_or_else(|| format!("replay-{safe}-{hash}"));
        let mut options = ReaderOptions::new(mirror, consumer);
        options.stream.clone_from(&self.stream);
        options.ack_wait = self.ack_wait;
        options.bucket.clone_from(&self.bucket);
        options
    }
}

/// The mirrors of which a stream has records, if it has none of this one. That it cannot be asked is
/// no failure of a replay that has ended.
pub(super) async fn other_mirrors(
    connection: &Connection,
    options: &ReaderOptions,
    mirror: &str,
) -> Vec<String> {
    let found = mirror_replay::Nats::mirrors(connection, options).await;
    let found = found.unwrap_or_default();
    if found.iter().any(|name| name == mirror) {
        return Vec::new();
    }
    found
}
