//! Everything that was said about all mirrors, by name.

use std::{
    collections::BTreeMap,
    mem,
    sync::{Arc, Weak},
    time::SystemTime,
};

use mirror_grammar::options::DEFAULT_PERCENTAGE;

use super::{
    entry::{Configured, ConfiguredTarget, MirrorEntry, Place, canonical},
    environment::{Setting, VARIABLE, matches},
    error::ControlError,
    layers::{Applied, Decided, FileSays, Layer, Override, Said, decide},
    report::{Notice, Told},
    state::{ControlSource, ControlState, TargetControl},
    switch::{InForce, Switched, note_change},
};

/// Names that are controlled and that no mirror has: more than any program has mirrors.
const MAX_NAMES: usize = 1024;

pub(super) struct Table {
    records: BTreeMap<String, Record>,
    /// How many names there are when those of which nothing is left are looked for again: at most
    /// twice as many as are needed, and whoever makes a mirror seldom looks at all others.
    forget_at: usize,
    /// What the layer `api` says of mirrors that are yet to be made.
    all: Option<Override<bool>>,
    /// What the file says that was applied last.
    file: Applied,
    environment: Setting,
    by_environment: Arc<Said>,
    /// Whether nothing leaves this process, whatever is said here.
    is_isolated: bool,
    /// When the next override ends, or mirror is over.
    pub(super) next_end: Option<SystemTime>,
    /// What the log is to be told.
    pub(super) notices: Vec<Notice>,
    /// Mirrors that may have nobody else any more: what they hold is the user's.
    pub(super) kept: Vec<Arc<dyn Switched>>,
}

/// Everything about a name.
#[derive(Default)]
pub(super) struct Record {
    env: Option<Override<bool>>,
    file: Layer,
    fleet: Layer,
    api: Layer,
    /// Mirrors of this name that have been made; more than one is a mistake.
    made: Vec<Made>,
    /// Attributes of this name; as above.
    entries: Vec<(&'static MirrorEntry, Arc<Configured>)>,
    /// The places of mirrors of which the log was told that they share their name.
    told: Vec<Place>,
    /// Whether the log was told that `until` has come.
    is_told_over: bool,
}

/// A mirror that was made.
pub(super) struct Made {
    pub(super) place: Place,
    pub(super) entry: Option<&'static MirrorEntry>,
    pub(super) configured: Arc<Configured>,
    pub(super) mirror: Weak<dyn Switched>,
}

impl Configured {
    /// The target of this name; a URL may be written in another way.
    pub(super) fn find(&self, name: &str) -> Option<usize> {
        let mut targets = self.targets.iter();
        let exactly = targets.position(|target| target.name == name);
        exactly.or_else(|| {
            let name = canonical(name)?;
            let mut targets = self.targets.iter();
            targets.position(|target| target.name == name)
        })
    }

    /// The names of the targets, for those who have written another.
    pub(super) fn names(&self) -> String {
        let names: Vec<_> = self.targets.iter().map(|target| &*target.name).collect();
        names.join(", ")
    }
}

impl Table {
    /// What is known before anything was said.
    pub(super) fn new(
        environment: Setting,
        entries: impl Iterator<Item = &'static MirrorEntry>,
        now: SystemTime,
    ) -> Self {
        let reason = format!("environment variable {VARIABLE}");
        let mut table = Self {
            records: BTreeMap::new(),
            forget_at: 0,
            all: None,
            file: Applied::default(),
            environment,
            by_environment: Arc::new(Said {
                actor: None,
                reason: Some(reason),
                since: now,
                until: None,
            }),
            is_isolated: false,
            next_end: None,
            notices: Vec::new(),
            kept: Vec::new(),
        };
        for entry in entries {
            table.enter(entry);
        }
        table.tell_environment();
        table.settle_all(now);
        table
    }

    /// Whether nothing leaves this process for now.
    pub(super) const fn is_isolated(&self) -> bool {
        self.is_isolated || self.environment.is_off()
    }

    /// Nothing leaves this process from now on; `false` if that was said before.
    #[cfg(feature = "testing")]
    pub(super) fn isolate(&mut self, now: SystemTime) -> bool {
        let is_new = !mem::replace(&mut self.is_isolated, true);
        self.settle_all(now);
        is_new
    }

