//! The task that keeps what is held, and takes what is free.

#[cfg(test)]
mod tests;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use async_nats::jetstream::kv::UpdateErrorKind;
use bytes::Bytes;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use tokio::time::{Instant, sleep_until, timeout};

use super::{Doing, Shared, Told, share::share};
use crate::bucket::{self, Entry, Watch};

/// A key is written again after this part of the time after which its owner is lost, and it is not
/// believed in any more after three quarters: some attempts may fail.
const AGAIN: u32 = 6;

/// How long it may take until a watch has begun.
const BEGIN: Duration = Duration::from_secs(2);

/// When it is tried again.
const LATER: Duration = Duration::from_millis(500);

/// How often it is tried to write a key that is not as it was known.
const TRIES: usize = 3;

/// What the key of a replayer says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Presence {
    Here,
    Gone,
    /// It was not heard of.
    Lost,
}

/// What the key of a shard says.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Place {
    reader: Option<String>,
    /// How often one was lost.
    lost: u32,
}

/// A replayer, as far as it is known.
struct Member {
    presence: Presence,
    revision: u64,
    /// The revision that it had when this one last knew that it is heard itself.
    last: u64,
    /// For how long it has had it since, as far as this one was heard.
    still: Duration,
}

#[derive(Default)]
struct Spot {
    place: Place,
    revision: u64,
}

/// What a key is about.
enum About<'a> {
    Member(&'a str),
    Shard(usize),
}

/// Something else is there by now, or it failed.
enum Refused {
    Newer,
    Failed(String),
}

pub(super) struct Keeper {
    shared: Shared,
    told: Arc<Told>,
    members: BTreeMap<String, Member>,
    spots: Vec<Spot>,
    /// That of its own key.
    revision: u64,
    /// When it was last written.
    heard_at: Option<Instant>,
    again_at: Instant,
}

impl Keeper {
    pub(super) fn new(shared: Shared, told: Arc<Told>) -> Self {
        let spots = shared.shards.iter().map(|_| Spot::default()).collect();
        Self {
            shared,
            told,
            members: BTreeMap::new(),
            spots,
            revision: 0,
            heard_at: None,
            again_at: Instant::now(),
        }
    }

    /// Ends when this one is lost, or has left.
    pub(super) async fn run(mut self) {
        let mut watch = None;
        loop {
            if self.told.lock().is_ending {
                return self.leave().await;
            }
            if self.stay().await.is_err() {
                return;
            }
            let Some(watched) = &mut watch else {
                match self.begin_watch().await {
                    Ok(begun) => watch = Some(begun),
                    Err(reason) => self.rest(&reason).await,
                }
                continue;
            };
            if !watched.is_loading() && self.heard_at.is_some() {
                self.take_and_leave().await;
                if self.told.lock().is_lost {
                    return;
                }
            }
            tokio::select! {
                entry = watched.next() => match entry {
                    Ok(entry) => self.note(&entry),
                    Err(reason) => {
                        watch = None;
                        self.rest(&reason).await;
                    }
                },
                () = sleep_until(self.again_at) => {}
                () = self.told.wake.notified() => {}
            }
        }
    }

    async fn begin_watch(&self) -> Result<Watch, String> {
        let (shared, filter) = (&self.shared, format!("{}.*.*", self.shared.prefix));
        let begun = Watch::new(&shared.client, &shared.store, &filter);
        let begun = timeout(BEGIN, begun).await;
        let begun = begun.map_err(|_| "no response from NATS in time")??;
        self.note_done(Doing::Watch);
        // Nothing was taken without one, so that nothing has failed since.
        self.note_done(Doing::Take);
        Ok(begun)
    }

    async fn rest(&self, reason: &str) {
        self.note_trouble(Doing::Watch, reason.to_owned());
        tokio::select! {
            () = tokio::time::sleep(LATER) => {}
            () = self.told.wake.notified() => {}
        }
    }

    fn note_trouble(&self, doing: Doing, reason: String) {
        let mut state = self.told.lock();
        let trouble = state.troubles.entry(doing);
        trouble.or_insert_with(|| (Instant::now(), String::new())).1 = reason;
    }

    fn note_done(&self, doing: Doing) {
        self.told.lock().troubles.remove(&doing);
    }

    fn member_key(&self, name: &str) -> String {
        format!("{}.member.{name}", self.shared.prefix)
    }

    fn shard_key(&self, number: usize) -> String {
        format!(
            "{}.shard.{}",
            self.shared.prefix, self.shared.shards[number]
        )
    }

    /// Writes in the place of the revision.
    async fn write(
        &self,
        key: &str,
        value: &impl Serialize,
        revision: u64,
    ) -> Result<u64, Refused> {
        let value =
            serde_json::to_vec(value).map_err(|error| Refused::Failed(error.to_string()))?;
        let written = self.shared.store.update(key, Bytes::from(value), revision);
        written.await.map_err(|error| match error.kind() {
            UpdateErrorKind::WrongLastRevision => Refused::Newer,
            _ => Refused::Failed(bucket::told(&error)),
        })
    }

