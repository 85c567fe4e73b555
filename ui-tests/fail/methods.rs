//! Methods that are none, or cannot be mirrored.

use mirror_runtime::mirror;

#[mirror(targets = ["https://staging.example.com"], methods = GET)]
async fn no_list() {}

#[mirror(targets = ["https://staging.example.com"], methods = [])]
async fn empty() {}

#[mirror(
    targets = ["https://staging.example.com"],
    methods = [GET, GTE, get, "post", PURGE, "PURGE", "PURGE", CONNECT, "A B", Method::PUT],
)]
async fn names() {}

fn main() {}
