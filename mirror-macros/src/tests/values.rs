//! The value of each option.

use super::{assert_mistake, assert_mistakes, mistakes};

fn assert_targets(targets: &str, underlined: &str, message: &str) {
    let source = format!("#[mirror(targets = {targets})] async fn handler() {{}}");
    assert_mistakes(&source, &[(underlined, message)]);
}

#[test]
fn good_values_are_taken() {
    for options in [
        "percentage = 0, timeout = \"1m 30s\", sync = false, copy_body = true",
        "percentage = 0.1, max_body = \"64KiB\", name = \"users.list\",",
        "percentage = -0, host = \"target\", credentials = \"forward\"",
        "max_in_flight = 1, rate_limit = \"1/h\", body = \"buffer\", connect_timeout = \"1s\", read_ahead = \"24h\"",
        "max_in_flight = 0x1_00, circuit_breaker = off, body = \"tee\"",
        "circuit_breaker = { failures = 1 }, on_skip = |_, _| ()",
        "circuit_breaker = { cooldown = \"24h\", failures = 4_294_967_295, }, on_skip = count",
        "methods = [GET, \"PURGE\", \"POST\"], when = |parts| parts.uri.path() != \"/\"",
        "on_success = crate::count::<u8>, on_error = move |_, error: &MirrorError| drop(error)",
        "set_headers = {}, remove_headers = []",
        "set_headers = { \"x-a\" = \"1\", \"x-b\" = \"\", }, remove_headers = [\"X-C\"]",
    ] {
        let source = format!("#[mirror(targets = [\"http://a\"], {options})] async fn h() {{}}");
        assert_eq!(mistakes(&source), [], "{options}");
    }
    for targets in [
        r#"["http://a", "http://a:81", "https://a", "http://a/b"]"#,
        r#"[env("A"), env("B"), config::SHADOW_URL, SHADOW_URL,]"#,
        r#"[target("http://a", percentage = 5, timeout = "1s", name = "canary"), target(URL)]"#,
        r#"[target("http://a", http2 = "prior-knowledge"), target("https://a", http2 = "off")]"#,
        r#"[target(env("A"), http2 = "prior-knowledge"), target(URL, http2 = "prior-knowledge")]"#,
        r#"[target("http://a", http2 = "off"), target("http://b", http2 = "alpn")]"#,
    ] {
        let source = format!("#[mirror(targets = {targets})] async fn h() {{}}");
        assert_eq!(mistakes(&source), [], "{targets}");
    }
}

#[test]
fn targets_are_a_list_of_sources() {
    assert_targets(
        "\"http://a\"",
        "\"http://a\"",
        "`targets` must be a list\n= help: write `targets = [\"http://a\"]`",
    );
    // A help repeats no secret.
    assert_targets(
        "\"http://user:secret@a\"",
        "\"http://user:secret@a\"",
        "`targets` must be a list\n= help: write `targets = [\"https://staging.example.com\"]`",
    );
    let not_a_source = "a target must be a URL, the path of a `const`, `env(\"..\")`, `handler(..)`, `via(..)`, `sink(..)` or `file(..)`";
    for target in ["8080", "&URL", "shadow(\"http://a\")", "env!(A)"] {
        assert_targets(&format!("[{target}]"), target, not_a_source);
    }
    for target in [
        "env!(\"A\")",
        "std::env::var(\"A\").unwrap()",
        "&std::env::var(\"A\")?",
        "Target::from_env(\"A\")",
    ] {
        let message = format!("{not_a_source}\n= help: write `env(\"A\")`");
        assert_targets(&format!("[{target}]"), target, &message);
    }
    assert_targets(
        "[target(target(\"http://a\"))]",
        "target(\"http://a\")",
        not_a_source,
    );
    assert_targets(
        "[target()]",
        "target()",
        "`target` needs a destination\n= help: write `target(\"https://staging.example.com\")`",
    );
    assert_targets(
        "[target(\"http://a\", 5)]",
        "5",
        "expected an option, like `percentage = 5`",
    );
    assert_targets(
        "[Self::URL]",
        "Self",
        "`targets` cannot use `Self`: write the name of the type",
    );
}

