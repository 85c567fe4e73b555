use std::{fs, path::PathBuf};

use mirror_record::{RecordId, Request, Writer};

use super::*;

const S: u64 = 1_000_000_000;

/// Long after 1970.
const T: u64 = 1_795_766_600 * S;

/// A log, which goes away with its test.
struct Log(PathBuf);

impl Log {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("mirror-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    /// A segment of this writer, with a record for each time of arrival.
    fn add(&self, number: u64, writer: u8, arrived: impl IntoIterator<Item = u64>) -> PathBuf {
        let mut file = Writer::with_mark(Vec::new(), [writer; 8]).unwrap();
        for (index, arrived) in (0..).zip(arrived) {
            let id = RecordId::from_parts(number, index);
            let mut record = Record::new(id, "orders", Request::new("GET", "/"));
            record.arrived_ns = arrived;
            record.last_byte_us = Some(1_000);
            file.write(&record).unwrap();
        }
        let path = self.0.join(format!("{number:012}.mrec"));
        fs::write(&path, file.into_inner()).unwrap();
        path
    }
}

impl Drop for Log {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn wait<F: Future>(future: F) -> F::Output {
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    runtime.unwrap().block_on(future)
}

fn all(files: &mut Files) -> Vec<Delivery> {
    let mut all = Vec::new();
    while let Some(delivery) = wait(files.next()).unwrap() {
        all.push(delivery);
    }
    all
}

fn arrived(deliveries: &[Delivery]) -> Vec<u64> {
    let records = deliveries.iter().map(|it| it.record.as_ref().unwrap());
    records.map(|record| (record.arrived_ns - T) / S).collect()
}

fn every(from: u64, step: u64, count: u64) -> impl Iterator<Item = u64> {
    (0..count).map(move |n| T + (from + n * step) * S)
}

#[test]
fn writers_that_overlap_are_merged_and_others_come_one_after_the_other() {
    let log = Log::new("merged");
    // Two take turns, each with two segments; a third begins when they have ended.
    log.add(1, 1, every(0, 2, 50));
    log.add(2, 2, every(1, 2, 80));
    log.add(3, 1, every(100, 2, 50));
    log.add(4, 2, every(161, 2, 20));
    log.add(5, 3, every(200, 1, 50));
    let mut files = Files::open(&log.0, None).unwrap();
    let all = all(&mut files);
    assert_eq!(arrived(&all), (0..250).collect::<Vec<_>>());
    let weight: u64 = all.iter().map(|delivery| delivery.weight).sum();
    assert_eq!(weight, files.size());
}

#[test]
fn a_clock_that_was_set_back_sets_all_writers_of_the_machine_back() {
    let log = Log::new("set-back");
    // By an hour, between two segments of the one, and in the middle of the other.
    log.add(1, 1, every(10_000, 2, 50));
    log.add(2, 2, every(10_001, 2, 50).chain(every(6_501, 2, 50)));
    log.add(3, 1, every(6_500, 2, 50));
    let mut files = Files::open(&log.0, None).unwrap();
    let all = all(&mut files);
    // They stay side by side, as well as it is known: when exactly it was set, nobody says.
    for (place, number) in (0..).zip(arrived(&all)) {
        let expected = if place < 100 {
            10_000 + place
        } else {
            6_400 + place
        };
        let is_at_step = (98..102).contains(&place);
        assert!(
            is_at_step || number.abs_diff(expected) <= 2,
            "{place} {number}"
        );
    }
    let times: Vec<_> = all.iter().map(|delivery| delivery.arrived_ns).collect();
    assert!(times.is_sorted() && times[199] < T + 10_210 * S);
}

#[test]
fn one_wrong_time_holds_no_writer_up() {
    let log = Log::new("wrong");
    let mut wrong: Vec<_> = every(0, 2, 50).collect();
    for (place, time) in [(0, u64::MAX), (30, 1 << 63), (40, 0)] {
        wrong[place] = time;
    }
    log.add(1, 1, wrong);
    log.add(2, 2, every(1, 2, 50));
    let mut files = Files::open(&log.0, None).unwrap();
    let all = all(&mut files);
    let of_second = |delivery: &&Delivery| delivery.arrived_ns % (2 * S) != T % (2 * S);
    assert_eq!(
        all.iter().take(50).filter(of_second).count().abs_diff(25),
        0
    );
}

#[test]
fn more_writers_than_may_be_open_are_all_read() {
    let log = Log::new("many");
    let count = MAX_OPEN as u64 + 40;
    for writer in 0..count {
        let mark = u8::try_from(writer).unwrap();
        log.add(writer + 1, mark, every(writer, 1_000, 5));
    }
    let mut files = Files::open(&log.0, None).unwrap();
    let mut numbers = arrived(&all(&mut files));
    let open = MAX_OPEN as u64;
    // Those that are open are merged.
    assert_eq!(numbers[..64], (0..open).collect::<Vec<_>>());
    numbers.sort_unstable();
    numbers.dedup();
    assert_eq!(numbers.len() as u64, count * 5);
}

/// Each run settles some, and is killed.
#[test]
fn what_is_settled_is_not_read_again_and_the_rest_is() {
    let log = Log::new("resumed");
    log.add(1, 1, every(0, 2, 60));
    log.add(2, 2, every(1, 2, 100));
    log.add(3, 1, every(120, 2, 60));
    log.add(4, 3, every(50, 3, 70));
    let mut settled: BTreeSet<RecordId> = BTreeSet::new();
    let mut position = None;
    let mut random = 7_u64;
    let mut next = || {
        random = random
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        random >> 33
    };
    let mut runs = 0;
    while settled.len() < 290 {
        runs += 1;
        let mut files = Files::open(&log.0, position.as_ref()).unwrap();
        let reads = if runs > 8 { 1_000 } else { next() % 120 };
        let mut read = BTreeSet::new();
        for _ in 0..reads {
            let Some(delivery) = wait(files.next()).unwrap() else {
                assert_eq!(read.len() + settled.len(), 290);
                break;
            };
            let id = delivery.record.as_ref().unwrap().id;
            assert!(!settled.contains(&id), "it was settled");
            assert!(read.insert(id), "it comes twice");
            if next() % 3 > 0 || runs > 8 {
                files.ack(&delivery);
                settled.insert(id);
                read.remove(&id);
            }
        }
        position = files.position();
    }
    assert!(runs > 3);
    let mut files = Files::open(&log.0, position.as_ref()).unwrap();
    assert!(all(&mut files).is_empty());
    assert_eq!(files.size(), 0);
}

#[test]
fn an_end_that_is_torn_is_counted_once() {
    let log = Log::new("torn");
    let path = log.add(1, 1, every(0, 1, 10));
    let file = fs::read(&path).unwrap();
    fs::write(&path, &file[..file.len() - 3]).unwrap();
    log.add(2, 2, every(20, 1, 10));
    let mut files = Files::open(&log.0, None).unwrap();
    let found = all(&mut files);
    assert_eq!((found.len(), files.torn()), (19, 0));
    // A later run finds it.
    let position = files.position();
    for delivery in &found {
        files.ack(delivery);
    }
    assert_eq!(files.torn(), 1);
    let mut files = Files::open(&log.0, position.as_ref()).unwrap();
    for delivery in &all(&mut files) {
        files.ack(delivery);
    }
    assert_eq!(files.torn(), 1);
    let position = files.position();
    let mut files = Files::open(&log.0, position.as_ref()).unwrap();
    assert_eq!((all(&mut files).len(), files.torn()), (0, 0));
}

#[test]
fn numbers_in_a_row_are_kept_as_one() {
    let numbers = BTreeSet::from([1, 2, 3, 7, 9, 10]);
    assert_eq!(ranges(&numbers), [(1, 3), (7, 1), (9, 2)]);
}

/// Which of those that were begun has ended a run is known if it was the only one.
#[test]
fn only_what_ends_runs_alone_is_counted() {
    let log = Log::new("begun");
    log.add(1, 1, every(0, 1, 4));
    let mut position = None;
    let mut notes: Vec<Note> = Vec::new();
    // The first run has all of them in flight when it is killed, the next two only the last.
    for (run, expected) in [[1, 1, 1, 1], [1, 1, 1, 1], [1, 1, 1, 2], [1, 1, 1, 3]]
        .iter()
        .enumerate()
    {
        let mut files = Files::open(&log.0, position.as_ref()).unwrap();
        files.resume(&notes);
        let all = all(&mut files);
        let times: Vec<_> = all.iter().map(|delivery| delivery.deliveries).collect();
        assert_eq!(times, expected);
        let suspects = all.iter().filter(|delivery| delivery.is_suspect).count();
        assert_eq!(suspects, if run == 0 { 0 } else { 4 });
        let begun = if run == 0 { &all[..] } else { &all[3..] };
        notes.push(Note::Run);
        for delivery in begun {
            files.start(delivery);
            let place = files.place(delivery).unwrap();
            notes.push(Note::Begun(place, delivery.deliveries - 1));
        }
        if run == 1 {
            // This one has kept its position meanwhile.
            (position, notes) = (files.position(), Vec::new());
        }
    }
}
