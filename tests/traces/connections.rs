//! Connections outlive the request that they were made for, and their spans do not belong to it.

use axum::{Router, routing::any};
use mirror_runtime::Mirror;
use testkit::{Shadow, prior_knowledge, settled};

use super::{recorded::Trace, send, traced};

/// `h2` has spans for its connections, which are open for as long as these are. Below that of a
/// request or of a copy they would keep it open, too.
#[tokio::test]
async fn no_connection_inherits_the_span_of_a_request() {
    let (http1, http2) = (Shadow::start().await, Shadow::start().await);
    let mirror = Mirror::builder()
        .target(http1.url().replace("127.0.0.1", "localhost"))
        .target(prior_knowledge(http2.url()))
        .build()
        .unwrap();
    let app = Router::new()
        .fallback(any(|| async {}))
        .layer(mirror.layer());
    let primary = traced(app).await;
    let traces = [Trace::sampled(), Trace::sampled()];
    for (requests, trace) in (1..).zip(&traces) {
        send(&primary, trace, "/").await;
        settled(&mirror, requests).await;
    }
    for trace in &traces {
        trace.server().await;
        trace.copies(2).await;
        let names: Vec<_> = trace.spans().into_iter().map(|span| span.name).collect();
        assert_eq!(names.len(), 3, "{names:?}");
    }
    // They are still there.
    assert_eq!((http1.connections(), http2.connections()), (1, 1));
}