    /// Says that this one is here, if it is time to. It fails if this one is lost.
    async fn stay(&mut self) -> Result<(), String> {
        if self.again_at <= Instant::now() && !self.say_here().await {
            return Err("others have taken this replayer for lost".to_owned());
        }
        Ok(())
    }

    /// Says that this one is here, and returns whether it is.
    async fn say_here(&mut self) -> bool {
        let key = self.member_key(&self.shared.me);
        for _ in 0..TRIES {
            let began = Instant::now();
            match self.write(&key, &Presence::Here, self.revision).await {
                Ok(revision) => {
                    self.revision = revision;
                    self.note_heard(began);
                    return true;
                }
                Err(Refused::Newer) => {}
                Err(Refused::Failed(reason)) => {
                    self.note_trouble(Doing::SayHere, reason);
                    break;
                }
            }
            match bucket::newest(&self.shared.store, &key).await {
                // A write of its own that was thought to have failed.
                Ok(Some(entry)) if value(&entry) == Some(Presence::Here) => {
                    self.revision = entry.revision;
                }
                Ok(Some(_)) => {
                    self.told.lock().is_lost = true;
                    self.told.changed.notify_one();
                    return false;
                }
                // The server has forgotten it.
                Ok(None) => self.revision = 0,
                Err(reason) => {
                    self.note_trouble(Doing::SayHere, reason);
                    break;
                }
            }
        }
        self.again_at = Instant::now() + LATER.min(self.shared.patience / AGAIN);
        true
    }

    fn note_heard(&mut self, began: Instant) {
        let interval = self.shared.patience / AGAIN;
        let now = Instant::now();
        let before = self.heard_at.replace(now);
        self.again_at = began + interval;
        self.note_done(Doing::SayHere);
        self.told.lock().until = Some(began + self.shared.patience / 4 * 3);
        self.told.changed.notify_one();
        // If this one was not heard for long, nobody was, perhaps.
        let step = before.map_or(Duration::ZERO, |before| now - before);
        for member in self.members.values_mut() {
            if member.last == member.revision {
                member.still += step.min(2 * interval);
            } else {
                (member.last, member.still) = (member.revision, Duration::ZERO);
            }
        }
    }

    fn note(&mut self, entry: &Entry) {
        match self.about(&entry.key) {
            Some(About::Member(name)) => {
                let presence = value(entry).unwrap_or(Presence::Gone);
                self.note_member(name, presence, entry.revision);
            }
            Some(About::Shard(number)) => {
                self.note_place(number, value(entry).unwrap_or_default(), entry.revision);
            }
            None => {}
        }
    }

