//! `mirror replay` of a stream of NATS, with the server itself.

use std::{
    process::Stdio,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    time::Duration,
};

use async_nats::jetstream::{self, stream::Config};
use axum::Router;
use futures_util::StreamExt as _;
use mirror_record::Record;
use mirror_replay::{Counts, Found, Judge, Nats, Phase, ReaderOptions, Source, Thresholds};
use serde_json::Value;
use testkit::{
    closed_port,
    demo::Server,
    eventually,
    nats::{NatsServer, programs},
    until,
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _, copy},
    net::{TcpListener, TcpStream},
    process::{Child, Command},
    sync::{Semaphore, mpsc},
    time::{Instant, sleep_until, timeout},
};

use crate::{
    replay::{answer, orders},
    support::{Run, command, mirror, run},
};

/// As many records as one reader does not hold.
pub(crate) const COUNT: u64 = 1_200;

/// Puts records into a stream, as a sink does.
pub(crate) async fn publish(server: &NatsServer, records: &[Record]) {
    let client = async_nats::connect(server.url()).await.unwrap();
    let context = jetstream::new(client);
    let config = Config {
        name: "MIRROR".to_owned(),
        subjects: vec!["mirror.v1.>".to_owned()],
        max_bytes: 64 << 20,
        ..Config::default()
    };
    context.get_or_create_stream(config).await.unwrap();
    for record in records {
        let subject = format!("mirror.v1.{}.{}", record.mirror, record.shard(16));
        let sent = context.publish(subject, record.encode()).await.unwrap();
        sent.await.unwrap();
    }
}

/// What a run says.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) code: i32,
    responded: u64,
    mismatched: u64,
    read: u64,
    /// Of the evidence.
    compared: u64,
    pub(crate) own: u64,
    pub(crate) runs: u64,
    /// What was said before.
    aside: String,
}

impl Said {
    fn new(run: &Run) -> Self {
        let report: Value =
            serde_json::from_str(&run.stdout).unwrap_or_else(|error| panic!("{error}: {run:#?}"));
        let replay = &report["replay"];
        let count = |value: &Value| value.as_u64().unwrap_or_else(|| panic!("{run:#?}"));
        Self {
            code: run.code,
            responded: count(&replay["counts"]["responded"]),
            mismatched: count(&replay["counts"]["mismatched"]),
            read: count(&replay["counts"]["read"]),
            compared: count(&report["report"]["targets"][0]["compared"]),
            own: count(&replay["joint"]["own"]["responded"]),
            runs: count(&replay["joint"]["runs"]),
            aside: run.stderr.clone(),
        }
    }

    /// That it is on all records, each counted once, with this code.
    #[track_caller]
    pub(crate) fn is_whole(&self, code: i32, runs: u64) {
        let counts = [self.responded, self.read, self.compared];
        assert_eq!(counts, [COUNT; 3], "{self:#?}");
        assert_eq!((self.code, self.runs), (code, runs), "{self:#?}");
    }
}

/// A stream with orders, a build, and replays of the one to the other.
struct Stage {
    server: NatsServer,
    build: Server,
    sent: Arc<AtomicUsize>,
    /// So many requests are responded to.
    slots: Arc<Semaphore>,
}

impl Stage {
    /// With a build that responds to each tenth request with this total, and alike to the others.
    async fn new(program: &std::path::Path, config: &str, total: f64) -> Self {
        let server = NatsServer::of(program, config);
        publish(&server, &orders(COUNT)).await;
        let (sent, slots) = (Arc::default(), Arc::new(Semaphore::new(0)));
        let build = build(&sent, &slots, total);
        Self {
            server,
            build,
            sent,
            slots,
        }
    }

