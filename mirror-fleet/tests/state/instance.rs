//! An instance of the service: this program once more, in a process of its own.

use std::{
    io::{BufRead, BufReader, Read as _},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed},
    },
    time::Duration,
};

use axum::{
    Json, Router,
    body::Body,
    extract::Path,
    http::{Request, Response, StatusCode},
    routing::get,
};
use mirror_dashboard::{
    Actor, Change, Changed, Dashboard, control_router_of_fleet,
    snapshot::{self, MirrorSnapshot, Snapshot},
};
use mirror_fleet::NatsOptions;
use mirror_runtime::{CircuitBreaker, CompareMode, Mirror, Target, Thresholds};
use serde_json::{Value, json};
use testkit::{Log, Shadow, eventually, nats::NatsServer};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

/// How often instances say what they know.
const INTERVAL: Duration = Duration::from_millis(200);

/// The child's side: what it is asked for by its environment.
fn asked(name: &str) -> Option<String> {
    std::env::var(format!("FLEET_TEST_{name}")).ok()
}

/// An instance, if this process is to be one.
#[test]
fn instance() {
    if asked("INSTANCE").is_none() {
        return;
    }
    tracing_subscriber::fmt()
        .with_ansi(false)
        .with_writer(std::io::stderr)
        .init();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let fleet = runtime.block_on(serve());
    // Until the test lets go.
    let _ = std::io::stdin().read_to_end(&mut Vec::new());
    runtime.block_on(mirror_runtime::drain(Duration::from_secs(10)));
    println!("FINISHED {}", fleet.shutdown(Duration::from_secs(10)));
}

async fn serve() -> mirror_fleet::Fleet {
    let shadow = Target::new(asked("SHADOW").unwrap())
        .unwrap()
        .named("rewrite");
    let cooldown = Duration::from_hours(1);
    let mirror = Mirror::builder()
        .name("orders")
        .target(shadow)
        .compare(CompareMode::Json)
        // How fast a machine is that runs tests says nothing.
        .thresholds(Thresholds::default().with_slow_ratio(f64::INFINITY))
        .version_header("x-version")
        .circuit_breaker(CircuitBreaker::new(3, cooldown))
        .build()
        .unwrap();
    let nats = NatsOptions::new(&asked("NATS").unwrap()).unwrap();
    let fleet = mirror_fleet::Fleet::builder(nats.connect().unwrap())
        .instance(asked("INSTANCE").unwrap())
        .interval(Duration::from_millis(
            asked("MILLIS").unwrap().parse().unwrap(),
        ))
        .start()
        .unwrap();
    let orders = |Path(number): Path<u64>| async move { Json(json!({ "order": number })) };
    let control = control_router_of_fleet(fleet.view(), [""; 0], |_| Some(Actor::new("ada")));
    let app = Router::new()
        .route("/orders/{number}", get(orders))
        .layer(mirror.layer())
        .nest("/mirror", Dashboard::new().fleet(fleet.view()).router())
        .nest("/control", control);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    println!("\nPORT {}", listener.local_addr().unwrap().port());
    tokio::spawn(async move { axum::serve(listener, app).await });
    // It is there for as long as the process is.
    std::mem::forget(mirror);
    fleet
}

/// A process that runs. It is killed when this is dropped.
pub(crate) struct Instance {
    child: Child,
    port: u16,
    stdin: Option<ChildStdin>,
    stdout: BufReader<ChildStdout>,
    log: Log,
    requests: u64,
}

/// A server of NATS, and a shadow that all instances send copies to.
pub(crate) struct Fleet {
    pub(crate) nats: NatsServer,
    shadow: Shadow,
    pub(crate) fails: Arc<AtomicBool>,
    pub(crate) is_new: Arc<AtomicBool>,
    /// Whether every third server is of the new version, in turn.
    pub(crate) is_rolling: Arc<AtomicBool>,
}

impl Fleet {
    pub(crate) async fn start() -> Option<Self> {
        Some(Self::of(NatsServer::start()?).await)
    }

