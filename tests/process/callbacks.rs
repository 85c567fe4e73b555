//! Callbacks that misbehave.

use std::{
    sync::{
        Condvar, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use mirror_runtime::{
    BufferedResponse, Mirror, MirrorBuilder, MirrorError, ShedReason, SkipReason, Target,
};
use testkit::{Primary, Shadow, settled, until};

use crate::{TURN, app};

/// Callbacks wait here until it is opened.
#[derive(Default)]
struct Door {
    is_open: Mutex<bool>,
    opened: Condvar,
}

impl Door {
    fn pass(&self) {
        let is_open = self.is_open.lock().unwrap();
        drop(
            self.opened
                .wait_while(is_open, |is_open| !*is_open)
                .unwrap(),
        );
    }

    fn open(&self) {
        *self.is_open.lock().unwrap() = true;
        self.opened.notify_all();
    }
}

#[tokio::test]
async fn a_callback_that_blocks_for_ever_costs_copies_and_no_answers() {
    static DOOR: Door = Door {
        is_open: Mutex::new(false),
        opened: Condvar::new(),
    };
    let _turn = TURN.lock().await;
    let shadow = Shadow::start().await;
    let mirror = Mirror::builder()
        .target(shadow.url())
        .max_in_flight(8)
        .on_success(|_: &Target, _: &BufferedResponse| DOOR.pass())
        .build()
        .unwrap();
    let primary = Primary::start(app(&mirror)).await;
    for _ in 0..8 {
        assert_eq!(primary.get("/").await.text(), "primary");
    }
    shadow.receives(8).await;
    for _ in 0..50 {
        assert_eq!(primary.get("/").await.text(), "primary");
    }
    let stats = &mirror.stats().targets[0];
    assert_eq!(stats.shed_for(ShedReason::InFlightLimit), 50, "{stats}");
    assert_eq!(shadow.recorded().len(), 8);
    DOOR.open();
    settled(&mirror, 58).await;
    // There is room again, some time after the callbacks have returned.
    let mut requests = 58;
    while mirror.stats().targets[0].answered == 8 {
        primary.get("/").await;
        requests += 1;
        settled(&mirror, requests).await;
    }
}

#[tokio::test]
async fn a_callback_that_blocks_for_ever_keeps_no_client_of_another_mirror() {
    static DOOR: Door = Door {
        is_open: Mutex::new(false),
        opened: Condvar::new(),
    };
    let _turn = TURN.lock().await;
    let shadow = Shadow::start().await;
    let blocking = Mirror::builder()
        .target(shadow.url())
        .on_success(|_: &Target, _: &BufferedResponse| DOOR.pass())
        .build()
        .unwrap();
    let sync = Mirror::builder()
        .target(shadow.url())
        .timeout(Duration::from_millis(100))
        .sync(true)
        .on_success(|_: &Target, _: &BufferedResponse| {})
        .on_error(|_: &Target, _: &MirrorError| {})
        .build()
        .unwrap();
    let first = Primary::start(app(&blocking)).await;
    for _ in 0..8 {
        first.get("/").await;
    }
    settled(&blocking, 8).await;
    let second = Primary::start(app(&sync)).await;
    assert_eq!(second.get("/").await.text(), "primary");
    DOOR.open();
}

#[tokio::test]
async fn a_callback_that_blocks_for_ever_keeps_no_callback_of_another_mirror() {
    static DOOR: Door = Door {
        is_open: Mutex::new(false),
        opened: Condvar::new(),
    };
    static CALLS: AtomicUsize = AtomicUsize::new(0);
    let _turn = TURN.lock().await;
    let shadow = Shadow::start().await;
    let blocking = Mirror::builder()
        .target(shadow.url())
        .on_success(|_: &Target, _: &BufferedResponse| DOOR.pass())
        .build()
        .unwrap();
    let first = Primary::start(app(&blocking)).await;
    for _ in 0..20 {
        first.get("/").await;
    }
    settled(&blocking, 20).await;
    let light = Mirror::builder()
        .target(shadow.url())
        .on_success(|_: &Target, _: &BufferedResponse| {
            CALLS.fetch_add(1, Ordering::SeqCst);
        })
        .build()
        .unwrap();
    let second = Primary::start(app(&light)).await;
    for _ in 0..20 {
        second.get("/").await;
    }
    until("each callback has run", || {
        CALLS.load(Ordering::SeqCst) == 20
    })
    .await;
    DOOR.open();
}

#[tokio::test]
async fn a_callback_that_panics_harms_nobody() {
    let _turn = TURN.lock().await;
    let shadow = Shadow::start().await;
    let quiet = |_: &Target, _: &BufferedResponse| {
        std::panic::resume_unwind(Box::new("as a callback may"));
    };
    let panicking = |builder: MirrorBuilder| {
        builder
            .on_success(quiet)
            .on_skip(|_: &Target, _: SkipReason| std::panic::resume_unwind(Box::new("here too")))
            .when(|parts| {
                if parts.uri.query().is_some() {
                    std::panic::resume_unwind(Box::new("and here"));
                }
                true
            })
    };
    for sync in [false, true] {
        let mirror = panicking(Mirror::builder().target(shadow.url())).sync(sync);
        let mirror = mirror.build().unwrap();
        let primary = Primary::start(app(&mirror)).await;
        for _ in 0..20 {
            assert_eq!(primary.get("/").await.text(), "primary");
            assert_eq!(primary.get("/?panics").await.text(), "primary");
        }
        let stats = settled(&mirror, 40).await.remove(0);
        assert_eq!(stats.answered, 20, "{stats}");
        assert_eq!(stats.skipped_for(SkipReason::Filtered), 20, "{stats}");
        until("no copy keeps its place", || {
            mirror.stats().targets[0].in_flight == 0
        })
        .await;
    }
}