    /// A mirror is made.
    pub(super) fn register(&mut self, name: &str, made: Made, now: SystemTime) {
        self.forget_now_and_then(name, now);
        let is_off = !self.environment.is_off() && self.environment.switches_off(name);
        if is_off && !self.records.contains_key(name) {
            let mirror = name.to_owned();
            self.notices.push(Notice::EnvironmentMirror { mirror });
        }
        let mut record = self.take(name);
        if let Some(other) = record.other_place(&made)
            && !record.told.contains(&made.place)
        {
            record.told.push(made.place);
            let places = [other, made.place];
            let name = name.to_owned();
            self.notices.push(Notice::Twice { name, places });
        }
        for source in [
            ControlSource::File,
            ControlSource::Fleet,
            ControlSource::Api,
        ] {
            let named = record.layer(source).shares.keys();
            let unknown = named.filter(|target| made.configured.find(target).is_none());
            self.notices
                .extend(unknown.map(|target| Notice::NoSuchTarget {
                    mirror: name.to_owned(),
                    target: target.clone(),
                    source,
                    known: made.configured.names(),
                }));
        }
        record.made.push(made);
        self.settle(name, &mut record, now);
        // A mirror that is made ends nothing.
        self.next_end = self.next_end.into_iter().chain(record.next_end(now)).min();
        self.records.insert(name.to_owned(), record);
    }

    /// The mirror of an attribute is known.
    fn enter(&mut self, entry: &'static MirrorEntry) {
        let name = entry.mirror();
        let mut record = self.take(name);
        if let Some((first, _)) = record.entries.first() {
            let places = [first.place(), entry.place()];
            record.told.push(entry.place());
            let name = name.to_owned();
            self.notices.push(Notice::Twice { name, places });
        }
        record.entries.push((entry, Arc::new(entry.configured())));
        self.records.insert(name.to_owned(), record);
    }

    fn tell_environment(&mut self) {
        match &self.environment {
            Setting::On => {}
            Setting::Off => self.notices.push(Notice::EnvironmentOff { unknown: None }),
            Setting::Unknown(value) => {
                let unknown = Some(value.clone());
                self.notices.push(Notice::EnvironmentOff { unknown });
            }
            Setting::Patterns(patterns) => {
                for pattern in patterns {
                    let names = self.records.keys();
                    let names = names.filter(|name| matches(pattern, name));
                    let mirrors = names.cloned().collect();
                    let pattern = pattern.clone();
                    let notice = Notice::EnvironmentPattern { pattern, mirrors };
                    self.notices.push(notice);
                }
            }
        }
    }

    /// What is known of a name, or would be of a new mirror.
    fn take(&mut self, name: &str) -> Record {
        self.records
            .remove(name)
            .unwrap_or_else(|| self.new_record(name, SystemTime::now()))
    }

    fn new_record(&self, name: &str, now: SystemTime) -> Record {
        let is_off = self.environment.switches_off(name);
        Record {
            env: is_off.then(|| Override {
                value: false,
                under: None,
                said: Arc::clone(&self.by_environment),
            }),
            file: self.file_says(name).layer(&Layer::default(), now),
            api: Layer {
                switch: self.all.clone(),
                shares: BTreeMap::new(),
            },
            ..Record::default()
        }
    }

    fn put(&mut self, name: &str, mut record: Record, now: SystemTime) {
        note_change();
        self.settle(name, &mut record, now);
        self.records.insert(name.to_owned(), record);
        self.find_next_end(now);
    }

    /// Tells the mirrors of a name what is in force.
    fn settle(&mut self, name: &str, record: &mut Record, now: SystemTime) {
        let until = record.configured().until;
        if let Some(until) = until.filter(|until| *until <= now)
            && !mem::replace(&mut record.is_told_over, true)
        {
            let mirrors = vec![Told::new(name)];
            self.notices.push(Notice::Over { mirrors, until });
        }
        for made in &record.made {
            let Some(mirror) = made.mirror.upgrade() else {
                continue;
            };
            let is_enabled = record.switch(&made.configured, now).value;
            let without_env = record.switch_without_env(&made.configured, now).value;
            let targets = 0..made.configured.targets.len();
            let shares = targets.map(|index| record.share(&made.configured, index, now).value);
            let percentages: Vec<f64> = shares.collect();
            mirror.put_in_force(&InForce {
                is_enabled: is_enabled && !self.is_isolated,
                percentages: &percentages,
                is_on_for_captures: without_env,
            });
            self.kept.push(mirror);
        }
    }

