//! The command line itself.

use crate::{
    sample::orders,
    support::{Stub, command, mirror, run},
};

#[tokio::test]
async fn a_wrong_command_line_is_no_verdict() {
    for (args, said) in [
        (&[][..], "Usage: mirror"),
        (&["chekc"], "check"),
        (&["check"], "<URL>"),
        (&["check", "localhost:8080"], "like `http://localhost:8080`"),
        (&["check", "ftp://localhost"], "must be `http` or `https`"),
        (
            &["check", "http://h", "--wait", "10"],
            "like `30s` or `10m`",
        ),
        (&["check", "http://h", "--wait", "0s"], "longer than zero"),
        (
            &["check", "http://h", "--wait", "1s", "--interval", "1ms"],
            "between 100ms and 1h",
        ),
        (&["check", "http://h", "--target", "x"], "--mirror"),
        (&["off", "http://h"], "--mirror <NAME>|--all"),
        (
            &["off", "http://h", "--all", "--mirror", "x"],
            "cannot be used with",
        ),
        (
            &["off", "http://h", "--mirror", ""],
            "the name of the mirror is empty",
        ),
        (
            &[
                "set",
                "http://h",
                "--mirror",
                "x",
                "--target",
                "y",
                "--percentage",
                "101",
            ],
            "between 0 and 100",
        ),
        (
            &[
                "set",
                "http://h",
                "--mirror",
                "x",
                "--target",
                "y",
                "--percentage",
                "-1",
            ],
            "between 0 and 100",
        ),
        (
            &[
                "set",
                "http://h",
                "--mirror",
                "x",
                "--target",
                "y",
                "--percentage",
                "NaN",
            ],
            "between 0 and 100",
        ),
        (
            &["off", "http://h", "--all", "--for", "1ms"],
            "whole number of seconds",
        ),
        (
            &["off", "http://h", "--all", "--token", "secret"],
            "unexpected argument",
        ),
    ] {
        let run = mirror(args).await.expect(64, said);
        assert_eq!(run.stdout, "", "{args:?}");
    }
}

#[tokio::test]
async fn credentials_in_a_url_are_refused_and_not_repeated() {
    for command in ["check", "watch"] {
        let run = mirror(&[command, "http://ada:secret@127.0.0.1:1/"]).await;
        let run = run.expect(64, "MIRROR_TOKEN");
        assert!(!run.stderr.contains("secret"));
    }
}

#[tokio::test]
async fn each_command_has_help_with_an_example() {
    for name in ["check", "watch", "set", "off", "on", "reset", "completions"] {
        let run = mirror(&[name, "--help"]).await.expect(0, "Examples:");
        assert!(
            run.stdout.contains(&format!("mirror {name}")),
            "{}",
            run.stdout
        );
        assert!(
            run.stdout.lines().all(|line| line.chars().count() <= 100),
            "{}",
            run.stdout
        );
    }
    mirror(&["--version"])
        .await
        .expect(0, env!("CARGO_PKG_VERSION"));
}

#[tokio::test]
async fn shells_get_completions() {
    for (shell, said) in [
        ("bash", "complete -F _mirror"),
        ("zsh", "#compdef mirror"),
        ("fish", "complete -c mirror"),
    ] {
        let run = mirror(&["completions", shell]).await.expect(0, said);
        assert!(run.stdout.contains("percentage"), "{shell}");
    }
    mirror(&["completions", "tcsh"]).await.expect(64, "bash");
}

#[tokio::test]
async fn bash_takes_the_completions() {
    let script = mirror(&["completions", "bash"]).await.stdout;
    let ask = "COMP_WORDS=(mirror ch); COMP_CWORD=1; _mirror mirror ch mirror; echo \"<${COMPREPLY[*]}>\"";
    let bash = tokio::process::Command::new("bash")
        .args(["-c", &format!("{script}\n{ask}")])
        .output()
        .await;
    let Ok(output) = bash else {
        assert_ne!(
            std::env::var("CI").as_deref(),
            Ok("true"),
            "bash is missing"
        );
        eprintln!("left out: bash is missing");
        return;
    };
    assert_eq!(String::from_utf8_lossy(&output.stdout), "<check>\n");
}

#[tokio::test]
async fn colours_are_for_those_who_see_them() {
    let stub = Stub::with(orders("promote", "good"));
    let url = stub.url();
    let plain = mirror(&["check", &url]).await;
    assert!(!plain.stdout.contains('\u{1b}'));
    let always = mirror(&["check", &url, "--color", "always"]).await;
    assert!(
        always
            .stdout
            .starts_with("\u{1b}[1m\u{1b}[32mpromote\u{1b}[0m: "),
        "{always:?}"
    );
    let mut no_colour = command(&["check", &url]);
    no_colour.env("NO_COLOR", "1").env("CLICOLOR_FORCE", "1");
    assert!(!run(no_colour).await.stdout.contains('\u{1b}'));
}
