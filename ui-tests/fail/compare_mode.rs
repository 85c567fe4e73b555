//! Modes that there are not.

use mirror_runtime::mirror;

#[mirror(targets = ["https://staging.example.com"], compare = "jsn")]
async fn unknown() {}

#[mirror(targets = ["https://staging.example.com"], compare = "headers")]
async fn not_similar() {}

#[mirror(targets = ["https://staging.example.com"], compare = "typed")]
async fn quoted() {}

#[mirror(targets = ["https://staging.example.com"], compare = json)]
async fn not_quoted() {}

#[mirror(targets = ["https://staging.example.com"], compare = true)]
async fn flag() {}

#[mirror(targets = ["https://staging.example.com"], compare)]
async fn missing() {}

#[mirror(targets = ["https://staging.example.com"], compare = |primary| Verdict::Match)]
async fn one_answer() {}

fn main() {}
