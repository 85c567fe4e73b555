//! Circuit breakers that are none, and mistakes within one.

use mirror_runtime::mirror;

#[mirror(targets = ["https://staging.example.com"], circuit_breaker = false)]
async fn negation() {}

#[mirror(targets = ["https://staging.example.com"], circuit_breaker = "off")]
async fn quoted() {}

#[mirror(targets = ["https://staging.example.com"], circuit_breaker = 5)]
async fn number() {}

#[mirror(targets = ["https://staging.example.com"], circuit_breaker = {})]
async fn empty() {}

#[mirror(targets = ["https://staging.example.com"], circuit_breaker)]
async fn missing() {}

#[mirror(targets = ["https://staging.example.com"], circuit_breaker = { failure = 5, reset = "5s" })]
async fn unknown() {}

#[mirror(targets = ["https://staging.example.com"], circuit_breaker = { failures = 5, cooldown = "5s", failures = 6 })]
async fn twice() {}

#[mirror(targets = ["https://staging.example.com"], circuit_breaker = { failures })]
async fn without_value() {}

#[mirror(targets = ["https://staging.example.com"], circuit_breaker = { cooldown: "5s" })]
async fn colon() {}

#[mirror(targets = ["https://staging.example.com"], circuit_breaker = { failures = 0, cooldown = 5 })]
async fn bad_values() {}

#[mirror(targets = ["https://staging.example.com"], circuit_breaker = { failures = 4294967296, cooldown = "25h" })]
async fn too_large() {}

#[mirror(targets = ["https://staging.example.com"], circuit_breaker = { failures = 5, cooldown = }, timeout = 2)]
async fn no_end() {}

#[mirror(targets = ["https://staging.example.com"], circuit_breaker = { 5, "5s" })]
async fn no_name() {}

fn main() {}
