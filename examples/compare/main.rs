//! `cargo run --example compare`
//!
//! Can the rewrite take over? It responds to real requests beside the primary, and its responses
//! are compared with the primary's. Three things differ: a field has another name, a total is
//! rounded, a list is in another order. Two fields differ with each response, whoever gives it; a
//! second server of the old version shows that they are noise.
//!
//! First the responses are compared as they are. Then the team says what it means to change.

mod orders;
use std::time::Duration;

use axum::{Router, http::Method};
use mirror_runtime::{
    CompareMode, Comparison, Mirror, MirrorBuilder, ReportVerdict, Target, Thresholds,
};
use testkit::demo::{Client, Server};

/// Enough for the report to be sure: without a mismatch, 428 responses are.
const ORDERS: usize = 500;

/// So many are sent before their comparisons are waited for: few enough that none is shed, however
/// busy the machine is.
const AT_ONCE: usize = 100;

/// How long anything is waited for, on a machine that is busy.
const PATIENCE: Duration = Duration::from_secs(30);

/// What is asked of the rewrite: that it responds alike, and nothing about how fast.
///
/// The servers, their client and the comparisons of this example share the processors of one
/// machine, in a debug build. How long a copy takes there says how busy the machine is, and nothing
/// about the rewrite: latencies are printed, and decide nothing, for they cannot differ by more
/// than the time that a copy may take. In a service the default is right.
fn thresholds() -> Thresholds {
    let mut thresholds = Thresholds::default();
    thresholds.latency_slack = PATIENCE;
    thresholds
}

/// Puts a mirror around the orders, sends it requests, and prints so many mismatches and what the
/// report says.
///
/// It is an error if that is not what this example promises.
async fn compare(
    mirror: MirrorBuilder,
    shown: usize,
    promised: ReportVerdict,
) -> testkit::demo::Result {
    let (sender, found) = std::sync::mpsc::channel();
    let mirror = mirror
        // What comes when enough were shown is not looked at.
        .on_mismatch(move |comparison: &Comparison| drop(sender.send(comparison.to_string())))
        .build()?;
    let app: Router = orders::primary().layer(mirror.layer());
    let primary = Server::anywhere(app)?;
    let mut client = Client::connect(primary.address()).await?;
    for id in 0..ORDERS {
        client
            .send(Method::GET, &format!("/orders/{id}"), "")
            .await?;
        if id < shown {
            println!("{}\n", found.recv_timeout(PATIENCE)?);
        }
        if id % AT_ONCE == AT_ONCE - 1 {
            mirror_runtime::drain(PATIENCE).await;
        }
    }
    let report = mirror.report();
    println!("{report}");
    let verdicts = report.targets.iter().map(|target| target.verdict);
    if verdicts.clone().eq([promised]) {
        Ok(())
    } else {
        let verdicts: Vec<_> = verdicts.collect();
        Err(format!("the report says {verdicts:?}, and not `{promised}`").into())
    }
}

#[tokio::main]
async fn main() -> testkit::demo::Result {
    let rewrite = Server::anywhere(orders::rewrite())?;
    let old = Server::anywhere(orders::primary())?;
    let mirror = || -> testkit::demo::Result<MirrorBuilder> {
        Ok(Mirror::builder()
            .name("orders")
            .target(Target::new(rewrite.url())?.named("rewrite"))
            .baseline(Target::new(old.url())?.named("old version"))
            .timeout(PATIENCE)
            .compare(CompareMode::Json)
            .thresholds(thresholds()))
    };

    println!("1   The responses as they are\n");
    compare(mirror()?, 2, ReportVerdict::Regressed).await?;

    println!("2   The renamed field, the rounding and the order are meant\n");
    let rules = mirror()?
        .ignore(["/customer", "/client"])
        .tolerance("/total", 0.005)
        .unordered(["/items"]);
    compare(rules, 0, ReportVerdict::Promote).await
}
