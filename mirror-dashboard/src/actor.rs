//! Who changes something.

use std::fmt;

/// How much of the name of an actor is kept: more than a line.
const MAX_ACTOR: usize = 128;

/// Who changes something, as the guard says: for the log, and for those who see the switch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Actor(String);

impl Actor {
    /// An actor of this name. Characters that would break a line of the log are left out, and so is
    /// what is beyond 128 of them.
    #[must_use]
    pub fn new(name: &str) -> Self {
        let shown = name.chars().filter(|character| !character.is_control());
        Self(shown.take(MAX_ACTOR).collect())
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}
