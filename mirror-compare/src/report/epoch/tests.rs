//! Which version a shadow is of, for one process and for many.

use proptest::{collection::vec, prelude::*};

use super::*;

fn seconds(seconds: usize) -> Duration {
    Duration::from_secs(seconds as u64)
}

/// Notes versions, one each second.
fn noted(versions: &mut Versions, of: &[&str]) -> Vec<Seen> {
    let began = versions.met.iter().filter_map(|met| met.last.back()).max();
    let began = began.copied().unwrap_or_default();
    (1..)
        .zip(of)
        .map(|(number, version)| versions.note(Some(version), began + seconds(number)))
        .collect()
}

#[test]
fn each_new_version_begins_an_epoch_once() {
    let mut versions = Versions::default();
    let mut note = |version| versions.note(version, Duration::ZERO);
    assert_eq!(note(None), Seen::Current);
    assert_eq!(note(Some("1")), Seen::New);
    assert_eq!(note(Some("1")), Seen::Current);
    assert_eq!(note(Some("2")), Seen::New);
    // While servers of both versions respond.
    for _ in 0..100 {
        assert_eq!(note(Some("1")), Seen::Older);
        assert_eq!(note(Some("2")), Seen::Current);
    }
    assert_eq!(note(None), Seen::Current);
}

#[test]
fn a_shadow_that_was_rolled_back_begins_an_epoch() {
    let mut versions = Versions::default();
    noted(&mut versions, &["1", "2"]);
    let seen = noted(&mut versions, &["1"; ROLLED_BACK]);
    assert!(seen[..19].iter().all(|seen| *seen == Seen::Older));
    assert_eq!(seen[19], Seen::New);
    assert_eq!(
        noted(&mut versions, &["1", "2"]),
        [Seen::Current, Seen::Older]
    );
}

#[test]
fn a_shadow_that_is_rolled_back_beyond_the_version_before_begins_an_epoch() {
    let mut versions = Versions::default();
    noted(&mut versions, &["1", "2", "3"]);
    let turns: Vec<_> = ["1", "2"]
        .into_iter()
        .cycle()
        .take(2 * ROLLED_BACK)
        .collect();
    let seen = noted(&mut versions, &turns);
    // That of the version that is newer.
    assert_eq!(seen.iter().position(|seen| *seen == Seen::New), Some(19));
    assert_eq!((turns[19], versions.current()), ("2", Some("2")));
}

#[test]
fn evidence_that_is_taken_over_is_about_its_version_and_about_none_without_one() {
    let mut versions = Versions::default();
    noted(&mut versions, &["1", "2"]);
    for version in ["1", "3"] {
        versions.resume(Some(version), seconds(9));
        assert_eq!(versions.current(), Some(version));
        assert_eq!(
            noted(&mut versions, &[version, "2"]),
            [Seen::Current, Seen::Older]
        );
    }
    versions.resume(None, seconds(9));
    assert_eq!(
        noted(&mut versions, &["3", "3"]),
        [Seen::New, Seen::Current]
    );
}

#[test]
fn versions_are_bounded() {
    let mut versions = Versions::default();
    for i in 0..100 {
        let version = format!("{i}{}", "x".repeat(100));
        for _ in 0..50 {
            versions.note(Some(&version), seconds(i));
        }
        assert_eq!(versions.current().unwrap().len(), MAX_VERSION);
    }
    assert_eq!(versions.met.len(), MAX_VERSIONS);
    assert!(versions.met.iter().all(|met| met.last.len() <= ROLLED_BACK));
    // Whatever the rate, for a day.
    let mut busy = Versions::default();
    let mut now = seconds(100);
    for number in 0..40_000 {
        busy.note(Some("1"), now);
        now += Duration::from_millis(if number < 20_000 { 1 } else { 4320 });
    }
    let [met] = busy.met.make_contiguous() else {
        panic!("{busy:?}");
    };
    assert!(met.earlier.len() <= MAX_GROUPS);
    let text = serde_json::to_string(&busy.seen(now)).unwrap();
    assert!(text.len() < 1500, "{} bytes", text.len());
    let mut seen = versions.seen(seconds(100));
    let mut others = Versions::default();
    for i in 200..220 {
        others.note(Some(&format!("{i}")), seconds(i));
    }
    seen.merge(&others.seen(seconds(300)));
    seen.merge(&versions.seen(seconds(100)));
    assert_eq!(seen.0.len(), MAX_VERSIONS);
    assert!(seen.0.iter().all(|seen| seen.last_ms.len() <= ROLLED_BACK));
}

