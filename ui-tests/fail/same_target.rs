//! A target that is there already.

use mirror_runtime::mirror;

const CANARY: &str = "https://canary.example.com";

#[mirror(targets = ["https://a.example.com", target("https://A.example.com:443/", percentage = 5)])]
async fn literals() {}

#[mirror(targets = [env("SHADOW_URL"), env("SHADOW_URL")])]
async fn variables() {}

#[mirror(targets = [CANARY, CANARY])]
async fn constants() {}

#[mirror(targets = [CANARY, "https://canary.example.com/"])]
async fn constant_and_literal() {}

#[mirror(targets = [
    target("https://a.example.com", name = "canary"),
    target("https://b.example.com", name = "canary"),
])]
async fn names() {}

fn main() {}
