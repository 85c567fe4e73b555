//! Fixtures: the mismatches that a mirror has written down, as files.

use std::{fmt, path::Path};

use json_event_parser::{JsonEvent, SliceJsonParser};

/// What a fixture says that it is.
pub const FIXTURE_FORMAT: &str = "mirror-fixture";

/// The version of the format that is written and read.
pub const FIXTURE_VERSION: u32 = 1;

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
                write!(f, "its version is {found}, and {FIXTURE_VERSION} is read")
            }
        }
    }
}

impl std::error::Error for FixtureError {}

/// Whether a file of a directory is a fixture, by its name: others, and what a crash has left, are not.
#[must_use]
pub fn is_fixture_name(name: &str) -> bool {
    let extension = Path::new(name).extension();
    extension.is_some_and(|extension| extension == "json") && !name.starts_with('.')
}

/// Checks that a file is a fixture of the version that is read: JSON to its end, with the right `format` and `version`.
///
/// # Errors
///
/// [`FixtureError`].
pub fn check_fixture(file: &[u8]) -> Result<(), FixtureError> {
    let mut parser = SliceJsonParser::new(file);
    let (mut depth, mut key) = (0_usize, String::new());
    let (mut is_format, mut version) = (false, None);
    loop {
        match parser.parse_next().map_err(|_| FixtureError::NotJson)? {
            JsonEvent::Eof => break,
            JsonEvent::StartObject | JsonEvent::StartArray => depth += 1,
            JsonEvent::EndObject | JsonEvent::EndArray => depth -= 1,
            JsonEvent::ObjectKey(name) if depth == 1 => key = name.into_owned(),
            JsonEvent::String(text) if depth == 1 && key == "format" => {
                is_format = text == FIXTURE_FORMAT;
            }
            JsonEvent::Number(text) if depth == 1 && key == "version" => {
                version = Some(text.into_owned());
            }
            _ => {}
        }
    }
    match version {
        Some(version) if is_format && version == FIXTURE_VERSION.to_string() => Ok(()),
        Some(version) if is_format => Err(FixtureError::Version(version)),
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
