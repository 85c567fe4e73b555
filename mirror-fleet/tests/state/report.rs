//! One verdict over all instances.

use std::sync::atomic::Ordering::Relaxed;

use mirror_dashboard::{
    Change,
    snapshot::{self, Verdict},
};
use testkit::{
    eventually,
    nats::{NatsServer, programs},
};

use super::{Fleet, Instance};

fn states(fleet: &snapshot::Fleet) -> Vec<String> {
    let instances = fleet.instances.iter();
    instances
        .map(|instance| format!("{} {}", instance.name, instance.state))
        .collect()
}

fn compared(fleet: &snapshot::Fleet) -> u64 {
    let report = fleet.targets[0].report.as_ref();
    report.map_or(0, |report| report.compared)
}

#[tokio::test(flavor = "multi_thread")]
async fn four_instances_promote_what_none_of_them_could_and_those_that_have_gone_still_count() {
    for (name, program) in programs() {
        let fleet = Fleet::of(NatsServer::of(&program, "")).await;
        let mut all = Vec::new();
        for number in 0..4 {
            let mut instance = fleet.instance(&format!("pod-{number}")).await;
            instance.order(120).await;
            all.push(instance);
        }
        // No one of them has seen enough.
        let own = all[2].mirror().await;
        assert_eq!(own.verdict, Some(Verdict::Hold), "{name}");
        let said = all[2]
            .until_fleet("all is known", |fleet| {
                compared(fleet) == 480 && fleet.instances.len() == 4
            })
            .await;
        assert_eq!(said.verdict, Some(Verdict::Promote), "{}", said.reason);
        let target = &said.targets[0];
        assert_eq!((&*target.name, target.instances), ("rewrite", 4));
        assert_eq!((target.stats.received, target.stats.sent), (480, 480));
        assert_eq!(target.stats.latency.count, 480);
        let this: Vec<_> = said.instances.iter().filter(|it| it.is_this).collect();
        assert_eq!((this.len(), &*this[0].name), (1, "pod-2"));

        // One ends by itself with what nobody has heard yet, and one does not.
        all[3].order(7).await;
        assert!(all.pop().unwrap().finish().await);
        all.remove(0).kill();
        let said = all[0]
            .until_fleet("both have gone", |fleet| {
                states(fleet)
                    == [
                        "pod-0 missing",
                        "pod-1 running",
                        "pod-2 running",
                        "pod-3 finished",
                    ]
            })
            .await;
        assert_eq!(compared(&said), 487);
        assert_eq!(said.missing().collect::<Vec<_>>(), ["pod-0"]);
        // The same name in another process takes nothing from the one before.
        let mut again = fleet.instance("pod-3").await;
        again.order(3).await;
        again
            .until_fleet("it is another one", |fleet| compared(fleet) == 490)
            .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn those_that_have_finished_are_taken_together_and_none_is_lost_or_counted_twice() {
    let Some(fleet) = Fleet::start().await else {
        return;
    };
    let mut stays = fleet.instance("pod-0").await;
    stays.order(5).await;
    for number in 1..=12 {
        let mut instance = fleet.instance(&format!("pod-{number}")).await;
        instance.order(2).await;
        assert!(instance.finish().await);
    }
    let said = stays
        .until_fleet("few are left by name", |fleet| {
            // At each moment.
            assert!(compared(fleet) <= 29, "{}", compared(fleet));
            compared(fleet) == 29 && fleet.instances.len() <= 9
        })
        .await;
    let target = &said.targets[0];
    assert_eq!((target.stats.sent, target.instances), (29, 13));
    assert_eq!(target.stats.latency.count, 29);
    assert_eq!(said.missing().count(), 0);
    // Those that end later are added.
    for number in 13..=15 {
        let mut instance = fleet.instance(&format!("pod-{number}")).await;
        instance.order(2).await;
        assert!(instance.finish().await);
    }
    let said = stays
        .until_fleet("few are left again", |fleet| {
            assert!(compared(fleet) <= 35, "{}", compared(fleet));
            compared(fleet) == 35 && fleet.instances.len() <= 9
        })
        .await;
    assert_eq!(said.targets[0].instances, 16);
}

async fn fleet_of(fleet: &Fleet, count: usize, orders: u64) -> Vec<Instance> {
    let mut all = Vec::new();
    for number in 0..count {
        let mut instance = fleet.instance(&format!("pod-{number}")).await;
        instance.order(orders).await;
        all.push(instance);
    }
    all
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_that_is_begun_anew_in_one_instance_begins_anew_in_all() {
    let Some(fleet) = Fleet::start().await else {
        return;
    };
    let mut all = fleet_of(&fleet, 3, 150).await;
    all[0]
        .until_fleet("all is known", |fleet| compared(fleet) == 450)
        .await;
    // One that has gone was of the epoch that ends.
    assert!(all.pop().unwrap().finish().await);
    let restart = Change::default().restart_report();
    all[1].change(&restart).await.unwrap();
    for instance in &all {
        let said = instance
            .until_fleet("a new epoch", |fleet| {
                fleet.epoch == 2 && compared(fleet) == 0
            })
            .await;
        assert_ne!(said.verdict, Some(Verdict::Promote));
        let own = instance.until("its own as well", |mirror| {
            mirror.targets[0].report.as_ref().unwrap().compared == 0
        });
        own.await;
    }
    for instance in &mut all {
        instance.order(10).await;
    }
    all[0]
        .until_fleet("what came since", |fleet| {
            compared(fleet) == 20 && states(fleet) == ["pod-0 running", "pod-1 running"]
        })
        .await;
    // By the fleet's own switch as well, once.
    all[0].change(&restart.for_fleet()).await.unwrap();
    for instance in &all {
        instance
            .until_fleet("one more", |fleet| fleet.epoch == 3 && compared(fleet) == 0)
            .await;
    }
}

/// Two instances that have read that a mirror is promoted, and would not read anew for half an hour.
async fn promoting(fleet: &Fleet) -> [Instance; 2] {
    for instance in fleet_of(fleet, 4, 150).await {
        assert!(instance.finish().await);
    }
    let both = [
        fleet.slow_instance("slow-1").await,
        fleet.slow_instance("slow-2").await,
    ];
    for instance in &both {
        let said = instance
            .until_fleet("it is promoted", |fleet| compared(fleet) == 600)
            .await;
        assert_eq!(said.verdict, Some(Verdict::Promote));
    }
    both
}

#[tokio::test(flavor = "multi_thread")]
async fn once_a_report_is_begun_anew_nobody_says_what_was_read_before() {
    let Some(fleet) = Fleet::start().await else {
        return;
    };
    let restart = Change::default().restart_report();
    for (change, epoch) in [(restart.clone().for_fleet(), 2), (restart, 3)] {
        let both = promoting(&fleet).await;
        both[0].change(&change).await.unwrap();
        // The other first: it may not have heard yet.
        for instance in [&both[1], &both[0]] {
            let said = instance.mirror().await.fleet.unwrap();
            assert_eq!((said.error, said.epoch), (None, epoch));
            assert_ne!(said.verdict, Some(Verdict::Promote), "{}", said.reason);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn all_mirrors_begin_anew_in_all_instances() {
    let Some(fleet) = Fleet::start().await else {
        return;
    };
    let both = promoting(&fleet).await;
    let restart = Change::default().restart_report().for_fleet();
    both[0]
        .change_at("/control/mirrors", &restart)
        .await
        .unwrap();
    for instance in [&both[1], &both[0]] {
        let said = instance.mirror().await.fleet.unwrap();
        assert_eq!((said.error, said.epoch), (None, 2));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_instance_that_was_killed_is_replaced_by_the_next_of_its_name_and_counts_once() {
    let Some(fleet) = Fleet::start().await else {
        return;
    };
    let stays = fleet.instance("pod-1").await;
    for killed in 1..=2 {
        let mut instance = fleet.instance("pod-0").await;
        instance.order(20).await;
        stays
            .until_fleet("it is known", |fleet| compared(fleet) == 20 * killed)
            .await;
        instance.kill();
    }
    stays
        .until_fleet("one is missing", |fleet| {
            states(fleet) == ["pod-0 replaced", "pod-0 missing", "pod-1 running"]
        })
        .await;
    let mut again = fleet.instance("pod-0").await;
    again.order(5).await;
    let said = stays
        .until_fleet("it is there again", |fleet| {
            states(fleet)
                == [
                    "pod-0 replaced",
                    "pod-0 replaced",
                    "pod-0 running",
                    "pod-1 running",
                ]
                && compared(fleet) == 45
        })
        .await;
    assert_eq!(said.missing().count(), 0);
    assert_eq!(said.targets[0].stats.sent, 45);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_version_of_the_shadow_is_not_promoted_by_what_the_old_one_has_shown() {
    let Some(fleet) = Fleet::start().await else {
        return;
    };
    let mut all = fleet_of(&fleet, 4, 150).await;
    all[3]
        .until_fleet("it is promoted", |fleet| {
            compared(fleet) == 600 && fleet.verdict == Some(Verdict::Promote)
        })
        .await;
    assert!(all.pop().unwrap().finish().await);
    fleet.is_new.store(true, Relaxed);
    // One instance sees it first.
    all[0].order(5).await;
    for instance in &all {
        let said = instance
            .until_fleet("the new version", |fleet| {
                let report = fleet.targets[0].report.as_ref().unwrap();
                // Some of the five may have been said before the others were compared.
                report.version.as_deref() == Some("2") && compared(fleet) == 5
            })
            .await;
        assert_eq!(said.verdict, Some(Verdict::NotEnoughData));
    }
    // The others come to know of it later.
    for instance in &mut all[1..] {
        instance.order(10).await;
    }
    all[0]
        .until_fleet("all of the new version", |fleet| compared(fleet) == 25)
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_version_that_is_rolled_back_is_noticed_by_all_with_a_few_responses_of_each() {
    let Some(fleet) = Fleet::start().await else {
        return;
    };
    let mut all = fleet_of(&fleet, 3, 5).await;
    let gone = all.pop().unwrap();
    fleet.is_new.store(true, Relaxed);
    for instance in &mut all {
        instance.order(160).await;
    }
    let of_version = |version: &'static str, count: u64| {
        move |fleet: &snapshot::Fleet| {
            let report = fleet.targets[0].report.as_ref().unwrap();
            report.version.as_deref() == Some(version) && compared(fleet) == count
        }
    };
    all[0]
        .until_fleet("the new version", of_version("2", 320))
        .await;
    assert!(gone.finish().await);
    fleet.is_new.store(false, Relaxed);
    for instance in &mut all {
        instance.order(2).await;
    }
    for instance in &all {
        // What was known is about the other version.
        let said = instance.until_fleet("it was rolled back", |fleet| {
            let report = fleet.targets[0].report.as_ref().unwrap();
            report.version.as_deref() == Some("1")
        });
        assert_ne!(said.await.verdict, Some(Verdict::Promote));
        let own = instance.until("its own as well", |mirror| {
            let report = mirror.targets[0].report.as_ref().unwrap();
            report.version.as_deref() == Some("1") && report.compared == 0
        });
        own.await;
    }
    for instance in &mut all {
        instance.order(5).await;
    }
    for instance in &all {
        // With what one has shown of that version that ended before.
        instance
            .until_fleet("all of the old version", of_version("1", 15))
            .await;
        assert!(instance.log().contains("the shadow was rolled back"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_version_that_is_rolled_back_is_noticed_with_ordinary_traffic() {
    let Some(fleet) = Fleet::start().await else {
        return;
    };
    let mut all = fleet_of(&fleet, 4, 5).await;
    fleet.is_new.store(true, Relaxed);
    for instance in &mut all {
        instance.order(160).await;
    }
    // Two have evidence about the new version, and no traffic from now on.
    let quiet = all.pop().unwrap();
    assert!(all.pop().unwrap().finish().await);
    let said = quiet
        .until_fleet("it is promoted", |fleet| compared(fleet) == 640)
        .await;
    assert_eq!(said.verdict, Some(Verdict::Promote));
    fleet.is_new.store(false, Relaxed);
    // Requests all the time, more than 20 in the time that instances have to say what they know.
    let noticed = eventually("it was rolled back", async {
        loop {
            for instance in &mut all {
                instance.order(10).await;
            }
            let said = quiet.mirror().await.fleet.unwrap();
            let report = said.targets[0].report.as_ref().unwrap();
            if said.error.is_none() && report.version.as_deref() == Some("1") {
                return said;
            }
        }
    });
    assert_ne!(noticed.await.verdict, Some(Verdict::Promote));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_version_that_is_being_deployed_stays_the_one_while_both_respond() {
    let Some(fleet) = Fleet::start().await else {
        return;
    };
    let mut all = fleet_of(&fleet, 2, 5).await;
    fleet.is_rolling.store(true, Relaxed);
    all[0].order(3).await;
    all[0]
        .until_fleet("the new version", |fleet| compared(fleet) == 1)
        .await;
    for _ in 0..5 {
        for instance in &mut all {
            instance.order(6).await;
            let mirror = instance.mirror().await;
            let said = mirror.fleet.unwrap();
            let report = said.targets[0].report.as_ref().unwrap();
            assert_eq!(report.version.as_deref(), Some("2"));
        }
    }
    // A third of all, and whoever was seen first.
    let said = all[1]
        .until_fleet("all of the new version", |fleet| compared(fleet) == 21)
        .await;
    assert_eq!(said.verdict, Some(Verdict::NotEnoughData));
    for instance in &all {
        assert!(!instance.log().contains("the shadow was rolled back"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_counted_while_nats_is_away_is_there_when_it_is_back() {
    let Some(mut fleet) = Fleet::start().await else {
        return;
    };
    let mut all = fleet_of(&fleet, 2, 20).await;
    all[0]
        .until_fleet("all is known", |fleet| compared(fleet) == 40)
        .await;
    fleet.nats.kill();
    for instance in &mut all {
        // Responses are checked: they are those of always.
        instance.order(30).await;
    }
    let mirror = all[0]
        .until("it is said", |mirror| {
            mirror.fleet.as_ref().unwrap().error.is_some()
        })
        .await;
    let said = mirror.fleet.unwrap();
    // What was known is still shown.
    assert_eq!(compared(&said), 40);
    assert!(said.error.unwrap().contains("NATS"));
    fleet.nats.restart();
    let said = all[1]
        .until_fleet("all of it", |fleet| compared(fleet) == 100)
        .await;
    assert_eq!(said.targets[0].stats.sent, 100);
    assert_eq!(states(&said), ["pod-0 running", "pod-1 running"]);
}
