//! Callbacks that are neither paths nor closures, or that show what they lack.

use mirror_runtime::mirror;

#[mirror(
    targets = ["https://staging.example.com"],
    on_success = count(),
    on_error = |error| println!("{error}"),
    on_skip = "count",
    when = async |parts| true,
)]
async fn handler() {}

fn main() {}