    fn command(&self, more: &[&str]) -> Command {
        let (from, to) = (self.server.url(), self.build.url());
        let args = [
            "replay", "--from", &from, "--mirror", "orders", "--to", &to, "--json",
        ];
        let full = ["--speed", "max", "--lookahead", "1s"];
        let is_paced = more.contains(&"--speed");
        let full = full.iter().filter(|_| !is_paced);
        let args: Vec<_> = args.iter().chain(full).chain(more).copied().collect();
        command(&args)
    }

    async fn run(&self, more: &[&str]) -> Said {
        Said::new(&run(self.command(more)).await)
    }

    fn start(&self, more: &[&str]) -> Child {
        let mut command = self.command(more);
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        command.spawn().unwrap()
    }

    /// So many requests can be responded to from now on, and no more.
    fn allow(&self, requests: usize) {
        self.slots.forget_permits(usize::MAX);
        self.slots.add_permits(requests);
    }

    async fn sent(&self, requests: usize) {
        let what = format!("{requests} requests were sent");
        until(&what, || self.sent.load(SeqCst) == requests).await;
    }

    /// Waits until so many runs have kept something.
    async fn runs(&self, runs: u64) {
        let client = async_nats::connect(self.server.url()).await.unwrap();
        let context = jetstream::new(client);
        let kept = async {
            loop {
                if kept(&context).await >= runs {
                    return;
                }
            }
        };
        eventually("the runs keep what they have found", kept).await;
    }

    /// Waits until all records were handed out.
    async fn all_are_read(&self) {
        let client = async_nats::connect(self.server.url()).await.unwrap();
        let stream = jetstream::new(client).get_stream("MIRROR").await.unwrap();
        let read = async {
            loop {
                let consumers: Vec<_> = stream.consumers().collect().await;
                let left = consumers.iter().map(|it| it.as_ref().unwrap().num_pending);
                if left.sum::<u64>() == 0 {
                    return;
                }
            }
        };
        eventually("all records are read", read).await;
    }

    fn take_sent(&self) -> u64 {
        self.sent.swap(0, SeqCst) as u64
    }
}

/// How many runs have kept something.
async fn kept(context: &jetstream::Context) -> u64 {
    let Ok(bucket) = context.get_stream("KV_mirror-replay").await else {
        return 0;
    };
    let subjects = bucket.info_with_subjects("$KV.mirror-replay.*.*.*").await;
    let Ok(subjects) = subjects else {
        return 0;
    };
    // Their names are in the third place, and longer parts of what they have kept in a fourth.
    subjects.count().await as u64
}

pub(crate) const ALL: usize = 1_000_000;

pub(crate) async fn ended(child: Child) -> Said {
    let output = eventually("the replay ends", child.wait_with_output());
    let output = output.await.unwrap();
    Said::new(&Run {
        code: output.status.code().unwrap_or(-1),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    })
}

/// A build that responds to as many requests as there are permits.
fn build(sent: &Arc<AtomicUsize>, slots: &Arc<Semaphore>, total: f64) -> Server {
    let (sent, slots) = (Arc::clone(sent), Arc::clone(slots));
    let app = Router::new().fallback(move |request: axum::extract::Request| {
        sent.fetch_add(1, SeqCst);
        let slots = Arc::clone(&slots);
        async move {
            slots.acquire().await.unwrap().forget();
            let is_tenth = request.uri().path().ends_with('0');
            answer(&request, if is_tenth { total } else { 12.5 })
        }
    });
    Server::anywhere(app).unwrap()
}

