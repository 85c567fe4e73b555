//! Mismatches that fail tests.

use std::{panic, sync::LazyLock};

/// The variable that makes tests fail for a mismatch.
const RAISE: &str = "MIRROR_RAISE_ON_MISMATCH";

static RAISES: LazyLock<bool> =
    LazyLock::new(|| std::env::var_os(RAISE).is_some_and(|value| value == "1"));

/// Whether mismatches are to fail tests.
pub(crate) fn raises() -> bool {
    *RAISES
}

/// Has the panic hook say a text. This is no panic of the user's code, and is not logged as one.
pub(crate) fn panic_with(text: &str) {
    let panicked: Result<(), _> = panic::catch_unwind(|| panic!("{text}"));
    drop(panicked);
}

#[cfg(test)]
mod tests {
    use std::sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    };

    use tracing::{Event, Metadata, Subscriber, callsite::rebuild_interest_cache, span};

    use super::*;
    use crate::workers::caught;

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
            // An event that a thread without a subscriber is the first to log is off from then on,
            // while there is one subscriber. It is known here, and asked about anew.
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
