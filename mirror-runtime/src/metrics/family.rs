//! The families of metrics: their names, units and meanings.

use ::metrics::{KeyName, Recorder, Unit};

/// What can happen to a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Counter,
    Gauge,
    Histogram,
}

/// A family of metrics.
#[derive(Debug)]
pub(super) struct Family {
    /// As Prometheus wants it: no exporter has to change it.
    pub(super) name: &'static str,
    kind: Kind,
    /// `None` where an exporter would append the unit to a name that says it already, or `ratio` to
    /// one that is a percentage.
    unit: Option<Unit>,
    about: &'static str,
}

impl Family {
    const fn new(kind: Kind, name: &'static str, unit: Option<Unit>, about: &'static str) -> Self {
        Self {
            name,
            kind,
            unit,
            about,
        }
    }

    fn describe(&self, recorder: &dyn Recorder) {
        let name = KeyName::from_const_str(self.name);
        let describe = match self.kind {
            Kind::Counter => Recorder::describe_counter,
            Kind::Gauge => Recorder::describe_gauge,
            Kind::Histogram => Recorder::describe_histogram,
        };
        describe(recorder, name, self.unit, self.about.into());
    }
}

/// Tells a recorder what the metrics mean.
pub(super) fn describe_all(recorder: &dyn Recorder) {
    for family in ALL {
        family.describe(recorder);
    }
}

/// Copies as the calls of a client, which are published if somebody wants it.
pub(super) static CLIENT_DURATION: Family = Family::new(
    Kind::Histogram,
    "http_client_request_duration_seconds",
    Some(Unit::Seconds),
    "Duration of HTTP client requests.",
);

/// Tells a recorder what the calls of a client mean.
pub(super) fn describe_calls(recorder: &dyn Recorder) {
    CLIENT_DURATION.describe(recorder);
}

macro_rules! families {
    ($($id:ident = $kind:ident, $name:literal, $unit:expr, $about:literal;)*) => {
        $(pub(super) static $id: Family = Family::new(Kind::$kind, $name, $unit, $about);)*
        static ALL: &[&Family] = &[$(&$id),*];
    };
}

families! {
    REQUESTS = Counter, "mirror_requests_total", Some(Unit::Count),
        "Requests by what became of them for each target. The sum is that of the requests received.";
    COPIES = Counter, "mirror_copies_total", Some(Unit::Count),
        "Copies that have ended. The sum and the copies in flight are the requests of the outcome sent.";
    IN_FLIGHT = Gauge, "mirror_copies_in_flight", Some(Unit::Count),
        "Copies that were sent and have not ended.";
    IN_FLIGHT_LIMIT = Gauge, "mirror_copies_in_flight_limit", Some(Unit::Count),
        "The most copies that may be in flight to the target: the option max_in_flight.";
    COPY_DURATION = Histogram, "mirror_copy_duration_seconds", Some(Unit::Seconds),
        "From when a copy left to the last byte of its response, or until it failed. Without responses that were cut.";
    FIRST_BYTE = Histogram, "mirror_copy_first_byte_seconds", Some(Unit::Seconds),
        "From when a copy left to the head of its response.";
    PRIMARY_DURATION = Histogram, "mirror_primary_duration_seconds", Some(Unit::Seconds),
        "How long the handler took to respond to a sampled request.";
    BODY_BYTES = Counter, "mirror_copy_body_bytes_total", Some(Unit::Bytes),
        "Bytes of the bodies of copies that were sent.";
    BUFFERED = Gauge, "mirror_buffered_bytes", Some(Unit::Bytes),
        "Bytes of bodies that the process holds for copies and comparisons.";
    BUFFERED_LIMIT = Gauge, "mirror_buffered_bytes_limit", None,
        "The most bytes of bodies that the process may hold: Limits::byte_budget.";
    CIRCUIT_OPEN = Gauge, "mirror_circuit_open", Some(Unit::Count),
        "1 since the circuit of the target has opened, until a copy is answered, else 0.";
    PERCENTAGE = Gauge, "mirror_percentage", None,
        "The share of requests that is sampled now, from 0 to 100. 0 if the mirror is switched off.";
    ENABLED = Gauge, "mirror_enabled", Some(Unit::Count),
        "1 for the source that has the last word if the mirror is on, else 0.";
    SWITCH = Gauge, "mirror_switch", Some(Unit::Count),
        "1 for the source that has the last word, whether the mirror is on or off, else 0.";
    COMPARISONS = Counter, "mirror_comparisons_total", Some(Unit::Count),
        "Responses by the result of comparing them, before anything is judged as noise.";
    DIFFERENCES = Counter, "mirror_differences_total", Some(Unit::Count),
        "Places at which responses differ, before anything is judged as noise.";
    NOISE = Gauge, "mirror_noise", Some(Unit::Count),
        "Responses of the report so far that differ in noise only. A gauge: what is noise is judged anew.";
    MATCH_RATIO = Gauge, "mirror_match_ratio", None,
        "The share of responses of the report that match, noise included. Not a number if there are none.";
    MATCH_RATIO_LOW = Gauge, "mirror_match_ratio_low", None,
        "The lowest share of matches that the responses so far leave possible.";
    MATCH_RATIO_HIGH = Gauge, "mirror_match_ratio_high", None,
        "The highest share of matches that the responses so far leave possible.";
    VERDICT = Gauge, "mirror_verdict", Some(Unit::Count),
        "1 for the verdict of the report on the target, 0 for each other.";
    CALLBACKS = Counter, "mirror_callbacks_total", Some(Unit::Count),
        "Calls of the program's own code.";
    FIXTURES = Counter, "mirror_fixtures_total", Some(Unit::Count),
        "Mismatches that were to be recorded, by what became of them.";
}
