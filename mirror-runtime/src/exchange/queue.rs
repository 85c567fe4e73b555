//! Comparing away from the path of requests.

use std::{
    panic,
    sync::{Arc, LazyLock},
};

use super::{meeting::Exchange, recorder::NotedAnswer};
use crate::{
    bounds::Gauge,
    comparison::{Comparison, NotComparedReason},
    engine::capturing::Capturing,
    mirror::Mirror,
    telemetry::Failures,
    workers::{caught, compare_off_path, contained, tell_off_path},
};

/// Comparisons that wait or run. How many may is bounded where they do.
pub(super) static PENDING: Gauge = Gauge::new();

/// Calls of `on_mismatch` that wait or run. How many may wait is bounded where they do.
pub(super) static TELLING: Gauge = Gauge::new();

/// Calls of `on_mismatch` that were left out.
static LEFT_OUT: LazyLock<Failures> = LazyLock::new(Failures::default);

/// The variable that makes tests fail for a mismatch.
const RAISE: &str = "MIRROR_RAISE_ON_MISMATCH";

static RAISES: LazyLock<bool> =
    LazyLock::new(|| std::env::var_os(RAISE).is_some_and(|value| value == "1"));

/// Something that is counted until it has ended, and that a drain waits for.
struct Counted(&'static Gauge);

impl Counted {
    fn of(gauge: &'static Gauge) -> Self {
        gauge.enter(1, usize::MAX);
        Self(gauge)
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.leave(1);
        crate::drain::ended();
    }
}

/// Has an answer compared with the primary's, some time; not at all where too many of its mirror wait.
pub(super) fn compare(exchange: Arc<Exchange>, index: usize, answer: NotedAnswer) {
    let pending = Counted::of(&PENDING);
    let waiting = Arc::clone(&exchange);
    let job = move || {
        let compared = caught("compare", || exchange.compare(index, answer));
        match compared {
            None => exchange.not_compared(index, NotComparedReason::Panicked),
            Some(None) => {}
            Some(Some(comparison)) => {
                Capturing::here().compared(&comparison);
                found(exchange.mirror(), comparison);
            }
        }
        exchange.has_ended();
        // The answers first, so that who waits for the comparison finds their memory given back.
        drop(exchange);
        drop(pending);
    };
    if !compare_off_path(waiting.mirror(), job) {
        waiting.not_compared(index, NotComparedReason::Shed);
        waiting.has_ended();
    }
}

/// Tells whoever wants to know of a difference.
fn found(mirror: &Mirror, comparison: Comparison) {
    if !comparison.differs() {
        return;
    }
    let Some(comparing) = &mirror.shared().comparing else {
        return;
    };
    if *RAISES {
        let text = comparison.to_string();
        panic_with(&text);
        comparing.raised.get_or_init(|| text);
    }
    if comparing.on_mismatch.is_some() {
        tell(mirror, comparison);
    }
}

/// Gives a mismatch to `on_mismatch`, some time; not at all where too many wait.
fn tell(mirror: &Mirror, comparison: Comparison) {
    // While the comparison is counted as pending, so that a drain sees one or the other all the time.
    let told = Counted::of(&TELLING);
    let telling = mirror.clone();
    let is_told = tell_off_path(mirror, move || {
        let comparing = telling.shared().comparing.as_ref();
        if let Some(on_mismatch) = comparing.and_then(|all| all.on_mismatch.as_ref()) {
            caught("on_mismatch", || on_mismatch(&comparison));
        }
        drop(told);
    });
    if !is_told && let Some(calls) = LEFT_OUT.note() {
        let mirror = mirror.name();
        contained(|| {
            tracing::warn!(
                mirror,
                calls,
                "calls of `on_mismatch` are left out: too many wait"
            );
        });
    }
}

/// Has the panic hook say a text. This is no panic of the user's code, and is not logged as one.
fn panic_with(text: &str) {
    let panicked: Result<(), _> = panic::catch_unwind(|| panic!("{text}"));
    drop(panicked);
}

/// Fails a test that looks at a mirror which found a mismatch, where the variable asks for that.
///
/// # Panics
///
/// With the first difference that was found.
pub(crate) fn raise(mirror: &Mirror) {
    let comparing = mirror.shared().comparing.as_ref();
    if let Some(difference) = comparing.and_then(|all| all.raised.get()) {
        panic!("{difference}");
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

    use tracing::{Event, Metadata, Subscriber, callsite::rebuild_interest_cache, span};

    use super::*;

    /// Counts what is logged.
    #[derive(Default)]
    struct Log(Arc<AtomicUsize>);

    impl Subscriber for Log {
        fn enabled(&self, _: &Metadata<'_>) -> bool {
            true
        }

        fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
            span::Id::from_u64(1)
        }

        fn record(&self, _: &span::Id, _: &span::Record<'_>) {}

        fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}

        fn event(&self, _: &Event<'_>) {
            self.0.fetch_add(1, SeqCst);
        }

        fn enter(&self, _: &span::Id) {}

        fn exit(&self, _: &span::Id) {}
    }

    #[test]
    fn a_mismatch_that_is_raised_is_not_logged_as_a_panic_of_the_users_code() {
        let log = Log::default();
        let logged = Arc::clone(&log.0);
        let fail = || caught("compare", || -> () { panic!("it failed") });
        tracing::subscriber::with_default(log, || {
            // An event that a thread without a subscriber is the first to log is off from then on, while there is one
            // subscriber. It is known here, and asked about anew.
            fail();
            rebuild_interest_cache();
            logged.store(0, SeqCst);
            panic_with("they differ");
            assert_eq!(logged.load(SeqCst), 0);
            // As that of a user's function is.
            fail();
            assert_eq!(logged.load(SeqCst), 1);
        });
    }
}