#[tokio::test]
async fn a_stream_is_replayed_and_begun_anew() {
    for (_, program) in programs() {
        let stage = Stage::new(&program, "", 12.5).await;
        stage.allow(ALL);
        let (from, to) = (stage.server.url(), stage.build.url());
        let dry = [
            "replay",
            "--from",
            &from,
            "--mirror",
            "orders",
            "--to",
            &to,
            "--dry-run",
        ];
        mirror(&dry).await.expect(0, "would send 1200 requests");
        assert_eq!(stage.take_sent(), 0);
        let with_file = run(stage.command(&["--state", "x"])).await;
        with_file.expect(64, "kept in NATS");
        // All of it, and all of it anew: one that came to its end is over.
        for _ in 0..3 {
            stage.run(&[]).await.is_whole(0, 1);
        }
        assert_eq!(stage.take_sent(), 3 * COUNT);
        // Of what is over, the last is left.
        let client = async_nats::connect(stage.server.url()).await.unwrap();
        let context = jetstream::new(client);
        assert_eq!(kept(&context).await, 2);
        let bucket = context.get_key_value("mirror-replay").await.unwrap();
        let mut info = bucket.stream.clone();
        let left = info.info().await.unwrap().state.messages;
        // What it is, its replayer, its shards and what two have found.
        assert!(left <= 1 + 1 + 16 + 2, "{left}");
        let mut stream = context.get_stream("MIRROR").await.unwrap();
        let consumers = stream.info().await.unwrap().state.consumer_count;
        assert_eq!(consumers, 0);
        // A stream without records of the mirror.
        let others = [
            "replay", "--from", &from, "--mirror", "users", "--to", &to, "--speed", "max",
        ];
        let none = "no record in the log is of the mirror `users`: there are records of `orders`";
        mirror(&others).await.expect(2, none);
        let dry = [&others[..], &["--dry-run"]].concat();
        mirror(&dry).await.expect(0, none);
    }
}

#[tokio::test]
async fn replayers_that_share_a_stream_all_have_the_verdict_on_all_of_it() {
    for (_, program) in programs() {
        // What they have found takes several parts.
        let stage = Stage::new(&program, "max_payload: 5120", 13.0).await;
        let shared = ["--consumer", "shared", "--max-concurrent", "4"];
        let both = [stage.start(&shared), stage.start(&shared)];
        stage.sent(8).await;
        stage.allow(ALL);
        let [one, two] = both.map(ended);
        let (one, two) = tokio::join!(one, two);
        for said in [&one, &two] {
            said.is_whole(1, 2);
            assert_eq!(said.mismatched, COUNT / 10);
        }
        assert_eq!(one.own + two.own, COUNT, "{one:#?} {two:#?}");
        assert!(one.own > 0 && two.own > 0, "{one:#?} {two:#?}");
        assert_eq!(stage.take_sent(), COUNT);
    }
}

#[cfg(unix)]
fn kill(child: &Child, signal: rustix::process::Signal) {
    use rustix::process::{Pid, kill_process};

    let id = Pid::from_raw(i32::try_from(child.id().unwrap()).unwrap()).unwrap();
    kill_process(id, signal).unwrap();
}

#[cfg(unix)]
#[tokio::test]
async fn what_a_killed_replayer_held_is_replayed_by_another_and_counted_once() {
    use rustix::process::Signal;

    for (_, program) in programs() {
        let stage = Stage::new(&program, "", 13.0).await;
        let shared = ["--max-concurrent", "4", "--ack-wait", "3s"];
        let [killed, other] = [stage.start(&shared), stage.start(&shared)];
        stage.sent(8).await;
        stage.allow(100);
        stage.sent(108).await;
        stage.runs(2).await;
        kill(&killed, Signal::KILL);
        drop(killed);
        stage.allow(ALL);
        let said = ended(other).await;
        said.is_whole(1, 2);
        assert_eq!(said.mismatched, COUNT / 10);
        let aside = "records that other replayers hold";
        assert!(said.aside.contains(aside), "{said:#?}");
        // Those in flight are sent again, and so is what was not written down.
        let sent = stage.take_sent();
        assert!((COUNT..=COUNT + 108).contains(&sent), "{sent}");
        // It has ended the replay, which is begun anew.
        stage.run(&shared).await.is_whole(1, 1);
    }
}

