//! What a user of the crate can rely on, shown over real sockets. One file per behaviour.

#![allow(missing_docs, clippy::missing_panics_doc, reason = "tests explain themselves")]

mod basics;
mod support;
