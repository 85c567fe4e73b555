//! Failing tests for mismatches.

use crate::mirror::made;

/// Fails a test for a mismatch, if the environment variable `MIRROR_RAISE_ON_MISMATCH` is `1`.
/// Without the variable it does nothing.
///
/// With the variable, a mismatch of any mirror is printed as a panic of the thread that compares.
/// Call this at the end of a test, after [`drain`](crate::drain) or
/// [`Capture::comparisons`](super::Capture::comparisons), which wait for comparisons.
///
/// # Panics
///
/// With the first mismatch that a mirror of the process found, of those that are still there.
///
/// ```
/// use mirror_runtime::testing::raise_mismatches;
///
/// // At the end of a test.
/// raise_mismatches();
/// ```
pub fn raise_mismatches() {
    for mirror in made() {
        let comparing = mirror.engine().comparing.as_ref();
        if let Some(mismatch) = comparing.and_then(|comparing| comparing.raised.get()) {
            panic!("{mismatch}");
        }
    }
}
