//! `cargo run --example quickstart`
//!
//! A shop takes orders. Two shadows get copies of them: `staging` all, `canary` half. Then staging
//! becomes slow, then the canary dies, and the shop's clients notice neither. It takes about six
//! seconds and ends by itself, with an error if a client got a wrong response or the counters do
//! not add up.

mod check;
mod live;
mod shadow;
mod shop;
mod summary;
mod traffic;

use std::time::Duration;

use testkit::demo::{Result, Server};

use self::{
    live::{Live, Watched},
    shadow::Shadow,
    summary::Summary,
    traffic::{Latencies, Traffic},
};

/// The requests of one phase.
const REQUESTS: usize = 240;

/// Far longer than copies may take.
const SLOW: Duration = Duration::from_secs(3);

#[tokio::main]
async fn main() -> Result {
    let staging = Shadow::start(shop::STAGING)?;
    let canary = Shadow::start(shop::CANARY)?;
    let primary = Server::anywhere(shop::app())?;
    println!("primary   {}/orders", primary.url());
    println!("staging   {}, gets a copy of each order", shop::STAGING);
    println!("canary    {}, gets copies of half of them", shop::CANARY);

    let mut traffic = Traffic::connect(primary.address()).await?;
    let live = Live::default();
    let mut summary = Summary::default();

    live.headline("One by one: what goes where");
    live.one_by_one(&mut traffic).await?;

    live.headline("Without mirroring: the same handler without the attribute");
    let latencies = traffic.send(REQUESTS, shop::PLAIN).await?;
    println!("      {latencies}");
    summary.add("without mirroring", latencies);

    live.headline("With mirroring, both shadows healthy");
    summary.add("healthy shadows", phase(&mut traffic).await?);

    live.headline("Staging takes 3 s for each response; copies time out after 500 ms");
    staging.slow_down(SLOW);
    summary.add("staging slow", phase(&mut traffic).await?);
    staging.slow_down(Duration::ZERO);

    live.headline("Staging is healthy again, the canary is killed");
    let (staging_got, canary_got) = (staging.arrived(), canary.arrived());
    canary.kill().await;
    summary.add("canary dead", phase(&mut traffic).await?);
    println!(
        "      staging counted {} orders in this phase itself",
        staging.arrived() - staging_got
    );

    live.headline("Summary");
    let stats = shop::mirror()?.stats();
    summary.print(&stats);
    let arrived = [staging.arrived(), canary_got];
    check::counters(&stats, traffic.mirrored(), arrived)?;
    check::answers(&traffic)?;
    println!("      The attribute that did this is in examples/quickstart/shop.rs.");
    Ok(())
}

/// Sends the orders of one phase, watches them, and waits for the last copies.
async fn phase(traffic: &mut Traffic) -> Result<Latencies> {
    let watched = Watched::start()?;
    let latencies = traffic.send(REQUESTS, shop::MIRRORED).await?;
    testkit::demo::settle().await;
    watched.end().await?;
    println!("      {latencies}");
    Ok(latencies)
}
