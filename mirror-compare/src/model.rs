//! Responses, and the ways in which they differ.

#[cfg(feature = "compare")]
mod comparison;
#[cfg(feature = "compare")]
mod difference;
#[cfg(feature = "compare")]
mod display;
#[cfg(feature = "compare")]
mod edits;
#[cfg(feature = "compare")]
mod group;
#[cfg(feature = "compare")]
mod hint;
mod kind;
mod mode;
mod not_compared;
#[cfg(feature = "compare")]
mod place;
mod response;
#[cfg(feature = "compare")]
mod shape;
mod truncate;
mod verdict;

pub(crate) use self::truncate::prefix;
#[cfg(feature = "compare")]
pub use self::{comparison::Comparison, difference::Difference, group::Group};
#[cfg(feature = "compare")]
pub(crate) use self::{
    comparison::{MAX_UNCOMPARED, serialize_method},
    display::Printable,
    edits::edits,
    hint::{Hint, Settling},
    place::{Places, Tally},
    shape::{Shape, Shapes},
    truncate::{MAX_BYTES, cut, shared},
};
pub use self::{
    kind::DifferenceKind,
    mode::{CompareMode, Typed},
    not_compared::NotComparedReason,
    response::{BufferedResponse, Ending, is_bodiless},
    verdict::Verdict,
};
