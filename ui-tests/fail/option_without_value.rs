//! An option without a value.

use mirror_runtime::mirror;

#[mirror(targets = ["https://staging.example.com"], sync)]
async fn flag() {}

#[mirror(targets = ["https://staging.example.com"], timeout("2s"))]
async fn call() {}

#[mirror(targets = ["https://staging.example.com"], percentage: 10)]
async fn colon() {}

#[mirror(targets = [target("https://staging.example.com", timeout)])]
async fn of_a_target() {}

fn main() {}
