//! What one instance knows of one target, as it is sent.

use std::{collections::BTreeMap, time::Duration};

use bytes::Bytes;
use mirror_runtime::{Evidence, Latency, Standing, TargetEvidence, TargetStats, Thresholds};
use serde::{Deserialize, Serialize};

use crate::bucket::{pack, unpack};

/// How many versions of a shadow are remembered with the time at which they were seen first.
const VERSIONS: usize = 9;

/// What one instance knows of one target of a mirror: counters, latencies, and all that its
/// comparisons have shown. Snapshots of several instances [add up](super::add_up).
///
/// Times are durations before the moment at which it was written, because clocks differ.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Snapshot {
    /// The name of the mirror.
    pub mirror: String,
    /// The name of the target.
    pub target: String,
    /// Which of the targets it is, from 0.
    pub index: usize,
    /// Whether it is the baseline.
    pub is_baseline: bool,
    /// The name of the instance.
    pub instance: String,
    /// The process, as a random word.
    pub run: String,
    /// The counters that are not 0, by name, since the process began.
    pub counts: BTreeMap<String, u64>,
    /// The time to the last byte of a response.
    latency: Vec<(usize, u64)>,
    /// The time to the head of a response.
    first_byte: Vec<(usize, u64)>,
    /// Whether its circuit is open.
    pub is_circuit_open: bool,
    /// The comparisons; `None` if there are none.
    pub compared: Option<Compared>,
    /// Of how many instances this is the sum, which have finished; 0 if it is that of one.
    #[serde(default)]
    pub(super) of: u64,
    /// Keys of snapshots that are in this sum, and may still be there.
    #[serde(default)]
    pub(super) folded: Vec<String>,
}

/// The comparisons of one instance with one target.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Compared {
    /// What they have shown.
    pub evidence: Evidence,
    /// Requests that were not answered since the evidence began.
    pub standing: Standing,
    /// The bars of the verdict.
    pub thresholds: Thresholds,
    /// How long ago something was compared last.
    pub(super) idle_ms: u64,
    /// How long ago each version of the shadow was seen first, with the last at the end.
    pub(super) versions: Vec<(Option<String>, u64)>,
}

/// What of a target goes on from one snapshot to the next.
#[derive(Clone, Debug, Default)]
pub(super) struct Watched {
    count: u64,
    /// When it has changed last, and when the versions were seen first: since the process began.
    grown: Duration,
    versions: Vec<(Option<String>, Duration)>,
}

impl Snapshot {
    /// A snapshot of the counters of a target, in an instance of this name and this process.
    #[must_use]
    pub fn new(mirror: &str, stats: &TargetStats, instance: &str, run: &str) -> Self {
        Self {
            mirror: mirror.to_owned(),
            target: stats.name.clone(),
            index: 0,
            is_baseline: false,
            instance: instance.to_owned(),
            run: run.to_owned(),
            counts: stats.to_counts(),
            latency: stats.latency.to_sparse(),
            first_byte: stats.first_byte.to_sparse(),
            is_circuit_open: stats.is_circuit_open,
            compared: None,
            of: 0,
            folded: Vec::new(),
        }
    }

    /// The same, written later by so much.
    pub(super) fn later(mut self, later: Duration) -> Self {
        if let Some(compared) = &mut self.compared {
            let later = millis(later);
            compared.idle_ms = compared.idle_ms.saturating_add(later);
            for (_, ago) in &mut compared.versions {
                *ago = ago.saturating_add(later);
            }
        }
        self
    }

    /// The same, as a sum of one. An instance that has finished sheds nothing.
    pub(super) fn into_sum(mut self) -> Self {
        self.of = self.of.max(1);
        self.folded.clear();
        self.is_circuit_open = false;
        if let Some(compared) = &mut self.compared {
            compared.standing = compared.standing.with_open_circuit(false);
        }
        self
    }

