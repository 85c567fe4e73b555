//! Fixtures: the mismatches that a mirror has written down, as files.

use std::{fmt, path::Path};

use hifijson::{
    SliceLexer,
    token::Lex as _,
    value::{Value, parse_bounded},
};

/// The name of the format, which each fixture has in it.
pub const FIXTURE_FORMAT: &str = "mirror-fixture";

/// The version of the format that is written and read.
pub const FIXTURE_VERSION: u32 = 1;

/// The depth to which a fixture may be nested: no more than `serde_json` reads.
const MAX_DEPTH: usize = 127;

/// Why a file is not a fixture.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FixtureError {
    /// It is not JSON, or broke off.
    NotJson,
    /// It is JSON that does not say that it is one.
    Format,
    /// It is of another version, as it is written there.
    Version(String),
}

impl fmt::Display for FixtureError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotJson => f.write_str("it is not JSON"),
            Self::Format => write!(f, "its `format` is not `{FIXTURE_FORMAT}`"),
            Self::Version(found) => {
                write!(
                    f,
                    "unsupported version {found} (expected {FIXTURE_VERSION})"
                )
            }
        }
    }
}

impl std::error::Error for FixtureError {}

/// Whether a file of a directory is a fixture, by its name: others, and what a crash has left, are
/// not.
#[must_use]
pub fn is_fixture_name(name: &str) -> bool {
    let extension = Path::new(name).extension();
    extension.is_some_and(|extension| extension == "json") && !name.starts_with('.')
}

/// Checks that a file is a fixture of the version that is read: JSON to its end, with the right
/// `format` and `version`.
///
/// # Errors
///
/// [`FixtureError`].
pub fn check_fixture(file: &[u8]) -> Result<(), FixtureError> {
    let document = SliceLexer::new(file).exactly_one(SliceLexer::ws_peek, |next, lexer| {
        parse_bounded(MAX_DEPTH, next, lexer)
    });
    let Value::Object(fields) = document.map_err(|_| FixtureError::NotJson)? else {
        return Err(FixtureError::Format);
    };
    let field = |name| {
        let (_, value) = fields.iter().find(|(key, _)| key == name)?;
        Some(value)
    };
    match (field("format"), field("version")) {
        (Some(Value::String(format)), Some(Value::Number((version, _))))
            if format == FIXTURE_FORMAT =>
        {
            if version.parse() == Ok(FIXTURE_VERSION) {
                Ok(())
            } else {
                Err(FixtureError::Version((*version).to_owned()))
            }
        }
        _ => Err(FixtureError::Format),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fixture_says_what_it_is() {
        let check = |file: &str| check_fixture(file.as_bytes());
        assert_eq!(
            check(r#"{"format":"mirror-fixture","version":1,"request":{"version":2}}"#),
            Ok(())
        );
        for (file, error) in [
            ("", FixtureError::NotJson),
            (
                r#"{"format":"mirror-fixture","version":1"#,
                FixtureError::NotJson,
            ),
            (
                r#"{"format":"mirror-fixture","version":1}x"#,
                FixtureError::NotJson,
            ),
            ("{}", FixtureError::Format),
            (r#"{"format":"mirror-fixture"}"#, FixtureError::Format),
            (r#"{"format":"other","version":1}"#, FixtureError::Format),
            (
                r#"[{"format":"mirror-fixture","version":1}]"#,
                FixtureError::Format,
            ),
            (
                r#"{"format":"mirror-fixture","version":2}"#,
                FixtureError::Version("2".to_owned()),
            ),
        ] {
            assert_eq!(check(file), Err(error), "{file}");
        }
    }

    #[test]
    fn what_a_crash_has_left_is_no_fixture() {
        assert!(is_fixture_name("orders.json"));
        for name in [
            ".json",
            ".mirror-fixture-1-2.tmp",
            ".orders.json",
            "orders.json.tmp",
        ] {
            assert!(!is_fixture_name(name), "{name}");
        }
    }
}
