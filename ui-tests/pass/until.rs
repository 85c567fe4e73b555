//! A day that is over is no error: a program that compiles today compiles tomorrow, and is off.

use axum::{Router, routing::get};
use mirror_runtime::{ControlSource, Defaults, control, mirror};

const SHADOW: Defaults = Defaults::new().until("2000-02-29");

#[mirror(targets = ["https://staging.example.com"], until = "1999-12-31", name = "over")]
async fn over() {}

#[mirror(targets = ["https://staging.example.com"], until = "9999-12-31", name = "never over")]
async fn never_over() {}

#[mirror(defaults = SHADOW, targets = ["https://staging.example.com"], name = "over for all")]
async fn over_for_all() {}

#[mirror(defaults = SHADOW, targets = ["https://staging.example.com"], until = "9999-12-31", name = "its own")]
async fn its_own() {}

fn main() {
    let _: Router = Router::new()
        .route("/1", get(over))
        .route("/2", get(never_over))
        .route("/3", get(over_for_all))
        .route("/4", get(its_own));
    for (name, is_on) in [("over", false), ("never over", true), ("over for all", false), ("its own", true)] {
        let state = control(name).state();
        assert_eq!((state.is_enabled, state.source), (is_on, ControlSource::Code), "{name}");
    }
}
