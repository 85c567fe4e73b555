//! Two attributes on one function.

use mirror_runtime::mirror;

#[mirror(targets = ["https://staging.example.com"])]
#[mirror(targets = ["https://canary.example.com"])]
async fn same_name() {}

#[mirror(targets = ["https://staging.example.com"])]
#[mirror_runtime::mirror(targets = ["https://canary.example.com"])]
async fn by_path() {}

fn main() {}
