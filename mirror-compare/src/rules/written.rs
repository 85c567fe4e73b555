//! Rules as they were given.

/// The patterns of the rules, so that they can be written down and given again.
#[derive(Clone, Debug, Default)]
pub struct Written {
    /// To values that may differ.
    pub ignore: Vec<String>,
    /// To arrays in any order.
    pub unordered: Vec<String>,
    /// To numbers that may differ, and by how much.
    pub tolerance: Vec<(String, f64)>,
    /// To values that are not shown.
    pub redact: Vec<String>,
}
