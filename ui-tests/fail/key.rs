//! A key in the source.

use mirror_runtime::mirror;

#[mirror(targets = ["https://staging.example.com"], key = "0123456789abcdef0123456789abcdef")]
async fn in_the_source() {}

#[mirror(targets = ["https://staging.example.com"], key = std::env::var("MIRROR_KEY").unwrap())]
async fn a_call() {}

static TEXT: &str = "0123456789abcdef0123456789abcdef";

#[mirror(targets = ["https://staging.example.com"], key = TEXT)]
async fn a_static_of_another_type() {}

fn main() {}
