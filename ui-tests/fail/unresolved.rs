//! Names in options that rustc does not find.

#![allow(unused)]

use mirror_runtime::mirror;

#[mirror(targets = ["https://staging.example.com"], crate = shared::mirror_runtime)]
async fn no_crate() {}

#[mirror(targets = ["https://staging.example.com"], defaults = MISSING)]
async fn no_defaults() {}

struct Users;

impl Users {
    #[mirror(targets = ["https://staging.example.com"], original = all_unmirrored)]
    async fn all() {}
}

fn main() {}
