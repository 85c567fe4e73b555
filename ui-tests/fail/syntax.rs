//! Options that are no `key = value`; the next one is still read.

use mirror_runtime::mirror;

#[mirror(targets = ["https://staging.example.com"], percentage = 10%, timeout = 2)]
async fn no_expression() {}

#[mirror("https://staging.example.com", timeout = 2)]
async fn no_name() {}

#[mirror(targets = ["https://staging.example.com"] sync = true, timeout = 2)]
async fn no_comma() {}

#[mirror(targets = ["https://staging.example.com"], on_error = |target, error|, timeout = 2)]
async fn no_end() {}

fn main() {}
