//! How HTTP/2 is agreed upon, where that is not possible.

use mirror_runtime::mirror;

const STAGING: &str = "https://staging.example.com";

#[mirror(targets = [
    target("https://canary.example.com", http2 = "prior-knowledge"),
    target("http://a.example.com", http2 = true),
    target("http://b.example.com", http2 = false),
    target("http://c.example.com", http2 = "h2c"),
    target("http://d.example.com", http2 = "prior_knowledge"),
    target("http://e.example.com", http2 = off),
    target("http://f.example.com", http2 = "3"),
    target(handler(v2), http2 = "off"),
])]
async fn values() {}

#[mirror(targets = [target(STAGING, http2 = "prior-knowledge")])]
async fn over_tls() {}

async fn v2() {}

fn main() {}