    pub(crate) async fn of(nats: NatsServer) -> Self {
        let fails = Arc::new(AtomicBool::new(false));
        let is_new = Arc::new(AtomicBool::new(false));
        let is_rolling = Arc::new(AtomicBool::new(false));
        let (failing, new) = (Arc::clone(&fails), Arc::clone(&is_new));
        let (rolling, turn) = (Arc::clone(&is_rolling), AtomicUsize::new(0));
        let shadow = Shadow::answering(move |request| {
            if failing.load(Relaxed) {
                // Not a response: the connection breaks.
                let broken =
                    futures_util::stream::iter([Err::<&str, _>(std::io::Error::other("x"))]);
                return Response::new(Body::from_stream(broken));
            }
            let number = request.target.rsplit('/').next().unwrap();
            let is_new = new.load(Relaxed)
                || rolling.load(Relaxed) && turn.fetch_add(1, Relaxed).is_multiple_of(3);
            let version = if is_new { "2" } else { "1" };
            Response::builder()
                .header("content-type", "application/json")
                .header("x-version", version)
                .body(Body::from(format!("{{\"order\":{number}}}")))
                .unwrap()
        });
        Self {
            nats,
            shadow: shadow.await,
            fails,
            is_new,
            is_rolling,
        }
    }

    /// An instance of this name.
    pub(crate) async fn instance(&self, name: &str) -> Instance {
        self.instance_every(name, INTERVAL).await
    }

    /// An instance that says seldom what it knows, and reads seldom what others do.
    pub(crate) async fn slow_instance(&self, name: &str) -> Instance {
        self.instance_every(name, Duration::from_hours(1)).await
    }

    async fn instance_every(&self, name: &str, interval: Duration) -> Instance {
        let (nats, shadow, name) = (self.nats.url(), self.shadow.url(), name.to_owned());
        let start = move || Instance::start(&name, &nats, &shadow, interval);
        tokio::task::spawn_blocking(start).await.unwrap()
    }
}

