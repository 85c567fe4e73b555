//! `map_request`, `mask`, and what a target has of its own.

use super::{assert_mistake, assert_mistakes};

#[test]
fn a_function_that_changes_copies_takes_one() {
    assert_mistake(
        "map_request = |copy, target| ()",
        "|copy, target|",
        "`map_request` must be a `fn(&mut ShadowRequest)`",
    );
    assert_mistake(
        "map_request = \"strip\"",
        "\"strip\"",
        "`map_request` must be a path or a closure, `fn(&mut ShadowRequest)`",
    );
}

#[test]
fn a_mask_is_a_list_of_pointers() {
    assert_mistake(
        "mask = \"/email\"",
        "\"/email\"",
        "`mask` must be a list\n= help: write `mask = [\"/email\"]`",
    );
    assert_mistake("mask = []", "[]", "`mask` must not be empty");
    assert_mistake(
        "mask = [\"$.email\"]",
        "\"$.email\"",
        "invalid JSON pointer `$.email`: it must start with `/`\n= help: write `\"/email\"`",
    );
    assert_mistake("mask = [\"/a\", \"/a\"]", "\"/a\"", "`/a` is listed twice");
    assert_mistake(
        "mask = [\"/a\"], copy_body = false",
        "mask",
        "`mask` conflicts with `copy_body = false`: there is no body to mask",
    );
}

#[test]
fn other_names_of_them_are_known() {
    for (name, meant) in [
        ("anonymize", "write `mask = [\"/email\"]`"),
        ("transform", "write `map_request = |request| ..`"),
    ] {
        let message = format!("unknown option `{name}`\n= help: {meant}");
        assert_mistake(&format!("{name} = 1"), name, &message);
    }
}

#[track_caller]
fn assert_target_mistakes(target: &str, expected: &[(&str, &str)]) {
    let source = format!("#[mirror(targets = [{target}])] async fn h() {{}}");
    assert_mistakes(&source, expected);
}

#[test]
fn a_target_has_headers_and_a_function_of_its_own() {
    assert_target_mistakes(
        "target(\"http://a\", set_headers = { \"x-a\" = \"1\", \"x-b\" = \"2\" }, map_request = f)",
        &[],
    );
    assert_target_mistakes(
        "target(\"http://a\", set_headers = { \"host\" = \"a\", \"x-a\" = 1, \"x-b\" = \"1\", \"X-B\" = \"2\" })",
        &[
            (
                "\"host\"",
                "`host` has an option of its own: `host = \"preserve\"` or `\"target\"`",
            ),
            ("1", "a header value must be a string"),
            ("\"X-B\"", "`x-b` is set twice"),
        ],
    );
    assert_target_mistakes(
        "target(\"http://a\", set_headers = [\"x-a\"])",
        &[(
            "[\"x-a\"]",
            "`set_headers` must be a map\n= help: write `set_headers = { \"x-env\" = \"shadow\" }`",
        )],
    );
    assert_target_mistakes(
        "target(\"http://a\", set_headers = { \"mirror-signature\" = \"a\" })",
        &[(
            "\"mirror-signature\"",
            "`mirror-signature` is made with the key of the mirror and cannot be changed",
        )],
    );
    assert_target_mistakes(
        "target(\"http://a\", mask = [\"/a\"])",
        &[(
            "mask",
            "unknown option `mask` of a target\n= help: write `mask = ..` beside `targets`, for all of them",
        )],
    );
    assert_target_mistakes(
        "target(sink(LOG), set_headers = { \"x-a\" = \"1\" }, map_request = f)",
        &[
            (
                "\"x-a\"",
                "`set_headers` is for copies: a sink is given the request as it arrived",
            ),
            (
                "map_request",
                "`map_request` is for copies: a sink is given the request as it arrived",
            ),
        ],
    );
}
