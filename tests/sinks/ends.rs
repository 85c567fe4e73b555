//! Requests and responses that end otherwise.

use super::*;

/// Sends a request over HTTP/2 and waits for the head of the response.
async fn open(primary: &Primary) -> hyper::body::Incoming {
    let mut client = connect_h2(primary).await;
    let request = Request::get("/").body(Body::empty()).unwrap();
    client.send_request(request).await.unwrap().into_body()
}

#[tokio::test]
async fn a_client_that_goes_away_within_the_response_is_recorded() {
    let log = Log::new();
    let mirror = mirror_to(&log);
    let (pieces, app) = streaming();
    let primary = serve(&mirror, app).await;
    let mut response = open(&primary).await;
    pieces.send("one ").unwrap();
    assert!(response.frame().await.unwrap().unwrap().is_data());
    drop(response);
    let record = log.one().await;
    assert_eq!(record.completion(), Completion::Cancelled);
    assert_eq!(record.response().unwrap().body(), Some(&b"one "[..]));
    assert!(record.last_byte().is_some());
    assert_eq!(settled(&mirror, 1).await[0].answered, 1);
}

#[tokio::test]
async fn a_client_that_goes_away_before_the_response_is_recorded() {
    let log = Log::new();
    let mirror = mirror_to(&log);
    let begun = Arc::new(tokio::sync::Notify::new());
    let begins = Arc::clone(&begun);
    let app = Router::new().fallback(any(move || async move {
        // Copies leave once the handler has begun and is not given up at once.
        tokio::task::yield_now().await;
        begins.notify_one();
        std::future::pending::<()>().await;
    }));
    let primary = serve(&mirror, app).await;
    let mut client = connect_h2(&primary).await;
    let request = Request::get("/").body(Body::empty()).unwrap();
    let response = tokio::spawn(client.send_request(request));
    begun.notified().await;
    response.abort();
    let record = log.one().await;
    assert_eq!(record.completion(), Completion::Cancelled);
    assert!(record.response().is_none() && record.first_byte().is_none());
    assert_eq!(settled(&mirror, 1).await[0].answered, 1);
}

async fn broken(body: Bytes) -> StatusCode {
    panic!("it has {} bytes", body.len())
}

#[tokio::test]
async fn a_handler_that_panics_has_failed() {
    let log = Log::new();
    let mirror = mirror_to(&log);
    let primary = serve(&mirror, Router::new().fallback(any(broken))).await;
    let request = "POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 5\r\n\r\nhello";
    assert_eq!(primary.send_raw(request).await, "");
    let record = log.one().await;
    assert_eq!(record.completion(), Completion::Failed);
    assert!(record.response().is_none());
    assert_eq!(record.request().body(), Some(&b"hello"[..]));
    assert_eq!(settled(&mirror, 1).await[0].answered, 1);
}

#[tokio::test]
async fn a_body_that_fails_or_panics_has_failed() {
    for panics in [false, true] {
        let log = Log::new();
        let mirror = mirror_to(&log);
        let app = Router::new().fallback(any(move || async move {
            let pieces = (0..2).map(move |i| match i {
                0 => Ok(Bytes::from("one ")),
                _ if panics => panic!("it broke"),
                _ => Err(std::io::Error::other("it broke off")),
            });
            Body::from_stream(stream::iter(pieces).then(|piece| async {
                tokio::task::yield_now().await;
                piece
            }))
        }));
        let primary = serve(&mirror, app).await;
        primary.send_raw("GET / HTTP/1.1\r\nhost: a\r\n\r\n").await;
        let record = log.one().await;
        assert_eq!(record.completion(), Completion::Failed, "panics: {panics}");
        assert_eq!(record.response().unwrap().body(), Some(&b"one "[..]));
        settled(&mirror, 1).await;
    }
}

#[tokio::test]
async fn a_request_that_is_too_large_is_skipped_and_a_response_is_cut() {
    for body in [BodyMode::Buffer, BodyMode::Tee] {
        let log = Log::new();
        let mirror = builder(&log).max_body(8).body(body).build().unwrap();
        let app = echo().route("/large", get(|| async { "123456789" }));
        let primary = serve(&mirror, app).await;
        assert_eq!(primary.post("/", "123456789").await.text(), "123456789");
        let stats = settled(&mirror, 1).await.remove(0);
        assert_eq!(stats.skipped_for(SkipReason::BodyTooLarge), 1);
        assert_eq!(primary.get("/large").await.text(), "123456789");
        let record = log.one().await;
        assert_eq!(record.completion(), Completion::Cut);
        let response = record.response().unwrap();
        assert_eq!((response.status(), response.body()), (200, None));
        assert_eq!(record.last_byte(), None);
        assert_eq!(primary.post("/", "12345678").await.text(), "12345678");
        assert_eq!(log.one().await.completion(), Completion::Complete);
        settled(&mirror, 3).await;
    }
}

#[tokio::test]
async fn a_response_whose_length_is_not_known_is_cut_when_it_is_too_large() {
    let log = Log::new();
    let mirror = builder(&log).max_body(8).build().unwrap();
    let (pieces, app) = streaming();
    let primary = serve(&mirror, app).await;
    let mut response = open(&primary).await;
    for piece in ["12345", "6789"] {
        pieces.send(piece).unwrap();
        assert!(response.frame().await.unwrap().unwrap().is_data());
    }
    // It goes on.
    assert_eq!(log.one().await.completion(), Completion::Cut);
    pieces.send("more").unwrap();
    assert!(response.frame().await.unwrap().unwrap().is_data());
    settled(&mirror, 1).await;
}

#[tokio::test]
async fn a_body_that_the_handler_does_not_read_is_skipped_where_it_is_not_read_ahead() {
    let log = Log::new();
    let mirror = builder(&log).body(BodyMode::Tee).build().unwrap();
    let app = Router::new().fallback(any(|| async { StatusCode::FORBIDDEN.into_response() }));
    let primary = serve(&mirror, app).await;
    let request = "POST / HTTP/1.1\r\nhost: a\r\nconnection: close\r\ncontent-length: 5\r\nexpect: 100-continue\r\n\r\n";
    assert!(primary.send_raw(request).await.starts_with("HTTP/1.1 403"));
    let stats = settled(&mirror, 1).await.remove(0);
    assert_eq!((stats.skipped, log.len()), (1, 0), "{stats}");
}
