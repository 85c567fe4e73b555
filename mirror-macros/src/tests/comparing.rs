//! `compare`, and the options that need it.

use super::{assert_mistake, assert_mistakes};

/// One mistake beside `compare = "json"`.
#[track_caller]
fn assert_rule(rule: &str, underlined: &str, message: &str) {
    assert_mistake(&format!("{rule}, compare = \"json\""), underlined, message);
}

#[test]
fn a_mode_is_one_of_four_or_a_function() {
    let message = |to_type: &str| {
        format!("`compare` must be a mode or a function\n= help: write `compare = {to_type}`")
    };
    for (value, to_type) in [
        ("json", "\"json\""),
        ("status", "\"status\""),
        ("true", "\"json\""),
        ("[json]", "\"json\""),
        ("{ json }", "\"json\""),
        ("compare()", "\"json\""),
    ] {
        assert_mistake(&format!("compare = {value}"), value, &message(to_type));
    }
    for (mode, help) in [
        ("jsn", "write `compare = \"json\"`"),
        ("JSON", "write `compare = \"json\"`"),
        ("byte", "write `compare = \"bytes\"`"),
        ("typed", "write `compare = typed`"),
        ("type", "write `compare = typed`"),
        (
            "headers",
            "the modes are `\"status\"`, `\"json\"`, `\"bytes\"` and `typed`",
        ),
    ] {
        let literal = format!("\"{mode}\"");
        let message = format!("unknown mode `{mode}`\n= help: {help}");
        assert_mistake(&format!("compare = {literal}"), &literal, &message);
    }
    for (mode, to_type) in [
        ("CompareMode::Json", "\"json\""),
        ("mirror_runtime::CompareMode::Status", "\"status\""),
        ("CompareMode::Typed", "typed"),
        ("bytes", "\"bytes\""),
    ] {
        let message =
            format!("`compare` must be a mode or a function\n= help: write `compare = {to_type}`");
        assert_mistake(&format!("compare = {mode}"), mode, &message);
    }
    assert_mistake(
        "compare = |primary| Verdict::Match",
        "|primary|",
        "`compare` must be a `fn(&BufferedResponse, &BufferedResponse) -> Verdict`",
    );
    for good in [
        "self::json",
        "json::compare",
        "\"json\"",
        "typed",
        "|a, b| f(a, b)",
    ] {
        let source =
            format!("#[mirror(targets = [\"http://a\"], compare = {good})] async fn h() {{}}");
        assert_mistakes(&source, &[]);
    }
}

#[test]
fn a_pointer_is_checked() {
    for (pointer, reason, help) in [
        ("a", "it must start with `/`", "\n= help: write `\"/a\"`"),
        (
            "items/*/id",
            "it must start with `/`",
            "\n= help: write `\"/items/*/id\"`",
        ),
        ("$.a", "it must start with `/`", "\n= help: write `\"/a\"`"),
        (
            "$.items[*].id",
            "it must start with `/`",
            "\n= help: write `\"/items/*/id\"`",
        ),
        (
            "$..id",
            "it must start with `/`",
            "\n= help: write one pointer for each depth, like `\"/items/*/id\"`",
        ),
        (
            "/items/[0]/id",
            "an index is a token of its own, without brackets: `/0`, or `/*` for any",
            "\n= help: write `\"/items/0/id\"`",
        ),
        (
            "/**/id",
            "`**` matches nothing: `*` is one index or key, at one depth",
            "\n= help: write `\"/*/id\"`",
        ),
        (
            "/items/-",
            "`-` is the element behind the last one, which no response has",
            "\n= help: write `\"/items/*\"`",
        ),
        (
            "#/a",
            "it must start with `/`, without a `#`",
            "\n= help: write `\"/a\"`",
        ),
        (
            "/a~2",
            "`~` must be followed by `0` (for `~`) or `1` (for `/`)",
            "",
        ),
    ] {
        let literal = format!("\"{pointer}\"");
        let message = format!("invalid JSON pointer `{pointer}`: {reason}{help}");
        for option in ["ignore", "unordered", "redact"] {
            assert_rule(
                &format!("{option} = [\"/good\", {literal}]"),
                &literal,
                &message,
            );
        }
        assert_rule(
            &format!("tolerance = {{ \"/good\" = 1, {literal} = 0.5 }}"),
            &literal,
            &message,
        );
    }
    assert_rule(
        "ignore = [generated_at]",
        "generated_at",
        "a JSON pointer must be a string, like `\"/items/*/id\"`",
    );
}

