//! A replay: reading, sending, comparing and noting, all at once.

use std::{
    collections::HashSet,
    future::pending,
    sync::Arc,
    time::{Duration, Instant},
};

use bytes::Bytes;
use http::{HeaderMap, Request};
use mirror_compare::BufferedResponse;
use mirror_record::{Record, RecordId};
use tokio::{
    sync::{mpsc, watch},
    task::JoinSet,
    time::{MissedTickBehavior, interval, sleep},
};

use crate::{
    checkpoint::{Checkpoint, Notes},
    copy::Unsendable,
    counts::Counts,
    filter::{Mirrors, Selection},
    fixtures::{Fixtures, Written},
    judge::{Judge, Judged},
    schedule::{Pace, Schedule, Session, Step},
    source::{Delivery, Found, Note, Pending, Phase, Source, SourceError},
    target::{Failure, Target},
};

/// How often the results are made safe, and the log is told of them.
const COMMIT: Duration = Duration::from_secs(1);

/// How often somebody who watches is told.
const TELL: Duration = Duration::from_millis(250);

/// So many mismatches are written at once; others are not, and counted nowhere.
const MAX_WRITING: usize = 64;

/// What a replay does, besides where it reads and where it sends.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Options {
    /// Which records are replayed.
    pub selection: Selection,
    /// How fast.
    pub pace: Pace,
    /// So often is a record handed out before it is set aside.
    pub max_deliver: u32,
    /// Where mismatches are written.
    pub fixtures: Option<Fixtures>,
    /// Where a later run goes on.
    pub checkpoint: Option<Checkpoint>,
}

impl Options {
    /// All records of a selection, at the recorded pace.
    #[must_use]
    pub fn new(selection: Selection) -> Self {
        Self {
            selection,
            pace: Pace::default(),
            max_deliver: 3,
            fixtures: None,
            checkpoint: None,
        }
    }
}

/// How far a replay is.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Progress {
    /// What was counted, in earlier runs too if there is a [checkpoint](Options::checkpoint).
    pub counts: Counts,
    /// Requests in flight.
    pub in_flight: usize,
    /// How long everything was held up, because the target does not follow.
    pub behind: Duration,
    /// Since this run began.
    pub elapsed: Duration,
    /// Requests that this run has sent, and that have ended.
    pub replayed: u64,
    /// The share of the log that is settled, from 0 to 1, of what was left when this run began.
    pub done: f64,
    /// So many records are held by other replayers, and there is nothing else to do: they come here
    /// if those end without having settled them.
    pub waits_for: u64,
}

/// The runs that a report is about, if the log keeps what they have found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Joint {
    /// What this run has counted.
    pub own: Counts,
    /// The runs that came to the end of the log.
    pub ended: usize,
    /// Those that were stopped.
    pub stopped: usize,
    /// Those that go on, or were killed.
    pub running: usize,
}

/// How a replay has ended.
#[derive(Debug)]
#[non_exhaustive]
pub struct Ended {
    /// What was counted, by all runs of the replay.
    pub counts: Counts,
    /// Which runs these are, if the log keeps what they have found. If not, they are those of one
    /// [checkpoint](Options::checkpoint).
    pub joint: Option<Joint>,
    /// How far it came.
    pub progress: Progress,
    /// Whether it was stopped before its end.
    pub is_stopped: bool,
    /// Why the log could not be read to its end.
    pub error: Option<SourceError>,
    /// What could not be written: a fixture or the state.
    pub warnings: Vec<String>,
    /// Why the last request without a response has none.
    pub last_failure: Option<Failure>,
    /// Names of mirrors of which there are records, if this run has read some and none is of the
    /// mirror that is [selected](Selection::mirror): up to 16.
    pub other_mirrors: Vec<String>,
}

/// A record on its way.
#[derive(Debug)]
struct Job {
    delivery: Delivery,
    record: Arc<Record>,
    session: Session,
    sent: Option<(Request<Bytes>, HeaderMap)>,
}

/// Results on their way to where they are safe, and then to the log. Nobody waits for it.
struct Committing {
    /// Whether these are the results. If not, the log is told.
    is_keeping: bool,
    done: Pending,
}

/// What became of it.
struct Outcome {
    delivery: Delivery,
    record: Arc<Record>,
    session: Session,
    /// `None` if the task has panicked.
    result: Option<(Judged, Result<BufferedResponse, Failure>)>,
}

