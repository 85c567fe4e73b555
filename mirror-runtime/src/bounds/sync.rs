//! The atomics of whatever is model checked: `loom` compiles the same files with those of loom.

pub(crate) use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
