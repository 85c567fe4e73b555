//! `#[cfg]`, visibility, docs, deprecation and lint levels stay on the function.

#![deny(warnings, missing_docs)]

use axum::{Router, routing::get};
use mirror_runtime::mirror;

/// Handlers.
pub mod handlers {
    use super::mirror;

    /// Not there at all.
    #[cfg(any())]
    #[mirror(targets = ["https://staging.example.com"])]
    pub async fn gone(missing: Missing) {}

    #[mirror(targets = ["https://staging.example.com"])]
    #[cfg(any())]
    pub async fn gone_too(missing: Missing) {}

    /// There.
    #[mirror(targets = ["https://staging.example.com"])]
    #[cfg(not(any()))]
    #[cfg_attr(not(any()), must_use)]
    pub async fn there() {}

    #[mirror(targets = ["https://staging.example.com"])]
    /// Docs below the attribute count too.
    pub async fn documented() {}

    #[mirror(targets = ["https://staging.example.com"])]
    #[doc(hidden)]
    #[deprecated = "use `there`"]
    pub async fn old() {}

    #[mirror(targets = ["https://staging.example.com"])]
    #[allow(missing_docs)]
    #[expect(unused_variables, reason = "kept from the original")]
    pub async fn lints() {
        let unused = 1;
    }

    /// Lints reach an original that stands beside the function.
    pub struct Users;

    impl Users {
        const NAME: &'static str = "users";

        /// Lists them.
        #[mirror(targets = ["https://staging.example.com"])]
        #[expect(unused_variables)]
        pub async fn list() -> &'static str {
            let unused = 1;
            Self::NAME
        }

        /// Deletes them.
        #[mirror(targets = ["https://staging.example.com"])]
        #[allow(unused_variables)]
        pub async fn delete() -> &'static str {
            let unused = 1;
            Self::NAME
        }
    }
}

fn main() {
    #[expect(deprecated)]
    let old = handlers::old;
    let _: Router = Router::new()
        .route("/there", get(handlers::there))
        .route("/documented", get(handlers::documented))
        .route("/old", get(old))
        .route("/lints", get(handlers::lints))
        .route(
            "/users",
            get(handlers::Users::list).delete(handlers::Users::delete),
        );
}
