//! A program with records in NATS, and without a crypto provider: a server that demands TLS is told,
//! nothing panics, and one that does not is used.

use std::{
    io::{BufRead, BufReader, Write},
    net::{TcpListener, TcpStream},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use mirror_fleet::{NatsOptions, NatsSink};
use mirror_runtime::{FailureKind, Mirror, MirrorError, Target};
use shadow::outcomes;

/// A server that says that it demands TLS, or that it does not, and lets everybody in.
#[derive(Clone)]
struct Server {
    demands: Arc<AtomicBool>,
    connections: Arc<Mutex<Vec<TcpStream>>>,
}

impl Server {
    fn start() -> (Self, String) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("nats://{}", listener.local_addr().unwrap());
        let server = Self {
            demands: Arc::new(AtomicBool::new(true)),
            connections: Arc::default(),
        };
        let accepting = server.clone();
        thread::spawn(move || {
            for connection in listener.incoming() {
                let connection = connection.unwrap();
                let copy = connection.try_clone().unwrap();
                accepting.connections.lock().unwrap().push(copy);
                let demands = accepting.demands.load(Ordering::SeqCst);
                thread::spawn(move || respond(connection, demands));
            }
        });
        (server, url)
    }

    /// From now on, also for those who are connected.
    fn demands(&self, demands: bool) {
        self.demands.store(demands, Ordering::SeqCst);
        for connection in self.connections.lock().unwrap().drain(..) {
            let _ = connection.shutdown(std::net::Shutdown::Both);
        }
    }
}

/// Nobody is told how it ends.
fn respond(mut connection: TcpStream, demands: bool) -> Option<()> {
    let info = format!(
        "INFO {{\"server_id\":\"A\",\"server_name\":\"a\",\"version\":\"2.10.0\",\"proto\":1,\
         \"host\":\"127.0.0.1\",\"port\":4222,\"headers\":true,\"max_payload\":1048576,\
         \"client_id\":1,\"go\":\"\",\"tls_required\":{demands}}}\r\n"
    );
    connection.write_all(info.as_bytes()).ok()?;
    let lines = BufReader::new(connection.try_clone().ok()?).lines();
    for line in lines {
        if line.ok()? == "PING" {
            connection.write_all(b"PONG\r\n").ok()?;
        }
    }
    None
}

fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let end = Instant::now() + Duration::from_secs(60);
    while !holds() {
        assert!(Instant::now() < end, "waited in vain: {what}");
        thread::yield_now();
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    static PANICS: AtomicUsize = AtomicUsize::new(0);
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        PANICS.fetch_add(1, Ordering::SeqCst);
        hook(panic);
    }));
    let (server, url) = Server::start();
    // What says that it needs TLS is refused at once.
    for options in [
        NatsOptions::new(&url.replace("nats:", "tls:")).unwrap(),
        NatsOptions::new(&url).unwrap().require_tls(),
    ] {
        let error = options.connect().unwrap_err().to_string();
        assert!(error.contains("feature `tls-aws-lc`"), "{error}");
    }

    let connection = NatsOptions::new(&url).unwrap().connect().unwrap();
    let log = NatsSink::builder(&connection, 1 << 20);
    let log = log.ack_timeout(Duration::from_millis(300)).build().unwrap();
    let said = Arc::new(Mutex::new(String::new()));
    let told = Arc::clone(&said);
    let mirror = Mirror::builder()
        .target(Target::sink("log", log))
        .circuit_breaker(None)
        .on_error(move |_: &Target, error: &MirrorError| {
            assert_eq!(error.kind(), FailureKind::Closed);
            *told.lock().unwrap() = error.to_string();
        })
        .build()
        .unwrap();
    for _ in 0..2 {
        for sent in 1.. {
            let stats = outcomes(&mirror).await.remove(0);
            assert_eq!(stats.answered, 0, "{stats}");
            if said.lock().unwrap().contains("crypto provider") {
                break;
            }
            assert!(sent < 200, "{}", said.lock().unwrap());
        }
        assert!(!connection.is_connected());
        server.demands(false);
        until("a connection", || connection.is_connected());
        server.demands(true);
        until("no connection", || !connection.is_connected());
        said.lock().unwrap().clear();
    }
    assert_eq!(PANICS.load(Ordering::SeqCst), 0);
}
