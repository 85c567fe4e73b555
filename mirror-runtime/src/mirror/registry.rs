//! All mirrors of the program.

use std::sync::{Arc, Mutex, PoisonError, Weak};

use super::Mirror;
use crate::engine::Engine;
#[cfg(feature = "metrics")]
use crate::metrics;

/// Mirrors in the order in which they were made. Weak, so that a mirror of which nothing is left is
/// forgotten.
static MIRRORS: Mutex<Vec<Weak<Engine>>> = Mutex::new(Vec::new());

pub(super) fn register(mirror: &Mirror) {
    let mut mirrors = MIRRORS.lock().unwrap_or_else(PoisonError::into_inner);
    mirrors.retain(|mirror| mirror.strong_count() > 0);
    mirrors.push(Arc::downgrade(mirror.engine()));
    #[cfg(feature = "metrics")]
    {
        drop(mirrors);
        metrics::add(mirror.engine());
    }
}

/// All mirrors of the program, including those of attributes, in the order in which they were made.
///
/// The mirror of an attribute is made by the first request to its handler, and is missing before.
///
/// ```
/// for mirror in mirror_runtime::mirrors() {
///     print!("{}", mirror.stats());
/// }
/// ```
#[must_use]
pub fn mirrors() -> Vec<Mirror> {
    let mirrors = MIRRORS.lock().unwrap_or_else(PoisonError::into_inner);
    mirrors
        .iter()
        .filter_map(Weak::upgrade)
        .map(Mirror::new_from)
        .collect()
}

/// The mirror of this name, if it has been made. The mirror of an attribute is named
/// `module::function` if it has no `name`, and is made by the first request to its handler. If
/// there are several, the first one.
///
/// ```
/// let orders = mirror_runtime::mirror_named("orders");
/// assert!(orders.is_none());
/// ```
#[must_use]
pub fn mirror_named(name: &str) -> Option<Mirror> {
    mirrors().into_iter().find(|mirror| mirror.name() == name)
}
