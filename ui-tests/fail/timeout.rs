//! Timeouts that are none.

use mirror_runtime::mirror;

#[mirror(targets = ["https://staging.example.com"], timeout = 2)]
async fn number() {}

#[mirror(targets = ["https://staging.example.com"], timeout = "2")]
async fn without_unit() {}

#[mirror(targets = ["https://staging.example.com"], timeout = 250ms)]
async fn without_quotes() {}

#[mirror(targets = ["https://staging.example.com"], timeout = Duration::from_secs(2))]
async fn expression() {}

#[mirror(targets = ["https://staging.example.com"], timeout = "2sec")]
async fn unknown_unit() {}

#[mirror(targets = ["https://staging.example.com"], timeout = "0s")]
async fn zero() {}

#[mirror(targets = ["https://staging.example.com"], timeout = "48h")]
async fn too_long() {}

#[mirror(targets = ["https://staging.example.com"], timeout = "soon")]
async fn word() {}

fn main() {}
