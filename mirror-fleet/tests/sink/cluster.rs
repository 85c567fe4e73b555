//! A cluster of three servers that loses some of them, and all of them, under load.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use async_nats::jetstream::{
    self,
    consumer::pull::OrderedConfig,
    stream::{Config, DiscardPolicy, Stream},
};
use futures_util::StreamExt;
use mirror_fleet::{NatsOptions, NatsSink};
use mirror_record::Record;
use testkit::{
    eventually,
    nats::{NatsServer, programs},
    until,
};
use tokio::time::timeout;

use super::support::*;

/// So many records are acknowledged between one fault and the next. `MIRROR_TESTS_RECORDS` asks for
/// as many in all.
const BETWEEN_FAULTS: u64 = 200;

/// A record that does not come for so long is none.
const LOST_AFTER: Duration = Duration::from_secs(30);

/// As many wait for an acknowledgement at the same time.
const TOGETHER: usize = 64;

/// Hands over one record after another, and takes note of what becomes of each.
#[derive(Clone)]
struct Load {
    sink: NatsSink,
    next: Arc<AtomicU64>,
    kept: Arc<AtomicU64>,
    /// Those that were refused because the stream is full. Who waits for one of them does not hold up
    /// the others by looking through all outcomes.
    full: Arc<AtomicU64>,
    outcomes: Arc<Mutex<HashMap<String, Result<(), String>>>>,
    is_over: Arc<AtomicBool>,
}

