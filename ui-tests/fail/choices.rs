//! Options with few values, and names.

use mirror_runtime::mirror;

#[mirror(
    targets = ["https://staging.example.com"],
    sync = 1,
    copy_body = "no",
    credentials = strip,
    host = "shadow",
    body = "stream",
    name = "",
)]
async fn handler() {}

fn main() {}