/// Replays a log to its end, or until it is stopped: then what is in flight ends, and what is noted
/// stays for a later run.
///
/// If the log keeps what runs have found, the result is that of all of them: the judge knows what
/// the others have found, too, when this returns.
pub async fn run<S: Source>(
    source: S,
    target: Target,
    judge: Arc<Judge>,
    options: Options,
    counts: Counts,
    mut stop: watch::Receiver<bool>,
    mut tell: impl FnMut(&Progress),
) -> Ended {
    let mut run = Run::new(source, target, judge, options, counts);
    let mut commit = interval(COMMIT);
    commit.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut telling = interval(TELL);
    telling.set_missed_tick_behavior(MissedTickBehavior::Skip);
    loop {
        run.give_to_others();
        run.schedule.set_idle(run.source.is_idle());
        // Who breaks off has nothing to send.
        let breaks_off = run.is_stopping || run.error.is_some();
        let is_unsure = !breaks_off && run.source.is_unsure();
        let is_held = run.sends_alone() || is_unsure;
        if is_held {
            run.schedule.hold(run.began.elapsed());
        }
        let until = match run.schedule_next(is_held) {
            Step::Send(job) => {
                run.send(job);
                continue;
            }
            Step::Done if run.is_read && run.writing.is_empty() => break,
            Step::WaitUntil(until) => Some(until),
            _ => None,
        };
        let timer = async {
            match until {
                Some(until) => sleep(until.saturating_sub(run.began.elapsed())).await,
                None => pending().await,
            }
        };
        // Who is unsure for too long is told so.
        let wants_more = run.schedule.wants_more() && !run.is_read || is_unsure;
        tokio::select! {
            biased;
            () = stopped(&mut stop), if !run.is_stopping => run.stop(),
            Some(outcome) = run.outcomes.recv() => {
                run.settle(outcome);
                if run.is_alone && run.schedule.in_flight() == 0 {
                    run.is_alone = false;
                    // It did not end the program, and that is not found out once more.
                    run.commit();
                }
                while let Ok(outcome) = run.outcomes.try_recv() {
                    run.settle(outcome);
                }
            }
            Some(written) = run.writing.join_next() => run.note_written(written),
            done = under_way(&mut run.committing) => run.note_committed(done),
            _ = commit.tick() => run.commit(),
            _ = telling.tick() => tell(&run.progress()),
            next = run.source.next(), if wants_more => match next {
                Ok(Some(delivery)) => run.take(delivery),
                Ok(None) => run.end(),
                Err(error) => run.break_off(error),
            },
            () = timer => {}
        }
    }
    run.counts.late += run.schedule.late();
    run.finish().await;
    let progress = run.progress();
    tell(&progress);
    let joint = run.join().await;
    Ended {
        counts: run.counts,
        joint,
        progress,
        is_stopped: run.is_stopping,
        error: run.error,
        warnings: run.warnings,
        last_failure: run.last_failure,
        other_mirrors: run.mirrors.instead(),
    }
}

/// The end of what is being committed.
async fn under_way(committing: &mut Option<Committing>) -> Result<(), SourceError> {
    match committing {
        Some(committing) => (&mut committing.done).await,
        None => pending().await,
    }
}

async fn stopped(stop: &mut watch::Receiver<bool>) {
    if stop.wait_for(|stop| *stop).await.is_err() {
        pending::<()>().await;
    }
}

/// The records that were seen last: half a million at least, and twice as many at most.
#[derive(Default)]
struct Seen {
    newer: HashSet<RecordId>,
    older: HashSet<RecordId>,
}

impl Seen {
    /// Whether it was not seen before.
    fn insert(&mut self, id: RecordId) -> bool {
        const HALF: usize = 500_000;
        if self.newer.len() >= HALF {
            self.older = std::mem::take(&mut self.newer);
        }
        !self.older.contains(&id) && self.newer.insert(id)
    }

    fn remove(&mut self, id: RecordId) {
        self.newer.remove(&id);
        self.older.remove(&id);
    }
}

