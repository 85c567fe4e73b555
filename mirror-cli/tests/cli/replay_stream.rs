//! `mirror replay` of a stream of NATS, with the server itself.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering::SeqCst},
};

use async_nats::jetstream::{self, stream::Config};
use axum::Router;
use mirror_record::Record;
use serde_json::Value;
use testkit::{
    Directory, closed_port,
    demo::Server,
    eventually,
    nats::{NatsServer, programs},
    until,
};
use tokio::sync::Semaphore;

use crate::{
    replay::{answer, orders},
    support::{Run, command, mirror, run},
};

/// As many records as one reader does not hold.
const COUNT: u64 = 1_200;

/// Puts records into a stream, as a sink does.
async fn publish(server: &NatsServer, records: &[Record]) {
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

fn counts(run: &Run) -> [u64; 2] {
    let report: Value =
        serde_json::from_str(&run.stdout).unwrap_or_else(|error| panic!("{error}: {run:#?}"));
    let counts = &report["replay"]["counts"];
    [&counts["responded"], &counts["read"]].map(|count| count.as_u64().unwrap())
}

/// A build that responds alike, to as many requests as there are permits.
fn build(sent: &Arc<AtomicUsize>, slots: &Arc<Semaphore>) -> Server {
    let (sent, slots) = (Arc::clone(sent), Arc::clone(slots));
    let app = Router::new().fallback(move |request: axum::extract::Request| {
        sent.fetch_add(1, SeqCst);
        let slots = Arc::clone(&slots);
        async move {
            slots.acquire().await.unwrap().forget();
            answer(&request, 12.5)
        }
    });
    Server::anywhere(app).unwrap()
}

#[tokio::test]
async fn a_stream_is_replayed_shared_and_gone_on_with() {
    for (name, program) in programs() {
        let server = NatsServer::of(&program, "");
        publish(&server, &orders(COUNT)).await;
        let (sent, slots) = (Arc::default(), Arc::new(Semaphore::new(1_000_000)));
        let build = build(&sent, &slots);
        let (from, to) = (server.url(), build.url());
        let directory = Directory::new(&format!("replay-stream-{name}"));
        let states = ["one", "two"].map(|state| {
            std::fs::create_dir_all(directory.path()).unwrap();
            directory.path().join(state).to_str().unwrap().to_owned()
        });
        let args = |state: usize| {
            let args = [
                "replay", "--from", &from, "--mirror", "orders", "--to", &to, "--speed",
            ];
            let more = [
                "max",
                "--json",
                "--lookahead",
                "1s",
                "--state",
                &states[state],
            ];
            args.iter()
                .chain(&more)
                .map(ToString::to_string)
                .collect::<Vec<_>>()
        };
        let start = |state: usize, more: &[&str]| {
            let args = args(state);
            let args: Vec<_> = args
                .iter()
                .map(String::as_str)
                .chain(more.iter().copied())
                .collect();
            command(&args)
        };

        let dry = run(start(0, &["--dry-run"])).await;
        assert!(dry.code == 64, "{dry:#?}");
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
        assert_eq!(sent.load(SeqCst), 0);

        // All of it, and all of it anew: one that came to its end leaves nothing.
        for _ in 0..2 {
            let run = run(start(0, &[])).await;
            assert_eq!(counts(&run), [COUNT, COUNT], "{name}: {run:#?}");
        }
        assert_eq!(sent.swap(0, SeqCst) as u64, 2 * COUNT);

        // Two share it.
        let shared = ["--consumer", "shared", "--max-concurrent", "4"];
        slots.forget_permits(usize::MAX);
        let both = async { tokio::join!(run(start(0, &shared)), run(start(1, &shared))) };
        let begin = async {
            until("both have begun", || sent.load(SeqCst) == 8).await;
            slots.add_permits(1_000_000);
        };
        let ((one, two), ()) = tokio::join!(both, begin);
        let both = [counts(&one)[0], counts(&two)[0]];
        assert_eq!(both.iter().sum::<u64>(), COUNT, "{name}: {one:#?} {two:#?}");
        assert_eq!(sent.swap(0, SeqCst) as u64, COUNT);
        let parts = [
            ["--consumer", "parts", "--part", "1/2"],
            ["--consumer", "parts", "--part", "2/2"],
        ];
        let (one, two) = tokio::join!(run(start(0, &parts[0])), run(start(1, &parts[1])));
        let both = [counts(&one)[0], counts(&two)[0]];
        assert!(
            both.iter().sum::<u64>() == COUNT && both[0] > 0 && both[1] > 0,
            "{name}: {both:?}"
        );
        assert_eq!(sent.swap(0, SeqCst) as u64, COUNT);

        stopped_and_gone_on_with(name, &start, &sent, &slots).await;
    }
}

#[cfg(unix)]
async fn stopped_and_gone_on_with(
    name: &str,
    start: &impl Fn(usize, &[&str]) -> tokio::process::Command,
    sent: &AtomicUsize,
    slots: &Semaphore,
) {
    use rustix::process::{Pid, Signal, kill_process};

    slots.forget_permits(usize::MAX);
    slots.add_permits(100);
    let more = ["--max-concurrent", "8"];
    let mut first = start(0, &more);
    first
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped());
    let first = first.spawn().unwrap();
    until("all are in flight that may be", || sent.load(SeqCst) == 108).await;
    let id = Pid::from_raw(i32::try_from(first.id().unwrap()).unwrap()).unwrap();
    kill_process(id, Signal::INT).unwrap();
    slots.add_permits(1_000_000);
    let output = eventually("the first ends", first.wait_with_output())
        .await
        .unwrap();
    assert_eq!(output.status.code(), Some(2), "{name}: {output:?}");
    let second = run(start(0, &more)).await;
    assert_eq!(counts(&second)[0], COUNT, "{name}: {second:#?}");
    assert_eq!(sent.load(SeqCst) as u64, COUNT, "{name}");
}

#[cfg(not(unix))]
async fn stopped_and_gone_on_with(
    _: &str,
    _: &impl Fn(usize, &[&str]) -> tokio::process::Command,
    _: &AtomicUsize,
    _: &Semaphore,
) {
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
