//! A mirror needs a target.

use mirror_runtime::mirror;

#[mirror]
async fn no_options() {}

#[mirror()]
async fn no_option() {}

#[mirror(percentage = 10, timeout = "2s")]
async fn other_options() {}

#[mirror(targets = [])]
async fn empty() {}

fn main() {}
