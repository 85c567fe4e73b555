//! Candidates that cannot be called.

use axum::extract::{Path, Query, State};
use mirror_runtime::mirror;

#[derive(Clone)]
struct AppState;

#[derive(Clone)]
struct Db;

struct NoAnswer;

async fn order_v2(_: Path<u64>) {}

#[mirror(targets = [handler(order_v2)])]
async fn other_arguments(_: Path<u32>) {}

#[mirror(targets = [handler(order_v2)])]
async fn more_arguments() {}

async fn no_answer(_: Path<u64>) -> NoAnswer {
    NoAnswer
}

#[mirror(targets = [handler(no_answer)])]
async fn same_arguments(_: Path<u64>) {}

async fn needs_a_database(_: State<Db>) {}

#[mirror(targets = [handler(needs_a_database)], state = AppState)]
async fn state_of_another_type(_: Query<u64>) {}

#[mirror(targets = [handler(order_v2)], state = AppState)]
async fn primary_of_another_state(_: State<Db>, _: Path<u64>) {}

fn blocking(_: Path<u64>) {}

#[mirror(targets = [handler(blocking)])]
async fn not_async(_: Path<u64>) {}

#[mirror(targets = [handler(missing)])]
async fn not_there(_: Path<u64>) {}

fn main() {}
