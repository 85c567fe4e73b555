//! Switching mirrors and setting shares while requests arrive.

use axum::{Router, routing::get};
use mirror_runtime::{
    CompareMode, ControlError, ControlFile, ControlSource, Mirror, SkipReason, Target, control,
    mirror, mirror_named, mirrors,
};
use testkit::{Primary, Shadow, settled, until};

/// Mirrors whatever it is asked for.
fn app(mirror: &Mirror) -> Router {
    Router::new()
        .route("/", get(|| async { "primary" }))
        .layer(mirror.layer())
}

async fn get_times(primary: &Primary, times: u64) {
    for _ in 0..times {
        assert_eq!(primary.get("/").await.text(), "primary");
    }
}

fn named(name: &'static str, shadow: &Shadow) -> Mirror {
    Mirror::builder()
        .name(name)
        .target(Target::new(shadow.url()).unwrap().named("rewrite"))
        .build()
        .unwrap()
}

#[tokio::test]
async fn a_mirror_that_is_off_counts_its_requests_and_sends_none() {
    let shadow = Shadow::start().await;
    let mirror = named("control: off and on", &shadow);
    let primary = Primary::start(app(&mirror)).await;
    get_times(&primary, 2).await;
    settled(&mirror, 2).await;
    mirror.control().by("ada").because("repairs").disable();
    get_times(&primary, 3).await;
    let counted = settled(&mirror, 5).await.remove(0);
    assert_eq!(
        (counted.sent, counted.skipped_for(SkipReason::SwitchedOff)),
        (2, 3)
    );
    let state = mirror.control().state();
    assert_eq!(
        (state.is_enabled, state.source),
        (false, ControlSource::Api)
    );
    assert_eq!(state.actor.as_deref(), Some("ada"));
    assert_eq!(state.reason.as_deref(), Some("repairs"));
    assert!(state.targets[0].percentage.abs() < f64::EPSILON);
    assert!((state.targets[0].configured - 100.0).abs() < f64::EPSILON);
    control("control: off and on").enable();
    get_times(&primary, 1).await;
    assert_eq!(settled(&mirror, 6).await[0].sent, 3);
    assert_eq!(shadow.recorded().len(), 3);
}

#[tokio::test]
async fn zero_is_off_also_after_a_hundred() {
    let shadow = Shadow::start().await;
    let mirror = named("control: zero", &shadow);
    let primary = Primary::start(app(&mirror)).await;
    let set = |share| mirror.control().set_percentage("rewrite", share).unwrap();
    let mut off = 0;
    for (share, is_sent) in [(0.0, false), (100.0, true), (0.0, false), (-0.0, false)] {
        set(share);
        get_times(&primary, 5).await;
        off += u64::from(!is_sent) * 5;
    }
    let stats = settled(&mirror, 20).await.remove(0);
    assert_eq!(stats.skipped_for(SkipReason::SwitchedOff), off);
    assert_eq!(stats.sent, 20 - off);
    mirror.control().reset();
    get_times(&primary, 1).await;
    assert_eq!(settled(&mirror, 21).await[0].sent, 21 - off);
    for share in [-1.0, 100.1, f64::NAN] {
        let error = mirror.control().set_percentage("rewrite", share);
        assert!(
            matches!(error, Err(ControlError::Percentage { .. })),
            "{share}"
        );
    }
    let error = mirror
        .control()
        .set_percentage("rewritten", 1.0)
        .unwrap_err();
    assert!(error.to_string().contains("it has rewrite"), "{error}");
}

#[tokio::test]
async fn a_baseline_is_off_if_all_that_it_is_sent_beside_are() {
    let shadow = Shadow::start().await;
    let target = |name: &'static str| {
        let url = format!("{}/{name}", shadow.url().trim_end_matches('/'));
        Target::new(url).unwrap().named(name)
    };
    let mirror = Mirror::builder()
        .name("control: baseline")
        .target(target("one"))
        .target(target("other"))
        .compare(CompareMode::Status)
        .baseline(target("old"))
        .build()
        .unwrap();
    let primary = Primary::start(app(&mirror)).await;
    let set = |target, share| mirror.control().set_percentage(target, share).unwrap();
    // One is still sent, and the baseline beside it.
    set("one", 0.0);
    get_times(&primary, 1).await;
    assert_eq!(settled(&mirror, 1).await[2].sent, 1);
    set("other", 0.0);
    get_times(&primary, 3).await;
    let stats = settled(&mirror, 4).await;
    let off = stats
        .iter()
        .map(|stats| stats.skipped_for(SkipReason::SwitchedOff));
    assert_eq!(off.collect::<Vec<_>>(), [4, 3, 3]);
    assert_eq!(stats[2].skipped_for(SkipReason::NotSampled), 0);
    // What the draw leaves out, the baseline is not sent either, and nobody has switched it off.
    set("other", 0.000_001);
    get_times(&primary, 2).await;
    let baseline = settled(&mirror, 6).await.remove(2);
    let left_out = [SkipReason::SwitchedOff, SkipReason::NotSampled];
    let left_out = left_out.map(|reason| baseline.skipped_for(reason));
    assert_eq!(left_out, [3, 2]);
}

