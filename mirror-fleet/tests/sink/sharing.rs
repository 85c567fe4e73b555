//! Readers of one replay, each of which reads shards of its own.

use std::{collections::BTreeMap, time::Duration};

use async_nats::jetstream::{self, kv::Store};
use mirror_fleet::{NatsReader, ReaderOptions, Runs};
use serde_json::{Value, json};
use testkit::{
    eventually,
    nats::{NatsServer, programs},
};
use tokio::{sync::watch, time::interval};

use super::{reading::write, support::*};

async fn join(server: &NatsServer, ack_wait: u64) -> NatsReader {
    let mut options = ReaderOptions::new("orders", "shared");
    options.ack_wait = Duration::from_secs(ack_wait);
    let joined = Runs::join(&connection(server), &options, "a job", false).await;
    joined.unwrap().1
}

async fn bucket(server: &NatsServer) -> Store {
    let client = async_nats::connect(server.url()).await.unwrap();
    let context = jetstream::new(client);
    context.get_key_value("mirror-replay").await.unwrap()
}

/// What the keys of that kind say, each with its revision.
async fn keys(store: &Store, kind: &str) -> BTreeMap<String, (u64, Value)> {
    let info = store.stream.info_with_subjects("$KV.mirror-replay.>").await;
    let mut found = BTreeMap::new();
    let mut subjects = info.unwrap();
    while let Some(subject) = futures_util::StreamExt::next(&mut subjects).await {
        let (subject, _) = subject.unwrap();
        let key = subject.strip_prefix("$KV.mirror-replay.").unwrap();
        if key.split('.').nth(2) != Some(kind) {
            continue;
        }
        if let Some(entry) = store.entry(key).await.unwrap() {
            let value = serde_json::from_slice(&entry.value).unwrap();
            found.insert(key.to_owned(), (entry.revision, value));
        }
    }
    found
}

/// The keys of a kind, when they are as they are to be.
async fn keys_when(
    store: &Store,
    kind: &str,
    is_so: impl Fn(&BTreeMap<String, (u64, Value)>) -> bool,
) -> BTreeMap<String, (u64, Value)> {
    let seen = async {
        loop {
            let found = keys(store, kind).await;
            if is_so(&found) {
                return found;
            }
            tokio::task::yield_now().await;
        }
    };
    eventually(kind, seen).await
}

/// Holds what comes until it is told that it may settle it, and then reads to the end.
async fn read_all(mut reader: NatsReader, mut may_settle: watch::Receiver<bool>) -> usize {
    let mut commits = interval(Duration::from_millis(50));
    let mut held = Vec::new();
    let mut read = 0;
    loop {
        tokio::select! {
            biased;
            _ = commits.tick() => {
                while let Some(term) = reader.withdrawn() {
                    for (sequence, _) in held.extract_if(.., |(_, of)| *of == term) {
                        reader.nak(sequence);
                    }
                }
                reader.commit().await.unwrap();
            }
            _ = may_settle.wait_for(|may| *may), if !held.is_empty() => {
                for (sequence, _) in held.drain(..) {
                    reader.ack(sequence);
                    read += 1;
                }
            }
            next = reader.next() => {
                let Some(record) = next.unwrap() else { break };
                held.push((record.sequence, record.term));
            }
        }
    }
    reader.give_back().await;
    read
}

/// That of the first counts, so the other does not wait for too short.
#[tokio::test]
async fn one_that_was_told_to_wait_for_less_takes_nobody_for_lost() {
    for (_, program) in programs() {
        let server = NatsServer::of(&program, "");
        write(&server, 4, 20, 0).await;
        let (settle, may_settle) = watch::channel(false);
        let first = join(&server, 30).await;
        let store = bucket(&server).await;
        let known = keys_when(&store, "member", |found| !found.is_empty()).await;
        let first_key = known.keys().next().unwrap();
        let second = join(&server, 3).await;
        // Between two signs of life there is more than the other was told.
        let two_signs = async {
            let mut last = keys(&store, "member").await[first_key].0;
            for _ in 0..2 {
                let newer = |found: &BTreeMap<String, (u64, Value)>| found[first_key].0 > last;
                let found = keys_when(&store, "member", newer).await;
                assert_eq!(found.len(), 2);
                assert!(
                    found.values().all(|(_, value)| value == "here"),
                    "{found:?}"
                );
                last = found[first_key].0;
            }
            settle.send_replace(true);
        };
        let (first, second) = (
            read_all(first, may_settle.clone()),
            read_all(second, may_settle),
        );
        let (first, second, ()) = tokio::join!(first, second, two_signs);
        assert_eq!(first + second, 80);
        assert!(first > 0 && second > 0, "{first} {second}");
    }
}

/// As of one whose shard was taken after its key was lost.
#[tokio::test]
async fn a_shard_that_others_have_taken_is_read_no_more() {
    for (_, program) in programs() {
        let server = NatsServer::of(&program, "");
        // Of one shard, none is to be given to the other.
        write(&server, 1, 200, 0).await;
        let mut reader = join(&server, 600).await;
        let store = bucket(&server).await;
        let next = eventually("a record", reader.next()).await;
        let record = next.unwrap().unwrap();
        assert!(reader.holds(record.sequence));
        let shards = keys(&store, "shard").await;
        let (shard, (revision, _)) = shards.first_key_value().unwrap();
        let of = shard.split(".shard.").next().unwrap();
        let other = format!("{of}.member.other");
        store.put(&other, r#""here""#.into()).await.unwrap();
        let place = json!({ "reader": "other", "lost": 0 });
        let value = place.to_string().into();
        store.update(shard, value, *revision).await.unwrap();
        let withdrawn = async {
            loop {
                if let Some(term) = reader.withdrawn() {
                    return term;
                }
                tokio::task::yield_now().await;
            }
        };
        let term = eventually("the shard is withdrawn", withdrawn).await;
        assert_eq!(term, record.term);
        assert!(!reader.holds(record.sequence));
        reader.leave().await;
        assert_eq!(keys(&store, "shard").await[shard].1, place);
    }
}
