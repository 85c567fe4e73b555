//! The table of options: unknown, given twice, missing, conflicting, and several mistakes at once.

use super::{assert_mistake, assert_mistakes, expand};

#[test]
fn an_unknown_option_names_the_similar_one() {
    let help = |name: &str, similar: &str| {
        format!(
            "unknown option `{name}`\n= help: there is an option with a similar name: `{similar}`"
        )
    };
    for (name, similar) in [
        ("precentage", "percentage"),
        ("Timeout", "timeout"),
        ("async", "sync"),
        ("on_sucess", "on_success"),
        ("copy", "copy_body"),
        ("bdy", "body"),
        ("max_inflight", "max_in_flight"),
        ("circuit", "circuit_breaker"),
    ] {
        assert_mistake(&format!("{name} = 1"), name, &help(name, similar));
    }
    assert_mistake("flavour = 3", "flavour", "unknown option `flavour`");
}

#[test]
fn an_option_that_is_called_otherwise_elsewhere_is_named() {
    for (name, help) in [
        (
            "percent",
            "write `percentage = 10`, which is in percent: from 0 to 100",
        ),
        (
            "sampling",
            "write `percentage = 10`, which is in percent: from 0 to 100",
        ),
        (
            "sample_rate",
            "write `percentage = 10`, which is in percent: from 0 to 100",
        ),
        ("url", "write `targets = [\"https://staging.example.com\"]`"),
        ("connection_timeout", "write `connect_timeout = \"1s\"`"),
        ("concurrency", "write `max_in_flight = 256`"),
        ("filter", "write `when = |parts| ..`"),
        ("failures", "write `circuit_breaker = { failures = 5 }`"),
        (
            "http2",
            "write it in a target: `target(\"https://staging.example.com\", http2 = \"prior-knowledge\")`",
        ),
        (
            "h2c",
            "write it in a target: `target(\"https://staging.example.com\", http2 = \"prior-knowledge\")`",
        ),
        (
            "enabled",
            "to switch all mirrors off, set the environment variable `MIRROR_DISABLED=1`; for one, write `targets = [env(\"SHADOW_URL\")]` and leave the variable unset",
        ),
        (
            "retries",
            "remove it: a copy is not sent again, its failure is counted and told to `on_error`",
        ),
        ("sticky_by", "write `sticky = header(\"x-user-id\")`"),
        (
            "seed",
            "remove it: sampling starts at a random point; write `sticky = header(\"x-user-id\")` to sample the same users in each process",
        ),
    ] {
        let message = format!("unknown option `{name}`\n= help: {help}");
        assert_mistake(&format!("{name} = 1"), name, &message);
    }
    let source = "#[mirror(targets = [target(\"http://a\", compare = \"json\", weight = 5)])] async fn h() {}";
    assert_mistakes(
        source,
        &[
            (
                "compare",
                "unknown option `compare` of a target\n= help: write `compare = ..` beside `targets`, for all of them",
            ),
            (
                "weight",
                "unknown option `weight` of a target\n= help: write `percentage = 10`, which is in percent: from 0 to 100",
            ),
        ],
    );
}

#[test]
fn an_option_is_given_once() {
    assert_mistakes(
        r#"#[mirror(sync = true, targets = ["http://a"], sync = 3)] async fn handler() {}"#,
        &[("sync", "duplicate option `sync`")],
    );
}

#[test]
fn an_option_needs_a_value() {
    for (option, name, example) in [
        ("sync", "sync", "true"),
        ("timeout(\"2s\")", "timeout", "\"2s\""),
        ("timeout: \"2s\"", "timeout", "\"2s\""),
        ("sync == true", "sync", "true"),
        ("max_in_flight(8)", "max_in_flight", "256"),
        (
            "circuit_breaker",
            "circuit_breaker",
            "{ failures = 5, cooldown = \"5s\" }",
        ),
    ] {
        assert_mistake(
            option,
            name,
            &format!("`{name}` needs a value\n= help: write `{name} = {example}`"),
        );
    }
}

