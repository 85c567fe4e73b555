//! What is remembered of the responses of one target, when all of its tables are full.

use std::{fmt::Write, time::Duration};

use allocation_counter::measure;
use http::{HeaderMap, Method, StatusCode};
use mirror_compare::{
    BufferedResponse, CompareMode, Comparison, Rules, Subject, compare,
    report::{Recorder, Standing, Thresholds},
};

/// What the documentation states.
const BOUND: u64 = 8 << 20;

/// The groups that there is room for, and the places of one.
const GROUPS: usize = 200;
const PLACES: usize = 16;

/// Groups whose places are all the places that there is room for.
const KEPT: usize = 400 / PLACES;

/// Enough for all values, forms and words of a place.
const ROUNDS: usize = 14;

/// A number as letters: keys with digits in them are ids, and ids are one place.
fn letters(number: usize) -> String {
    let letter = |digit: usize| char::from(b'g' + u8::try_from(digit % 20).unwrap());
    [number / 400, number / 20, number]
        .map(letter)
        .iter()
        .collect()
}

/// A list whose elements are not alike, so that each is a place, under a key of nearly 1 KiB. The
/// first is shown. Of a response of the primary (0), the shadow (1) or the baseline (2).
fn document(group: usize, side: usize, text: &dyn Fn(usize) -> String) -> BufferedResponse {
    let mut body = format!("{{\"{}{}\":[", letters(group), "x".repeat(1000));
    for element in 1..PLACES {
        write!(body, "\"{}\",", text(element)).unwrap();
    }
    write!(body, "{side}]}}").unwrap();
    let millis = u64::try_from(group * 3 + side + 1).unwrap();
    BufferedResponse::new(StatusCode::OK, HeaderMap::new(), body)
        .with_latency(Duration::from_millis(millis))
}

fn record(recorder: &Recorder, group: usize, text: impl Fn(usize, usize) -> String) {
    let long = "p".repeat(1100);
    let (path, route) = (format!("/{long}?{group}{long}"), format!("/{group}{long}"));
    let subject = Subject::new(&Method::GET, &path).with_route(&route);
    let sides = [0, 1, 2].map(|side| document(group, side, &|element| text(side, element)));
    let rules = Rules::default();
    let with = |other: usize| -> Comparison {
        compare(subject, &sides[0], &sides[other], CompareMode::Json, &rules)
    };
    recorder.record(&mut with(1), Some(&with(2)));
}

fn fill(recorder: &Recorder) {
    for group in 0..GROUPS {
        // It is longer than what is shown, and looks like a moment.
        record(recorder, group, |side, element| {
            let words = if element == 1 { 110 } else { 1 };
            format!("2024-05-01 {side} {element} {}", "long text ".repeat(words))
        });
    }
    for round in 0..ROUNDS {
        for group in 0..KEPT {
            record(recorder, group, |side, element| {
                // All words differ, and now and then so does what stands between them.
                let between = if side == 1 && round % 5 == 4 {
                    "; "
                } else {
                    " "
                };
                let words = (0..132).map(|at| {
                    let is_upper = at % ROUNDS == round;
                    let letter = [["a", "b", "c"], ["A", "B", "C"]][usize::from(is_upper)][side];
                    format!("{letter}{}", letters(round * PLACES + element))
                });
                words.collect::<Vec<_>>().join(between)
            });
        }
    }
}

#[test]
fn the_evidence_about_a_target_is_bounded() {
    let mut kept = None;
    let allocated = measure(|| {
        let thresholds = Thresholds::default();
        let recorder = Recorder::new("shadow", thresholds).with_baseline(true);
        fill(&recorder);
        kept = Some(recorder);
    });
    let recorder = kept.unwrap();
    let report = recorder.report(Standing::default());
    assert_eq!(report.groups.len(), GROUPS, "the table of groups is full");
    let bytes = u64::try_from(allocated.bytes_current).unwrap();
    println!("the evidence about a target is {} KiB", bytes >> 10);
    assert!(bytes <= BOUND, "{bytes} bytes are more than {BOUND}");
    // Else they are not full, and this shows nothing.
    assert!(bytes > BOUND / 2, "{bytes} bytes are far from {BOUND}");
}
