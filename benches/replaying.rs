//! `cargo build --release -p mirror-cli && cargo bench --bench replaying`
//!
//! How many records the program `mirror` replays in a second at full speed, and what each costs it:
//! from files, and from NATS with one, two and four programs at once. The shadow responds as it was
//! recorded, in a process of its own: at once, and after 25 ms.
//!
//! `-- --records N` takes more or fewer than 50,000. `-- --memory N` replays a log of so many small
//! records instead, and says how much memory that takes.
//!
//! Without `nats-server` in the `PATH`, NATS is left out.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread::sleep,
    time::{Duration, Instant},
};

use axum::{
    Router,
    body::{Body, Bytes},
    http::{Request, Response},
    routing::post,
};
use http_body_util::BodyExt;
use measure::{ShadowProcess, account::Account, documents::orders};
use mirror_fleet::{NatsOptions, NatsSink};
use mirror_record::{Log, LogOptions, Record, RecordId};
use mirror_runtime::{Mirror, Sticky, Target, drain};
use serde_json::Value;
use testkit::{Directory, nats::NatsServer};
use tokio::runtime::Runtime;
use tower::Service;

/// The body of the shadow's responses, and of those that are recorded.
const BODY: &str = "xx";

/// The bytes of a recorded request's body.
const BYTES: usize = 1 << 10;

/// Requests between two waits for their records.
const BATCH: u64 = 128;

/// Users, whose requests keep their order.
const USERS: u64 = 1_000;

/// Milliseconds until a slow shadow responds.
const SLOW: u64 = 25;

/// Between two looks at what a program has used.
const BETWEEN: Duration = Duration::from_millis(10);

fn main() {
    if ShadowProcess::be_asked() {
        return;
    }
    let measured = std::env::args().any(|argument| argument == "--bench");
    let program = program();
    if !program.is_file() {
        println!(
            "`{}` is missing: build it by `cargo build --release -p mirror-cli`",
            program.display()
        );
        return;
    }
    if let Some(records) = argument("--memory") {
        return memory(&program, records);
    }
    let records = argument("--records").unwrap_or(if measured { 50_000 } else { 500 });
    let shadow = ShadowProcess::start(0);
    let nats = NatsServer::start();
    let directory = Directory::new("replaying");
    record(records, directory.path(), nats.as_ref());
    print_sizes(records, &directory.path().join("log"), nats.as_ref());
    println!(
        "{:24} {:>10} {:>10} {:>15} {:>10}",
        format!("{records} records"),
        "records/s",
        "us/record",
        "us/record, NATS",
        "MiB"
    );
    let log = directory.path().join("log");
    let replay = |at: &str, to: &ShadowProcess| {
        let mut command = Command::new(&program);
        command.args(["replay", "--mirror", "orders", "--speed", "max", "--json"]);
        command.args(["--from", at, "--to", to.url()]);
        command
    };
    let mut from_files = replay(&log.display().to_string(), &shadow);
    print_row("files", records, &run(vec![&mut from_files]), 0);
    let Some(nats) = nats else { return };
    // One that takes its time has what one replayer cannot use.
    let slow = ShadowProcess::start(SLOW);
    for (what, shadow) in [("at once", &shadow), ("at once, slow", &slow)] {
        for replayers in [1, 2, 4] {
            let name = format!("{replayers} {what}");
            let consumer = name.replace([' ', ','], "-");
            let all = (0..replayers).map(|_| {
                let mut command = replay(&nats.url(), shadow);
                command.args(["--consumer", &consumer, "--max-concurrent", "64"]);
                command
            });
            let mut all: Vec<_> = all.collect();
            let before = Account::of_one(nats.id()).cpu;
            let ended = run(all.iter_mut().collect());
            let server = Account::of_one(nats.id()).cpu - before;
            print_row(&format!("NATS, {name}"), records, &ended, server);
        }
    }
}

