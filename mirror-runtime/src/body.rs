//! Bodies: read ahead up to a limit, handed to the handler as they arrived, and shared with the copies.

mod chunks;
mod copy_body;
mod read_ahead;
mod replay;

pub(crate) use chunks::Chunks;
pub use copy_body::CopyBody;
pub(crate) use read_ahead::{Copied, read_ahead};
