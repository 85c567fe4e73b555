//! `replay!` without fixtures, and without an app.

use mirror_runtime::replay;

replay!("/mirror-fixtures", app);

replay!("mirror-fixtures");

replay!(app);

replay!();

fn app() -> axum::Router {
    axum::Router::new()
}

fn main() {
    app();
}
