//! Functions that cannot compare.

use mirror_runtime::{BufferedResponse, Comparison, Verdict, mirror};

fn boolean(primary: &BufferedResponse, shadow: &BufferedResponse) -> bool {
    primary.status() == shadow.status()
}

fn by_value(_: BufferedResponse, _: BufferedResponse) -> Verdict {
    Verdict::Match
}

fn two_arguments(_: &Comparison, _: &str) {}

#[mirror(targets = ["https://staging.example.com"], compare = boolean)]
async fn no_verdict() {}

#[mirror(targets = ["https://staging.example.com"], compare = by_value)]
async fn no_references() {}

#[mirror(targets = ["https://staging.example.com"], compare = missing)]
async fn not_there() {}

#[mirror(targets = ["https://staging.example.com"], compare = "json", on_mismatch = two_arguments)]
async fn callback() {}

fn main() {}
