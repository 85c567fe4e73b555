//! URLs that no copy could be sent to.

use mirror_runtime::mirror;

#[mirror(targets = [
    "localhost:8080",
    "staging.example.com",
    "/orders",
    "ftp://staging.example.com",
    "https://",
    "https://staging example.com",
    "https://staging.example.com:0",
    "https://staging.example.com:99999",
    "https://user:secret@staging.example.com",
    "user:secret@staging.example.com",
    "https://staging.example.com/?a=b",
    "https://staging.example.com/#top",
    "https://staging.example.com/a/../b",
    "https://staging.example.com/a b",
    target("ws://staging.example.com", percentage = 5),
])]
async fn handler() {}

fn main() {}
