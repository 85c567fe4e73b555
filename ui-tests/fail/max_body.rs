//! Sizes that are none.

use mirror_runtime::mirror;

#[mirror(targets = ["https://staging.example.com"], max_body = 2097152)]
async fn number() {}

#[mirror(targets = ["https://staging.example.com"], max_body = "2097152")]
async fn without_unit() {}

#[mirror(targets = ["https://staging.example.com"], max_body = 2 * 1024 * 1024)]
async fn expression() {}

#[mirror(targets = ["https://staging.example.com"], max_body = "2mb")]
async fn unknown_unit() {}

#[mirror(targets = ["https://staging.example.com"], max_body = "0B")]
async fn zero() {}

#[mirror(targets = ["https://staging.example.com"], max_body = "1.5MiB")]
async fn fraction() {}

fn main() {}
