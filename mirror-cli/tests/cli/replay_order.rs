//! The order within a session, over several replayers that share a stream.

use std::{
    collections::BTreeMap,
    process::Stdio,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
};

use axum::Router;
use mirror_record::{Record, SessionHash};
use rustix::process::{Pid, Signal, kill_process};
use testkit::{
    demo::Server,
    nats::{NatsServer, programs},
    until,
};
use tokio::{
    io::{AsyncBufReadExt as _, BufReader},
    process::Child,
    sync::Semaphore,
};

use crate::{
    replay::{answer, orders},
    replay_stream::{ALL, COUNT, Said, ended, publish},
    support::command,
};

/// So many sessions, in all shards.
const SESSIONS: u64 = 60;

/// Who was sent what, in which order.
#[derive(Clone, Default)]
struct Seen {
    /// By the session: the replayer, and the number of the record in the session.
    by_session: Arc<Mutex<BTreeMap<u64, Vec<(String, u64)>>>>,
    count: Arc<AtomicUsize>,
}

impl Seen {
    fn note(&self, request: &axum::extract::Request, sessions: u64) {
        let number = request.uri().path().rsplit('/').next().unwrap();
        let number: u64 = number.parse().unwrap();
        let by = request.headers()["x-replayer"].to_str().unwrap().to_owned();
        let mut sessions_of = self.by_session.lock().unwrap();
        let of = sessions_of.entry(number % sessions).or_default();
        of.push((by, number / sessions));
        self.count.fetch_add(1, SeqCst);
    }

    fn by(&self, replayer: &str) -> usize {
        let sessions = self.by_session.lock().unwrap();
        let all = sessions.values().flatten();
        all.filter(|(by, _)| by == replayer).count()
    }

    /// Each session from its first to its last record, which goes back at most so often.
    #[track_caller]
    fn is_in_order(&self, back: usize) {
        let sessions = self.by_session.lock().unwrap();
        assert!(!sessions.is_empty());
        for (session, seen) in &*sessions {
            let mut went_back = 0;
            let mut next = 0;
            for (_, number) in seen {
                assert!(*number <= next, "session {session} leaps: {seen:?}");
                went_back += usize::from(*number < next);
                next = number + 1;
            }
            assert!(went_back <= back, "session {session} goes back: {seen:?}");
            assert_eq!(next, COUNT / sessions.len() as u64, "{session}: {seen:?}");
        }
    }
}

/// A stream of sessions, and a build that notes what it was sent, and responds to as many requests
/// as there are permits.
struct Stage {
    server: NatsServer,
    build: Server,
    seen: Seen,
    slots: Arc<Semaphore>,
}

impl Stage {
    async fn new(program: &std::path::Path, sessions: u64) -> Self {
        let server = NatsServer::of(program, "");
        let mut records = orders(COUNT);
        for (record, number) in records.iter_mut().zip(0_u64..) {
            let session = u128::from(number % sessions) * 0x9e37_79b9_7f4a_7c15;
            record.session = Some(SessionHash(session.to_le_bytes()));
        }
        let shards: std::collections::BTreeSet<_> = records.iter().map(shard).collect();
        assert!(sessions == 1 || shards.len() > 8, "{shards:?}");
        publish(&server, &records).await;
        let (seen, slots) = (Seen::default(), Arc::new(Semaphore::new(0)));
        let (of_seen, of_slots) = (seen.clone(), Arc::clone(&slots));
        let app = Router::new().fallback(move |request: axum::extract::Request| {
            of_seen.note(&request, sessions);
            let slots = Arc::clone(&of_slots);
            async move {
                slots.acquire().await.unwrap().forget();
                answer(&request, 12.5)
            }
        });
        let build = Server::anywhere(app).unwrap();
        Self {
            server,
            build,
            seen,
            slots,
        }
    }

    fn start(&self, name: &str) -> Child {
        self.start_with(name, &[])
    }

    /// One of those that are found out soon if one of them is lost.
    fn start_watched(&self, name: &str) -> Child {
        self.start_with(name, &["--ack-wait", "4s"])
    }

    fn start_with(&self, name: &str, more: &[&str]) -> Child {
        let (from, to) = (self.server.url(), self.build.url());
        let header = format!("x-replayer: {name}");
        let args = [
            "replay",
            "--from",
            &from,
            "--mirror",
            "orders",
            "--to",
            &to,
            "--speed",
            "max",
            "--json",
            "--lookahead",
            "1s",
            "--max-concurrent",
            "4",
            // They wait as long as the test wants.
            "--timeout",
            "60s",
            "--header",
            &header,
        ];
        let args: Vec<_> = args.iter().chain(more).copied().collect();
        let mut command = command(&args);
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        command.spawn().unwrap()
    }

    fn allow(&self, requests: usize) {
        self.slots.add_permits(requests);
    }

    async fn sent_by(&self, name: &str, requests: usize) {
        let what = format!("{name} has sent {requests} requests");
        until(&what, || self.seen.by(name) >= requests).await;
    }
}

fn shard(record: &Record) -> u16 {
    record.shard(16)
}

fn signal(child: &Child, signal: Signal) {
    let id = Pid::from_raw(i32::try_from(child.id().unwrap()).unwrap()).unwrap();
    kill_process(id, signal).unwrap();
}

