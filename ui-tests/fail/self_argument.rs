//! A method: axum has no receiver to call it on.

#![allow(unused)]

use std::sync::Arc;

use mirror_runtime::mirror;

struct Users;

impl Users {
    #[mirror(targets = ["https://staging.example.com"])]
    async fn by_reference(&self) {}

    #[mirror(targets = ["https://staging.example.com"])]
    async fn by_value(mut self) {}

    #[mirror(targets = ["https://staging.example.com"])]
    async fn by_type(self: Arc<Self>) {}
}

fn main() {}
