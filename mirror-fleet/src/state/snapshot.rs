//! What one instance knows of one target, as it is sent.

use std::{collections::BTreeMap, time::Duration};

use bytes::Bytes;
use mirror_runtime::{
    Evidence, Latency, Standing, TargetEvidence, TargetStats, Thresholds, VersionsSeen,
};
use serde::{Deserialize, Serialize};

use crate::bucket::{pack, unpack};

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
    /// When which versions of the shadow have responded.
    #[serde(default)]
    pub(super) seen: VersionsSeen,
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
            compared.seen = std::mem::take(&mut compared.seen).later(later);
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
        ours.seen.merge(&theirs.seen);
    }

    /// The same, with its comparisons.
    #[must_use]
    pub fn with_evidence(mut self, of: TargetEvidence) -> Self {
        self.compared = Some(Compared {
            evidence: of.evidence,
            standing: of.standing,
            thresholds: of.thresholds,
            seen: of.versions,
        });
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
