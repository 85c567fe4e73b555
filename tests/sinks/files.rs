//! Targets that are files: the feature `log`.

use std::{
    env, fs,
    io::{self, BufRead, BufReader, ErrorKind},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::LazyLock,
};

use mirror_record::{Directory, Outcome, Position};
use mirror_runtime::{
    FailureKind, FileSink, LogOptions, MirrorError, Record, Sticky, SyncPolicy, mirror,
    mirror_named,
};

use super::*;

/// The smallest segments.
const SEGMENT: u64 = 16 * 1024;

/// A directory that is not there yet, and goes away with its test.
struct Temporary(testkit::Directory);

impl Temporary {
    fn new(name: &str) -> Self {
        Self(testkit::Directory::new(&format!("log-{name}")))
    }

    fn path(&self) -> PathBuf {
        self.0.path().join("log")
    }

    fn read(&self) -> Vec<Record> {
        read(&self.path())
    }
}

fn read(path: &Path) -> Vec<Record> {
    let directory = Directory::open(path).unwrap();
    directory.map(|entry| entry.unwrap().record).collect()
}

fn targets(records: &[Record]) -> Vec<&str> {
    let targets = records.iter().map(|record| &record.request.target);
    targets
        .map(|target| std::str::from_utf8(target).unwrap())
        .collect()
}

fn sink(path: PathBuf, options: LogOptions) -> Target {
    Target::sink("log", FileSink::new(path).with_options(options))
}

#[mirror(
    targets = [
        file("target/tests/attribute-log"),
        target(file("target/tests/second-log"), name = "second", percentage = 100),
    ],
    name = "into-files",
    sticky = header("x-user-id"),
    redact = ["/card"],
    key = KEY,
)]
async fn kept(body: String) -> (StatusCode, String) {
    (StatusCode::CREATED, body)
}

static KEY: LazyLock<mirror_runtime::Key> =
    LazyLock::new(|| mirror_runtime::Key::new("0123456789abcdef0123456789abcdef").unwrap());

