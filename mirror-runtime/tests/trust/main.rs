//! Whether a verdict can be trusted: responses with planted differences, noise and faults, and what
//! the report must say of each.
//!
//! A case is a router, a shadow and, if asked for, a baseline, which respond to a hundred requests
//! or more through `testing::Capture`. Each module holds what must be said of one kind of case.
//! Tests run tables of cases and tell all that are wrong.

#![cfg(feature = "testing")]
#![expect(clippy::format_collect, reason = "bodies of tests are short")]

mod case;
mod encoded;
mod equal;
mod headers;
mod mixed;
mod network;
mod noise;
mod planted;
mod random;
mod routes;
mod seen;
mod shed;
mod unseen;