    /// Adds a snapshot that was written at the same time, of the same target and version.
    pub(super) fn add(&mut self, more: &Self) {
        self.of += more.of.max(1);
        for (name, count) in &more.counts {
            let sum = self.counts.entry(name.clone()).or_default();
            *sum = sum.saturating_add(*count);
        }
        for (ours, theirs) in [
            (&mut self.latency, &more.latency),
            (&mut self.first_byte, &more.first_byte),
        ] {
            let mut sum: BTreeMap<_, _> = ours.iter().copied().collect();
            for (bucket, count) in theirs {
                let of_bucket: &mut u64 = sum.entry(*bucket).or_default();
                *of_bucket = of_bucket.saturating_add(*count);
            }
            *ours = sum.into_iter().collect();
        }
        let Some(theirs) = &more.compared else {
            return;
        };
        let Some(ours) = &mut self.compared else {
            self.compared = more.clone().into_sum().compared;
            return;
        };
        ours.evidence.merge(&theirs.evidence);
        ours.standing
            .merge(&theirs.standing.with_open_circuit(false));
        ours.idle_ms = ours.idle_ms.min(theirs.idle_ms);
        for (version, ago) in &theirs.versions {
            match ours.versions.iter_mut().find(|(of, _)| of == version) {
                Some((_, seen)) => *seen = (*seen).max(*ago),
                None => ours.versions.push((version.clone(), *ago)),
            }
        }
        // Those that were seen first last.
        ours.versions
            .sort_by_key(|(_, ago)| std::cmp::Reverse(*ago));
        let many = ours.versions.len().saturating_sub(VERSIONS);
        ours.versions.drain(..many);
    }

    /// The same, with its comparisons.
    #[must_use]
    pub fn with_evidence(mut self, of: TargetEvidence) -> Self {
        let since = of.evidence.version().map(str::to_owned);
        self.compared = Some(Compared {
            versions: vec![(since, 0)],
            evidence: of.evidence,
            standing: of.standing,
            thresholds: of.thresholds,
            idle_ms: 0,
        });
        self
    }

    /// The same, with what is known from the snapshots before. `now` is since the process began.
    pub(super) fn after(mut self, watched: &mut Watched, now: Duration) -> Self {
        if let Some(compared) = &mut self.compared {
            watched.note(&compared.evidence, now);
            let ago = |then: Duration| millis(now.saturating_sub(then));
            compared.idle_ms = ago(watched.grown);
            let versions = watched.versions.iter();
            compared.versions = versions
                .map(|(version, then)| (version.clone(), ago(*then)))
                .collect();
        }
        self
    }

    /// The counters, as they are.
    pub(super) fn latencies(&self) -> Result<[Latency; 2], &'static str> {
        Ok([
            Latency::from_sparse(&self.latency)?,
            Latency::from_sparse(&self.first_byte)?,
        ])
    }

    /// As it is sent, in parts of at most `longest` bytes each: mostly one. `number` tells it from
    /// others.
    ///
    /// # Errors
    ///
    /// If it cannot be serialized, or would take more than 255 parts.
    pub fn encode(&self, number: u64, longest: usize) -> Result<Vec<Bytes>, String> {
        pack(self, number, longest)
    }

    /// What [`encode`](Self::encode) has made.
    ///
    /// # Errors
    ///
    /// If it is no snapshot, or one of another version.
    pub fn decode(parts: &[Bytes]) -> Result<Self, String> {
        unpack(parts)
    }
}

impl Watched {
    fn note(&mut self, evidence: &Evidence, now: Duration) {
        let count = evidence.count();
        if count != self.count {
            self.count = count;
            self.grown = now;
        }
        if evidence.is_of_any_version() {
            return;
        }
        let version = evidence.version();
        let is_known = |(known, _): &(Option<String>, _)| known.as_deref() == version;
        if !self.versions.iter().any(is_known) {
            self.versions.push((version.map(str::to_owned), now));
            let many = self.versions.len().saturating_sub(VERSIONS);
            self.versions.drain(..many);
        }
    }

    /// The evidence begins anew.
    pub(super) fn restart(&mut self) {
        *self = Self::default();
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
