//! Noting comparisons.

use std::{
    fmt,
    sync::{
        Mutex, MutexGuard, PoisonError, TryLockError,
        atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
    },
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use super::{
    Evidence, TargetReport, Thresholds, Unanswered, VersionsSeen,
    clock::Clock,
    counted::{Blame, Counted, Merged},
    epoch::{self, Versions},
    seen::{Beside, Noted, Seen},
    verdict::Standing,
    windows::{Recent, Tally},
};
use crate::model::{Comparison, DifferenceKind, NotComparedReason, Verdict};

/// Notes the comparisons with one target, in bounded memory.
///
/// It has two locks. The one that is held for as long as it takes to note the differences of one
/// comparison is for threads that compare. What else there is to count takes the other, for some
/// hundred nanoseconds. Requests have no business with either.
pub struct Recorder {
    target: String,
    thresholds: Thresholds,
    /// Whether each comparison is to come with that of a baseline.
    has_baseline: bool,
    clock: Clock,
    /// Whether the counters of the target are to be told.
    wants_standing: AtomicBool,
    /// Requests without a response of which the route could not be noted at once.
    unrouted: AtomicU64,
    /// First this lock, then that of `live`.
    seen: Mutex<Seen>,
    live: Mutex<Live>,
}

/// What is counted, and what it takes to go on counting.
#[derive(Default)]
struct Live {
    counted: Counted,
    versions: Versions,
    recent: Recent,
    /// The counters of the target when the evidence began; `None` if they are not known yet.
    base: Option<Standing>,
    /// The counters of the target as they were told last.
    last: Unanswered,
}

impl Recorder {
    /// Nothing yet, of this target.
    #[must_use]
    pub fn new(target: &str, thresholds: Thresholds) -> Self {
        Self::with_clock(target, thresholds, Clock::new())
    }

    pub(super) fn with_clock(target: &str, thresholds: Thresholds, clock: Clock) -> Self {
        Self {
            target: target.to_owned(),
            thresholds,
            has_baseline: false,
            clock,
            wants_standing: AtomicBool::new(false),
            unrouted: AtomicU64::new(0),
            seen: Mutex::default(),
            live: Mutex::new(Live {
                base: Some(Standing::default()),
                ..Live::default()
            }),
        }
    }

    /// The same, of a mirror with a baseline: only requests to which both responded are evidence.
    /// Default: there is none.
    #[must_use]
    pub const fn with_baseline(mut self, has_baseline: bool) -> Self {
        self.has_baseline = has_baseline;
        self
    }

    /// Notes a comparison with the target, and the one of the response that a baseline gave to the
    /// same request with the primary's.
    ///
    /// Says of each difference whether it is noise, as far as that is known by now.
    /// If nothing can be said, the comparison becomes [`NotCompared`](Verdict::NotCompared): there is
    /// a baseline and it gave no response, so that a mismatch may as well be noise; all of the body
    /// is noise; or the response is of a version of the shadow before the current one.
    pub fn record(&self, comparison: &mut Comparison, baseline: Option<&Comparison>) {
        let baseline = baseline.filter(|baseline| is_compared(baseline));
        let mut seen = self.seen();
        {
            let mut live = self.live();
            let now = self.clock.now().elapsed;
            match live.versions.note(comparison.version.as_deref(), now) {
                epoch::Seen::Current => {}
                epoch::Seen::Older => {
                    comparison.verdict = Verdict::NotCompared(NotComparedReason::OtherVersion);
                    return live.counted.of_other_version();
                }
                epoch::Seen::New => {
                    self.begin_anew(&mut seen, &mut live);
                }
            }
        }
        let mut noted = Noted::default();
        if is_compared(comparison) {
            let beside = match baseline {
                Some(baseline) => Beside::Baseline(baseline),
                None if self.has_baseline => Beside::Missing,
                None => Beside::Nothing,
            };
            noted = seen.note(comparison, beside, &self.thresholds);
            if let Some(reason) = noted.not_compared {
                comparison.verdict = Verdict::NotCompared(reason);
            }
        }
        // While what is seen is locked, so that both say the same.
        let mut live = self.live();
        let counted = &mut live.counted;
        let tally = if let Verdict::NotCompared(reason) = comparison.verdict {
            let blame = if comparison.is_fault {
                Blame::Response
            } else {
                Blame::Nobody
            };
            counted.not_compared(reason, comparison.route.as_deref(), blame)
        } else {
            counted.note(comparison, baseline, noted.pair, &self.thresholds)
        };
        self.count(&mut live, &tally);
    }

    /// Notes that the responses to a request are not compared.
    pub fn not_compared(&self, reason: NotComparedReason, route: Option<&str>) {
        // Without two responses it is the copy that has failed or was cut short.
        let blame = match reason {
            NotComparedReason::Failed | NotComparedReason::CutShort => Blame::Copy,
            _ => Blame::Nobody,
        };
        let mut live = self.live();
        let tally = live.counted.not_compared(reason, route, blame);
        self.count(&mut live, &tally);
    }

    /// Notes that a request which was sampled is not sent: there is nothing to compare. This never
    /// waits.
    pub fn not_sent(&self, route: Option<&str>) {
        match self.live.try_lock() {
            Ok(mut live) => live.counted.unsent(route),
            Err(TryLockError::Poisoned(live)) => live.into_inner().counted.unsent(route),
            Err(TryLockError::WouldBlock) => {
                self.unrouted.fetch_add(1, Relaxed);
            }
        }
    }

    /// Whether [`stand`](Self::stand) is to be called: something begins anew, of which the counters
    /// of the target are a part.
    #[must_use]
    pub fn wants_standing(&self) -> bool {
        self.wants_standing.load(Relaxed)
    }

    /// Notes the counters of the target, as they are now.
    pub fn stand(&self, standing: Standing) {
        let mut live = self.live();
        // What was shed has been so by now.
        self.count(&mut live, &Tally::default());
        self.wants_standing.store(false, Relaxed);
        live.stand(standing);
    }

    /// The counters of the target since the evidence began, if they are these now: to be sent with
    /// it.
    #[must_use]
    pub fn standing(&self, standing: Standing) -> Standing {
        standing.since(&self.live().base.unwrap_or(standing))
    }

    /// Forgets all that is known: evidence begins anew.
    pub fn restart(&self) {
        let (mut seen, mut live) = (self.seen(), self.live());
        self.begin_anew(&mut seen, &mut live);
    }

    fn begin_anew(&self, seen: &mut Seen, live: &mut Live) {
        live.restart();
        *seen = Seen::default();
        self.wants_standing.store(true, Relaxed);
    }

    /// The groups of differences that are noise, as far as that is known by now.
    #[must_use]
    pub fn noise(&self) -> Vec<(String, DifferenceKind)> {
        let seen = self.seen();
        let groups = seen.groups(&self.thresholds).into_iter();
        groups
            .filter(|group| group.noise)
            .map(|group| (group.pointer, group.kind))
            .collect()
    }

    /// All that is known by now, to be kept, or merged with that of other processes.
    #[must_use]
    pub fn evidence(&self) -> Evidence {
        let seen = self.seen();
        let mut live = self.live();
        for _ in 0..self.unrouted.swap(0, Relaxed) {
            live.counted.unsent(None);
        }
        self.count(&mut live, &Tally::default());
        Evidence {
            counted: live.counted.clone(),
            seen: seen.clone(),
        }
    }

    /// The bars of its verdict.
    #[must_use]
    pub const fn thresholds(&self) -> &Thresholds {
        &self.thresholds
    }

    /// Adds what was known before: by this process in an earlier run, or by another. If that is
    /// about another version of the shadow, what began last stays.
    pub fn merge(&self, evidence: &Evidence) {
        let mut seen = self.seen();
        let mut live = self.live();
        self.count(&mut live, &Tally::default());
        match live.counted.merge(&evidence.counted) {
            Merged::Ours => return,
            Merged::Theirs => seen.clone_from(&evidence.seen),
            Merged::Both => seen.merge(&evidence.seen),
        }
        let Live {
            counted, versions, ..
        } = &mut *live;
        versions.resume(counted.version.as_deref(), self.clock.now().elapsed);
    }

    /// The versions of the shadow that were met here, and when they responded: to be
    /// [merged](VersionsSeen::merge) with what other processes have seen.
    #[must_use]
    pub fn versions(&self) -> VersionsSeen {
        let now = self.clock.now().elapsed;
        self.live().versions.seen(now)
    }

    /// Begins anew with the version that the shadow is [of](VersionsSeen::current) by what all
    /// processes have seen, if that is another than here, and has responded here. Returns whether it
    /// was another.
    pub fn follow_versions(&self, all: &VersionsSeen, wait: Duration) -> bool {
        let (mut seen, mut live) = (self.seen(), self.live());
        let now = self.clock.now().elapsed;
        let is_another = live.versions.follow(all, wait, now);
        if is_another {
            self.begin_anew(&mut seen, &mut live);
            // Before anything is compared: what is known of the one before is about another.
            live.counted.version = live.versions.current().map(Into::into);
        }
        is_another
    }

    /// The report about the target by now, whose counters and circuit stand like this since the
    /// process began.
    #[must_use]
    pub fn report(&self, standing: Standing) -> TargetReport {
        self.stand(standing);
        let evidence = self.evidence();
        let recent = self.live().recent.sum();
        let standing = self.standing(standing);
        evidence.judged(&self.target, &self.thresholds, standing, Some(recent))
    }

    /// Since when there is evidence: that of the [report](Self::report), without its work.
    #[must_use]
    pub fn since(&self) -> Option<SystemTime> {
        let since = self.live().counted.since;
        since.map(|since| UNIX_EPOCH + Duration::from_millis(since))
    }

    /// Counts what happens now, if something does, and notes the time.
    fn count(&self, live: &mut Live, tally: &Tally) {
        let now = self.clock.now();
        let counted = &mut live.counted;
        if counted.windows.advance(now.elapsed) {
            self.wants_standing.store(true, Relaxed);
        }
        if *tally != Tally::default() {
            if counted.since.is_none() {
                counted.since = Some(now.unix_millis);
                counted.version = live.versions.current().map(Into::into);
            }
            counted.windows.note(|window| window.merge(tally));
            live.recent.note(|recent| recent.merge(tally));
        }
        if counted.since.is_some() {
            counted.until = now.unix_millis;
        }
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn live(&self) -> MutexGuard<'_, Live> {
        self.live.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Live {
    fn restart(&mut self) {
        self.counted = Counted::default();
        self.recent = Recent::default();
        self.base = None;
    }

    fn stand(&mut self, standing: Standing) {
        if self.base.is_none() {
            self.base = Some(standing);
        } else {
            // Copies that failed are noted one by one.
            let shed = standing.unanswered.shed();
            let more = shed.saturating_sub(self.last.shed());
            self.counted.windows.note(|window| {
                window.asked.n = window.asked.n.saturating_add(more);
                window.asked.b = window.asked.b.saturating_add(more);
            });
        }
        self.last = standing.unanswered;
    }
}

/// How many, and nothing of what they say.
impl fmt::Debug for Recorder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let counts = self.seen().counts();
        let not_compared = self.live().counted.not_compared_in_all();
        f.debug_struct("Recorder")
            .field("target", &self.target)
            .field("counts", &counts)
            .field("not_compared", &not_compared)
            .finish_non_exhaustive()
    }
}

fn is_compared(comparison: &Comparison) -> bool {
    !matches!(comparison.verdict, Verdict::NotCompared(_))
}
