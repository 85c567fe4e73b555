//! What copies are made of.

use tokio::runtime::Handle;

use super::Make;
use crate::{
    body::{CopyBody, ReadBody},
    outcome::SkipReason,
    request::{CommonRequest, HeaderRules, Original},
};

/// The source of copies. In a box: it goes from hand to hand, and stays with the handler for as
/// long as that begins.
#[derive(Debug)]
pub(super) struct Ready {
    /// Taken when they leave.
    pub(super) runtime: Option<Handle>,
    pub(super) original: Original,
    pub(super) body: ReadBody,
}

impl Make for Box<Ready> {
    fn body(&mut self) -> CopyBody {
        std::mem::take(&mut self.body).into_copy_body()
    }

    fn copy(mut self, body: CopyBody, rules: &HeaderRules) -> Result<CommonRequest, SkipReason> {
        Ok(self.original.copy(rules)?.with_body(body, rules))
    }
}

/// A copy that was made before its body was there.
pub(super) struct MadeBefore {
    pub(super) copy: CommonRequest,
    pub(super) body: ReadBody,
}

impl Make for MadeBefore {
    fn body(&mut self) -> CopyBody {
        std::mem::take(&mut self.body).into_copy_body()
    }

    fn copy(self, body: CopyBody, rules: &HeaderRules) -> Result<CommonRequest, SkipReason> {
        Ok(self.copy.with_body(body, rules))
    }
}