    fn settle_all(&mut self, now: SystemTime) {
        note_change();
        let mut records = mem::take(&mut self.records);
        for (name, record) in &mut records {
            self.settle(name, record, now);
        }
        self.records = records;
        self.find_next_end(now);
    }

    /// Ends what has ended.
    pub(super) fn end(&mut self, now: SystemTime) {
        if self.next_end.is_none_or(|end| end > now) {
            return;
        }
        while let Some(all) = self.all.take_if(|all| all.said.is_over(now)) {
            self.all = all.under.map(|under| *under);
        }
        let mut records = mem::take(&mut self.records);
        for (name, record) in &mut records {
            record.end(name, now, &mut self.notices);
        }
        self.records = records;
        self.settle_all(now);
    }

    fn find_next_end(&mut self, now: SystemTime) {
        let ends = self
            .records
            .values()
            .filter_map(|record| record.next_end(now));
        let all = self.all.iter().filter_map(|all| all.said.until);
        self.next_end = ends.chain(all).min();
    }

    /// How many names are remembered.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.records.len()
    }

    /// Forgets names of which nothing is left.
    fn forget(&mut self) {
        let all = self.all.as_ref();
        self.records.retain(|_, record| record.is_left(all));
    }

    /// Forgets a name if nothing is left of it, and the others now and then.
    fn forget_now_and_then(&mut self, name: &str, now: SystemTime) {
        if self.records.len() >= self.forget_at {
            self.forget();
            self.forget_at = (2 * self.records.len()).max(1);
            self.find_next_end(now);
            return;
        }
        let all = self.all.as_ref();
        let record = self.records.get_mut(name);
        if record.is_some_and(|record| !record.is_left(all)) {
            self.records.remove(name);
        }
    }

    /// Changes what is said of a name.
    pub(super) fn change(
        &mut self,
        name: &str,
        now: SystemTime,
        change: impl FnOnce(&mut Record),
    ) -> Option<&Record> {
        if !self.records.contains_key(name) {
            self.forget();
            let named = self
                .records
                .values()
                .filter(|record| !record.is_of_a_mirror());
            if named.count() >= MAX_NAMES {
                let mirror = name.to_owned();
                self.notices.push(Notice::TooManyNames { mirror });
                return None;
            }
        }
        let mut record = self.take(name);
        change(&mut record);
        self.put(name, record, now);
        self.records.get(name)
    }

    /// Sets the switch of every mirror, also of those that are yet to be made.
    pub(super) fn change_all(&mut self, all: Option<Override<bool>>, now: SystemTime) {
        for record in self.records.values_mut() {
            if all.is_none() {
                record.api.shares.clear();
            }
            let before = record.api.switch.take();
            record.api.switch = all.clone().map(|all| all.over(before));
        }
        let before = self.all.take();
        self.all = all.map(|all| all.over(before));
        self.settle_all(now);
    }

    /// Looks at what is known of a name.
    pub(super) fn look<T>(&mut self, name: &str, look: impl FnOnce(&Record) -> T) -> T {
        match self.records.get(name) {
            Some(record) => look(record),
            None => look(&self.new_record(name, SystemTime::now())),
        }
    }

    /// The name of a target of a mirror, as the mirror has it; as it is given, if the mirror is not
    /// known yet.
    pub(super) fn target_of(&mut self, mirror: &str, target: &str) -> Result<String, ControlError> {
        let code = self.look(mirror, Record::configured);
        if code.targets.is_empty() {
            return Ok(canonical(target).unwrap_or_else(|| target.to_owned()));
        }
        let found = code
            .find(target)
            .map(|index| code.targets[index].name.clone());
        found.ok_or_else(|| ControlError::UnknownTarget {
            mirror: mirror.to_owned(),
            target: target.to_owned(),
            known: code.names(),
        })
    }

    fn file_says(&self, mirror: &str) -> &FileSays {
        self.file.mirrors.get(mirror).unwrap_or(&self.file.all)
    }