#[mirror(targets = [target("http://127.0.0.1:9/", name = "never")], name = "control: before", percentage = 50)]
async fn before() -> &'static str {
    "primary"
}

#[tokio::test]
async fn a_mirror_is_controlled_before_its_first_request() {
    assert!(mirror_named("control: before").is_none());
    let control = control("control: before");
    let before = control.state();
    assert!((before.targets[0].configured - 50.0).abs() < f64::EPSILON);
    assert!(control.set_percentage("other", 1.0).is_err());
    control.disable();
    let primary = Primary::start(Router::new().route("/", get(self::before))).await;
    get_times(&primary, 2).await;
    let mirror = mirror_named("control: before").unwrap();
    let stats = settled(&mirror, 2).await.remove(0);
    assert_eq!(stats.skipped_for(SkipReason::SwitchedOff), 2);
}

#[mirror(targets = ["HTTP://127.0.0.1:9/"], timeout = "2s", methods = [GET])]
async fn list() -> &'static str {
    "primary"
}

#[derive(Clone)]
struct Users;

#[derive(Clone)]
struct Orders<T>(T);

impl Users {
    #[mirror(targets = [env("MIRROR_TESTS_CONTROL_URL")])]
    async fn list() -> &'static str {
        let _ = Self;
        "users"
    }
}

impl Orders<u8> {
    #[mirror(targets = [handler(list)])]
    async fn list() -> &'static str {
        "orders"
    }
}

#[test]
fn every_mirror_is_listed_before_its_first_request() {
    let all = mirrors();
    let here: Vec<_> = all
        .iter()
        .filter(|mirror| mirror.module.as_deref() == Some(module_path!()))
        .filter(|mirror| mirror.name.starts_with(module_path!()))
        .collect();
    let names: Vec<_> = here.iter().map(|mirror| &*mirror.name).collect();
    assert_eq!(
        names,
        [
            concat!(module_path!(), "::Orders::list"),
            concat!(module_path!(), "::Users::list"),
            concat!(module_path!(), "::list"),
        ]
    );
    assert!(here.iter().all(|mirror| mirror.mirror().is_none()));
    let free = here[2];
    assert_eq!(free.targets, ["http://127.0.0.1:9"]);
    let options = [("timeout", "\"2s\""), ("methods", "[GET]")];
    let options = options.map(|(name, value)| (name.to_owned(), value.to_owned()));
    assert_eq!(free.options, options);
    let file = free.file.as_deref().unwrap();
    assert!(file.ends_with("control.rs"), "{file}");
    let line = free.line.unwrap() as usize - 1;
    let source = include_str!("control.rs").lines().nth(line);
    assert!(source.unwrap().starts_with("#[mirror("), "{source:?}");
    assert_eq!(here[1].targets, ["MIRROR_TESTS_CONTROL_URL"]);
    assert_eq!(here[0].targets, ["handler(list)"]);
    let sorted = all.is_sorted_by_key(|mirror| mirror.name.clone());
    assert!(sorted);
    // They are used by nobody else.
    let _: Router = Router::new()
        .route("/", get(list))
        .route("/users", get(Users::list))
        .route("/orders", get(Orders::<u8>::list));
    let _ = Orders(0).0;
}

#[tokio::test]
async fn what_was_built_is_listed_with_its_place() {
    let shadow = Shadow::start().await;
    let builder = Mirror::builder()
        .name("control: built")
        .target(shadow.url());
    let (line, mirror) = (line!(), builder.build().unwrap());
    let info = mirrors()
        .into_iter()
        .find(|info| info.name == "control: built");
    let info = info.unwrap();
    assert_eq!(info.line, Some(line));
    assert!(info.file.as_ref().unwrap().ends_with("control.rs"));
    assert_eq!(info.module, None);
    assert_eq!(info.targets, [shadow.url()]);
    drop((info, mirror));
    // Whoever lists mirrors at this moment has it for a little longer.
    until("it is listed no more", || {
        mirrors().iter().all(|info| info.name != "control: built")
    })
    .await;
}

