//! Who calls.

use std::fs;

use axum::{Json, response::IntoResponse};
use testkit::Directory;

use crate::{
    sample::orders,
    support::{Asked, Run, Stub, command, redirect, response, run},
};

fn guarded() -> Stub {
    Stub::start(|_, asked: &Asked| {
        if asked.authorization.as_deref() == Some("Bearer of-ada") {
            Json(orders("promote", "good")).into_response()
        } else {
            response(401, "text/plain", "")
        }
    })
}

async fn check(url: &str, args: &[&str], variables: &[(&str, &str)]) -> Run {
    let mut command = command(&[&["check", url], args].concat());
    command.envs(variables.iter().copied());
    run(command).await
}

#[tokio::test]
async fn a_token_comes_from_a_variable_or_a_file() {
    let stub = guarded();
    let url = stub.url();
    let directory = Directory::new("cli-token");
    fs::create_dir_all(directory.path()).unwrap();
    let file = directory.path().join("token");
    fs::write(&file, "of-ada\n").unwrap();
    check(&url, &[], &[("MIRROR_TOKEN", "of-ada")])
        .await
        .expect(0, "promote");
    check(
        &url,
        &["--token-env", "MINE"],
        &[("MINE", "of-ada"), ("MIRROR_TOKEN", "x")],
    )
    .await
    .expect(0, "promote");
    check(&url, &["--token-file", file.to_str().unwrap()], &[])
        .await
        .expect(0, "promote");
    check(&url, &[], &[("MIRROR_TOKEN", "Bearer of-ada")])
        .await
        .expect(0, "promote");
    check(&url, &[], &[("MIRROR_TOKEN", "")])
        .await
        .expect(3, "no token was sent");
}

#[tokio::test]
async fn a_token_that_does_not_do_is_named_by_where_it_is_from() {
    let run = check(&guarded().url(), &[], &[("MIRROR_TOKEN", "of-bob")]).await;
    let run = run.expect(
        3,
        "401 Unauthorized: the token from the environment variable `MIRROR_TOKEN` does not do",
    );
    assert!(!format!("{run:?}").contains("of-bob"));
}

#[tokio::test]
async fn a_token_that_is_none_is_a_mistake_of_the_command_line_and_not_shown() {
    let stub = guarded();
    let url = stub.url();
    for (args, value, said) in [
        (&["--token-env", "MINE"][..], None, "`MINE` is not set"),
        (
            &["--token-env", "MINE"],
            Some(" "),
            "there is no token in the environment variable `MINE`",
        ),
        (
            &["--token-env", "MINE"],
            Some("secret\nline"),
            "one word of visible ASCII",
        ),
        (
            &["--token-env", "MINE"],
            Some("secrét"),
            "one word of visible ASCII",
        ),
        (
            &["--token-file", "/nowhere/token"],
            None,
            "cannot read the token from the file `/nowhere/token`",
        ),
    ] {
        let variables: Vec<_> = value.map(|value| ("MINE", value)).into_iter().collect();
        let run = check(&url, args, &variables).await.expect(64, said);
        assert!(!run.stderr.contains("secr"), "{}", run.stderr);
    }
    assert!(stub.asked().is_empty());
}

#[tokio::test]
async fn a_token_stays_with_its_host() {
    let other = guarded();
    let to = other.url().replace("127.0.0.1", "localhost") + "/snapshot.json";
    let stub = Stub::start(move |_, _| redirect(&to));
    check(&stub.url(), &[], &[("MIRROR_TOKEN", "of-ada")])
        .await
        .expect(3, "401");
    assert_eq!(
        stub.asked()[0].authorization.as_deref(),
        Some("Bearer of-ada")
    );
    assert_eq!(other.asked()[0].authorization, None);
    // Elsewhere on the same host it is still needed.
    let stub = Stub::start(|_, asked: &Asked| {
        if asked.target.starts_with("/old/") {
            redirect("/new/snapshot.json")
        } else if asked.authorization.is_some() {
            Json(orders("promote", "good")).into_response()
        } else {
            response(401, "text/plain", "")
        }
    });
    let url = stub.url() + "/old/";
    check(&url, &[], &[("MIRROR_TOKEN", "of-ada")])
        .await
        .expect(0, "promote");
}
