//! `targets = [via(..), sink(..)]` and `transport`.

use super::{assert_mistake, assert_mistakes};

#[test]
fn a_transport_and_a_sink_are_paths_of_statics() {
    for good in [
        "via(NATS)",
        "via(crate::shadows::NATS), sink(LOG), \"http://a\"",
        "target(via(NATS), percentage = 5, timeout = \"1s\", name = \"nats\")",
        "target(sink(LOG), percentage = 5)",
        "file(\"mirror-log\"), target(file(\"b\"), percentage = 5, name = \"log\")",
    ] {
        let source = format!("#[mirror(targets = [{good}])] async fn h() {{}}");
        assert_mistakes(&source, &[]);
    }
    for (keyword, call) in [("via", "via(NATS)"), ("sink", "sink(LOG)")] {
        let message = format!(
            "`{keyword}` takes the path of a static\n\
             = help: write `{call}`, and its options in `target({call}, ..)`"
        );
        for arguments in [
            "",
            "\"NATS\"",
            "&NATS",
            "NATS, name = \"a\"",
            "A, B",
            "new()",
        ] {
            let bad = format!("{keyword}({arguments})");
            let source = format!("#[mirror(targets = [{bad}])] async fn h() {{}}");
            assert_mistakes(&source, &[(&bad, &message)]);
        }
        assert_mistakes(
            &format!("#[mirror(targets = [{keyword}(Self::A)])] async fn h() {{}}"),
            &[(
                "Self",
                &format!("`{keyword}` cannot use `Self`: write the name of the type"),
            )],
        );
    }
}

#[test]
fn a_static_is_a_target_once_and_has_a_name_of_its_own() {
    assert_mistakes(
        "#[mirror(targets = [via(a::A), target(via(a :: A), percentage = 5), sink(A)])] async fn h() {}",
        &[
            ("a :: A", "duplicate target"),
            (
                "A",
                "duplicate target name `a`\n= help: name one of them: `target(sink(A), name = \"..\")`",
            ),
        ],
    );
    assert_mistakes(
        "#[mirror(targets = [target(\"http://a\", name = \"log\"), target(sink(LOG))])] async fn h() {}",
        &[(
            "LOG",
            "duplicate target name `log`\n= help: name one of them: `target(sink(LOG), name = \"..\")`",
        )],
    );
    assert_mistakes(
        "#[mirror(targets = [via(a::LOG), target(via(b::LOG), name = \"b\")])] async fn h() {}",
        &[],
    );
}

#[test]
fn http2_is_for_servers() {
    for (target, reason) in [
        (
            "via(NATS)",
            "the transport of `via(..)` chooses its protocol",
        ),
        ("sink(LOG)", "a sink has no connection"),
    ] {
        assert_mistakes(
            &format!("#[mirror(targets = [target({target}, http2 = \"off\")])] async fn h() {{}}"),
            &[("\"off\"", &format!("`http2` is for servers: {reason}"))],
        );
    }
}

#[test]
fn a_baseline_is_a_server() {
    for value in ["via(OLD)", "sink(OLD)"] {
        assert_mistake(
            &format!("compare = \"json\", baseline = {value}"),
            value,
            "`baseline` must be a URL, `env(\"..\")` or the path of a `const`\n\
             = help: write `baseline = \"https://old-replica.example.com\"`",
        );
    }
}

#[test]
fn what_a_sink_is_given_is_redacted_without_comparing() {
    let source = |more: &str| {
        format!("#[mirror(targets = [\"http://a\", sink(LOG)], {more})] async fn h() {{}}")
    };
    assert_mistakes(&source("redact = [\"/card\"]"), &[]);
    let message = "`ignore` needs `compare`: without it, nothing is compared\n\
                   = help: write `compare = \"json\"`";
    assert_mistakes(&source("ignore = [\"/card\"]"), &[("ignore", message)]);
}

#[test]
fn a_transport_of_all_targets_is_the_path_of_a_static() {
    for good in ["CLIENT", "crate::clients::CLIENT"] {
        let source =
            format!("#[mirror(targets = [\"http://a\"], transport = {good})] async fn h() {{}}");
        assert_mistakes(&source, &[]);
    }
    for bad in ["\"CLIENT\"", "&CLIENT", "Client::new()", "via(CLIENT)"] {
        assert_mistake(
            &format!("transport = {bad}"),
            bad,
            "`transport` must be the path of a static\n= help: write `transport = CLIENT`",
        );
    }
    assert_mistake(
        "transport = Self::CLIENT",
        "Self",
        "`transport` cannot use `Self`: write the name of the type",
    );
}

#[test]
fn a_transport_of_all_targets_needs_a_server() {
    let message = "`transport` needs a target that is a server";
    for targets in ["via(NATS)", "sink(LOG), handler(v2)"] {
        assert_mistakes(
            &format!("#[mirror(targets = [{targets}], transport = CLIENT)] async fn h() {{}}"),
            &[("transport", message)],
        );
    }
    for servers in ["env(\"A\"), via(NATS)", "URL"] {
        assert_mistakes(
            &format!("#[mirror(targets = [{servers}], transport = CLIENT)] async fn h() {{}}"),
            &[],
        );
    }
    assert_mistakes(
        "#[mirror(
            targets = [handler(v2)],
            transport = CLIENT,
            compare = \"json\",
            baseline = \"http://a\",
        )]
        async fn h() {}",
        &[],
    );
}

#[test]
fn files_are_in_one_directory_that_is_there_once() {
    let help = "= help: write `file(\"mirror-log\")`, and its options in `target(file(\"mirror-log\"), ..)`";
    let message = format!("`file` takes the path of one directory, as a string\n{help}");
    for arguments in ["", "LOG", "\"a\", \"b\"", "\"a\", name = \"b\"", "1"] {
        let bad = format!("file({arguments})");
        let source = format!("#[mirror(targets = [{bad}])] async fn h() {{}}");
        assert_mistakes(&source, &[(&bad, &message)]);
    }
    assert_mistakes(
        "#[mirror(targets = [file(\"\")])] async fn h() {}",
        &[("\"\"", "invalid directory ``")],
    );
    assert_mistakes(
        "#[mirror(targets = [file(\"a\"), target(file(\"a\"), percentage = 5)])] async fn h() {}",
        &[("\"a\"", "duplicate target `a`")],
    );
    for (option, value, reason) in [
        (
            "http2",
            "\"off\"",
            "`http2` is for servers: a sink has no connection",
        ),
        (
            "trace",
            "\"strip\"",
            "`trace` is for copies: a sink is given the request as it arrived",
        ),
    ] {
        let source = format!(
            "#[mirror(targets = [target(file(\"a\"), {option} = {value})])] async fn h() {{}}"
        );
        assert_mistakes(&source, &[(value, reason)]);
    }
}
