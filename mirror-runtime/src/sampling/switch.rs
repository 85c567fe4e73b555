//! Switching all mirrors of the process off: by the environment variable `MIRROR_DISABLED`, or, in
//! tests, by `testing::isolate`.
//!
//! A request costs one load of one flag. Whoever else is to decide about mirrors writes into it too:
//! that is the place for what names single mirrors, and for what is said while the program runs.

use std::{
    env,
    ffi::OsStr,
    sync::{
        OnceLock,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
};

use crate::workers::contained;

/// The variable. It is read once, before the first mirror is there.
const VARIABLE: &str = "MIRROR_DISABLED";

/// How much of a value that is not known the log is told.
const MAX_TOLD: usize = 40;

/// Whether all mirrors are off. It guards nothing, so `Relaxed` will do.
static IS_OFF: AtomicBool = AtomicBool::new(false);

/// What the variable says.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Setting {
    On,
    Off,
    /// Off, by a value that has no meaning. Who writes one does not want to be copied to a server,
    /// more likely than not, and the worst that can come of it is that nothing is.
    Unknown(String),
}

impl Setting {
    fn of(value: Option<&OsStr>) -> Self {
        let value = value.unwrap_or_default().to_string_lossy();
        match value.trim() {
            "" | "0" => Self::On,
            "1" => Self::Off,
            word if word.eq_ignore_ascii_case("false") => Self::On,
            word if word.eq_ignore_ascii_case("true") => Self::Off,
            other => Self::Unknown(other.chars().take(MAX_TOLD).collect()),
        }
    }
}

/// Whether no mirror of the process sends anything.
#[inline]
pub(crate) fn is_off() -> bool {
    IS_OFF.load(Relaxed)
}

/// Reads the variable, if no mirror has had it read yet.
pub(crate) fn read_environment() {
    static SETTING: OnceLock<Setting> = OnceLock::new();
    static IS_TOLD: AtomicBool = AtomicBool::new(false);
    let setting = SETTING.get_or_init(|| {
        let setting = Setting::of(env::var_os(VARIABLE).as_deref());
        if setting != Setting::On {
            IS_OFF.store(true, Relaxed);
        }
        setting
    });
    // Not while others wait for the setting: a log may do anything.
    if *setting == Setting::On || IS_TOLD.swap(true, Relaxed) {
        return;
    }
    contained(|| {
        if let Setting::Unknown(value) = setting {
            tracing::warn!(
                source = VARIABLE,
                value,
                "all mirrors are switched off by a value that is not known: write `MIRROR_DISABLED=1` to switch them off, or `MIRROR_DISABLED=0` to send copies"
            );
        } else {
            tracing::warn!(
                source = VARIABLE,
                "all mirrors are switched off, and no copies are sent: unset the variable, or write `MIRROR_DISABLED=0`, to send them"
            );
        }
    });
}

/// Switches all mirrors off until the process ends.
#[cfg(feature = "testing")]
pub(crate) fn switch_off(source: &str) {
    if !IS_OFF.swap(true, Relaxed) {
        contained(|| {
            tracing::warn!(
                source,
                "all mirrors of this process are switched off, and no copies are sent"
            );
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_value_has_one_meaning() {
        let unknown = |value: &str| Setting::Unknown(value.to_owned());
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
            ("off", unknown("off")),
            ("orders.*", unknown("orders.*")),
        ] {
            assert_eq!(Setting::of(Some(value.as_ref())), setting, "{value:?}");
        }
        assert_eq!(Setting::of(None), Setting::On);
        let long = "x".repeat(1000);
        assert_eq!(Setting::of(Some(long.as_ref())), unknown(&long[..MAX_TOLD]));
    }
}