/// How often processes say what they have seen, and how long it takes until all have.
const INTERVAL: Duration = Duration::from_secs(10);
const WAIT: Duration = Duration::from_secs(30);

/// Processes that tell one another what they have seen, as instances of a fleet do.
struct Processes {
    all: Vec<Versions>,
    told: Vec<(VersionsSeen, Duration)>,
    now: Duration,
    /// What the fleet was said to be of, without repetitions.
    said: Vec<String>,
}

impl Processes {
    fn new(count: usize) -> Self {
        Self {
            all: vec![Versions::default(); count],
            told: vec![(VersionsSeen::default(), Duration::ZERO); count],
            now: Duration::ZERO,
            said: Vec::new(),
        }
    }

    /// Time goes by, in which each process tells what it has seen, and asks if it is in doubt.
    fn wait(&mut self, duration: Duration) {
        let end = self.now + duration;
        while self.now < end {
            self.now += seconds(1);
            for of in 0..self.all.len() {
                if !(self.now + seconds(of))
                    .as_secs()
                    .is_multiple_of(INTERVAL.as_secs())
                {
                    continue;
                }
                self.told[of] = (self.all[of].seen(self.now), self.now);
                let (seen, _) = &self.told[of];
                if seen.is_doubtful(WAIT) {
                    let known = self.known();
                    self.all[of].follow(&known, WAIT, self.now);
                }
            }
            if !self.now.as_secs().is_multiple_of(INTERVAL.as_secs()) {
                continue;
            }
            let version = self.version();
            if !version.is_empty() && self.said.last() != Some(&version) {
                self.said.push(version);
            }
        }
    }

    /// So many responses within a second, to these processes in turn and of the versions that `version`
    /// says.
    fn busy_second(
        &mut self,
        rate: usize,
        processes: std::ops::Range<usize>,
        mut version: impl FnMut(usize) -> &'static str,
    ) {
        for (number, process) in (0..rate).zip(processes.cycle()) {
            let at = self.now + Duration::from_micros((number * 1_000_000 / rate) as u64);
            self.all[process].note(Some(version(process)), at);
        }
        self.wait(seconds(1));
    }

    fn respond(&mut self, process: usize, version: &str) -> Seen {
        self.all[process].note(Some(version), self.now)
    }

    fn known(&self) -> VersionsSeen {
        let mut known = VersionsSeen::default();
        for (seen, at) in &self.told {
            known.merge(&seen.clone().later(self.now.saturating_sub(*at)));
        }
        known
    }

    /// What is said of all of them: of a version about which one of them has evidence.
    fn version(&self) -> String {
        let known = self.known();
        let of = known.current(WAIT, |version| {
            self.all
                .iter()
                .any(|of| version.is_some() && of.current() == version)
        });
        of.flatten().unwrap_or_default().to_owned()
    }

