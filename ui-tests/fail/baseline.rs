//! Baselines that are none.

use mirror_runtime::mirror;

const SHADOW: &str = "https://staging.example.com/";

#[mirror(targets = ["https://staging.example.com"], compare = "json", baseline = "HTTPS://staging.example.com:443")]
async fn a_target() {}

#[mirror(targets = ["https://staging.example.com"], compare = "json", baseline = SHADOW)]
async fn a_target_as_a_const() {}

#[mirror(targets = ["https://staging.example.com"], compare = "json", baseline = handler(a_target))]
async fn handler() {}

#[mirror(targets = ["https://staging.example.com"], compare = "json", baseline = "old-replica")]
async fn no_url() {}

#[mirror(targets = ["https://staging.example.com"], compare = "json", baseline = ["https://old-replica.example.com"])]
async fn list() {}

fn main() {}
