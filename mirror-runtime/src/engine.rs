//! What the clones of a mirror share.

mod callbacks;
pub(crate) mod capturing;
#[cfg(feature = "compare")]
mod comparing;
#[cfg(not(feature = "compare"))]
mod not_comparing;
mod options;
mod target;

#[cfg(feature = "compare")]
pub(crate) use self::comparing::{Comparing, OnMismatch};
#[cfg(not(feature = "compare"))]
pub(crate) use self::not_comparing::Comparing;
pub use self::options::BodyMode;
pub(crate) use self::{
    callbacks::Callbacks,
    options::{Options, Shared},
    target::MirrorTarget,
};
