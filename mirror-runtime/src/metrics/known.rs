//! The mirrors that the program has, made or not, and their switches.

/// Who may have the last word on a mirror.
pub(super) const SOURCES: &[Source] = &[Source::Code];

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Source {
    Code,
}
impl Source {
    pub(super) fn as_str(self) -> &'static str {
        "code"
    }
}

/// The switch of a mirror.
pub(super) struct Switch {
    pub(super) is_enabled: bool,
    pub(super) source: Source,
}

impl Switch {
    pub(super) fn percentage(&self, _target: &str) -> Option<f64> {
        None
    }
}

pub(super) fn all() -> Vec<(String, Vec<String>)> {
    Vec::new()
}

pub(super) fn switch(_mirror: &str) -> Option<Switch> {
    Some(Switch {
        is_enabled: true,
        source: Source::Code,
    })
}
