//! Edit script between two sequences.

use similar::{
    DiffOp,
    algorithms::{Capture, Compact, Replace, myers},
};

/// The edits that turn one sequence into the other.
///
/// Elements are numbers that stand for what is compared, and the function of one algorithm is
/// called: an algorithm is large, and is compiled for each kind of element; to pass an `Algorithm`
/// compiles all of them.
pub(crate) fn edits(one: &[u64], other: &[u64]) -> Vec<DiffOp> {
    let mut found = Compact::new(Replace::new(Capture::new()), one, other);
    let Ok(()) = myers::diff(&mut found, one, 0..one.len(), other, 0..other.len());
    found.into_inner().into_inner().into_ops()
}
