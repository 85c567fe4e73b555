//! The same, for all handlers.

use mirror_runtime::{Defaults, mirror};

static SHADOW: Defaults = Defaults::new().until("2027-02-29");

#[mirror(defaults = SHADOW, targets = ["https://staging.example.com"])]
async fn handler() {}

fn main() {}
