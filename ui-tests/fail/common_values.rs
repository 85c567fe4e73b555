//! The commonest mistakes in values.

#![allow(unused)]

use std::time::Duration;

use axum::http::Method;
use mirror_runtime::{CompareMode, Credentials, mirror};

const LIMIT: usize = 8;

#[mirror(targets = ["https://staging.example.com"], timeout = "2000")]
async fn milliseconds() {}

#[mirror(targets = ["https://staging.example.com"], timeout = 2)]
async fn seconds() {}

#[mirror(targets = ["https://staging.example.com"], timeout = Duration::from_millis(1500))]
async fn duration() {}

#[mirror(targets = ["https://staging.example.com"], percentage = "10%")]
async fn percent_in_quotes() {}

#[mirror(targets = ["https://staging.example.com"], percentage = 10%)]
async fn percent() {}

#[mirror(targets = ["https://staging.example.com"], copy_body = "false")]
async fn boolean_in_quotes() {}

#[mirror(targets = ["https://staging.example.com"], host = preserve)]
async fn word_without_quotes() {}

#[mirror(targets = ["https://staging.example.com"], credentials = Credentials::Strip)]
async fn variant() {}

#[mirror(targets = ["https://staging.example.com"], methods = GET)]
async fn one_method() {}

#[mirror(targets = ["https://staging.example.com"], methods = [Method::GET, "post"])]
async fn constants_for_methods() {}

#[mirror(targets = ["https://staging.example.com"], set_headers = { "x-env": "shadow" })]
async fn colon() {}

#[mirror(targets = ["https://staging.example.com"], max_body = 2 * 1024 * 1024)]
async fn product() {}

#[mirror(targets = ["https://staging.example.com"], max_in_flight = LIMIT)]
async fn constant() {}

#[mirror(targets = ["https://staging.example.com"], rate_limit = "100/sec")]
async fn other_unit() {}

#[mirror(targets = ["https://staging.example.com"], circuit_breaker = false)]
async fn breaker() {}

#[mirror(targets = ["https://staging.example.com"], compare = CompareMode::Json)]
async fn mode_of_the_builder() {}

#[mirror(targets = ["https://staging.example.com"], compare = "JSON")]
async fn mode_in_capitals() {}

#[mirror(targets = ["https://staging.example.com"], compare = json)]
async fn mode_without_quotes() {}

fn main() {}
