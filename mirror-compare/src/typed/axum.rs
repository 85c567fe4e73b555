//! The return types of axum that can be compared.

use axum::{
    Json,
    response::{Html, NoContent},
};
use serde::de::DeserializeOwned;

use super::{
    TypedResponse,
    values::{no_body, of, text},
};
use crate::model::{BufferedResponse, Verdict};

impl<T: DeserializeOwned + PartialEq> TypedResponse for Json<T> {
    fn compare(primary: &BufferedResponse, shadow: &BufferedResponse) -> Option<Verdict> {
        let read = |response: &BufferedResponse| serde_json::from_slice::<T>(response.body()).ok();
        of(read(primary), || read(shadow))
    }
}

impl<T> TypedResponse for Html<T> {
    fn compare(primary: &BufferedResponse, shadow: &BufferedResponse) -> Option<Verdict> {
        text(primary, shadow)
    }
}

impl TypedResponse for NoContent {
    fn compare(primary: &BufferedResponse, shadow: &BufferedResponse) -> Option<Verdict> {
        no_body(primary, shadow)
    }
}
