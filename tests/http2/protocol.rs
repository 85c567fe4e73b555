//! Which protocol a shadow is spoken to in, and what is true of TLS only.

use std::{
    convert::Infallible,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
        mpsc,
    },
    time::Duration,
};

use axum::{
    Router,
    body::{Body, Bytes},
    routing::any,
};
use http::Version;
use hyper::{body::Incoming, service::service_fn};
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::conn::auto,
};
use mirror_runtime::{Http2, Mirror, Target};
use testkit::{
    Authority, Primary, RawH2, Shadow, passes_where_trusted, prior_knowledge, settled,
    trusted_file, until,
};
use tokio::net::TcpListener;

use super::{mirrored, one_more, post_more, to};

#[tokio::test]
async fn a_shadow_without_tls_is_spoken_to_in_the_protocol_that_its_target_says() {
    let shadow = Shadow::start().await;
    let url = shadow.url();
    let targets = [
        (Target::new(&url).unwrap(), Version::HTTP_11),
        (prior_knowledge(&url), Version::HTTP_2),
        (
            Target::new(&url).unwrap().http2(Http2::Off),
            Version::HTTP_11,
        ),
    ];
    for (target, _) in &targets {
        let (mirror, primary) = mirrored(to(target.clone())).await;
        let stats = post_more(&mirror, &primary, 10).await;
        assert_eq!(stats.answered, 1, "{stats}");
    }
    let versions: Vec<_> = shadow.recorded().iter().map(|copy| copy.version).collect();
    assert_eq!(versions, targets.map(|(_, version)| version));
}

#[tokio::test]
async fn a_shadow_that_does_not_speak_http2_fails_with_prior_knowledge() {
    let faulty = testkit::Faulty::start(testkit::Fault::Garbage);
    let (mirror, primary) = mirrored(to(prior_knowledge(faulty.url()))).await;
    for failed in 1..=3 {
        let stats = one_more(&mirror, &primary).await;
        assert_eq!(stats.failed, failed, "{stats}");
    }
}

/// A shadow over TLS that speaks what is negotiated. Runs in a process that trusts the authority:
/// the test below starts it.
#[tokio::test]
async fn over_tls_the_target_says_what_is_offered_where_it_is_trusted() {
    let Some(file) = trusted_file() else { return };
    let authority = Authority::new();
    std::fs::write(file, authority.pem()).unwrap();
    let shadow = Shadow::tls(authority.certifies_all("localhost", &["h2", "http/1.1"])).await;
    let target = || Target::new(format!("https://localhost:{}", shadow.port())).unwrap();
    let targets = [
        (target(), Version::HTTP_2),
        (target().http2(Http2::Off), Version::HTTP_11),
        (target(), Version::HTTP_2),
    ];
    for (target, _) in &targets {
        let (mirror, primary) = mirrored(to(target.clone())).await;
        let stats = post_more(&mirror, &primary, 10).await;
        assert_eq!(stats.answered, 1, "{stats}");
    }
    let versions: Vec<_> = shadow.recorded().iter().map(|copy| copy.version).collect();
    assert_eq!(versions, targets.map(|(_, version)| version));
}

#[tokio::test]
async fn over_tls_the_target_says_what_is_offered() {
    let file = concat!(
        env!("CARGO_TARGET_TMPDIR"),
        "/trusted-by-http2-protocol.pem"
    );
    let test = "http2::protocol::over_tls_the_target_says_what_is_offered_where_it_is_trusted";
    passes_where_trusted(test, file).await;
}

