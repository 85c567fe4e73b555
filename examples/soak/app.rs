//! The app that is mirrored, or not, in a process of its own.

use std::{fmt::Write as _, io::Read as _, time::Duration};

use axum::{
    Router,
    body::Bytes,
    routing::{any, get},
};
use mirror_runtime::{Http2, Mirror, Target};
use tokio::net::TcpListener;

/// What stands before the URL of a shadow that is sent HTTP/2 without TLS.
pub(crate) const HTTP2: &str = "http2+";

/// Serves one route per shadow, and `/stats`, until standard input is closed: it ends when its
/// parent does.
pub(crate) async fn serve(shadows: &[&str]) {
    let mut app = Router::new().route("/stats", get(stats));
    let mirrors: Vec<Mirror> = shadows
        .iter()
        .enumerate()
        .map(|(i, url)| mirror(i, url))
        .collect();
    for (route, mirror) in mirrors.iter().enumerate() {
        app = app.route(&format!("/{route}"), any(echo).layer(mirror.layer()));
    }
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    println!(
        "{}",
        listener.local_addr().expect("the address of a listener")
    );
    let app = app.fallback(echo);
    tokio::spawn(async move { axum::serve(listener, app).await });
    let parent_is_gone = || std::io::stdin().read_to_end(&mut Vec::new());
    let _ = tokio::task::spawn_blocking(parent_is_gone).await;
}

/// Without a circuit breaker, so that the fault is felt all the time.
fn mirror(route: usize, shadow: &str) -> Mirror {
    let target = match shadow.strip_prefix(HTTP2) {
        Some(url) => Target::new(url).map(|target| target.http2(Http2::PriorKnowledge)),
        None => Target::new(shadow),
    };
    let mirror = Mirror::builder().name(route.to_string());
    let mirror = mirror.target(target.expect("a URL"));
    let mirror = mirror
        .timeout(Duration::from_millis(500))
        .circuit_breaker(None);
    mirror.build().expect("options that are right")
}

async fn echo(body: Bytes) -> Bytes {
    body
}

/// One line per target: its mirror, and its counters in the order in which `report` reads them.
async fn stats() -> String {
    let mut lines = String::new();
    for mirror in mirror_runtime::mirrors()
        .iter()
        .filter_map(mirror_runtime::MirrorInfo::mirror)
    {
        let stats = mirror.stats();
        for t in &stats.targets {
            let counters = [
                t.received,
                t.sent,
                t.answered,
                t.failed,
                t.in_flight,
                t.skipped,
                t.shed,
            ];
            let counters = counters.map(|counter| counter.to_string()).join(" ");
            let _ = writeln!(lines, "{} {counters}", stats.name);
        }
    }
    lines
}
