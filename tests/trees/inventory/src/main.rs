//! A program that lists its mirrors and those of a library before any request, without `unsafe` and
//! by another name of `mirror-runtime`.

#![forbid(unsafe_code)]

use axum::{Router, body::Body, http::Request, routing::get};
use tower::ServiceExt;
// All that the program says of the library.
use handlers as _;
use traffic::{ControlSource, MirrorInfo, control, mirror, mirrors};

#[mirror(crate = traffic, targets = [target("http://127.0.0.1:9", name = "rewrite")], percentage = 12.5, timeout = "2s", name = "orders")]
async fn orders() -> &'static str {
    "[]"
}

#[mirror(crate = traffic, targets = ["http://127.0.0.1:9"], name = "unrouted")]
#[expect(dead_code, reason = "it stands at no route")]
async fn unrouted() {}

#[derive(Debug)]
struct Orders;

impl Orders {
    #[mirror(crate = traffic, targets = ["http://127.0.0.1:9"])]
    async fn list() -> &'static str {
        "[]"
    }
}

const ALL: [&str; 6] = [
    "mirror_tree_handlers::health",
    "mirror_tree_handlers::quiet::Users::list",
    "mirror_tree_inventory::Orders::list",
    "orders",
    "private",
    "unrouted",
];

fn listed(name: &str) -> MirrorInfo {
    let found = mirrors().into_iter().find(|mirror| mirror.name == name);
    found.unwrap_or_else(|| panic!("{name} is not listed"))
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    // Before anything else.
    let names: Vec<_> = mirrors().into_iter().map(|mirror| mirror.name).collect();
    assert_eq!(names, ALL);
    assert!(mirrors().iter().all(|mirror| mirror.mirror().is_none()));
    let users = listed(ALL[1]);
    assert_eq!(users.module.as_deref(), Some("mirror_tree_handlers::quiet"));
    assert!(users.file.unwrap().ends_with("handlers/src/lib.rs") && users.line > Some(1));
    assert_eq!(users.targets, ["rewrite"]);
    assert_eq!(users.options, [("percentage".to_owned(), "5".to_owned())]);
    let state = listed(ALL[3]).control().state();
    assert_eq!(state.source, ControlSource::Code);
    assert!((state.targets[0].percentage - 12.5).abs() < f64::EPSILON);

    control("private").disable();
    assert!(!listed("private").control().state().is_enabled);

    // Only that which gets traffic is made.
    let app: Router = Router::new()
        .route("/orders", get(orders))
        .route("/list", get(Orders::list));
    let request = Request::get("/orders").body(Body::empty()).unwrap();
    assert!(app.oneshot(request).await.unwrap().status().is_success());
    let made: Vec<_> = mirrors()
        .into_iter()
        .filter(|mirror| mirror.mirror().is_some())
        .map(|mirror| mirror.name)
        .collect();
    assert_eq!(made, ["orders"]);
    assert_eq!(mirrors().len(), ALL.len());
}