#[tokio::test]
async fn a_server_that_ends_in_the_middle_is_waited_for() {
    for (_, program) in programs() {
        let mut stage = Stage::new(&program, "", 13.0).await;
        let replay = stage.start(&["--max-concurrent", "4", "--ack-wait", "15s"]);
        stage.allow(300);
        stage.sent(304).await;
        stage.runs(1).await;
        stage.server.restart();
        stage.allow(ALL);
        let said = ended(replay).await;
        said.is_whole(1, 1);
        assert_eq!(said.mismatched, COUNT / 10);
        assert_eq!(stage.take_sent(), COUNT);
    }
}

#[cfg(unix)]
#[tokio::test]
async fn what_was_read_is_sent_while_the_server_says_nothing() {
    for (_, program) in programs() {
        let stage = Stage::new(&program, "", 13.0).await;
        let more = ["--max-concurrent", "4", "--ack-wait", "15s"];
        let paced = [
            "--speed",
            "1",
            "--lookahead",
            "100ms",
            "--slow-ratio",
            "inf",
        ];
        let replay = stage.start(&[&more[..], &paced].concat());
        stage.allow(300);
        stage.sent(304).await;
        stage.all_are_read().await;
        stage.server.pause();
        stage.allow(400);
        stage.sent(704).await;
        stage.server.resume();
        stage.allow(ALL);
        let said = ended(replay).await;
        said.is_whole(1, 1);
        assert_eq!(stage.take_sent(), COUNT);
    }
}

/// Half a minute, as the manual says.
#[tokio::test]
async fn a_server_that_stays_away_ends_the_replay_with_what_it_has() {
    let Some((_, program)) = programs().into_iter().next() else {
        return;
    };
    let mut stage = Stage::new(&program, "", 13.0).await;
    let replay = stage.start(&["--max-concurrent", "4"]);
    stage.allow(300);
    stage.sent(304).await;
    stage.runs(1).await;
    stage.server.kill();
    stage.allow(ALL);
    // It waits for longer than others do.
    let patience = Duration::from_mins(3);
    let output = tokio::time::timeout(patience, replay.wait_with_output()).await;
    let output = output.expect("the replay ends").unwrap();
    assert_eq!(output.status.code(), Some(3), "{output:?}");
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let counts = &report["replay"]["counts"];
    let responded = counts["responded"].as_u64().unwrap();
    // What was read was sent, and nothing else could be had.
    assert!((304..COUNT).contains(&responded), "{report}");
    let reason = report["reason"].as_str().unwrap();
    assert!(reason.contains("cannot be read to its end"), "{report}");
}

#[cfg(unix)]
#[tokio::test]
async fn a_stopped_replay_is_gone_on_with_by_anybody() {
    use rustix::process::Signal;

    for (_, program) in programs() {
        let stage = Stage::new(&program, "", 12.5).await;
        stage.allow(100);
        let more = ["--max-concurrent", "8"];
        let first = stage.start(&more);
        stage.sent(108).await;
        kill(&first, Signal::INT);
        stage.allow(ALL);
        let first = ended(first).await;
        assert_eq!((first.code, first.runs), (2, 1), "{first:#?}");
        assert!(first.responded < COUNT, "{first:#?}");
        // There is nothing on the disk that it could know of.
        let second = stage.run(&more).await;
        second.is_whole(0, 2);
        assert_eq!(first.own + second.own, COUNT);
        assert_eq!(stage.take_sent(), COUNT);

        // Whoever takes part is told if it is begun anew.
        stage.allow(0);
        let first = stage.start(&more);
        stage.sent(8).await;
        let anew = stage.start(&[&more[..], &["--restart"]].concat());
        stage.sent(16).await;
        stage.allow(ALL);
        ended(anew).await.is_whole(0, 1);
        let output = eventually("the first ends", first.wait_with_output());
        let output = output.await.unwrap();
        assert_eq!(output.status.code(), Some(3), "{output:?}");
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(text.contains("begun anew"), "{output:?}");
    }
}

