//! Baggage, which the program's propagator carries, and another propagator.

use axum::{Router, routing::any};
use http::Method;
use mirror_runtime::{Credentials, Mirror, Trace as Mode};
use testkit::Shadow;

use super::{recorded::Trace, traced};

#[tokio::test]
async fn members_are_added_to_what_the_propagator_writes() {
    let shadow = Shadow::start().await;
    let build = |builder: mirror_runtime::MirrorBuilder| {
        builder
            .target(shadow.url())
            .baggage("mirror", "shadow, of it")
            .build()
            .unwrap()
    };
    let own = "mirror=shadow%2C%20of%20it";
    let with = format!("user=7,{own}");
    let mirrors = [
        (build(Mirror::builder()), &*with),
        (build(Mirror::builder().trace(Mode::Forward)), &*with),
        (build(Mirror::builder().trace(Mode::Strip)), own),
        (
            build(
                Mirror::builder()
                    .trace(Mode::Forward)
                    .credentials(Credentials::Strip),
            ),
            own,
        ),
    ];
    let mut received = 0;
    for (mirror, expected) in mirrors {
        let app = Router::new()
            .fallback(any(|| async {}))
            .layer(mirror.layer());
        let primary = traced(app).await;
        let mut request = Trace::sampled().request(Method::GET, "/");
        request
            .headers_mut()
            .insert("baggage", "user=7,mirror=live".parse().unwrap());
        primary.send(request).await;
        received += 1;
        let copies = shadow.receives(received).await;
        assert_eq!(copies[received - 1].all("baggage"), [expected]);
    }
}
