//! Rates that are none.

use mirror_runtime::mirror;

#[mirror(targets = ["https://staging.example.com"], rate_limit = 100)]
async fn number() {}

#[mirror(targets = ["https://staging.example.com"], rate_limit = "100")]
async fn without_unit() {}

#[mirror(targets = ["https://staging.example.com"], rate_limit = 50/m)]
async fn without_quotes() {}

#[mirror(targets = ["https://staging.example.com"], rate_limit = RATE)]
async fn path() {}

#[mirror(targets = ["https://staging.example.com"], rate_limit = "100/d")]
async fn unknown_unit() {}

#[mirror(targets = ["https://staging.example.com"], rate_limit = "0/s")]
async fn zero() {}

#[mirror(targets = ["https://staging.example.com"], rate_limit = "0.5/s")]
async fn fraction() {}

#[mirror(targets = ["https://staging.example.com"], rate_limit = "4294967296/s")]
async fn too_large() {}

fn main() {}
