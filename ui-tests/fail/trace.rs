use std::sync::LazyLock;

use axum::Router;
use mirror_runtime::{Keeping, RecordedExchange, Sink, Target, mirror};

#[derive(Debug)]
struct Log;

impl Sink for Log {
    fn keep(&self, _: std::sync::Arc<RecordedExchange>, _: &Target) -> Keeping {
        Box::pin(async { Ok(()) })
    }
}

static LOG: LazyLock<Log> = LazyLock::new(|| Log);

#[mirror(
    targets = [
        target(sink(LOG), trace = "strip"),
        target("http://a.example.com", trace = "none"),
        target("http://b.example.com", trace = Child),
    ],
    trace = "b3",
    baggage = { "a b" = "1", "c" = 2, "d" = "1", "d" = "2" },
)]
async fn handler() {}

fn main() {
    let _: Router = Router::new().route("/", axum::routing::get(handler));
}