#[test]
fn a_url_that_is_wrong_says_where() {
    for (url, message) in [
        (
            "ftp://staging.example.com",
            "invalid target `ftp://staging.example.com`: the scheme must be `http` or `https`, not `ftp`",
        ),
        ("http://", "invalid target `http://`: the host is missing"),
        (
            "http://a:0",
            "invalid target `http://a:0`: the port must be a number from 1 to 65535, not `0`",
        ),
        (
            "/orders",
            "invalid target `/orders`: not an absolute URL\n\
             = help: write the scheme and the host, like `https://staging.example.com/orders`",
        ),
        (
            "HTTPS//localhost:8080",
            "invalid target `HTTPS//localhost:8080`: not an absolute URL\n\
             = help: write the scheme and the host, like `https://localhost:8080`",
        ),
        (
            "http:/a/orders",
            "invalid target `http:/a/orders`: not an absolute URL\n\
             = help: write the scheme and the host, like `http://a/orders`",
        ),
        (
            "",
            "invalid target ``: not an absolute URL\n\
             = help: write the scheme and the host, like `https://staging.example.com`",
        ),
        (
            "http://a/?b=c",
            "a target must not have a query: each copy has that of its request",
        ),
        (
            "http://a/#b",
            "a target must not have a fragment: it is never sent",
        ),
    ] {
        assert_targets(&format!("[\"{url}\"]"), &format!("\"{url}\""), message);
    }
}

#[test]
fn a_secret_is_in_no_message() {
    let credentials =
        "a target must not contain credentials: they would end up in the binary and in the logs";
    for url in ["https://me:hunter2@a", "me:hunter2@a", "ftp://hunter2@a"] {
        assert_targets(&format!("[\"{url}\"]"), &format!("\"{url}\""), credentials);
    }
    assert_mistake(
        r#"set_headers = { "authorization" = "hunter2\n" }"#,
        r#""hunter2\n""#,
        "invalid header value: it must be visible ASCII, spaces and tabs",
    );
}

