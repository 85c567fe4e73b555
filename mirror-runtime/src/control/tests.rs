//! The tables of the chapter, and the table of a process.

use std::{
    sync::{Arc, Mutex, Weak},
    time::{Duration, SystemTime},
};

use super::{
    entry::{Configured, ConfiguredTarget, Place},
    environment::Setting,
    error::ControlError,
    layers::{Applied, Layer, Order, Override, decide},
    report::Notice,
    state::ControlSource,
    switch::{InForce, Switched},
    table::{Made, Table},
};

const CHAPTER: &str = include_str!("../../docs/control.md");

const PLACE: Place = Place {
    file: "a.rs",
    line: 1,
};

fn now() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000)
}

fn later(seconds: u64) -> SystemTime {
    now() + Duration::from_secs(seconds)
}

/// The cells of the table of the chapter whose head begins so.
fn rows(head: &str) -> Vec<Vec<&'static str>> {
    let lines = CHAPTER.lines().skip_while(|line| !line.starts_with(head));
    let rows = lines.skip(2).take_while(|line| line.starts_with('|'));
    let cells = |row: &'static str| row.trim_matches('|').split('|').map(str::trim).collect();
    let rows: Vec<_> = rows.map(cells).collect();
    assert!(rows.len() > 10, "{head}");
    rows
}

fn says<T>(value: T) -> Override<T> {
    Order::default().make(value, now())
}

#[test]
fn the_switch_is_decided_as_the_chapter_says() {
    for row in rows("| switch:") {
        let [code, env, file, fleet, api, allow_raise, in_force, by] = row[..] else {
            panic!("{row:?}");
        };
        let layers = [env, file, fleet, api].map(|cell| match cell {
            "-" => None,
            cell => Some(says(cell == "on")),
        });
        let overrides = layers.each_ref().map(Option::as_ref);
        let decided = decide(code == "on", overrides, allow_raise == "yes", now());
        let found = if decided.value { "on" } else { "off" };
        assert_eq!((found, decided.source.as_str()), (in_force, by), "{row:?}");
    }
}

#[test]
fn a_share_is_decided_as_the_chapter_says() {
    for row in rows("| share:") {
        let [code, file, fleet, api, allow_raise, in_force, by] = row[..] else {
            panic!("{row:?}");
        };
        let layers = [file, fleet, api].map(|cell| cell.parse().ok().map(says::<f64>));
        let [file, fleet, api] = layers.each_ref().map(Option::as_ref);
        let code: f64 = code.parse().unwrap();
        let decided = decide(code, [None, file, fleet, api], allow_raise == "yes", now());
        let found = (decided.value.to_string(), decided.source.as_str());
        assert_eq!(found, (in_force.to_owned(), by), "{row:?}");
    }
}

#[test]
fn what_has_ended_says_nothing() {
    let order = Order {
        until: Some(later(10)),
        ..Order::default()
    };
    let off = order.make(false, now());
    for (at, source) in [
        (now(), ControlSource::Api),
        (later(9), ControlSource::Api),
        (later(10), ControlSource::Code),
    ] {
        let decided = decide(true, [None, None, None, Some(&off)], false, at);
        assert_eq!(decided.source, source);
        assert_eq!(decided.value, source == ControlSource::Code);
    }
}

/// A mirror that notes what it is told.
#[derive(Debug, Default)]
struct Noted(Mutex<Option<(bool, Vec<f64>, bool)>>);

impl Switched for Noted {
    fn put_in_force(&self, in_force: &InForce<'_>) {
        *self.0.lock().unwrap() = Some((
            in_force.is_enabled,
            in_force.percentages.to_vec(),
            in_force.is_on_for_captures,
        ));
    }
}

impl Noted {
    fn is_on(&self) -> bool {
        self.0.lock().unwrap().as_ref().unwrap().0
    }

    fn shares(&self) -> Vec<f64> {
        self.0.lock().unwrap().as_ref().unwrap().1.clone()
    }
}

fn table(environment: Setting) -> Table {
    Table::new(environment, std::iter::empty(), now())
}

/// Makes a mirror with a target `a` at 10 %.
fn make(table: &mut Table, name: &str, until: Option<SystemTime>, place: Place) -> Arc<Noted> {
    let mirror = Arc::new(Noted::default());
    let weak: Weak<Noted> = Arc::downgrade(&mirror);
    let target = ConfiguredTarget {
        name: "a".to_owned(),
        percentage: 10.0,
    };
    let made = Made {
        place,
        entry: None,
        configured: Arc::new(Configured {
            targets: vec![target],
            until,
            allow_raise: false,
        }),
        mirror: weak,
    };
    table.register(name, made, now());
    table.kept.clear();
    mirror
}

fn set(table: &mut Table, name: &str, value: bool) {
    table.change(name, now(), |record| {
        record.layer(ControlSource::Api).switch = Some(says(value));
    });
}

fn patterns(pattern: &str) -> Setting {
    Setting::Patterns(vec![pattern.to_owned()])
}

