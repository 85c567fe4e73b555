//! The state with which a mirror compares responses.

#[cfg(feature = "testing")]
use std::sync::OnceLock;
use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::{Duration, SystemTime},
};

use http::HeaderName;
#[cfg(feature = "record")]
use http::{HeaderValue, Method};

use super::EngineTarget;
#[cfg(any(feature = "record", feature = "testing"))]
use crate::comparison::Comparison;
#[cfg(feature = "record")]
use crate::{
    comparison::{BufferedResponse, DifferenceKind},
    outcome::FixtureOutcome,
    request::{KeptRequest, Missing},
};
use crate::{
    comparison::{CompareMode, Rules},
    outcome::ShedReason,
    report::{Recorder, Report, Standing, TargetEvidence, Thresholds, Unanswered, VersionsSeen},
    stats::TargetStats,
    workers::Deadlines,
};

/// Writes mismatches down. On a thread that compares.
#[cfg(feature = "record")]
pub(crate) trait Record: fmt::Debug + Send + Sync {
    /// Writes one down, and says what has become of it.
    fn record(&self, mismatch: &Mismatch<'_>) -> FixtureOutcome;

    /// Tells the log of one that cannot be written down.
    fn missing(&self, mirror: &str, missing: Missing);
}

/// A request whose responses differ, and what is known of it.
#[cfg(feature = "record")]
pub(crate) struct Mismatch<'a> {
    pub(crate) comparison: &'a Comparison,
    pub(crate) method: &'a Method,
    pub(crate) request: &'a KeptRequest,
    /// The headers that copies are given.
    pub(crate) set: &'a [(HeaderName, HeaderValue)],
    pub(crate) primary: &'a BufferedResponse,
    pub(crate) shadow: &'a BufferedResponse,
    pub(crate) mode: CompareMode,
    /// Where the primary's response was taken.
    pub(crate) at: CompareAt,
    pub(crate) rules: &'a Rules,
    /// Where responses of the old version differ from one another.
    pub(crate) noise: &'a [(String, DifferenceKind)],
}

/// Where the primary's response is taken to be compared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum CompareAt {
    /// Where the mirror stands: as the handler returns it, or what is behind the layer. Layers
    /// around that, which change the responses of a shadow as well, make differences. Default.
    #[default]
    Handler,
    /// Where the layer [`CompareAtServer`](crate::CompareAtServer) stands, which the program puts
    /// around its router: as the client gets it.
    Server,
}

#[cfg(feature = "record")]
impl CompareAt {
    /// As fixtures have it.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Handler => "handler",
            Self::Server => "server",
        }
    }

    pub(crate) fn from_name(name: &str) -> Result<Self, String> {
        let mut all = [Self::Handler, Self::Server].into_iter();
        let found = all.find(|at| at.as_str() == name);
        found.ok_or_else(|| format!("no place to compare at: `{name}`"))
    }
}

/// How the responses of a mirror are compared, and what was found.
pub(crate) struct Comparing {
    pub(crate) mode: CompareMode,
    pub(crate) at: CompareAt,
    pub(crate) rules: Rules,
    /// One for each target; none for a baseline.
    pub(crate) recorders: Box<[Recorder]>,
    /// Where mismatches are written down.
    #[cfg(feature = "record")]
    pub(crate) recording: Option<Box<dyn Record>>,
    /// The first mismatch, if one is to fail a test.
    #[cfg(feature = "testing")]
    pub(crate) raised: OnceLock<String>,
    /// How often the report was begun anew.
    restarts: AtomicU64,
    /// How often that on a target was, because other processes have seen another version.
    followed: AtomicU64,
    /// The header in which shadows say their version.
    pub(crate) version_header: Option<HeaderName>,
    /// When responses that wait for the primary's do so no longer.
    pub(crate) deadlines: Arc<Deadlines>,
}

