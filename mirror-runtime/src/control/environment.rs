//! The layer `env`: the environment variable `MIRROR_DISABLED`.

use std::{env, ffi::OsStr};

/// The variable. It is read once, before the first mirror is there.
pub(super) const VARIABLE: &str = "MIRROR_DISABLED";

/// How much of a value that is not known the log is told.
const MAX_TOLD: usize = 40;

/// Words by which somebody means all mirrors or none, and not a mirror of that name.
const WORDS: [&str; 13] = [
    "yes", "no", "on", "off", "y", "n", "t", "f", "all", "none", "any", "enabled", "disabled",
];

/// What the variable says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Setting {
    On,
    Off,
    /// Off, by a value that has no meaning. Who writes one does not want to be copied to a server,
    /// more likely than not, and the worst that can come of it is that nothing is.
    Unknown(String),
    /// The mirrors with such a name are off.
    Patterns(Vec<String>),
}

impl Setting {
    pub(super) fn read() -> Self {
        Self::of(env::var_os(VARIABLE).as_deref())
    }

    fn of(value: Option<&OsStr>) -> Self {
        let value = value.unwrap_or_default().to_string_lossy();
        let value = value.trim();
        let is = |word: &str| value.eq_ignore_ascii_case(word);
        match value {
            "" | "0" => Self::On,
            "1" => Self::Off,
            _ if is("false") => Self::On,
            _ if is("true") => Self::Off,
            _ if WORDS.into_iter().any(is) || !value.contains(is_of_a_name) => {
                Self::Unknown(value.chars().take(MAX_TOLD).collect())
            }
            _ => {
                let patterns = value.split(',').map(str::trim);
                let patterns = patterns.filter(|pattern| !pattern.is_empty());
                Self::Patterns(patterns.map(ToOwned::to_owned).collect())
            }
        }
    }

    /// Whether all mirrors are off.
    pub(super) const fn is_off(&self) -> bool {
        matches!(self, Self::Off | Self::Unknown(_))
    }

    /// Whether the mirror of this name is off.
    pub(super) fn switches_off(&self, mirror: &str) -> bool {
        match self {
            Self::On => false,
            Self::Off | Self::Unknown(_) => true,
            Self::Patterns(patterns) => patterns.iter().any(|pattern| matches(pattern, mirror)),
        }
    }
}

/// Whether a name has this in it: what is all digits and signs is a mistaken `1`.
fn is_of_a_name(c: char) -> bool {
    c.is_alphabetic() || c == '*'
}

/// Whether a name has the form of a pattern: `*` stands for any text, also for none, and `?` for
/// one character.
pub(super) fn matches(pattern: &str, name: &str) -> bool {
    let (pattern, name): (Vec<_>, Vec<_>) = (pattern.chars().collect(), name.chars().collect());
    let (mut at, mut of) = (0, 0);
    // Behind the last `*`, and what it has taken so far.
    let mut star = None;
    while of < name.len() {
        match pattern.get(at) {
            Some('*') => {
                star = Some((at + 1, of));
                at += 1;
            }
            Some(c) if *c == '?' || *c == name[of] => (at, of) = (at + 1, of + 1),
            _ => {
                let Some((behind, taken)) = star else {
                    return false;
                };
                star = Some((behind, taken + 1));
                (at, of) = (behind, taken + 1);
            }
        }
    }
    pattern[at..].iter().all(|c| *c == '*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_value_has_one_meaning() {
        let unknown = |value: &str| Setting::Unknown(value.to_owned());
        let patterns = |all: &[&str]| {
            Setting::Patterns(all.iter().map(|pattern| (*pattern).to_owned()).collect())
        };
        for (value, setting) in [
            ("", Setting::On),
            (" ", Setting::On),
            ("0", Setting::On),
            ("false", Setting::On),
            ("FALSE", Setting::On),
            ("1", Setting::Off),
            (" 1\n", Setting::Off),
            ("true", Setting::Off),
            ("True", Setting::Off),
            ("yes", unknown("yes")),
            ("2", unknown("2")),
            ("1,", unknown("1,")),
            ("off", unknown("off")),
            ("OFF", unknown("OFF")),
            ("orders.*", patterns(&["orders.*"])),
            ("*", patterns(&["*"])),
            (
                " orders , users.?ist,, ",
                patterns(&["orders", "users.?ist"]),
            ),
        ] {
            assert_eq!(Setting::of(Some(value.as_ref())), setting, "{value:?}");
        }
        assert_eq!(Setting::of(None), Setting::On);
        let long = "7".repeat(1000);
        assert_eq!(Setting::of(Some(long.as_ref())), unknown(&long[..MAX_TOLD]));
    }

    #[test]
    fn a_pattern_is_one_of_the_whole_name() {
        for (pattern, name, is_match) in [
            ("orders", "orders", true),
            ("orders", "orders.list", false),
            ("orders", "my orders", false),
            ("orders.*", "orders.list", true),
            ("orders.*", "orders.", true),
            ("orders.*", "orders", false),
            ("orders.*", "ordersxlist", false),
            ("*::list", "shop::orders::list", true),
            ("*::list", "shop::orders::list_all", false),
            ("*orders*", "shop::orders::list", true),
            ("*a*b", "xaxbxab", true),
            ("*a*b", "xaxbxa", false),
            ("*", "", true),
            ("*", "x", true),
            ("", "", true),
            ("", "x", false),
            ("?", "ü", true),
            ("?", "", false),
            ("Orders", "orders", false),
        ] {
            assert_eq!(matches(pattern, name), is_match, "{pattern} {name}");
        }
    }

    #[test]
    fn a_long_pattern_is_matched_in_no_time() {
        let pattern = "*a".repeat(100);
        assert!(!matches(&pattern, &"b".repeat(10_000)));
        assert!(!matches(&(pattern + "b"), &"a".repeat(10_000)));
    }
}
