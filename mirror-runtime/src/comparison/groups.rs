//! Where differences are, with the indices of arrays left out.

/// The places of all differences of one comparison, bounded in number.
#[derive(Clone, Debug, Default)]
pub(crate) struct Groups {}
