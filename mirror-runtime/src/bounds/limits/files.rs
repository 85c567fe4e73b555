//! How many files the system lets this process open.

/// The soft limit; `None` if there is none.
#[cfg(unix)]
pub(super) fn may_be_open() -> Option<u64> {
    rustix::process::getrlimit(rustix::process::Resource::Nofile).current
}

/// Sockets are no files of a process there.
#[cfg(not(unix))]
pub(super) fn may_be_open() -> Option<u64> {
    None
}
