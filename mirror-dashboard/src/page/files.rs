//! The three files of the page.

use axum::response::{Html, IntoResponse, Response};
use http::header::CONTENT_TYPE;

use super::mount::{Mount, escaped};

const SCRIPT: &str = include_str!("page.js");
const STYLE: &str = include_str!("page.css");

/// The page, for where it was asked for.
pub(super) fn page(
    mount: &Mount,
    path: &str,
    control_at: Option<&str>,
    examples: bool,
) -> Response {
    let page = format!(
        include_str!("page.html"),
        base = mount,
        path = escaped(path.trim_end_matches('/')),
        control = escaped(control_at.unwrap_or_default()),
        examples = examples,
    );
    Html(page).into_response()
}

pub(super) fn script() -> Response {
    ([(CONTENT_TYPE, "text/javascript; charset=utf-8")], SCRIPT).into_response()
}

pub(super) fn style() -> Response {
    ([(CONTENT_TYPE, "text/css; charset=utf-8")], STYLE).into_response()
}
