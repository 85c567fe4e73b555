//! A program without the features `compare`, `http2`, `log` and `otel` that uses their options. It is no program:
//! each of them is one error, at the option.

use axum::extract::Path;
use mirror_runtime::mirror;

#[mirror(
    targets = ["http://shadow.example"],
    ignore = ["/id"],
    compare = "json",
    on_mismatch = |comparison| drop(comparison.verdict()),
    baseline = "http://old.example",
)]
async fn compared(_: Path<u64>) -> String {
    String::new()
}

#[mirror(targets = ["http://shadow.example"], compare = typed)]
async fn typed() -> String {
    String::new()
}

#[mirror(targets = ["http://shadow.example"], compare = verdict)]
async fn by_a_function() -> String {
    String::new()
}

#[mirror(
    targets = [
        target("http://shadow.example", http2 = "prior-knowledge", percentage = 5),
        "http://another.example",
    ],
)]
async fn over_http2() {}

#[mirror(targets = [target("http://shadow.example", trace = "unsampled")], trace = "child")]
async fn traced() {}

#[mirror(targets = ["http://shadow.example"], trace = "strip", baggage = { "mirror" = "shadow" })]
async fn not_traced() {}

#[mirror(targets = ["http://shadow.example"], on_error = |target, error| drop((target, error)))]
async fn good() {}

#[mirror(targets = [file("mirror-log")])]
async fn kept() {}

fn main() {
    let app: axum::Router = axum::Router::new()
        .route("/compared/{id}", axum::routing::get(compared))
        .route("/typed", axum::routing::get(typed))
        .route("/by-a-function", axum::routing::get(by_a_function))
        .route("/over-http2", axum::routing::get(over_http2))
        .route("/traced", axum::routing::get(traced))
        .route("/not-traced", axum::routing::get(not_traced))
        .route("/kept", axum::routing::get(kept))
        .route("/good", axum::routing::get(good));
    drop(app);
}
