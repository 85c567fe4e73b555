//! The build of the primary.

use std::sync::OnceLock;

/// The variable that names it, read for the first record unless the program has said it.
const VARIABLE: &str = "MIRROR_BUILD";

static BUILD: OnceLock<Option<String>> = OnceLock::new();

/// Says which build of the primary this program is: what records of its requests are marked with.
///
/// Without it, that is the environment variable `MIRROR_BUILD`, and nothing if that is unset or
/// empty. It is said once, before the first request is recorded; `false` if it is known already.
///
/// ```
/// assert!(mirror_runtime::set_build(env!("CARGO_PKG_VERSION")));
/// assert!(!mirror_runtime::set_build("another"));
/// ```
pub fn set_build(build: impl Into<String>) -> bool {
    BUILD.set(Some(build.into())).is_ok()
}

pub(super) fn build() -> Option<&'static str> {
    let from_environment = || {
        let build = std::env::var_os(VARIABLE)?.to_string_lossy().into_owned();
        Some(build).filter(|build| !build.is_empty())
    };
    BUILD.get_or_init(from_environment).as_deref()
}
