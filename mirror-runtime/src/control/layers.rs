//! The rule by which layers decide.

use std::{collections::BTreeMap, sync::Arc, time::SystemTime};

use super::state::ControlSource;

/// What a layer says of a switch, or of a share.
#[derive(Clone, Debug)]
pub(super) struct Override<T> {
    pub(super) value: T,
    pub(super) said: Arc<Said>,
}

/// By whom, why, since when and until when.
#[derive(Clone, Debug)]
pub(super) struct Said {
    pub(super) actor: Option<String>,
    pub(super) reason: Option<String>,
    pub(super) since: SystemTime,
    pub(super) until: Option<SystemTime>,
}

impl Said {
    pub(super) fn is_over(&self, now: SystemTime) -> bool {
        self.until.is_some_and(|until| until <= now)
    }
}

/// What a layer says of a mirror.
#[derive(Clone, Debug, Default)]
pub(super) struct Layer {
    pub(super) switch: Option<Override<bool>>,
    /// By the names of targets.
    pub(super) shares: BTreeMap<String, Override<f64>>,
}

impl Layer {
    pub(super) fn is_empty(&self) -> bool {
        self.switch.is_none() && self.shares.is_empty()
    }

    /// When the next of its overrides ends.
    pub(super) fn next_end(&self) -> Option<SystemTime> {
        let switch = self.switch.iter().map(|switch| &switch.said);
        let shares = self.shares.values().map(|share| &share.said);
        switch.chain(shares).filter_map(|said| said.until).min()
    }
}

/// The layers above the code, from the lowest.
pub(super) const ABOVE_CODE: [ControlSource; 4] = [
    ControlSource::Env,
    ControlSource::File,
    ControlSource::Fleet,
    ControlSource::Api,
];

/// What was decided, by whom, and by which override.
pub(super) struct Decided<'a, T> {
    pub(super) value: T,
    pub(super) source: ControlSource,
    pub(super) by: Option<&'a Override<T>>,
}

/// The highest layer with an override that has not ended decides. One of `fleet` counts for nothing
/// if it would send more than what is below it, unless it may.
pub(super) fn decide<'a, T: Copy + PartialOrd>(
    code: T,
    overrides: [Option<&'a Override<T>>; 4],
    allow_raise: bool,
    now: SystemTime,
) -> Decided<'a, T> {
    let mut decided = Decided {
        value: code,
        source: ControlSource::Code,
        by: None,
    };
    for (source, found) in ABOVE_CODE.into_iter().zip(overrides) {
        let Some(found) = found.filter(|found| !found.said.is_over(now)) else {
            continue;
        };
        let raises = found.value > decided.value;
        if source == ControlSource::Fleet && raises && !allow_raise {
            continue;
        }
        decided = Decided {
            value: found.value,
            source,
            by: Some(found),
        };
    }
    decided
}
