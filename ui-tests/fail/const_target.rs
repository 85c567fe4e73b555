//! A `const` that is not the URL of a target.

use mirror_runtime::mirror;

const WITHOUT_SCHEME: &str = "localhost:8080";
const PORT: u16 = 8080;

mod config {
    pub const SECRET: &str = "https://user:secret@staging.example.com";
}

#[mirror(targets = [WITHOUT_SCHEME])]
async fn not_absolute() {}

#[mirror(targets = ["https://staging.example.com", target(config::SECRET, percentage = 5)])]
async fn credentials() {}

#[mirror(targets = [PORT])]
async fn not_a_string() {}

#[mirror(targets = [MISSING])]
async fn not_there() {}

fn main() {}
