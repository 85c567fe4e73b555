//! The rule by which layers decide.

use std::{collections::BTreeMap, sync::Arc, time::SystemTime};

use super::state::ControlSource;

/// How much of a reason, or of the name of an actor, is remembered: more than a line.
const MAX_SAID: usize = 256;

/// What a layer says of a switch, or of a share.
#[derive(Clone, Debug)]
pub(super) struct Override<T> {
    pub(super) value: T,
    pub(super) said: Arc<Said>,
    /// What is said again when this has ended, which is before that ends.
    pub(super) under: Option<Box<Self>>,
}

/// So many are remembered of what is said one within the time of another.
const MAX_UNDER: usize = 8;

impl<T> Override<T> {
    /// The same, on top of what was said before, if that lasts longer.
    pub(super) fn over(mut self, before: Option<Self>) -> Self {
        let Some(end) = self.said.until else {
            return self;
        };
        let mut before = before;
        while let Some(said) = before {
            let lasts = said.said.until.is_none_or(|until| until > end);
            // That which lasts longest is remembered in any case.
            if lasts && (said.depth() < MAX_UNDER || said.under.is_none()) {
                self.under = Some(Box::new(said));
                break;
            }
            before = said.under.map(|under| *under);
        }
        self
    }

    fn depth(&self) -> usize {
        1 + self.under.as_ref().map_or(0, |under| under.depth())
    }

    /// What of it has not ended.
    pub(super) fn current(&self, now: SystemTime) -> Option<&Self> {
        if self.said.is_over(now) {
            self.under.as_ref()?.current(now)
        } else {
            Some(self)
        }
    }

    /// Whether both were said at once, and all that is under them.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        let is_same_under = match (&self.under, &other.under) {
            (Some(a), Some(b)) => a.is_same(b),
            (None, None) => true,
            _ => false,
        };
        is_same_under && Arc::ptr_eq(&self.said, &other.said)
    }
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

    /// Whether it says the same as another.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        let is_same_switch = match (&self.switch, &other.switch) {
            (Some(a), Some(b)) => Arc::ptr_eq(&a.said, &b.said),
            (None, None) => true,
            _ => false,
        };
        let (a, b) = (self.shares.values(), other.shares.values());
        let mut pairs = a.zip(b);
        is_same_switch
            && self.shares.len() == other.shares.len()
            && pairs.all(|(a, b)| Arc::ptr_eq(&a.said, &b.said))
    }

    /// By whom and why something is said.
    pub(super) fn said(&self) -> Option<Arc<Said>> {
        let share = self.shares.values().map(|share| &share.said);
        let mut said = self.switch.iter().map(|switch| &switch.said).chain(share);
        said.next().cloned()
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
pub(super) fn decide<T: Copy + PartialOrd>(
    code: T,
    overrides: [Option<&Override<T>>; 4],
    allow_raise: bool,
    now: SystemTime,
) -> Decided<'_, T> {
    let mut decided = Decided {
        value: code,
        source: ControlSource::Code,
        by: None,
    };
    for (source, found) in ABOVE_CODE.into_iter().zip(overrides) {
        let Some(found) = found.and_then(|found| found.current(now)) else {
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

/// Who orders something, why and for how long.
#[derive(Clone, Debug, Default)]
pub(super) struct Order {
    pub(super) actor: Option<String>,
    pub(super) reason: Option<String>,
    pub(super) until: Option<SystemTime>,
}

impl Order {
    pub(super) fn make<T>(&self, value: T, now: SystemTime) -> Override<T> {
        let Self {
            actor,
            reason,
            until,
        } = self.clone();
        let said = Arc::new(Said {
            actor,
            reason,
            since: now,
            until,
        });
        Override {
            value,
            said,
            under: None,
        }
    }

    /// What is set in place of what was set before; nothing if it is the same.
    pub(super) fn replace<T: PartialEq>(
        &self,
        before: Option<&Override<T>>,
        value: T,
        now: SystemTime,
    ) -> Option<Override<T>> {
        let is_same = before.is_some_and(|before| {
            let said = &before.said;
            before.value == value
                && (&said.actor, &said.reason, said.until)
                    == (&self.actor, &self.reason, self.until)
        });
        (!is_same).then(|| self.make(value, now))
    }
}

/// A text that takes no more room than it is worth.
pub(super) fn shortened(mut text: String) -> String {
    let end = (0..=MAX_SAID.min(text.len())).rfind(|end| text.is_char_boundary(*end));
    text.truncate(end.unwrap_or(0));
    text
}

/// What a file says, checked.
#[derive(Clone, Debug, Default)]
pub(super) struct Applied {
    /// Of the mirrors that it does not name.
    pub(super) all: FileSays,
    pub(super) mirrors: BTreeMap<String, FileSays>,
}

/// What a file says of a mirror.
#[derive(Clone, Debug, Default)]
pub(super) struct FileSays {
    pub(super) order: Order,
    pub(super) enabled: Option<bool>,
    pub(super) targets: BTreeMap<String, f64>,
}

impl FileSays {
    /// The layer that it is. What is as it was before stays, with its beginning. What has ended is
    /// left out.
    pub(super) fn layer(&self, before: &Layer, now: SystemTime) -> Layer {
        if self.order.until.is_some_and(|until| until <= now) {
            return Layer::default();
        }
        let switch = self.enabled.map(|enabled| {
            let before = before.switch.as_ref();
            let changed = self.order.replace(before, enabled, now);
            changed.or_else(|| before.cloned())
        });
        let shares = self.targets.iter().filter_map(|(target, percentage)| {
            let before = before.shares.get(target);
            let changed = self.order.replace(before, *percentage, now);
            Some((target.clone(), changed.or_else(|| before.cloned())?))
        });
        Layer {
            switch: switch.flatten(),
            shares: shares.collect(),
        }
    }
}
