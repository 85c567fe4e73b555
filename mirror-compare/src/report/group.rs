//! Differences at one place, taken together.

use http::Method;
use serde::Serialize;

use crate::model::{Difference, DifferenceKind, Printable, serialize_method};

/// Differences of one kind at one place, in all requests.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct DifferenceGroup {
    /// The place: a JSON pointer in which `*` stands for the indices of arrays, and for keys that
    /// look like indices; `""` for all of the body, and for the status; the name of a header or a
    /// trailer field.
    pub pointer: String,
    /// In what way.
    pub kind: DifferenceKind,
    /// In how many comparisons there is such a difference.
    pub comparisons: u64,
    /// How many such differences there are in all.
    pub differences: u64,
    /// Whether responses of the old version differ from one another there as often.
    pub noise: bool,
    /// In what share of the requests that a baseline answered too the shadow differed there.
    pub shadow_rate: Option<f64>,
    /// In what share of them the baseline did.
    pub baseline_rate: Option<f64>,
    /// The first of them that was kept.
    pub first: Option<Example>,
    /// The last of them that was kept.
    pub last: Option<Example>,
}

impl DifferenceGroup {
    /// The place in words.
    pub(super) fn place(&self) -> &str {
        place(&self.pointer, self.kind)
    }
}

/// A place in words: `status`, `(body)`, or the pointer or name.
pub(super) fn place(pointer: &str, kind: DifferenceKind) -> &str {
    match (pointer, kind) {
        ("", DifferenceKind::Status | DifferenceKind::NotModified) => "status",
        ("", _) => "(body)",
        (pointer, _) => pointer,
    }
}

/// One difference, and the request in whose response it was.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Example {
    /// The method of the request.
    #[serde(serialize_with = "serialize_method")]
    pub method: Method,
    /// The path of the request; cut to 1 KiB.
    pub path: String,
    /// The query of the request, if it has one, without its secrets; cut to 1 KiB.
    pub query: Option<String>,
    /// The difference.
    pub difference: Difference,
}

impl Example {
    /// The request, as it can be sent again: `GET /orders/7?full=1`.
    pub(super) fn request(&self) -> String {
        let path = Printable(&self.path);
        match &self.query {
            Some(query) => format!("{} {path}?{}", self.method, Printable(query)),
            None => format!("{} {path}", self.method),
        }
    }
}
