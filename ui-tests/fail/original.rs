//! A name for the original that is none, or that of an `impl`.

#![allow(unused)]

use mirror_runtime::mirror;

#[mirror(targets = ["https://staging.example.com"], original = "find_unmirrored")]
async fn quoted() {}

#[mirror(targets = ["https://staging.example.com"], original = handler)]
async fn handler() {}

#[mirror(targets = ["https://staging.example.com"], crate = "shared::mirror_runtime")]
async fn quoted_crate() {}

#[mirror(targets = ["https://staging.example.com"], defaults = { percentage = 10 })]
async fn no_path() {}

fn main() {}
