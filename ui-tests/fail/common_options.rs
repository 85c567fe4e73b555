//! The commonest mistakes with options that are called otherwise elsewhere, or are not there.

use mirror_runtime::mirror;

#[mirror(targets = ["https://staging.example.com"], precentage = 10)]
async fn typo() {}

#[mirror(targets = ["https://staging.example.com"], sample_rate = 0.1)]
async fn sample_rate() {}

#[mirror(targets = ["https://staging.example.com"], sampling = 0.1)]
async fn sampling() {}

#[mirror(targets = ["https://staging.example.com"], enabled = false)]
async fn enabled() {}

#[mirror(targets = ["https://staging.example.com"], retries = 3)]
async fn retries() {}

#[mirror(targets = ["https://staging.example.com"], session_affinity = "x-user-id")]
async fn session_affinity() {}

#[mirror(targets = ["https://staging.example.com"], failures = 3)]
async fn failures() {}

#[mirror(targets = ["https://staging.example.com"], concurrency = 8)]
async fn concurrency() {}

#[mirror(targets = ["https://staging.example.com"], filter = |parts| parts.uri.query().is_none())]
async fn filter() {}

#[mirror(targets = ["https://staging.example.com"], headers = { "x-env" = "shadow" })]
async fn headers() {}

#[mirror(targets = ["https://staging.example.com"], record = "mirror-fixtures")]
async fn record_without_compare() {}

fn main() {}