/// Nobody can kill a program between two of its lines, so this one is not ended, but dropped.
#[tokio::test]
async fn what_was_written_down_and_not_acknowledged_is_not_counted_again() {
    for (_, program) in programs() {
        let server = NatsServer::of(&program, "");
        publish(&server, &orders(COUNT)).await;
        let mut options = ReaderOptions::new("orders", "dropped");
        options.ack_wait = Duration::from_secs(3);
        let open = async || {
            let connection = mirror_replay::NatsOptions::new(&server.url()).unwrap();
            let connection = connection.connect().unwrap();
            Nats::join(&connection, &options, "a job", false)
                .await
                .unwrap()
        };
        let rules = mirror_replay::ComparedBy::default();
        let judge = Judge::new("orders", "target", rules, Thresholds::default(), Vec::new());
        let found = |counts: u64| {
            let mut all = Counts::default();
            all.read = counts;
            Found {
                counts: all,
                evidence: judge.as_ref().unwrap().evidence(),
                phase: Phase::Running,
            }
        };
        let mut first = open().await;
        let mut settled = Vec::new();
        for number in 0..30 {
            let delivery = first.next().await.unwrap().unwrap();
            first.start(&delivery);
            // The last ten are in flight.
            if number < 20 {
                first.ack(&delivery);
                settled.push(delivery.token);
            }
        }
        first.keep(&found(20)).await.unwrap();
        drop(first);
        let mut second = open().await;
        let (mut rest, mut begun) = (0, 0);
        while let Some(delivery) = second.next().await.unwrap() {
            assert!(!settled.contains(&delivery.token), "{delivery:?}");
            rest += 1;
            begun += u32::from(delivery.is_suspect);
            second.ack(&delivery);
            if rest % 100 == 0 {
                second.keep(&found(rest)).await.unwrap();
                second.commit().await.unwrap();
            }
        }
        assert_eq!((rest, begun), (COUNT - 20, 10));
        second.keep(&found(rest)).await.unwrap();
        second.commit().await.unwrap();
        second.close(true).await.unwrap();
        let others = second.others().await.unwrap();
        let [other] = &others[..] else {
            panic!("{others:?}");
        };
        assert_eq!((other.counts.read, other.phase), (20, Phase::Running));
    }
}

/// The address of a server that is far away: what it says arrives after this time, in order.
async fn far_away(server: &NatsServer, delay: Duration) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("nats://{}", listener.local_addr().unwrap());
    let port = server.port();
    tokio::spawn(async move {
        while let Ok((near, _)) = listener.accept().await {
            let far = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
            let (mut near_read, mut near_write) = near.into_split();
            let (mut far_read, mut far_write) = far.into_split();
            let (pieces, mut delayed) = mpsc::unbounded_channel();
            tokio::spawn(async move { copy(&mut near_read, &mut far_write).await });
            tokio::spawn(async move {
                let mut piece = vec![0; 64 * 1024];
                while let Ok(length @ 1..) = far_read.read(&mut piece).await {
                    let arrives = Instant::now() + delay;
                    if pieces.send((arrives, piece[..length].to_vec())).is_err() {
                        break;
                    }
                }
            });
            tokio::spawn(async move {
                while let Some((arrives, piece)) = delayed.recv().await {
                    sleep_until(arrives).await;
                    if near_write.write_all(&piece).await.is_err() {
                        break;
                    }
                }
            });
        }
    });
    url
}