#[test]
fn targets_are_required() {
    let missing =
        "missing option `targets`\n= help: write `targets = [\"https://staging.example.com\"]`";
    for source in [
        "#[mirror] async fn handler() {}",
        "#[mirror()] async fn handler() {}",
        "#[mirror(sync = true)] async fn handler() {}",
    ] {
        assert_mistakes(source, &[("", missing)]);
    }
    assert_mistakes(
        "#[mirror(targets = [])] async fn handler() {}",
        &[("[]", "`targets` must not be empty")],
    );
}

#[test]
fn options_that_contradict_each_other_conflict() {
    assert_mistake(
        "max_body = \"1MiB\", copy_body = false",
        "max_body",
        "`max_body` conflicts with `copy_body = false`: there is no body to limit",
    );
    for body in ["\"buffer\"", "\"tee\""] {
        assert_mistake(
            &format!("body = {body}, copy_body = false"),
            "body",
            "`body` conflicts with `copy_body = false`: there is no body to read",
        );
    }
    assert_mistake(
        "read_ahead = \"1s\", copy_body = false",
        "read_ahead",
        "`read_ahead` conflicts with `copy_body = false`: there is no body to read",
    );
    assert_mistake(
        "body = \"tee\", read_ahead = \"1s\"",
        "read_ahead",
        "`read_ahead` conflicts with `body = \"tee\"`: the handler reads the body then",
    );
    assert_mistake(
        r#"remove_headers = ["X-Env"], set_headers = { "x-env" = "shadow" }"#,
        "\"X-Env\"",
        "`x-env` is both set and removed",
    );
}

#[test]
fn a_connection_cannot_take_longer_than_its_copy() {
    let message = "`connect_timeout` is a part of `timeout` and cannot be longer";
    assert_mistake(
        "connect_timeout = \"2001ms\", timeout = \"2s\"",
        "\"2001ms\"",
        message,
    );
    for good in [
        "connect_timeout = \"2000ms\", timeout = \"2s\"",
        "connect_timeout = \"1m\"",
        "timeout = \"1ms\"",
    ] {
        let source = format!("#[mirror(targets = [\"http://a\"], {good})] async fn h() {{}}");
        assert_mistakes(&source, &[]);
    }
}

#[test]
fn a_circuit_breaker_has_options_of_its_own() {
    for (value, underlined, message) in [
        ("{}", "{}", "`circuit_breaker` must not be empty"),
        ("{ 5 }", "5", "expected the name of an option"),
        (
            "{ failure = 5 }",
            "failure",
            "unknown option `failure` of a circuit breaker\n\
             = help: there is an option with a similar name: `failures`",
        ),
        (
            "{ timeout = \"5s\" }",
            "timeout",
            "unknown option `timeout` of a circuit breaker",
        ),
        (
            "{ failures = 5, failures = 6 }",
            "failures",
            "duplicate option `failures`",
        ),
        (
            "{ failures }",
            "failures",
            "`failures` needs a value\n= help: write `failures = 5`",
        ),
        (
            "{ cooldown: \"5s\" }",
            "cooldown",
            "`cooldown` needs a value\n= help: write `cooldown = \"5s\"`",
        ),
        ("{ failures = 0 }", "0", "`failures` must be at least 1"),
        (
            "{ failures = 4294967296 }",
            "4294967296",
            "`failures` must be below 2^32",
        ),
        (
            "{ cooldown = 5 }",
            "5",
            "`cooldown` must be a string with a unit\n= help: write `cooldown = \"5s\"`",
        ),
        (
            "{ cooldown = \"0s\" }",
            "\"0s\"",
            "invalid `cooldown` `0s`: it must be longer than zero",
        ),
    ] {
        assert_mistake(&format!("circuit_breaker = {value}"), underlined, message);
    }
    assert_mistakes(
        r#"#[mirror(targets = ["http://a"], circuit_breaker = { failures = 0, cool = 1, = , cooldown = })]
        async fn handler() {}"#,
        &[
            ("0", "`failures` must be at least 1"),
            (
                "cool",
                "unknown option `cool` of a circuit breaker\n= help: there is an option with a similar name: `cooldown`",
            ),
            ("=", "expected the name of an option"),
            ("}", "unexpected end of input, expected an expression"),
        ],
    );
}