impl Instance {
    fn start(name: &str, nats: &str, shadow: &str, interval: Duration) -> Self {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "instance::instance", "--nocapture"])
            .envs([
                ("FLEET_TEST_INSTANCE", name),
                ("FLEET_TEST_NATS", nats),
                ("FLEET_TEST_SHADOW", shadow),
                ("FLEET_TEST_MILLIS", &interval.as_millis().to_string()),
            ])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let stdin = child.stdin.take();
        let log = Log::default();
        let (mut stderr, mut of_thread) = (child.stderr.take().unwrap(), log.clone());
        std::thread::spawn(move || std::io::copy(&mut stderr, &mut of_thread));
        let mut instance = Self {
            stdout: BufReader::new(child.stdout.take().unwrap()),
            child,
            port: 0,
            stdin,
            log,
            requests: 0,
        };
        instance.port = instance.says("PORT ").parse().unwrap();
        instance
    }

    /// What comes after these words in the line that begins with them.
    fn says(&mut self, words: &str) -> String {
        let mut line = String::new();
        loop {
            line.clear();
            let read = self.stdout.read_line(&mut line).unwrap();
            assert!(read > 0, "the instance has ended");
            if let Some(said) = line.strip_prefix(words) {
                return said.trim().to_owned();
            }
        }
    }

    /// Ends it as a power failure would.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Lets it end by itself; whether its last words were heard.
    pub(crate) async fn finish(mut self) -> bool {
        let finish = move || {
            drop(self.stdin.take());
            let is_heard = self.says("FINISHED ") == "true";
            assert!(self.child.wait().unwrap().success());
            is_heard
        };
        tokio::task::spawn_blocking(finish).await.unwrap()
    }

    /// What it has told the log so far.
    pub(crate) fn log(&self) -> String {
        self.log.text()
    }

    async fn call(&self, request: Request<String>) -> (StatusCode, String) {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).await.unwrap();
        let (parts, body) = request.into_parts();
        let head = format!(
            "{} {} HTTP/1.1\r\nhost: localhost:{}\r\nconnection: close\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            parts.method,
            parts.uri,
            self.port,
            body.len()
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        let mut response = Vec::new();
        stream.read_to_end(&mut response).await.unwrap();
        let response = String::from_utf8(response).unwrap();
        let (head, body) = response.split_once("\r\n\r\n").unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        let body = if head.contains("chunked") {
            unchunked(body)
        } else {
            body.to_owned()
        };
        (status, body)
    }

    /// So many orders, whose copies have ended.
    pub(crate) async fn order(&mut self, count: u64) {
        for _ in 0..count {
            let path = format!("/orders/{}", self.requests);
            let (status, body) = self.get(&path).await;
            assert_eq!(status, StatusCode::OK);
            assert_eq!(body, format!("{{\"order\":{}}}", self.requests));
            self.requests += 1;
        }
        let requests = self.requests;
        self.until("the copies have ended", |mirror| {
            let stats = &mirror.targets[0].stats;
            stats.received == requests
                && stats.in_flight == 0
                && stats.compared + stats.not_compared >= stats.sent
        })
        .await;
    }

    pub(crate) async fn get(&self, path: &str) -> (StatusCode, String) {
        self.call(Request::get(path).body(String::new()).unwrap())
            .await
    }

    /// What it says of the mirror.
    pub(crate) async fn mirror(&self) -> MirrorSnapshot {
        let (status, body) = self.get("/mirror/snapshot.json?mirror=orders").await;
        assert_eq!(status, StatusCode::OK, "{body}");
        let snapshot: Snapshot = serde_json::from_str(&body).unwrap();
        snapshot.mirrors.into_iter().next().unwrap()
    }

    /// Waits until what it says of the mirror is this.
    pub(crate) async fn until(
        &self,
        what: &str,
        holds: impl Fn(&MirrorSnapshot) -> bool,
    ) -> MirrorSnapshot {
        let mut last = None;
        let looks = async {
            loop {
                let mirror = self.mirror().await;
                if holds(&mirror) {
                    return mirror;
                }
                let text = serde_json::to_string(&summary(&mirror)).unwrap();
                if last.as_ref() != Some(&text) {
                    eprintln!("{what}: not yet: {text}");
                    last = Some(text);
                }
                tokio::task::yield_now().await;
            }
        };
        eventually(what, looks).await
    }

    /// Waits until what it says of the fleet is this.
    pub(crate) async fn until_fleet(
        &self,
        what: &str,
        holds: impl Fn(&snapshot::Fleet) -> bool,
    ) -> snapshot::Fleet {
        let holds = |mirror: &MirrorSnapshot| {
            let fleet = mirror.fleet.as_ref().unwrap();
            fleet.error.is_none() && fleet.targets.len() == 1 && holds(fleet)
        };
        self.until(what, holds).await.fleet.unwrap()
    }

    /// Changes the mirror.
    pub(crate) async fn change(&self, change: &Change) -> Result<Changed, (StatusCode, String)> {
        self.change_at("/control/mirrors/orders", change)
            .await
            .map(|value| serde_json::from_value(value).unwrap())
    }

    pub(crate) async fn change_at(
        &self,
        path: &str,
        change: &Change,
    ) -> Result<Value, (StatusCode, String)> {
        let body = serde_json::to_string(change).unwrap();
        let (status, body) = self.call(Request::put(path).body(body).unwrap()).await;
        if status == StatusCode::OK {
            return Ok(serde_json::from_str(&body).unwrap());
        }
        let refused: mirror_dashboard::Refused = serde_json::from_str(&body).unwrap();
        Err((status, refused.error))
    }
}

impl Drop for Instance {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What is of interest if it is not what was waited for.
fn summary(mirror: &MirrorSnapshot) -> Value {
    let stats = &mirror.targets[0].stats;
    let fleet = mirror.fleet.as_ref();
    json!({
        "received": stats.received,
        "sent": stats.sent,
        "compared": stats.compared,
        "is_enabled": mirror.control.is_enabled,
        "source": mirror.control.source,
        "circuit": mirror.targets[0].is_circuit_open,
        "epoch": fleet.map(|fleet| fleet.epoch),
        "error": fleet.map(|fleet| &fleet.error),
        "verdict": fleet.map(|fleet| &fleet.verdict),
        "instances": fleet.map(|fleet| {
            let instances = fleet.instances.iter();
            instances.map(|it| format!("{} {}", it.name, it.state)).collect::<Vec<_>>()
        }),
        "fleet": fleet.and_then(|fleet| fleet.targets.first()).map(|target| {
            let report = target.report.as_ref();
            json!([target.stats.sent, report.map(|of| of.compared), report.map(|of| &of.version)])
        }),
    })
}

fn unchunked(body: &str) -> String {
    let (mut whole, mut rest) = (String::new(), body);
    loop {
        let (size, after) = rest.split_once("\r\n").unwrap();
        let size = usize::from_str_radix(size, 16).unwrap();
        if size == 0 {
            return whole;
        }
        whole += &after[..size];
        rest = &after[size + 2..];
    }
}
