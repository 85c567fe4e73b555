//! What writes mismatches down stands above the engine: here is what it is given.

use std::fmt;

use http::{HeaderName, HeaderValue, Method};

use crate::{
    comparison::{Answer, CompareMode, Comparison, DifferenceKind, Rules},
    request::{KeptRequest, Missing},
};

/// Writes mismatches down. On a thread that compares.
pub(crate) trait Record: fmt::Debug + Send + Sync {
    /// Writes one down.
    fn record(&self, mismatch: &Mismatch<'_>);

    /// Tells the log of one that cannot be written down.
    fn missing(&self, mirror: &str, missing: Missing);
}

/// A request whose answers differ, and what is known of it.
pub(crate) struct Mismatch<'a> {
    pub(crate) comparison: &'a Comparison,
    pub(crate) method: &'a Method,
    pub(crate) request: &'a KeptRequest,
    /// The headers that copies are given.
    pub(crate) set: &'a [(HeaderName, HeaderValue)],
    pub(crate) primary: &'a Answer,
    pub(crate) shadow: &'a Answer,
    pub(crate) mode: CompareMode,
    pub(crate) rules: &'a Rules,
    /// Where answers of the old version differ from one another.
    pub(crate) noise: &'a [(String, DifferenceKind)],
}
