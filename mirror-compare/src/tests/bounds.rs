//! Nothing grows with what a shadow sends.

use super::*;
use crate::model::MAX_BYTES;

#[test]
fn a_hundred_differences_are_kept_and_the_others_counted() {
    let many = |value: u8| format!("[{}]", vec![format!(r#"{{"id":{value}}}"#); 1000].join(","));
    let compared = json(&many(1), &many(2), &Rules::default());
    assert_eq!((compared.differences.len(), compared.more), (100, 900));
    let groups: Vec<_> = compared
        .places
        .iter()
        .map(|(place, tally)| (&*place.pattern, tally.count))
        .collect();
    assert_eq!(groups, [("/*/id", 1000)]);
}

#[test]
fn groups_are_bounded_and_the_others_counted() {
    let keys = (0..500).map(|i| format!(r#""{}":{{"a{i}":1}}"#, "k".repeat(i + 1)));
    let keys: Vec<String> = keys.collect();
    let compared = json(&format!("{{{}}}", keys.join(",")), "{}", &Rules::default());
    assert_eq!(
        (compared.places.iter().count(), compared.places.others()),
        (200, 300)
    );
}

#[test]
fn values_and_pointers_are_cut() {
    let long = "é\\n".repeat(20_000);
    let nested = format!("{}1{}", r#"{"a":["#.repeat(60), "]}".repeat(60));
    for (primary, shadow) in [
        (format!(r#"{{"a":"{long}"}}"#), r#"{"a":""}"#.to_owned()),
        (format!(r#"{{"{long}":1}}"#), "{}".to_owned()),
        (format!(r#"{{"{long}":{{"{long}":1}}}}"#), "{}".to_owned()),
        ("9".repeat(100_000), "1".to_owned()),
        (
            format!("[{}]", vec!["1"; 50_000].join(",")),
            "{}".to_owned(),
        ),
        (format!("[{nested}]"), "7".to_owned()),
        (long.clone(), "x".to_owned()),
    ] {
        let compared = json(&primary, &shadow, &Rules::default());
        assert!(!compared.differences.is_empty());
        for difference in &compared.differences {
            let values = [&difference.primary, &difference.shadow]
                .into_iter()
                .flatten();
            for text in values.chain([&difference.pointer]) {
                assert!(text.len() <= MAX_BYTES, "{text}");
            }
        }
        for (place, tally) in compared.places.iter() {
            assert!(place.pattern.len().max(tally.group.pattern.len()) <= MAX_BYTES);
            for shape in [&tally.shapes.primary, &tally.shapes.other] {
                let value = shape.value.as_ref().map_or(0, String::len);
                assert!(shape.form.len().max(value) <= 256, "{shape:?}");
            }
        }
    }
}

#[test]
fn what_takes_too_much_work_is_given_up() {
    // No two are within the tolerance, so that every pair has to be looked at.
    let rules = rules(|rules| {
        rules.unordered("")?;
        rules.tolerance("/*/x", 0.1)
    });
    let many = |offset: usize| {
        let numbers: Vec<String> = (0..5000)
            .map(|i| format!(r#"{{"x":{}}}"#, 2 * i + offset))
            .collect();
        format!("[{}]", numbers.join(","))
    };
    let verdict = json(&many(0), &many(1), &rules).verdict;
    assert_eq!(verdict, not_compared(NotComparedReason::Budget));
    assert_eq!(
        json(&many(0), &many(0).replace("\"x\"", " \"x\""), &rules).verdict,
        Verdict::Match
    );
}

#[test]
fn short_numbers_that_stand_far_apart_are_subtracted_all_the_same() {
    let rules = rules(|rules| {
        rules.unordered("")?;
        rules.tolerance("/*", 0.1)
    });
    let many = |number: &str| format!("[{}]", [number; 300].join(","));
    for (one, other, verdict) in [
        ("1e900", "1", Verdict::Mismatch),
        ("1e-99999", "0", Verdict::Match),
        ("1e999999999999", "1e999999999998", Verdict::Mismatch),
    ] {
        assert_eq!(json(&many(one), &many(other), &rules).verdict, verdict);
    }
}

#[test]
fn many_differences_under_a_long_key_are_given_up() {
    let many =
        |key: &str, value: &str| format!(r#"{{"{key}":[{}]}}"#, vec![value; 50_000].join(","));
    let [long, short] = ["9".repeat(100_000), "9".to_owned()];
    let compared = json(&many(&long, "1"), &many(&long, "2"), &Rules::default());
    assert_eq!(
        (compared.verdict, compared.differences.len()),
        (Verdict::Mismatch, 100)
    );
    assert_eq!(
        compared.notes,
        ["too much work: there may be more differences"]
    );
    let compared = json(&many(&short, "1"), &many(&short, "2"), &Rules::default());
    assert_eq!((compared.more, compared.notes), (49_900, vec![]));
}

#[test]
fn large_multisets_are_matched() {
    let rules = rules(|rules| {
        rules.unordered("")?;
        rules.tolerance("/*", 0.5)
    });
    let list = |numbers: Vec<usize>| format!("{numbers:?}");
    let primary = list((0..20_000).collect());
    let shadow = list((0..20_000).rev().collect());
    assert_eq!(json(&primary, &shadow, &rules).verdict, Verdict::Match);
    let same = list(vec![7; 20_000]);
    assert_eq!(
        json(&same, &same.replacen('7', "7.1", 1), &rules).verdict,
        Verdict::Match
    );
}

#[test]
fn deep_documents_are_compared_on_a_small_stack() {
    let deep = |inner: u8| format!("{}{inner}{}", "[".repeat(128), "]".repeat(128));
    let rules = rules(|rules| rules.unordered(&"/*".repeat(127)));
    let compare = move || json(&deep(1), &deep(2), &rules).differences.len();
    let thread = std::thread::Builder::new()
        .stack_size(1 << 20)
        .spawn(compare)
        .unwrap();
    assert_eq!(thread.join().unwrap(), 1);
}
