//! `cargo bench --bench handler_path`
//!
//! What a mirrored handler costs in process, where nothing is sent: every version with every body,
//! time and allocations. *Until the response* is the handler path: copies have been spawned and
//! have not run. *With copies* they run to their end too, on the same thread. Last come the figures
//! that have a goal.
//!
//! The versions take turns in one process, which neither criterion nor divan can do: the
//! differences are tens of nanoseconds, and a machine's mood changes by more between one benchmark
//! and the next.

use measure::{
    Allocated, Drive, Shape, Version, goal,
    interleaved::{Until, nanoseconds},
};

fn main() {
    // `cargo test --benches` only wants to know whether it runs.
    let shapes = if std::env::args().any(|argument| argument == "--bench") {
        &Shape::ALL[..]
    } else {
        &Shape::ALL[..1]
    };
    for shape in shapes {
        print_table(*shape);
    }
    print_goals();
}

fn print_table(shape: Shape) {
    let mut apps = Version::ALL.map(|version| Drive::new(|| version.app()));
    let until_response = nanoseconds(&mut apps, shape, Until::Answer);
    let with_copies = nanoseconds(&mut apps, shape, Until::CopiesEnd);
    println!("\n{shape}");
    println!(
        "{:30} {:>11} {:>8} {:>6} {:>9}   {:>9} {:>8} {:>6} {:>9}",
        "", "until the", "over", "alloc-", "bytes", "with", "over", "alloc-", "bytes"
    );
    println!(
        "{:30} {:>11} {:>8} {:>6} {:>9}   {:>9} {:>8} {:>6} {:>9}",
        "", "response ns", "plain", "ations", "", "copies ns", "plain", "ations", ""
    );
    for (i, version) in Version::ALL.into_iter().enumerate() {
        let response = Allocated::until_the_answer(version, shape);
        let copies = Allocated::with_copies(|| version.app(), shape);
        println!(
            "{:30} {:11.0} {:+8.0} {:6.1} {:9.0}   {:9.0} {:+8.0} {:6.1} {:9.0}",
            version.to_string(),
            until_response[i],
            until_response[i] - until_response[0],
            response.count,
            response.bytes,
            with_copies[i],
            with_copies[i] - with_copies[0],
            copies.count,
            copies.bytes,
        );
    }
}

/// The figures of the handler path that have a goal. Those that are allocations are gates in
/// `tests/allocations.rs`.
fn print_goals() {
    let versions = [
        Version::Plain,
        Version::AttributeUnsampled,
        Version::Attribute(1),
        Version::Attribute(3),
        Version::ByHand(1),
        Version::ByHandInside(1),
    ];
    let shape = Shape::KIB;
    let mut apps = versions.map(|version| Drive::new(|| version.app()));
    let times = nanoseconds(&mut apps, shape, Until::Answer);
    let [unsampled, one, three, by_hand, inside] = [1, 2, 3, 4, 5].map(|at| times[at] - times[0]);
    let plain = Allocated::until_the_answer(Version::Plain, shape);
    let allocations = |version| (Allocated::until_the_answer(version, shape) - plain).count;
    println!("\nPOST of 1 KiB with 6 headers, until the response, over the plain handler");
    goal::heading();
    goal::row(1, "not sampled, ns", unsampled, 75.0, 25.0);
    let count = allocations(Version::AttributeUnsampled);
    goal::row(1, "not sampled, allocations", count, 0.0, 0.0);
    goal::row(2, "sampled, ns", one, f64::NAN, 500.0);
    goal::row(2, "sampled, of by hand", one / by_hand, 0.75, f64::NAN);
    let what = "sampled, of by hand in the handler itself";
    goal::row(2, what, one / inside, f64::NAN, f64::NAN);
    goal::row(
        2,
        "sampled, allocations",
        allocations(Version::Attribute(1)),
        12.0,
        7.0,
    );
    let further = (three - one) / 2.0;
    goal::row(2, "each further target, ns", further, 300.0, f64::NAN);
}