#[expect(clippy::struct_excessive_bools, reason = "each is one of its own")]
struct Run<S> {
    source: S,
    target: Target,
    judge: Arc<Judge>,
    options: Options,
    schedule: Schedule<Job>,
    began: Instant,
    counts: Counts,
    /// Of earlier runs.
    before: u64,
    /// Of earlier runs, too.
    torn_before: u64,
    settled_weight: u64,
    outcomes: mpsc::UnboundedReceiver<Outcome>,
    /// At most as many as may be in flight are in it.
    told: mpsc::UnboundedSender<Outcome>,
    writing: JoinSet<std::io::Result<Written>>,
    seen: Seen,
    /// Whether something is not committed yet.
    is_dirty: bool,
    committing: Option<Committing>,
    /// Whether it is to be committed anew, behind that.
    is_due: bool,
    /// Why that failed last.
    not_committed: Option<SourceError>,
    /// How often the results were to be kept.
    keeps: u64,
    /// The next record is sent when they are kept as often: it may end the program.
    noting: Option<u64>,
    is_read: bool,
    is_stopping: bool,
    /// What is begun, between two commits.
    notes: Option<Notes>,
    /// A record that waits until nothing else is in flight, and nothing else is sent.
    suspect: Option<Job>,
    /// Whether such a record is in flight.
    is_alone: bool,
    phase: Phase,
    error: Option<SourceError>,
    warnings: Vec<String>,
    last_failure: Option<Failure>,
    mirrors: Mirrors,
}

impl<S: Source> Run<S> {
    fn new(source: S, target: Target, judge: Arc<Judge>, options: Options, counts: Counts) -> Self {
        let (told, outcomes) = mpsc::unbounded_channel();
        let mut source = source;
        let notes = options.checkpoint.as_ref().map(Checkpoint::notes);
        source.resume(&notes.as_ref().map(Notes::read).unwrap_or_default());
        Self {
            source,
            target,
            judge,
            schedule: Schedule::new(options.pace),
            options,
            began: Instant::now(),
            before: counts.replayed(),
            torn_before: counts.torn,
            counts,
            settled_weight: 0,
            outcomes,
            told,
            writing: JoinSet::new(),
            seen: Seen::default(),
            is_dirty: false,
            committing: None,
            is_due: false,
            not_committed: None,
            keeps: 0,
            noting: None,
            is_read: false,
            is_stopping: false,
            notes,
            suspect: None,
            is_alone: false,
            phase: Phase::Running,
            error: None,
            warnings: Vec::new(),
            last_failure: None,
            mirrors: Mirrors::default(),
        }
    }

    /// Takes a record that was read into the schedule, unless it is not to be sent.
    fn take(&mut self, delivery: Delivery) {
        let record = match &delivery.record {
            Ok(record) if delivery.deliveries <= self.options.max_deliver => Arc::clone(record),
            // It is damaged, or nothing came of it so often that nothing will.
            _ => {
                self.count_read(|counts| counts.unreplayable += 1);
                self.source.term(&delivery);
                self.settled_weight += delivery.weight;
                return;
            }
        };
        if delivery.deliveries == 1 && !self.seen.insert(record.id) {
            self.count_read(|counts| counts.duplicates += 1);
            self.source.ack(&delivery);
            self.settled_weight += delivery.weight;
            return;
        }
        if !self.options.selection.has(&record) {
            self.mirrors.note(&record, &self.options.selection);
            self.count_read(|counts| counts.filtered += 1);
            self.source.ack(&delivery);
            self.settled_weight += delivery.weight;
            return;
        }
        let destination = self.target.destination();
        let sent = match destination.request(&record, self.judge.set_headers()) {
            Ok(sent) => sent,
            Err(why) => {
                self.count_unsendable(why);
                self.source.ack(&delivery);
                self.settled_weight += delivery.weight;
                return;
            }
        };
        let session = record.session.map(|session| session.0);
        // Headers are small, and of about this size.
        let bytes = record.body_bytes() + 2_048;
        let arrived = delivery.arrived_ns;
        let job = Job {
            delivery,
            record,
            session,
            sent: Some(sent),
        };
        self.schedule.push(arrived, session, bytes, job);
    }

    /// Gives back what others read from now on, if it was not begun.
    fn give_to_others(&mut self) {
        while let Some(part) = self.source.withdrawn() {
            let mut jobs = Vec::new();
            if let Some(job) = self.suspect.take_if(|job| job.delivery.part == part) {
                self.schedule.finish(job.session);
                self.noting = None;
                jobs.push(job);
            }
            let rest = self.schedule.withdraw(|job| job.delivery.part == part);
            for job in jobs.into_iter().chain(rest) {
                self.seen.remove(job.record.id);
                self.source.nak(&job.delivery);
            }
        }
    }

    fn count_read(&mut self, count: impl FnOnce(&mut Counts)) {
        self.counts.read += 1;
        count(&mut self.counts);
        self.is_dirty = true;
    }

