//! Headers that are none, or that the mirror decides about.

use mirror_runtime::mirror;

#[mirror(
    targets = ["https://staging.example.com"],
    set_headers = {
        "x env" = "shadow",
        "x-env" = "shadow\n",
        "X-Env" = "shadow",
        "x-env" = "again",
        "x-number" = 1,
        x_name = "shadow",
        "connection" = "close",
        "content-length" = "0",
        "host" = "staging.example.com",
        "x-mirrored-from" = "example.com",
        "x-colon": "shadow",
    },
)]
async fn set() {}

#[mirror(targets = ["https://staging.example.com"], set_headers = { "Expect" = "100-continue" })]
async fn waiting() {}

#[mirror(
    targets = ["https://staging.example.com"],
    remove_headers = ["x-env", "X-Env", "x env", "te", X_ENV],
)]
async fn removed() {}

#[mirror(
    targets = ["https://staging.example.com"],
    set_headers = ["x-env"],
    remove_headers = "x-internal",
)]
async fn other_way_round() {}

fn main() {}
