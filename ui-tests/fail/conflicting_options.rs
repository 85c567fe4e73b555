//! Options that contradict each other.

use mirror_runtime::mirror;

#[mirror(
    targets = ["https://staging.example.com"],
    max_body = "1MiB",
    copy_body = false,
)]
async fn limit_of_no_body() {}

#[mirror(
    targets = ["https://staging.example.com"],
    set_headers = { "x-env" = "shadow" },
    remove_headers = ["X-Env"],
)]
async fn set_and_removed() {}

fn main() {}