    fn count_unsendable(&mut self, why: Unsendable) {
        self.count_read(|counts| {
            *counts
                .unsendable
                .entry(why.as_str().to_owned())
                .or_default() += 1;
        });
    }

    fn schedule_next(&mut self, is_held: bool) -> Step<Job> {
        if is_held {
            return Step::WaitForResponse;
        }
        self.schedule.next(self.began.elapsed())
    }

    /// Whether nothing else may be sent, because of a record that may end the program.
    fn sends_alone(&mut self) -> bool {
        if self.schedule.in_flight() == 1
            && self.noting.is_none()
            && let Some(job) = &self.suspect
        {
            self.source.start(&job.delivery);
            self.is_dirty = true;
            self.noting = Some(self.keeps + 1);
            self.commit();
        }
        self.is_alone || self.suspect.is_some()
    }

    /// Sends what may end the program, if it is noted that it is sent.
    fn send_noted(&mut self) {
        if self.noting.is_some_and(|noting| noting <= self.keeps) {
            self.noting = None;
            if let Some(job) = self.suspect.take() {
                self.is_alone = true;
                self.send_now(job);
            }
        }
    }

    fn send(&mut self, job: Job) {
        if job.delivery.is_suspect {
            self.suspect = Some(job);
        } else {
            self.send_now(job);
        }
    }

    fn send_now(&mut self, mut job: Job) {
        if !self.source.holds(&job.delivery) {
            self.schedule.finish(job.session);
            self.forget(&job.delivery, &job.record);
            self.is_alone = false;
            return;
        }
        self.source.start(&job.delivery);
        self.is_dirty = true;
        self.note(&job.delivery, |place| {
            Note::Begun(place, job.delivery.deliveries - 1)
        });
        let Some((request, trailers)) = job.sent.take() else {
            return;
        };
        let (target, judge, told) = (
            self.target.clone(),
            Arc::clone(&self.judge),
            self.told.clone(),
        );
        tokio::spawn(async move {
            let record = Arc::clone(&job.record);
            let result = tokio::spawn(async move {
                let response = target.send(request, trailers).await;
                let Ok(compared) = &response else {
                    return Some((Judged::Failed, response));
                };
                let compared = compared.clone();
                let compare = move || judge.compare(&record, &compared);
                Some((compared_aside(compare).await?, response))
            });
            let outcome = Outcome {
                result: result.await.ok().flatten(),
                delivery: job.delivery,
                record: job.record,
                session: job.session,
            };
            // Nobody listens once the process ends.
            let _ = told.send(outcome);
        });
    }

    /// Notes what became of a record, and acknowledges it.
    fn settle(&mut self, outcome: Outcome) {
        let Outcome {
            delivery,
            record,
            session,
            result,
        } = outcome;
        if !self.source.holds(&delivery) {
            self.schedule.finish(session);
            self.forget(&delivery, &record);
            return;
        }
        let Some((mut judged, response)) = result else {
            self.again(delivery, record, session);
            return;
        };
        self.schedule.finish(session);
        self.judge.note(&record, &mut judged);
        let is_redacted = !record.request.redacted.is_empty();
        let differs = matches!(&judged, Judged::Compared(comparison) if comparison.differs());
        let failure = response.as_ref().err().cloned();
        self.count_read(|counts| {
            counts.redacted += u64::from(is_redacted);
            counts.mismatched += u64::from(differs);
            match &failure {
                None => counts.responded += 1,
                Some(failure) => {
                    *counts
                        .failed
                        .entry(failure.as_str().to_owned())
                        .or_default() += 1;
                }
            }
        });
        self.last_failure = failure.or(self.last_failure.take());
        self.note(&delivery, Note::Over);
        self.settled_weight += delivery.weight;
        self.source.ack(&delivery);
        if differs
            && let (Judged::Compared(comparison), Ok(response)) = (judged, response)
            && let Some(fixtures) = self.options.fixtures.clone()
            && self.writing.len() < MAX_WRITING
        {
            let judge = Arc::clone(&self.judge);
            self.writing
                .spawn_blocking(move || fixtures.write(&judge, &record, &response, &comparison));
        }
    }

    /// Notes something of a record, so that a later run knows what was begun.
    fn note(&mut self, delivery: &Delivery, note: impl FnOnce(String) -> Note) {
        let Some(notes) = &mut self.notes else {
            return;
        };
        let Some(place) = self.source.place(delivery) else {
            return;
        };
        if let Err(error) = notes.add(&note(place)) {
            self.warn(format!("what is begun cannot be noted: {error}"));
        }
    }

