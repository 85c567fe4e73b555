//! Archives of browsers: HAR 1.2 and 1.3.

mod read;
mod write;

pub use self::{read::read_har, write::write_har};

/// The host of a URL for a request without one. Browsers never ask for it.
const NO_HOST: &str = "unknown.invalid";
