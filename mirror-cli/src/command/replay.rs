//! `mirror replay`: recorded requests to another build, and a verdict on its responses.

mod headers;
#[cfg(feature = "nats")]
mod nats;
mod outcome;
mod planned;
mod progress;
mod rules;

use std::{
    hash::{DefaultHasher, Hash as _, Hasher as _},
    path::{Path, PathBuf},
    process,
    sync::Arc,
    time::Duration,
};

use mirror_replay::{
    Checkpoint, Destination, Ended, Files, Filter, Fixtures, Judge, Kept, Moment, Options, Pace,
    Selection, Source, SourceError, Speed, Target,
};
use serde_json::Value;
use tokio::sync::watch;

use self::{headers::Headers, outcome::Outcome, progress::Told, rules::Rules};
use crate::{
    args::duration,
    exit::{Exit, Stop},
    output,
};

/// Send recorded requests to another build, and compare its responses with the recorded ones
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Exits as `mirror check` does:
  0  promote
  1  regressed
  2  hold, or too little is known; also if it was stopped before its end
  3  the log cannot be read, or the target cannot be reached
 64  the command line is wrong

Examples:
  mirror replay --from mirror-log --mirror orders --to https://rewrite.example
  mirror replay --from mirror-log --mirror orders --to http://localhost:3000 --speed max --only 'method=GET path=/orders/*'
  mirror replay --from mirror-log --mirror orders --to http://localhost:3000 --since 2026-11-26 --until 2026-11-27 --dry-run
  mirror replay --from nats://localhost:4222 --mirror orders --to http://localhost:3000 --speed max
  mirror replay --from mirror-log --mirror orders --to http://localhost:3000 --rules tests/fixtures/orders.json --fixtures tests/fixtures")]
pub(crate) struct Args {
    /// Log to read: a directory of segments, one of them, or a stream like `nats://localhost:4222`
    #[arg(long, value_name = "LOG")]
    from: String,
    /// Name of the mirror whose records are replayed
    #[arg(long, value_name = "NAME")]
    mirror: String,
    /// URL of the build that is sent the requests
    #[arg(long, value_name = "URL")]
    to: String,
    /// How many times as fast as recorded, or `max`
    #[arg(long, value_name = "TIMES", default_value = "1")]
    speed: Speed,
    /// Only what arrived then or later: a time in UTC or with an offset, seconds since 1970, or how
    /// long ago
    #[arg(long, value_name = "TIME")]
    since: Option<Moment>,
    /// Only what arrived before: a time as for `--since`
    #[arg(long, value_name = "TIME")]
    until: Option<Moment>,
    /// Only what meets all of these conditions, like 'method=GET path=/orders/* status!=5xx';
    /// given several times, one of them must be met
    #[arg(long, value_name = "CONDITIONS")]
    only: Vec<Filter>,
    /// Say what would be sent, and how long it would take, and send nothing
    #[arg(long, conflicts_with_all = ["fixtures", "state", "restart"])]
    dry_run: bool,
    /// Print one line of JSON instead of the report
    #[arg(long)]
    json: bool,
    /// Write the report as JSON, too
    #[arg(long, value_name = "FILE", conflicts_with = "dry_run")]
    report_json: Option<PathBuf>,
    /// Write mismatches as fixtures for `replay!` into this directory
    #[arg(long, value_name = "DIR")]
    fixtures: Option<PathBuf>,
    /// How many fixtures of each kind of difference there may be [default: as for a mirror]
    #[arg(long, value_name = "COUNT", requires = "fixtures")]
    max_fixtures: Option<usize>,
    #[command(flatten)]
    sending: Sending,
    #[command(flatten)]
    rules: Rules,
    #[command(flatten)]
    resuming: Resuming,
    #[cfg(feature = "nats")]
    #[command(flatten)]
    stream: nats::Stream,
}

/// The heading of [`Sending`] in help texts.
const SENDING: &str = "Sending";

