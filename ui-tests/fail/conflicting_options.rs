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
    copy_body = false,
    body = "tee",
)]
async fn tee_of_no_body() {}

#[mirror(
    targets = ["https://staging.example.com"],
    body = "buffer",
    copy_body = false,
)]
async fn buffer_of_no_body() {}

#[mirror(
    targets = ["https://staging.example.com"],
    read_ahead = "2s",
    copy_body = false,
)]
async fn time_for_no_body() {}

#[mirror(
    targets = ["https://staging.example.com"],
    body = "tee",
    read_ahead = "2s",
)]
async fn time_to_read_for_somebody_else() {}

#[mirror(
    targets = ["https://staging.example.com"],
    connect_timeout = "2s",
    timeout = "1s",
)]
async fn part_longer_than_the_whole() {}

#[mirror(
    targets = ["https://staging.example.com"],
    set_headers = { "x-env" = "shadow" },
    remove_headers = ["X-Env"],
)]
async fn set_and_removed() {}

fn main() {}
