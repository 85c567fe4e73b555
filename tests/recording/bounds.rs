//! How many fixtures there are at most.

use super::*;

#[tokio::test]
async fn of_each_group_there_are_so_many() {
    let two = |builder: MirrorBuilder| builder.max_fixtures(2);
    let answer = |name: &str, value| ok(format!(r#"{{"{name}":{value}}}"#));
    let name = |path: &str| if path.contains("other") { "other" } else { "a" };
    let recording = Recording::new(
        "group",
        two,
        move |path| answer(name(path), 1),
        move |copy| answer(name(&copy.target), 2),
    )
    .await;
    for number in 0..5 {
        recording.primary.get(&format!("/{number}")).await;
        recording.told(number + 1).await;
    }
    recording.primary.get("/other").await;
    recording.told(6).await;
    let names = recording.directory.names();
    let of = |group: &str| names.iter().filter(|name| name.contains(group)).count();
    assert_eq!(
        (of("--value_a--"), of("--value_other--"), names.len()),
        (2, 1, 3),
        "{names:?}"
    );
}

#[tokio::test]
async fn the_same_request_is_recorded_once() {
    let recording = Recording::new("once", same, |_| ok("[1]"), |_| ok("[2]")).await;
    for number in 0..3 {
        recording.primary.get("/same").await;
        recording.told(number + 1).await;
    }
    assert_eq!(recording.directory.names().len(), 1);
}

#[tokio::test]
async fn the_directory_holds_so_many_bytes() {
    let few = |builder: MirrorBuilder| builder.max_fixtures(100).max_fixture_bytes(6000);
    let recording = Recording::new("bytes", few, |_| ok("[1]"), |_| ok("[2]")).await;
    for number in 0..20 {
        recording.primary.get(&format!("/{number}")).await;
        recording.told(number + 1).await;
    }
    let bytes: usize = recording.directory.fixtures().iter().map(String::len).sum();
    assert!((2000..=6000).contains(&bytes), "{bytes}");
}

#[tokio::test]
async fn nothing_in_a_request_leads_out_of_the_directory() {
    let recording = Recording::new(
        "climbing",
        same,
        |_| ok(r#"{"../../../evil":1,"/etc/passwd":1}"#),
        |_| ok(r#"{"..\\..\\evil":1}"#),
    )
    .await;
    recording.primary.get("/../../../../evil?/../..").await;
    recording.told(1).await;
    let names = recording.directory.names();
    assert_eq!(names.len(), 1);
    assert!(
        names[0].starts_with("shop_orders--staging--missing_evil--"),
        "{names:?}"
    );
}

#[tokio::test]
async fn groups_with_a_secret_in_them_are_one() {
    let two = |builder: MirrorBuilder| builder.max_fixtures(2);
    let answer = |path: &str, value| {
        let token = path.trim_start_matches('/');
        ok(format!(r#"{{"users":{{"{token}":{value}}}}}"#))
    };
    let recording = Recording::new(
        "secret-groups",
        two,
        move |path| answer(path.split('=').next_back().unwrap(), 1),
        move |copy| answer(copy.target.split('=').next_back().unwrap(), 2),
    )
    .await;
    for number in 0..5 {
        let path = format!("/{number}?token=abcdefgh-{number}");
        recording.primary.get(&path).await;
        recording.told(number + 1).await;
    }
    let names = recording.directory.names();
    assert_eq!(names.len(), 2, "{names:?}");
}
