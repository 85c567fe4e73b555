//! An instance of the service: this program once more, in a process of its own.

use std::{
    env,
    io::{BufRead, BufReader, Read},
    net::SocketAddr,
    process::{Child, ChildStdin, Command, Stdio},
    sync::LazyLock,
    time::Duration,
};

use axum::{Json, Router, routing::post};
use mirror_fleet::{Connection, Fleet, NatsOptions, NatsSink};
use mirror_runtime::mirror;
use serde_json::{Value, json};
use testkit::demo::Server;
use tokio::runtime::Runtime;

/// The variables by which an instance is told who it is, and where the others are.
const NAME: &str = "ORDERS_INSTANCE";
const NATS_URL: &str = "ORDERS_NATS";
const SHADOW_URL: &str = "ORDERS_SHADOW";

/// How long an instance may take to end.
const PATIENCE: Duration = Duration::from_secs(10);

static NATS: LazyLock<Connection> = LazyLock::new(|| {
    let url = env::var(NATS_URL).expect("an instance is told where NATS is");
    let options = NatsOptions::new(&url).expect("the address of a server");
    options.connect().expect("no files are needed")
});

/// At most 64 MiB of records, the oldest of which go first.
static LOG: LazyLock<NatsSink> = LazyLock::new(|| {
    let log = NatsSink::builder(&NATS, 64 << 20).build();
    log.expect("the options are within their bounds")
});

#[mirror(
    targets = [target(env("ORDERS_SHADOW"), name = "rewrite"), target(sink(LOG), name = "log")],
    compare = "json",
    name = "orders",
)]
async fn order(Json(order): Json<Value>) -> Json<Value> {
    Json(discounted(&order))
}

/// Who orders twenty items gets two of them for nothing.
pub(crate) fn discounted(order: &Value) -> Value {
    let items = order["items"].as_u64().unwrap_or(0);
    let paid = if items < 20 { items } else { items - 2 };
    json!({ "number": order["number"], "items": items, "total": paid * 100 })
}

/// The name of this process, if it is an instance.
pub(crate) fn name() -> Option<String> {
    env::var(NAME).ok()
}

/// Serves until the standard input ends.
pub(crate) fn be(runtime: &Runtime, name: &str) -> testkit::demo::Result {
    let fleet = Fleet::builder(NATS.clone()).instance(name).start()?;
    let server = runtime
        .block_on(async { Server::anywhere(Router::new().route("/orders", post(order))) })?;
    println!("{}", server.address());
    std::io::stdin().read_to_end(&mut Vec::new())?;
    runtime.block_on(mirror_runtime::drain(PATIENCE));
    if !fleet.shutdown(PATIENCE) {
        return Err("NATS has not heard all that this instance knows".into());
    }
    Ok(())
}

/// An instance that runs. It ends with its standard input, and so with this program.
pub(crate) struct Instance {
    pub(crate) address: SocketAddr,
    child: Child,
    stdin: Option<ChildStdin>,
}

impl Instance {
    pub(crate) fn start(name: &str, nats: &str, shadow: &str) -> testkit::demo::Result<Self> {
        let mut child = Command::new(env::current_exe()?)
            .envs([(NAME, name), (NATS_URL, nats), (SHADOW_URL, shadow)])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let stdin = child.stdin.take();
        let mut line = String::new();
        if let Some(stdout) = child.stdout.take() {
            BufReader::new(stdout).read_line(&mut line)?;
        }
        Ok(Self {
            address: line.trim().parse()?,
            child,
            stdin,
        })
    }

    /// Has it end as a deployment would: it answers what is under way, and says what it knows.
    pub(crate) fn finish(mut self) -> testkit::demo::Result {
        drop(self.stdin.take());
        if self.child.wait()?.success() {
            Ok(())
        } else {
            Err("an instance has failed".into())
        }
    }
}
