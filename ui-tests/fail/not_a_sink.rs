//! Statics that deref to something else than a transport or a sink.

use std::sync::LazyLock;

use mirror_runtime::mirror;

static NATS: LazyLock<String> = LazyLock::new(String::new);
static LOG: LazyLock<Vec<u8>> = LazyLock::new(Vec::new);

#[mirror(targets = [via(NATS)])]
async fn a_transport_is_one() {}

#[mirror(targets = [sink(LOG)])]
async fn a_sink_is_one() {}

fn main() {}
