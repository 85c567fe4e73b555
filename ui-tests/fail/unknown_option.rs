//! An option that does not exist, with the similar one that does.

use mirror_runtime::mirror;

#[mirror(targets = ["https://staging.example.com"], precentage = 10)]
async fn transposed() {}

#[mirror(targets = ["https://staging.example.com"], async = true)]
async fn keyword() {}

#[mirror(targets = ["https://staging.example.com"], retries = 3)]
async fn nothing_similar() {}

#[mirror(targets = [target("https://staging.example.com", percent = 10)])]
async fn of_a_target() {}

#[mirror(targets = ["https://staging.example.com"], max_inflight = 8)]
async fn cut_short() {}

fn main() {}
