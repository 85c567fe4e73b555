//! A program with mirrors, its page and its control router.

use std::{future::ready, time::Duration};

use axum::{Json, Router, http::request::Parts, routing::any};
use mirror_dashboard::{Actor, Dashboard, control_router};
use mirror_runtime::{CompareMode, Mirror, Target, Thresholds};
use serde_json::json;
use testkit::{demo::Server, until};

use crate::support::{Run, command, run};

fn guard(parts: &Parts) -> Option<Actor> {
    let token = parts.headers.get("authorization")?;
    (token == "Bearer of-ada").then(|| Actor::new("ada"))
}

fn responds(total: u32) -> Router {
    Router::new().fallback(any(move || ready(Json(json!({ "total": total })))))
}

struct Shop {
    mirror: Mirror,
    server: Server,
    _shadow: Server,
}

impl Shop {
    /// A shop whose shadow is right, or is not.
    fn start(name: &'static str, is_right: bool) -> Self {
        let shadow = Server::anywhere(responds(if is_right { 12 } else { 13 })).unwrap();
        let mirror = Mirror::builder()
            .name(name)
            .target(Target::new(shadow.url()).unwrap().named("rewrite"))
            .compare(CompareMode::Json)
            .thresholds(
                Thresholds::default()
                    .with_min_distinct(1)
                    .with_min_duration(Duration::ZERO)
                    // What is asked for is who is right, and not who is fast on this machine.
                    .with_max_slow(1.0)
                    .with_latency_regresses(false),
            )
            .build()
            .unwrap();
        let page = Dashboard::new()
            .control_at("/admin/mirror-control")
            .router();
        let app = responds(12)
            .layer(mirror.layer())
            .nest("/admin/mirror", page)
            .nest("/admin/mirror-control", control_router(guard));
        Self {
            mirror,
            server: Server::anywhere(app).unwrap(),
            _shadow: shadow,
        }
    }

    async fn run(&self, name: &str, path: &str, args: &[&str]) -> Run {
        let url = format!("{}/admin/{path}", self.server.url());
        let mut command = command(&[&[name, &url], args].concat());
        command.env("MIRROR_TOKEN", "of-ada");
        run(command).await
    }

    async fn check(&self) -> Run {
        let name = self.mirror.stats().name;
        self.run(
            "check",
            "mirror",
            &["--mirror", &name, "--target", "rewrite"],
        )
        .await
    }

    /// So many requests, whose responses are compared.
    async fn ask(&self, count: u64) {
        let before = self.received();
        let mut client = testkit::demo::Client::connect(self.server.address())
            .await
            .unwrap();
        for number in 0..count {
            client.get(&format!("/orders/{number}")).await.unwrap();
        }
        until("all are compared", || {
            let stats = self.mirror.stats();
            let target = &stats.targets[0];
            let report = self.mirror.report();
            target.received == before + count
                && target.in_flight == 0
                && report
                    .targets
                    .first()
                    .is_none_or(|report| report.compared >= target.answered)
        })
        .await;
    }

    fn received(&self) -> u64 {
        self.mirror.stats().targets[0].received
    }
}

#[tokio::test]
async fn a_shadow_that_is_right_is_promoted() {
    let shop = Shop::start("cli.right", true);
    shop.check()
        .await
        .expect(2, "not_enough_data: cli.right -> rewrite: ");
    shop.ask(600).await;
    shop.check()
        .await
        .expect(0, "promote: cli.right -> rewrite: ");
    let run = shop
        .run("watch", "mirror", &["--once", "--mirror", "cli.right"])
        .await;
    run.expect(0, " promote ");
    let run = shop
        .run("check", "mirror/snapshot.json", &["--mirror", "cli.rihgt"])
        .await;
    run.expect(2, "there is `cli.right`");
}

#[tokio::test]
async fn a_shadow_that_is_wrong_is_not() {
    let shop = Shop::start("cli.wrong", false);
    shop.ask(600).await;
    shop.check()
        .await
        .expect(1, "regressed: cli.wrong -> rewrite: ");
}

#[tokio::test]
async fn a_mirror_is_switched_and_its_share_is_set() {
    let shop = Shop::start("cli.switched", true);
    let which = ["--mirror", "cli.switched"];
    let args = [&which[..], &["--for", "1h", "--reason", "too slow"]].concat();
    let run = shop
        .run("off", "mirror-control", &args)
        .await
        .expect(0, "cli.switched: off, by api (ada), until ");
    assert!(run.stdout.contains(": too slow\n"), "{run:?}");
    shop.ask(3).await;
    assert_eq!(shop.mirror.stats().targets[0].sent, 0);
    shop.check().await.expect(2, "the mirror is off");

    shop.run("on", "mirror-control", &which)
        .await
        .expect(0, "cli.switched: on, by api (ada)");
    let args = [&which[..], &["--target", "rewrite", "--percentage", "50"]].concat();
    shop.run("set", "mirror-control", &args)
        .await
        .expect(0, "rewrite: 50% (100% in the code), by api (ada)");
    shop.ask(100).await;
    assert!(
        (48..=52).contains(&shop.mirror.stats().targets[0].sent),
        "{}",
        shop.mirror.stats()
    );

    shop.run("reset", "mirror-control", &which)
        .await
        .expect(0, "cli.switched: on\n  rewrite: 100%\n");

    let args = ["--mirror", "cli.nobody"];
    shop.run("off", "mirror-control", &args)
        .await
        .expect(1, "there is no mirror `cli.nobody`");
    let args = [&which[..], &["--target", "x", "--percentage", "50"]].concat();
    shop.run("set", "mirror-control", &args)
        .await
        .expect(1, "`cli.switched` has no target `x`");
    shop.run("off", "mirror", &which)
        .await
        .expect(1, "give the URL of the control router");
}

#[tokio::test]
async fn a_wrong_token_changes_nothing() {
    let shop = Shop::start("cli.guarded", true);
    let url = format!("{}/admin/mirror-control", shop.server.url());
    let mut command = command(&["off", &url, "--mirror", "cli.guarded"]);
    command.env("MIRROR_TOKEN", "of-bob");
    let run = run(command).await.expect(
        1,
        "the token from the environment variable `MIRROR_TOKEN` does not do",
    );
    assert!(
        run.stderr.contains("403 Forbidden: the guard refused it")
            && !run.stderr.contains("of-bob"),
        "{run:?}"
    );
    assert!(shop.mirror.control().state().is_enabled);
}
