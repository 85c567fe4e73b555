//! An option that is given twice.

use mirror_runtime::mirror;

#[mirror(targets = ["https://staging.example.com"], sync = true, sync = true)]
async fn of_the_mirror() {}

#[mirror(targets = [target("https://staging.example.com", percentage = 5, percentage = 6)])]
async fn of_a_target() {}

fn main() {}
