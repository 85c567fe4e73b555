//! Which build of a shadow evidence is about.

use std::collections::VecDeque;

/// The longest version that is told apart, in bytes.
const MAX_VERSION: usize = 64;

/// How many versions are remembered as older ones.
const MAX_OLDER: usize = 8;

/// How many responses of an older version in a row say that the shadow was rolled back. Fewer come
/// from servers that are still to be replaced.
const ROLLED_BACK: u32 = 20;

/// The versions of a shadow: the one that responds now, and those before.
#[derive(Clone, Debug, Default)]
pub(super) struct Versions {
    current: Option<Box<str>>,
    older: VecDeque<Box<str>>,
    /// Responses of one older version since the last of the current one.
    in_a_row: u32,
    of_older: Option<Box<str>>,
}

/// What a response is to the evidence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Seen {
    /// It is of the version that the evidence is about.
    Current,
    /// It is the first of another version: evidence begins anew.
    New,
    /// It is of a version before.
    Older,
}

impl Versions {
    /// The version of the epoch, from a version that a response has.
    pub(super) fn cut(version: &str) -> &str {
        &version[..version.floor_char_boundary(MAX_VERSION)]
    }

    pub(super) fn current(&self) -> Option<&str> {
        self.current.as_deref()
    }

    /// Evidence of this version was taken over.
    pub(super) fn resume(&mut self, version: Option<&str>) {
        self.current = version.map(Into::into);
    }

    /// Notes the version of a response. One without a version is of the current one: a proxy has
    /// responded for it.
    pub(super) fn note(&mut self, version: Option<&str>) -> Seen {
        let Some(version) = version.map(Self::cut) else {
            return Seen::Current;
        };
        if self.current.as_deref() == Some(version) {
            self.in_a_row = 0;
            return Seen::Current;
        }
        if self.older.iter().any(|older| **older == *version) {
            if self.of_older.as_deref() != Some(version) {
                self.of_older = Some(version.into());
                self.in_a_row = 0;
            }
            self.in_a_row += 1;
            if self.in_a_row < ROLLED_BACK {
                return Seen::Older;
            }
            self.older.retain(|older| **older != *version);
        }
        self.in_a_row = 0;
        if let Some(before) = self.current.replace(version.into()) {
            self.older.push_front(before);
            self.older.truncate(MAX_OLDER);
        }
        Seen::New
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_new_version_begins_an_epoch_once() {
        let mut versions = Versions::default();
        let mut note = |version| versions.note(version);
        assert_eq!(note(None), Seen::Current);
        assert_eq!(note(Some("1")), Seen::New);
        assert_eq!(note(Some("1")), Seen::Current);
        assert_eq!(note(Some("2")), Seen::New);
        // While servers of both versions respond.
        for _ in 0..100 {
            assert_eq!(note(Some("1")), Seen::Older);
            assert_eq!(note(Some("2")), Seen::Current);
        }
        assert_eq!(note(None), Seen::Current);
    }

    #[test]
    fn a_shadow_that_was_rolled_back_begins_an_epoch() {
        let mut versions = Versions::default();
        for version in ["1", "2"] {
            versions.note(Some(version));
        }
        let seen: Vec<_> = (0..ROLLED_BACK).map(|_| versions.note(Some("1"))).collect();
        assert!(seen[1..19].iter().all(|seen| *seen == Seen::Older));
        assert_eq!(seen[19], Seen::New);
        assert_eq!(versions.note(Some("1")), Seen::Current);
        assert_eq!(versions.note(Some("2")), Seen::Older);
    }

    #[test]
    fn versions_are_bounded() {
        let mut versions = Versions::default();
        for i in 0..100 {
            assert_eq!(
                versions.note(Some(&format!("{i}{}", "x".repeat(100)))),
                Seen::New
            );
        }
        assert_eq!(versions.older.len(), MAX_OLDER);
        assert_eq!(versions.current().unwrap().len(), MAX_VERSION);
    }
}