#[test]
fn a_circuit_breaker_is_a_map_or_off() {
    let message = |to_type: &str| {
        format!(
            "`circuit_breaker` must be `off` or a map\n= help: write `circuit_breaker = {to_type}`"
        )
    };
    for value in ["false", "\"off\"", "\"OFF\""] {
        assert_mistake(
            &format!("circuit_breaker = {value}"),
            value,
            &message("off"),
        );
    }
    for value in ["true", "on", "5", "\"5s\"", "[5]", "breaker(5)", "a::off"] {
        assert_mistake(
            &format!("circuit_breaker = {value}"),
            value,
            &message("{ failures = 5, cooldown = \"5s\" }"),
        );
    }
}

#[test]
fn all_mistakes_of_attribute_and_function_show_at_once_in_source_order() {
    assert_mistakes(
        r#"#[mirror(
            percentage = 120,
            targets = ["localhost:8080", target("http://a", timout = "1s", percentage = -1)],
            on_error = |target, error| { log(target, error) },
            timeout = 2,
            methods = [GET, GTE],
            set_headers = { "te" = "x", "x" = "\n" },
            sync = ,
            max_bdy = "1MiB",
        )]
        fn handler(&self, body: Json<Order>, db: State<Db>) {}"#,
        &[
            ("120", "`percentage` must be between 0 and 100"),
            (
                "\"localhost:8080\"",
                "invalid target `localhost:8080`: not an absolute URL\n\
                 = help: write the scheme and the host, like `https://localhost:8080`",
            ),
            (
                "timout",
                "unknown option `timout` of a target\n= help: there is an option with a similar name: `timeout`",
            ),
            ("-1", "`percentage` must be between 0 and 100"),
            (
                "2",
                "`timeout` must be a string with a unit\n= help: write `timeout = \"2s\"`",
            ),
            (
                "GTE",
                "unknown method `GTE`\n= help: there is a method with a similar name: `GET`",
            ),
            (
                "\"te\"",
                "`te` is a hop-by-hop header: it is about one connection and never copied",
            ),
            (
                "\"\\n\"",
                "invalid header value: it must be visible ASCII, spaces and tabs",
            ),
            (",", "expected an expression"),
            (
                "max_bdy",
                "unknown option `max_bdy`\n= help: there is an option with a similar name: `max_body`",
            ),
            ("fn", "`#[mirror]` handlers must be `async fn`s"),
            (
                "&self",
                "`#[mirror]` handlers cannot take `self`\n\
                 = help: take what the handler needs as `State`",
            ),
        ],
    );
}

#[test]
fn a_mistake_in_the_syntax_does_not_hide_the_next_option() {
    assert_mistakes(
        r#"#[mirror(targets = ["http://a"], percentage = 10%, "timeout" = "2s", 5, sync, host = "x")]
        async fn handler() {}"#,
        &[
            ("10%", "unexpected `%`\n= help: write `percentage = 10`"),
            ("\"timeout\"", "expected the name of an option"),
            ("5", "expected the name of an option"),
            ("sync", "`sync` needs a value\n= help: write `sync = true`"),
            ("\"x\"", "`host` must be `\"target\"` or `\"preserve\"`"),
        ],
    );
}

#[test]
fn the_item_is_emitted_as_written_beside_the_mistakes() {
    let item = "pub async fn handler(id: Path<u64>) -> String { todo!() }";
    let expansion = expand(&format!("#[mirror()] {item}")).to_string();
    let item: proc_macro2::TokenStream = item.parse().unwrap();
    assert!(expansion.ends_with(&item.to_string()), "{expansion}");
}

#[test]
fn what_stands_in_the_place_of_the_targets_is_one_mistake() {
    assert_mistakes(
        "#[mirror(target = \"http://a\")] async fn h() {}",
        &[(
            "target",
            "unknown option `target`\n= help: write `targets = [\"https://staging.example.com\"]`",
        )],
    );
    assert_mistakes(
        "#[mirror(\"http://a\", percentage = 10)] async fn h() {}",
        &[(
            "\"http://a\"",
            "expected the name of an option\n= help: write `targets = [\"http://a\"]`",
        )],
    );
}
