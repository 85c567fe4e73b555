//! `sticky` by what does not tell users apart.

use mirror_runtime::{Defaults, Sticky, mirror};

#[mirror(targets = ["https://staging.example.com"], sticky = "x-user-id")]
async fn a_string() {}

#[mirror(targets = ["https://staging.example.com"], sticky = "session_id")]
async fn a_string_without_a_hyphen() {}

#[mirror(targets = ["https://staging.example.com"], sticky = true)]
async fn a_boolean() {}

#[mirror(targets = ["https://staging.example.com"], sticky = header(""), percentage = 5)]
async fn no_header() {}

#[mirror(targets = ["https://staging.example.com"], sticky = cookie(""))]
async fn no_cookie() {}

#[mirror(targets = ["https://staging.example.com"], sticky = header("host"))]
async fn the_server() {}

#[mirror(targets = ["https://staging.example.com"], sticky = header("Cookie"))]
async fn all_cookies() {}

#[mirror(targets = ["https://staging.example.com"], sticky = header("x-a", "x-b"))]
async fn two_headers() {}

#[mirror(targets = ["https://staging.example.com"], sticky = path("/users"))]
async fn a_path() {}

#[mirror(targets = [target("https://staging.example.com", sticky = path)])]
async fn of_a_target() {}

const _: Defaults = Defaults::new().sticky(Sticky::Header("date"));

fn main() {}
