//! Counts that are none.

use mirror_runtime::mirror;

#[mirror(targets = ["https://staging.example.com"], max_in_flight = 0)]
async fn zero() {}

#[mirror(targets = ["https://staging.example.com"], max_in_flight = -1)]
async fn negative() {}

#[mirror(targets = ["https://staging.example.com"], max_in_flight = 1.5)]
async fn fraction() {}

#[mirror(targets = ["https://staging.example.com"], max_in_flight = "256")]
async fn string() {}

#[mirror(targets = ["https://staging.example.com"], max_in_flight = 256usize)]
async fn suffix() {}

#[mirror(targets = ["https://staging.example.com"], max_in_flight = MAX)]
async fn path() {}

#[mirror(targets = ["https://staging.example.com"], max_in_flight = 18446744073709551616)]
async fn too_large() {}

fn main() {}
