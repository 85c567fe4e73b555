//! Timeouts of connections that are none, or no part of the whole.

use mirror_runtime::mirror;

#[mirror(targets = ["https://staging.example.com"], connect_timeout = 1)]
async fn number() {}

#[mirror(targets = ["https://staging.example.com"], connect_timeout = "1")]
async fn without_unit() {}

#[mirror(targets = ["https://staging.example.com"], connect_timeout = "0ms")]
async fn zero() {}

#[mirror(targets = ["https://staging.example.com"], connect_timeout = "1sec")]
async fn unknown_unit() {}

#[mirror(targets = ["https://staging.example.com"], connect_timeout = "1m", timeout = "59s")]
async fn longer() {}

fn main() {}
