//! The commonest mistakes with targets.

use mirror_runtime::mirror;

const WITHOUT_SCHEME: &str = "staging.example.com:8080";

#[mirror(target = "https://staging.example.com")]
async fn one_target() {}

#[mirror("https://staging.example.com")]
async fn alone() {}

#[mirror(targets = "https://staging.example.com")]
async fn no_list() {}

#[mirror(targets = ["localhost:8080"])]
async fn no_scheme() {}

#[mirror(targets = [WITHOUT_SCHEME])]
async fn no_scheme_in_a_constant() {}

#[mirror(targets = [env!("SHADOW_URL")])]
async fn variable_of_the_compiler() {}

#[mirror(targets = [std::env::var("SHADOW_URL").unwrap()])]
async fn variable_of_the_program() {}

#[mirror(targets = ["https://user:secret@staging.example.com"])]
async fn with_credentials() {}

#[mirror(targets = [target("https://staging.example.com", compare = "json", weight = 5)])]
async fn of_all_targets() {}

#[mirror(targets = ["http://grpc.example.com"], http2 = "prior-knowledge")]
async fn of_one_target() {}

fn main() {}