    /// Leaves a record to whoever was handed it in the meantime. It may come back.
    fn forget(&mut self, delivery: &Delivery, record: &Record) {
        self.seen.remove(record.id);
        self.source.forget(delivery);
    }

    /// Sends a record again of which nothing came, in its place in its session, or sets it aside.
    fn again(&mut self, mut delivery: Delivery, record: Arc<Record>, session: Session) {
        delivery.deliveries += 1;
        if self.is_stopping {
            self.schedule.finish(session);
            self.source.nak(&delivery);
            return;
        }
        let may_be_sent = delivery.deliveries <= self.options.max_deliver;
        let destination = self.target.destination();
        let sent = destination.request(&record, self.judge.set_headers());
        if may_be_sent && let Ok(sent) = sent {
            self.send_now(Job {
                delivery,
                record,
                session,
                sent: Some(sent),
            });
            return;
        }
        self.schedule.finish(session);
        self.count_read(|counts| counts.unreplayable += 1);
        self.source.term(&delivery);
        self.settled_weight += delivery.weight;
    }

    fn note_written(&mut self, written: Result<std::io::Result<Written>, tokio::task::JoinError>) {
        match written {
            Ok(Ok(Written::Recorded)) => self.counts.fixtures += 1,
            Ok(Ok(Written::LeftOut)) => self.counts.fixtures_left_out += 1,
            Ok(Ok(Written::Enough)) => {}
            Ok(Err(error)) => self.warn(format!("a fixture cannot be written: {error}")),
            Err(error) => self.warn(format!("a fixture cannot be written: {error}")),
        }
    }

    /// Once of each.
    fn warn(&mut self, warning: String) {
        if !self.warnings.contains(&warning) && self.warnings.len() < 16 {
            self.warnings.push(warning);
        }
    }

    fn stop(&mut self) {
        self.is_stopping = true;
        self.is_read = true;
        self.abandon();
    }

    /// Gives back all that was not sent.
    fn abandon(&mut self) {
        for job in self.schedule.abandon() {
            self.source.nak(&job.delivery);
        }
        if let Some(job) = self.suspect.take() {
            self.noting = None;
            self.schedule.finish(job.session);
            self.source.nak(&job.delivery);
        }
    }

    /// What was read is still sent, unless others may send it.
    fn break_off(&mut self, error: SourceError) {
        self.fail(error);
        if self.source.is_unsure() {
            self.abandon();
        }
        self.end();
    }

    fn end(&mut self) {
        self.is_read = true;
        self.schedule.close();
    }

    /// Begins to make safe what is known, and then to tell the log. It goes on being sent meanwhile.
    fn commit(&mut self) {
        if self.committing.is_some() {
            self.is_due = true;
            return;
        }
        self.is_due = false;
        if !self.is_dirty {
            self.tell_log();
            return;
        }
        let saved = self.save();
        self.keeps += 1;
        if let Err(error) = saved {
            // What is not safe is not acknowledged.
            self.note_failed(error);
            self.send_noted();
            return;
        }
        self.is_dirty = false;
        if !self.source.keeps() {
            self.send_noted();
            self.tell_log();
            return;
        }
        let found = Found {
            counts: self.counts.clone(),
            evidence: self.judge.evidence(),
            phase: self.phase,
        };
        self.committing = Some(Committing {
            is_keeping: true,
            done: self.source.keep(&found),
        });
    }

    fn tell_log(&mut self) {
        self.committing = Some(Committing {
            is_keeping: false,
            done: self.source.commit(),
        });
    }

    fn note_committed(&mut self, done: Result<(), SourceError>) {
        let Some(committing) = self.committing.take() else {
            return;
        };
        match done {
            Ok(()) if committing.is_keeping => {
                self.send_noted();
                self.tell_log();
            }
            Ok(()) => {
                self.not_committed = None;
                if self.is_due {
                    self.commit();
                }
            }
            Err(error) if committing.is_keeping => {
                self.is_dirty = true;
                if self.noting.is_some() {
                    self.noting = Some(self.keeps + 1);
                }
                self.note_failed(format!("the results cannot be kept: {error}"));
            }
            Err(error) => self.note_failed(error.0),
        }
    }

    fn note_failed(&mut self, error: String) {
        self.warn(error.clone());
        self.not_committed = Some(SourceError(error));
    }

