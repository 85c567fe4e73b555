//! Headers of versions that are none.

use mirror_runtime::mirror;

#[mirror(targets = ["https://staging.example.com"], compare = "json", version_header = 1)]
async fn number() {}

#[mirror(targets = ["https://staging.example.com"], compare = "json", version_header = "x version")]
async fn no_name() {}

#[mirror(targets = ["https://staging.example.com"], version_header = "x-version")]
async fn without_compare() {}

fn main() {}
