//! A primary that streams for longer than any copy may take.

use std::{
    convert::Infallible,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::SeqCst},
    },
    time::Duration,
};

use axum::{Router, body::Body};
use futures_util::stream;
use mirror_runtime::{CompareMode, Mirror, NotComparedReason};
use testkit::{Primary, Shadow, until};

use super::ok;

/// Between two pieces of the stream.
const PAUSE: Duration = Duration::from_millis(20);

#[tokio::test]
async fn an_answer_that_streams_on_is_given_up_and_goes_on() {
    let shadow = Shadow::answering(|_| ok("xxx")).await;
    let mirror = Mirror::builder()
        .target(shadow.url())
        .timeout(Duration::from_secs(1))
        .compare(CompareMode::Bytes)
        .build()
        .unwrap();
    let ended = Arc::new(AtomicBool::new(false));
    let told = Arc::clone(&ended);
    let answer = async move || {
        let pieces = stream::unfold(told, async |told| {
            tokio::time::sleep(PAUSE).await;
            (!told.load(SeqCst)).then_some((Ok::<_, Infallible>("x"), told))
        });
        Body::from_stream(Box::pin(pieces))
    };
    let primary = Primary::start(Router::new().fallback(answer).layer(mirror.layer())).await;
    let given_up = async {
        until("the answer is given up", || {
            let report = mirror.report().targets.remove(0);
            report.not_compared_for(NotComparedReason::TimedOut) == 1
        })
        .await;
        // The copy had been answered.
        assert_eq!(mirror.stats().targets[0].answered, 1);
        ended.store(true, SeqCst);
    };
    let (answer, ()) = tokio::join!(primary.get("/"), given_up);
    assert!(answer.text().starts_with("xxxx"));
}
