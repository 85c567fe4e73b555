//! `cargo run --example percentage`
//!
//! A share of the requests goes to each shadow: 10 % to one, 50 % to the other. Sampling starts at
//! a random point, and each stretch of requests comes near the share from there on. It does not run
//! in step with traffic that alternates, and what the 10 % shadow gets, the 50 % shadow gets too.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, PoisonError},
};

use axum::{Router, extract::Path, http::Method, routing::get};
use mirror_runtime::mirror;
use testkit::demo::{Client, Server, print_counters, settle};

const CANARY: &str = "http://127.0.0.1:20225";
const STAGING: &str = "http://127.0.0.1:20226";

#[mirror(
    // Without a percentage of its own, a target has the mirror's.
    targets = [target(CANARY, percentage = 10, name = "canary"), target(STAGING, name = "staging")],
    percentage = 50,
)]
async fn user(Path(id): Path<u32>) -> String {
    format!("user {id}")
}

/// The users that a shadow was asked for.
#[derive(Clone, Default)]
struct Asked(Arc<Mutex<BTreeSet<u32>>>);

impl Asked {
    fn app(&self) -> Router {
        let asked = self.clone();
        let note = move |Path(id): Path<u32>| async move {
            asked.lock().insert(id);
        };
        Router::new().route("/users/{id}", get(note))
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeSet<u32>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[tokio::main]
async fn main() -> testkit::demo::Result {
    let (canary_asked, staging_asked) = (Asked::default(), Asked::default());
    let _canary = Server::start(CANARY, canary_asked.app())?;
    let _staging = Server::start(STAGING, staging_asked.app())?;
    let primary = Server::anywhere(Router::new().route("/users/{id}", get(user)))?;

    let mut client = Client::connect(primary.address()).await?;
    for id in 1..=100 {
        client
            .send(Method::GET, &format!("/users/{id}"), "")
            .await?;
    }
    settle().await;

    let (canary, staging) = (canary_asked.lock(), staging_asked.lock());
    let even = |ids: &BTreeSet<u32>| ids.iter().filter(|id| *id % 2 == 0).count();
    println!("100 requests, for the users 1 to 100");
    println!("canary    got {}: {canary:?}", canary.len());
    println!("staging   got {}: {staging:?}", staging.len());
    println!(
        "even ids  {} of the canary's, {} of staging's",
        even(&canary),
        even(&staging)
    );
    println!(
        "both got  {} of the canary's {}",
        canary.intersection(&staging).count(),
        canary.len()
    );
    print_counters();
    Ok(())
}