    /// Puts a file in force, in place of another.
    pub(super) fn apply(&mut self, mut file: Applied, now: SystemTime) -> Result<(), ControlError> {
        for (name, says) in &mut file.mirrors {
            let targets = mem::take(&mut says.targets);
            for (target, percentage) in targets {
                says.targets
                    .insert(self.target_of(name, &target)?, percentage);
            }
            let is_known = self.records.get(name).is_some_and(Record::is_of_a_mirror);
            if !is_known && !self.file.mirrors.contains_key(name) {
                let mirrors = vec![Told::new(name)];
                self.notices.push(Notice::NoSuchMirror { mirrors });
            }
        }
        self.file = file;
        let mut records = mem::take(&mut self.records);
        for (name, record) in &mut records {
            let layer = self.file_says(name).layer(&record.file, now);
            let before = mem::replace(&mut record.file, layer);
            if !record.file.is_same(&before) {
                let state = record.state(name, now);
                let has_shares = !record.file.shares.is_empty() || !before.shares.is_empty();
                self.notices.push(Notice::File {
                    said: record.file.said().or(before.said()),
                    is_enabled: state.is_enabled,
                    decides: state.source,
                    mirrors: vec![Told::with_shares(&state, has_shares)],
                });
            }
        }
        self.records = records;
        self.settle_all(now);
        Ok(())
    }

    pub(super) fn state(&mut self, name: &str, now: SystemTime) -> ControlState {
        let is_isolated = self.is_isolated;
        let mut state = self.look(name, |record| record.state(name, now));
        if is_isolated {
            state.is_enabled = false;
            state.source = ControlSource::Api;
            state.reason = Some("testing::isolate".to_owned());
            (state.actor, state.since, state.until) = (None, None, None);
        }
        if !state.is_enabled {
            for target in &mut state.targets {
                target.percentage = 0.0;
            }
        }
        state
    }
}

impl Record {
    fn is_of_a_mirror(&self) -> bool {
        let mut made = self.made.iter();
        !self.entries.is_empty() || made.any(|made| made.mirror.strong_count() > 0)
    }

    /// Whether anything is left: mirrors that are gone are forgotten.
    fn is_left(&mut self, all: Option<&Override<bool>>) -> bool {
        self.made.retain(|made| made.mirror.strong_count() > 0);
        self.is_of_a_mirror() || self.is_of_its_own(all)
    }

    /// The place of another mirror of this name.
    fn other_place(&self, new: &Made) -> Option<Place> {
        let made = self.made.iter().map(|made| (made.place, made.entry));
        let written = self.entries.iter();
        let written = written.map(|(entry, _)| (entry.place(), Some(*entry)));
        let mut others = made
            .chain(written)
            .filter(|(_, other)| match (other, new.entry) {
                (Some(other), Some(new)) => !std::ptr::eq(*other, new),
                _ => true,
            });
        others.next().map(|(place, _)| place)
    }

    /// Whether something was said that is not said of all mirrors.
    fn is_of_its_own(&self, all: Option<&Override<bool>>) -> bool {
        let is_as_all = match (&self.api.switch, all) {
            (Some(switch), Some(all)) => switch.is_same(all),
            (None, None) => true,
            _ => false,
        };
        !is_as_all || !self.api.shares.is_empty() || !self.fleet.is_empty()
    }

    /// What the code says, as far as it is known.
    pub(super) fn configured(&self) -> Arc<Configured> {
        let mut made = self.made.iter();
        let made = made.rfind(|made| made.mirror.strong_count() > 0);
        let made = made.map(|made| &made.configured);
        let entry = self.entries.first().map(|(_, configured)| configured);
        made.or(entry).cloned().unwrap_or_default()
    }

    pub(super) fn layer(&mut self, source: ControlSource) -> &mut Layer {
        match source {
            ControlSource::File => &mut self.file,
            ControlSource::Fleet => &mut self.fleet,
            _ => &mut self.api,
        }
    }

