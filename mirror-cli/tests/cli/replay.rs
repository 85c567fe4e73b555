//! `mirror replay`, `import` and `export`.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
};

use axum::{
    Router,
    extract::Request as Incoming,
    response::{IntoResponse, Response as Outgoing},
};
use mirror_record::{Outcome, Record, RecordId, Request, Response, SessionHash, Writer};
use mirror_runtime::__private::replay_others;
use serde_json::{Value, json};
use testkit::{Directory, closed_port, demo::Server, eventually, until};
use tokio::sync::{Barrier, Semaphore};

use crate::support::{Run, command, mirror, response, run};

/// When the first of all records arrived: 2026-11-27T08:03:20Z.
const FIRST_MS: u64 = 1_795_766_600_000;

/// A request for an order, and what the primary has said.
fn order(number: u64) -> Record {
    let mut request = Request::new("GET", format!("/orders/{number}?full=1"));
    request.headers = vec![("host".into(), "shop.example".into())];
    let id = RecordId::from_parts(FIRST_MS + number, number.into());
    let mut record = Record::new(id, "orders", request);
    record.arrived_ns = (FIRST_MS + number) * 1_000_000;
    record.redaction_version = 2;
    record.outcome = Outcome::Complete;
    let mut response = Response::new(200);
    response.headers = vec![("content-type".into(), "application/json".into())];
    response.body = Some(
        json!({ "number": number, "total": 12.5 })
            .to_string()
            .into(),
    );
    response.latency_us = 5_000_000;
    record.response = Some(response);
    record
}

pub(crate) fn orders(count: u64) -> Vec<Record> {
    (0..count).map(order).collect()
}

/// A log, which goes away with its test.
pub(crate) struct Log(Directory);

impl Log {
    pub(crate) fn new(name: &str, records: &[Record]) -> Self {
        let log = Self(Directory::new(name));
        log.add(1, records);
        log
    }

    fn add(&self, number: u64, records: &[Record]) {
        fs::create_dir_all(self.path()).unwrap();
        let mut writer = Writer::new(Vec::new()).unwrap();
        for record in records {
            writer.write(record).unwrap();
        }
        fs::write(self.segment(number), writer.into_inner()).unwrap();
    }

    fn path(&self) -> PathBuf {
        self.0.path().join("log")
    }

    fn segment(&self, number: u64) -> PathBuf {
        self.path().join(format!("{number:012}.mrec"))
    }

    pub(crate) fn args<'a>(&self, to: &'a str, more: &[&'a str]) -> Vec<String> {
        let path = self.path().to_str().unwrap().to_owned();
        let args = ["replay", "--from", &path, "--mirror", "orders", "--to", to];
        let args = args.iter().chain(more);
        args.map(ToString::to_string).collect()
    }

    async fn replay(&self, to: &str, more: &[&str]) -> Run {
        let args = self.args(to, more);
        let args: Vec<_> = args.iter().map(String::as_str).collect();
        mirror(&args).await
    }

    /// What a later run would go on with.
    fn states(&self) -> usize {
        let names = fs::read_dir(self.0.path()).unwrap();
        let names = names.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        names.filter(|name| name.contains(".replay-")).count()
    }
}

/// What a build responds to a request for an order.
pub(crate) fn answer(request: &Incoming, total: f64) -> Outgoing {
    let number = request.uri().path().rsplit('/').next().unwrap();
    let number: u64 = number.parse().unwrap_or_default();
    let body = json!({ "total": total, "number": number });
    response(200, "application/json", body.to_string())
}

/// A build that responds as this says, and what it was sent.
pub(crate) struct Build {
    server: Server,
    paths: Arc<Mutex<Vec<String>>>,
}

impl Build {
    pub(crate) fn start<F: Future<Output = Outgoing> + Send>(
        respond: impl Fn(Incoming) -> F + Clone + Send + Sync + 'static,
    ) -> Self {
        let paths = Arc::new(Mutex::new(Vec::new()));
        let of_server = Arc::clone(&paths);
        let app = Router::new().fallback(move |request: Incoming| {
            of_server.lock().unwrap().push(request.uri().to_string());
            respond(request)
        });
        let server = Server::anywhere(app).unwrap();
        Self { server, paths }
    }

    /// One that responds as the primary did.
    fn alike() -> Self {
        Self::start(async |request| answer(&request, 12.5))
    }

    pub(crate) fn url(&self) -> String {
        self.server.url()
    }

    fn paths(&self) -> Vec<String> {
        self.paths.lock().unwrap().clone()
    }
}

