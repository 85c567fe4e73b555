//! Targets that are not written as targets.

use mirror_runtime::mirror;

#[mirror(targets = "https://staging.example.com")]
async fn no_list() {}

#[mirror(targets = [
    8080,
    &URL,
    env!("SHADOW_URL"),
    env(SHADOW_URL),
    env(""),
    target(),
    target(percentage = 5),
    target("https://staging.example.com", 5),
    target("https://staging.example.com/v2", percentage = 101, timeout = "1"),
    target(target("https://staging.example.com")),
    shadow("https://staging.example.com"),
])]
async fn no_targets() {}

fn main() {}
