//! Servers that want something else, or are none: why no record is kept is said, and as soon as that
//! is mended, records are kept.

use std::{
    fs,
    io::{BufRead, BufReader, Write},
    net::TcpListener,
    path::PathBuf,
    thread,
};

use mirror_fleet::{NatsOptions, NatsReader, NatsSink, ReaderOptions};
use mirror_runtime::{FailureKind, MirrorError};
use testkit::{
    Authority, Directory, eventually,
    nats::{NatsServer, programs},
};

use super::support::*;

fn log(options: NatsOptions) -> NatsSink {
    NatsSink::builder(&options.connect().unwrap(), MAX_BYTES)
        .ack_timeout(SOON)
        .build()
        .unwrap()
}

/// No record is kept, which is counted so, and the reason is said.
async fn says(log: &NatsSink, kind: FailureKind, reason: &str) {
    let mut said = String::new();
    let says = async {
        while !said.contains(reason) {
            tokio::task::yield_now().await;
            let error = MirrorError::from(keep(log, "hello").await.unwrap_err());
            let says = error.to_string();
            if says != said {
                // Of interest if it never says the other.
                eprintln!("{says}");
            }
            said = says;
            // At the beginning, nothing is known yet.
            assert!(error.kind() == kind || !said.contains(reason), "{said}");
        }
    };
    eventually(reason, says).await;
}

async fn mends(log: &NatsSink) {
    eventually("a record is kept", async {
        while keep(log, "hello").await.is_err() {
            tokio::task::yield_now().await;
        }
    })
    .await;
}

/// Certificates of one test.
struct Certificates {
    directory: Directory,
    authority: Authority,
}

impl Certificates {
    fn new(name: &str) -> Self {
        let directory = Directory::new(name);
        fs::create_dir_all(directory.path()).unwrap();
        let certificates = Self {
            directory,
            authority: Authority::new(),
        };
        certificates.write("roots.pem", &certificates.authority.pem());
        certificates
    }

    fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path(name);
        fs::write(&path, text).unwrap();
        path
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// A server's configuration, with a certificate for a name up to the end of a year.
    fn config(&self, authority: &Authority, name: &str, year: i32, verify: bool) -> String {
        let (certificate, key) = authority.issue(name, year);
        let certificate = self.write("certificate.pem", &certificate.pem());
        let key = self.write("key.pem", &key.serialize_pem());
        let roots = self.path("roots.pem");
        format!(
            "tls {{ cert_file: \"{}\", key_file: \"{}\", ca_file: \"{}\", verify: {verify} }}\n",
            certificate.display(),
            key.display(),
            roots.display()
        )
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_with_a_certificate_is_said_until_it_is_replaced() {
    for (version, program) in programs() {
        let files = Certificates::new(&format!("nats-wrong-{version}"));
        let ours = &files.authority;
        let foreign = Authority::new();
        let cases = [
            (
                &foreign,
                "localhost",
                2090,
                false,
                "invalid peer certificate",
            ),
            (ours, "localhost", 2021, false, "expired"),
            (ours, "elsewhere", 2090, false, "not valid for name"),
            // It wants one of the client.
            (ours, "localhost", 2090, true, "IO error"),
        ];
        let mut server = NatsServer::of(&program, "");
        for (authority, name, year, verify, reason) in cases {
            server.restart_with(&files.config(authority, name, year, verify));
            let url = format!("nats://localhost:{}", server.port());
            let options = NatsOptions::new(&url).unwrap();
            let log = log(options.root_certificates(files.path("roots.pem")));
            says(&log, FailureKind::Closed, reason).await;
            server.restart_with(&files.config(ours, "localhost", 2090, false));
            mends(&log).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_certificate_is_replaced_while_the_program_runs() {
    for (version, program) in programs() {
        let files = Certificates::new(&format!("nats-own-{version}"));
        let ours = &files.authority;
        let own = |year| {
            let (certificate, key) = ours.issue("client", year);
            files.write("own.pem", &certificate.pem());
            files.write("own-key.pem", &key.serialize_pem());
        };
        own(2021);
        let server = NatsServer::of(&program, &files.config(ours, "localhost", 2090, true));
        let url = format!("nats://localhost:{}", server.port());
        let options = NatsOptions::new(&url).unwrap();
        let options = options.root_certificates(files.path("roots.pem"));
        let options = options.client_certificate(files.path("own.pem"), files.path("own-key.pem"));
        let log = log(options);
        says(&log, FailureKind::Closed, "IO error").await;
        own(2090);
        mends(&log).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_not_let_in_is_told_until_he_is() {
    for (_, program) in programs() {
        let config = "authorization { user: mirror, password: other }\n";
        let mut server = NatsServer::of(&program, config);
        let options = NatsOptions::new(&server.url()).unwrap();
        let options = options.user_and_password("mirror", "s3cr3t");
        let log = log(options.clone());
        says(&log, FailureKind::Closed, "authorization violation").await;
        // Who reads is told the same.
        let connection = options.connect().unwrap();
        let options = ReaderOptions::new("orders", "replay");
        let opened = Box::pin(NatsReader::open(&connection, &options));
        let opened = eventually("an error", opened).await;
        let error = opened.map(drop).unwrap_err().to_string();
        assert!(error.contains("authorization violation"), "{error}");
        assert!(!error.contains("s3cr3t"), "{error}");
        server.restart_with("authorization { user: mirror, password: s3cr3t }\n");
        mends(&log).await;
    }
}

/// Something at the port of a server that is none: it says this, and closes.
fn imposter(port: u16, says: &'static [u8]) -> impl FnOnce() {
    let listener = TcpListener::bind(("127.0.0.1", port)).unwrap();
    let waker = listener.local_addr().unwrap();
    let (over, is_over) = std::sync::mpsc::channel();
    let thread = thread::spawn(move || {
        for connection in listener.incoming() {
            if is_over.try_recv().is_ok() {
                break;
            }
            let _ = connection.unwrap().write_all(says);
        }
    });
    move || {
        over.send(()).unwrap();
        let _ = std::net::TcpStream::connect(waker);
        thread.join().unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_server_of_nats_is_told_until_there_is_one() {
    for (_, program) in programs() {
        let mut server = NatsServer::of(&program, "");
        for (says_first, reason) in [
            (&b""[..], "expected INFO, got nothing"),
            (
                b"HTTP/1.1 400 Bad Request\r\n\r\n",
                "invalid server operation",
            ),
            (b"INFO {\"version\":\r\n", "IO error"),
            (b"-ERR 'go away'\r\n", "go away"),
            (&[0xff; 100], "IO error"),
        ] {
            server.kill();
            let over = imposter(server.port(), says_first);
            let log = log(NatsOptions::new(&server.url()).unwrap());
            says(&log, FailureKind::Closed, reason).await;
            over();
            server.restart();
            mends(&log).await;
        }
        server.pause();
        let silent = log(NatsOptions::new(&server.url()).unwrap());
        says(&silent, FailureKind::Closed, "timed out").await;
        server.resume();
        mends(&silent).await;
        server.kill();
        let away = log(NatsOptions::new(&server.url()).unwrap());
        says(&away, FailureKind::Closed, "Connection refused").await;
        server.restart();
        mends(&away).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_repeats_what_it_was_sent_brings_no_secret_into_the_reason() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("nats://{}", listener.local_addr().unwrap());
    thread::spawn(move || {
        for connection in listener.incoming() {
            let mut connection = connection.unwrap();
            let info = b"INFO {\"server_id\":\"a\",\"max_payload\":1024}\r\n";
            let mut line = String::new();
            connection.write_all(info).unwrap();
            let _ = BufReader::new(&connection).read_line(&mut line);
            let _ = connection.write_all(line.as_bytes());
        }
    });
    let options = NatsOptions::new(&url).unwrap();
    for options in [
        options.clone().user_and_password("mirror", "s3cr3t\"s"),
        options.token("s3cr3t"),
    ] {
        let connection = options.connect().unwrap();
        let options = ReaderOptions::new("orders", "replay");
        let opened = Box::pin(NatsReader::open(&connection, &options));
        let opened = eventually("an error", opened).await;
        let error = opened.map(drop).unwrap_err().to_string();
        assert!(error.contains("[redacted]"), "{error}");
        assert!(!error.contains("s3cr3t"), "{error}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_without_jetstream_is_told_until_it_has_it() {
    let account = |jetstream: &str| {
        format!(
            "accounts {{ A {{ {jetstream} users: [ {{ user: mirror, password: s3cr3t }} ] }} }}\n"
        )
    };
    for (_, program) in programs() {
        let (off, none) = (
            "jetstream: disabled\n".to_owned() + &account(""),
            account(""),
        );
        for (without, reason) in [
            (none, "JetStream not enabled for account"),
            (off, "JetStream is off on this server"),
        ] {
            let mut server = NatsServer::of(&program, &without);
            let options = NatsOptions::new(&server.url()).unwrap();
            let log = log(options.user_and_password("mirror", "s3cr3t"));
            says(&log, FailureKind::Sink, reason).await;
            server.restart_with(&account("jetstream: enabled,"));
            mends(&log).await;
        }
    }
}

// What a user needs, as it is documented.
const RECORDS: &str = "\"mirror.v1.>\"";
const API: &str = "\"$JS.API.STREAM.INFO.MIRROR\", \"$JS.API.STREAM.CREATE.MIRROR\"";
const INBOX: &str = "\"_INBOX.>\"";

#[tokio::test(flavor = "multi_thread")]
async fn what_a_user_may_not_do_is_told_until_he_may() {
    let user = |publish: &str, subscribe: &str| {
        format!(
            "authorization {{ users: [ {{ user: mirror, password: s3cr3t, permissions: {{ \
             publish: [{publish}], subscribe: [{subscribe}] }} }} ] }}\n"
        )
    };
    let all = [RECORDS, API].join(", ");
    for (_, program) in programs() {
        for (publish, subscribe, reason) in [
            (
                API,
                INBOX,
                "Permissions Violation for Publish to \"mirror.v1.orders.",
            ),
            (
                RECORDS,
                INBOX,
                "Permissions Violation for Publish to \"$JS.API.STREAM.INFO.MIRROR",
            ),
            (
                &all,
                "\"other\"",
                "Permissions Violation for Subscription to \"_INBOX.",
            ),
        ] {
            let mut server = NatsServer::of(&program, &user(publish, subscribe));
            let options = NatsOptions::new(&server.url()).unwrap();
            let log = log(options.user_and_password("mirror", "s3cr3t"));
            says(&log, FailureKind::Sink, reason).await;
            server.restart_with(&user(&all, INBOX));
            mends(&log).await;
        }
    }
}
