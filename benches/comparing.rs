//! `cargo bench --bench comparing`
//!
//! What it costs to compare responses: comparing itself, on the thread that does that, and what
//! the primary's path pays for noting its response. Everything takes turns in one process, as in
//! `handler_path`.

use std::{hint::black_box, time::Instant};

use allocation_counter::{measure, opt_out};
use http::{HeaderMap, Method, StatusCode};
use mirror_compare::{Subject, compare};
use mirror_runtime::{BufferedResponse, CompareMode, Rules, Verdict};

use measure::{
    Drive, Shape,
    answering::{Answering, KIB},
    documents::{orders, orders_in_other_order, spaced},
    goal,
};

const DOCUMENT: usize = 64 << 10;

fn main() {
    // `cargo test --benches` only wants to know whether it runs.
    let rounds = if std::env::args().any(|argument| argument == "--bench") {
        400
    } else {
        2
    };
    comparing(rounds);
    primary_path(rounds);
}

/// Two bodies, how they are compared, and what is found.
struct Pair {
    what: &'static str,
    mode: CompareMode,
    primary: BufferedResponse,
    shadow: BufferedResponse,
    verdict: Verdict,
}

fn pairs() -> Vec<Pair> {
    let document = orders(DOCUMENT);
    let pair = |what, shadow: String, verdict| Pair {
        what,
        mode: CompareMode::Json,
        primary: response(document.clone()),
        shadow: response(shadow),
        verdict,
    };
    vec![
        pair("the same bytes", document.clone(), Verdict::Match),
        pair("a space behind it", format!("{document} "), Verdict::Match),
        pair(
            "other order of keys",
            orders_in_other_order(DOCUMENT),
            Verdict::Match,
        ),
        pair("spaces between all", spaced(&document), Verdict::Match),
        pair(
            "another value at the end",
            document.replace(r#""complete":true"#, r#""complete":false"#),
            Verdict::Mismatch,
        ),
        pair(
            "another number in each order",
            document.replace(r#","active":"#, r#"1,"active":"#),
            Verdict::Mismatch,
        ),
        Pair {
            mode: CompareMode::Bytes,
            ..pair(
                "a space behind it, as bytes",
                format!("{document} "),
                Verdict::Mismatch,
            )
        },
    ]
}

fn response(body: String) -> BufferedResponse {
    BufferedResponse::new(StatusCode::OK, HeaderMap::new(), body)
}

fn comparing(rounds: usize) {
    const TIMES: u32 = 4;
    let (pairs, rules) = (pairs(), Rules::default());
    let one_pair = |pair: &Pair| {
        let (one, other) = (black_box(&pair.primary), black_box(&pair.shadow));
        let subject = Subject::new(&Method::GET, "/");
        let compared = compare(subject, one, other, pair.mode, &rules);
        assert_eq!(compared.verdict, pair.verdict);
    };
    let mut times = vec![Vec::with_capacity(rounds); pairs.len()];
    for _ in 0..rounds {
        for (pair, times) in pairs.iter().zip(&mut times) {
            let begun = Instant::now();
            (0..TIMES).for_each(|_| one_pair(pair));
            times.push(begun.elapsed().as_secs_f64() / f64::from(TIMES));
        }
    }
    println!(
        "\n{:30} {:>9} {:>9} {:>12} {:>9}",
        "JSON of 64 KiB against", "us", "MB/s", "allocations", "bytes"
    );
    for (pair, times) in pairs.iter().zip(&mut times) {
        let seconds = first_quartile(times);
        let allocated = measure(|| one_pair(pair));
        println!(
            "{:30} {:9.1} {:9.0} {:12} {:9}",
            pair.what,
            seconds * 1e6,
            megabytes(&pair.primary) / seconds,
            allocated.count_total,
            allocated.bytes_total,
        );
    }
    goal::heading();
    let mut row = |at: usize, what| {
        let is = megabytes(&pairs[at].primary) / first_quartile(&mut times[at]);
        goal::row(13, what, is, 300.0, f64::NAN);
    };
    row(0, "64 KiB of JSON against itself, MB/s");
    row(1, "the same, with a space behind it, MB/s");
}

/// Of the primary's body: the shadow's is as large again.
fn megabytes(response: &BufferedResponse) -> f64 {
    f64::from(u32::try_from(response.body().len()).unwrap_or(u32::MAX)) / 1e6
}

fn first_quartile(times: &mut [f64]) -> f64 {
    times.sort_unstable_by(f64::total_cmp);
    times[times.len() / 4]
}

fn primary_path(rounds: usize) {
    /// Fewer than the comparisons that may wait.
    const REQUESTS: usize = 20;
    let versions = Answering::ALL;
    let mut apps = versions.map(|version| Drive::new(|| version.app()));
    let mut times = versions.map(|_| Vec::with_capacity(rounds));
    opt_out(|| {
        for _ in 0..rounds {
            for ((version, app), times) in versions.iter().zip(&mut apps).zip(&mut times) {
                let mut seconds = 0.0;
                for _ in 0..REQUESTS {
                    seconds += served(*version, app);
                }
                app.settle();
                times.push(seconds / 20.0);
            }
        }
    });
    println!(
        "\n{:44} {:>9} {:>9} {:>12}",
        "responses of 1 KiB, served to the last byte", "ns", "ratio", "allocations"
    );
    let nanoseconds = times.map(|mut times| first_quartile(&mut times) * 1e9);
    let allocations = versions.map(allocations);
    for (i, version) in versions.into_iter().enumerate() {
        let base = version.base().map_or(0, position);
        println!(
            "{:44} {:9.0} {:9.2} {:12.1}",
            version.to_string(),
            nanoseconds[i],
            nanoseconds[i] / nanoseconds[base],
            allocations[i],
        );
    }
    goal::heading();
    for version in versions {
        if let Some(base) = version.base().map(position) {
            let at = position(version);
            let what = format!("{version}, over without, ns");
            let over = nanoseconds[at] - nanoseconds[base];
            goal::row(14, &what, over, 2000.0, f64::NAN);
            let what = format!("{version}, over without, allocations");
            let over = allocations[at] - allocations[base];
            goal::row(14, &what, over, f64::NAN, f64::NAN);
        }
    }
}

fn position(version: Answering) -> usize {
    let is = |other: &Answering| *other == version;
    Answering::ALL.iter().position(is).unwrap_or(0)
}

/// Serves a request, and returns the seconds for which a client waits.
fn served(version: Answering, app: &mut Drive) -> f64 {
    let request = Shape::KIB.request();
    let begun = Instant::now();
    let response = app.answer(request);
    let mut seconds = begun.elapsed().as_secs_f64();
    if version.shadow_is_first() {
        app.settle();
    }
    let begun = Instant::now();
    let length = app.read(response);
    seconds += begun.elapsed().as_secs_f64();
    assert_eq!(length, KIB);
    seconds
}

fn allocations(version: Answering) -> f64 {
    const REQUESTS: u32 = 64;
    let mut app = Drive::new(|| version.app());
    let mut serve = |request| {
        let response = app.answer(request);
        if version.shadow_is_first() {
            opt_out(|| app.settle());
        }
        app.read(response);
        opt_out(|| app.settle());
    };
    serve(Shape::KIB.request());
    let requests: Vec<_> = (0..REQUESTS).map(|_| Shape::KIB.request()).collect();
    let counted = measure(|| requests.into_iter().for_each(serve));
    f64::from(u32::try_from(counted.count_total).unwrap_or(u32::MAX)) / f64::from(REQUESTS)
}