/// A replay asks for the next record again and again, because it has other things to do as well: more
/// often than the server responds.
#[tokio::test]
async fn what_others_had_is_read_over_a_slow_link_too() {
    const DELAY: Duration = Duration::from_millis(100);

    // All is as far away from either.
    for (_, program) in programs().into_iter().take(1) {
        let server = NatsServer::of(&program, "");
        publish(&server, &orders(40)).await;
        let mut options = ReaderOptions::new("orders", "slow");
        options.ack_wait = Duration::from_secs(3);
        let open = async |url: &str| {
            let connection = mirror_replay::NatsOptions::new(url).unwrap();
            let joined = Nats::join(&connection.connect().unwrap(), &options, "a job", false).await;
            joined.unwrap()
        };
        let mut first = open(&server.url()).await;
        for _ in 0..10 {
            let delivery = first.next().await.unwrap().unwrap();
            first.start(&delivery);
        }
        drop(first);
        let mut second = open(&far_away(&server, DELAY).await).await;
        eventually("all records", async {
            let mut read = 0;
            while read < 40 {
                if let Ok(next) = timeout(DELAY / 2, second.next()).await {
                    second.ack(&next.unwrap().unwrap());
                    read += 1;
                }
            }
        })
        .await;
    }
}

/// As of one that stood still in the middle of writing.
#[tokio::test]
async fn what_a_lost_replayer_writes_too_late_is_refused() {
    for (_, program) in programs() {
        for has_written in [false, true] {
            let server = NatsServer::of(&program, "");
            publish(&server, &orders(40)).await;
            let mut options = ReaderOptions::new("orders", "late");
            options.ack_wait = Duration::from_secs(3);
            let open = async || {
                let connection = mirror_replay::NatsOptions::new(&server.url()).unwrap();
                let connection = connection.connect().unwrap();
                let joined = Nats::join(&connection, &options, "a job", false).await;
                joined.unwrap()
            };
            let rules = mirror_replay::ComparedBy::default();
            let judge = Judge::new("orders", "target", rules, Thresholds::default(), Vec::new());
            let judge = judge.unwrap();
            let found = |read: u64| {
                let mut counts = Counts::default();
                counts.read = read;
                Found {
                    counts,
                    evidence: judge.evidence(),
                    phase: Phase::Running,
                }
            };
            let mut first = open().await;
            if has_written {
                first.keep(&found(0)).await.unwrap();
            }
            for _ in 0..10 {
                let delivery = first.next().await.unwrap().unwrap();
                first.ack(&delivery);
            }
            let late = first.keep(&found(10));
            drop(first);
            let mut second = open().await;
            let mut read = 0;
            while read < 40 {
                let next = eventually("a record", second.next()).await;
                let delivery = next.unwrap().unwrap();
                second.ack(&delivery);
                read += 1;
            }
            let refused = late.await.unwrap_err().to_string();
            assert!(refused.contains("taken this run for lost"), "{refused}");
            let others = second.others().await.unwrap();
            assert!(
                others.iter().all(|found| found.counts.read == 0),
                "{others:?}"
            );
            assert_eq!(others.len(), usize::from(has_written));
        }
    }
}

