//! Comparisons that panic.

use std::{
    collections::VecDeque,
    panic::resume_unwind,
    sync::atomic::{AtomicUsize, Ordering::SeqCst},
};

use mirror_compare::{
    CompareMode, NotComparedReason, Verdict, fixture::ComparedBy, report::Thresholds,
};
use mirror_record::{Outcome as RecordOutcome, Request as RecordedRequest, Response};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

use super::super::*;
use crate::{copy::Destination, schedule::Speed};

/// Records in memory.
struct Records {
    left: VecDeque<Delivery>,
    settled: Arc<AtomicUsize>,
}

impl Source for Records {
    async fn next(&mut self) -> Result<Option<Delivery>, SourceError> {
        Ok(self.left.pop_front())
    }

    fn start(&mut self, _: &Delivery) {}

    fn ack(&mut self, _: &Delivery) {
        self.settled.fetch_add(1, SeqCst);
    }

    fn nak(&mut self, delivery: &Delivery) {
        self.left.push_back(delivery.clone());
    }

    fn position(&self) -> Option<serde_json::Value> {
        None
    }

    fn commit(&mut self) -> Pending {
        Box::pin(std::future::ready(Ok(())))
    }

    fn size(&self) -> u64 {
        1
    }
}

fn record(number: u128) -> Record {
    let request = RecordedRequest::new("POST", format!("/orders/{number}"));
    let id = RecordId::from_parts(1, number);
    let mut record = Record::new(id, "orders", request);
    record.response = Some(Response::new(200));
    record.response.as_mut().unwrap().body = Some("recorded".into());
    record.outcome = RecordOutcome::Complete;
    record
}

fn judge() -> Judge {
    let judge = Judge::new(
        "orders",
        "rewrite",
        ComparedBy::default(),
        Thresholds::default(),
        Vec::new(),
    );
    judge.unwrap()
}

/// A server that counts the requests that it has responded to.
async fn server() -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let sent = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&sent);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let counted = Arc::clone(&counted);
            tokio::spawn(async move {
                let mut head = Vec::new();
                while !head.ends_with(b"\r\n\r\n") {
                    head.push(stream.read_u8().await.unwrap());
                }
                counted.fetch_add(1, SeqCst);
                let odd = head
                    .windows(10)
                    .any(|at| at == b"/orders/3 " || at == b"/orders/7 ");
                let body = if odd { "odd" } else { "new" };
                let response = format!(
                    "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 3\r\n\r\n{body}"
                );
                stream.write_all(response.as_bytes()).await.unwrap();
            });
        }
    });
    (url, sent)
}

#[tokio::test]
async fn a_comparison_that_panics_is_counted_with_its_reason_and_stops_nothing() {
    let (url, sent) = server().await;
    let judge = judge().with_mode(CompareMode::Custom(|_, shadow| {
        if shadow.body() == "odd" {
            resume_unwind(Box::new("as code may"));
        }
        Verdict::Match
    }));
    let judge = Arc::new(judge);
    let settled = Arc::new(AtomicUsize::new(0));
    let records = Records {
        left: (0..10)
            .map(|number| Delivery {
                token: number,
                record: Ok(Arc::new(record(number.into()))),
                arrived_ns: number,
                deliveries: 1,
                is_suspect: false,
                weight: 1,
                part: 0,
            })
            .collect(),
        settled: Arc::clone(&settled),
    };
    let mut options = Options::new(Selection {
        mirror: "orders".to_owned(),
        ..Selection::default()
    });
    options.pace.speed = Speed::Max;
    let destination = Destination::parse(&url).unwrap();
    let target = Target::new(destination, Duration::from_secs(30), 1 << 20, 8).unwrap();
    let (_stop, stopped) = watch::channel(false);
    let counts = Counts::default();
    let ended = run(
        records,
        target,
        Arc::clone(&judge),
        options,
        counts,
        stopped,
        |_| {},
    )
    .await;
    assert_eq!((ended.counts.read, ended.counts.responded), (10, 10));
    assert_eq!((ended.counts.unreplayable, ended.counts.mismatched), (0, 0));
    assert_eq!(settled.load(SeqCst), 10);
    // None was sent twice.
    assert_eq!(sent.load(SeqCst), 10);
    let (_, report) = judge.report(ended.counts.responded, ended.counts.failed());
    assert_eq!((report.compared, report.not_compared), (8, 2));
    assert_eq!(report.not_compared_for(NotComparedReason::Panicked), 2);
}

#[tokio::test]
async fn a_panic_around_a_comparison_is_one_of_it() {
    let panics = || resume_unwind(Box::new("as a bug may"));
    let judged = compared_aside(panics).await;
    assert!(matches!(judged, Some(Judged::Panicked)), "{judged:?}");
    let judge = judge();
    judge.note(&record(1), &mut judged.unwrap());
    let (_, report) = judge.report(1, 0);
    assert_eq!(report.not_compared_for(NotComparedReason::Panicked), 1);
    let judged = compared_aside(|| Judged::NothingRecorded).await;
    assert!(
        matches!(judged, Some(Judged::NothingRecorded)),
        "{judged:?}"
    );
}
