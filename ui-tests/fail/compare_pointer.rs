//! What is no JSON pointer, and no tolerance.

use mirror_runtime::mirror;

#[mirror(
    targets = ["https://staging.example.com"],
    compare = "json",
    ignore = ["generated_at", "/items/*/id", "$.items[0].id"],
    unordered = ["#/tags"],
    tolerance = { "/total~2" = 0.01, "/rate" = -1, "/price" = "1%" },
    redact = ["/password", "/password", password],
)]
async fn pointers() {}

#[mirror(targets = ["https://staging.example.com"], compare = "json", ignore = "/generated_at")]
async fn no_list() {}

#[mirror(targets = ["https://staging.example.com"], compare = "json", tolerance = 0.01)]
async fn no_map() {}

#[mirror(targets = ["https://staging.example.com"], compare = "json", compare_headers = ["e tag", "etag", "ETag"])]
async fn headers() {}

fn main() {}