impl Comparing {
    pub(crate) fn new<'a>(
        mode: CompareMode,
        rules: Rules,
        thresholds: Thresholds,
        targets: impl Iterator<Item = &'a str>,
    ) -> Self {
        Self {
            mode,
            at: CompareAt::default(),
            rules,
            recorders: targets
                .map(|target| Recorder::new(target, thresholds))
                .collect(),
            #[cfg(feature = "record")]
            recording: None,
            #[cfg(feature = "testing")]
            raised: OnceLock::new(),
            restarts: AtomicU64::new(0),
            followed: AtomicU64::new(0),
            version_header: None,
            deadlines: Arc::default(),
        }
    }

    pub(crate) fn with_compare_at(self, at: CompareAt) -> Self {
        Self { at, ..self }
    }

    /// The same, beside a baseline or not.
    pub(crate) fn with_baseline(self, has_baseline: bool) -> Self {
        let recorders = self.recorders.into_iter();
        Self {
            recorders: recorders
                .map(|recorder| recorder.with_baseline(has_baseline))
                .collect(),
            ..self
        }
    }

    /// The same, of shadows that say their version in this header.
    pub(crate) fn with_version_header(self, version_header: Option<HeaderName>) -> Self {
        Self {
            version_header,
            ..self
        }
    }

    #[cfg(feature = "record")]
    pub(crate) fn with_recording(self, recording: Option<Box<dyn Record>>) -> Self {
        Self { recording, ..self }
    }

    /// Prints a mismatch as a panic does, and keeps it for
    /// [`raise_mismatches`](crate::testing::raise_mismatches), in tests that ask for it.
    #[cfg(feature = "testing")]
    pub(crate) fn raise(&self, comparison: &Comparison) {
        if comparison.differs() && super::capturing::raises() {
            let text = comparison.to_string();
            super::capturing::panic_with(&text);
            self.raised.get_or_init(|| text);
        }
    }

    /// Whether a target of the mirror is its baseline: that comes after the targets.
    pub(crate) fn is_baseline(&self, index: usize) -> bool {
        index >= self.recorders.len()
    }

    /// How much of a body is to be recorded, if that matters.
    pub(crate) fn max_body(&self) -> Option<usize> {
        let max = self.rules.max_compare_body();
        (!matches!(self.mode, CompareMode::Status)).then_some(max)
    }

    /// What is known of each target: of what was compared, and of what it has not answered.
    pub(crate) fn report(&self, mirror: &str, targets: &[EngineTarget]) -> Report {
        let of =
            |(index, recorder): (usize, &Recorder)| recorder.report(self.standing(index, targets));
        Report::new(mirror, self.judged(targets).map(of).collect())
    }

    /// The same, to be added to that of other processes.
    pub(crate) fn evidence(&self, targets: &[EngineTarget]) -> Vec<TargetEvidence> {
        let of = |(index, recorder): (usize, &Recorder)| {
            let standing = self.standing(index, targets);
            recorder.stand(standing);
            TargetEvidence::new(
                targets[index].target().name().to_owned(),
                recorder.evidence(),
                recorder.standing(standing),
                *recorder.thresholds(),
            )
            .with_versions(recorder.versions())
        };
        self.judged(targets).map(of).collect()
    }

    /// A sink gives no responses.
    fn judged(&self, targets: &[EngineTarget]) -> impl Iterator<Item = (usize, &Recorder)> {
        let all = self.recorders.iter().enumerate();
        all.filter(|(index, _)| !targets[*index].target().is_sink())
    }

    /// Since when the report on a target counts.
    pub(crate) fn since(&self, index: usize) -> Option<SystemTime> {
        self.recorders.get(index)?.since()
    }

    /// How often reports were begun anew.
    pub(crate) fn restarts(&self) -> u64 {
        self.restarts.load(Relaxed)
    }

    /// Forgets what is known of each target.
    pub(crate) fn restart(&self, targets: &[EngineTarget]) {
        self.restarts.fetch_add(1, Relaxed);
        for (index, recorder) in self.recorders.iter().enumerate() {
            recorder.restart();
            recorder.stand(self.standing(index, targets));
        }
    }

    /// Begins the report on a target anew, if its shadow is of another version by what all processes
    /// have seen.
    pub(crate) fn follow_versions(
        &self,
        target: &str,
        all: &VersionsSeen,
        wait: Duration,
        targets: &[EngineTarget],
    ) -> bool {
        let mut judged = self.judged(targets);
        let of = judged.find(|(index, _)| targets[*index].target().name() == target);
        let Some((index, recorder)) = of else {
            return false;
        };
        let follows = recorder.follow_versions(all, wait);
        if follows {
            self.followed.fetch_add(1, Relaxed);
            recorder.stand(self.standing(index, targets));
        }
        follows
    }

    /// How often a report was begun anew by somebody's word.
    pub(crate) fn changes(&self) -> u64 {
        self.restarts().wrapping_add(self.followed.load(Relaxed))
    }

    /// How a target stands, by its counters and those of the baseline.
    pub(crate) fn standing(&self, index: usize, targets: &[EngineTarget]) -> Standing {
        let unanswered = |target: &EngineTarget| unanswered_of(&target.source.stats());
        let baseline = targets.get(self.recorders.len()).map(unanswered);
        let standing = Standing::new(unanswered(&targets[index]));
        let standing = standing.with_open_circuit(targets[index].gate.is_shut());
        standing.with_baseline(baseline)
    }
}

/// The requests without a response from a target, by its counters.
fn unanswered_of(stats: &TargetStats) -> Unanswered {
    let shed = |reason| stats.shed_for(reason);
    let unanswered = Unanswered::new(
        stats.answered,
        stats.failed,
        shed(ShedReason::CircuitOpen),
        shed(ShedReason::InFlightLimit),
    );
    unanswered.with_limits_of_process(
        shed(ShedReason::ProcessInFlightLimit),
        shed(ShedReason::ConnectionLimit),
        shed(ShedReason::ByteBudget),
    )
}

impl fmt::Debug for Comparing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut all = f.debug_struct("Comparing");
        all.field("mode", &self.mode)
            .field("at", &self.at)
            .field("rules", &self.rules)
            .field("recorders", &self.recorders);
        #[cfg(feature = "record")]
        all.field("recording", &self.recording);
        all.finish_non_exhaustive()
    }
}
