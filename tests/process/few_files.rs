//! A process that may open few files: half of them are the primary's, whatever shadows do.

use std::{net::TcpListener, process::Command, time::Duration};

use axum::routing::get;
use mirror_runtime::{Limits, Mirror, MirrorBuilder, ShedReason, TargetStats, mirror};
use testkit::{Log, Primary, Shadow, mirror_named, settled};

use crate::{TURN, app};

/// Set for the process that a test starts with few files.
const VARIABLE: &str = "MIRROR_TESTS_FEW_FILES";

/// How many it may open.
const FILES: usize = 128;

fn has_few_files() -> bool {
    std::env::var_os(VARIABLE).is_some()
}

/// Runs a test of this program in a process that may open few files.
fn passes_with_few_files(test: &str) {
    let program = std::env::current_exe().unwrap();
    let output = Command::new("sh")
        .args(["-c", &format!("ulimit -n {FILES} && exec \"$0\" \"$@\"")])
        .arg(program)
        .args(["--exact", test])
        .env(VARIABLE, "1")
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success() && told.contains("1 passed"),
        "{told}"
    );
}

/// Servers that let clients connect, and never look at what they send. In this process they hold
/// one file each.
fn hung() -> Vec<TcpListener> {
    (0..4)
        .map(|_| TcpListener::bind("127.0.0.1:0").unwrap())
        .collect()
}

fn url(server: &TcpListener) -> String {
    format!("http://{}", server.local_addr().unwrap())
}

fn shed(stats: &TargetStats) -> u64 {
    stats.shed_for(ShedReason::ConnectionLimit)
}

/// Runs in a process that may open few files: the test below starts it.
#[tokio::test]
async fn clients_are_served_while_all_shadows_hang_and_few_files_may_be_open() {
    if !has_few_files() {
        return;
    }
    let log = Log::default();
    let writer = log.clone();
    tracing_subscriber::fmt()
        .with_ansi(false)
        .with_writer(move || writer.clone())
        .init();
    let servers = hung();
    let mirror = servers
        .iter()
        .map(url)
        .fold(Mirror::builder(), MirrorBuilder::target)
        .timeout(Duration::from_hours(1))
        .build()
        .unwrap();
    let primary = Primary::start(app(&mirror)).await;
    // Each over a connection of its own.
    for _ in 0..FILES {
        assert_eq!(primary.get("/").await.text(), "primary");
    }
    let stats = mirror.stats().targets;
    let in_flight: u64 = stats.iter().map(|target| target.in_flight).sum();
    assert_eq!(in_flight, FILES as u64 / 2);
    assert_eq!(
        stats.iter().map(shed).sum::<u64>(),
        (FILES * servers.len() - FILES / 2) as u64
    );
    let (told, text) = ("copies may use half of the files", log.text());
    assert_eq!(text.matches(told).count(), 1, "{text}");
    drop(Mirror::new(["http://127.0.0.1:9"]).unwrap());
    assert_eq!(log.text().matches(told).count(), 1, "it is said once");
}

#[test]
fn half_of_few_files_are_left_for_clients() {
    passes_with_few_files(
        "few_files::clients_are_served_while_all_shadows_hang_and_few_files_may_be_open",
    );
}

#[mirror(targets = [handler(candidate)], name = "few_files")]
async fn original() -> &'static str {
    "primary"
}

async fn candidate() -> &'static str {
    "primary"
}

#[tokio::test]
async fn copies_to_servers_are_shed_without_a_connection_and_handlers_need_none() {
    let _turn = TURN.lock().await;
    Limits::new().max_connections(1).apply();
    let (holding, other) = (Shadow::holding().await, Shadow::start().await);
    let mirror = Mirror::new([holding.url(), other.url()]).unwrap();
    let routes = app(&mirror).route("/handler", get(original));
    let primary = Primary::start(routes).await;
    primary.get("/").await;
    holding.receives(1).await;
    assert_eq!(primary.get("/").await.text(), "primary");
    // Nothing is read or kept for a copy that cannot leave, and a handler needs no connection.
    primary.get("/handler").await;
    let of_handler = settled(&mirror_named("few_files"), 1).await.remove(0);
    assert_eq!(of_handler.answered, 1, "{of_handler}");

    // The connection comes back with the end of the copy.
    holding.release();
    settled(&mirror, 2).await;
    mirror_runtime::drain(Duration::from_hours(1)).await;
    primary.get("/").await;
    let stats = settled(&mirror, 3).await;
    Limits::new().apply();
    let sent = stats.iter().map(|target| target.answered).sum::<u64>();
    assert_eq!((sent, stats.iter().map(shed).sum()), (2, 4), "{stats:?}");
    assert_eq!(stats.iter().map(|target| target.shed).sum::<u64>(), 4);
}