#[test]
fn of_a_call_for_one_mirror_and_one_for_all_the_later_counts() {
    let mut table = table(Setting::On);
    let early = make(&mut table, "early", None, PLACE);
    table.change_all(Some(says(false)), now());
    let late = make(&mut table, "late", None, PLACE);
    assert_eq!((early.is_on(), late.is_on()), (false, false));
    set(&mut table, "early", true);
    set(&mut table, "yet to be made", true);
    let made = make(&mut table, "yet to be made", None, PLACE);
    assert_eq!(
        (early.is_on(), late.is_on(), made.is_on()),
        (true, false, true)
    );
    table.change_all(Some(says(false)), now());
    assert_eq!((early.is_on(), made.is_on()), (false, false));
    // `reset` removes it, also of one that is yet to be made.
    for name in ["early", "never seen"] {
        table.change(name, now(), |record| {
            *record.layer(ControlSource::Api) = Layer::default();
        });
    }
    let unseen = make(&mut table, "never seen", None, PLACE);
    assert_eq!(
        (early.is_on(), unseen.is_on(), late.is_on()),
        (true, true, false)
    );
}

#[test]
fn what_ends_is_put_out_of_force_and_told_once() {
    let mut table = table(Setting::On);
    let mirror = make(&mut table, "orders", Some(later(100)), PLACE);
    table.change("orders", now(), |record| {
        let order = Order {
            until: Some(later(10)),
            ..Order::default()
        };
        record.layer(ControlSource::Api).switch = Some(order.make(false, now()));
    });
    assert_eq!((mirror.is_on(), table.next_end), (false, Some(later(10))));
    table.end(later(9));
    assert!(!mirror.is_on());
    assert!(table.notices.is_empty(), "{:?}", table.notices);
    table.end(later(10));
    assert_eq!((mirror.is_on(), table.next_end), (true, Some(later(100))));
    assert!(matches!(table.notices[..], [Notice::Ended { .. }]));
    table.notices.clear();
    // The last of its days.
    table.end(later(100));
    assert_eq!((mirror.is_on(), table.next_end), (false, None));
    assert!(matches!(table.notices[..], [Notice::Over { .. }]));
    table.end(later(200));
    assert_eq!(table.notices.len(), 1);
    let state = table.state("orders", later(200));
    assert_eq!(
        (state.is_enabled, state.source),
        (false, ControlSource::Code)
    );
    assert!(state.targets[0].percentage.abs() < f64::EPSILON);
}

#[test]
fn what_was_said_before_is_in_force_again_after_what_has_an_end() {
    let until = |seconds| Order {
        until: Some(later(seconds)),
        ..Order::default()
    };
    let for_one = |table: &mut Table, value, order: &Order| {
        table.change("orders", now(), |record| {
            let switch = &mut record.layer(ControlSource::Api).switch;
            *switch = Some(order.make(value, now()).over(switch.take()));
        });
    };
    let for_all = |table: &mut Table, value, order: &Order| {
        table.change_all(Some(order.make(value, now())), now());
    };
    let good = Order::default();
    // All are off, and one is on for a while; it is off, and all are for a while.
    let mut one = table(Setting::On);
    let mirror = make(&mut one, "orders", None, PLACE);
    for_all(&mut one, false, &good);
    for_one(&mut one, true, &until(10));
    assert!(mirror.is_on());
    one.end(later(10));
    assert!(!mirror.is_on());
    for_one(&mut one, true, &good);
    for_one(&mut one, false, &good);
    for_all(&mut one, false, &until(20));
    one.end(later(20));
    assert!(!mirror.is_on());
    // What has ended within it does not come back, and what is said for good leaves nothing.
    for_one(&mut one, true, &until(30));
    for_one(&mut one, false, &until(40));
    for_one(&mut one, true, &until(50));
    one.end(later(50));
    assert!(!mirror.is_on());
    for_one(&mut one, true, &good);
    one.end(later(1000));
    assert!(mirror.is_on());
    // One within another, more often than is remembered.
    for end in (100..200).rev() {
        for_one(&mut one, end % 2 == 0, &until(end));
    }
    one.end(later(200));
    assert!(mirror.is_on(), "that for good is remembered");
    // Of all, also for those that are yet to be made.
    for_all(&mut one, false, &good);
    for_all(&mut one, true, &until(300));
    one.end(later(300));
    assert!(!make(&mut one, "late", None, PLACE).is_on());
}

#[test]
fn a_mirror_whose_day_has_come_says_so_when_it_is_made() {
    let mut table = table(Setting::On);
    let mirror = make(&mut table, "orders", Some(now()), PLACE);
    assert!(!mirror.is_on());
    assert!(matches!(table.notices[..], [Notice::Over { .. }]));
    // The person at the process has the last word.
    set(&mut table, "orders", true);
    assert!(mirror.is_on());
}

