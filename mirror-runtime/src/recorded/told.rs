//! What a mirror says of an exchange.

use http::HeaderMap;
use mirror_compare::Rules;

use crate::{
    key::Key,
    sampling::{Share, StickyBy},
    target::Target,
};

/// What a mirror says of an exchange for the sake of its record.
#[cfg_attr(
    not(feature = "log"),
    expect(dead_code, reason = "there are no records without that feature")
)]
pub(crate) struct Told<'a> {
    pub(crate) sticky: Option<&'a StickyBy>,
    pub(crate) key: &'a Key,
    pub(crate) headers: &'a HeaderMap,
    pub(crate) path: &'a str,
    pub(crate) rules: &'a Rules,
    /// The targets that keep it, and the share of each.
    pub(crate) shares: &'a mut dyn Iterator<Item = (&'a Target, Share)>,
}
