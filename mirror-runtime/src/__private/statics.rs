//! What `via(..)`, `sink(..)` and `transport = ..` name: statics that deref to what they are.

use std::{fmt, ops::Deref, sync::Arc, time::Duration};

use http::Request;

use crate::{
    body::CopyBody,
    error::ConfigError,
    recorded::RecordedExchange,
    target::Target,
    transport::{Keeping, Sending, Sink, Transport, Unsendable},
    workers::{Code, caught},
};

/// A static that derefs to a transport or a sink, such as a `LazyLock`. It is looked into when a
/// copy is sent.
pub(super) struct Static<L: 'static>(pub(super) &'static L);

impl<L> fmt::Debug for Static<L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Static").finish_non_exhaustive()
    }
}

impl<L> Transport for Static<L>
where
    L: Deref<Target: Transport> + Sync,
{
    fn check(&self, target: &Target) -> Result<(), ConfigError> {
        // It is made here at the latest, by code of the user's, within a request.
        caught(Code::new("transport").with_target(target.name()), || {
            self.0.check(target)
        })
        .unwrap_or(Ok(()))
    }

    fn send(
        &self,
        copy: Request<CopyBody>,
        connect_timeout: Duration,
    ) -> Result<Sending, Unsendable> {
        self.0.send(copy, connect_timeout)
    }
}

/// `via(STATIC)`
#[must_use]
pub fn via<L>(name: &'static str, transport: &'static L) -> Target
where
    L: Deref<Target: Transport> + Sync,
{
    Target::via(name, Static(transport))
}

impl<L> Sink for Static<L>
where
    L: Deref<Target: Sink> + Sync,
{
    fn check(&self, target: &Target) -> Result<(), ConfigError> {
        // As above.
        caught(Code::new("sink").with_target(target.name()), || {
            self.0.check(target)
        })
        .unwrap_or(Ok(()))
    }

    fn keep(&self, exchange: Arc<RecordedExchange>, target: &Target) -> Keeping {
        self.0.keep(exchange, target)
    }
}

/// `sink(STATIC)`
#[must_use]
pub fn sink<L>(name: &'static str, sink: &'static L) -> Target
where
    L: Deref<Target: Sink> + Sync,
{
    Target::sink(name, Static(sink))
}

/// `file("DIRECTORY")`
#[cfg(feature = "log")]
#[must_use]
pub fn file(directory: &'static str) -> Target {
    Target::file(directory)
}
