//! Records that are read from the stream.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::{Duration, Instant},
};

use async_nats::jetstream;
use futures_util::future::join_all;
use mirror_fleet::{NatsReader, ReadRecord, ReaderOptions, subject};
use testkit::nats::{NatsServer, programs};
use tokio::{
    runtime::{Builder, Runtime},
    time::{interval, timeout},
};

use super::support::*;

/// So many records that a wait with each batch of them would be noticed.
const RECORDS: usize = 3000;

/// How long no record may come while there are some: less than the timers of a client that waits for
/// nothing.
const LONGEST_GAP: Duration = Duration::from_secs(30);

/// Far more than all of it takes.
const PATIENCE: Duration = Duration::from_mins(3);

fn runtime(workers: usize) -> Runtime {
    let mut builder = Builder::new_multi_thread();
    builder.worker_threads(workers).enable_all();
    builder.build().unwrap()
}

/// A stream with so many records in each shard: their bodies are `{shard} {number}`, filled up.
pub(crate) async fn write(server: &NatsServer, shards: u16, each: usize, size: usize) {
    ready(&sink(server)).await;
    let client = async_nats::connect(server.url()).await.unwrap();
    let context = jetstream::new(client);
    let mut acks = Vec::new();
    for number in 0..each {
        for shard in 0..shards {
            let body = format!("{shard} {number} {}", " ".repeat(size));
            let sent = context.publish(subject("orders", shard), body.into());
            acks.push(sent.await.unwrap().into_future());
            if acks.len() == 100 {
                for ack in join_all(acks.drain(..)).await {
                    ack.unwrap();
                }
            }
        }
    }
    for ack in join_all(acks).await {
        ack.unwrap();
    }
}

fn read_of(record: &ReadRecord) -> (u16, usize) {
    let body = std::str::from_utf8(&record.payload).unwrap().trim_end();
    let (shard, number) = body.split_once(' ').unwrap();
    (shard.parse().unwrap(), number.parse().unwrap())
}

/// Reads to the end, and settles each record at once.
async fn read_all(server: &NatsServer, consumer: &str) -> Vec<(u16, usize)> {
    let options = ReaderOptions::new("orders", consumer);
    let mut reader = NatsReader::open(&connection(server), &options)
        .await
        .unwrap();
    let mut commits = interval(Duration::from_millis(50));
    let mut read = Vec::new();
    let mut came = Instant::now();
    loop {
        tokio::select! {
            biased;
            _ = commits.tick() => {
                assert!(came.elapsed() < LONGEST_GAP, "{} have come", read.len());
                reader.commit().await.unwrap();
            }
            next = reader.next() => {
                let Some(record) = next.unwrap() else { break };
                came = Instant::now();
                read.push(read_of(&record));
                reader.ack(record.sequence);
            }
        }
    }
    reader.commit().await.unwrap();
    reader.remove_consumers().await;
    read
}

/// Each of its shards whole, once, and in the order in which it was written.
fn assert_is_whole(read: &[(u16, usize)], shards: u16, each: usize) {
    let mut by_shard = BTreeMap::<u16, Vec<usize>>::new();
    for (shard, number) in read {
        by_shard.entry(*shard).or_default().push(*number);
    }
    assert_eq!(by_shard.len(), usize::from(shards));
    for numbers in by_shard.values() {
        assert!(numbers.iter().copied().eq(0..each), "{numbers:?}");
    }
}

/// The client's own stream counts what it has asked for after it has asked. If the records were
/// faster, it took them for still to come, and asked for no more for half a minute.
#[test]
fn nothing_is_waited_for_while_there_are_records() {
    for (version, program) in programs() {
        for shards in [1, 2] {
            let server = NatsServer::of(&program, "");
            runtime(2).block_on(write(&server, shards, RECORDS, 0));
            for workers in [2, 3, 4] {
                let read = runtime(workers).block_on(async {
                    let all = read_all(&server, "replay");
                    timeout(PATIENCE, all).await
                });
                let of = format!("{version}, {shards} shards, {workers} workers");
                assert_is_whole(&read.expect(&of), shards, RECORDS);
            }
        }
    }
}

#[test]
fn readers_of_one_consumer_share_its_records_and_all_come_to_the_end() {
    for (version, program) in programs() {
        let server = NatsServer::of(&program, "");
        runtime(2).block_on(write(&server, 2, 2000, 0));
        for _ in 0..3 {
            let read = runtime(4).block_on(async {
                let all = join_all((0..4).map(|_| read_all(&server, "replay")));
                timeout(PATIENCE, all).await.expect(version)
            });
            let shares: Vec<_> = read.iter().map(Vec::len).collect();
            let all: BTreeSet<_> = read.iter().flatten().copied().collect();
            assert_eq!(all.len(), 4000, "{version}: {shares:?}");
            assert_eq!(shares.iter().sum::<usize>(), 4000, "{version}: {shares:?}");
        }
    }
}

/// The bound of bytes ends requests early, and stops no record: not even one that is larger than
/// any that the server would take now.
#[test]
fn large_records_are_read_as_well() {
    for (version, program) in programs() {
        let mut server = NatsServer::of(&program, "max_payload: 12MB");
        let runtime = runtime(3);
        let read = |server: &NatsServer| {
            let read =
                runtime.block_on(async { timeout(PATIENCE, read_all(server, "replay")).await });
            read.expect(version)
        };
        runtime.block_on(write(&server, 1, 5, 6_000_000));
        assert_is_whole(&read(&server), 1, 5);
        server.restart_with("max_payload: 1MB");
        assert_is_whole(&read(&server), 1, 5);
    }
}
