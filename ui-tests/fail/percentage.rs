//! Percentages that are none.

use mirror_runtime::mirror;

#[mirror(targets = ["https://staging.example.com"], percentage = 101)]
async fn too_large() {}

#[mirror(targets = ["https://staging.example.com"], percentage = -0.5)]
async fn too_small() {}

#[mirror(targets = ["https://staging.example.com"], percentage = "10%")]
async fn string() {}

#[mirror(targets = ["https://staging.example.com"], percentage = "half")]
async fn word() {}

#[mirror(targets = ["https://staging.example.com"], percentage = PERCENTAGE)]
async fn path() {}

fn main() {}
