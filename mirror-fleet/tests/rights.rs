//! Users with the rights that the chapters name, and no more. In a process of its own: an instance
//! shares all mirrors of its process, and who only looks may have none.

#[expect(
    dead_code,
    reason = "the tests of the sink have more to do with it than these"
)]
#[path = "sink/support.rs"]
mod support;

use std::time::Duration;

use mirror_dashboard::Change;
use mirror_fleet::{Connection, Fleet, NatsOptions, NatsSink, ReaderOptions, Runs};
use testkit::{
    eventually,
    nats::{NatsServer, programs},
};

use self::support::*;

const CHAPTERS: [&str; 2] = [
    include_str!("../docs/nats.md"),
    include_str!("../docs/fleet.md"),
];

/// The users as they are written in the chapters, without the lines that have `without`.
fn users(without: &str) -> String {
    let blocks = CHAPTERS
        .iter()
        .flat_map(|chapter| chapter.split("```text\n"));
    let blocks = blocks.filter_map(|block| block.split("```").next());
    let users: Vec<_> = blocks
        .filter(|block| block.starts_with("{ user:"))
        .collect();
    assert_eq!(users.len(), 4);
    let users = users.concat();
    let lines = users
        .lines()
        .filter(|line| without.is_empty() || !line.contains(without));
    let users: Vec<_> = lines.collect();
    format!("authorization {{ users: [\n{}\n] }}\n", users.join("\n"))
}

fn as_user(server: &NatsServer, user: &str) -> Connection {
    let url = format!("nats://127.0.0.1:{}", server.port());
    let options = NatsOptions::new(&url).unwrap();
    options.user_and_password(user, "..").connect().unwrap()
}

fn instance(server: &NatsServer, user: &str) -> Fleet {
    Fleet::builder(as_user(server, user))
        .instance(user)
        .interval(Duration::from_millis(100))
        .start()
        .unwrap()
}

/// What has failed last, or what is wrong now.
fn errors_of(fleet: &Fleet) -> String {
    let report = fleet.view().report("orders-with-rights", SOON);
    let errors = fleet.view().status().error.into_iter().chain(report.error);
    errors.collect::<Vec<_>>().join("; ")
}

/// Waits until reports can be read, and are written.
async fn is_well(fleet: &Fleet, instances: usize) {
    let well = async {
        loop {
            let report = fleet.view().report("orders-with-rights", SOON);
            if report.error.is_none() && report.instances.len() == instances {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    eventually("all is well", well).await;
}

/// No right was missing: the server has it in its log.
fn nothing_was_refused(server: &NatsServer) {
    let said = server.said();
    let refused = said.lines().find(|line| line.contains("Violation"));
    assert_eq!(refused, None);
}

async fn replay(server: &NatsServer) -> Result<usize, mirror_fleet::NatsError> {
    let connection = as_user(server, "replayer");
    let options = ReaderOptions::new("orders", "rights");
    let (mut runs, mut reader) = Runs::join(&connection, &options, "job", false).await?;
    let mut read = 0;
    while let Some(record) = reader.next().await? {
        reader.ack(record.sequence);
        read += 1;
        runs.write(&read).await?;
        reader.commit().await?;
    }
    let _: Vec<usize> = runs.others().await?;
    runs.end().await?;
    Ok(read)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_rights_that_the_chapters_name_are_enough() {
    for (version, program) in programs() {
        eprintln!("{version}");
        let server = NatsServer::of(&program, &users(""));
        let log = NatsSink::builder(&as_user(&server, "writer"), MAX_BYTES);
        let log = log.build().unwrap();
        ready(&log).await;
        for _ in 0..20 {
            keep(&log, "hello").await.unwrap();
        }
        for _ in 0..3 {
            let read = eventually("a replay", Box::pin(replay(&server))).await;
            assert_eq!(read.unwrap(), 20);
        }
        let one = instance(&server, "instance");
        is_well(&one, 1).await;
        let viewer = instance(&server, "viewer");
        is_well(&viewer, 2).await;
        let view = one.view();
        let changed = tokio::task::spawn_blocking(move || {
            for change in [
                Change::default().enabled(false),
                Change::default().percentage("rewrite", 5.0).for_seconds(60),
                Change::default().restart_report(),
                Change::default().reset(),
            ] {
                view.change(Some("orders-with-rights"), "ada", change)?;
            }
            view.change(None, "ada", Change::default().enabled(false))?;
            view.change(None, "ada", Change::default().reset())
        });
        changed.await.unwrap().unwrap();
        is_well(&one, 2).await;
        nothing_was_refused(&server);
        // It may look, and not switch.
        let view = viewer.view();
        let off = Change::default().enabled(false);
        let refused = tokio::task::spawn_blocking(move || view.change(None, "eve", off));
        let error = refused.await.unwrap().unwrap_err();
        assert!(error.contains("Permissions Violation"), "{error}");
        let _ = one.shutdown(Duration::from_secs(5));
        let _ = viewer.shutdown(Duration::from_secs(5));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_right_that_is_missing_is_named() {
    for (version, program) in programs() {
        let mut server = NatsServer::of(&program, &users(""));
        let log = NatsSink::builder(&as_user(&server, "writer"), MAX_BYTES);
        let log = log.build().unwrap();
        ready(&log).await;
        keep(&log, "hello").await.unwrap();
        for subject in [
            "STREAM.INFO.MIRROR",
            "CONSUMER.MSG.NEXT.MIRROR",
            "$KV.mirror-replay.>",
        ] {
            server.restart_with(&users(subject));
            let error = eventually(subject, Box::pin(replay(&server)))
                .await
                .unwrap_err();
            let error = error.to_string();
            let name = subject.trim_end_matches(['>', '.']);
            assert!(
                error.contains("Permissions Violation") && error.contains(name),
                "{version}, {subject}: {error}"
            );
        }
        for subject in [
            "CONSUMER.CREATE.KV_mirror-control",
            "MSG.GET.KV_mirror-control",
            "$KV.mirror-report.>",
        ] {
            server.restart_with(&users(subject));
            let fleet = instance(&server, "instance");
            let name = subject.trim_end_matches(['>', '.']);
            let named = async {
                loop {
                    let errors = errors_of(&fleet);
                    if errors.contains("Permissions Violation") && errors.contains(name) {
                        return;
                    }
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
            };
            eventually(subject, named).await;
            let _ = fleet.shutdown(Duration::ZERO);
        }
    }
}
