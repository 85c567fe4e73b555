//! Rules where nothing is compared, or not that.

use mirror_runtime::mirror;

#[mirror(
    targets = ["https://staging.example.com"],
    compare_headers = ["content-type"],
    ignore = ["/generated_at"],
    unordered = ["/tags"],
    tolerance = { "/total" = 0.01 },
    redact = ["/password"],
    max_compare_body = "256KiB",
    on_mismatch = |comparison| println!("{comparison}"),
    baseline = "https://old-replica.example.com",
)]
async fn without_compare() {}

#[mirror(targets = ["https://staging.example.com"], compare = "bytes", ignore = ["/generated_at"])]
async fn bytes() {}

#[mirror(
    targets = ["https://staging.example.com"],
    compare = "status",
    tolerance = { "/total" = 0.01 },
    max_compare_body = "1KiB",
)]
async fn status() {}

#[mirror(targets = ["https://staging.example.com"], compare = "json", max_compare_body = "2MiB")]
async fn more_than_is_read() {}

fn main() {}
