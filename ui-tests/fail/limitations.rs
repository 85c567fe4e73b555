//! What the manual lists as limitations, where rustc needs no types to see it.

use axum::extract::State;
use mirror_runtime::mirror;

struct Api<T>(T);

impl<T: Clone + Send + Sync + 'static> Api<T> {
    #[mirror(targets = ["https://staging.example.com"])]
    async fn generic_impl(value: State<T>) {}
}

#[mirror(targets = ["https://staging.example.com"], on_error = |_, _| drop(T::default()))]
async fn generic_in_option<T: Default>() {}

fn main() {}
