//! `state` that is no type, or not needed.

use mirror_runtime::mirror;

async fn v2() {}

#[mirror(targets = [handler(v2)], state = "AppState")]
async fn string() {}

#[mirror(targets = [handler(v2)], state)]
async fn missing() {}

#[mirror(targets = ["https://staging.example.com"], state = AppState)]
async fn no_handler() {}

struct NotClone;

#[mirror(targets = [handler(v2)], state = NotClone)]
async fn not_clone() {}

fn main() {}
