//! What a baseline takes off the mismatches, and what it does not.

use super::*;

/// Numbers that are the same on every machine.
struct Draw(u64);

impl Draw {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    fn below(&mut self, n: u64) -> u64 {
        self.next() % n
    }
}

/// Who responds.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Role {
    Primary,
    Shadow,
    Baseline,
}

/// What comparisons were told, and the report in the end.
struct Run {
    mismatched: u64,
    report: TargetReport,
}

/// So many requests, to which each role responds with a body of its own.
fn run(requests: u64, body: impl Fn(Role, u64, &mut Draw) -> String) -> Run {
    let recorder = recorder().with_baseline(true);
    let mut draw = Draw(7);
    let mut mismatched = 0;
    for i in 0..requests {
        let [primary, shadow, baseline] =
            [Role::Primary, Role::Shadow, Role::Baseline].map(|role| body(role, i, &mut draw));
        let comparison = with_baseline(&recorder, &primary, &shadow, &baseline);
        mismatched += u64::from(comparison.differs());
    }
    let report = recorder.report(Standing::default());
    assert_eq!(
        report.mismatched, mismatched,
        "what is told is what is counted"
    );
    Run { mismatched, report }
}

impl Run {
    fn group(&self, pointer: &str) -> &DifferenceGroup {
        let mut groups = self.report.groups.iter();
        let group = groups.find(|group| group.pointer == pointer);
        group.unwrap_or_else(|| panic!("no {pointer}: {}", self.report))
    }

    /// All, or nearly all, of so many responses are told, and the place is not called noise.
    fn finds(&self, pointer: &str, wrong: u64) {
        assert!(
            self.mismatched * 10 >= wrong * 8,
            "{} of {wrong}: {}",
            self.mismatched,
            self.report
        );
        let group = self.group(pointer);
        assert!(!group.noise && group.first.is_some(), "{}", self.report);
        assert_ne!(
            self.report.verdict,
            ReportVerdict::Promote,
            "{}",
            self.report
        );
    }

    fn is_quiet(&self) {
        assert!(
            self.mismatched * 100 <= self.report.compared,
            "{} told: {}",
            self.mismatched,
            self.report
        );
        assert_ne!(
            self.report.verdict,
            ReportVerdict::Regressed,
            "{}",
            self.report
        );
        assert!(self.report.shapes.is_empty(), "{}", self.report);
    }
}

fn stamp(draw: &mut Draw) -> String {
    let [minute, second, milli] = [60, 60, 1000].map(|n| draw.below(n));
    format!("2024-05-01T10:{minute:02}:{second:02}.{milli:03}Z")
}

