//! Why a request was not sent to a target.

use mirror_grammar::labels;

labels! {
    /// Why a request was deliberately not sent to a target. Callbacks also get it for requests that
    /// were shed.
    pub enum SkipReason {
        /// The target's percentage did not choose it.
        NotSampled = "not_sampled",
        /// `methods` or `when` excluded it, or `when` panicked.
        Filtered = "filtered",
        /// It carried `X-Mirrored-From`: it is a copy itself.
        Loop = "loop",
        /// Its body is larger than `max_body`.
        BodyTooLarge = "body_too_large",
        /// The handler did not read the body to its end, and the copy would have been made of what
        /// it read.
        BodyNotRead = "body_not_read",
        /// Its body took longer than `read_ahead` to arrive, and the handler, which ran without
        /// waiting for the rest, did not read it to its end.
        BodyStalled = "body_stalled",
        /// The target is disabled: its environment variable is unset, empty or invalid, or it is
        /// `https` and this program has no TLS or no crypto provider.
        Disabled = "disabled",
        /// The mirror was switched off, or the target set to 0 %: by
        /// [`control`](crate::control), a [`ControlFile`](crate::ControlFile), the option `until`,
        /// the environment variable `MIRROR_DISABLED`, or `testing::isolate`. A `percentage = 0`
        /// in the code is a share like any other: [`NotSampled`](Self::NotSampled).
        SwitchedOff = "switched_off",
        /// The client went away, or interrupted its body, before the copy could leave.
        PrimaryGone = "primary_gone",
        /// It opens a tunnel (`CONNECT`) or a WebSocket. A request with another `Upgrade` is copied
        /// without it.
        Upgrade = "upgrade",
        /// It cannot be sent unchanged: its path would leave the base path of the target, it has no
        /// path (`OPTIONS *`), the transport would change it, or it has more headers than a copy
        /// has room for.
        Unsendable = "unsendable",
        /// `mask` names fields, and its body is not one in which they can be found for sure: it is
        /// no JSON and no form, it is compressed, or it cannot be read.
        Unmaskable = "unmaskable",
        /// `map_request` panicked, so that it is not known what the copy would have carried.
        NotMapped = "not_mapped",
        ..
        /// It was shed, to protect this process. Counted as shed, not as skipped.
        Shed(ShedReason),
    }
}

labels! {
    /// Why a request was not sent to a target in order to protect this process.
    pub enum ShedReason {
        /// As many copies to the target were in flight as its `max_in_flight` allows.
        InFlightLimit = "in_flight_limit",
        /// As many copies were in flight as the process allows: see [`Limits`](crate::Limits).
        ProcessInFlightLimit = "process_in_flight_limit",
        /// As many copies to servers were in flight as the process may hold connections for: see
        /// [`Limits`](crate::Limits).
        ConnectionLimit = "connection_limit",
        /// As many bytes of bodies were held for copies as the process allows: see
        /// [`Limits`](crate::Limits).
        ByteBudget = "byte_budget",
        /// The target failed so often in a row that its circuit breaker is open.
        CircuitOpen = "circuit_open",
        /// The target's `rate_limit` was reached.
        RateLimit = "rate_limit",
        /// The process was draining its copies: see [`drain`](crate::drain).
        Draining = "draining",
        /// There was no tokio runtime to send it from, or one without timers.
        NoRuntime = "no_runtime",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_knows_its_place() {
        for (index, reason) in SkipReason::ALL.iter().enumerate() {
            assert_eq!(reason.index(), Ok(index));
        }
        for (index, reason) in ShedReason::ALL.iter().enumerate() {
            assert_eq!(*reason as usize, index);
            assert_eq!(SkipReason::from(*reason).index(), Err(*reason));
        }
    }
}
