//! Connections that are upgraded.

#![allow(unused)]

use axum::extract::ws::{self, WebSocketUpgrade};
use mirror_runtime::mirror;

#[mirror(targets = ["https://staging.example.com"])]
async fn upgrade(upgrade: WebSocketUpgrade) {}

#[mirror(targets = ["https://staging.example.com"])]
async fn path(upgrade: ws::WebSocketUpgrade) {}

#[mirror(targets = ["https://staging.example.com"])]
async fn optional(upgrade: Option<WebSocketUpgrade>) {}

#[mirror(targets = ["https://staging.example.com"])]
async fn fallible(upgrade: Result<WebSocketUpgrade, ()>) {}

fn main() {}