/// The program, beside this one's directory.
fn program() -> PathBuf {
    let this = std::env::current_exe().expect("the path of this program");
    let directory = this.ancestors().nth(2).expect("the directory of a profile");
    directory.join("mirror")
}

fn argument(name: &str) -> Option<u64> {
    let mut arguments = std::env::args();
    arguments.find(|argument| argument == name)?;
    let value = arguments.next()?;
    Some(value.parse().expect("a number"))
}

/// Records requests in files and in NATS.
fn record(records: u64, directory: &Path, nats: Option<&NatsServer>) {
    let runtime = Runtime::new().expect("a runtime");
    let _inside = runtime.enter();
    let mut mirror = Mirror::builder()
        .name("orders")
        .sticky(Sticky::Header("x-user-id"))
        .target(Target::file(directory.join("log")));
    if let Some(nats) = nats {
        let options = NatsOptions::new(&nats.url()).expect("the address of a server");
        let connection = options.connect().expect("no files are needed");
        let sink = NatsSink::builder(&connection, 4 << 30).build();
        let sink = sink.expect("options within their bounds");
        mirror = mirror.target(Target::sink("nats", sink));
    }
    let mirror = mirror.build().expect("a mirror");
    // With the headers that the shadow sends: none of its own.
    let order = async move |_: Bytes| Response::new(Body::from(BODY));
    let mut app = Router::new()
        .route("/orders", post(order))
        .layer(mirror.layer());
    let document = Bytes::from(orders(BYTES));
    runtime.block_on(async {
        for number in 0..records {
            let request = Request::post(format!("/orders?number={number}"))
                .header("host", "shop.example")
                .header("content-type", "application/json")
                .header("content-length", document.len())
                .header("x-user-id", format!("user-{}", number % USERS))
                .body(Body::from(document.clone()))
                .expect("a request that is right");
            let response = app.call(request).await;
            let response = response.unwrap_or_else(|never| match never {});
            let body = response.into_body().collect().await;
            assert!(body.is_ok(), "the response has no end");
            if number % BATCH == BATCH - 1 {
                while mirror
                    .stats()
                    .targets
                    .iter()
                    .any(|target| target.answered <= number)
                {
                    tokio::time::sleep(Duration::from_millis(1)).await;
                }
            }
        }
        drain(Duration::from_secs(10)).await;
    });
    for target in mirror.stats().targets {
        assert_eq!(target.answered, records, "{target:?}");
    }
}

fn print_sizes(records: u64, log: &Path, nats: Option<&NatsServer>) {
    let files = fs::read_dir(log).into_iter().flatten().flatten();
    let bytes: u64 = files
        .filter_map(|file| Some(file.metadata().ok()?.len()))
        .sum();
    println!("{} bytes a record in files", bytes / records);
    let state = nats.and_then(|nats| nats.monitored("/jsz"));
    let state: Value = state
        .and_then(|state| serde_json::from_str(&state).ok())
        .unwrap_or_default();
    if let Some(bytes) = state["bytes"].as_u64() {
        println!("{} bytes a record in NATS", bytes / records);
    }
}

/// Programs that have ended.
struct Run {
    took: Duration,
    cpu: u64,
    /// In KiB, of the largest.
    memory: u64,
    responded: u64,
}

