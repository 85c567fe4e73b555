//! Screens, compared with the files in `snapshots`. To write them anew: `UPDATE_SNAPSHOTS=1 cargo
//! test -p mirror-cli --bins`.

use std::{
    env, fs,
    path::Path,
    time::{Duration, Instant},
};

use ratatui::{
    Terminal,
    backend::TestBackend,
    crossterm::event::{KeyCode, KeyEvent, KeyModifiers},
    style::{Color, Modifier},
};
use serde_json::{Value, json};

use super::{
    super::{feed::Heard, model::Flow},
    *,
};
use crate::{
    client::{Failure, Kind},
    sample::{HOSTILE, mirror, of_fleet, snapshot, target},
    text,
};

const SMALL: (u16, u16) = (80, 24);
const LARGE: (u16, u16) = (200, 50);

fn model() -> Model {
    Model::new("http://localhost:8080/admin/mirror", false, false)
}

fn hear(model: &mut Model, snapshot: Value, at: Instant) {
    let snapshot = serde_json::from_value(snapshot).unwrap();
    model.hear(Heard::new(snapshot, model.of_fleet), at);
}

fn heard(snapshot: Value) -> Model {
    let mut model = model();
    hear(&mut model, snapshot, Instant::now());
    model
}

fn press(model: &mut Model, keys: &str) {
    for key in keys.chars() {
        let code = match key {
            '\n' => KeyCode::Enter,
            '\u{1b}' => KeyCode::Esc,
            '\u{8}' => KeyCode::Backspace,
            '↓' => KeyCode::Down,
            '↑' => KeyCode::Up,
            '⇟' => KeyCode::PageDown,
            '⇲' => KeyCode::End,
            '⇱' => KeyCode::Home,
            other => KeyCode::Char(other),
        };
        assert_eq!(
            model.key(KeyEvent::new(code, KeyModifiers::NONE)),
            Flow::Goes
        );
    }
}

fn drawn(model: &mut Model, (width, height): (u16, u16), now: Instant) -> Terminal<TestBackend> {
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    terminal.draw(|frame| draw(frame, model, now)).unwrap();
    terminal
}

fn screen(model: &mut Model, size: (u16, u16)) -> String {
    let terminal = drawn(model, size, Instant::now());
    let buffer = terminal.backend().buffer();
    let lines = buffer.content.chunks(usize::from(size.0));
    lines
        .map(|cells| {
            let line: String = cells.iter().map(ratatui::buffer::Cell::symbol).collect();
            line.trim_end().to_owned() + "\n"
        })
        .collect()
}

#[track_caller]
fn assert_screen(name: &str, model: &mut Model, size: (u16, u16)) {
    let screen = screen(model, size);
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("src/command/watch/screen/snapshots")
        .join(name)
        .with_extension("txt");
    if env::var_os("UPDATE_SNAPSHOTS").is_some() {
        fs::write(&path, &screen).unwrap();
    }
    let snapshot = fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(screen, snapshot, "{}\n{screen}", path.display());
}

/// Four mirrors of a shop.
fn shop() -> Value {
    let mut off = mirror(
        "shop::carts::add",
        &[target(
            "rewrite",
            "promote",
            "812 compared, all of them match",
        )],
    );
    off["control"] = json!({
        "is_enabled": false, "source": "api", "actor": "alice", "reason": "the shadow is being repaired",
        "until_unix_s": 1_795_766_600,
    });
    let mut open = target(
        "http://10.0.0.7:8080",
        "regressed",
        "31 of 400 differ: at least 5.4 % do",
    );
    open["is_circuit_open"] = json!(true);
    open["stats"]["shed"] = json!(4711);
    open["stats"]["shed_by_reason"] = json!({"circuit_open": 4700, "in_flight_limit": 11});
    open["stats"]["raw_mismatched"] = json!(31);
    let mut baseline = target(
        "old",
        Value::Null,
        "the baseline: the others are compared beside it",
    );
    baseline["is_baseline"] = json!(true);
    let mut unused = target("rewrite", Value::Null, "no traffic yet");
    unused["stats"] = json!({});
    unused["sent_per_s"] = Value::Null;
    unused["share"] = json!({"source": "code"});
    let mut unused = mirror("shop::users::list", &[unused]);
    unused["has_traffic"] = json!(false);
    snapshot(&[
        mirror(
            "shop::orders::a_handler_with_a_long_name",
            &[
                target(
                    "rewrite",
                    "hold",
                    "about 390 more clean comparisons to promote",
                ),
                open,
                baseline,
            ],
        ),
        off,
        unused,
    ])
}