#[test]
fn lists_are_lists_of_different_items() {
    for option in ["ignore", "unordered", "redact", "compare_headers"] {
        assert_rule(
            &format!("{option} = \"/a\""),
            "\"/a\"",
            &format!("`{option}` must be a list\n= help: write `{option} = [\"/a\"]`"),
        );
        assert_rule(
            &format!("{option} = []"),
            "[]",
            &format!("`{option}` must not be empty"),
        );
    }
    assert_rule(
        "ignore = [\"/a\", \"/b\", r\"/a\"]",
        "r\"/a\"",
        "`/a` is listed twice",
    );
    assert_rule(
        "compare_headers = [\"ETag\", \"etag\"]",
        "\"etag\"",
        "`etag` is listed twice",
    );
    assert_rule(
        "compare_headers = [header::CONTENT_TYPE]",
        "header::CONTENT_TYPE",
        "a header name must be a string\n= help: write `\"content-type\"`",
    );
    for (name, why) in [
        (
            "content-length",
            "servers set it behind the handler, and the bodies are compared themselves",
        ),
        ("date", "it is the time at which each server responded"),
        (
            "transfer-encoding",
            "it is about one connection, and the shadow is connected in another way",
        ),
    ] {
        let literal = format!("\"{name}\"");
        assert_rule(
            &format!("compare_headers = [{literal}]"),
            &literal,
            &format!("`{name}` cannot be compared: {why}"),
        );
    }
    assert_rule(
        "compare_headers = [\"e tag\"]",
        "\"e tag\"",
        "invalid header name `e tag`",
    );
}

#[test]
fn an_index_in_an_array_without_order_is_a_mistake() {
    for (rule, pointer, array, to_type) in [
        (
            "ignore = [\"/items/0/id\"]",
            "/items/0/id",
            "/items",
            "/items/*/id",
        ),
        ("redact = [\"/items/1\"]", "/items/1", "/items", "/items/*"),
        (
            "tolerance = { \"/items/7/price\" = 1 }",
            "/items/7/price",
            "/items",
            "/items/*/price",
        ),
    ] {
        let message = format!(
            "`{pointer}` names an element by its index, and the order of `{array}` does not count\n= help: write `\"{to_type}\"`"
        );
        assert_rule(
            &format!("unordered = [\"{array}\"], {rule}"),
            &format!("\"{pointer}\""),
            &message,
        );
    }
    let good = "unordered = [\"/items\"], ignore = [\"/items/*/id\", \"/other/0\"]";
    let source = format!(
        "#[mirror(targets = [\"http://a\"], compare = \"json\", {good})] async fn h() {{}}"
    );
    assert_mistakes(&source, &[]);
}

#[test]
fn what_the_defaults_may_have_is_left_to_rustc() {
    for options in ["ignore = [\"/a\"]", "on_mismatch = f, thresholds = STRICT"] {
        let source = format!(
            "#[mirror(defaults = SHADOW, targets = [\"http://a\"], {options})] async fn h() {{}}"
        );
        assert_mistakes(&source, &[]);
    }
}

#[test]
fn a_tolerance_is_a_positive_number() {
    for (value, message) in [
        ("-0.01", "a tolerance must be zero or a positive number"),
        ("\"1%\"", "a tolerance must be a number, like `0.01`"),
        ("EPSILON", "a tolerance must be a number, like `0.01`"),
    ] {
        assert_rule(
            &format!("tolerance = {{ \"/a\" = {value} }}"),
            value,
            message,
        );
    }
    assert_rule(
        "tolerance = 0.01",
        "0.01",
        "`tolerance` must be a map\n= help: write `tolerance = { \"/total\" = 0.01 }`",
    );
    assert_rule("tolerance = {}", "{}", "`tolerance` must not be empty");
    assert_rule(
        "tolerance = { \"/a\" = 1, \"/a\" = 2 }",
        "\"/a\"",
        "`/a` is listed twice",
    );
}

#[test]
fn a_size_is_not_zero_and_not_more_than_is_read_of_an_answer() {
    assert_rule(
        "max_compare_body = \"0B\"",
        "\"0B\"",
        "invalid `max_compare_body` `0B`: it must be larger than zero",
    );
    assert_rule(
        "max_compare_body = \"1048577B\"",
        "\"1048577B\"",
        "invalid `max_compare_body` `1048577B`: it must be at most 1MiB",
    );
}