/// Whether all of its threads are: they stop one by one.
fn is_stopped(child: &Child) -> bool {
    let tasks = std::fs::read_dir(format!("/proc/{}/task", child.id().unwrap())).unwrap();
    let is_stopped = |task: std::fs::DirEntry| {
        let state = std::fs::read_to_string(task.path().join("stat"));
        state.is_ok_and(|state| state.contains(") T "))
    };
    tasks.flatten().all(is_stopped)
}

/// Both have sent something, and both have the verdict on all.
#[track_caller]
fn are_joint(said: [&Said; 2]) {
    for of in said {
        of.is_whole(0, 2);
        assert!(of.own > 0, "{said:#?}");
    }
    assert_eq!(said[0].own + said[1].own, COUNT, "{said:#?}");
}

#[tokio::test]
async fn sessions_keep_their_order_over_replayers_that_begin_at_once() {
    for (_, program) in programs() {
        let stage = Stage::new(&program, SESSIONS).await;
        let both = [stage.start("one"), stage.start("two")];
        stage.sent_by("one", 1).await;
        stage.sent_by("two", 1).await;
        stage.allow(ALL);
        let [one, two] = both.map(ended);
        let (one, two) = tokio::join!(one, two);
        are_joint([&one, &two]);
        stage.seen.is_in_order(0);
        assert_eq!(stage.seen.count.load(SeqCst) as u64, COUNT);
    }
}

#[tokio::test]
async fn sessions_keep_their_order_if_a_replayer_joins_in_the_middle_and_one_leaves() {
    for (_, program) in programs() {
        let stage = Stage::new(&program, SESSIONS).await;
        let one = stage.start("one");
        stage.allow(300);
        stage.sent_by("one", 304).await;
        let two = stage.start("two");
        stage.sent_by("two", 4).await;
        stage.allow(200);
        let sent = || stage.seen.count.load(SeqCst) >= 508;
        until("both wait", sent).await;
        let three = stage.start("three");
        stage.sent_by("three", 4).await;
        signal(&three, Signal::INT);
        stage.allow(ALL);
        let (one, two, three) = tokio::join!(ended(one), ended(two), ended(three));
        for said in [&one, &two] {
            said.is_whole(0, 3);
        }
        assert_eq!((three.code, three.own >= 4), (2, true), "{three:#?}");
        assert_eq!(one.own + two.own + three.own, COUNT);
        stage.seen.is_in_order(0);
        assert_eq!(stage.seen.count.load(SeqCst) as u64, COUNT);
    }
}

#[tokio::test]
async fn sessions_keep_their_order_if_a_replayer_is_killed_in_the_middle() {
    for (_, program) in programs() {
        let stage = Stage::new(&program, SESSIONS).await;
        let [killed, other] = ["killed", "other"].map(|name| stage.start_watched(name));
        stage.sent_by("killed", 1).await;
        stage.sent_by("other", 1).await;
        stage.allow(400);
        let sent = || stage.seen.count.load(SeqCst) >= 408;
        until("both wait", sent).await;
        signal(&killed, Signal::KILL);
        drop(killed);
        stage.allow(ALL);
        let said = ended(other).await;
        said.is_whole(0, said.runs);
        stage.seen.is_in_order(1);
    }
}

/// Others go on with what it had, and when it wakes up it sends nothing, and counts nothing.
#[tokio::test]
async fn a_replayer_that_stood_still_for_too_long_leaves_its_shards_to_others() {
    for (_, program) in programs() {
        let stage = Stage::new(&program, SESSIONS).await;
        let [still, other] = ["still", "other"].map(|name| stage.start_watched(name));
        stage.sent_by("still", 1).await;
        stage.sent_by("other", 1).await;
        stage.allow(400);
        let sent = || stage.seen.count.load(SeqCst) >= 408;
        until("both wait", sent).await;
        signal(&still, Signal::STOP);
        until("it stands still", || is_stopped(&still)).await;
        stage.allow(ALL);
        let said = ended(other).await;
        said.is_whole(0, said.runs);
        let before = stage.seen.by("still");
        signal(&still, Signal::CONT);
        let still = ended(still).await;
        assert_eq!(still.code, 3, "{still:#?}");
        assert_eq!(stage.seen.by("still"), before);
        stage.seen.is_in_order(1);
    }
}

#[tokio::test]
async fn a_replayer_without_a_shard_waits_and_goes_on_when_another_ends() {
    for (_, program) in programs() {
        let stage = Stage::new(&program, 1).await;
        let one = stage.start("one");
        stage.allow(100);
        stage.sent_by("one", 101).await;
        let mut two = stage.start("two");
        let mut lines = BufReader::new(two.stderr.take().unwrap()).lines();
        loop {
            let line = testkit::eventually("it says that it waits", lines.next_line()).await;
            let line = line.unwrap().unwrap();
            if line.contains("waiting for") && line.contains("records that other replayers hold") {
                break;
            }
        }
        assert_eq!(stage.seen.by("two"), 0);
        signal(&one, Signal::INT);
        stage.allow(ALL);
        let (one, two) = tokio::join!(ended(one), ended(two));
        assert_eq!((one.code, one.own >= 101), (2, true), "{one:#?}");
        two.is_whole(0, 2);
        assert_eq!(one.own + two.own, COUNT);
        stage.seen.is_in_order(0);
    }
}
