//! A replay whose results take long to be kept.

use std::{
    collections::VecDeque,
    sync::atomic::{AtomicBool, Ordering::SeqCst},
};

use mirror_compare::{fixture::ComparedBy, report::Thresholds};
use mirror_record::Response;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    time::timeout,
};

use super::super::*;
use crate::{copy::Destination, schedule::Speed};

const RECORDS: usize = 60;

/// Far more than it takes.
const PATIENCE: Duration = Duration::from_mins(1);

/// A log whose results are kept when all requests were sent.
struct Slow {
    records: VecDeque<Delivery>,
    sent: watch::Receiver<usize>,
    keeping: watch::Sender<bool>,
    is_kept: Arc<AtomicBool>,
}

impl Source for Slow {
    async fn next(&mut self) -> Result<Option<Delivery>, SourceError> {
        Ok(self.records.pop_front())
    }

    fn start(&mut self, _: &Delivery) {}

    fn ack(&mut self, _: &Delivery) {
        self.is_kept.store(false, SeqCst);
    }

    fn nak(&mut self, _: &Delivery) {}

    fn position(&self) -> Option<serde_json::Value> {
        None
    }

    fn keeps(&self) -> bool {
        true
    }

    fn keep(&mut self, found: &Found) -> Pending {
        self.keeping.send_replace(true);
        let (mut sent, is_kept) = (self.sent.clone(), Arc::clone(&self.is_kept));
        let all = found.counts.read;
        Box::pin(async move {
            sent.wait_for(|sent| *sent == RECORDS).await.unwrap();
            is_kept.store(all > 0, SeqCst);
            Ok(())
        })
    }

    fn commit(&mut self) -> Pending {
        Box::pin(std::future::ready(Ok(())))
    }

    fn size(&self) -> u64 {
        RECORDS as u64
    }
}

fn record(number: u64) -> Delivery {
    let request = mirror_record::Request::new("GET", format!("/{number}"));
    let mut record = Record::new(
        RecordId::from_parts(number, number.into()),
        "orders",
        request,
    );
    let mut response = Response::new(200);
    response.body = Some("{}".into());
    record.response = Some(response);
    Delivery {
        token: number,
        record: Ok(Arc::new(record)),
        arrived_ns: number,
        deliveries: 1,
        is_suspect: false,
        weight: 1,
        part: 0,
    }
}

/// Responds to some requests, and to the others when results are being kept.
async fn respond(
    mut client: TcpStream,
    sent: Arc<watch::Sender<usize>>,
    mut keeping: watch::Receiver<bool>,
) {
    const AT_ONCE: usize = 20;

    let mut request = Vec::new();
    loop {
        let mut some = [0; 1024];
        let Ok(read @ 1..) = client.read(&mut some).await else {
            return;
        };
        request.extend(&some[..read]);
        if !request.ends_with(b"\r\n\r\n") {
            continue;
        }
        request.clear();
        let mut number = 0;
        sent.send_modify(|sent| {
            *sent += 1;
            number = *sent;
        });
        if number > AT_ONCE {
            keeping.wait_for(|keeping| *keeping).await.unwrap();
        }
        let response = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}";
        client.write_all(response).await.unwrap();
    }
}

#[tokio::test]
async fn what_was_read_is_sent_while_results_are_being_kept() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let to = format!("http://{}", listener.local_addr().unwrap());
    let (sent, keeping) = (Arc::new(watch::channel(0).0), watch::channel(false).0);
    let source = Slow {
        records: (0..RECORDS as u64).map(record).collect(),
        sent: sent.subscribe(),
        keeping: keeping.clone(),
        is_kept: Arc::default(),
    };
    let is_kept = Arc::clone(&source.is_kept);
    let serving = tokio::spawn(async move {
        loop {
            let (client, _) = listener.accept().await.unwrap();
            tokio::spawn(respond(client, Arc::clone(&sent), keeping.subscribe()));
        }
    });
    let target = Destination::parse(&to).unwrap();
    let target = Target::new(target, Duration::from_secs(30), 1024, 4).unwrap();
    let rules = ComparedBy::default();
    let judge = Judge::new("orders", "target", rules, Thresholds::default(), Vec::new());
    let mut options = Options::new(Selection {
        mirror: "orders".to_owned(),
        ..Selection::default()
    });
    options.pace.speed = Speed::Max;
    options.pace.max_concurrent = 4;
    let (_stop, stopping) = watch::channel(false);
    let counts = Counts::default();
    let judge = Arc::new(judge.unwrap());
    let run = run(source, target, judge, options, counts, stopping, |_| {});
    let ended = timeout(PATIENCE, run).await.expect("it goes on");
    serving.abort();
    assert_eq!(ended.counts.responded, RECORDS as u64, "{ended:?}");
    assert!(is_kept.load(SeqCst), "the last results were kept");
}
