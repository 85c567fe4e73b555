//! A fixture is replayed at the point of the program at which it was recorded.

use axum::middleware::map_response;
use mirror_runtime::{__private::replay_others, CompareAt, CompareAtServer};

use super::*;

/// What every response of the program goes through.
async fn envelope(response: Response) -> Response {
    let body = axum::body::to_bytes(response.into_body(), 1024).await;
    ok(format!(
        "{{\"data\":{}}}",
        str::from_utf8(&body.unwrap()).unwrap()
    ))
}

/// The whole program, whose handler responds with this total.
fn app(mirror: &Mirror, total: u32) -> Router {
    let handler = async move || format!("{{\"total\":{total}}}");
    Router::new()
        .fallback(handler)
        .layer(mirror.layer())
        .layer(map_response(envelope))
        .layer(CompareAtServer::new())
}

/// Records a mismatch of a program whose layers change responses. Returns where, and the mirror.
async fn recorded(at: CompareAt) -> (Directory, Mirror, Shadow) {
    let directory = Directory::new(&format!("layers-{at:?}"));
    let shadow = Shadow::answering(|_| ok("{}")).await;
    let mirror = Mirror::builder()
        .name("layers")
        .target(shadow.url())
        .compare(CompareMode::Json)
        .compare_at(at)
        .record(directory.path())
        .build()
        .unwrap();
    Primary::start(app(&mirror, 5)).await.get("/").await;
    until("a fixture", || directory.fixtures().len() == 1).await;
    (directory, mirror, shadow)
}

async fn passes(directory: &Directory, mirror: &Mirror, total: u32) -> bool {
    let path = directory.path().to_str().unwrap().to_owned();
    let mirror = mirror.clone();
    let replay = async move {
        let app = || {
            let app = app(&mirror, total);
            move || app
        };
        replay_others(&path, &[], app).await;
    };
    tokio::spawn(replay).await.is_ok()
}

#[tokio::test]
async fn the_unchanged_program_passes_at_either_point() {
    for (at, place, body) in [
        (CompareAt::Handler, "handler", "{\"total\":5}"),
        (CompareAt::Server, "server", "{\"data\":{\"total\":5}}"),
    ] {
        let (directory, mirror, shadow) = recorded(at).await;
        let fixture = directory.fixture();
        assert_eq!(fixture["compared_by"]["at"], place);
        assert_eq!(fixture["primary"]["body"], body);
        assert!(passes(&directory, &mirror, 5).await, "{at:?}");
        assert!(!passes(&directory, &mirror, 6).await, "{at:?}");
        // No copy of what is replayed is sent, and each is counted.
        assert_eq!(shadow.recorded().len(), 1);
        let stats = mirror.stats();
        let target = &stats.targets[0];
        assert_eq!((target.received, target.sent, target.skipped), (3, 1, 2));
    }
}

#[tokio::test]
async fn without_the_outermost_layer_it_is_that_of_the_handler() {
    let directory = Directory::new("no-layer");
    let shadow = Shadow::answering(|_| ok("{}")).await;
    let mirror = Mirror::builder()
        .name("no layer")
        .target(shadow.url())
        .compare(CompareMode::Json)
        .compare_at(CompareAt::Server)
        .record(directory.path())
        .build()
        .unwrap();
    let app = Router::new().fallback(async || "[1]").layer(mirror.layer());
    Primary::start(app).await.get("/").await;
    until("a fixture", || directory.fixtures().len() == 1).await;
    assert_eq!(directory.fixture()["compared_by"]["at"], "handler");
}