#[test]
fn what_the_old_version_differs_in_as_well_is_noise() {
    let run = run(400, |_, i, draw| {
        format!(r#"{{"at":"{}","a":{i}}}"#, stamp(draw))
    });
    run.is_quiet();
    let report = &run.report;
    assert_eq!((report.matched, report.equal, report.noise), (400, 0, 400));
    assert!(report.groups[0].noise);
    assert_eq!(report.groups[0].baseline_rate, Some(1.0));
    assert_eq!(report.coverage, Some(0.5));
}

#[test]
fn a_difference_of_the_shadow_alone_is_none_of_noise() {
    let recorder = recorder();
    for i in 0..100 {
        let body = |source: &str, total: u8| format!(r#"{{"at":"{source}{i}","total":{total}}}"#);
        // One in ten differs in something else as well.
        let total = if i % 10 == 0 { 2 } else { 1 };
        let comparison = with_baseline(&recorder, &body("p", 1), &body("s", total), &body("b", 1));
        assert_eq!(comparison.is_noise(), total == 1);
        // The baseline may still turn out to differ there.
        assert_eq!(comparison.may_be_noise(), total == 2 && i < 60);
    }
    let report = recorder.report(Standing::default());
    assert_eq!(
        (report.matched, report.noise, report.mismatched),
        (90, 90, 10)
    );
    // Of another type where the old version differs in value is something else.
    let comparison = with_baseline(&recorder, r#"{"at":"x"}"#, r#"{"at":1}"#, r#"{"at":"y"}"#);
    assert!(!comparison.is_noise());
}

#[test]
fn noise_in_more_places_than_are_kept_is_noise() {
    let recorder = recorder();
    let body = |at: u8| {
        format!(
            r#"[{{"id":1}},{}]"#,
            vec![format!(r#"{{"id":1,"at":{at}}}"#); 300].join(",")
        )
    };
    let comparison = with_baseline(&recorder, &body(1), &body(2), &body(3));
    assert!(comparison.more_differences == 200 && comparison.is_noise());
    assert_eq!(recorder.report(Standing::default()).noise, 1);
}

#[test]
fn without_a_baseline_nothing_is_noise() {
    let recorder = recorder();
    record(&recorder, 5, r#"{"at":1}"#, r#"{"at":2}"#);
    let report = recorder.report(Standing::default());
    assert_eq!((report.noise, report.mismatched), (0, 5));
    assert_eq!(report.groups[0].shadow_rate, None);
}

#[test]
fn where_all_of_the_body_is_noise_nothing_was_compared() {
    for (primary, shadow, baseline) in [
        // Not signed in; staging is empty; the nonce of a page.
        (r#"{"a":1}"#, "<html>Sign in</html>", "<html>Sign in</html>"),
        (r#"{"a":1}"#, "", ""),
        ("<p nonce='1'>", "<p nonce='2'>", "<p nonce='3'>"),
        (r#"{"at":1}"#, r#"{"at":2}"#, r#"{"at":3}"#),
    ] {
        let recorder = recorder();
        for _ in 0..10 {
            let comparison = with_baseline(&recorder, primary, shadow, baseline);
            let all_noise = Verdict::NotCompared(NotComparedReason::AllNoise);
            assert_eq!(comparison.verdict, all_noise, "{shadow}");
        }
        let report = recorder.report(Standing::default());
        assert_eq!((report.compared, report.not_compared), (0, 10));
        assert_eq!(report.not_compared_for(NotComparedReason::AllNoise), 10);
    }
}

#[test]
fn a_reason_agrees_with_the_rate_of_matches() {
    // Tables are wrong, at the place at which pages are noise: the first ones are forgiven.
    let few = run(200, |role, i, draw| match (i % 20, role) {
        (7, Role::Shadow) => "id;total".to_owned(),
        (7, _) => "id,total".to_owned(),
        _ => format!("<html nonce={}>", draw.next()),
    });
    let (rate, reason) = (few.report.match_rate.unwrap().rate, &few.report.reason);
    let expected = "the shadow alone differs in 10 of 10 responses, the baseline alone in 0";
    assert_eq!(reason.contains(expected), rate >= 0.95, "{}", few.report);
    assert_eq!(reason.contains("match rate"), rate < 0.95, "{reason}");
    // A place of pages that were not compared differs in no more responses than there are.
    let more = run(300, |role, i, draw| match (i % 20, role) {
        (7, Role::Shadow) => "id;total".to_owned(),
        (7, _) => "id,total".to_owned(),
        _ => format!("<html nonce={}>", draw.next()),
    });
    let reason = &more.report.reason;
    assert!(
        reason.contains("(body) differs in 300 of 300 responses"),
        "{reason}"
    );
}

#[test]
fn a_mismatch_without_the_baselines_response_is_not_compared() {
    let recorder = recorder().with_baseline(true);
    record(&recorder, 3, "{}", "{}");
    record(&recorder, 2, r#"{"a":1}"#, r#"{"a":2}"#);
    let report = recorder.report(Standing::default());
    assert_eq!((report.matched, report.mismatched), (3, 0));
    assert_eq!(report.not_compared_for(NotComparedReason::NoBaseline), 2);
}

#[test]
fn a_column_of_a_tuple_is_no_noise_because_another_is() {
    let run = run(400, |role, _, draw| {
        let wrong = if role == Role::Shadow { 999 } else { 100 };
        format!(r#"{{"row":[{},{wrong}],"id":1}}"#, draw.next())
    });
    run.finds("/row/*", 400);
}

#[test]
fn an_element_more_than_the_old_version_differs_in_is_no_noise() {
    let run = run(400, |role, _, draw| {
        let at = |wrong: bool| if wrong { 1 } else { 2 };
        let first = draw.next();
        format!(
            r#"{{"id":1,"list":[{{"at":{first}}},{{"at":{}}}]}}"#,
            at(role == Role::Shadow)
        )
    });
    run.finds("/list/*/at", 400);
}

#[test]
fn values_that_are_foreign_to_the_old_version_are_found() {
    type Body = fn(Role, u64, &mut Draw) -> String;
    let cases: [(&str, u64, Body); 9] = [
        ("of another zone", 1, |role, _, draw| {
            let stamp = stamp(draw);
            if role == Role::Shadow {
                stamp.replace("T10", "T12")
            } else {
                stamp
            }
        }),
        ("of another format", 1, |role, _, draw| {
            let stamp = stamp(draw);
            if role == Role::Shadow {
                stamp.replace('T', " ")
            } else {
                stamp
            }
        }),
        ("always 1970", 1, |role, _, draw| {
            let stamp = stamp(draw);
            if role == Role::Shadow {
                "1970-01-01T00:00:00.000Z".to_owned()
            } else {
                stamp
            }
        }),
        ("a counter that was an id", 1, |role, i, draw| {
            if role == Role::Shadow {
                i.to_string()
            } else {
                format!("{:016x}", draw.next())
            }
        }),
        ("a state that is unknown", 10, |role, i, draw| {
            let state = if draw.below(10) == 0 {
                "PENDING"
            } else {
                "PAID"
            };
            if role == Role::Shadow && i % 10 == 0 {
                "UNKNOWN"
            } else {
                state
            }
            .to_owned()
        }),
        ("another host", 1, |role, _, draw| {
            let host = if role == Role::Shadow { "evil" } else { "shop" };
            format!("https://{host}.example.com/orders/{}", draw.next())
        }),
        ("a token without its role", 1, |role, _, draw| {
            let role = if role == Role::Shadow {
                ""
            } else {
                "cm9sZTphZG1pbjpyb2xlOmFkbWlu"
            };
            format!(
                "eyJhbGciOiJIUzI1NiJ9.{:016x}{role}.{:016x}",
                draw.next(),
                draw.next()
            )
        }),
        ("a price in a page", 1, |role, _, draw| {
            let price = if role == Role::Shadow {
                "0.00"
            } else {
                "19.99"
            };
            format!("<p nonce='{:x}'>only {price} EUR</p>", draw.next())
        }),
        ("a field of JSON in a text", 1, |role, _, draw| {
            let total = if role == Role::Shadow { 6 } else { 5 };
            format!(r#"{{\"at\":{},\"total\":{total}}}"#, draw.next())
        }),
    ];
    for (name, every, text) in cases {
        let run = run(600, |role, i, draw| {
            format!(r#"{{"id":7,"name":"Ann","it":"{}"}}"#, text(role, i, draw))
        });
        println!("{name}");
        run.finds("/it", 600 / every);
        assert!(!run.report.shapes.is_empty() && run.report.shapes[0].pointer == "/it");
    }
}

#[test]
fn one_wrong_price_in_a_shuffled_list_is_found() {
    let list = |wrong: fn(Role, u64) -> bool| {
        move |role: Role, i: u64, draw: &mut Draw| {
            let mut all: Vec<u64> = (0..8).collect();
            for i in (1..8_u8).rev() {
                let other = usize::try_from(draw.below(u64::from(i) + 1)).unwrap();
                all.swap(usize::from(i), other);
            }
            let price = |k: u64| k * 10 + 100 + u64::from(k == 3 && wrong(role, i));
            let list = all
                .iter()
                .map(|k| format!(r#"{{"id":{k},"price":{}}}"#, price(*k)));
            format!(r#"{{"list":[{}]}}"#, list.collect::<Vec<_>>().join(","))
        }
    };
    run(400, list(|role, _| role == Role::Shadow)).finds("/list/*/price", 400);
    let some = |role, i| role == Role::Shadow && i % 10 == 0;
    run(1000, list(some)).finds("/list/*/price", 100);
    run(400, list(|_, _| false)).is_quiet();
}

#[test]
fn a_value_that_the_shadow_never_has_is_found() {
    let run = run(1000, |role, i, draw| {
        let flag = role == Role::Shadow || draw.below(2) == 0;
        format!(r#"{{"id":{i},"name":"Ann","flag":{flag}}}"#)
    });
    let group = run.group("/flag");
    assert!(!group.noise, "{}", run.report);
    // Where the primary has it and the shadow does not, that is told.
    assert!((350..=550).contains(&run.mismatched), "{}", run.report);
}

#[test]
fn a_shadow_that_is_without_the_errors_of_the_old_version_is_not_blamed() {
    let run = run(2000, |role, i, draw| {
        let state = match (role, draw.below(20)) {
            (Role::Primary | Role::Baseline, 0) => "PENDING",
            _ => "PAID",
        };
        format!(r#"{{"id":{i},"name":"Ann","state":"{state}"}}"#)
    });
    run.is_quiet();
}

#[test]
fn a_number_far_outside_of_those_of_the_old_version_is_found() {
    let run = run(1000, |role, i, draw| {
        let wrong = role == Role::Shadow && i % 10 == 0;
        let number = if wrong { 900 } else { draw.below(10) };
        format!(
            r#"{{"id":7,"it":{number}.{:09}}}"#,
            draw.below(1_000_000_000)
        )
    });
    run.finds("/it", 100);
}

#[test]
fn values_like_those_of_the_old_version_are_not_foreign() {
    type Text = fn(Role, u64, &mut Draw) -> String;
    let cases: [(&str, Text); 12] = [
        ("stamps", |_, _, draw| format!("\"{}\"", stamp(draw))),
        ("ids", |_, _, draw| format!("\"{:016x}\"", draw.next())),
        ("short ids", |_, _, draw| {
            format!("\"ref {:08x}\"", draw.below(1 << 32))
        }),
        ("counters of processes", |role, i, _| {
            (i * (role as u64 + 2) + role as u64).to_string()
        }),
        ("counters in texts", |role, i, _| {
            format!("\"req-{}\"", i * (role as u64 + 2))
        }),
        ("a few names", |_, _, draw| {
            format!("\"web-{}\"", draw.below(8))
        }),
        ("times", |_, _, draw| {
            format!("\"{}ms\"", 3 + draw.below(40))
        }),
        ("jitter", |_, _, draw| {
            format!("0.731{:09}", draw.below(1_000_000_000))
        }),
        ("a late write", |_, _, draw| {
            if draw.below(30) == 0 { "null" } else { "7" }.to_owned()
        }),
        ("chance", |_, _, draw| (draw.below(2) == 0).to_string()),
        ("text of any length", |_, _, draw| {
            let words = 1 + draw.below(5);
            format!(
                "\"{}\"",
                (0..words)
                    .map(|_| draw.below(100).to_string())
                    .collect::<Vec<_>>()
                    .join(" ")
            )
        }),
        ("base64", |_, _, draw| {
            let signs = b"abcXYZ019-_";
            let text = (0..40).map(|_| char::from(signs[usize::try_from(draw.below(11)).unwrap()]));
            format!("\"{}\"", text.collect::<String>())
        }),
    ];
    for (name, text) in cases {
        let run = run(700, |role, i, draw| {
            format!(r#"{{"id":{i},"name":"Ann","it":{}}}"#, text(role, i, draw))
        });
        println!("{name}");
        run.is_quiet();
    }
}

#[test]
fn a_baseline_with_other_data_forgives_nothing() {
    let run = run(400, |role, i, _| {
        let total = if role == Role::Primary { 20 } else { 0 };
        format!(r#"{{"id":{i},"name":"Ann","total":{total}}}"#)
    });
    run.finds("/total", 400);
}

#[test]
fn a_baseline_that_differs_in_most_of_the_document_is_unfit() {
    let noisy = |role: Role, _: u64, draw: &mut Draw| {
        let n = u8::from(role != Role::Shadow);
        let fields: Vec<_> = (0..5)
            .map(|k| format!(r#""{}":{}"#, ["a", "b", "c", "d", "e"][k], draw.next()))
            .collect();
        format!(r#"{{"id":7,"n":{n},{}}}"#, fields.join(","))
    };
    let run = run(100, noisy);
    assert_eq!(run.report.unfit_baseline, Some(UnfitBaseline::Content(1.0)));
    assert_ne!(run.report.verdict, ReportVerdict::Promote);
}

#[test]
fn a_baseline_that_is_broken_confirms_no_shadow_that_is_broken() {
    let recorder = recorder();
    let broken = || BufferedResponse::new(StatusCode::INTERNAL_SERVER_ERROR, HeaderMap::new(), "");
    let compare = |shadow: &BufferedResponse| {
        let (mode, rules) = (CompareMode::Json, Rules::default());
        super::compare(SUBJECT, &response("{}", 20), shadow, mode, &rules)
    };
    for _ in 0..380 {
        recorder.record(&mut compared("{}", "{}"), Some(&compared("{}", "{}")));
    }
    for _ in 0..50 {
        recorder.record(&mut compare(&broken()), Some(&compare(&broken())));
    }
    let report = recorder.report(Standing::default());
    assert!(matches!(
        report.unfit_baseline,
        Some(UnfitBaseline::Status(_))
    ));
    assert_ne!(report.verdict, ReportVerdict::Promote);
    let reason = "the baseline is unfit: it has another status in 11.6 %";
    assert!(report.reason.contains(reason), "{report}");
}

#[test]
fn rare_noise_at_many_places_is_not_told() {
    // Each place is met about once by each.
    let noise = |of: fn(usize) -> String| {
        run(800, move |_, _, draw| {
            let fields = (0..150).map(|k| format!(r#""{}":{}"#, of(k), draw.below(800) == 0));
            format!(r#"{{"id":"x",{}}}"#, fields.collect::<Vec<_>>().join(","))
        })
    };
    noise(|k| format!("f{k:03}")).is_quiet();
    let letter = |k: usize| char::from(b'a' + u8::try_from(k % 26).unwrap());
    assert_eq!(letter(1), 'b');
    noise(|k| "k".repeat(k + 1)).is_quiet();
}

#[test]
fn sets_of_places_by_the_thousand_are_still_noise() {
    let run = run(2500, |_, i, draw| {
        let fields = (0..14).map(|k| format!(r#""{}":{}"#, "k".repeat(k + 1), draw.below(2)));
        format!(r#"{{"id":{i},{}}}"#, fields.collect::<Vec<_>>().join(","))
    });
    run.is_quiet();
}

#[test]
fn a_difference_that_begins_late_has_room_behind_any_number_of_keys() {
    let run = run(900, |role, i, draw| {
        let key = |draw: &mut Draw| {
            (0..8)
                .map(|_| char::from(b'a' + u8::try_from(draw.below(26)).unwrap()))
                .collect::<String>()
        };
        let total = if role == Role::Shadow && i >= 600 {
            2
        } else {
            1
        };
        format!(r#"{{"by_name":{{"{}":1}},"total":{total}}}"#, key(draw))
    });
    run.finds("/total", 300);
    assert!(run.report.other_differences > 0);
}

#[test]
fn a_place_behind_a_hundred_noisy_ones_keeps_its_example() {
    let run = run(100, |role, _, draw| {
        let list = (0..200).map(|k| format!(r#"{{"id":{k},"at":{}}}"#, draw.next()));
        let total = if role == Role::Shadow { 2 } else { 1 };
        format!(
            r#"{{"list":[{}],"total":{total}}}"#,
            list.collect::<Vec<_>>().join(",")
        )
    });
    run.finds("/total", 100);
    let first = run.group("/total").first.clone().unwrap();
    assert_eq!(first.difference.shadow.as_deref(), Some("2"));
}

#[test]
fn a_secret_is_remembered_as_a_form_only() {
    let mut rules = Rules::default();
    rules.redact("/card").unwrap();
    let recorder = recorder();
    let compared = |other: &str| {
        let [one, other] = ["4111-secret", other]
            .map(|card| response(format!(r#"{{"id":1,"card":"{card}"}}"#), 1));
        compare(SUBJECT, &one, &other, CompareMode::Json, &rules)
    };
    for _ in 0..40 {
        recorder.record(&mut compared("4242-hidden"), Some(&compared("4343-old")));
    }
    let evidence = recorder.evidence();
    let written = serde_json::to_string(&evidence).unwrap();
    let report = recorder.report(Standing::default());
    for text in [written, report.to_string(), format!("{evidence:?}")] {
        assert!(
            ["4111", "4242", "4343"]
                .iter()
                .all(|secret| !text.contains(secret)),
            "{text}"
        );
    }
}

#[test]
fn without_the_baselines_response_a_mismatch_may_be_noise() {
    let recorder = recorder().with_baseline(true);
    for _ in 0..428 {
        with_baseline(&recorder, "{}", "{}", "{}");
    }
    let mut comparison = compared("[1]", "[2]");
    recorder.record(&mut comparison, None);
    assert!(!comparison.differs());
    // A match is one, and no evidence.
    record(&recorder, 10, "{}", "{}");
    let report = recorder.report(Standing::default());
    assert_eq!(
        (report.responses, report.matched, report.mismatched),
        (Paired::new(428, 0, 0), 438, 0)
    );
    assert_eq!(report.not_compared_for(NotComparedReason::NoBaseline), 1);
    assert_eq!(report.verdict, ReportVerdict::Promote, "{report}");
    record(&recorder, 50, "[1]", "[2]");
    let report = recorder.report(Standing::default());
    assert_eq!(report.verdict, ReportVerdict::Hold);
    assert!(
        report
            .reason
            .starts_with("10.5 % differ, and the baseline gave no response"),
        "{report}"
    );
}

#[test]
fn only_what_the_shadow_adds_to_the_noise_is_evidence() {
    let recorder = recorder().with_baseline(true);
    for i in 0..400 {
        let [shadow, baseline] = match i % 8 {
            0 => ["[2,0]", "[1,0]"],
            1 => ["[1,0]", "[2,0]"],
            2 => ["[2,0]", "[3,0]"],
            _ => ["[1,0]", "[1,0]"],
        };
        with_baseline(&recorder, "[1,0]", shadow, baseline);
    }
    let report = recorder.report(Standing::default());
    assert_eq!(report.responses, Paired::new(400, 50, 50));
    assert_eq!(report.verdict, ReportVerdict::Hold);
    let advice = "noise at /0 in 25 %: `ignore = [\"/0\"]` would save comparisons";
    assert!(report.reason.ends_with(advice), "{report}");
}
