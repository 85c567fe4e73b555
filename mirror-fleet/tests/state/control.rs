//! One switch for all instances.

use std::sync::atomic::Ordering::Relaxed;

use axum::http::StatusCode;
use mirror_dashboard::{Change, snapshot::MirrorSnapshot};

use super::{Fleet, Instance};

fn is_off(mirror: &MirrorSnapshot) -> bool {
    !mirror.control.is_enabled
}

async fn is_known(instance: &Instance, count: usize) {
    instance
        .until_fleet("all are there", |fleet| fleet.instances.len() == count)
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mirror_is_switched_off_in_all_instances_and_stays_so_while_nats_is_away() {
    let Some(mut fleet) = Fleet::start().await else {
        return;
    };
    let one = fleet.instance("pod-1").await;
    let mut other = fleet.instance("pod-2").await;
    is_known(&one, 2).await;
    is_known(&other, 2).await;
    let off = Change::default()
        .enabled(false)
        .because("too slow")
        .for_fleet();
    let changed = one.change(&off).await.unwrap();
    assert!(!changed.control.is_enabled, "it is so here at once");
    let mirror = other.until("off in the other as well", is_off).await;
    assert_eq!(mirror.control.source, "fleet");
    assert_eq!(mirror.control.actor.as_deref(), Some("ada"));
    assert_eq!(mirror.control.reason.as_deref(), Some("too slow"));

    // A late one learns of it.
    let late = fleet.instance("pod-3").await;
    late.until("off in a late one", is_off).await;

    fleet.nats.kill();
    other
        .until("NATS is away", |mirror| {
            mirror.fleet.as_ref().unwrap().error.is_some()
        })
        .await;
    assert!(is_off(&other.mirror().await), "the last value stays");
    let (status, error) = one.change(&off).await.unwrap_err();
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(
        error.contains("NATS is away: nothing was changed"),
        "{error}"
    );
    // The switch of the process always works.
    let on = Change::default().enabled(true);
    let changed = other.change(&on).await.unwrap();
    assert_eq!(
        (changed.control.is_enabled, &*changed.control.source),
        (true, "api")
    );
    other.order(3).await;
    assert_eq!(other.mirror().await.targets[0].stats.sent, 3);
    other.change(&Change::default().reset()).await.unwrap();
    assert!(is_off(&other.mirror().await), "the fleet decides again");

    fleet.nats.restart();
    let reset = Change::default().reset().for_fleet();
    one.until("NATS is back", |mirror| {
        mirror.fleet.as_ref().unwrap().error.is_none()
    })
    .await;
    one.change(&reset).await.unwrap();
    for instance in [&one, &other, &late] {
        let mirror = instance
            .until("it is on again", |mirror| !is_off(mirror))
            .await;
        assert_eq!(mirror.control.source, "code");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_set_for_the_fleet_is_shown_wherever_one_asks_and_by_whom_it_was_removed() {
    let Some(fleet) = Fleet::start().await else {
        return;
    };
    let one = fleet.instance("pod-1").await;
    let other = fleet.slow_instance("pod-2").await;
    is_known(&one, 2).await;
    is_known(&other, 2).await;
    // What an instance was told by itself counts before it, and hides nothing.
    other
        .change(&Change::default().enabled(true))
        .await
        .unwrap();
    let off = Change::default().enabled(false).because("too slow");
    let changed = one.change(&off.for_fleet()).await.unwrap();
    let set = changed.fleet.unwrap();
    assert_eq!((set.len(), set[0].is_enabled), (1, Some(false)));
    let all = Change::default()
        .enabled(true)
        .for_seconds(3600)
        .for_fleet();
    for instance in [&other, &one] {
        let mirror = instance.mirror().await;
        let set = &mirror.fleet.as_ref().unwrap().settings;
        assert_eq!(set.len(), 1, "{set:?}");
        assert_eq!((set[0].is_for_all, set[0].is_enabled), (false, Some(false)));
        assert_eq!(set[0].actor.as_deref(), Some("ada"));
        assert_eq!(set[0].reason.as_deref(), Some("too slow"));
    }
    assert_eq!(other.mirror().await.control.source, "api");
    one.change_at("/control/mirrors", &all).await.unwrap();
    let set = other.mirror().await.fleet.unwrap().settings;
    let all = set.iter().find(|set| set.is_for_all).unwrap();
    assert!(all.is_enabled == Some(true) && all.until_unix_s.is_some());

    let reset = Change::default().reset().because("it is faster");
    one.change_at("/control/mirrors", &reset.for_fleet())
        .await
        .unwrap();
    assert_eq!(other.mirror().await.fleet.unwrap().settings, []);
    let anew = Change::default().restart_report().because("build 2");
    one.change(&anew.for_fleet()).await.unwrap();
    let says = |words: &'static str, more: &'static str| {
        let line = move |log: &str| {
            let mut lines = log.lines();
            lines.any(|line| line.contains(words) && line.contains(more) && line.contains("ada"))
        };
        let other = &other;
        async move { other.until(words, |_| line(&other.log())).await }
    };
    says("overrides removed", "it is faster").await;
    says("report begun anew", "build 2").await;
    // Nothing was wrong at any time.
    for log in [one.log(), other.log()] {
        assert!(!log.contains("out of reach"), "{log}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_share_is_set_for_all_and_ends_by_itself_without_nats() {
    let Some(mut fleet) = Fleet::start().await else {
        return;
    };
    let one = fleet.instance("pod-1").await;
    let other = fleet.instance("pod-2").await;
    is_known(&other, 2).await;
    let share = Change::default().percentage("rewrite", 5.0).for_fleet();
    one.change(&share).await.unwrap();
    let share_of = |mirror: &MirrorSnapshot| mirror.targets[0].share.clone();
    let is = |percentage: f64| {
        move |mirror: &MirrorSnapshot| {
            let share = mirror.targets[0].share.percentage;
            share.is_some_and(|share| (share - percentage).abs() < 1e-9)
        }
    };
    let mirror = other.until("5 %", is(5.0)).await;
    assert_eq!(share_of(&mirror).source, "fleet");
    // For a while all are off, the share included.
    let off = Change::default().enabled(false).for_seconds(3).for_fleet();
    one.change(&off).await.unwrap();
    let mirror = other.until("off", is_off).await;
    assert!(mirror.control.until_unix_s.is_some());
    fleet.nats.kill();
    let mirror = other.until("on again", |mirror| !is_off(mirror)).await;
    assert_eq!(mirror.control.source, "code");
    // What has no end goes on.
    assert!(is(5.0)(&mirror));
    fleet.nats.restart();
    let late = fleet.instance("pod-3").await;
    let mirror = late.until("5 % in a late one", is(5.0)).await;
    assert!(!is_off(&mirror), "what has ended is not set anew");
}

#[tokio::test(flavor = "multi_thread")]
async fn all_mirrors_are_switched_and_the_later_of_all_and_of_one_counts() {
    let Some(fleet) = Fleet::start().await else {
        return;
    };
    let one = fleet.instance("pod-1").await;
    let other = fleet.instance("pod-2").await;
    is_known(&other, 2).await;
    let off = Change::default().enabled(false).for_fleet();
    let on = Change::default().enabled(true).for_fleet();
    one.change_at("/control/mirrors", &off).await.unwrap();
    other.until("all are off", is_off).await;
    one.change(&on).await.unwrap();
    other
        .until("this one is on", |mirror| !is_off(mirror))
        .await;
    one.change_at("/control/mirrors", &off).await.unwrap();
    other.until("all are off again", is_off).await;
    let (status, error) = one
        .change(&Change::default().percentage("rewrit", 1.0).for_fleet())
        .await
        .unwrap_err();
    assert_eq!(status, StatusCode::NOT_FOUND, "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_has_an_end_lifts_nothing_that_was_to_stay() {
    let Some(fleet) = Fleet::start().await else {
        return;
    };
    let one = fleet.instance("pod-1").await;
    let other = fleet.instance("pod-2").await;
    is_known(&other, 2).await;
    let off = Change::default().enabled(false).for_fleet();
    let on = Change::default().enabled(true).for_fleet();
    // All are off, and this one is on for a while.
    one.change_at("/control/mirrors", &off).await.unwrap();
    one.change(&on.clone().for_seconds(2)).await.unwrap();
    other
        .until("on for a while", |mirror| !is_off(mirror))
        .await;
    for instance in [&one, &other] {
        let mirror = instance.until("off again, as all are", is_off).await;
        assert_eq!(mirror.control.source, "fleet");
        assert_eq!(mirror.control.until_unix_s, None);
    }
    let late = fleet.instance("pod-3").await;
    late.until("off in a late one", is_off).await;
    let reset = Change::default().reset().for_fleet();
    one.change_at("/control/mirrors", &reset).await.unwrap();
    late.until("nothing is set", |mirror| !is_off(mirror)).await;

    // This one is off, and all are for a while, or are switched on: it stays off.
    one.change(&off).await.unwrap();
    one.change_at("/control/mirrors", &off.for_seconds(1))
        .await
        .unwrap();
    let mirror = one.mirror().await;
    assert!(is_off(&mirror));
    assert_eq!(mirror.control.until_unix_s, None, "that of all has an end");
    one.change_at("/control/mirrors", &on).await.unwrap();
    assert!(is_off(&one.mirror().await));
    late.until("off in all", is_off).await;
    one.change(&on).await.unwrap();
    late.until("on by itself", |mirror| !is_off(mirror)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_circuit_that_opens_in_one_instance_is_open_in_the_others() {
    let Some(fleet) = Fleet::start().await else {
        return;
    };
    let mut one = fleet.instance("pod-1").await;
    let mut other = fleet.instance("pod-2").await;
    other.order(1).await;
    is_known(&one, 2).await;
    is_known(&other, 2).await;
    fleet.fails.store(true, Relaxed);
    one.order(5).await;
    assert_eq!(one.mirror().await.targets[0].is_circuit_open, Some(true));
    let mirror = other
        .until("the other leaves it alone as well", |mirror| {
            mirror.targets[0].is_circuit_open == Some(true)
        })
        .await;
    assert_eq!(mirror.targets[0].stats.failed, 0, "it has not tried");
    let said = other
        .until_fleet("both are known to be open", |fleet| {
            fleet.targets[0].open_circuits == 2
        })
        .await;
    assert_eq!(said.missing().count(), 0);
    other.order(4).await;
    let stats = &other.mirror().await.targets[0].stats;
    assert_eq!((stats.sent, stats.shed), (1, 4));
    // A late one is told of no circuit that has opened before: it finds out for itself.
    let late = fleet.instance("pod-3").await;
    is_known(&late, 3).await;
    assert_eq!(late.mirror().await.targets[0].is_circuit_open, Some(false));
}