#[test]
fn the_environment_switches_off_whom_it_names_and_says_whom_it_does_not_find() {
    let mut table = table(patterns("orders.*"));
    assert!(matches!(
        &table.notices[..],
        [Notice::EnvironmentPattern { mirrors, .. }] if mirrors.is_empty()
    ));
    table.notices.clear();
    let users = make(&mut table, "users.list", None, PLACE);
    assert!(users.is_on() && table.notices.is_empty());
    let orders = make(&mut table, "orders.list", None, PLACE);
    assert!(!orders.is_on());
    assert!(matches!(
        table.notices[..],
        [Notice::EnvironmentMirror { .. }]
    ));
    // What a test captures is captured.
    assert!(orders.0.lock().unwrap().as_ref().unwrap().2);
}

#[test]
fn two_mirrors_of_one_name_are_told_once_with_both_places() {
    let mut table = table(Setting::On);
    let other = Place {
        file: "b.rs",
        line: 2,
    };
    let first = make(&mut table, "orders", None, PLACE);
    assert!(table.notices.is_empty());
    let _second = make(&mut table, "orders", None, other);
    assert!(matches!(
        table.notices[..],
        [Notice::Twice { places: [PLACE, found], .. }] if found == other
    ));
    let _again = make(&mut table, "orders", None, other);
    assert_eq!(table.notices.len(), 1);
    // One that is gone is no other.
    drop(first);
    let gone = make(&mut table, "users", None, PLACE);
    drop(gone);
    let _users = make(&mut table, "users", None, other);
    assert_eq!(table.notices.len(), 1);
}

fn file(enabled: Option<bool>, target: Option<(&str, f64)>) -> Applied {
    let mut file = Applied::default();
    let orders = file.mirrors.entry("orders".to_owned()).or_default();
    orders.enabled = enabled;
    orders.targets = target
        .map(|(name, share)| (name.to_owned(), share))
        .into_iter()
        .collect();
    file
}

#[test]
fn a_file_replaces_the_one_before_and_is_silent_if_nothing_changes() {
    let mut table = table(Setting::On);
    let orders = make(&mut table, "orders", None, PLACE);
    table
        .apply(file(Some(false), Some(("a", 50.0))), now())
        .unwrap();
    assert!(!orders.is_on());
    assert!(matches!(table.notices[..], [Notice::File { .. }]));
    let since = table.state("orders", later(1)).since;
    table
        .apply(file(Some(false), Some(("a", 50.0))), later(5))
        .unwrap();
    assert_eq!(table.notices.len(), 1);
    assert_eq!(table.state("orders", later(5)).since, since);
    table
        .apply(file(None, Some(("a", 50.0))), later(6))
        .unwrap();
    assert_eq!((orders.is_on(), orders.shares()), (true, vec![50.0]));
    // One that is wrong changes nothing.
    let error = table.apply(file(Some(false), Some(("b", 1.0))), later(7));
    assert!(matches!(error, Err(ControlError::UnknownTarget { .. })));
    assert_eq!((orders.is_on(), orders.shares()), (true, vec![50.0]));
    table.apply(Applied::default(), later(8)).unwrap();
    assert_eq!((orders.is_on(), orders.shares()), (true, vec![10.0]));
    assert_eq!(table.notices.len(), 3);
}

#[test]
fn a_file_speaks_of_mirrors_that_are_yet_to_be_made() {
    let mut table = table(Setting::On);
    let mut off = file(None, Some(("b", 1.0)));
    off.all.enabled = Some(false);
    table.apply(off, now()).unwrap();
    assert!(matches!(table.notices[..], [Notice::NoSuchMirror { .. }]));
    let users = make(&mut table, "users", None, PLACE);
    assert!(!users.is_on());
    // It has no target `b` after all.
    let _orders = make(&mut table, "orders", None, PLACE);
    assert!(matches!(
        table.notices[..],
        [_, Notice::NoSuchTarget { .. }]
    ));
}

#[test]
fn names_that_are_gone_are_no_more_than_those_that_are_there() {
    let mut table = table(Setting::On);
    let kept: Vec<_> = (0..100)
        .map(|index| make(&mut table, &format!("kept {index}"), None, PLACE))
        .collect();
    for index in 0..1_000 {
        drop(make(&mut table, &format!("tenant {index}"), None, PLACE));
        assert!(table.len() <= 2 * kept.len() + 2, "{}", table.len());
    }
    assert!(table.len() >= kept.len());
}

#[test]
fn names_of_mirrors_that_are_gone_are_forgotten() {
    let mut table = table(Setting::On);
    table.change_all(Some(says(true)), now());
    for index in 0..100 {
        drop(make(&mut table, &format!("tenant {index}"), None, PLACE));
    }
    let kept = make(&mut table, "kept", None, PLACE);
    assert!(table.len() <= 2, "{}", table.len());
    drop(kept);
    // Names that nobody has, from somebody who invents them.
    for index in 0..1_100 {
        set(&mut table, &format!("invented {index}"), false);
        table.notices.clear();
    }
    assert!(table.len() <= 1025, "{}", table.len());
}
