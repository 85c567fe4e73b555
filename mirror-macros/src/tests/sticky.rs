//! `sticky`.

use super::{assert_mistake, assert_mistakes, expand};

#[test]
fn users_are_told_apart_by_a_header_a_cookie_or_the_path() {
    for (good, call) in [
        ("header(\"X-User-Id\")", ".sticky_header(\"X-User-Id\")"),
        (
            "header(\"authorization\")",
            ".sticky_header(\"authorization\")",
        ),
        ("cookie(\"__Host-sid\")", ".sticky_cookie(\"__Host-sid\")"),
        ("path", ".sticky_path()"),
    ] {
        let source =
            format!("#[mirror(targets = [\"http://a\"], sticky = {good})] async fn h() {{}}");
        assert_mistakes(&source, &[]);
        let expanded = expand(&source).to_string().replace(' ', "");
        assert!(expanded.contains(call), "{call}: {expanded}");
    }
}

#[test]
fn another_value_is_told_what_to_write() {
    for (bad, like) in [
        ("\"x-user-id\"", "header(\"x-user-id\")"),
        ("\"authorization\"", "header(\"authorization\")"),
        ("\"sid\"", "cookie(\"sid\")"),
        ("\"path\"", "path"),
        ("\"cookie\"", "cookie(\"sid\")"),
        ("\"x user\"", "header(\"x-user-id\")"),
        ("\"\"", "header(\"x-user-id\")"),
        ("header", "header(\"x-user-id\")"),
        ("cookie", "cookie(\"sid\")"),
        ("path()", "path"),
        ("path(\"/users\")", "path"),
        ("uri", "path"),
        ("true", "header(\"x-user-id\")"),
        ("query(\"user\")", "cookie(\"user\")"),
        ("Sticky::Header(\"x-user\")", "header(\"x-user\")"),
        ("[header(\"x-user-id\")]", "header(\"x-user-id\")"),
    ] {
        assert_mistake(
            &format!("sticky = {bad}"),
            bad,
            &format!(
                "`sticky` must be `header(\"..\")`, `cookie(\"..\")` or `path`\n= help: write `sticky = {like}`"
            ),
        );
    }
}

#[test]
fn the_name_is_one_that_tells_users_apart() {
    for (call, at, message) in [
        ("header(\"\")", "\"\"", "invalid header name ``"),
        (
            "header(\"x user\")",
            "\"x user\"",
            "invalid header name `x user`",
        ),
        ("cookie(\"\")", "\"\"", "invalid cookie name ``"),
        (
            "cookie(\"sid=1\")",
            "\"sid=1\"",
            "invalid cookie name `sid=1`",
        ),
        (
            "header(\"Host\")",
            "\"Host\"",
            "`host` does not tell users apart: it names the server, and requests over HTTP/2 have none",
        ),
        (
            "header(\"cookie\")",
            "\"cookie\"",
            "`cookie` does not tell users apart: it holds all cookies of a client, and changes with each\n\
             = help: write `sticky = cookie(\"sid\")`, with the name of the cookie",
        ),
        (
            "header(\"x-request-id\")",
            "\"x-request-id\"",
            "`x-request-id` does not tell users apart: each request has another",
        ),
        (
            "header(\"connection\")",
            "\"connection\"",
            "`connection` does not tell users apart: it is about one connection",
        ),
        (
            "header()",
            "header()",
            "`header` takes the name of one header, as a string\n= help: write `header(\"x-user-id\")`",
        ),
        (
            "cookie(\"a\", \"b\")",
            "cookie(\"a\", \"b\")",
            "`cookie` takes the name of one cookie, as a string\n= help: write `cookie(\"sid\")`",
        ),
        (
            "header(X_USER)",
            "header(X_USER)",
            "`header` takes the name of one header, as a string\n= help: write `header(\"x-user-id\")`",
        ),
    ] {
        assert_mistake(&format!("sticky = {call}"), at, message);
    }
}
