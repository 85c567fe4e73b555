//! The reports in the manual are those of this crate.

use std::{fs, path::Path};

use super::*;
use crate::report::sequential::simulations::Random;

/// So many requests to a route. What the responses say is up to `bodies`: of the primary, the
/// shadow, and the baseline, if there is one.
fn requests(
    recorder: &Recorder,
    random: &mut Random,
    (route, count): (&str, u32),
    bodies: impl Fn(u32, &mut Random) -> [Option<String>; 3],
) {
    for i in 0..count {
        let path = route.replace("{id}", &i.to_string());
        let [primary, shadow, baseline] = bodies(i, random);
        let mut respond = |body: String| {
            let response = BufferedResponse::new(StatusCode::OK, HeaderMap::new(), body);
            let seconds = 0.020 * (random.normal() * 0.2).exp();
            response.with_latency(Duration::from_secs_f64(seconds))
        };
        let primary = respond(primary.unwrap_or_default());
        let mut against = |body: String| {
            let subject = Subject::new(&Method::GET, &path).with_route(route);
            let (mode, rules) = (CompareMode::Json, Rules::default());
            compare(subject, &primary, &respond(body), mode, &rules)
        };
        let baseline = baseline.map(&mut against);
        recorder.record(&mut against(shadow.unwrap_or_default()), baseline.as_ref());
    }
}

fn shown(name: &str, recorder: &Recorder) -> String {
    Report::new(name, vec![recorder.report(Standing::default())]).to_string()
}

/// A shadow that rounds in another way, beside a clock.
fn promoted() -> String {
    let recorder = Recorder::new("rewrite", Thresholds::default()).with_baseline(true);
    let mut random = Random::new(1);
    let body = |i: u32, random: &mut Random| {
        let micros = random.next() % 1_000_000;
        let text = format!(
            r#"{{"at":"09:{:02}:07.{micros:06}","id":{i},"total":12.5}}"#,
            i % 60
        );
        Some(text)
    };
    requests(
        &recorder,
        &mut random,
        ("/orders/{id}", 1_000),
        |i, random| [body(i, random), body(i, random), body(i, random)],
    );
    shown("orders", &recorder)
}

/// A shadow that is right, but for a route that is seldom asked for.
fn held() -> String {
    let recorder = recorder();
    let mut random = Random::new(2);
    let same = |i: u32, _: &mut Random| {
        let body = Some(format!(r#"{{"id":{i},"total":12.5}}"#));
        [body.clone(), body, None]
    };
    requests(&recorder, &mut random, ("/orders/{id}", 5_000), same);
    requests(&recorder, &mut random, ("/invoices/{id}", 10), |i, _| {
        let body = |total: u32| Some(format!(r#"{{"id":{i},"total":{total}}}"#));
        [body(100), body(0), None]
    });
    recorder.not_compared(NotComparedReason::TooLarge, Some("/export"));
    shown("shop", &recorder)
}

/// A shadow that is wrong in one response of twelve.
fn regressed() -> String {
    let recorder = recorder();
    let mut random = Random::new(3);
    requests(&recorder, &mut random, ("/orders/{id}", 1_200), |i, _| {
        let body = |total: &str| Some(format!(r#"{{"id":{i},"total":{total}}}"#));
        let total = if i % 12 == 5 { "12" } else { "12.5" };
        [body("12.5"), body(total), None]
    });
    shown("orders", &recorder)
}

/// With `BLESS=1` they are written there.
#[test]
fn the_reports_of_the_manual_are_real() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../mirror-runtime/docs/verdict.md");
    let written = fs::read_to_string(&path).unwrap();
    let mut manual = written.clone();
    for (name, report) in [
        ("promoted", promoted()),
        ("held", held()),
        ("regressed", regressed()),
    ] {
        let begin = format!("<!-- report: {name} -->\n\n```text\n");
        let from = manual.find(&begin).expect("a place for the report") + begin.len();
        let to = from + manual[from..].find("\n```").expect("its end");
        manual.replace_range(from..to, report.trim_end());
    }
    if std::env::var_os("BLESS").is_some() {
        fs::write(path, &manual).unwrap();
    } else {
        assert!(
            manual == written,
            "the reports of {} are others: BLESS=1",
            path.display()
        );
    }
}