/// How requests are sent.
#[derive(Debug, clap::Args)]
struct Sending {
    /// How many requests are in flight at once, at most
    #[arg(long, value_name = "COUNT", default_value_t = 256, value_parser = clap::value_parser!(u32).range(1..=65_536), help_heading = SENDING)]
    max_concurrent: u32,
    /// How long to wait for a response, to its last byte
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = duration, help_heading = SENDING)]
    timeout: Duration,
    /// Records are sorted among those that arrived within so long
    #[arg(long, value_name = "TIME", default_value = "60s", value_parser = duration, help_heading = SENDING)]
    lookahead: Duration,
    /// A longer time without a request is cut to this, as it was recorded
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = duration, help_heading = SENDING)]
    max_gap: Duration,
    #[command(flatten)]
    headers: Headers,
}

/// At full speed, so many records of a stream are held for each that may be in flight: others may join,
/// and are given a part of them.
#[cfg(feature = "nats")]
const HELD: usize = 4;

/// As long as NATS may be away.
#[cfg(feature = "nats")]
const READ_AHEAD: Duration = Duration::from_secs(30);

/// The heading of [`Resuming`] in help texts.
const RESUMING: &str = "Going on after a stop";

/// Where a later run goes on.
#[derive(Debug, clap::Args)]
struct Resuming {
    /// File that a later run goes on with [default: beside the log, named after it and this
    /// replay]; not for streams, whose results are kept in NATS
    #[arg(long, value_name = "FILE", help_heading = RESUMING)]
    state: Option<PathBuf>,
    /// Begin anew, whatever an earlier run has left
    #[arg(long, help_heading = RESUMING)]
    restart: bool,
    /// How often a record is sent with nothing beside it before it is set aside, if the program ends
    /// each time
    #[arg(long, value_name = "COUNT", default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=100), help_heading = RESUMING)]
    max_deliver: u32,
}