    pub(super) fn switch(&self, code: &Configured, now: SystemTime) -> Decided<'_, bool> {
        self.decide_switch(self.env.as_ref(), code, now)
    }

    fn switch_without_env(&self, code: &Configured, now: SystemTime) -> Decided<'_, bool> {
        self.decide_switch(None, code, now)
    }

    fn decide_switch<'a>(
        &'a self,
        env: Option<&'a Override<bool>>,
        code: &Configured,
        now: SystemTime,
    ) -> Decided<'a, bool> {
        let is_on = code.until.is_none_or(|until| now < until);
        let [file, fleet, api] = [&self.file, &self.fleet, &self.api];
        let [file, fleet, api] = [file, fleet, api].map(|layer| layer.switch.as_ref());
        decide(is_on, [env, file, fleet, api], code.allow_raise, now)
    }

    pub(super) fn share(
        &self,
        code: &Configured,
        target: usize,
        now: SystemTime,
    ) -> Decided<'_, f64> {
        let target = &code.targets[target];
        let layers = [&self.file, &self.fleet, &self.api];
        let [file, fleet, api] = layers.map(|layer| layer.share(&target.name));
        let overrides = [None, file, fleet, api];
        decide(target.percentage, overrides, code.allow_raise, now)
    }

    fn state(&self, name: &str, now: SystemTime) -> ControlState {
        let mut code = self.configured();
        if !self.is_of_a_mirror() {
            Arc::make_mut(&mut code).add_named(&[&self.file, &self.fleet, &self.api]);
        }
        let switch = self.switch(&code, now);
        let said = switch.by.map(|by| &by.said);
        let targets = (0..code.targets.len()).map(|index| {
            let share = self.share(&code, index, now);
            let said = share.by.map(|by| &by.said);
            TargetControl {
                name: code.targets[index].name.clone(),
                percentage: share.value,
                configured: code.targets[index].percentage,
                source: share.source,
                reason: said.and_then(|said| said.reason.clone()),
                actor: said.and_then(|said| said.actor.clone()),
                since: said.map(|said| said.since),
                until: said.and_then(|said| said.until),
            }
        });
        let over = code.until.filter(|until| *until <= now);
        let by_code = || over.map(|_| "its `until` has come".to_owned());
        ControlState {
            mirror: name.to_owned(),
            is_enabled: switch.value,
            source: switch.source,
            reason: said.map_or_else(by_code, |said| said.reason.clone()),
            actor: said.and_then(|said| said.actor.clone()),
            since: said.map_or(over, |said| Some(said.since)),
            until: match said {
                Some(said) => said.until,
                None => code.until.filter(|until| now < *until),
            },
            targets: targets.collect(),
        }
    }

    fn next_end(&self, now: SystemTime) -> Option<SystemTime> {
        let layers = [&self.file, &self.fleet, &self.api];
        let layers = layers.into_iter().filter_map(Layer::next_end);
        let made = self.made.iter().map(|made| &made.configured);
        let written = self.entries.iter().map(|(_, configured)| configured);
        let code = made.chain(written).filter_map(|code| code.until);
        layers.chain(code.filter(|until| now < *until)).min()
    }

    /// Removes what has ended.
    fn end(&mut self, name: &str, now: SystemTime, notices: &mut Vec<Notice>) {
        for source in [
            ControlSource::File,
            ControlSource::Fleet,
            ControlSource::Api,
        ] {
            let layer = self.layer(source);
            let mut ended = |target: Option<&String>, said: &Arc<Said>| {
                notices.push(Notice::Ended {
                    mirrors: vec![Told::of_target(name, target)],
                    source,
                    said: Arc::clone(said),
                });
            };
            while let Some(switch) = layer.switch.take_if(|switch| switch.said.is_over(now)) {
                ended(None, &switch.said);
                layer.switch = switch.under.map(|under| *under);
            }
            layer.shares.retain(|target, share| {
                while share.said.is_over(now) {
                    ended(Some(target), &share.said);
                    match share.under.take() {
                        Some(under) => *share = *under,
                        None => return false,
                    }
                }
                true
            });
        }
    }
}

impl Layer {
    /// What it says of a target; a URL may be written in another way.
    fn share(&self, target: &str) -> Option<&Override<f64>> {
        self.shares.get(target).or_else(|| {
            let mut others = self.shares.iter();
            let share = others.find(|(name, _)| canonical(name).is_some_and(|name| name == target));
            share.map(|(_, share)| share)
        })
    }
}

impl Configured {
    /// Adds the targets that layers name, of a mirror that nobody knows yet.
    fn add_named(&mut self, layers: &[&Layer]) {
        for name in layers.iter().flat_map(|layer| layer.shares.keys()) {
            if self.find(name).is_none() {
                self.targets.push(ConfiguredTarget {
                    name: canonical(name).unwrap_or_else(|| name.clone()),
                    percentage: DEFAULT_PERCENTAGE,
                });
            }
        }
    }
}
