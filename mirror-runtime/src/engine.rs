//! What the clones of a mirror share.

mod callbacks;
pub(crate) mod capturing;
mod comparing;
mod options;
mod target;

pub use self::options::BodyMode;
pub(crate) use self::{
    callbacks::Callbacks,
    comparing::{Comparing, OnMismatch},
    options::{Options, Shared},
    target::MirrorTarget,
};
