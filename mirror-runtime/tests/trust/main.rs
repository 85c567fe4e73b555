//! Whether a verdict can be trusted: responses with planted differences, noise and faults, and what
//! the report must say of each.
//!
//! A case is a router, a shadow and, if asked for, a baseline, which respond to a hundred requests
//! or more through `testing::Capture`. Each module holds what must be said of one kind of case.
//! Tests run tables of cases and tell all that are wrong.

#![cfg(feature = "testing")]

mod case;
mod encoded;
mod equal;
mod headers;
mod mixed;
mod noise;
mod pending;
mod planted;
mod random;
mod routes;
mod seen;
mod unseen;
