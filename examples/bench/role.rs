//! The primaries and the shadows, as this program in another process. Each prints where it listens,
//! then responds to each line of its standard input with a line about itself, and ends when its
//! standard input is closed.

use std::{
    io::BufRead as _,
    net::TcpListener as StdListener,
    sync::{Arc, atomic::Ordering::Relaxed},
    time::Duration,
};

use axum::{Router, routing::MethodRouter};
use measure::{
    app,
    by_hand::ByHand,
    hyper_util, reqwest,
    shadow::{self, Manner, Seen},
};
use mirror_runtime::{Mirror, MirrorBuilder};
use tokio::{net::TcpListener, runtime::Builder};

use super::Result;

pub(crate) const PRIMARY: &str = "primary";
pub(crate) const SHADOW: &str = "shadow";

/// The bytes of a shadow's answer: the connection is used again only when they are read.
const ANSWER: usize = 128;

/// Serves as many mirrored handlers as asked for, each at its number, on the threads that a server
/// has by default.
///
/// The arguments are the kind, the percentage, the bound on copies in flight, the number of
/// handlers, and the targets.
pub(crate) fn primary(arguments: &[&str]) -> Result {
    let [kind, percentage, max_in_flight, handlers, targets @ ..] = arguments else {
        return Err(
            "a primary takes a kind, a percentage, a bound, a number of handlers and targets"
                .into(),
        );
    };
    let percentage: u32 = percentage.parse()?;
    let max_in_flight = max_in_flight.parse()?;
    let mirror = |handler: usize| {
        let mirror = Mirror::builder().name(handler.to_string());
        mirror
            .percentage(percentage.into())
            .max_in_flight(max_in_flight)
    };
    let targets: Vec<String> = targets.iter().map(|url| (*url).to_owned()).collect();
    let runtime = Builder::new_multi_thread().enable_all().build()?;
    let _inside = runtime.enter();
    let mut router = Router::new();
    for handler in 0..handlers.parse()? {
        let route = route(kind, percentage, mirror(handler), &targets)?;
        router = router.route(&format!("/{handler}"), route);
    }
    let listener = listen()?;
    println!("{}", listener.local_addr()?);
    runtime.spawn(async move { axum::serve(listener, router).await });
    answer_lines(counters);
    Ok(())
}

fn route(
    kind: &str,
    percentage: u32,
    mirror: MirrorBuilder,
    targets: &[String],
) -> Result<MethodRouter> {
    Ok(match kind {
        "Plain" => app::plain(),
        "Mirror" => {
            let urls = targets.iter().map(String::as_str);
            app::attribute(&urls.fold(mirror, MirrorBuilder::target).build()?)
        }
        "Reqwest" => app::by_hand(ByHand::new(reqwest::client(), targets, percentage.into())),
        "HyperUtil" => app::by_hand(ByHand::new(
            hyper_util::client(),
            targets,
            percentage.into(),
        )),
        other => return Err(format!("no primary is called {other}").into()),
    })
}

/// The sums over all targets: received, sent, answered, failed, in flight, skipped, shed.
fn counters() -> String {
    let mut sums = [0; 7];
    for mirror in mirror_runtime::mirrors()
        .iter()
        .filter_map(mirror_runtime::MirrorInfo::mirror)
    {
        for t in mirror.stats().targets {
            let counters = [
                t.received,
                t.sent,
                t.answered,
                t.failed,
                t.in_flight,
                t.skipped,
                t.shed,
            ];
            for (sum, counter) in sums.iter_mut().zip(counters) {
                *sum += counter;
            }
        }
    }
    sums.map(|sum| sum.to_string()).join(" ")
}

/// Serves in the manner of its argument.
pub(crate) fn shadow(arguments: &[&str]) -> Result {
    let [manner] = arguments else {
        return Err("a shadow takes a manner".into());
    };
    let answers = |after| Manner::Answers {
        after: Duration::from_millis(after),
        bytes: ANSWER,
    };
    let manner = match *manner {
        "Fast" => answers(0),
        "Slow" => answers(200),
        "Silent" => Manner::Silent,
        other => return Err(format!("no shadow is called {other}").into()),
    };
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let seen = Arc::<Seen>::default();
    let counted = Arc::clone(&seen);
    let _inside = runtime.enter();
    let listener = listen()?;
    println!("{}", listener.local_addr()?);
    runtime.spawn(shadow::serve(listener, manner, seen));
    let lines = std::thread::spawn(move || {
        let count = || {
            [&counted.connections, &counted.requests].map(|count| count.load(Relaxed).to_string())
        };
        answer_lines(|| count().join(" "));
    });
    runtime.block_on(async {
        while !lines.is_finished() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    });
    Ok(())
}

fn listen() -> Result<TcpListener> {
    let listener = StdListener::bind("127.0.0.1:0")?;
    listener.set_nonblocking(true)?;
    Ok(TcpListener::from_std(listener)?)
}

fn answer_lines(answer: impl Fn() -> String) {
    for line in std::io::stdin().lock().lines() {
        if line.is_err() {
            break;
        }
        println!("{}", answer());
    }
}