fn many() -> Value {
    let mirrors: Vec<_> = (0..500)
        .map(|number| {
            let targets: Vec<_> = (0..8)
                .map(|place| {
                    let verdict =
                        ["promote", "hold", "regressed", "not_enough_data"][(number + place) % 4];
                    target(&format!("target-{place}"), verdict, "a reason")
                })
                .collect();
            mirror(&format!("mirror-{number:03}"), &targets)
        })
        .collect();
    snapshot(&mirrors)
}

#[test]
fn a_shop_is_shown_at_any_size() {
    assert_screen("shop_80x24", &mut heard(shop()), SMALL);
    assert_screen("shop_200x50", &mut heard(shop()), LARGE);
}

fn heard_of_fleet(snapshot: Value) -> Model {
    let mut model = Model::new("http://localhost:8080/admin/mirror", false, true);
    hear(&mut model, snapshot, Instant::now());
    model
}

#[test]
fn a_fleet_is_shown_with_its_instances_and_what_is_set_for_all_of_them() {
    let fleet = of_fleet("promote", None);
    assert_screen("fleet_80x24", &mut heard_of_fleet(fleet.clone()), SMALL);
    assert_screen("fleet_200x50", &mut heard_of_fleet(fleet.clone()), LARGE);
    // Whichever instance responds.
    let mut model = heard_of_fleet(fleet.clone());
    let mut another = fleet;
    another["process"] = json!("another");
    hear(&mut model, another, Instant::now());
    assert!(!screen(&mut model, LARGE).contains("restarted"));
    let old = of_fleet("promote", Some("NATS is away"));
    let shown = screen(&mut heard_of_fleet(old), LARGE);
    assert!(shown.contains("not up to date: NATS is away"), "{shown}");
    assert!(shown.contains(" 480 "), "{shown}");
    let mut model = heard_of_fleet(shop());
    assert!(screen(&mut model, SMALL).contains("the page is given no fleet"));
}

#[test]
fn nothing_yet_and_nothing_at_all_are_told() {
    assert_screen("asking", &mut model(), SMALL);
    assert_screen("no_mirrors", &mut heard(snapshot(&[])), SMALL);
    let mut away = model();
    away.hear(Err(away_failure()), Instant::now());
    assert_screen("never_there", &mut away, SMALL);
}

fn away_failure() -> Failure {
    Failure {
        text: "cannot connect to localhost:8080: connection refused; does the program run, and listen there?".to_owned(),
        kind: Kind::Unreachable,
    }
}

#[test]
fn a_server_that_has_gone_leaves_what_it_said_and_how_old_that_is() {
    let then = Instant::now();
    let mut model = model();
    hear(&mut model, shop(), then);
    model.hear(Err(away_failure()), then);
    let terminal = drawn(&mut model, SMALL, then + Duration::from_secs(12));
    let screen = terminal.backend().to_string();
    assert!(
        screen.contains("no contact for 12 s; trying again: cannot connect"),
        "{screen}"
    );
    assert!(screen.contains("rewrite"), "{screen}");
}

#[test]
fn thousands_of_rows_are_shown_sorted_filtered_and_in_part() {
    let mut model = heard(many());
    assert_screen("many_80x24", &mut model, SMALL);
    assert_screen("many_200x50", &mut model, LARGE);
    press(&mut model, "/mirror-49 hold\n⇲");
    assert_screen("many_filtered", &mut model, SMALL);
    press(&mut model, "\u{1b}sr⇱↓↓");
    assert_screen("many_by_name_reversed", &mut model, SMALL);
}

#[test]
fn a_row_that_is_selected_stays_so() {
    let mut model = heard(shop());
    press(&mut model, "↓↓");
    let before = model.selected_row().unwrap().clone();
    press(&mut model, "sssr");
    assert_eq!(model.selected_row(), Some(&before));
    hear(&mut model, shop(), Instant::now());
    assert_eq!(model.selected_row(), Some(&before));
    // And if it is gone, another is.
    hear(
        &mut model,
        snapshot(&[mirror("x", &[target("y", "hold", "z")])]),
        Instant::now(),
    );
    assert_eq!(model.selected_row().unwrap().mirror, "x");
    hear(&mut model, snapshot(&[]), Instant::now());
    assert_eq!(model.selected_row(), None);
    press(&mut model, "↓⇟⇲↑");
}

#[test]
fn each_order_begins_with_what_is_worth_a_look() {
    let mut one = target("one", "promote", "x");
    one["stats"]["failed"] = json!(9);
    one["sent_per_s"] = json!(1.0);
    one["share"]["percentage"] = json!(1.0);
    one["stats"]["raw_mismatched"] = json!(0);
    let mut two = target("two", "regressed", "x");
    two["stats"]["failed"] = json!(0);
    two["sent_per_s"] = json!(2.0);
    two["share"]["percentage"] = json!(0.5);
    two["stats"]["raw_mismatched"] = json!(5);
    let mut model = heard(snapshot(&[mirror("m", &[one, two])]));
    let mut firsts = Vec::new();
    for _ in 0..6 {
        press(&mut model, "⇱");
        firsts.push((
            model.sort.as_str(),
            model.selected_row().unwrap().target.clone(),
        ));
        press(&mut model, "s");
    }
    let firsts: Vec<_> = firsts.iter().map(|(sort, name)| (*sort, &**name)).collect();
    assert_eq!(
        firsts,
        [
            ("verdict", "two"),
            ("name", "one"),
            ("share", "one"),
            ("rate", "two"),
            ("failed", "one"),
            ("differ", "two")
        ]
    );
}

