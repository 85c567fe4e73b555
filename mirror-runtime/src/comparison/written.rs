//! Rules as they were given.

/// The patterns of the rules, so that they can be written down and given again.
#[derive(Clone, Debug, Default)]
pub(crate) struct Written {
    pub(crate) ignore: Vec<String>,
    pub(crate) unordered: Vec<String>,
    pub(crate) tolerance: Vec<(String, f64)>,
    pub(crate) redact: Vec<String>,
}
