//! All mirrors of the program.

use std::{
    fmt, ptr,
    sync::{Arc, Mutex, PoisonError, Weak},
};

use serde::Serialize;

use super::Mirror;
#[cfg(feature = "metrics")]
use crate::metrics;
use crate::{
    control::{self, Configured, Control, MirrorEntry, Switched, control, entries},
    engine::Engine,
};

/// Mirrors in the order in which they were made. Weak, so that a mirror of which nothing is left is
/// forgotten.
static MIRRORS: Mutex<Vec<Weak<Engine>>> = Mutex::new(Vec::new());

pub(super) fn register(mirror: &Mirror, configured: Configured) {
    let engine = mirror.engine();
    let weak = Arc::downgrade(engine);
    let switched: Weak<dyn Switched> = weak.clone();
    control::register(
        mirror.name(),
        engine.place,
        engine.entry,
        configured,
        switched,
    );
    let mut mirrors = MIRRORS.lock().unwrap_or_else(PoisonError::into_inner);
    mirrors.retain(|mirror| mirror.strong_count() > 0);
    mirrors.push(weak);
    #[cfg(feature = "metrics")]
    {
        drop(mirrors);
        metrics::add(engine);
    }
}

/// The mirrors that were made, in the order in which that was done.
pub(crate) fn made() -> Vec<Mirror> {
    let mirrors = MIRRORS.lock().unwrap_or_else(PoisonError::into_inner);
    mirrors
        .iter()
        .filter_map(Weak::upgrade)
        .map(Mirror::new_from)
        .collect()
}

/// A mirror of the program, as it is written there.
#[derive(Clone, Serialize)]
#[non_exhaustive]
pub struct MirrorInfo {
    /// Its name.
    pub name: String,
    /// The path of the module of its handler. `None` for one that was built.
    pub module: Option<String>,
    /// The file in which its attribute stands, or in which it was built, as the compiler was given
    /// it.
    pub file: Option<String>,
    /// The line in that file, from 1.
    pub line: Option<u32>,
    /// The names of its targets, without the baseline: those in counters and logs.
    pub targets: Vec<String>,
    /// The other options of its attribute, each with its value as it is written, and what may be
    /// secret left out. Of a mirror that was built there are none.
    pub options: Vec<(String, String)>,
    #[serde(skip)]
    mirror: Option<Mirror>,
}

impl MirrorInfo {
    /// The mirror. `None` if it is that of an attribute whose handler has had no request yet.
    #[must_use]
    pub fn mirror(&self) -> Option<Mirror> {
        self.mirror.clone()
    }

    /// Control of the mirror.
    pub fn control(&self) -> Control {
        control(&self.name)
    }

    fn of_entry(entry: &'static MirrorEntry, mirror: Option<Mirror>) -> Self {
        let place = entry.place();
        let options = entry.as_written().iter();
        Self {
            name: entry.mirror().to_owned(),
            module: Some(entry.module().to_owned()),
            file: Some(place.file.to_owned()),
            line: Some(place.line),
            targets: entry.target_names(),
            options: options
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect(),
            mirror,
        }
    }

    fn of_built(mirror: Mirror) -> Self {
        let engine = mirror.engine();
        let targets = engine.targets.iter().enumerate();
        let targets = targets.filter(|(index, _)| !engine.is_baseline(*index));
        Self {
            name: mirror.name().to_owned(),
            module: None,
            file: Some(engine.place.file.to_owned()),
            line: Some(engine.place.line),
            targets: targets
                .map(|(_, target)| target.target().name().to_owned())
                .collect(),
            options: Vec::new(),
            mirror: Some(mirror),
        }
    }
}

impl fmt::Debug for MirrorInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MirrorInfo")
            .field("name", &self.name)
            .field("module", &self.module)
            .field("file", &self.file)
            .field("line", &self.line)
            .field("targets", &self.targets)
            .field("options", &self.options)
            .field("has_traffic", &self.mirror.is_some())
            .finish()
    }
}

/// All mirrors of the program, by name: those that were built and are still there, and those of
/// attributes, also before the first request to their handlers.
///
/// ```
/// for mirror in mirror_runtime::mirrors() {
///     match mirror.mirror() {
///         Some(mirror) => print!("{}", mirror.stats()),
///         None => println!("{}: no traffic yet", mirror.name),
///     }
/// }
/// ```
#[must_use]
pub fn mirrors() -> Vec<MirrorInfo> {
    let mut made = made();
    let of_attributes = entries().map(|entry| {
        let is_its = |mirror: &Mirror| mirror.engine().entry.is_some_and(|of| ptr::eq(of, entry));
        let found = made.iter().position(is_its);
        MirrorInfo::of_entry(entry, found.map(|index| made.remove(index)))
    });
    let mut all: Vec<_> = of_attributes.collect();
    all.extend(made.into_iter().map(MirrorInfo::of_built));
    all.sort_by(|a, b| (&a.name, &a.file, a.line).cmp(&(&b.name, &b.file, b.line)));
    all
}

/// The mirror of this name, if it has been made. The mirror of an attribute is named
/// `module::function` if it has no `name`, or `module::Type::function` within an `impl`, and is
/// made by the first request to its handler. If there are several, the first one that was made.
///
/// ```
/// let orders = mirror_runtime::mirror_named("orders");
/// assert!(orders.is_none());
/// ```
#[must_use]
pub fn mirror_named(name: &str) -> Option<Mirror> {
    made().into_iter().find(|mirror| mirror.name() == name)
}

impl Control {
    /// Begins the report of the mirror anew: see
    /// [`Mirror::restart_report`](crate::Mirror::restart_report). A mirror that has not been made
    /// yet, and one that compares nothing, has none. The log is told.
    pub fn restart_report(&self) {
        let found = made()
            .into_iter()
            .filter(|mirror| mirror.name() == self.mirror());
        for mirror in found {
            #[cfg(feature = "compare")]
            mirror.restart_report();
            crate::workers::contained(|| {
                tracing::info!(
                    mirror = mirror.name(),
                    actor = self.actor(),
                    reason = self.reason(),
                    "report begun anew"
                );
            });
        }
    }
}
