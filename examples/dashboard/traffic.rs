//! A client of the shop: orders and users in turn, at a steady pace.

use std::time::Duration;

use axum::http::Method;
use testkit::demo::{Client, Result};
use tokio::time::{MissedTickBehavior, interval};

/// Some hundred requests a second.
const PACE: Duration = Duration::from_millis(8);

pub(crate) async fn send(client: &mut Client, requests: usize) -> Result {
    let mut pace = interval(PACE);
    pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
    for number in 0..requests {
        pace.tick().await;
        let route = if number.is_multiple_of(3) {
            "orders"
        } else {
            "users"
        };
        client
            .send(Method::GET, &format!("/{route}/{number}"), "")
            .await?;
    }
    Ok(())
}