#[tokio::test]
async fn an_attribute_keeps_requests_with_their_responses_in_files() {
    let (first, second) = ("target/tests/attribute-log", "target/tests/second-log");
    for path in [first, second] {
        let _ = fs::remove_dir_all(path);
    }
    let primary = Primary::start(Router::new().route("/orders", post(kept))).await;
    let before = SystemTime::now();
    for (number, user) in ["u-1", "u-2", "u-1"].into_iter().enumerate() {
        let request = Request::post("/orders?token=t0ps3cr3t&page=%32")
            .header("x-user-id", user)
            .header("authorization", "Bearer s3cret")
            .body(Body::from(r#"{"card":"4111","total":7}"#));
        let response = primary.send(request.unwrap()).await;
        assert_eq!(response.text(), r#"{"card":"4111","total":7}"#);
        // One after another: secrets are taken out on several threads.
        settled(&mirror_named("into-files").unwrap(), number as u64 + 1).await;
    }
    let mirror = mirror_named("into-files").unwrap();
    let stats = settled(&mirror, 3).await;
    assert_eq!((&*stats[0].name, stats[0].answered), (first, 3));
    assert_eq!((&*stats[1].name, stats[1].answered), ("second", 3));
    // They are written as their responses were handed over.
    let in_order = |path: &str| {
        let mut records = read(Path::new(path));
        records.sort_by_key(|record| record.arrived_ns);
        records
    };
    let records = in_order(first);
    assert_eq!(records.len(), 3);
    let record = &records[0];
    assert_eq!(
        (&*record.mirror, record.outcome),
        ("into-files", Outcome::Complete)
    );
    assert_eq!(
        (record.share.to_bits(), record.build.as_deref()),
        (100_f64.to_bits(), None)
    );
    assert!(record.arrived() >= before && record.arrived() <= SystemTime::now());
    let times = [
        record.handler_start_us,
        record.first_byte_us,
        record.last_byte_us,
    ];
    assert!(times.is_sorted() && times[0].is_some(), "{times:?}");
    assert_eq!(record.request.method, "POST");
    let target = targets(&records)[0];
    assert!(target.starts_with("/orders?token=[redacted:") && target.ends_with("]&page=%32"));
    let body = std::str::from_utf8(record.request.body.as_deref().unwrap()).unwrap();
    assert!(body.starts_with(r#"{"card":"[redacted:"#), "{body}");
    let response = record.response.as_ref().unwrap();
    assert_eq!(
        (response.status, response.body.as_deref()),
        (201, Some(body.as_bytes()))
    );
    let authorization = record.request.headers.iter();
    let mut authorization = authorization.filter(|(name, _)| name == "authorization");
    assert!(authorization.next().unwrap().1.starts_with(b"[redacted:"));
    // Of a session, and nothing of who it is.
    let sessions: Vec<_> = records
        .iter()
        .map(|record| record.session.unwrap())
        .collect();
    assert!(sessions[0] == sessions[2] && sessions[0] != sessions[1]);
    assert!(record.rules_version != 0 && record.redaction_version != 0);
    // All targets keep the same record.
    let ids = |records: &[Record]| records.iter().map(|record| record.id).collect::<Vec<_>>();
    assert_eq!(ids(&in_order(second)), ids(&records));
    let mut bytes = Vec::new();
    for entry in fs::read_dir(first).unwrap() {
        bytes.extend(fs::read(entry.unwrap().path()).unwrap());
    }
    let text = String::from_utf8_lossy(&bytes);
    for secret in ["t0ps3cr3t", "s3cret", "4111"] {
        assert!(!text.contains(secret), "{secret}");
    }
    let mode = |path: &str| fs::metadata(path).unwrap().permissions().mode() & 0o7777;
    assert_eq!(mode(first), 0o700);
    assert_eq!(mode("target/tests/attribute-log/000000000001.mrec"), 0o600);
    for path in [first, second] {
        fs::remove_dir_all(path).unwrap();
    }
}

#[tokio::test]
async fn a_record_says_what_share_it_stands_for() {
    let temporary = Temporary::new("share");
    let half = temporary.path().join("half");
    let mirror = Mirror::builder()
        .target(Target::file(temporary.path()))
        .target(Target::file(&half).percentage(12.5).unwrap())
        .sticky(Sticky::Path)
        .build()
        .unwrap();
    let primary = serve(&mirror, echo()).await;
    for i in 0..64 {
        primary.get(&format!("/{i}")).await;
    }
    let stats = settled(&mirror, 64).await;
    let (all, some) = (temporary.read(), read(&half));
    assert_eq!((all.len(), some.len() as u64), (64, stats[1].answered));
    assert!(!some.is_empty() && some.len() < 32, "{}", some.len());
    let share = |records: &[Record], share: f64| {
        records
            .iter()
            .all(|record| record.share.to_bits() == share.to_bits())
    };
    assert!(share(&all, 100.0) && share(&some, 12.5));
    // Those of one request have one id, whoever keeps them.
    let known = |id| all.iter().any(|record| record.id == id);
    assert!(some.iter().all(|record| known(record.id)));
}

/// It is sampled when it arrives, and recorded when its response has ended.
#[tokio::test]
async fn the_share_of_a_record_is_that_by_which_it_was_sampled() {
    let temporary = Temporary::new("share-set");
    let log = Target::file(temporary.path()).named("log");
    let mirror = Mirror::builder().target(log).name("share-set").build();
    let mirror = mirror.unwrap();
    let control = mirror.control();
    let set_by_handler = move || {
        control.set_percentage("log", 0.0).unwrap();
        std::future::ready("done")
    };
    let app = Router::new().route("/", axum::routing::any(set_by_handler));
    let primary = serve(&mirror, app).await;
    primary.get("/").await;
    let stats = settled(&mirror, 1).await;
    assert_eq!(stats[0].answered, 1);
    let records = temporary.read();
    let shares: Vec<_> = records.iter().map(|it| it.share.to_bits()).collect();
    assert_eq!(shares, [100_f64.to_bits()]);
}

#[tokio::test]
async fn segments_are_rotated_bounded_and_compressed() {
    let temporary = Temporary::new("rotated");
    let options = LogOptions::default()
        .with_segment_bytes(SEGMENT)
        .with_total_bytes(6 * SEGMENT)
        .with_compression(true);
    let mirror = Mirror::builder()
        .target(sink(temporary.path(), options))
        .build()
        .unwrap();
    let primary = serve(&mirror, echo()).await;
    // What cannot be compressed, or all of them would have room.
    let body = |i: u64| {
        let mut state = i + 1;
        let next = || {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            state.to_be_bytes()[0]
        };
        std::iter::repeat_with(next).take(4000).collect::<Vec<u8>>()
    };
    for i in 0..60 {
        assert_eq!(primary.post(&format!("/{i}"), body(i)).await.body, body(i));
        let bytes: u64 = fs::read_dir(temporary.path())
            .into_iter()
            .flatten()
            .map(|entry| {
                entry
                    .unwrap()
                    .metadata()
                    .map_or(0, |metadata| metadata.len())
            })
            .sum();
        assert!(bytes <= 6 * SEGMENT, "{bytes}");
    }
    let stats = settled(&mirror, 60).await.remove(0);
    assert_eq!(stats.answered, 60, "{stats}");
    let records = temporary.read();
    // Requests that end at once are written in any order.
    let mut kept: Vec<u32> = targets(&records)
        .iter()
        .map(|target| target[1..].parse().unwrap())
        .collect();
    kept.sort_unstable();
    kept.dedup();
    assert_eq!((kept.len(), kept.last()), (records.len(), Some(&59)));
    // The oldest segments went first, whatever late records are among the newest.
    let recent = kept.iter().filter(|number| **number >= 30).count();
    assert!(recent * 2 > kept.len(), "{kept:?}");
    assert!(
        records.len() >= 4 && records.len() < 30,
        "{}",
        records.len()
    );
    drop(mirror);
}

#[tokio::test]
async fn each_policy_acknowledges_what_is_durable() {
    for (name, sync) in [
        ("never", SyncPolicy::Never),
        ("each", SyncPolicy::Each),
        (
            "every",
            SyncPolicy::Every {
                records: 1000,
                interval: Duration::from_millis(20),
            },
        ),
    ] {
        let temporary = Temporary::new(name);
        let options = LogOptions::default().with_sync(sync);
        let mirror = Mirror::builder()
            .target(sink(temporary.path(), options))
            .build()
            .unwrap();
        let primary = serve(&mirror, echo()).await;
        for _ in 0..5 {
            primary.post("/", "hello").await;
        }
        let stats = settled(&mirror, 5).await.remove(0);
        assert_eq!(
            (stats.answered, temporary.read().len()),
            (5, 5),
            "{name}: {stats}"
        );
    }
}

#[tokio::test]
async fn what_is_too_large_and_what_has_no_room_is_told_apart() {
    let temporary = Temporary::new("failing");
    // A directory that cannot be made, even by the superuser.
    fs::create_dir_all(temporary.0.path()).unwrap();
    fs::write(temporary.path(), "").unwrap();
    let told = Arc::new(Mutex::new(Vec::new()));
    let errors = Arc::clone(&told);
    let options = LogOptions::default()
        .with_segment_bytes(SEGMENT)
        .with_total_bytes(2 * SEGMENT);
    let mirror = Mirror::builder()
        .target(sink(temporary.path(), options))
        .on_error(move |_: &Target, error: &MirrorError| {
            errors.lock().unwrap().push(error.to_string());
        })
        .build()
        .unwrap();
    let primary = serve(&mirror, echo()).await;
    assert_eq!(primary.post("/", "hello").await.text(), "hello");
    let stats = settled(&mirror, 1).await.remove(0);
    assert_eq!(stats.failed_with(FailureKind::Sink), 1, "{stats}");
    until("the callback", || told.lock().unwrap().len() == 1).await;
    let error = told.lock().unwrap().remove(0);
    assert!(error.starts_with("the sink has failed: "), "{error}");
    // It is there again.
    fs::remove_file(temporary.path()).unwrap();
    assert_eq!(primary.post("/", "hello").await.text(), "hello");
    primary.post("/", "x".repeat(20_000)).await;
    primary.post("/", "hello").await;
    let stats = settled(&mirror, 4).await.remove(0);
    assert_eq!((stats.answered, stats.failed), (2, 2), "{stats}");
    assert_eq!(stats.failed_with(FailureKind::TooLarge), 1, "{stats}");
    assert_eq!(temporary.read().len(), 2);
    // And gone while it is written.
    fs::remove_dir_all(temporary.path()).unwrap();
    primary.post("/", "hello").await;
    let stats = settled(&mirror, 5).await.remove(0);
    assert_eq!((stats.answered, temporary.read().len()), (3, 1), "{stats}");
}

#[tokio::test]
async fn a_record_is_not_acknowledged_before_it_is_durable() {
    let temporary = Temporary::new("durable");
    let sync = SyncPolicy::Every {
        records: 1_000_000,
        interval: Duration::from_hours(1),
    };
    let options = LogOptions::default().with_sync(sync);
    let mirror = Mirror::builder()
        .target(sink(temporary.path(), options))
        .timeout(Duration::from_hours(1))
        .build()
        .unwrap();
    let primary = serve(&mirror, echo()).await;
    assert_eq!(primary.post("/", "hello").await.text(), "hello");
    let is_written = || temporary.path().exists() && temporary.read().len() == 1;
    until("it is written", is_written).await;
    let stats = mirror.stats().targets.remove(0);
    assert_eq!((stats.sent, stats.in_flight), (1, 1), "{stats}");
}

#[test]
fn options_that_cannot_be_met_are_an_error_of_the_mirror() {
    let temporary = Temporary::new("options");
    let options = LogOptions::default().with_segment_bytes(7);
    let error = Mirror::builder()
        .target(sink(temporary.path(), options))
        .build()
        .unwrap_err();
    let directory = temporary.path().display().to_string();
    assert_eq!(
        error.to_string(),
        format!(
            "the log in `{directory}` cannot be kept: a segment of 7 bytes is too small: it has at least 16384"
        )
    );
    let twice = Mirror::builder()
        .target(Target::file("a"))
        .target(Target::file("a"))
        .build();
    assert_eq!(twice.unwrap_err().to_string(), "duplicate target name `a`");
}

/// The variable that makes the next test the program without room: it names the directory.
const LITTLE_ROOM: &str = "MIRROR_TESTS_LOG_WITH_LITTLE_ROOM";

/// The program that has no room: its disk is full after some requests, or its files are.
#[tokio::test]
async fn a_program_without_room() {
    let Some(directory) = env::var_os(LITTLE_ROOM) else {
        return;
    };
    let directory = PathBuf::from(directory).join("log");
    let kinds = Arc::new(Mutex::new(Vec::new()));
    let told = Arc::clone(&kinds);
    let options = LogOptions::default()
        .with_segment_bytes(128 * 1024)
        .with_total_bytes(1 << 30);
    let mirror = Mirror::builder()
        .target(sink(directory.clone(), options))
        .circuit_breaker(None)
        .on_error(move |_: &Target, error: &MirrorError| {
            let MirrorError::Sink(SinkError::Other(cause)) = error else {
                panic!("{error}");
            };
            // An error of the system is itself.
            let error = cause.downcast_ref::<io::Error>().unwrap();
            told.lock().unwrap().push(error.kind());
        })
        .build()
        .unwrap();
    let primary = serve(&mirror, echo()).await;
    let mut acknowledged = Vec::new();
    let mut sent = 0;
    let mut post = async |acknowledged: &mut Vec<String>| {
        let target = format!("/{sent}");
        let body = "x".repeat(1000);
        assert_eq!(primary.post(&target, body.clone()).await.text(), body);
        sent += 1;
        let stats = settled(&mirror, sent).await.remove(0);
        assert_eq!(stats.failed_with(FailureKind::Sink), stats.failed);
        if stats.answered > acknowledged.len() as u64 {
            acknowledged.push(target);
        }
        stats.failed
    };
    let mut failed = 0;
    for _ in 0..400 {
        failed = post(&mut acknowledged).await;
    }
    assert!(failed > 5 && acknowledged.len() > 100, "{failed}");
    assert_eq!(targets(&read(&directory)), acknowledged);
    // Segments that nothing fits into are not left behind.
    let segments = fs::read_dir(&directory).unwrap().count();
    assert!(segments < 25, "{segments}");
    until("the callbacks", || {
        kinds.lock().unwrap().len() as u64 == failed
    })
    .await;
    // There is room again.
    let first = directory.join("000000000001.mrec");
    let gone = Directory::open(&directory).unwrap();
    let gone = gone.filter(|entry| entry.as_ref().unwrap().next.segment == 1);
    let gone = gone.count();
    fs::remove_file(first).unwrap();
    acknowledged.drain(..gone);
    for _ in 0..10 {
        let target = format!("/{sent}");
        assert_eq!(primary.post(&target, "hello").await.text(), "hello");
        sent += 1;
        acknowledged.push(target);
        let stats = settled(&mirror, sent).await.remove(0);
        assert_eq!(stats.failed, failed, "{stats}");
    }
    assert_eq!(targets(&read(&directory)), acknowledged);
    let kinds = kinds.lock().unwrap();
    let is_of_room =
        |kind: &ErrorKind| matches!(kind, ErrorKind::StorageFull | ErrorKind::FileTooLarge);
    assert!(kinds.iter().all(is_of_room), "{kinds:?}");
}

#[tokio::test]
async fn no_room_costs_records_that_are_counted_and_nothing_else() {
    for room in [Room::Disk(512), Room::Files(128)] {
        let temporary = Temporary::new("no-room");
        fs::create_dir_all(temporary.0.path()).unwrap();
        let directory = temporary.0.path().to_owned();
        let test = "sinks::files::a_program_without_room";
        passes_with_little_room(test, LITTLE_ROOM, directory, room).await;
    }
}

/// The variable that makes a test below the program that is killed: it names the directory.
const CHILD: &str = "MIRROR_TESTS_LOG_OF_A_CHILD";

/// The program that is killed: it says where it listens, and each time that a record is kept.
#[tokio::test]
async fn a_program_that_is_killed() {
    let Some(directory) = env::var_os(CHILD) else {
        return;
    };
    let options = LogOptions::default()
        .with_segment_bytes(SEGMENT)
        .with_total_bytes(1 << 30);
    let mirror = Mirror::builder()
        .target(sink(directory.into(), options))
        .on_success(|_: &Target, _: &mirror_runtime::BufferedResponse| println!("\nkept"))
        .build()
        .unwrap();
    let primary = serve(&mirror, echo()).await;
    println!("\nlistens {}", primary.host());
    std::future::pending::<()>().await;
}

#[tokio::test]
async fn a_program_that_is_killed_loses_nothing_that_was_acknowledged() {
    let temporary = Temporary::new("killed");
    let mut seen = 0;
    for round in 1..=2 {
        let mut child = Command::new(env::current_exe().unwrap())
            .args([
                "--exact",
                "sinks::files::a_program_that_is_killed",
                "--nocapture",
            ])
            .env(CHILD, temporary.path())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let address = loop {
            let line = lines.next().unwrap().unwrap();
            if let Some(address) = line.strip_prefix("listens ") {
                break address.to_owned();
            }
        };
        // Requests go on until it is gone.
        let clients = (0..4).map(|client| {
            let address = address.clone();
            std::thread::spawn(move || {
                for i in 0.. {
                    if !posted(&address, &format!("/{client}/{i}")) {
                        break;
                    }
                }
            })
        });
        let clients: Vec<_> = clients.collect();
        let mut kept = 0;
        while kept < 200 {
            kept += usize::from(lines.next().unwrap().unwrap() == "kept");
        }
        child.kill().unwrap();
        child.wait().unwrap();
        // All that it had said before.
        kept += lines
            .map_while(Result::ok)
            .filter(|line| line == "kept")
            .count();
        for client in clients {
            client.join().unwrap();
        }
        let mut directory = Directory::open(temporary.path()).unwrap();
        let mut records = 0;
        let mut last = Position::default();
        while let Some(entry) = directory.next_record().unwrap() {
            assert!(entry.next > last && !entry.record.request.target.is_empty());
            last = entry.next;
            records += 1;
        }
        assert!(records - seen >= kept, "{records} {seen} {kept}");
        assert!(directory.torn() <= round);
        seen = records;
    }
}

/// Posts a kilobyte, over a connection of its own; `false` if there is no response.
fn posted(address: &str, target: &str) -> bool {
    use std::{
        io::{Read, Write},
        net::TcpStream,
    };
    let Ok(mut stream) = TcpStream::connect(address) else {
        return false;
    };
    let head = format!(
        "POST {target} HTTP/1.1\r\nhost: a\r\ncontent-length: 1000\r\nconnection: close\r\n\r\n"
    );
    let request = [head.as_bytes(), &[b'x'; 1000]].concat();
    let mut response = Vec::new();
    stream.write_all(&request).is_ok()
        && stream.read_to_end(&mut response).is_ok()
        && response.starts_with(b"HTTP/1.1 200")
}
