//! `methods`, `set_headers`, `remove_headers`, `trace` and `baggage`.

use super::{assert_mistake, assert_mistakes};

#[test]
fn methods_are_those_of_http() {
    assert_mistake(
        "methods = GET",
        "GET",
        "`methods` must be a list\n= help: write `methods = [GET]`",
    );
    assert_mistake(
        "methods = Method::POST",
        "Method::POST",
        "`methods` must be a list\n= help: write `methods = [POST]`",
    );
    assert_mistake("methods = []", "[]", "`methods` must not be empty");
    let similar = |name: &str, similar: &str| {
        format!(
            "unknown method `{name}`\n= help: there is a method with a similar name: `{similar}`"
        )
    };
    for (item, name, meant) in [
        ("GTE", "GTE", "GET"),
        ("get", "get", "GET"),
        ("\"post\"", "post", "POST"),
    ] {
        assert_mistake(&format!("methods = [{item}]"), item, &similar(name, meant));
    }
    assert_mistake(
        "methods = [PURGE]",
        "PURGE",
        "unknown method `PURGE`\n= help: write an extension method as a string: `\"PURGE\"`",
    );
    for item in ["CONNECT", "\"CONNECT\""] {
        let message = "`CONNECT` cannot be mirrored: it opens a tunnel";
        assert_mistake(&format!("methods = [{item}]"), item, message);
    }
    assert_mistake(
        "methods = [GET, \"GET\"]",
        "\"GET\"",
        "`GET` is listed twice",
    );
    assert_mistake("methods = [\"A B\"]", "\"A B\"", "invalid method `A B`");
    assert_mistake(
        "methods = [Method::GET]",
        "Method::GET",
        "a method must be a name like `GET`, or a string\n= help: write `GET`",
    );
    assert_mistake(
        "methods = [all()]",
        "all()",
        "a method must be a name like `GET`, or a string",
    );
}

#[test]
fn headers_are_set_by_a_map_and_removed_by_a_list() {
    assert_mistake(
        "set_headers = [\"x-env\"]",
        "[\"x-env\"]",
        "`set_headers` must be a map\n= help: write `set_headers = { \"x-env\" = \"shadow\" }`",
    );
    assert_mistake(
        "set_headers = { \"x-env\": \"shadow\" }",
        ":",
        "expected `=`\n= help: write `\"x-env\" = ..`",
    );
    assert_mistake(
        "remove_headers = \"x-env\"",
        "\"x-env\"",
        "`remove_headers` must be a list\n= help: write `remove_headers = [\"x-env\"]`",
    );
    assert_mistake(
        "remove_headers = [X_ENV]",
        "X_ENV",
        "a header name must be a string\n= help: write `\"x-env\"`",
    );
    assert_mistake(
        "set_headers = { \"x-env\" = 1 }",
        "1",
        "a header value must be a string",
    );
}

#[test]
fn headers_that_the_mirror_decides_about_are_left_alone() {
    for (name, message) in [
        ("x env", "invalid header name `x env`"),
        (
            "TE",
            "`te` is a hop-by-hop header: it is about one connection and never copied",
        ),
        (
            "content-length",
            "`content-length` is set by the HTTP client, from the body of the copy",
        ),
        (
            "Expect",
            "`expect` waits for `100 Continue`: a copy sends its body at once",
        ),
        (
            "http2-settings",
            "`http2-settings` is a hop-by-hop header: it is about one connection and never copied",
        ),
        (
            "Host",
            "`host` has an option of its own: `host = \"preserve\"` or `\"target\"`",
        ),
        (
            "x-mirrored-from",
            "`x-mirrored-from` marks every copy and cannot be changed",
        ),
    ] {
        let literal = format!("\"{name}\"");
        let set = format!("set_headers = {{ {literal} = \"x\" }}");
        assert_mistake(&set, &literal, message);
        let removed = format!("remove_headers = [{literal}]");
        assert_mistake(&removed, &literal, message);
    }
}

#[test]
fn a_header_is_named_once() {
    assert_mistake(
        r#"set_headers = { "x-env" = "a", "X-Env" = "b" }"#,
        "\"X-Env\"",
        "`x-env` is set twice",
    );
    assert_mistake(
        r#"remove_headers = ["x-env", "X-Env"]"#,
        "\"X-Env\"",
        "`x-env` is removed twice",
    );
}

#[test]
fn baggage_is_a_map_of_keys_that_are_tokens() {
    assert_mistake(
        "baggage = \"mirror=shadow\"",
        "\"mirror=shadow\"",
        "`baggage` must be a map\n= help: write `baggage = { \"mirror\" = \"shadow\" }`",
    );
    for key in ["a b", "", "a=b", "schlüssel"] {
        assert_mistake(
            &format!("baggage = {{ {key:?} = \"x\" }}"),
            &format!("{key:?}"),
            &format!(
                "invalid baggage key `{key}`: it must be letters, digits and `!#$%&'*+-.^_`|~`"
            ),
        );
    }
    assert_mistake(
        "baggage = { mirror = \"x\" }",
        "mirror",
        "a baggage key must be a string",
    );
    assert_mistake(
        "baggage = { \"a\" = 1 }",
        "1",
        "a baggage value must be a string",
    );
    assert_mistake(
        "baggage = { \"a\" = \"1\", \"a\" = \"2\" }",
        "\"a\"",
        "`a` is there twice",
    );
    let long = "ä".repeat(1365);
    assert_mistake(
        &format!("baggage = {{ \"ab\" = \"{long}\" }}"),
        &format!("{{ \"ab\" = \"{long}\" }}"),
        "the members of `baggage` must have at most 8192 bytes together",
    );
}

#[test]
fn traces_go_on_in_one_of_five_ways() {
    let wrong =
        "`trace` must be `\"child\"`, `\"forward\"`, `\"unsampled\"`, `\"link\"` or `\"strip\"`";
    for (value, help) in [
        ("\"chld\"", "child"),
        ("\"none\"", "strip"),
        ("true", "forward"),
        ("\"unsample\"", "unsampled"),
        ("\"linked\"", "link"),
    ] {
        let message = format!("{wrong}\n= help: write `trace = \"{help}\"`");
        assert_mistake(&format!("trace = {value}"), value, &message);
    }
    assert_mistake("trace = \"otlp\"", "\"otlp\"", wrong);
}

#[test]
fn a_sink_has_no_trace_of_its_own() {
    assert_mistakes(
        "#[mirror(targets = [target(sink(LOG), trace = \"strip\")])] async fn h() {}",
        &[(
            "\"strip\"",
            "`trace` is for copies: a sink is given the request as it arrived",
        )],
    );
}