    fn about<'a>(&self, key: &'a str) -> Option<About<'a>> {
        let rest = key.strip_prefix(&self.shared.prefix)?;
        let mut parts = rest.split('.').skip(1);
        match (parts.next()?, parts.next()?) {
            ("member", name) => Some(About::Member(name)),
            ("shard", name) => {
                let number = self.shared.shards.iter().position(|shard| shard == name);
                number.map(About::Shard)
            }
            _ => None,
        }
    }

    /// The server has forgotten a key: it is written anew.
    fn note_forgotten(&mut self, key: &str) {
        match self.about(key) {
            Some(About::Member(name)) => {
                if let Some(member) = self.members.get_mut(name) {
                    (member.revision, member.last) = (0, 0);
                }
            }
            Some(About::Shard(number)) => self.spots[number] = Spot::default(),
            None => {}
        }
    }

    fn note_member(&mut self, name: &str, presence: Presence, revision: u64) {
        let member = self.members.entry(name.to_owned()).or_insert(Member {
            presence,
            revision,
            last: 0,
            still: Duration::ZERO,
        });
        if revision > member.revision {
            (member.presence, member.revision) = (presence, revision);
        }
    }

    fn note_place(&mut self, number: usize, place: Place, revision: u64) {
        let spot = &mut self.spots[number];
        if revision > spot.revision {
            *spot = Spot { place, revision };
        }
    }

    /// Reads a key that is not as it was known.
    async fn look(&mut self, key: &str) -> Result<(), String> {
        match bucket::newest(&self.shared.store, key).await? {
            Some(entry) => self.note(&entry),
            None => self.note_forgotten(key),
        }
        Ok(())
    }

    /// Each write may take long, so this one says in between that it is here.
    async fn take_and_leave(&mut self) {
        self.note_held();
        let done = async {
            self.find_lost().await?;
            self.let_go().await?;
            self.take().await
        };
        match done.await {
            Ok(()) => self.note_done(Doing::Take),
            Err(reason) => self.note_trouble(Doing::Take, reason),
        }
    }

    /// Says of those who are not heard of any more that they are lost.
    async fn find_lost(&mut self) -> Result<(), String> {
        let lost = self.members.iter().filter(|(name, member)| {
            **name != self.shared.me
                && member.presence == Presence::Here
                && member.still >= self.shared.patience
        });
        let lost: Vec<_> = lost
            .map(|(name, member)| (name.clone(), member.revision))
            .collect();
        for (name, revision) in lost {
            self.stay().await?;
            let key = self.member_key(&name);
            match self.write(&key, &Presence::Lost, revision).await {
                Ok(revision) => self.note_member(&name, Presence::Lost, revision),
                Err(Refused::Newer) => self.look(&key).await?,
                Err(Refused::Failed(reason)) => return Err(reason),
            }
        }
        Ok(())
    }

    /// Frees what the reader has let go.
    async fn let_go(&mut self) -> Result<(), String> {
        let all: Vec<_> = self.told.lock().let_go.iter().copied().collect();
        for number in all {
            self.stay().await?;
            // It was freed before, perhaps, though nobody has said so, and is somebody else's by now.
            if self.is_mine(number) {
                let lost = self.spots[number].place.lost;
                self.put(number, Place { reader: None, lost }).await?;
            }
            if !self.is_mine(number) {
                let mut state = self.told.lock();
                state.let_go.remove(&number);
                state.held.remove(&number);
                state.leave = state.leave.saturating_sub(1);
            }
        }
        Ok(())
    }

    fn is_mine(&self, number: usize) -> bool {
        self.spots[number].place.reader.as_ref() == Some(&self.shared.me)
    }

    /// Writes who reads a shard, unless somebody else was faster: it is known then.
    async fn put(&mut self, number: usize, place: Place) -> Result<(), String> {
        let key = self.shard_key(number);
        let revision = self.spots[number].revision;
        match self.write(&key, &place, revision).await {
            Ok(revision) => self.note_place(number, place, revision),
            Err(Refused::Newer) => self.look(&key).await?,
            Err(Refused::Failed(reason)) => return Err(reason),
        }
        Ok(())
    }

    /// Takes of the free shards as many as are its own, and says how many are too many.
    async fn take(&mut self) -> Result<(), String> {
        // Each try takes one, or finds out what others have done. What is left has time.
        for _ in 0..self.spots.len() * TRIES {
            self.stay().await?;
            // What was thought to have failed may have been done.
            self.note_held();
            let over = self.told.lock().over.clone();
            let (wanted, free) = self.share(&over);
            self.told.lock().leave = wanted.leave;
            if wanted.leave > 0 {
                self.told.changed.notify_one();
            }
            let Some(number) = free.first().filter(|_| wanted.take > 0) else {
                return Ok(());
            };
            let number = *number;
            let place = self.spots[number].place.clone();
            if let Some(reader) = &place.reader {
                if !self.members.contains_key(reader) {
                    // Its key may be on its way to here.
                    self.look(&self.member_key(reader)).await?;
                    self.note_member(reader, Presence::Gone, 0);
                    continue;
                }
                // What it writes when it wakes up is not to count beside what is found here.
                let key = format!("{}.{reader}", self.shared.prefix);
                bucket::close(&self.shared.client, &self.shared.store, &key).await?;
            }
            let lost = place.lost.saturating_add(place.reader.is_some().into());
            let place = Place {
                reader: Some(self.shared.me.clone()),
                lost,
            };
            self.put(number, place).await?;
        }
        self.note_held();
        Ok(())
    }

    /// What is to be taken and left, and which shards are free.
    fn share(&self, over: &BTreeSet<usize>) -> (super::share::Share, Vec<usize>) {
        let here = self.members.iter();
        let here = here.filter(|(_, member)| member.presence == Presence::Here);
        let mut held: BTreeMap<&str, usize> = here.map(|(name, _)| (name.as_str(), 0)).collect();
        held.entry(&self.shared.me).or_default();
        let mut free = Vec::new();
        for (number, spot) in self.spots.iter().enumerate() {
            if over.contains(&number) {
                continue;
            }
            let reader = spot.place.reader.as_deref();
            match reader.and_then(|reader| held.get_mut(reader)) {
                Some(count) => *count += 1,
                None => free.push(number),
            }
        }
        (share(&held, free.len(), &self.shared.me), free)
    }

    /// Tells the reader of the shards that are this one's, and of those that are not any more.
    fn note_held(&self) {
        let mut told = self.told.lock();
        let state = &mut *told;
        let before = state.held.len();
        state.held.retain(|number, _| self.is_mine(*number));
        state.let_go.retain(|number| self.is_mine(*number));
        let gone = before - state.held.len();
        // It is said anew how many are too many.
        state.leave = state.leave.saturating_sub(gone);
        let mut is_news = gone > 0;
        for (number, spot) in self.spots.iter().enumerate() {
            if self.is_mine(number) {
                is_news |= state.held.insert(number, spot.place.lost).is_none();
            }
        }
        drop(told);
        if is_news {
            self.told.changed.notify_one();
        }
    }

    /// Frees all, and says that this one is gone.
    async fn leave(&mut self) {
        let held: Vec<_> = self.told.lock().held.keys().copied().collect();
        self.told.lock().let_go.extend(held);
        // If it cannot be said, others find out.
        if self.let_go().await.is_ok() {
            let key = self.member_key(&self.shared.me);
            let _ = self.write(&key, &Presence::Gone, self.revision).await;
        }
    }
}

fn value<T: DeserializeOwned>(entry: &Entry) -> Option<T> {
    serde_json::from_slice(entry.value.as_ref()?).ok()
}