    /// Waits for all that is being committed.
    async fn settle_commits(&mut self) {
        while self.committing.is_some() {
            let done = under_way(&mut self.committing).await;
            self.note_committed(done);
        }
    }

    async fn commit_all(&mut self) -> Result<(), SourceError> {
        self.not_committed = None;
        self.commit();
        self.settle_commits().await;
        self.not_committed.take().map_or(Ok(()), Err)
    }

    /// Writes what is known into the file where a later run finds it, if there is one.
    fn save(&mut self) -> Result<(), String> {
        self.counts.torn = self.torn_before + self.source.torn();
        if let Some(checkpoint) = &self.options.checkpoint {
            let (evidence, position) = (self.judge.evidence(), self.source.position());
            let saved = checkpoint.save(&self.counts, evidence, position);
            saved.map_err(|error| {
                let path = checkpoint.path().display();
                format!("the state cannot be written: {path}: {error}")
            })?;
            if let Some(notes) = &mut self.notes
                && let Err(error) = notes.clear()
            {
                self.warn(format!("what is begun cannot be noted: {error}"));
            }
        }
        Ok(())
    }

    /// The last commit. A replay that came to its end leaves nothing for a later run.
    async fn finish(&mut self) {
        /// So often it is tried to keep the last results.
        const TRIES: usize = 3;

        let is_over = !self.is_stopping && self.error.is_none();
        self.phase = if is_over {
            Phase::Ended
        } else {
            Phase::Stopped
        };
        self.settle_commits().await;
        self.is_dirty = true;
        let mut committed = self.commit_all().await;
        for _ in 1..TRIES {
            if committed.is_ok() || !self.source.keeps() {
                break;
            }
            sleep(COMMIT).await;
            committed = self.commit_all().await;
        }
        if let Err(error) = committed
            && self.source.keeps()
        {
            // Others cannot know of it.
            self.fail(error);
        }
        if let Err(error) = self.source.close(is_over).await {
            self.fail(error);
        }
        if is_over && let Some(checkpoint) = &self.options.checkpoint {
            let removed = checkpoint.remove();
            if let Err(error) = removed {
                self.warn(format!("the state cannot be removed: {error}"));
            }
        }
    }

    fn fail(&mut self, error: SourceError) {
        self.error.get_or_insert(error);
    }

    /// Adds what other runs have found.
    async fn join(&mut self) -> Option<Joint> {
        if !self.source.keeps() {
            return None;
        }
        let mut others = Vec::new();
        // Who could not be reached until now is not asked.
        if self.error.is_none() || !self.source.is_unsure() {
            match self.source.others().await {
                Ok(found) => others = found,
                Err(error) => self.fail(error),
            }
        }
        let mut joint = Joint {
            own: self.counts.clone(),
            ..Joint::default()
        };
        for phase in others.iter().map(|found| found.phase).chain([self.phase]) {
            match phase {
                Phase::Ended => joint.ended += 1,
                Phase::Stopped => joint.stopped += 1,
                Phase::Running => joint.running += 1,
            }
        }
        for found in others {
            self.counts.add(&found.counts);
            self.judge.resume(&found.evidence);
        }
        Some(joint)
    }

    /// How much of the log is settled, by this run or by others.
    fn settled(&self) -> u64 {
        let left = self.source.left();
        let by_all = left.map_or(0, |left| self.source.size().saturating_sub(left));
        self.settled_weight.max(by_all)
    }

    fn progress(&self) -> Progress {
        Progress {
            counts: self.counts.clone(),
            in_flight: self.schedule.in_flight(),
            behind: self.schedule.behind(),
            elapsed: self.began.elapsed(),
            replayed: self.counts.replayed() - self.before,
            done: share(self.settled(), self.source.size()),
            waits_for: if self.schedule.in_flight() == 0 {
                self.source.waits_for()
            } else {
                0
            },
        }
    }
}

/// Compares on a thread for blocking work. There is a response: a request is not sent once more
/// because of a panic. `None` if the runtime has ended.
async fn compared_aside(compare: impl FnOnce() -> Judged + Send + 'static) -> Option<Judged> {
    match tokio::task::spawn_blocking(compare).await {
        Ok(judged) => Some(judged),
        Err(error) => error.is_panic().then_some(Judged::Panicked),
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "a share of so much is still right"
)]
fn share(some: u64, all: u64) -> f64 {
    if all == 0 {
        return 1.0;
    }
    (some as f64 / all as f64).min(1.0)
}

#[cfg(test)]
mod tests;
