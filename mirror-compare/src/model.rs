//! What comparing is about and what it finds.

mod comparison;
mod difference;
mod display;
mod edits;
mod group;
mod kind;
mod mode;
mod not_compared;
mod response;
mod truncate;
mod verdict;

pub use self::{
    comparison::{Comparison, Subject, compare_answers, serialize_method},
    difference::Difference,
    group::Group,
    kind::DifferenceKind,
    mode::{CompareMode, Typed},
    not_compared::NotComparedReason,
    response::Answer,
    verdict::Verdict,
};
pub(crate) use self::{
    display::Printable,
    edits::edits,
    group::Groups,
    truncate::{MAX_BYTES, cut, prefix},
};