/// Each time it is asked for one of them, the build ends the replay at once: before anything is
/// noted, the first times.
#[cfg(unix)]
#[tokio::test]
async fn only_the_record_that_ends_each_replayer_is_set_aside() {
    use std::sync::{Mutex, atomic::AtomicI32};

    use rustix::process::{Pid, Signal, kill_process};

    const RECORDS: u64 = 40;
    const MAX_DELIVER: usize = 2;
    /// What ends a run within a second is noted nowhere, until it is sent alone.
    const UNNOTED: usize = 2;

    for (_, program) in programs() {
        let server = NatsServer::of(&program, "");
        publish(&server, &orders(RECORDS)).await;
        let id = Arc::new(AtomicI32::new(0));
        let sent = Arc::new(Mutex::new(Vec::new()));
        let (of_id, of_sent) = (Arc::clone(&id), Arc::clone(&sent));
        let app = Router::new().fallback(move |request: axum::extract::Request| {
            let number = request.uri().path().rsplit('/').next().unwrap().to_owned();
            of_sent.lock().unwrap().push(number.clone());
            let id = Arc::clone(&of_id);
            async move {
                if number == "16" {
                    until("it is known whom to end", || id.load(SeqCst) > 0).await;
                    let id = Pid::from_raw(id.load(SeqCst)).unwrap();
                    kill_process(id, Signal::KILL).unwrap();
                    std::future::pending::<()>().await;
                }
                answer(&request, 12.5)
            }
        });
        let build = Server::anywhere(app).unwrap();
        let (from, to) = (server.url(), build.url());
        let most = MAX_DELIVER.to_string();
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
            "--max-deliver",
            &most,
            "--max-concurrent",
            "8",
            "--ack-wait",
            "3s",
        ];
        let mut runs = 0;
        let output = loop {
            let mut run = command(&args);
            run.stdout(Stdio::piped()).stderr(Stdio::piped());
            let run = run.spawn().unwrap();
            id.store(i32::try_from(run.id().unwrap()).unwrap(), SeqCst);
            let output = eventually("it ends", run.wait_with_output()).await.unwrap();
            id.store(0, SeqCst);
            runs += 1;
            if output.status.code().is_some() {
                break output;
            }
            assert!(runs <= MAX_DELIVER + UNNOTED, "{sent:?}");
        };
        let report: Value = serde_json::from_slice(&output.stdout).unwrap();
        let counts = &report["replay"]["counts"];
        let told = ["read", "responded", "unreplayable"].map(|name| counts[name].as_u64());
        assert_eq!(told, [Some(40), Some(39), Some(1)], "{report}");
        let sent = sent.lock().unwrap();
        let times = |wanted: &str| sent.iter().filter(|number| *number == wanted).count();
        let most = MAX_DELIVER + UNNOTED;
        assert!((MAX_DELIVER..=most).contains(&times("16")), "{sent:?}");
        assert!(
            (0..RECORDS).all(|number| times(&number.to_string()) <= most),
            "{sent:?}"
        );
    }
}

#[tokio::test]
async fn a_bucket_without_bounds_and_another_replay_of_the_name_are_refused() {
    for (_, program) in programs() {
        let stage = Stage::new(&program, "", 12.5).await;
        let client = async_nats::connect(stage.server.url()).await.unwrap();
        let context = jetstream::new(client);
        for (name, max_bytes, max_age) in [("endless", -1, 30), ("short", 1 << 20, 1)] {
            let config = Config {
                name: format!("KV_{name}"),
                subjects: vec![format!("$KV.{name}.>")],
                max_messages_per_subject: 1,
                max_bytes,
                max_age: Duration::from_hours(24 * max_age),
                allow_rollup: true,
                deny_delete: true,
                ..Config::default()
            };
            context.create_stream(config).await.unwrap();
            let run = run(stage.command(&["--bucket", name])).await;
            let what = if max_bytes < 0 {
                "`max_bytes`"
            } else {
                "`max_age`"
            };
            run.expect(3, what).expect(3, &format!("KV_{name}"));
        }
        stage.allow(0);
        let first = stage.start(&["--consumer", "mine"]);
        until("it has begun", || stage.sent.load(SeqCst) > 0).await;
        let other = stage.command(&["--consumer", "mine", "--ignore", "/total"]);
        run(other).await.expect(3, "other options");
        drop(first);
    }
}

#[tokio::test]
async fn a_stream_that_is_not_there_is_unreachable() {
    let nobody = closed_port().await.replace("http://", "nats://");
    let nobody = nobody.trim_end_matches('/');
    let args = [
        "replay",
        "--from",
        nobody,
        "--mirror",
        "orders",
        "--to",
        "http://127.0.0.1:9",
    ];
    mirror(&args).await.expect(3, "MIRROR");
    let args = [
        "replay",
        "--from",
        "redis://a",
        "--mirror",
        "orders",
        "--to",
        "http://127.0.0.1:9",
    ];
    mirror(&args).await.expect(64, "nats://");
}