#[tokio::test]
async fn what_was_said_in_toml_is_what_is_said_in_json() {
    let shadow = Shadow::start().await;
    let mirror = named("control: file", &shadow);
    let toml = r#"
        reason = "incident"
        by = "ada"

        [mirrors."control: file"]
        enabled = false
        until = "2999-01-31T14:30:00Z"

        [mirrors."control: file".targets]
        rewrite = 5
    "#;
    let json = r#"{
        "reason": "incident",
        "by": "ada",
        "mirrors": {
            "control: file": {
                "enabled": false,
                "until": "2999-01-31T14:30:00Z",
                "targets": { "rewrite": 5 }
            }
        }
    }"#;
    let file: ControlFile = toml::from_str(toml).unwrap();
    assert_eq!(file, serde_json::from_str(json).unwrap());
    file.apply().unwrap();
    let state = serde_json::to_value(mirror.control().state()).unwrap();
    assert_eq!(state["is_enabled"], false);
    assert_eq!(state["source"], "file");
    assert_eq!(state["actor"], "ada");
    assert_eq!(state["reason"], "incident");
    assert_eq!(state["until"], "2999-01-31T14:30:00Z");
    assert_eq!(state["targets"][0]["source"], "file");
    for (wrong, said) in [
        ("enable = true", "unknown field"),
        ("[mirrors.x]\nurl = \"http://a\"", "unknown field"),
        ("[mirrors.x.targets]\na = true", "invalid type"),
    ] {
        let error = toml::from_str::<ControlFile>(wrong)
            .unwrap_err()
            .to_string();
        assert!(error.contains(said), "{error}");
    }
    for wrong in [
        "until = \"tomorrow\"",
        "[mirrors.x.targets]\na = 101",
        "[mirrors.\"control: file\".targets]\nb = 1",
    ] {
        let file: ControlFile = toml::from_str(wrong).unwrap();
        assert!(file.apply().is_err(), "{wrong}");
    }
    assert_eq!(mirror.control().state().source, ControlSource::File);
    ControlFile::default().apply().unwrap();
    assert!(mirror.control().state().is_enabled);
}

#[tokio::test]
async fn a_fleet_lowers_and_does_not_raise() {
    let shadow = Shadow::start().await;
    for (name, allow_raise) in [("control: fleet", false), ("control: raised", true)] {
        let target = Target::with_percentage(shadow.url(), 10.0).unwrap();
        let mirror = Mirror::builder().name(name).target(target.named("rewrite"));
        let mirror = mirror.allow_raise(allow_raise).build().unwrap();
        let fleet = mirror.control().as_fleet().by("fleet");
        let share = || mirror.control().state().targets[0].percentage;
        fleet.set_percentage("rewrite", 50.0).unwrap();
        let raised = if allow_raise { 50.0 } else { 10.0 };
        assert!((share() - raised).abs() < f64::EPSILON);
        fleet.set_percentage("rewrite", 5.0).unwrap();
        assert!((share() - 5.0).abs() < f64::EPSILON);
        fleet.disable();
        assert_eq!(mirror.control().state().source, ControlSource::Fleet);
        mirror.control().enable();
        assert!((share() - 5.0).abs() < f64::EPSILON);
        fleet.reset();
        assert!((share() - 10.0).abs() < f64::EPSILON);
    }
}

#[tokio::test]
async fn a_day_that_has_come_is_the_end_of_a_mirror() {
    let shadow = Shadow::start().await;
    let mirror = Mirror::builder()
        .name("control: over")
        .target(shadow.url())
        .until("1999-12-31")
        .build()
        .unwrap();
    let primary = Primary::start(app(&mirror)).await;
    get_times(&primary, 2).await;
    let counted = settled(&mirror, 2).await.remove(0);
    assert_eq!(counted.skipped_for(SkipReason::SwitchedOff), 2);
    let state = mirror.control().state();
    assert_eq!(
        (state.is_enabled, state.source),
        (false, ControlSource::Code)
    );
    mirror.control().enable();
    get_times(&primary, 1).await;
    assert_eq!(settled(&mirror, 3).await[0].sent, 1);
    let wrong = Mirror::builder()
        .target(shadow.url())
        .until("2027-02-29")
        .build();
    assert!(wrong.unwrap_err().to_string().contains("no such day"));
}

#[tokio::test]
async fn an_override_ends_without_a_request() {
    let shadow = Shadow::start().await;
    let mirror = named("control: ends", &shadow);
    let control = mirror
        .control()
        .for_duration(std::time::Duration::from_millis(30));
    control.disable();
    // The thread that waits for it is the only one that looks at the clock here.
    let primary = Primary::start(app(&mirror)).await;
    let mut asked = 0;
    loop {
        get_times(&primary, 1).await;
        asked += 1;
        if settled(&mirror, asked).await[0].sent > 0 {
            break;
        }
    }
    assert_eq!(mirror.control().state().source, ControlSource::Code);
}
