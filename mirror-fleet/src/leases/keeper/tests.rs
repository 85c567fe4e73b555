//! What the keeper does when the server has forgotten something, or others were faster.

use async_nats::jetstream::kv::Store;
use testkit::{
    eventually,
    nats::{NatsServer, programs},
};

use super::*;
use crate::{
    bucket::Bounds,
    leases::{Doing, Leases},
};

const ME: &str = "me";

/// One that is here, and of whose shards none is taken.
async fn keeper(server: &NatsServer, shards: usize, patience: Duration) -> Keeper {
    let client = async_nats::connect(server.url()).await.unwrap();
    let bounds = Bounds {
        name: "leases".to_owned(),
        description: "",
        max_bytes: 1 << 20,
        max_age: Duration::ZERO,
        replicas: 1,
    };
    let store = bucket::ensure(&client, &bounds).await.unwrap();
    let shared = Shared {
        client,
        store,
        prefix: "replay.generation".to_owned(),
        me: ME.to_owned(),
        shards: (0..shards).map(|number| number.to_string()).collect(),
        patience,
    };
    let mut keeper = Keeper::new(shared, Arc::default());
    assert!(keeper.say_here().await);
    keeper
}

async fn put(store: &Store, key: &str, value: &impl Serialize) -> u64 {
    let value = serde_json::to_vec(value).unwrap();
    store.put(key, value.into()).await.unwrap()
}

async fn reader(keeper: &Keeper, number: usize) -> Option<String> {
    let key = keeper.shard_key(number);
    let entry = bucket::newest(&keeper.shared.store, &key).await.unwrap();
    value::<Place>(&entry.unwrap()).unwrap().reader
}

fn of(name: &str) -> Place {
    Place {
        reader: Some(name.to_owned()),
        lost: 0,
    }
}

fn held(keeper: &Keeper) -> Vec<usize> {
    keeper.told.lock().held.keys().copied().collect()
}

const LONG: Duration = Duration::from_mins(10);

#[tokio::test]
async fn a_shard_that_somebody_else_reads_is_not_freed() {
    for (_, program) in programs() {
        let server = NatsServer::of(&program, "");
        let mut keeper = keeper(&server, 2, LONG).await;
        keeper.take().await.unwrap();
        assert_eq!(held(&keeper), [0, 1]);
        // Both were let go, which nobody has said, and were taken by another. One is still to be.
        put(
            &keeper.shared.store,
            &keeper.member_key("other"),
            &Presence::Here,
        )
        .await;
        for number in 0..2 {
            let key = keeper.shard_key(number);
            put(&keeper.shared.store, &key, &of("other")).await;
            keeper.look(&key).await.unwrap();
        }
        keeper.told.lock().let_go.insert(0);
        keeper.let_go().await.unwrap();
        assert_eq!(held(&keeper), [1]);
        keeper.leave().await;
        for number in 0..2 {
            assert_eq!(reader(&keeper, number).await.as_deref(), Some("other"));
        }
        assert_eq!(held(&keeper), [0; 0]);
    }
}

#[tokio::test]
async fn a_shard_whose_key_the_server_has_forgotten_is_taken() {
    for (_, program) in programs() {
        let server = NatsServer::of(&program, "");
        let mut keeper = keeper(&server, 1, LONG).await;
        keeper.spots[0] = Spot {
            place: of("other"),
            revision: 99,
        };
        eventually("it is taken", keeper.take()).await.unwrap();
        assert_eq!(held(&keeper), [0]);
        assert_eq!(reader(&keeper, 0).await.as_deref(), Some(ME));
    }
}

#[tokio::test]
async fn one_whose_key_the_server_has_forgotten_is_lost() {
    for (_, program) in programs() {
        let server = NatsServer::of(&program, "");
        let mut keeper = keeper(&server, 1, LONG).await;
        keeper.note_member("other", Presence::Here, 99);
        keeper.members.get_mut("other").unwrap().still = LONG;
        for _ in 0..2 {
            keeper.find_lost().await.unwrap();
        }
        let key = keeper.member_key("other");
        let entry = bucket::newest(&keeper.shared.store, &key).await.unwrap();
        assert_eq!(value(&entry.unwrap()), Some(Presence::Lost));
    }
}

/// Its key was on its way, while the watch believed that all had come.
#[tokio::test]
async fn a_shard_is_not_taken_from_one_that_is_not_known_yet() {
    for (_, program) in programs() {
        let server = NatsServer::of(&program, "");
        let mut keeper = keeper(&server, 1, LONG).await;
        let store = keeper.shared.store.clone();
        put(&store, &keeper.member_key("other"), &Presence::Here).await;
        let revision = put(&store, &keeper.shard_key(0), &of("other")).await;
        keeper.note_place(0, of("other"), revision);
        keeper.take().await.unwrap();
        assert_eq!(reader(&keeper, 0).await.as_deref(), Some("other"));
        assert_eq!(held(&keeper), [0; 0]);
    }
}

#[tokio::test]
async fn who_takes_many_shards_says_in_between_that_it_is_here() {
    for (_, program) in programs() {
        let server = NatsServer::of(&program, "");
        // It is always time to.
        let mut keeper = keeper(&server, 4, Duration::ZERO).await;
        keeper.take().await.unwrap();
        assert_eq!(held(&keeper), [0, 1, 2, 3]);
        assert!(keeper.revision > keeper.spots[2].revision);
        let before = keeper.revision;
        keeper.told.lock().let_go.extend(0..4);
        keeper.let_go().await.unwrap();
        assert!(keeper.revision > before + 4, "{before}");
    }
}

#[tokio::test]
async fn what_has_failed_before_a_watch_began_is_over() {
    for (_, program) in programs() {
        let server = NatsServer::of(&program, "");
        let keeper = keeper(&server, 1, LONG).await;
        let leases = Leases {
            state: Arc::clone(&keeper.told),
            keeper: tokio::spawn(async {}),
            patience: LONG,
        };
        keeper.note_trouble(Doing::Take, "a write".to_owned());
        keeper.note_trouble(Doing::Watch, "the watch".to_owned());
        assert!(leases.trouble(Duration::ZERO).is_some());
        keeper.begin_watch().await.unwrap();
        assert_eq!(leases.trouble(Duration::ZERO), None);
    }
}
