//! What mirroring allocates, as exact gates: in a program of its own, whose allocator counts for
//! each thread. Everything that is counted runs on the thread of its test, which is the only thread
//! of its runtime.
//!
//! Each gate is what the code needs now, so that it can only get better. Where that is not the goal
//! yet, the goal stands beside it.

#[path = "allocations/evidence.rs"]
mod evidence;

use std::process::Command;

use measure::{Allocated, Sender, Shape, Version};
use metrics_exporter_prometheus::PrometheusBuilder;
use mirror_runtime::{Sticky, metrics};
use opentelemetry::trace::TracerProvider;
use opentelemetry_sdk::trace::SdkTracerProvider;
use tracing_subscriber::layer::SubscriberExt;

/// Switches all mirrors of a process off.
const SWITCH: &str = "MIRROR_DISABLED";

/// Tells a process that it is the one that has a recorder.
const RECORDED: &str = "MIRROR_TESTS_RECORDED";

/// Runs a test once more, in a process with a variable.
fn passes_with(variable: &str, test: &str) {
    let run = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", test])
        .env(variable, "1")
        .output()
        .unwrap();
    let printed = String::from_utf8_lossy(&run.stdout);
    assert!(
        run.status.success() && printed.contains("1 passed"),
        "{printed}"
    );
}

/// What a request allocates until the response, and the plain handler does not.
fn until_the_answer(version: Version, shape: Shape) -> Allocated {
    Allocated::until_the_answer(version, shape) - Allocated::until_the_answer(Version::Plain, shape)
}

/// Set for the processes that the tests of traces start. A subscriber of one thread changes what
/// the others ask, so that each test has a process of its own.
const TRACED: &str = "MIRROR_TESTS_TRACED";

/// Runs within a span that a tracer of OpenTelemetry records, as in a server that is traced.
fn traced<T>(run: impl FnOnce() -> T) -> T {
    let tracer = SdkTracerProvider::builder().build().tracer("tests");
    let layer = tracing_opentelemetry::layer().with_tracer(tracer);
    let subscriber = tracing_subscriber::registry().with(layer);
    tracing::subscriber::with_default(subscriber, || tracing::info_span!("server").in_scope(run))
}

/// Asserts that a figure is within its gate.
#[track_caller]
fn at_most(gate: f64, figure: f64, what: &str) {
    assert!(figure <= gate, "{what}: {figure}, and {gate} is the gate");
}

#[test]
fn a_request_that_is_not_sampled_allocates_nothing() {
    unsampled_requests_allocate_nothing();
}

#[test]
fn a_request_that_is_not_sampled_allocates_nothing_in_a_program_that_is_traced() {
    if std::env::var_os(TRACED).is_none() {
        return passes_with(
            TRACED,
            "a_request_that_is_not_sampled_allocates_nothing_in_a_program_that_is_traced",
        );
    }
    traced(unsampled_requests_allocate_nothing);
}

/// All features are on here, and there is somebody for each: a recorder that is told routes, and a
/// tracer. Both are those of a process.
#[test]
fn a_request_that_is_not_sampled_allocates_nothing_with_all_features_in_use() {
    if std::env::var_os(TRACED).is_none() {
        return passes_with(
            TRACED,
            "a_request_that_is_not_sampled_allocates_nothing_with_all_features_in_use",
        );
    }
    let exporter = PrometheusBuilder::new().install_recorder().unwrap();
    metrics::Options::new().http_route(true).apply();
    traced(unsampled_requests_allocate_nothing);
    metrics::publish();
    assert!(exporter.render().contains("mirror_requests_total"));
}

fn unsampled_requests_allocate_nothing() {
    let attribute = until_the_answer(Version::AttributeUnsampled, Shape::KIB);
    at_most(0.0, attribute.count, "the attribute");
    let candidate = until_the_answer(Version::CandidateUnsampled, Shape::KIB);
    at_most(0.0, candidate.count, "the attribute with a candidate");
    let layer = until_the_answer(Version::LayerUnsampled, Shape::KIB);
    let empty = until_the_answer(Version::EmptyLayer, Shape::KIB);
    at_most(empty.count, layer.count, "the layer, beside an empty one");
    let told = until_the_answer(Version::ToldUnsampled, Shape::KIB);
    at_most(empty.count, told.count, "the layer with `on_skip`");
    let observed = until_the_answer(Version::ObservedUnsampled, Shape::KIB);
    at_most(empty.count, observed.count, "the layer with an observer");
    let at_server = until_the_answer(Version::AtServerUnsampled, Shape::KIB);
    let empty = until_the_answer(Version::EmptyLayers, Shape::KIB);
    at_most(
        empty.count,
        at_server.count,
        "the outermost layer around the layer",
    );
}