impl Args {
    pub(crate) fn run(self) -> Result<Exit, Stop> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .enable_all()
            .build()
            .map_err(|error| Stop::new(Exit::Unreachable, format!("no threads: {error}")))?;
        runtime.block_on(self.replay())
    }

    async fn replay(self) -> Result<Exit, Stop> {
        let destination = Destination::parse(&self.to)
            .map_err(|error| Stop::usage(format!("invalid value for `--to`: {error}")))?;
        if let (Some(since), Some(until)) = (self.since, self.until)
            && since.0 >= until.0
        {
            return Err(Stop::usage(
                "`--since` is not before `--until`: nothing can have arrived in between",
            ));
        }
        let pace = Pace {
            speed: self.speed,
            lookahead: self.sending.lookahead,
            max_gap: self.sending.max_gap,
            max_concurrent: self.sending.max_concurrent as usize,
            ..Pace::default()
        };
        if self.from.contains("://") {
            return Box::pin(self.replay_stream(destination, pace)).await;
        }
        let from = Path::new(&self.from);
        super::convert::no_archive(from)?;
        if self.dry_run {
            let files = Files::open(from, None).map_err(unreadable)?;
            return planned::print(files, &self.selection(), &destination, pace, self.json).await;
        }
        let open = async |position: Option<&Value>| Files::open(from, position);
        let checkpoint = Some(self.checkpoint(from));
        let mirrors = async || Vec::new();
        self.send(checkpoint, open, mirrors, destination, pace)
            .await
    }

    #[cfg(feature = "nats")]
    async fn replay_stream(&self, destination: Destination, pace: Pace) -> Result<Exit, Stop> {
        let mut pace = pace;
        pace.read_ahead = READ_AHEAD;
        if pace.speed == Speed::Max {
            // What is held is given back if another one joins.
            pace.max_held = (HELD * pace.max_concurrent).max(64);
        }
        if self.resuming.state.is_some() {
            return Err(Stop::usage(
                "`--state` is for files: what a replay of a stream has found is kept in NATS, where \
                 each replayer finds it",
            ));
        }
        let job = format!("{} {}", self.stream.name(), self.job());
        let connection = self.stream.connect(&self.from)?;
        let mut options = self.stream.options(&self.mirror, &hash(&job));
        if self.dry_run {
            // Nothing is taken away from anybody.
            options.consumer.push_str("-dry-");
            options.consumer.push_str(&process::id().to_string());
            let source = mirror_replay::Nats::look(&connection, &options).await;
            let source = source.map_err(unreadable)?;
            let selection = self.selection();
            let printed = planned::print(source, &selection, &destination, pace, self.json);
            let exit = printed.await?;
            let mirrors = nats::other_mirrors(&connection, &options, &self.mirror).await;
            if let Some(none) = outcome::none_of(&self.mirror, &mirrors) {
                output::note(&crate::text::message(&none));
            }
            return Ok(exit);
        }
        let anew = self.resuming.restart;
        let open = async |_: Option<&Value>| {
            let mut source = mirror_replay::Nats::join(&connection, &options, &job, anew).await?;
            let others = source.others().await?;
            if !others.is_empty() {
                let settled: u64 = others.iter().map(|found| found.counts.settled()).sum();
                output::note(&format!(
                    "going on with this replay, of which {settled} records are settled in {} other \
                     runs; `--restart` begins anew",
                    others.len()
                ));
            }
            Ok(source)
        };
        let mirrors = async || nats::other_mirrors(&connection, &options, &self.mirror).await;
        Box::pin(self.send(None, open, mirrors, destination, pace)).await
    }

    #[cfg(not(feature = "nats"))]
    async fn replay_stream(&self, _: Destination, _: Pace) -> Result<Exit, Stop> {
        std::future::ready(Err(Stop::usage(
            "invalid value for `--from`: this program was built without the feature `nats`",
        )))
        .await
    }

    fn selection(&self) -> Selection {
        Selection {
            mirror: self.mirror.clone(),
            since: self.since.map(|moment| moment.0),
            until: self.until.map(|moment| moment.0),
            only: self.only.clone(),
        }
    }

    async fn send<S: Source>(
        &self,
        checkpoint: Option<Checkpoint>,
        open: impl AsyncFnOnce(Option<&Value>) -> Result<S, SourceError>,
        mirrors: impl AsyncFnOnce() -> Vec<String>,
        destination: Destination,
        pace: Pace,
    ) -> Result<Exit, Stop> {
        let (compared_by, thresholds) = self.rules.read(pace.speed)?;
        let set = self.sending.headers.read()?;
        let name = destination.name().to_owned();
        let judge = Judge::new(&self.mirror, &name, compared_by, thresholds, set);
        let judge = Arc::new(judge.map_err(Stop::usage)?);
        let (max_body, timeout) = (judge.max_compare_body(), self.sending.timeout);
        let target = Target::new(destination, timeout, max_body, pace.max_concurrent)
            .map_err(|error| Stop::new(Exit::Unreachable, error))?;
        let kept = match &checkpoint {
            Some(checkpoint) => self.kept(checkpoint)?,
            None => None,
        };
        let position = kept.as_ref().and_then(|kept| kept.position.as_ref());
        let source = open(position).await.map_err(unreadable)?;
        let mut options = Options::new(self.selection());
        (options.pace, options.max_deliver) = (pace, self.resuming.max_deliver);
        options.fixtures = self.open_fixtures()?;
        options.checkpoint.clone_from(&checkpoint);
        let mut counts = mirror_replay::Counts::default();
        if let Some(kept) = kept {
            judge.resume(&kept.evidence);
            counts = kept.counts;
            output::note(&format!(
                "going on behind {} records of an earlier run; `--restart` begins anew",
                counts.settled()
            ));
        }
        let (stop, stopping) = watch::channel(false);
        tokio::spawn(wait_for_signals(stop));
        let mut told = Told::new();
        let tell = |progress: &mirror_replay::Progress| told.tell(progress);
        let mut ended = mirror_replay::run(
            source,
            target,
            Arc::clone(&judge),
            options,
            counts,
            stopping,
            tell,
        )
        .await;
        told.end();
        if ended.counts.read == 0 {
            // Of a stream, records of other mirrors are not read.
            ended.other_mirrors = mirrors().await;
        }
        self.report(&ended, &judge, checkpoint.as_ref())
    }

    /// What an earlier run has left.
    fn kept(&self, checkpoint: &Checkpoint) -> Result<Option<Kept>, Stop> {
        if self.resuming.restart {
            checkpoint.remove().map_err(|error| {
                Stop::new(
                    Exit::Unreachable,
                    format!("{}: {error}", checkpoint.path().display()),
                )
            })?;
        }
        let kept = checkpoint.load();
        kept.map_err(|error| Stop::new(Exit::Unreachable, error))
    }

    fn report(
        &self,
        ended: &Ended,
        judge: &Judge,
        checkpoint: Option<&Checkpoint>,
    ) -> Result<Exit, Stop> {
        for warning in &ended.warnings {
            output::warning(&crate::text::message(warning));
        }
        let result = Outcome::new(ended, judge, &self.mirror);
        let json = result.to_json();
        if let Some(path) = &self.report_json {
            let mut file = crate::text::json(&json.to_string());
            file.push('\n');
            let written = output::private_file(path)
                .and_then(|mut to| std::io::Write::write_all(&mut to, file.as_bytes()));
            written.map_err(|error| {
                Stop::new(Exit::Unreachable, format!("{}: {error}", path.display()))
            })?;
        }
        if self.json {
            output::json(&json);
        } else {
            result.print();
        }
        if ended.is_stopped {
            let place = match checkpoint {
                Some(checkpoint) => checkpoint.path().display().to_string(),
                None => "on any machine".to_owned(),
            };
            output::note(&format!("the same command goes on from here: {place}"));
        }
        Ok(result.exit())
    }

    fn open_fixtures(&self) -> Result<Option<Fixtures>, Stop> {
        let Some(path) = &self.fixtures else {
            return Ok(None);
        };
        let fixtures = Fixtures::open(path, self.max_fixtures);
        let fixtures = fixtures.map_err(|error| {
            Stop::new(Exit::Unreachable, format!("{}: {error}", path.display()))
        })?;
        Ok(Some(fixtures))
    }

    /// What tells this replay from others: other records, another target or other rules are another
    /// one.
    fn job(&self) -> String {
        // Servers of a cluster have several addresses, and the same streams.
        let is_stream = self.from.contains("://");
        let job = (
            (!is_stream).then_some(&self.from),
            &self.mirror,
            &self.to,
            &self.only,
            self.rules.told(),
        );
        // A time that is told as an age is another one each time.
        let arguments: Vec<_> = std::env::args().skip_while(|it| it != "replay").collect();
        let times = arguments.windows(2).filter_map(|pair| {
            ["--since", "--until"]
                .contains(&&*pair[0])
                .then_some(&pair[1])
        });
        let joined = arguments
            .iter()
            .filter(|it| it.starts_with("--since=") || it.starts_with("--until="));
        format!("{job:?} {:?}", times.chain(joined).collect::<Vec<_>>())
    }

    /// One file for each replay, beside its log.
    fn checkpoint(&self, from: &Path) -> Checkpoint {
        let job = self.job();
        let path = self.resuming.state.clone().unwrap_or_else(|| {
            let from = std::path::absolute(from).unwrap_or_else(|_| from.to_owned());
            let name = from
                .file_name()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned();
            from.with_file_name(format!("{name}.replay-{}.json", hash(&job)))
        });
        Checkpoint::new(path, job)
    }
}

fn hash(job: &str) -> String {
    let mut hasher = DefaultHasher::new();
    job.hash(&mut hasher);
    format!("{:08x}", hasher.finish() >> 32)
}

fn unreadable(error: mirror_replay::SourceError) -> Stop {
    Stop::new(Exit::Unreachable, error)
}

/// The first signal stops the replay, and the second one the program.
async fn wait_for_signals(stop: watch::Sender<bool>) {
    signal().await;
    output::note("stopping: what is in flight ends; once more ends at once");
    // It may have ended by itself.
    let _ = stop.send(true);
    signal().await;
    process::exit(130);
}

#[cfg(unix)]
async fn signal() {
    use tokio::signal::unix::{SignalKind, signal};

    let Ok(mut terminate) = signal(SignalKind::terminate()) else {
        let _ = tokio::signal::ctrl_c().await;
        return;
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = terminate.recv() => {}
    }
}

#[cfg(not(unix))]
async fn signal() {
    let _ = tokio::signal::ctrl_c().await;
}
