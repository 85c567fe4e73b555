//! The commonest mistakes in rules of comparing.

use mirror_runtime::mirror;

#[mirror(
    targets = ["https://staging.example.com"],
    compare = "json",
    ignore = ["generated_at", "$.items", "$.items[*].id", "/items/[0]/id", "/**/id", "/items/-", "$..id"],
)]
async fn other_notations() {}

#[mirror(targets = ["https://staging.example.com"], compare = "json", ignore = "/generated_at")]
async fn no_list() {}

#[mirror(
    targets = ["https://staging.example.com"],
    compare = "json",
    unordered = ["/items"],
    ignore = ["/items/0/id"],
    tolerance = { "/items/1/price" = 0.01 },
)]
async fn index_without_order() {}

#[mirror(
    targets = ["https://staging.example.com"],
    compare = "json",
    compare_headers = ["content-length", "Date", "connection", "transfer-encoding"],
)]
async fn headers() {}

#[mirror(targets = ["https://staging.example.com"], ignore = ["/generated_at"])]
async fn without_compare() {}

#[mirror(targets = ["https://staging.example.com"], compare = "json", thresholds = 0.99)]
async fn thresholds() {}

fn main() {}