/// Who may read a file.
fn mode(path: &Path) -> u32 {
    use std::os::unix::fs::PermissionsExt as _;

    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

fn parsed(run: &Run) -> Value {
    serde_json::from_str(&run.stdout).unwrap_or_else(|error| panic!("{error}: {run:#?}"))
}

#[tokio::test]
async fn a_build_that_responds_alike_is_promoted() {
    let log = Log::new("replay-alike", &orders(500));
    let build = Build::alike();
    let report = log.0.path().join("report.json");
    let more = ["--speed", "max", "--report-json", report.to_str().unwrap()];
    let run = log.replay(&build.url(), &more).await;
    let run = run.expect(0, "promote: orders -> 127.0.0.1");
    assert!(run.stdout.contains("read 500, responded 500"), "{run:#?}");
    assert_eq!(build.paths().len(), 500);
    assert_eq!(log.states(), 0);
    // Its groups come from production.
    assert_eq!(mode(&report), 0o600);
    let report: Value = serde_json::from_slice(&fs::read(report).unwrap()).unwrap();
    assert_eq!(report["result"], "promote");
    assert_eq!(report["exit_code"], 0);
    assert_eq!(report["replay"]["counts"]["responded"], 500);
    assert_eq!(report["report"]["targets"][0]["matched"], 500);
}

#[tokio::test]
async fn a_build_that_responds_differently_is_not_and_its_faults_are_fixtures() {
    let log = Log::new("replay-differs", &orders(200));
    let build = Build::start(async |request| answer(&request, 13.0));
    let fixtures = log.0.path().join("fixtures");
    let fixtures = fixtures.to_str().unwrap();
    let more = [
        "--speed",
        "max",
        "--json",
        "--fixtures",
        fixtures,
        "--max-fixtures",
        "2",
    ];
    let run = log.replay(&build.url(), &more).await.expect(1, "regressed");
    let report = parsed(&run);
    assert_eq!(report["replay"]["counts"]["mismatched"], 200);
    assert_eq!(report["replay"]["counts"]["fixtures"], 2);
    assert_eq!(
        report["report"]["targets"][0]["groups"][0]["pointer"],
        "/total"
    );
    assert_eq!(fs::read_dir(fixtures).unwrap().count(), 2);
    // As tests of the app they pass once it is mended, and fail before.
    let mended = || Router::new().fallback(async |request: Incoming| answer(&request, 12.5));
    replay_others(fixtures, &[], || mended).await;
    let directory = fixtures.to_owned();
    let faulty = || Router::new().fallback(async |request: Incoming| answer(&request, 13.0));
    let failing = tokio::spawn(async move { replay_others(&directory, &[], || faulty).await });
    let panic = failing.await.unwrap_err().into_panic();
    let text = panic.downcast_ref::<String>().unwrap();
    assert!(text.contains("/total: 12.5 -> 13"), "{text}");
}

#[tokio::test]
async fn rules_are_those_of_the_mirror() {
    let log = Log::new("replay-rules", &orders(500));
    let build = Build::start(async |request| answer(&request, 13.0));
    let fixtures = log.0.path().join("fixtures");
    let more = [
        "--speed",
        "max",
        "--fixtures",
        fixtures.to_str().unwrap(),
        "--tolerance",
        "/total=0.1",
        "--max-fixtures",
        "1",
    ];
    log.replay(&build.url(), &more).await.expect(1, "regressed");
    // A fixture has the rules: with this one as they were, and one more.
    let fixture = fs::read_dir(&fixtures)
        .unwrap()
        .next()
        .unwrap()
        .unwrap()
        .path();
    let more = ["--speed", "max", "--rules", fixture.to_str().unwrap()];
    log.replay(&build.url(), &more).await.expect(1, "regressed");
    for more in [
        ["--ignore", "/total"],
        ["--tolerance", "/total=0.5"],
        ["--compare", "status"],
    ] {
        let more = [&["--speed", "max"][..], &more].concat();
        log.replay(&build.url(), &more).await.expect(0, "promote");
    }
}

#[tokio::test]
async fn a_session_keeps_its_order_while_others_go_on() {
    const SESSIONS: u64 = 4;
    let mut records = orders(80);
    for (record, number) in records.iter_mut().zip(0_u64..) {
        let session = u8::try_from(number % SESSIONS).unwrap();
        record.session = Some(SessionHash([session; 16]));
    }
    // As they are written: when the response has ended.
    records.rotate_left(3);
    let log = Log::new("replay-sessions", &records);
    // Each response waits until there is a request of each session.
    let barrier = Arc::new(Barrier::new(usize::try_from(SESSIONS).unwrap()));
    let build = Build::start(move |request: Incoming| {
        let barrier = Arc::clone(&barrier);
        async move {
            barrier.wait().await;
            answer(&request, 12.5)
        }
    });
    log.replay(&build.url(), &["--speed", "max", "--min-compared", "50"])
        .await
        .expect(2, "hold");
    let mut last = BTreeMap::new();
    let paths = build.paths();
    assert_eq!(paths.len(), 80);
    for path in paths {
        let number: u64 = path["/orders/".len()..]
            .split('?')
            .next()
            .unwrap()
            .parse()
            .unwrap();
        let before = last.insert(number % SESSIONS, number);
        assert!(
            before.is_none_or(|before| before < number),
            "{before:?} {number}"
        );
    }
}

/// The numbers of the orders that were asked for.
fn numbers(build: &Build) -> Vec<u64> {
    let paths = build.paths();
    let numbers = paths.iter().map(|path| &path["/orders/".len()..]);
    let numbers = numbers.map(|path| path.split('?').next().unwrap());
    numbers.map(|number| number.parse().unwrap()).collect()
}

#[tokio::test]
async fn a_clock_that_was_set_changes_no_order_within_a_session() {
    const S: u64 = 1_000_000_000;
    for (back, wrong) in [(20 * S, 5), (3_600 * S, 0), (3 * S, 39), (0, 7), (0, 0)] {
        let mut records = orders(40);
        for (record, number) in records.iter_mut().zip(0_u64..) {
            record.session = Some(SessionHash([1; 16]));
            record.arrived_ns += number * S / 10;
            if number >= 20 {
                record.arrived_ns -= back;
            }
            if number == wrong {
                record.arrived_ns = 1 << 63;
            }
        }
        let log = Log::new("replay-clock", &records);
        let build = Build::alike();
        let run = log
            .replay(&build.url(), &["--speed", "max", "--json"])
            .await;
        assert_eq!(
            numbers(&build),
            (0..40).collect::<Vec<_>>(),
            "{back} {wrong}"
        );
        let counts = &parsed(&run)["replay"]["counts"];
        assert_eq!(
            (&counts["late"], &counts["responded"]),
            (&json!(0), &json!(40))
        );
    }
}

#[tokio::test]
async fn processes_that_have_written_at_the_same_time_are_replayed_so() {
    let mut records = orders(400);
    for (record, number) in records.iter_mut().zip(0_u64..) {
        record.session = Some(SessionHash([u8::try_from(number / 2 % 2).unwrap(); 16]));
        record.arrived_ns += number * 100_000_000;
    }
    let (first, second): (Vec<_>, Vec<_>) = records
        .iter()
        .cloned()
        .enumerate()
        .partition(|(n, _)| n % 2 == 0);
    let of = |records: Vec<(usize, Record)>| records.into_iter().map(|it| it.1).collect::<Vec<_>>();
    let log = Log::new("replay-processes", &of(first));
    log.add(2, &of(second));
    let more = ["--lookahead", "5s", "--dry-run", "--json"];
    let build = Build::alike();
    let run = log.replay(&build.url(), &more).await;
    assert_eq!(parsed(&run)["plan"]["takes_ms"], 40_299, "{run:#?}");
    let more = ["--lookahead", "5s", "--speed", "max", "--json"];
    let run = log.replay(&build.url(), &more).await;
    assert_eq!(parsed(&run)["replay"]["counts"]["late"], 0);
    for session in 0..2 {
        let sent = numbers(&build).into_iter();
        let sent: Vec<_> = sent.filter(|number| number / 2 % 2 == session).collect();
        assert!(sent.is_sorted() && sent.len() == 200, "{sent:?}");
    }
}

#[tokio::test]
async fn a_target_is_not_sent_more_than_it_can_take() {
    let log = Log::new("replay-slow", &orders(120));
    let (flying, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let slots = Arc::new(Semaphore::new(0));
    let of_build = (Arc::clone(&flying), Arc::clone(&most), Arc::clone(&slots));
    let build = Build::start(move |request: Incoming| {
        let (flying, most, slots) = of_build.clone();
        async move {
            most.fetch_max(flying.fetch_add(1, SeqCst) + 1, SeqCst);
            let _slot = slots.acquire().await.unwrap();
            flying.fetch_sub(1, SeqCst);
            answer(&request, 12.5)
        }
    });
    let args = log.args(&build.url(), &["--speed", "max", "--max-concurrent", "3"]);
    let args: Vec<_> = args.iter().map(String::as_str).collect();
    let replay = tokio::spawn(run(command(&args)));
    until("as many as may be are in flight", || {
        flying.load(SeqCst) == 3
    })
    .await;
    slots.add_permits(1_000);
    eventually("the replay ends", replay)
        .await
        .unwrap()
        .expect(2, "hold");
    assert_eq!((most.load(SeqCst), build.paths().len()), (3, 120));
}

#[tokio::test]
async fn a_target_that_dies_has_regressed_and_one_that_is_not_there_is_unreachable() {
    let log = Log::new("replay-dying", &orders(300));
    let served = Arc::new(AtomicUsize::new(0));
    let build = Build::start(move |request: Incoming| {
        let number = served.fetch_add(1, SeqCst);
        async move {
            assert!(number < 200, "it dies");
            answer(&request, 12.5)
        }
    });
    let run = log
        .replay(&build.url(), &["--speed", "max", "--json"])
        .await;
    let report = parsed(&run.expect(1, "regressed"));
    let counts = &report["replay"]["counts"];
    assert_eq!(counts["read"], 300);
    let [responded, failed] = [&counts["responded"], &counts["failed"]["broken"]];
    assert_eq!(responded.as_u64().unwrap() + failed.as_u64().unwrap(), 300);
    assert!(failed.as_u64().unwrap() > 0);
    let nobody = closed_port().await;
    log.replay(&nobody, &["--speed", "max"])
        .await
        .expect(3, "unreachable");
}

#[cfg(unix)]
#[tokio::test]
async fn a_second_run_goes_on_where_the_first_was_stopped() {
    use rustix::process::{Pid, Signal, kill_process};

    for signal in [Signal::INT, Signal::TERM, Signal::KILL] {
        let log = Log::new(&format!("replay-stopped-{}", signal.as_raw()), &orders(200));
        log.add(2, &(200..300).map(order).collect::<Vec<_>>());
        let slots = Arc::new(Semaphore::new(150));
        let of_build = Arc::clone(&slots);
        let build = Build::start(move |request: Incoming| {
            let slots = Arc::clone(&of_build);
            async move {
                slots.acquire().await.unwrap().forget();
                answer(&request, 12.5)
            }
        });
        let args = log.args(
            &build.url(),
            &["--speed", "max", "--max-concurrent", "8", "--json"],
        );
        let args: Vec<_> = args.iter().map(String::as_str).collect();
        let mut first = command(&args);
        first
            .stdout(std::process::Stdio::piped())
            .stderr(std::process::Stdio::piped());
        let first = first.spawn().unwrap();
        until("all are in flight that may be", || {
            build.paths().len() == 158
        })
        .await;
        // What is known by now is written down.
        let settled = || {
            let states = fs::read_dir(log.0.path()).unwrap();
            let mut states = states.map(|entry| entry.unwrap().path());
            let state = states.find(|path| path.to_string_lossy().contains(".replay-"));
            let state = state
                .and_then(|path| fs::read(path).ok())
                .unwrap_or_default();
            let state: Value = serde_json::from_slice(&state).unwrap_or_default();
            state["counts"]["responded"].as_u64()
        };
        until("150 are noted", || settled() == Some(150)).await;
        let id = Pid::from_raw(i32::try_from(first.id().unwrap()).unwrap()).unwrap();
        kill_process(id, signal).unwrap();
        let is_killed = signal == Signal::KILL;
        if !is_killed {
            slots.add_permits(10_000);
        }
        let output = eventually("the first run ends", first.wait_with_output())
            .await
            .unwrap();
        slots.add_permits(10_000);
        if !is_killed && output.status.code() == Some(2) {
            let report: Value = serde_json::from_slice(&output.stdout).unwrap();
            assert_eq!(report["is_stopped"], true);
            let responded = report["replay"]["counts"]["responded"].as_u64();
            assert!((158..300).contains(&responded.unwrap()), "{report}");
        }
        let second = mirror(&args).await;
        let report = parsed(&second);
        // Each is counted once, though those in flight were sent twice.
        assert_eq!(report["replay"]["counts"]["responded"], 300, "{second:#?}");
        assert_eq!(report["report"]["targets"][0]["compared"], 300);
        let again = if is_killed { 8 } else { 0 };
        assert_eq!(build.paths().len(), 300 + again);
        assert_eq!(log.states(), 0);
    }
}

#[cfg(unix)]
#[tokio::test]
async fn a_record_that_ends_the_program_is_set_aside() {
    use rustix::process::{Pid, Signal, kill_process};

    let log = Log::new("replay-poison", &orders(3));
    let is_mended = Arc::new(Semaphore::new(0));
    let of_build = Arc::clone(&is_mended);
    let build = Build::start(move |request: Incoming| {
        let is_mended = Arc::clone(&of_build);
        async move {
            if request.uri().path() == "/orders/1" {
                is_mended.acquire().await.unwrap().forget();
            }
            answer(&request, 12.5)
        }
    });
    let args = log.args(
        &build.url(),
        &["--speed", "max", "--json", "--max-deliver", "2"],
    );
    let args: Vec<_> = args.iter().map(String::as_str).collect();
    for number in 1..=2 {
        let mut run = command(&args);
        run.stdout(std::process::Stdio::null())
            .stderr(std::process::Stdio::null());
        let mut run = run.spawn().unwrap();
        let begun = build.paths().len();
        until("it is sent", || {
            build.paths()[begun..]
                .iter()
                .any(|path| path.starts_with("/orders/1?"))
        })
        .await;
        let noted = || {
            let states = fs::read_dir(log.0.path()).unwrap();
            let mut states = states.map(|entry| entry.unwrap().path());
            let state = states.find(|path| path.to_string_lossy().ends_with(".json"));
            let state = state
                .and_then(|path| fs::read(path).ok())
                .unwrap_or_default();
            let state: Value = serde_json::from_slice(&state).unwrap_or_default();
            state["counts"]["responded"] == 2 && state["position"]["begun"][0][2] == number
        };
        until("the others are noted", noted).await;
        let id = Pid::from_raw(i32::try_from(run.id().unwrap()).unwrap()).unwrap();
        kill_process(id, Signal::KILL).unwrap();
        eventually("it ends", run.wait()).await.unwrap();
    }
    let run = mirror(&args).await;
    let counts = &parsed(&run)["replay"]["counts"];
    assert_eq!(
        (&counts["responded"], &counts["unreplayable"]),
        (&json!(2), &json!(1)),
        "{run:#?}"
    );
}

/// Each time it is asked for one of them, the build ends the replay at once: before anything is
/// noted, if that were done every second.
#[cfg(unix)]
#[tokio::test]
async fn only_the_record_that_ends_the_program_is_set_aside() {
    use std::sync::atomic::AtomicI32;

    use rustix::process::{Pid, Signal, kill_process};

    for (speed, max_deliver) in [("max", 1), ("max", 3), ("1000", 2)] {
        let log = Log::new(&format!("replay-kills-{speed}-{max_deliver}"), &orders(40));
        let id = Arc::new(AtomicI32::new(0));
        let of_build = Arc::clone(&id);
        let build = Build::start(move |request: Incoming| {
            let id = Arc::clone(&of_build);
            async move {
                let number = request.uri().path().rsplit('/').next().unwrap();
                if number == "16" {
                    until("it is known whom to end", || id.load(SeqCst) > 0).await;
                    let id = Pid::from_raw(id.load(SeqCst)).unwrap();
                    kill_process(id, Signal::KILL).unwrap();
                    std::future::pending::<()>().await;
                }
                answer(&request, 12.5)
            }
        });
        let most = max_deliver.to_string();
        let more = [
            "--speed",
            speed,
            "--json",
            "--max-deliver",
            &most,
            "--max-concurrent",
            "8",
        ];
        let args = log.args(&build.url(), &more);
        let args: Vec<_> = args.iter().map(String::as_str).collect();
        let mut runs = 0;
        let output = loop {
            let mut run = command(&args);
            run.stdout(std::process::Stdio::piped());
            run.stderr(std::process::Stdio::piped());
            let run = run.spawn().unwrap();
            id.store(i32::try_from(run.id().unwrap()).unwrap(), SeqCst);
            let output = eventually("it ends", run.wait_with_output()).await.unwrap();
            id.store(0, SeqCst);
            runs += 1;
            if output.status.code().is_some() {
                break output;
            }
            assert!(runs <= max_deliver + 1, "{:?}", build.paths());
        };
        let report: Value = serde_json::from_slice(&output.stdout).unwrap();
        let counts = &report["replay"]["counts"];
        let told = ["read", "responded", "unreplayable"].map(|name| counts[name].as_u64());
        assert_eq!(told, [Some(40), Some(39), Some(1)], "{report}");
        let sent = numbers(&build);
        let times = |wanted: u64| sent.iter().filter(|number| **number == wanted).count();
        assert!(
            (max_deliver..=max_deliver + 1).contains(&times(16)),
            "{sent:?}"
        );
        assert!(
            (0..40).all(|number| number == 16 || times(number) <= 2),
            "{sent:?}"
        );
        let left = fs::read_dir(log.0.path()).unwrap().count();
        assert_eq!(left, 1, "something is left besides the log");
    }
}

#[tokio::test]
async fn a_dry_run_sends_nothing() {
    let mut records = orders(4);
    records[3].arrived_ns += 3_600_000_000_000;
    records[2].request.body = None;
    let log = Log::new("replay-dry", &records);
    let build = Build::alike();
    let run = log.replay(&build.url(), &["--dry-run"]).await;
    let run = run.expect(0, "would send 3 requests (GET 3)");
    assert!(run.stdout.contains("unsendable 1 (no_body 1)"), "{run:#?}");
    assert!(run.stdout.contains("takes 10s"), "{run:#?}");
    let run = log
        .replay(&build.url(), &["--dry-run", "--json", "--speed", "10"])
        .await;
    assert_eq!(parsed(&run)["plan"]["takes_ms"], 1_000);
    assert!(build.paths().is_empty());
    assert_eq!(log.states(), 0);
}

#[tokio::test]
async fn only_what_is_asked_for_is_sent() {
    let mut records = orders(20);
    records[3].request.method = "POST".to_owned();
    records[4].mirror = "users".to_owned();
    records[5].request.target = "/health".into();
    let log = Log::new("replay-only", &records);
    for (more, sent) in [
        (&["--only", "method=GET path=/orders/*"][..], 17),
        (&["--only", "method=POST", "--only", "path=/health"][..], 2),
        (&["--since", "2026-11-27T08:03:20.010Z"][..], 10),
        (
            &[
                "--until",
                "2026-11-27T08:03:20.010Z",
                "--only",
                "path!=/health",
            ][..],
            8,
        ),
        (&["--since", "2099-01-01"][..], 0),
    ] {
        let build = Build::alike();
        let more = [&["--speed", "max", "--json"][..], more].concat();
        let run = log
            .replay(&build.url(), &more)
            .await
            .expect(2, "not_enough_data");
        assert_eq!(build.paths().len(), sent, "{more:?}");
        let counts = &parsed(&run)["replay"]["counts"];
        assert_eq!(counts["filtered"], 20 - sent, "{more:?}");
    }
}

#[tokio::test]
async fn copies_say_what_they_are_and_are_given_headers() {
    let mut record = order(7);
    record
        .request
        .headers
        .push(("authorization".into(), "[redacted]".into()));
    record
        .request
        .redacted
        .push("header authorization".to_owned());
    let id = record.id.to_string();
    let log = Log::new("replay-headers", &[record]);
    let seen = Arc::new(Mutex::new(None));
    let of_build = Arc::clone(&seen);
    let build = Build::start(move |request: Incoming| {
        *of_build.lock().unwrap() = Some(request.headers().clone());
        async move { answer(&request, 12.5) }
    });
    let more = [
        "--header",
        "x-env: test",
        "--header-env",
        "authorization=STAGING",
        "--json",
    ];
    let args = log.args(&build.url(), &more);
    let args: Vec<_> = args.iter().map(String::as_str).collect();
    let mut replay = command(&args);
    replay.env("STAGING", "Bearer for-tests");
    let run = run(replay).await.expect(2, "not_enough_data");
    let headers = seen.lock().unwrap().take().unwrap();
    let host = build.url().replace("http://", "");
    for (name, value) in [
        ("x-mirrored-from", "shop.example"),
        ("mirror-record-id", &*id),
        ("x-env", "test"),
        ("authorization", "Bearer for-tests"),
        ("host", host.trim_end_matches('/')),
    ] {
        assert_eq!(headers[name], value);
    }
    assert_eq!(parsed(&run)["replay"]["counts"]["redacted"], 1);
    assert!(!run.stdout.contains("for-tests") && !run.stderr.contains("for-tests"));
}

#[tokio::test]
async fn what_was_redacted_in_the_log_is_no_difference() {
    let mut records = orders(500);
    for record in &mut records {
        let response = record.response.as_mut().unwrap();
        response.body = Some(r#"{"number":1,"token":"[redacted]","total":12.5}"#.into());
        response.redacted.push("/token".to_owned());
        response
            .headers
            .push(("set-cookie".into(), "[redacted]".into()));
    }
    let log = Log::new("replay-redacted", &records);
    let build = Build::start(async |_| {
        let body = json!({ "number": 1, "token": "canary-3f9a", "total": 12.5 }).to_string();
        let mut response = response(200, "application/json", body);
        let cookie = "id=canary-3f9a".parse().unwrap();
        response.headers_mut().insert("set-cookie", cookie);
        response
    });
    let more = ["--speed", "max", "--compare-header", "set-cookie"];
    let run = log.replay(&build.url(), &more).await.expect(0, "promote");
    assert!(!run.stdout.contains("canary"), "{run:#?}");
    // What the build says at that place is in no fixture either.
    let build = Build::start(async |_| {
        let body = json!({ "number": 1, "token": "canary-3f9a", "total": 13 }).to_string();
        response(200, "application/json", body)
    });
    let fixtures = log.0.path().join("fixtures");
    let more = ["--speed", "max", "--fixtures", fixtures.to_str().unwrap()];
    let run = log.replay(&build.url(), &more).await.expect(1, "regressed");
    assert!(!run.stdout.contains("canary"), "{run:#?}");
    for fixture in fs::read_dir(&fixtures).unwrap() {
        let fixture = fs::read_to_string(fixture.unwrap().path()).unwrap();
        assert!(
            !fixture.contains("canary") && fixture.contains("/total"),
            "{fixture}"
        );
    }
}

#[tokio::test]
async fn a_damaged_record_stops_nothing() {
    let log = Log::new("replay-damaged", &orders(10));
    let mut file = fs::read(log.segment(1)).unwrap();
    let middle = file.len() / 2;
    file[middle] ^= 0x40;
    // And the last one is torn.
    file.truncate(file.len() - 5);
    fs::write(log.segment(1), file).unwrap();
    log.add(2, &(10..15).map(order).collect::<Vec<_>>());
    let build = Build::alike();
    let run = log
        .replay(&build.url(), &["--speed", "max", "--json"])
        .await;
    let counts = &parsed(&run.expect(2, "not_enough_data"))["replay"]["counts"];
    let told = ["responded", "unreplayable", "torn"].map(|name| counts[name].as_u64());
    assert_eq!(told, [Some(13), Some(1), Some(1)]);
}

#[tokio::test]
async fn a_log_that_is_none_and_a_wrong_command_line_are_told() {
    let log = Log::new("replay-none", &orders(1));
    let build = Build::alike();
    for (more, code, said) in [
        (&["--speed", "fast"][..], 64, "`max`"),
        (&["--only", "verb=GET"][..], 64, "`method`"),
        (&["--ignore", "total"][..], 64, "total"),
        (&["--tolerance", "/total"][..], 64, "/total=0.01"),
        (&["--since", "yesterday"][..], 64, "2026-11-27"),
        (
            &[
                "--since",
                "1795766600",
                "--until",
                "2026-11-27T09:03:20+01:00",
            ][..],
            64,
            "not before `--until`",
        ),
        (
            &["--header-env", "a=NOBODY_HAS_SET_THIS"][..],
            64,
            "not set",
        ),
        (&["--rules", "/nowhere.json"][..], 64, "/nowhere.json"),
        (&["--promote-match-rate", "1"][..], 64, "less than 1"),
    ] {
        log.replay(&build.url(), more).await.expect(code, said);
    }
    log.replay("ftp://rewrite", &[])
        .await
        .expect(64, "`http` or `https`");
    fs::remove_file(log.segment(1)).unwrap();
    log.replay(&build.url(), &[])
        .await
        .expect(3, "there is no log");
    fs::write(log.segment(1), "no log").unwrap();
    log.replay(&build.url(), &[])
        .await
        .expect(2, "unreplayable 1");
    assert!(build.paths().is_empty());
}

#[tokio::test]
async fn logs_are_made_of_files_of_other_programs_and_back() {
    let log = Log::new("replay-convert", &orders(5));
    let path = |name: &str| log.0.path().join(name).to_str().unwrap().to_owned();
    let from = log.path().to_str().unwrap().to_owned();
    for (name, other) in [
        ("orders.har", "from-har"),
        ("orders.gor", "from-gor"),
        ("orders.gor.gz", "from-gor-gz"),
    ] {
        let (file, other) = (path(name), path(other));
        // One that was there for everybody is so no more.
        fs::write(&file, "old").unwrap();
        let run = mirror(&[
            "export", "--from", &from, "--to", &file, "--mirror", "orders",
        ])
        .await;
        run.expect(0, "5 records, 5 with a response, 0 left out");
        assert_eq!(mode(Path::new(&file)), 0o600);
        let is_compressed = fs::read(&file).unwrap().starts_with(&[0x1F, 0x8B]);
        let end = Path::new(&file).extension();
        assert_eq!(is_compressed, end.is_some_and(|end| end == "gz"));
        let run = mirror(&[
            "import", "--from", &file, "--to", &other, "--mirror", "shop",
        ])
        .await;
        run.expect(0, "5 records, 5 with a response, 0 left out");
        let build = Build::alike();
        let url = build.url();
        let args = [
            "replay", "--from", &other, "--mirror", "shop", "--to", &url, "--speed", "max",
        ];
        mirror(&args)
            .await
            .expect(2, "read 5, responded 5")
            .expect(2, "not_enough_data");
        let mut paths = build.paths();
        paths.sort_unstable();
        assert_eq!(
            paths,
            (0..5)
                .map(|n| format!("/orders/{n}?full=1"))
                .collect::<Vec<_>>()
        );
    }
    let args = ["export", "--from", &from, "--to", "orders.txt"];
    mirror(&args).await.expect(64, "--format har");
}

#[tokio::test]
async fn what_an_export_leaves_out_is_counted_and_not_compared() {
    let mut records = orders(3);
    records[0].response.as_mut().unwrap().body = None;
    records[0].outcome = Outcome::Cut;
    records[1].request.body = None;
    let log = Log::new("replay-left-out", &records);
    let path = |name: &str| log.0.path().join(name).to_str().unwrap().to_owned();
    let (from, file, to) = (path("log"), path("orders.gor"), path("imported"));
    let run = mirror(&["export", "--from", &from, "--to", &file]).await;
    let run = run.expect(
        0,
        "2 records, 1 with a response, 1 left out, 1 response left out",
    );
    for said in ["its response is withheld", "its request is withheld"] {
        assert!(run.stderr.contains(said), "{run:#?}");
    }
    let args = ["import", "--from", &file, "--to", &to, "--mirror", "orders"];
    mirror(&args)
        .await
        .expect(0, "2 records, 1 with a response");
    let build = Build::alike();
    let url = build.url();
    let args = [
        "replay", "--from", &to, "--mirror", "orders", "--to", &url, "--json",
    ];
    let run = mirror(&args).await;
    let target = &parsed(&run)["report"]["targets"][0];
    assert_eq!(target["compared"], 1, "{run:#?}");
    assert_eq!(target["mismatched"], 0);
    assert_eq!(target["not_compared_by_reason"]["primary_gone"], 1);
}

#[tokio::test]
async fn an_export_says_what_other_programs_would_send_of_what_was_replaced() {
    let mut records = orders(3);
    records[1].request.redacted = vec!["authorization".to_owned()];
    let log = Log::new("replay-redacted", &records);
    let path = |name: &str| log.0.path().join(name).to_str().unwrap().to_owned();
    for name in ["orders.gor", "orders.har"] {
        let (from, file, to) = (path("log"), path(name), path("imported"));
        let run = mirror(&["export", "--from", &from, "--to", &file]).await;
        let run = run.expect(0, "3 records, 3 with a response");
        let said = "1 request with `[redacted]` in the place of what was there";
        assert!(run.stderr.contains(said), "{run:#?}");
        // It is not taken for one of the request.
        let args = ["import", "--from", &file, "--to", &to, "--mirror", "orders"];
        let run = mirror(&args).await.expect(0, "3 records");
        assert!(!run.stderr.contains("[redacted]"), "{run:#?}");
        fs::remove_dir_all(&to).unwrap();
    }
    let clean = Log::new("replay-clean", &orders(1));
    let (from, file) = (clean.path(), path("clean.gor"));
    let run = mirror(&["export", "--from", from.to_str().unwrap(), "--to", &file]).await;
    let run = run.expect(0, "1 record, 1 with a response");
    assert!(!run.stderr.contains("[redacted]"), "{run:#?}");
}

/// So that a build may respond with anything.
#[tokio::test]
async fn what_a_build_says_does_nothing_to_the_terminal() {
    let log = Log::new("replay-hostile", &orders(150));
    let build = Build::start(async |_| {
        let body = json!({ "\u{1b}]0;title\u{7}": "\u{1b}[2J", "total": 12.5 }).to_string();
        ([("content-type", "application/json")], body).into_response()
    });
    let run = log
        .replay(&build.url(), &["--speed", "max"])
        .await
        .expect(1, "regressed");
    assert!(
        !run.stdout.contains('\u{1b}') && !run.stderr.contains('\u{1b}'),
        "{run:#?}"
    );
}

#[tokio::test]
async fn a_mirror_of_which_there_is_no_record_is_told_with_those_that_there_are() {
    let build = Build::start(async |request| answer(&request, 12.5));
    let mut records = orders(8);
    records[5].mirror = "carts".to_owned();
    let log = Log::new("no-record-of-it", &records);
    let path = log.path().to_str().unwrap().to_owned();
    let url = build.url();
    let args = ["replay", "--from", &path, "--to", &url, "--speed", "max"];
    let none =
        "no record in the log is of the mirror `ordres`: there are records of `carts`, `orders`";
    mirror(&[&args[..], &["--mirror", "ordres"]].concat())
        .await
        .expect(2, none);
    mirror(&[&args[..], &["--mirror", "ordres", "--dry-run"]].concat())
        .await
        .expect(0, none);
    // There are some, and none of them is to be replayed.
    let run = mirror(&[&args[..], &["--mirror", "orders", "--only", "method=PUT"]].concat()).await;
    run.expect(2, "no record of `orders` was replayed: read 8, filtered 8");
    let run = mirror(&[&args[..], &["--mirror", "orders", "--dry-run"]].concat()).await;
    let run = run.expect(0, "would send 7 requests");
    assert!(!run.stderr.contains("carts"), "{run:#?}");
    assert!(build.paths().is_empty());
}

#[tokio::test]
async fn files_of_other_programs_and_streams_are_no_logs_and_what_to_do_is_said() {
    let directory = Directory::new("no-logs");
    fs::create_dir_all(directory.path()).unwrap();
    for name in ["x.har", "x.GOR", "x.gor.gz"] {
        let path = directory.path().join(name);
        fs::write(&path, "{}").unwrap();
        let path = path.to_str().unwrap();
        let import = format!("`mirror import --from {path} --to DIR --mirror NAME`");
        let to = "http://127.0.0.1:1";
        mirror(&["replay", "--from", path, "--mirror", "orders", "--to", to])
            .await
            .expect(3, &import);
        mirror(&["export", "--from", path, "--to", "y.har"])
            .await
            .expect(3, &import);
    }
    mirror(&["export", "--from", "nats://localhost:4222", "--to", "y.har"])
        .await
        .expect(
            64,
            "give the mirror a target `file(\"DIR\")` beside the stream",
        );
}