/// A server whose first connection speaks HTTP/1.1, and each later one HTTP/2, as if it had been
/// updated meanwhile.
async fn updated_after_one(authority: &Authority) -> (u16, Arc<AtomicUsize>) {
    let acceptors = ["http/1.1", "h2"].map(|it| authority.certifies("localhost", 2090, it));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let connections = Arc::new(AtomicUsize::new(0));
    let counting = Arc::clone(&connections);
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let acceptor = acceptors[counting.fetch_add(1, SeqCst).min(1)].clone();
            tokio::spawn(async move {
                let stream = TokioIo::new(acceptor.accept(stream).await.unwrap());
                let respond = service_fn(|request: http::Request<Incoming>| async move {
                    let mut response = http::Response::new(Body::empty());
                    if request.version() == Version::HTTP_11 {
                        response
                            .headers_mut()
                            .insert("connection", "close".parse().unwrap());
                    }
                    Ok::<_, Infallible>(response)
                });
                let server = auto::Builder::new(TokioExecutor::new());
                // A connection that breaks is the client's affair.
                let _ = server.serve_connection(stream, respond).await;
            });
        }
    });
    (port, connections)
}

/// Runs in a process that trusts the authority: the test below starts it.
#[tokio::test]
async fn a_server_that_comes_to_speak_http2_is_spoken_to_in_it_where_it_is_trusted() {
    let Some(file) = trusted_file() else { return };
    let authority = Authority::new();
    std::fs::write(file, authority.pem()).unwrap();
    let (port, connections) = updated_after_one(&authority).await;
    let target = format!("https://localhost:{port}").try_into().unwrap();
    let (mirror, primary) = mirrored(to(target)).await;
    for sent in 1..=2 {
        assert_eq!(one_more(&mirror, &primary).await.answered, sent);
    }
    for _ in 0..20 {
        primary.get("/").await;
    }
    let stats = settled(&mirror, 22).await.remove(0);
    assert_eq!((stats.answered, stats.failed), (22, 0), "{stats}");
    assert_eq!(connections.load(SeqCst), 2);
}

#[tokio::test]
async fn a_server_that_comes_to_speak_http2_is_spoken_to_in_it() {
    let file = concat!(env!("CARGO_TARGET_TMPDIR"), "/trusted-by-http2-updated.pem");
    let test = "http2::protocol::a_server_that_comes_to_speak_http2_is_spoken_to_in_it_where_it_is_trusted";
    passes_where_trusted(test, file).await;
}

/// What becomes of frames does not hang on TLS; that it is the same code is shown by one of each
/// kind.
#[tokio::test]
async fn frames_over_tls_are_those_without_where_it_is_trusted() {
    use testkit::raw_h2::frames::{HEADERS, NO_ERROR, go_away};

    let Some(file) = trusted_file() else { return };
    let authority = Authority::new();
    std::fs::write(file, authority.pem()).unwrap();
    let tls = || RawH2::options().tls(authority.certifies("localhost", 2090, "h2"));
    let to_tls = |shadow: &RawH2| {
        to(format!("https://localhost:{}", shadow.port())
            .try_into()
            .unwrap())
    };

    let early = tls().without_credit().start(|peer, frame| {
        if frame.kind == HEADERS {
            peer.respond(frame.stream);
        }
    });
    let (mirror, primary) = mirrored(to_tls(&early)).await;
    for sent in 1..=3 {
        assert_eq!(post_more(&mirror, &primary, 200_000).await.answered, sent);
    }
    until("the streams are ended", || early.resets().len() == 3).await;

    let leaving = tls().start(|peer, frame| {
        if peer.connection == 0 && peer.requests() == 2 && frame.kind == HEADERS {
            peer.send(go_away(1, NO_ERROR));
            return peer.close();
        }
        if frame.ends_stream() {
            peer.respond(frame.stream);
        }
    });
    let (mirror, primary) = mirrored(to_tls(&leaving)).await;
    for sent in 1..=5 {
        let stats = post_more(&mirror, &primary, 100_000).await;
        assert_eq!((stats.answered, stats.failed), (sent, 0), "{stats}");
    }
    assert_eq!(mirror.stats().targets[0].resends, 1);
}

#[tokio::test]
async fn frames_over_tls_are_those_without() {
    let file = concat!(env!("CARGO_TARGET_TMPDIR"), "/trusted-by-http2-frames.pem");
    let test = "http2::protocol::frames_over_tls_are_those_without_where_it_is_trusted";
    passes_where_trusted(test, file).await;
}