impl Load {
    async fn run(self) {
        while !self.is_over.load(Ordering::Relaxed) {
            let number = self.next.fetch_add(1, Ordering::Relaxed);
            let target = format!("/load/{number}");
            let outcome = keep_to(&self.sink, &target, "hello").await;
            if outcome.is_ok() {
                self.kept.fetch_add(1, Ordering::Relaxed);
            } else {
                // As a breaker would: what is refused at once would fill the memory of the test.
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            let outcome = outcome.map_err(|error| error.to_string());
            if outcome.as_ref().is_err_and(|told| told.contains("is full")) {
                self.full.fetch_add(1, Ordering::Relaxed);
            }
            self.outcomes.lock().unwrap().insert(target, outcome);
        }
    }

    /// Waits until as many more are acknowledged as there are between faults.
    async fn goes_on(&self, what: &str, records: u64) {
        let before = self.kept.load(Ordering::Relaxed);
        // Step by step: what is waited for is that it goes on.
        for step in 1..=records.div_ceil(BETWEEN_FAULTS) {
            let aim = before + records.min(step * BETWEEN_FAULTS);
            until(what, || self.kept.load(Ordering::Relaxed) >= aim).await;
        }
    }
}

async fn context(servers: &[NatsServer]) -> jetstream::Context {
    let urls: Vec<_> = servers.iter().map(NatsServer::url).collect();
    let options = async_nats::ConnectOptions::new().retry_on_initial_connect();
    let client = options.connect(
        urls.iter()
            .map(|url| url.parse().unwrap())
            .collect::<Vec<async_nats::ServerAddr>>(),
    );
    jetstream::new(eventually("a client", client).await.unwrap())
}

/// The stream, once the cluster says something of it.
async fn stream_of(context: &jetstream::Context) -> Stream {
    eventually("the stream", async {
        loop {
            if let Ok(stream) = context.get_stream("MIRROR").await {
                break stream;
            }
            tokio::task::yield_now().await;
        }
    })
    .await
}

/// Changes the stream as its operator would.
async fn change(context: &jetstream::Context, config: &Config) {
    eventually("a change", async {
        while context.update_stream(config.clone()).await.is_err() {
            tokio::task::yield_now().await;
        }
    })
    .await;
}

/// Which of the servers leads the stream.
async fn leader(context: &jetstream::Context) -> usize {
    eventually("a leader", async {
        loop {
            let stream = stream_of(context).await;
            let cluster = stream.cached_info().cluster.as_ref();
            let leader = cluster.and_then(|cluster| cluster.leader.as_deref());
            if let Some(number) = leader.and_then(|name| name.strip_prefix('n')) {
                break number.parse().unwrap();
            }
        }
    })
    .await
}

/// The targets of all records in the stream. A server of 2.9 that was killed may count records that
/// it has lost: it is believed for a while only.
async fn all_targets(context: &jetstream::Context, is_new: bool) -> Vec<String> {
    let stream = stream_of(context).await;
    let count = stream.cached_info().state.messages;
    let consumer = stream
        .create_consumer(OrderedConfig::default())
        .await
        .unwrap();
    let mut messages = consumer.messages().await.unwrap();
    let mut targets = Vec::new();
    while (targets.len() as u64) < count {
        let Ok(message) = timeout(LOST_AFTER, messages.next()).await else {
            assert!(!is_new, "{} of {count} records are there", targets.len());
            break;
        };
        let message = message.unwrap().unwrap();
        let record = Record::decode(&message.payload).unwrap();
        targets.push(String::from_utf8(record.request.target.to_vec()).unwrap());
    }
    targets
}

/// Lets the stream have little more room than its records take, until it refuses what does not fit,
/// and gives it back.
async fn fill(context: &jetstream::Context, load: &Load) {
    let stream = stream_of(context).await;
    let config = stream.cached_info().config.clone();
    let bytes = i64::try_from(stream.cached_info().state.bytes).unwrap();
    let full = Config {
        max_bytes: bytes + (64 << 10),
        discard: DiscardPolicy::New,
        ..config.clone()
    };
    change(context, &full).await;
    until("it is full", || load.full.load(Ordering::Relaxed) > 0).await;
    change(context, &config).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cluster_that_loses_servers_has_each_record_once_or_it_is_told_why_not() {
    let asked = std::env::var("MIRROR_TESTS_RECORDS").ok();
    let asked = asked.and_then(|records| records.parse::<u64>().ok());
    let between = asked.map_or(BETWEEN_FAULTS, |records| records.div_ceil(5));
    for (version, program) in programs() {
        let mut servers = NatsServer::cluster(&program, 3);
        let urls: Vec<_> = servers.iter().map(NatsServer::url).collect();
        let connection = NatsOptions::new(&urls.join(","))
            .unwrap()
            .connect()
            .unwrap();
        let sink = NatsSink::builder(&connection, 4 << 30)
            .replicas(3)
            .build()
            .unwrap();
        // Its leaders may still be elected.
        eventually("the stream", async {
            while sink.ready().await.is_err() {
                tokio::task::yield_now().await;
            }
        })
        .await;
        let mut service = Service::of("orders", sink.clone()).await;
        let load = Load {
            sink,
            next: Arc::default(),
            kept: Arc::default(),
            full: Arc::default(),
            outcomes: Arc::default(),
            is_over: Arc::default(),
        };
        let tasks: Vec<_> = (0..TOGETHER)
            .map(|_| tokio::spawn(load.clone().run()))
            .collect();
        let context = context(&servers).await;
        // A cluster of 2.9 loses some of what it has acknowledged, if it is killed, and if it is
        // full: that is between the server and its disk.
        let about = servers[0].monitored("/varz").unwrap();
        let is_new = !about.contains("\"version\": \"2.9.");
        let mut posted = 0;
        let mut post = async |service: &mut Service| {
            for _ in 0..20 {
                service.post(&format!("/posted/{posted}"), "hello").await;
                posted += 1;
            }
        };

        load.goes_on("at the beginning", between).await;
        let leading = leader(&context).await;
        servers[leading].kill();
        post(&mut service).await;
        load.goes_on("without its leader", between).await;
        servers[leading].restart_soon();
        servers[leading].ready();

        let following = (leader(&context).await + 1) % 3;
        servers[following].pause();
        post(&mut service).await;
        load.goes_on("with one cut off", between).await;
        servers[following].resume();

        if is_new {
            fill(&context, &load).await;
            post(&mut service).await;
            load.goes_on("with room", between).await;
        }

        for server in &mut servers {
            server.kill();
        }
        post(&mut service).await;
        for server in &mut servers {
            server.restart_soon();
        }
        for server in &mut servers {
            server.ready();
        }
        load.goes_on("after a restart of all", between).await;

        load.is_over.store(true, Ordering::Relaxed);
        for task in tasks {
            eventually("the end", task).await.unwrap();
        }
        let stats = service.settled().await;
        assert_eq!(stats.answered + stats.failed, posted, "{stats}");
        explained(version, is_new, &context, &load, stats.answered).await;
    }
}

/// Each record that was acknowledged is there once, and of each other it is told why not.
async fn explained(
    version: &str,
    is_new: bool,
    context: &jetstream::Context,
    load: &Load,
    answered: u64,
) {
    let mut there: HashMap<String, u32> = HashMap::new();
    for target in all_targets(context, is_new).await {
        *there.entry(target).or_default() += 1;
    }
    let twice: Vec<_> = there.iter().filter(|(_, count)| **count > 1).collect();
    let outcomes = std::mem::take(&mut *load.outcomes.lock().unwrap());
    let lost = |(target, outcome): &(&String, &Result<(), String>)| {
        outcome.is_ok() && !there.contains_key(*target)
    };
    let lost: Vec<_> = outcomes.iter().filter(lost).collect();
    let posted = there.keys().filter(|target| target.starts_with("/posted"));
    assert!(posted.count() as u64 >= answered || !is_new);
    let mut reasons: HashMap<&str, u32> = HashMap::new();
    for reason in outcomes
        .values()
        .filter_map(|outcome| outcome.as_ref().err())
    {
        *reasons.entry(reason).or_default() += 1;
    }
    let handed_over = load.next.load(Ordering::Relaxed);
    let acknowledged = load.kept.load(Ordering::Relaxed);
    let failed = reasons.values().map(|count| u64::from(*count)).sum::<u64>();
    eprintln!(
        "{version}: {handed_over} handed over, {acknowledged} acknowledged, {} of them lost, {} twice, \
         {failed} failed, {} unexplained: {reasons:#?}",
        lost.len(),
        twice.len(),
        handed_over - acknowledged - failed,
    );
    assert!(lost.is_empty() || !is_new, "{:?}", lost.first());
    assert_eq!(twice.first(), None, "{version}: {}", twice.len());
    assert_eq!(outcomes.len() as u64, handed_over);
    assert_eq!(acknowledged + failed, handed_over);
}
