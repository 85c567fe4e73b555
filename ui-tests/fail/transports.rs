//! Transports and sinks of the user's own that are none, or stand where they have no meaning.

use mirror_runtime::mirror;

#[mirror(targets = [via("nats://shadows")])]
async fn a_transport_is_the_path_of_a_static() {}

#[mirror(targets = [sink(LOG, name = "log")])]
async fn options_stand_in_target() {}

#[mirror(targets = [via(a::LOG), sink(LOG)])]
async fn two_targets_of_one_name() {}

#[mirror(targets = [target(via(NATS), http2 = "off")])]
async fn a_transport_has_its_own_protocol() {}

#[mirror(targets = ["https://staging.example.com"], transport = "reqwest")]
async fn a_transport_for_all_is_a_path() {}

#[mirror(targets = [via(NATS)], transport = CLIENT)]
async fn a_transport_for_all_needs_a_server() {}

#[mirror(targets = ["https://staging.example.com"], compare = "json", baseline = via(OLD))]
async fn a_baseline_is_a_server() {}

fn main() {}