/// Runs in a process of its own: the recorder is that of a process.
#[test]
fn a_recorder_costs_requests_no_allocation() {
    if std::env::var_os(RECORDED).is_none() {
        return passes_with(RECORDED, "a_recorder_costs_requests_no_allocation");
    }
    let sampled = || until_the_answer(Version::Attribute(1), Shape::KIB).count;
    let before = sampled();
    let exporter = PrometheusBuilder::new().install_recorder().unwrap();
    metrics::Options::new().http_route(true).apply();
    let unsampled = until_the_answer(Version::AttributeUnsampled, Shape::KIB);
    at_most(0.0, unsampled.count, "not sampled");
    at_most(before, sampled(), "one target, beside no recorder");
    metrics::publish();
    assert!(
        exporter
            .render()
            .contains("mirror_primary_duration_seconds")
    );
}

#[test]
fn a_user_who_is_not_sampled_costs_no_allocation() {
    let request = || {
        let mut request = Shape::KIB.request();
        let headers = request.headers_mut();
        headers.insert("x-user-id", "42".parse().unwrap());
        headers.insert("cookie", "theme=dark; sid=42; lang=en".parse().unwrap());
        request
    };
    let count = |version| Allocated::until_the_answer_to(version, request).count;
    let empty = count(Version::EmptyLayer);
    for by in [
        Sticky::Header("x-user-id"),
        Sticky::Cookie("sid"),
        Sticky::Path,
        // Which the request does not have.
        Sticky::Header("x-session"),
        Sticky::Cookie("session"),
    ] {
        let version = Version::StickyUnsampled(by);
        at_most(empty, count(version), &version.to_string());
    }
}

/// Runs in a process whose mirrors are switched off: the test below starts it.
#[test]
fn a_request_allocates_nothing_while_mirrors_are_switched_off() {
    if std::env::var_os(SWITCH).is_some() {
        let attribute = until_the_answer(Version::Attribute(3), Shape::KIB);
        at_most(0.0, attribute.count, "the attribute");
        let layer = until_the_answer(Version::Layer(3), Shape::KIB);
        let empty = until_the_answer(Version::EmptyLayer, Shape::KIB);
        at_most(empty.count, layer.count, "the layer, beside an empty one");
    }
}

#[test]
fn the_switch_costs_no_allocation() {
    passes_with(
        SWITCH,
        "a_request_allocates_nothing_while_mirrors_are_switched_off",
    );
}

#[test]
fn a_sampled_request_allocates_little() {
    let attribute = |targets| until_the_answer(Version::Attribute(targets), Shape::KIB).count;
    // The goal is 12, better 7.
    at_most(6.0, attribute(1), "one target");
    at_most(
        1.0,
        (attribute(3) - attribute(1)) / 2.0,
        "each further target",
    );
}

/// What the primary waits for. The span of a copy is made on its task.
#[test]
fn a_sampled_request_allocates_little_in_a_program_that_is_traced() {
    if std::env::var_os(TRACED).is_none() {
        return passes_with(
            TRACED,
            "a_sampled_request_allocates_little_in_a_program_that_is_traced",
        );
    }
    let attribute = |targets| until_the_answer(Version::Attribute(targets), Shape::KIB).count;
    let traces = traced(|| attribute(1)) - attribute(1);
    // The identity of the primary's span, what copies know of it, and its attribute.
    at_most(4.0, traces, "one target");
    let another = traced(|| attribute(3) - attribute(1)) / 2.0;
    at_most(1.0, another, "each further target");
}

#[test]
fn a_body_is_copied_for_no_target_but_where_its_frames_are_small() {
    let copies = |shape: Shape, targets| {
        let bytes = u32::try_from(shape.bytes).expect("a small body");
        let allocated = until_the_answer(Version::Attribute(targets), shape).bytes;
        // Lists of frames and what the request allocates anyhow are less than half a body.
        (allocated / f64::from(bytes)).round()
    };
    for targets in [1, 3] {
        at_most(0.0, copies(Shape::new(1 << 20, 1), targets), "one frame");
        at_most(
            0.0,
            copies(Shape::new(1 << 20, 64), targets),
            "frames of 16 KiB",
        );
        // The goal is one copy: they are joined, so that what is kept is what is counted.
        at_most(
            2.0,
            copies(Shape::new(64 << 10, 64), targets),
            "frames of 1 KiB",
        );
    }
}

#[test]
fn a_whole_copy_allocates_no_more_than_its_client_needs() {
    let allocated = |sender: Sender| Allocated::with_copies(|| sender.app(), Shape::KIB).count;
    let plain = allocated(Sender::Nobody);
    // A response that arrives in two reads, on a machine that is busy, is one more in 64 copies.
    let copies = (0..3).map(|_| allocated(Sender::Mirror) - plain);
    // The goal is 32, better 25.
    at_most(20.0, copies.fold(f64::INFINITY, f64::min), "a whole copy");
}
