//! The original of a handler can be called under a name of its own.

#![deny(warnings)]

use axum::{
    Json, Router,
    extract::{Path, State},
    routing::get,
};
use mirror_runtime::mirror;

/// Finds one.
#[mirror(targets = ["https://staging.example.com"], original = find_unmirrored)]
async fn find(State(factor): State<u64>, Path(id): Path<u64>) -> Json<u64> {
    Json(factor * id)
}

#[mirror(targets = ["https://staging.example.com"], original = generic_unmirrored)]
async fn generic<T: Default + Into<u64> + Send + 'static>(Path(id): Path<u64>) -> String {
    format!("{}", id + T::default().into())
}

mod users {
    use super::{Path, mirror};

    pub struct Users;

    impl Users {
        const ONE: u64 = 1;

        #[mirror(targets = ["https://staging.example.com"], original = Self::double_unmirrored)]
        pub async fn double(Path(id): Path<u64>) -> String {
            (2 * id).to_string()
        }

        #[mirror(targets = ["https://staging.example.com"], original = next_unmirrored)]
        pub async fn next(Path(id): Path<u64>) -> String {
            (id + Self::ONE).to_string()
        }
    }
}

use users::Users;

fn main() {
    let runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = { runtime }.build().unwrap();
    runtime.block_on(async {
        assert_eq!(*find_unmirrored(State(2), Path(3)).await, 6);
        assert_eq!(generic_unmirrored::<u8>(Path(3)).await, "3");
        assert_eq!(Users::double_unmirrored(Path(3)).await, "6");
        assert_eq!(Users::next_unmirrored(Path(3)).await, "4");
    });
    let _: Router = Router::new()
        .route("/find/{id}", get(find))
        .route("/generic/{id}", get(generic::<u8, _, _>))
        .route("/double/{id}", get(Users::double))
        .route("/next/{id}", get(Users::next))
        .with_state(2);
}
