//! `cargo run --example dashboard -- --serve`, and open the URL that it prints.
//!
//! A shop with mirrors, traffic, and the page beside it. A rewrite of the orders forgets a time and
//! sometimes miscounts, a canary is dead, a rewrite of the users is as good as the shop, and nobody
//! asks for refunds. Press *Switch off*, and the copies stop. Without `--serve` it ends by itself
//! after some five seconds, and prints what the page would show.

mod shop;
mod traffic;

use std::time::Duration;

use axum::{Router, http::Method};
use mirror_dashboard::{Actor, Dashboard, control_router, snapshot::Snapshot};
use testkit::demo::{Client, Result, Server};

/// Where the shop and its page are.
const SHOP: &str = "http://127.0.0.1:20260";

/// The page, as the shop nests it.
const PAGE: &str = "/admin/mirror";

/// The router that writes.
const CONTROL: &str = "/admin/mirror-control";

/// How many requests there are without `--serve`.
const REQUESTS: usize = 600;

#[tokio::main]
async fn main() -> Result {
    let serve = std::env::args().any(|argument| argument == "--serve");
    let page = Dashboard::new().examples(true).control_at(CONTROL);
    // Whoever reaches this machine from itself may switch. A service asks who it is.
    let control = control_router(|_| Some(Actor::new("you")));
    let app: Router = shop::app().nest(PAGE, page.router()).nest(CONTROL, control);
    let _rewrite = Server::start(shop::REWRITE, shop::rewrite())?;
    let shop = Server::start(SHOP, app)?;
    println!("the page      {SHOP}{PAGE}");
    println!("for machines  {SHOP}{PAGE}/snapshot.json");
    let mut client = Client::connect(shop.address()).await?;
    if serve {
        println!("Ctrl-C ends it.");
        tokio::select! {
            sent = traffic::send(&mut client, usize::MAX) => sent?,
            ended = tokio::signal::ctrl_c() => ended?,
        }
        return Ok(());
    }
    traffic::send(&mut client, REQUESTS).await?;
    mirror_runtime::drain(Duration::from_secs(20)).await;
    let json = client
        .send(Method::GET, &format!("{PAGE}/snapshot.json"), "")
        .await?;
    print(&serde_json::from_str(&json.body)?)
}

/// What a program makes of the snapshot. It is an error if it is not what this example promises.
fn print(snapshot: &Snapshot) -> Result {
    for mirror in &snapshot.mirrors {
        println!("\n{}: {}", mirror.name, mirror.reason);
        for target in &mirror.targets {
            let stats = &target.stats;
            println!(
                "    {:<8} {} received = {} sent + {} skipped + {} shed",
                target.name, stats.received, stats.sent, stats.skipped, stats.shed
            );
            if stats.received != stats.sent + stats.skipped + stats.shed {
                return Err("the counters do not add up".into());
            }
            let report = target.report.iter();
            for group in report.flat_map(|report| &report.differences) {
                println!(
                    "             {} differs in {} responses; to let it: {}",
                    group.pointer,
                    group.comparisons,
                    group.option.as_deref().unwrap_or("-")
                );
            }
        }
    }
    let orders = snapshot.mirror("orders");
    let rewrite = orders.and_then(|orders| orders.target("rewrite"));
    let report = rewrite.and_then(|rewrite| rewrite.report.as_ref());
    let mut groups = report.iter().flat_map(|report| &report.differences);
    let option = "ignore = [\"/generated_at\"]";
    if groups.any(|group| group.option.as_deref() == Some(option)) {
        Ok(())
    } else {
        Err(format!("nothing says `{option}`").into())
    }
}