    /// All of them meet a version that responds alone.
    fn deploy(&mut self, version: &str) {
        for process in 0..self.all.len() {
            self.respond(process, version);
            self.wait(seconds(7));
        }
        self.wait(2 * WAIT);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn one_process_does_not_turn_back_while_servers_are_replaced(
        older in vec(0..ROLLED_BACK, 0..60),
    ) {
        let mut versions = Versions::default();
        noted(&mut versions, &["1", "2"]);
        for older in older {
            let seen = noted(&mut versions, &vec!["1"; older]);
            prop_assert!(seen.iter().all(|seen| *seen == Seen::Older));
            prop_assert_eq!(noted(&mut versions, &["2"]), [Seen::Current]);
        }
    }

    #[test]
    fn a_fleet_does_not_turn_back_while_servers_are_replaced(
        // In whatever order: which process, which version, and how many seconds after the one before.
        responses in vec((0..20_usize, any::<bool>(), 0..6_usize), 200),
        is_late in vec(0..20_usize, 20),
    ) {
        let mut processes = Processes::new(20);
        processes.deploy("1");
        let mut since = 0;
        for (process, is_new, later) in responses {
            // Some process is responded to by the new version within the time in which all tell.
            let is_new = is_new || since + later > 19;
            let is_new = is_new && (is_late[process] < 15 || since + later > 19);
            processes.respond(process, if is_new { "2" } else { "1" });
            since = if is_new { 0 } else { since + later };
            processes.wait(seconds(later));
        }
        prop_assert_eq!(&processes.said[..], ["1", "2"]);
        // Once all are replaced, each process comes to know, with two responses.
        for process in 0..20 {
            processes.respond(process, "2");
        }
        processes.wait(2 * WAIT);
        for process in 0..20 {
            processes.respond(process, "2");
        }
        processes.wait(2 * WAIT);
        prop_assert!(processes.all.iter().all(|of| of.current() == Some("2")));
        prop_assert_eq!(&processes.said[..], ["1", "2"]);
    }

    #[test]
    fn a_rollback_is_noticed_as_fast_however_many_responses_there_are(
        rate in prop_oneof![Just(2_usize), Just(10), Just(100), Just(700)],
        count in prop_oneof![Just(1_usize), Just(3), Just(12)],
        was_alone in any::<bool>(),
        silent in 0..3_usize,
    ) {
        let mut processes = Processes::new(count + 1);
        processes.deploy("1");
        // One has met the newer version, and meets nothing after that.
        processes.respond(count, "2");
        for number in 0..60 {
            let is_deployed = was_alone && number > 20;
            let mut turn = number;
            processes.busy_second(rate, 0..count, |_| {
                turn += 1;
                if is_deployed || turn % 2 == 0 { "2" } else { "1" }
            });
        }
        prop_assert_eq!(&processes.said[..], ["1", "2"]);
        for _ in 0..(WAIT + 2 * INTERVAL).as_secs() {
            processes.busy_second(rate, 0..count, |_| "1");
        }
        prop_assert_eq!(processes.version(), "1");
        for _ in 0..100 {
            processes.busy_second(rate, 0..count, |_| "1");
        }
        // One that was forgotten does not turn it back, be there other responses or not.
        processes.respond(silent % count, "2");
        for _ in 0..60 {
            processes.busy_second(rate * (silent % 2), 0..count, |_| "1");
        }
        prop_assert_eq!(&processes.said[..], ["1", "2", "1"]);
        // Deployed again, it is.
        for _ in 0..90 {
            processes.busy_second(rate, 0..count, |_| "2");
        }
        prop_assert_eq!(&processes.said[..], ["1", "2", "1", "2"]);
    }

    #[test]
    fn a_fleet_does_not_turn_back_however_many_responses_there_are(
        rate in prop_oneof![Just(1_usize), Just(10), Just(100), Just(300)],
        count in prop_oneof![Just(1_usize), Just(3), Just(12)],
        // Of each process, after how many responses of the older version there is one of the newer.
        olders in vec(1..ROLLED_BACK - 1, 1..50),
    ) {
        // One more, to which only servers respond that are still to be replaced.
        let mut processes = Processes::new(count + 1);
        processes.deploy("1");
        processes.respond(0, "2");
        let mut older: Vec<_> = (0..count).map(|of| olders[of % olders.len()]).collect();
        let mut next = olders.iter().cycle();
        for _ in 0..150 {
            processes.busy_second(rate, 0..count + 1, |process| {
                let Some(older) = older.get_mut(process) else {
                    return "1";
                };
                if let Some(less) = older.checked_sub(1) {
                    *older = less;
                    "1"
                } else {
                    *older = *next.next().unwrap();
                    "2"
                }
            });
        }
        prop_assert_eq!(&processes.said[..], ["1", "2"]);
    }

    #[test]
    fn what_processes_have_seen_is_merged_in_any_order_and_as_often(
        all in vec(vec((0..3_usize, 0..2000_u64, 1..60_usize), 0..60), 3),
        wait in 0..200_u64,
    ) {
        let [a, b, c] = [&all[0], &all[1], &all[2]].map(|responses| {
            let mut versions = Versions::default();
            let mut now = Duration::ZERO;
            for (version, later, count) in responses {
                now += Duration::from_millis(*later);
                for _ in 0..*count {
                    now += Duration::from_millis(*later % 7);
                    versions.note(Some(["1", "2", "3"][*version]), now);
                }
            }
            versions.seen(now)
        });
        let merged = |all: &[&VersionsSeen]| {
            let mut merged = VersionsSeen::default();
            for of in all {
                merged.merge(of);
            }
            merged
        };
        let expected = merged(&[&a, &b, &c]);
        prop_assert_eq!(&merged(&[&c, &a, &b]), &expected);
        prop_assert_eq!(&merged(&[&a, &merged(&[&c, &b])]), &expected);
        prop_assert_eq!(&merged(&[&a, &b, &c, &b, &expected]), &expected);
        prop_assert!(expected.0.iter().all(|seen| seen.earlier.len() < 60 * ROLLED_BACK));
        let wait = Duration::from_secs(wait);
        let turned = merged(&[&b, &a, &c]);
        prop_assert_eq!(expected.current(wait, |_| true), turned.current(wait, |_| true));
    }

    #[test]
    fn all_processes_notice_a_rollback_however_seldom_there_is_a_response(
        order in Just((0..20_usize).collect::<Vec<_>>()).prop_shuffle(),
        later in vec(0..100_usize, 60),
        straggler in 0..20_usize,
    ) {
        let mut processes = Processes::new(20);
        processes.deploy("1");
        processes.deploy("2");
        prop_assert_eq!(&processes.said[..], ["1", "2"]);
        for (number, later) in later.into_iter().enumerate() {
            processes.wait(seconds(later));
            processes.respond(order[number % 20], "1");
        }
        processes.wait(2 * WAIT);
        prop_assert_eq!(&processes.said[..], ["1", "2", "1"]);
        prop_assert!(processes.all.iter().all(|of| of.current() == Some("1")));
        // One that was forgotten does not turn it back, wherever it is met.
        prop_assert_eq!(processes.respond(straggler, "2"), Seen::Older);
        processes.wait(2 * WAIT);
        processes.respond(order[0], "1");
        processes.respond(straggler, "2");
        processes.wait(2 * WAIT);
        prop_assert_eq!(&processes.said[..], ["1", "2", "1"]);
        prop_assert!(processes.all.iter().all(|of| of.current() == Some("1")));
        // Deployed again, it is.
        processes.deploy("2");
        processes.deploy("2");
        prop_assert_eq!(&processes.said[..], ["1", "2", "1", "2"]);
        prop_assert!(processes.all.iter().all(|of| of.current() == Some("2")));
    }
}

#[test]
fn two_responses_of_an_older_version_are_enough_after_one_that_had_replaced_it() {
    for (alone, rolled_back) in [(ALONE, AFTER_ALONE), (ALONE - 1, ROLLED_BACK)] {
        let mut processes = Processes::new(2);
        processes.deploy("1");
        // What comes in turn is no replacement.
        for _ in 0..3 {
            processes.respond(0, "2");
            processes.wait(seconds(1));
            processes.respond(1, "1");
            processes.wait(seconds(1));
        }
        for _ in 0..alone {
            processes.respond(0, "2");
            processes.wait(seconds(1));
        }
        for number in 1..=rolled_back {
            processes.wait(2 * WAIT);
            assert_eq!(processes.version(), "2", "{number}");
            processes.respond(number % 2, "1");
        }
        processes.wait(2 * WAIT);
        assert_eq!(processes.version(), "1");
    }
}

#[test]
fn a_fleet_waits_until_all_can_have_said_what_they_have_seen() {
    let mut processes = Processes::new(2);
    processes.deploy("1");
    for _ in 0..ALONE {
        processes.respond(0, "2");
        processes.wait(seconds(1));
    }
    for _ in 0..ROLLED_BACK - 1 {
        processes.respond(0, "1");
    }
    processes.wait(seconds(28));
    assert_eq!(processes.version(), "2");
    processes.wait(INTERVAL + seconds(2));
    assert_eq!(processes.version(), "1");
}

#[test]
fn what_processes_tell_is_read_as_it_was_written() {
    let mut versions = Versions::default();
    versions.note(None, seconds(1));
    noted(&mut versions, &["1", "2", "1"]);
    let seen = versions.seen(seconds(10));
    let text = serde_json::to_string(&seen).unwrap();
    assert_eq!(serde_json::from_str::<VersionsSeen>(&text).unwrap(), seen);
    assert_eq!(seen.current(WAIT, |_| true), Some(Some("2")));
    assert_eq!(seen.current(WAIT, |version| version.is_none()), Some(None));
    assert_eq!(seen.current(WAIT, |_| false), None);
}
