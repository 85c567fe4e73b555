//! Sinks, which keep requests with their responses.

use std::{fmt, future::Future, pin::Pin, sync::Arc};

use crate::{
    error::ConfigError,
    outcome::SinkError,
    recorded::RecordedExchange,
    target::{Target, Way},
};

/// A record on its way: resolves when it is kept, or is not.
pub type Keeping = Pin<Box<dyn Future<Output = Result<(), SinkError>> + Send>>;

/// A keeper of requests with the primary's responses: a log, a queue, a table. See
/// [`Target::sink`].
///
/// A sampled request is handed over when the primary's response has ended: both at rest, and
/// without their secrets. It is a target like any other, with the same share, bounds and counters:
///
/// - It is *sent* when it is handed over; the `timeout` of the target begins then. It is *answered*
///   if the future is `Ok`, and else it has *failed*, by [kind](crate::FailureKind). A response
///   whose body is still being read is in no counter.
/// - What comes instead is counted as for a copy: a body of the request over `max_body` is
///   *skipped*, what finds no room in the byte budget is *shed*, and so is a request beyond
///   `max_in_flight`, which includes those whose response has not ended yet.
/// - It needs no `compare`, and what it does is compared with nothing. `on_success` gets a
///   `204`.
///
/// The client and the handler wait for none of this, not even with `sync`. If a `testing::Capture`
/// takes the copies of a test, sinks are given nothing.
///
/// ```
/// use std::sync::{Arc, mpsc};
///
/// use mirror_runtime::{Keeping, Mirror, RecordedExchange, Sink, SinkError, Target};
///
/// /// Hands records to a thread that writes them.
/// #[derive(Debug)]
/// struct Log(mpsc::SyncSender<Arc<RecordedExchange>>);
///
/// impl Sink for Log {
///     fn keep(&self, exchange: Arc<RecordedExchange>, _: &Target) -> Keeping {
///         let log = self.0.clone();
///         Box::pin(async move {
///             log.try_send(exchange).map_err(|error| match error {
///                 mpsc::TrySendError::Full(_) => SinkError::QueueFull,
///                 mpsc::TrySendError::Disconnected(_) => SinkError::Closed,
///             })
///         })
///     }
/// }
///
/// let (log, records) = mpsc::sync_channel::<Arc<RecordedExchange>>(1024);
/// std::thread::spawn(move || {
///     for exchange in records {
///         let (request, response) = (exchange.request(), exchange.response());
///         println!("{} {} {response:?}", request.method(), request.target());
///     }
/// });
/// let mirror = Mirror::builder().target(Target::sink("log", Log(log))).build()?;
/// # Ok::<(), mirror_runtime::ConfigError>(())
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a sink",
    label = "needs a `Sink`",
    note = "implement `mirror_runtime::Sink` for it; `sink(..)` of the attribute names a static that derefs to one, such as a `LazyLock`"
)]
pub trait Sink: fmt::Debug + Send + Sync + 'static {
    /// Whether it can keep the records of a target at all: asked once for each, when a mirror is
    /// built. Those of every target, unless a sink says otherwise.
    ///
    /// # Errors
    ///
    /// The error that [`MirrorBuilder::build`](crate::MirrorBuilder::build) returns.
    fn check(&self, target: &Target) -> Result<(), ConfigError> {
        let _ = target;
        Ok(())
    }

    /// Takes an exchange, and returns the future that keeps it for a target. Nothing may happen
    /// before that future is polled.
    ///
    /// It is called on a task of the mirror's, and must not block. Its whole time is bounded by who
    /// polls the future. The sinks of one request share the exchange, and who holds it holds its
    /// place in the byte budget.
    fn keep(&self, exchange: Arc<RecordedExchange>, target: &Target) -> Keeping;
}

/// A target that keeps requests with their responses.
impl Target {
    /// A target that is given each request with the primary's response, once that has ended: see
    /// [`Sink`].
    ///
    /// It has no URL. Its name is `name`, which must be given to no other target of the mirror.
    /// Percentage, timeout, bounds and counters are as for any target.
    ///
    /// ```
    /// use std::sync::Arc;
    ///
    /// use mirror_runtime::{Keeping, Mirror, RecordedExchange, Sink, Target};
    ///
    /// #[derive(Debug)]
    /// struct Printed;
    ///
    /// impl Sink for Printed {
    ///     fn keep(&self, exchange: Arc<RecordedExchange>, _: &Target) -> Keeping {
    ///         Box::pin(async move {
    ///             println!("{} {}", exchange.request().target(), exchange.completion());
    ///             Ok(())
    ///         })
    ///     }
    /// }
    ///
    /// let mirror = Mirror::builder()
    ///     .target("https://staging.example.com")
    ///     .target(Target::sink("printed", Printed).percentage(5.0)?)
    ///     .build()?;
    /// # Ok::<(), mirror_runtime::ConfigError>(())
    /// ```
    #[must_use]
    pub fn sink(name: impl Into<String>, sink: impl Sink) -> Self {
        let sink: Arc<dyn Sink> = Arc::new(sink);
        Self::of_sink(name.into(), Way::new(sink))
    }
}

/// The sink that a target brought along.
pub(crate) fn sink_of(way: &Way) -> Option<Arc<dyn Sink>> {
    way.get::<Arc<dyn Sink>>().cloned()
}