#[test]
fn a_target_is_named_once() {
    assert_targets(
        r#"["https://a", target("HTTPS://A:443/", percentage = 5)]"#,
        "\"HTTPS://A:443/\"",
        "duplicate target `HTTPS://A:443/`",
    );
    assert_targets(r#"[env("A"), env("A")]"#, "\"A\"", "duplicate target `A`");
    assert_targets(
        r#"[target("http://a", name = "x"), target("http://b", name = "x")]"#,
        "\"x\"",
        "duplicate target name `x`",
    );
}

#[test]
fn a_mirror_has_at_most_64_targets() {
    let targets: Vec<_> = (0..65).map(|n| format!("\"http://a{n}\"")).collect();
    assert_targets(
        &format!("[{}]", targets.join(", ")),
        "\"http://a64\"",
        "a mirror has at most 64 targets",
    );
}

#[test]
fn environment_variables_have_a_name() {
    let help = "`env` takes the name of one environment variable, as a string\n= help: write `env(\"SHADOW_URL\")`";
    for call in ["env()", "env(SHADOW_URL)", "env(\"A\", \"B\")"] {
        assert_targets(&format!("[{call}]"), call, help);
    }
    assert_targets(
        "[env(\"\")]",
        "\"\"",
        "invalid environment variable name ``",
    );
}

#[test]
fn a_percentage_is_a_number_between_0_and_100() {
    for value in ["101", "100.5", "-1", "-0.1"] {
        let message = "`percentage` must be between 0 and 100";
        assert_mistake(&format!("percentage = {value}"), value, message);
    }
    let message = "`percentage` must be a number between 0 and 100";
    for value in ["true", "10u8", "percentage", "\"ten\"", "{ 10 }"] {
        assert_mistake(&format!("percentage = {value}"), value, message);
    }
    let of_a_constant = format!(
        "{message}\n= help: write the value itself here, or the constant in `Defaults` and `defaults = ..`"
    );
    assert_mistake("percentage = PERCENTAGE", "PERCENTAGE", &of_a_constant);
    let message = format!("{message}\n= help: write `percentage = 10`");
    for value in ["\"10\"", "\"10 %\""] {
        assert_mistake(&format!("percentage = {value}"), value, &message);
    }
    for rest in ["", ", timeout = \"1s\""] {
        let message = "unexpected `%`\n= help: write `percentage = 0.5`";
        assert_mistake(&format!("percentage = 0.5%{rest}"), "0.5%", message);
    }
}

#[test]
fn a_count_is_a_whole_number_from_1() {
    for value in ["0", "-1", "0x0"] {
        let message = "`max_in_flight` must be at least 1";
        assert_mistake(&format!("max_in_flight = {value}"), value, message);
    }
    for value in [
        "18446744073709551616",
        "999999999999999999999999999999999999999999",
    ] {
        let message = "`max_in_flight` must be below 2^64";
        assert_mistake(&format!("max_in_flight = {value}"), value, message);
    }
    let message = "`max_in_flight` must be a whole number";
    for value in [
        "1.5", "-1.5", "true", "max", "\"many\"", "2 * 8", "{ 8 }", "\"0\"",
    ] {
        assert_mistake(&format!("max_in_flight = {value}"), value, message);
    }
    let of_a_constant = format!(
        "{message}\n= help: write the value itself here, or the constant in `Defaults` and `defaults = ..`"
    );
    assert_mistake("max_in_flight = limits::MAX", "limits::MAX", &of_a_constant);
    let message = format!("{message}\n= help: write `max_in_flight = 256`");
    for value in ["\"256\"", "256usize"] {
        assert_mistake(&format!("max_in_flight = {value}"), value, &message);
    }
}

#[test]
fn durations_sizes_and_rates_are_strings_with_a_unit() {
    for (name, value, to_type) in [
        ("timeout", "2", "2s"),
        ("timeout", "\"2\"", "2s"),
        ("timeout", "250ms", "250ms"),
        ("timeout", "Duration::from_secs(2)", "2s"),
        ("connect_timeout", "1", "1s"),
        ("read_ahead", "1", "1s"),
        ("connect_timeout", "soon", "1s"),
        ("rate_limit", "50", "50/s"),
        ("rate_limit", "\"50\"", "50/s"),
        ("rate_limit", "50/m", "50/m"),
        ("rate_limit", "RATE", "100/s"),
        ("rate_limit", "4294967296", "100/s"),
        ("timeout", "2000", "2000ms"),
        ("timeout", "\"2000\"", "2000ms"),
        ("timeout", "Duration::from_millis(1_500)", "1500ms"),
        ("max_body", "1024", "1024B"),
        ("max_body", "\"1024\"", "1024B"),
        ("max_body", "2MiB", "2MiB"),
        ("max_body", "2 * 1024", "2KiB"),
        ("max_body", "2 << 20", "2MiB"),
        ("max_body", "SIZE", "2MiB"),
    ] {
        let message = format!(
            "`{name}` must be a string with a unit\n= help: write `{name} = \"{to_type}\"`"
        );
        assert_mistake(&format!("{name} = {value}"), value, &message);
    }
    for (name, value, reason) in [
        (
            "timeout",
            "2sec",
            "the unit must be `ms`, `s`, `m` or `h`, not `sec`\n= help: write `timeout = \"2s\"`",
        ),
        (
            "timeout",
            "1.5s",
            "not a whole number with a unit\n= help: write `timeout = \"1500ms\"`",
        ),
        (
            "rate_limit",
            "100/sec",
            "the unit must be `/s`, `/m` or `/h`, not `/sec`\n= help: write `rate_limit = \"100/s\"`",
        ),
        ("timeout", "0s", "it must be longer than zero"),
        ("timeout", "25h", "it must be at most 24h"),
        ("timeout", "soon", "not a whole number with a unit"),
        ("connect_timeout", "0s", "it must be longer than zero"),
        ("read_ahead", "0s", "it must be longer than zero"),
        ("read_ahead", "25h", "it must be at most 24h"),
        ("max_body", "0B", "it must be larger than zero"),
        ("rate_limit", "0/s", "it must be larger than zero"),
        (
            "rate_limit",
            "100/d",
            "the unit must be `/s`, `/m` or `/h`, not `/d`",
        ),
        (
            "rate_limit",
            "1.5/s",
            "not a whole number, a slash and a unit of time",
        ),
        ("rate_limit", "4294967296/s", "it must be below 2^32"),
        (
            "max_body",
            "2mb",
            "the unit must be `B`, `KB`, `MB`, `GB`, `KiB`, `MiB` or `GiB`, not `mb`\n= help: write `max_body = \"2MiB\"`",
        ),
    ] {
        let literal = format!("\"{value}\"");
        let message = format!("invalid `{name}` `{value}`: {reason}");
        assert_mistake(&format!("{name} = {literal}"), &literal, &message);
    }
}

#[test]
fn choices_and_texts_are_checked() {
    for (name, value, what) in [
        ("sync", "2", "be `true` or `false`"),
        ("host", "\"other\"", "be `\"target\"` or `\"preserve\"`"),
        ("body", "\"disk\"", "be `\"buffer\"` or `\"tee\"`"),
        ("name", "\"\"", "not be empty"),
        ("name", "2", "be a string"),
    ] {
        let message = format!("`{name}` must {what}");
        assert_mistake(&format!("{name} = {value}"), value, &message);
    }
    for (name, value, what, to_type) in [
        ("sync", "1", "be `true` or `false`", "true"),
        ("copy_body", "\"no\"", "be `true` or `false`", "false"),
        ("copy_body", "\"false\"", "be `true` or `false`", "false"),
        (
            "credentials",
            "strip",
            "be `\"strip\"` or `\"forward\"`",
            "\"strip\"",
        ),
        (
            "credentials",
            "Credentials::Strip",
            "be `\"strip\"` or `\"forward\"`",
            "\"strip\"",
        ),
        (
            "host",
            "preserve",
            "be `\"target\"` or `\"preserve\"`",
            "\"preserve\"",
        ),
        (
            "host",
            "\"original\"",
            "be `\"target\"` or `\"preserve\"`",
            "\"preserve\"",
        ),
        ("body", "\"tea\"", "be `\"buffer\"` or `\"tee\"`", "\"tee\""),
        ("body", "tee", "be `\"buffer\"` or `\"tee\"`", "\"tee\""),
        ("name", "users", "be a string", "\"users\""),
    ] {
        let message = format!("`{name}` must {what}\n= help: write `{name} = {to_type}`");
        assert_mistake(&format!("{name} = {value}"), value, &message);
    }
}

#[test]
fn callbacks_are_paths_or_closures() {
    assert_mistake(
        "on_error = log()",
        "log()",
        "`on_error` must be a path or a closure, `fn(&Target, &MirrorError)`",
    );
    assert_mistake(
        "on_skip = \"count\"",
        "\"count\"",
        "`on_skip` must be a path or a closure, `fn(&Target, SkipReason)`",
    );
    assert_mistake(
        "on_success = |response| drop(response)",
        "|response|",
        "`on_success` must be a `fn(&Target, &BufferedResponse)`",
    );
    assert_mistake(
        "when = async |parts| true",
        "async",
        "`when` must not be `async`: it is called as `fn(&http::request::Parts) -> bool`",
    );
    assert_mistake(
        "on_error = |_, _| Self::count()",
        "Self",
        "`on_error` cannot use `Self`: write the name of the type",
    );
}

#[test]
fn http2_is_one_of_three_words() {
    let wrong = "`http2` must be `\"prior-knowledge\"`, `\"off\"` or `\"alpn\"`";
    for (value, help) in [
        (
            "\"prior_knowledge\"",
            "\n= help: write `http2 = \"prior-knowledge\"`",
        ),
        (
            "\"Prior-Knowledge\"",
            "\n= help: write `http2 = \"prior-knowledge\"`",
        ),
        (
            "\"priorknowlege\"",
            "\n= help: write `http2 = \"prior-knowledge\"`",
        ),
        (
            "prior_knowledge",
            "\n= help: write `http2 = \"prior-knowledge\"`",
        ),
        ("\"h2c\"", "\n= help: write `http2 = \"prior-knowledge\"`"),
        ("off", "\n= help: write `http2 = \"off\"`"),
        ("false", "\n= help: write `http2 = \"off\"`"),
        ("\"OFF\"", "\n= help: write `http2 = \"off\"`"),
        ("\"auto\"", "\n= help: write `http2 = \"alpn\"`"),
        (
            "true",
            "\n= help: write `http2 = \"prior-knowledge\"` for an `http` target; an `https` server chooses by ALPN",
        ),
        ("2", ""),
        ("\"\"", ""),
        ("\"quic\"", ""),
    ] {
        assert_targets(
            &format!("[target(\"http://a\", http2 = {value})]"),
            value,
            &format!("{wrong}{help}"),
        );
    }
    assert_targets(
        "[target(\"http://a\", http2)]",
        "http2",
        "`http2` needs a value\n= help: write `http2 = \"prior-knowledge\"`",
    );
}

#[test]
fn prior_knowledge_is_for_servers_without_tls() {
    for url in ["https://a", "HTTPS://A:80/base"] {
        assert_targets(
            &format!("[target({url:?}, http2 = \"prior-knowledge\")]"),
            "\"prior-knowledge\"",
            "`http2 = \"prior-knowledge\"` is for `http` targets\n\
             = help: remove it: an `https` server chooses HTTP/2 by ALPN",
        );
    }
    for choice in ["\"prior-knowledge\"", "\"off\"", "\"alpn\""] {
        assert_targets(
            &format!("[target(handler(v2), http2 = {choice})]"),
            choice,
            "`http2` is for servers: a handler is called without a connection",
        );
    }
}
