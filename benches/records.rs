//! `cargo bench --bench records`
//!
//! What a record costs, in files and in NATS, beside a copy over HTTP: the processor time of the
//! process that mirrors, over that of the same requests unmirrored, and how many there can be in a
//! second. All take turns. The shadow and the server of NATS are processes of their own.
//!
//! Bodies have 1 KiB and 16 KiB; `-- --bytes N` takes others.
//!
//! Without `nats-server` in the `PATH`, NATS is left out.

use std::{
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use axum::{
    Router,
    body::{Body, Bytes},
    http::{Request, header::CONTENT_TYPE},
    response::IntoResponse,
    routing::post,
};
use http_body_util::BodyExt;
use measure::{ShadowProcess, account::Account, documents::orders, goal};
use mirror_fleet::{NatsOptions, NatsSink};
use mirror_runtime::{
    FileSink, Keeping, LogOptions, Mirror, MirrorBuilder, RecordedExchange, Sink, SyncPolicy,
    Target,
};
use testkit::{Directory, nats::NatsServer};
use tokio::{
    runtime::Runtime,
    time::{MissedTickBehavior, interval, sleep, timeout},
};
use tower::Service;

/// Copies in flight under full load: fewer than may be.
const WINDOW: u32 = 256;

/// Requests between two looks at the counters.
const BETWEEN: u32 = 32;

/// Requests that are made at once every millisecond at the steady rate.
const EACH_TICK: u32 = 2;

/// Small enough that what is compressed is compressed in the same turn.
const SEGMENT: u64 = 4 << 20;

fn main() {
    if ShadowProcess::be_asked() {
        return;
    }
    let measured = std::env::args().any(|argument| argument == "--bench");
    let (turns, most) = if measured { (15, 4_000) } else { (1, 100) };
    let runtime = Runtime::new().expect("a runtime");
    let shadow = ShadowProcess::start(0);
    let nats = NatsServer::start();
    let sizes = bytes_asked_for().map_or(vec![1 << 10, 16 << 10], |bytes| vec![bytes]);
    for bytes in sizes {
        // Of large records fewer: what a disk takes in the same time.
        let requests = if bytes > 4096 { most / 4 } else { most };
        let _inside = runtime.enter();
        let directory = Directory::new(&format!("records-{bytes}"));
        let mut ways = ways(bytes, directory.path(), &shadow, nats.as_ref());
        for load in [Load::Full, Load::Steady] {
            let took = take_turns(&runtime, &mut ways, load, turns, requests);
            print_table(bytes, load, &ways, &took);
        }
    }
}

/// The number behind `--bytes`.
fn bytes_asked_for() -> Option<usize> {
    let mut arguments = std::env::args().skip_while(|argument| argument != "--bytes");
    arguments.nth(1)?.parse().ok()
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Load {
    /// One request after another, as long as no more than [`WINDOW`] copies are in flight.
    Full,
    /// 2,000 requests a second.
    Steady,
}

/// What is mirrored, and to where.
struct Way {
    name: &'static str,
    app: Router,
    document: Bytes,
    mirror: Option<Mirror>,
    /// Requests so far.
    made: u64,
    /// The process that takes it, if it is another.
    server: Option<u32>,
    /// The directory in which it is compressed.
    compressed: Option<Box<Path>>,
}

/// A turn.
#[derive(Clone, Copy)]
struct Took {
    /// Microseconds of processors for a request: here, and in the process that takes copies.
    cpu: f64,
    server: f64,
    /// Until the last copy has ended.
    rate: f64,
}

fn ways(
    bytes: usize,
    directory: &Path,
    shadow: &ShadowProcess,
    nats: Option<&NatsServer>,
) -> Vec<Way> {
    let document = Bytes::from(orders(bytes));
    let way = |name, target: Option<Target>| {
        let app = app(document.clone());
        let mirror = target.map(|target| {
            let builder = Mirror::builder().name(format!("{name}, {bytes}"));
            let builder = builder.max_in_flight(2 * WINDOW as usize);
            MirrorBuilder::target(builder, target)
                .build()
                .expect("a mirror")
        });
        let app = match &mirror {
            Some(mirror) => app.layer(mirror.layer()),
            None => app,
        };
        Way {
            name,
            app,
            document: document.clone(),
            mirror,
            made: 0,
            server: None,
            compressed: None,
        }
    };
    let file = |name: &str, options| {
        Target::sink(
            "log",
            FileSink::new(directory.join(name)).with_options(options),
        )
    };
    let nothing = Target::sink("nothing", KeepsNothing);
    let options = LogOptions::default();
    let every = SyncPolicy::Every {
        records: 10_000,
        interval: Duration::from_millis(200),
    };
    let mut ways = vec![
        way("unmirrored", None),
        way("HTTP", Some(Target::new(shadow.url()).expect("a URL"))),
        way("a sink that keeps nothing", Some(nothing)),
        way("file", Some(file("plain", options))),
        way(
            "file, fdatasync",
            Some(file("sync", options.with_sync(every))),
        ),
    ];
    ways[1].server = Some(shadow.id());
    let zstd = options.with_segment_bytes(SEGMENT).with_compression(true);
    let mut compressed = way("file, zstd", Some(file("zstd", zstd)));
    compressed.compressed = Some(directory.join("zstd").into());
    ways.push(compressed);
    if let Some(nats) = nats {
        let options = NatsOptions::new(&nats.url()).expect("the address of a server");
        let connection = options.connect().expect("no files are needed");
        let sink = NatsSink::builder(&connection, 1 << 30).build();
        let target = Target::sink("log", sink.expect("options within their bounds"));
        let mut nats_way = way("NATS", Some(target));
        nats_way.server = Some(nats.id());
        ways.push(nats_way);
    }
    ways
}

/// What it costs to record a request and its response, without their secrets, for whomever.
#[derive(Debug)]
struct KeepsNothing;

impl Sink for KeepsNothing {
    fn keep(&self, _: Arc<RecordedExchange>, _: &Target) -> Keeping {
        Box::pin(async { Ok(()) })
    }
}

/// Responds with as large a document as it is sent.
fn app(document: Bytes) -> Router {
    let order = async move |_: Bytes| {
        let json = [(CONTENT_TYPE, "application/json")];
        (json, document.clone()).into_response()
    };
    Router::new().route("/orders", post(order))
}

impl Way {
    /// On a thread of the runtime, where a server would respond as well.
    async fn turn(mut self, load: Load, requests: u32) -> (Self, Took) {
        let account = |process: u32| Account::of_one(process).cpu;
        let server = |way: &Self| way.server.map_or(0, account);
        let before = (account(std::process::id()), server(&self));
        let begun = Instant::now();
        match load {
            Load::Full => self.full_load(requests).await,
            Load::Steady => self.steady_load(requests).await,
        }
        self.settled().await;
        let took = begun.elapsed();
        let after = (account(std::process::id()), server(&self));
        let requests = f64::from(requests);
        let of_a_request =
            |before, after| Duration::from_nanos(after - before).as_secs_f64() * 1e6 / requests;
        let took = Took {
            cpu: of_a_request(before.0, after.0),
            server: of_a_request(before.1, after.1),
            rate: requests / took.as_secs_f64(),
        };
        (self, took)
    }

    async fn full_load(&mut self, requests: u32) {
        for number in 0..requests {
            if number % BETWEEN == 0 {
                while self.in_flight() > u64::from(WINDOW) {
                    sleep(Duration::from_millis(1)).await;
                }
            }
            self.request().await;
        }
    }

    async fn steady_load(&mut self, requests: u32) {
        let mut ticks = interval(Duration::from_millis(1));
        ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
        for _ in 0..requests / EACH_TICK {
            ticks.tick().await;
            for _ in 0..EACH_TICK {
                self.request().await;
            }
        }
    }

    async fn request(&mut self) {
        let request = Request::post("/orders?source=web")
            .header("host", "shop.example")
            .header("user-agent", "bench/1.0 (of a usual length)")
            .header("accept", "*/*")
            .header("content-type", "application/json")
            .header("content-length", self.document.len())
            .header("x-request-id", "0af7651916cd43dd8448eb211c80319c")
            .body(Body::from(self.document.clone()))
            .expect("a request that is right");
        self.made += 1;
        let response = self.app.call(request).await;
        let response = response.unwrap_or_else(|never| match never {});
        let body = response.into_body().collect().await;
        assert!(body.is_ok(), "the response has no end");
    }

    /// Copies that have not ended, with those that are not counted yet because they have not begun.
    fn in_flight(&self) -> u64 {
        let Some(mirror) = &self.mirror else { return 0 };
        let stats = mirror.stats();
        let target = &stats.targets[0];
        self.made - target.answered - target.failed - target.skipped - target.shed
    }

    /// Waits until all copies have ended, and all segments but that which is written are compressed.
    async fn settled(&self) {
        let patience = Duration::from_mins(1);
        let all = async {
            while self.in_flight() > 0 {
                sleep(Duration::from_millis(1)).await;
            }
            while let Some(directory) = &self.compressed
                && plain_segments(directory) > 1
            {
                sleep(Duration::from_millis(1)).await;
            }
        };
        timeout(patience, all).await.expect("all copies end");
    }

    /// Copies that were not answered: the figures are about the others, and say less if there are
    /// many.
    fn lost(&self) -> u64 {
        let Some(mirror) = &self.mirror else { return 0 };
        self.made - mirror.stats().targets[0].answered
    }
}

fn plain_segments(directory: &Path) -> usize {
    let files = std::fs::read_dir(directory).into_iter().flatten().flatten();
    files
        .filter(|file| file.path().extension().is_some_and(|end| end == "mrec"))
        .count()
}

fn take_turns(
    runtime: &Runtime,
    ways: &mut Vec<Way>,
    load: Load,
    turns: usize,
    requests: u32,
) -> Vec<Vec<Took>> {
    let mut took = vec![Vec::new(); ways.len()];
    // The first opens connections, files and streams.
    for turn in 0..=turns {
        for (number, took) in took.iter_mut().enumerate() {
            let way = ways.remove(number);
            let running = runtime.spawn(way.turn(load, requests));
            let (way, one) = runtime.block_on(running).expect("a turn that ends");
            ways.insert(number, way);
            if turn > 0 {
                took.push(one);
            }
        }
    }
    took
}

fn print_table(bytes: usize, load: Load, ways: &[Way], took: &[Vec<Took>]) {
    let load_name = match load {
        Load::Full => "full load",
        Load::Steady => "2,000 requests a second",
    };
    println!(
        "\n{:30} {:>10} {:>8} {:>13} {:>10}",
        format!("{} KiB each way, {load_name}", bytes >> 10),
        "us/record",
        "of HTTP",
        "us, server",
        "records/s",
    );
    // In each turn over the same requests unmirrored.
    let over = |way: usize| -> Vec<f64> {
        let plain = &took[0];
        let pairs = took[way].iter().zip(plain);
        pairs.map(|(took, plain)| took.cpu - plain.cpu).collect()
    };
    let http = over(1);
    let mut goals = Vec::new();
    for (number, way) in ways.iter().enumerate() {
        let cpu = over(number);
        let ratios = cpu
            .iter()
            .zip(&http)
            .map(|(cpu, http)| cpu / http)
            .collect();
        let ratio = median(ratios);
        let server = median(took[number].iter().map(|took| took.server).collect());
        let rate = median(took[number].iter().map(|took| took.rate).collect());
        let shown = if number == 0 {
            median(took[0].iter().map(|took| took.cpu).collect())
        } else {
            median(cpu)
        };
        println!(
            "{:30} {:10.2} {:>8} {:13.2} {rate:10.0}",
            way.name,
            shown,
            if number == 0 {
                String::new()
            } else {
                format!("{ratio:.2}")
            },
            server,
        );
        if way.lost() > 0 {
            println!("  {} of {} so far were not answered", way.lost(), way.made);
        }
        match way.name {
            "file" => goals.push(("a record in a file, of a copy over HTTP", ratio, 0.3)),
            "NATS" => goals.push(("a record in NATS, of a copy over HTTP", ratio, 0.6)),
            _ => {}
        }
    }
    if bytes == 1 << 10 {
        goal::heading();
        for (what, is, aim) in goals {
            goal::row(15, what, is, f64::NAN, aim);
        }
    }
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