/// Runs programs at once, until all have ended.
fn run(commands: Vec<&mut Command>) -> Run {
    let begun = Instant::now();
    let mut children: Vec<(Child, Account)> = commands
        .into_iter()
        .map(|command| {
            let command = command.stdout(Stdio::piped()).stderr(Stdio::piped());
            (command.spawn().expect("a process"), Account::default())
        })
        .collect();
    loop {
        let mut is_running = false;
        for (child, account) in &mut children {
            let now = Account::of_one(child.id());
            account.cpu = account.cpu.max(now.cpu);
            account.peak_memory = account.peak_memory.max(now.peak_memory);
            is_running |= child.try_wait().expect("a child").is_none();
        }
        if !is_running {
            break;
        }
        sleep(BETWEEN);
    }
    let took = begun.elapsed();
    let mut run = Run {
        took,
        cpu: 0,
        memory: 0,
        responded: 0,
    };
    for (child, account) in children {
        run.cpu += account.cpu;
        run.memory = run.memory.max(account.peak_memory);
        let output = child.wait_with_output().expect("its output");
        let said = String::from_utf8_lossy(&output.stdout);
        let report: Value = serde_json::from_str(said.trim()).unwrap_or_default();
        let replay = &report["replay"];
        // Of this run alone, and not of all that share a stream.
        let own = replay["joint"]["own"]["responded"].as_u64();
        let responded = own.or_else(|| replay["counts"]["responded"].as_u64());
        if responded.is_none() {
            println!("{said}{}", String::from_utf8_lossy(&output.stderr));
        }
        run.responded += responded.unwrap_or_default();
    }
    run
}

fn print_row(what: &str, records: u64, run: &Run, server: u64) {
    let each = |nanos: u64| Duration::from_nanos(nanos / records).as_secs_f64() * 1e6;
    let rate = Duration::from_secs(records).as_secs_f64() / run.took.as_secs_f64();
    println!(
        "{what:24} {rate:10.0} {:10.1} {:15.1} {:10}",
        each(run.cpu),
        each(server),
        run.memory >> 10
    );
    if run.responded != records {
        println!("  {} of {records} have a response", run.responded);
    }
}

/// Replays a long log, and says how much memory that took after each tenth.
fn memory(program: &Path, records: u64) {
    let shadow = ShadowProcess::start(0);
    let directory = Directory::new("memory");
    let log = directory.path().join("log");
    let began = Instant::now();
    write_log(&log, records);
    println!("{records} records were written in {:.0?}", began.elapsed());
    let mut child = Command::new(program)
        .args(["replay", "--mirror", "orders", "--speed", "max", "--json"])
        .arg("--from")
        .arg(&log)
        .args(["--to", shadow.url()])
        .stdout(Stdio::piped())
        .spawn()
        .expect("a process");
    let began = Instant::now();
    let mut next = Duration::ZERO;
    while child.try_wait().expect("a child").is_none() {
        if began.elapsed() >= next {
            println!(
                "{:6.0?}: {} KiB resident",
                began.elapsed(),
                resident(child.id())
            );
            next += Duration::from_secs(20);
        }
        sleep(BETWEEN);
    }
    let output = child.wait_with_output().expect("its output");
    let said = String::from_utf8_lossy(&output.stdout);
    let report: Value = serde_json::from_str(said.trim()).unwrap_or_default();
    println!(
        "{:.0?} in all: {}",
        began.elapsed(),
        report["replay"]["counts"]
    );
}

fn resident(process: u32) -> String {
    let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmRSS:"));
    let number = line.and_then(|line| line.split_whitespace().nth(1));
    number.unwrap_or("?").to_owned()
}

/// Small records, a millisecond apart.
fn write_log(directory: &Path, records: u64) {
    let options = LogOptions::default().with_total_bytes(1 << 40);
    let mut log = Log::open(directory, options).expect("a log");
    let request = mirror_record::Request::new("GET", "/orders/7");
    let mut record = Record::new(RecordId::generate(), "orders", request);
    let mut response = mirror_record::Response::new(200);
    response.body = Some(Bytes::from_static(BODY.as_bytes()));
    response.latency_us = 100;
    record.response = Some(response);
    record.share = 100.0;
    for number in 0..records {
        record.id = RecordId::generate();
        record.arrived_ns = 1_764_206_400_000_000_000 + number * 1_000_000;
        log.append(&record).expect("room on the disk");
        if number.is_multiple_of(1_000) {
            log.settle().expect("room on the disk");
        }
    }
    log.close().expect("room on the disk");
}