#[test]
fn keys_end_it_but_not_while_a_filter_is_typed() {
    let mut model = heard(shop());
    press(&mut model, "/q");
    assert_eq!(model.filter, "q");
    press(&mut model, "\u{8}qq\u{1b}");
    assert_eq!((&*model.filter, model.is_filtering), ("", false));
    let q = KeyEvent::new(KeyCode::Char('q'), KeyModifiers::NONE);
    assert_eq!(model.key(q), Flow::Ends);
    let interrupt = KeyEvent::new(KeyCode::Char('c'), KeyModifiers::CONTROL);
    press(&mut model, "/");
    assert_eq!(model.key(interrupt), Flow::Ends);
}

#[test]
fn a_process_that_has_begun_anew_is_told() {
    let mut model = heard(shop());
    let mut another = shop();
    another["process"] = json!("another");
    hear(&mut model, another, Instant::now());
    assert!(screen(&mut model, LARGE).contains("restarted 1 x"));
}

#[test]
fn without_colours_words_say_the_same() {
    let mut plain = Model::new("http://h", true, false);
    hear(&mut plain, shop(), Instant::now());
    for (mut model, is_plain) in [(plain, true), (heard(shop()), false)] {
        let terminal = drawn(&mut model, LARGE, Instant::now());
        let cells = &terminal.backend().buffer().content;
        let has_colours = cells.iter().any(|cell| cell.fg != Color::Reset);
        assert_eq!(has_colours, !is_plain);
        assert!(
            cells
                .iter()
                .any(|cell| cell.modifier.contains(Modifier::REVERSED))
        );
    }
}

#[test]
fn hostile_text_is_only_text() {
    let mut one = target(HOSTILE, "hold", HOSTILE);
    one["share"]["actor"] = json!(HOSTILE);
    one["stats"]["failed_by_kind"] = json!({ HOSTILE: 3 });
    let mut all = mirror(HOSTILE, &[one]);
    all["module"] = json!(HOSTILE);
    all["control"] = json!({"is_enabled": false, "source": HOSTILE, "reason": HOSTILE});
    let mut fleet = of_fleet(HOSTILE, Some(HOSTILE))["mirrors"][0]["fleet"].clone();
    fleet["verdict"] = json!("hold");
    fleet["targets"][0]["verdict"] = json!("hold");
    fleet["targets"][0]["name"] = json!(HOSTILE);
    fleet["settings"][0]["actor"] = json!(HOSTILE);
    fleet["settings"][0]["reason"] = json!(HOSTILE);
    fleet["instances"][1]["name"] = json!(HOSTILE);
    all["fleet"] = fleet;
    let hostile = snapshot(&[all]);
    for mut model in [heard(hostile.clone()), heard_of_fleet(hostile)] {
        let screen = screen(&mut model, LARGE);
        assert!(screen.contains("\\u{1b}]0;owned"), "{screen}");
        assert!(
            !screen
                .chars()
                .any(|one| one != '\n' && text::is_harmful(one)),
            "{screen:?}"
        );
    }
}

#[test]
fn no_size_and_no_number_is_too_small_or_too_large() {
    let mut huge = target(
        "wide 注文注文注文注文注文注文注文注文",
        "hold",
        &"long ".repeat(500),
    );
    for field in [
        "received",
        "sent",
        "answered",
        "failed",
        "in_flight",
        "skipped",
        "shed",
        "compared",
        "raw_mismatched",
        "schema_mismatch",
    ] {
        huge["stats"][field] = json!(u64::MAX);
    }
    huge["stats"]["latency"] =
        json!({"count": 1, "p50_us": u64::MAX, "p95_us": u64::MAX, "p99_us": 0});
    huge["sent_per_s"] = json!(f64::MAX);
    huge["share"]["percentage"] = json!(f64::MAX);
    huge["share"]["until_unix_s"] = json!(u64::MAX);
    let mut model = heard(snapshot(&[mirror(&"name".repeat(100), &[huge])]));
    for width in [1, 2, 10, 40, 79, 110, 131, 160, 400] {
        for height in [1, 2, 3, 5, 18, 100] {
            screen(&mut model, (width, height));
        }
    }
}
