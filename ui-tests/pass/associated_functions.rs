//! Associated functions without `self`, whether they name `Self` or not.

use std::marker::PhantomData;

use axum::{
    Json, Router,
    extract::{Path, State},
    response::IntoResponse,
    routing::get,
};
use mirror_runtime::mirror;
use serde::Serialize;

#[derive(Clone, Serialize)]
struct Users {
    count: u64,
}

impl Users {
    const NAME: &'static str = "users";

    #[mirror(targets = ["https://staging.example.com"])]
    async fn plain(Path(id): Path<u64>) -> String {
        id.to_string()
    }

    #[mirror(targets = ["https://staging.example.com"])]
    async fn in_body(_: Path<u64>) -> &'static str {
        Self::NAME
    }

    #[mirror(targets = ["https://staging.example.com"])]
    async fn in_macro() -> String {
        format!("{}!", Self::NAME)
    }

    #[mirror(targets = ["https://staging.example.com"])]
    async fn in_signature(State(users): State<Self>) -> Json<Self> {
        Json(users)
    }

    #[mirror(targets = ["https://staging.example.com"])]
    async fn generic<T: Default + Send + 'static>(_: State<Self>) -> impl IntoResponse {
        drop(T::default());
        Self::NAME
    }

    #[mirror(targets = ["https://staging.example.com"])]
    async fn self_of_another_type() -> String {
        struct Local;
        impl Local {
            fn new() -> Self {
                Self
            }
        }
        let _ = Local::new();
        String::new()
    }
}

struct Api<T>(PhantomData<T>);

impl<T: Clone + Send + Sync + ToString + 'static> Api<T> {
    fn show(value: T) -> String {
        value.to_string()
    }

    #[mirror(targets = ["https://staging.example.com"])]
    async fn get(State(value): State<T>) -> String {
        Self::show(value)
    }
}

#[mirror(targets = ["https://staging.example.com"])]
async fn free() -> String {
    struct Local;
    impl Local {
        fn new() -> Self {
            Self
        }
    }
    let _ = Local::new();
    String::new()
}

fn main() {
    let _: Router = Router::new()
        .route("/plain/{id}", get(Users::plain))
        .route("/body/{id}", get(Users::in_body))
        .route("/macro", get(Users::in_macro))
        .route("/signature", get(Users::in_signature))
        .route("/generic", get(Users::generic::<u8, _, _>))
        .route("/local", get(Users::self_of_another_type))
        .route("/free", get(free))
        .with_state(Users { count: 0 });
    let _: Router = Router::new().route("/", get(Api::<u64>::get)).with_state(0);
}
