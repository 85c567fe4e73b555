//! Targets that are the path of a `const`.

use axum::{Router, routing::get};
use mirror_runtime::mirror;

const STAGING: &str = "https://staging.example.com";

mod config {
    pub struct Shadow;

    impl Shadow {
        pub const URL: &'static str = concat!("https://", "canary", ".example.com");
    }
}

#[mirror(targets = [
    STAGING,
    target(config::Shadow::URL, percentage = 5),
    "https://audit.example.com",
    env("SHADOW_URL"),
])]
async fn handler() {}

struct Users;

impl Users {
    const URL: &'static str = "https://users.example.com";

    #[mirror(targets = [Users::URL])]
    async fn list() {}
}

fn main() {
    let _: Router = Router::new()
        .route("/", get(handler))
        .route("/users", get(Users::list));
}