/// A primary in a runtime of one thread, which one copy is sent through.
fn in_a_runtime(mirror: &Mirror, then: impl AsyncFnOnce(&Primary)) {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = runtime.enable_all().build().unwrap();
    runtime.block_on(async {
        let echo = any(|body: Bytes| async { body });
        let app = Router::new().fallback(echo).layer(mirror.layer());
        let primary = Primary::start(app).await;
        primary.get("/").await;
        then(&primary).await;
    });
}

/// A runtime that stands still in the middle of opening a connection holds up no other. Runs in a
/// process that trusts the authority: the test below starts it.
#[test]
fn a_runtime_that_stands_still_holds_up_no_other_where_it_is_trusted() {
    let Some(file) = trusted_file() else { return };
    let authority = Authority::new();
    std::fs::write(file, authority.pem()).unwrap();
    let acceptor = authority.certifies("localhost", 2090, "h2");
    let shadow = RawH2::options().tls(acceptor).silent(1).start_well();
    let mirror = to(format!("https://localhost:{}", shadow.port())
        .try_into()
        .unwrap());
    let mirror = mirror.build().unwrap();
    let (stands_still, is_still) = mpsc::channel();
    let (end, ended) = mpsc::channel::<()>();
    let shadow = &shadow;
    let mirror = &mirror;
    std::thread::scope(move |scope| {
        // Gone when this fails, so that the other thread ends, too.
        let end = end;
        scope.spawn(move || {
            in_a_runtime(mirror, async |_| {
                until("it is connecting", || shadow.connections() == 1).await;
                stands_still.send(()).unwrap();
                // No task of this runtime goes on until the others are done.
                let _ = ended.recv();
            });
        });
        is_still.recv().unwrap();
        in_a_runtime(mirror, async |primary| {
            until("the first", || mirror.stats().targets[0].answered == 1).await;
            primary.get("/").await;
            primary.get("/").await;
            until("all", || mirror.stats().targets[0].answered == 3).await;
            assert_eq!(mirror.stats().targets[0].failed, 0);
        });
        end.send(()).unwrap();
    });
}

#[tokio::test]
async fn a_runtime_that_stands_still_holds_up_no_other() {
    let file = concat!(env!("CARGO_TARGET_TMPDIR"), "/trusted-by-http2-still.pem");
    let test = "http2::protocol::a_runtime_that_stands_still_holds_up_no_other_where_it_is_trusted";
    passes_where_trusted(test, file).await;
}

/// Many runtimes that begin at once, with a shadow that is far away: one after another, they would
/// take twice the time that each has for its connection. That is long for a machine with much to
/// do.
#[test]
fn many_runtimes_begin_at_once_where_it_is_trusted() {
    const RUNTIMES: usize = 32;
    let Some(file) = trusted_file() else { return };
    let authority = Authority::new();
    std::fs::write(file, authority.pem()).unwrap();
    let acceptor = authority.certifies("localhost", 2090, "h2");
    let far = Duration::from_millis(600);
    let shadow = RawH2::options().tls(acceptor).far(far).start_well();
    let mirror = to(format!("https://localhost:{}", shadow.port())
        .try_into()
        .unwrap());
    let within = Duration::from_secs(10);
    let mirror = mirror.connect_timeout(within);
    let mirror = mirror.circuit_breaker(None).build().unwrap();
    std::thread::scope(|scope| {
        for _ in 0..RUNTIMES {
            scope.spawn(|| {
                in_a_runtime(&mirror, async |_| {
                    // A runtime that ends takes its copy with it.
                    drop(settled(&mirror, RUNTIMES as u64).await);
                });
            });
        }
    });
    let stats = &mirror.stats().targets[0];
    assert_eq!(stats.answered, RUNTIMES as u64, "{stats}");
}

#[tokio::test]
async fn many_runtimes_begin_at_once() {
    let file = concat!(
        env!("CARGO_TARGET_TMPDIR"),
        "/trusted-by-http2-runtimes.pem"
    );
    let test = "http2::protocol::many_runtimes_begin_at_once_where_it_is_trusted";
    passes_where_trusted(test, file).await;
}
