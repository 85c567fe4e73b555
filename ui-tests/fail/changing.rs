//! Functions that change copies, masks, and headers of a target.

use mirror_runtime::mirror;

#[mirror(
    targets = [
        "https://staging.example.com",
        target(
            "https://canary.example.com",
            set_headers = { "x-env" = "canary", "host" = "a", "mirror-signature" = "a" },
            map_request = 5,
        ),
    ],
    map_request = |copy, target| (),
    mask = ["email", "/user/**/phone", "/email", "/email"],
)]
async fn wrong() {}

#[mirror(targets = ["https://staging.example.com"], mask = ["/email"], copy_body = false)]
async fn without_body() {}

fn other_type(_: &str) {}

#[mirror(
    targets = [target("https://staging.example.com", map_request = other_type)],
    map_request = other_type,
)]
async fn functions() {}

fn main() {}