#[test]
fn a_baseline_is_a_server_and_no_target() {
    let what = "`baseline` must be a URL, `env(\"..\")` or the path of a `const`\n\
                = help: write `baseline = \"https://old-replica.example.com\"`";
    for value in [
        "handler(v1)",
        "target(\"http://b\")",
        "[\"http://b\"]",
        "8080",
    ] {
        assert_rule(&format!("baseline = {value}"), value, what);
    }
    assert_rule(
        "baseline = \"ftp://b\"",
        "\"ftp://b\"",
        "invalid target `ftp://b`: the scheme must be `http` or `https`, not `ftp`",
    );
    assert_rule(
        "baseline = Self::OLD",
        "Self",
        "`baseline` cannot use `Self`: write the name of the type",
    );
    assert_rule(
        "baseline = \"HTTP://A:80/\"",
        "\"HTTP://A:80/\"",
        "the baseline is also a target: every difference would be noise",
    );
}

#[test]
fn rules_need_something_to_compare() {
    let rules = [
        ("compare_headers", "[\"etag\"]"),
        ("ignore", "[\"/a\"]"),
        ("unordered", "[\"/a\"]"),
        ("tolerance", "{ \"/a\" = 1 }"),
        ("redact", "[\"/a\"]"),
        ("max_compare_body", "\"1KiB\""),
        ("on_mismatch", "f"),
        ("baseline", "\"http://b\""),
        ("compare_at", "\"server\""),
    ];
    for (name, value) in rules {
        assert_mistake(
            &format!("{name} = {value}"),
            name,
            &format!(
                "`{name}` needs `compare`: without it, nothing is compared\n\
                 = help: write `compare = \"json\"`"
            ),
        );
        // What is wrong with `compare` is enough to say.
        assert_mistake(
            &format!("{name} = {value}, compare = 5"),
            "5",
            "`compare` must be a mode or a function\n= help: write `compare = \"json\"`",
        );
    }
    for (name, value) in &rules[1..4] {
        for mode in ["\"status\"", "\"bytes\""] {
            assert_mistake(
                &format!("compare = {mode}, {name} = {value}"),
                name,
                &format!(
                    "`{name}` applies to JSON only; `compare` is `{mode}`\n\
                     = help: write `compare = \"json\"`"
                ),
            );
        }
        for mode in ["\"json\"", "typed", "function"] {
            let source = format!(
                "#[mirror(targets = [\"http://a\"], compare = {mode}, {name} = {value})] async fn h() {{}}"
            );
            assert_mistakes(&source, &[]);
        }
    }
    assert_mistake(
        "compare = \"status\", max_compare_body = \"1KiB\"",
        "max_compare_body",
        "`max_compare_body` conflicts with `compare = \"status\"`: no body is compared",
    );
}

#[test]
fn a_type_that_is_compared_has_a_name() {
    let source = |item: &str| {
        format!("#[mirror(targets = [\"http://a\"], compare = typed)] async fn {item}")
    };
    for ty in ["impl IntoResponse", "Result<impl IntoResponse, Error>"] {
        assert_mistakes(
            &source(&format!("h() -> {ty} {{}}")),
            &[(
                ty,
                "`compare = typed` needs a named return type, not `impl Trait`\n\
                 = help: name the type, like `Json<User>`, or write `compare = \"json\"`",
            )],
        );
    }
    assert_mistakes(
        &source("h() -> Json<Self> {}"),
        &[(
            "Self",
            "`compare = typed` cannot use `Self`: write the name of the type",
        )],
    );
    assert_mistakes(
        &source("h<T: Id>(id: Path<T>) -> Json<T> {}"),
        &[(
            "T",
            "`compare = typed` cannot use `T`: all instances of a handler share one mirror",
        )],
    );
    assert_mistakes(&source("h<T: Id>(id: Path<T>) -> Json<User> {}"), &[]);
}

#[test]
fn a_header_is_compared_or_left_out() {
    assert_rule(
        "compare_headers = [\"ETag\"], ignore_headers = [\"etag\"]",
        "\"etag\"",
        "`etag` is in `compare_headers` as well",
    );
}
