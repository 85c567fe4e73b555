//! `targets = [handler(..)]` and `state`.

use super::{assert_mistake, assert_mistakes};

#[test]
fn a_handler_is_named_by_its_path() {
    for good in [
        "handler(v2)",
        "handler(crate::v2::list::<A, 4>), handler(v2), handler(Self::v2)",
        "\"http://a\", target(handler(v2), percentage = 5, timeout = \"1s\", name = \"v2\")",
    ] {
        let source = format!("#[mirror(targets = [{good}])] async fn h() {{}}");
        assert_mistakes(&source, &[]);
    }
    let message = "`handler` takes the path of one handler\n\
                   = help: write `handler(list_users_v2)`, and its options in `target(handler(list_users_v2), ..)`";
    for bad in [
        "handler()",
        "handler(\"v2\")",
        "handler(|| async {})",
        "handler(v2, v3)",
        "handler(v2, percentage = 5)",
        "handler(v2())",
    ] {
        let source = format!("#[mirror(targets = [{bad}])] async fn h() {{}}");
        assert_mistakes(&source, &[(bad, message)]);
    }
}

#[test]
fn a_handler_is_a_target_once() {
    assert_mistakes(
        "#[mirror(targets = [handler(a::b), target(handler(a :: b), percentage = 5), handler(b)])]
        async fn h() {}",
        &[("a :: b", "duplicate target")],
    );
}

#[test]
fn a_state_is_a_type() {
    for good in [
        "AppState",
        "Arc<AppState>",
        "()",
        "(A, B)",
        "&'static str",
        "[u8; 4]",
    ] {
        let source =
            format!("#[mirror(targets = [handler(v2)], state = {good})] async fn h() {{}}");
        assert_mistakes(&source, &[]);
    }
    for (bad, underlined) in [("\"AppState\"", "\"AppState\""), ("5", "5"), ("", ",")] {
        let message = "`state` must be a type\n= help: write `state = AppState`";
        let source = format!(
            "#[mirror(targets = [handler(v2)], state = {bad}, sync = true)] async fn h() {{}}"
        );
        assert_mistakes(&source, &[(underlined, message)]);
    }
    assert_mistakes(
        "#[mirror(targets = [handler(v2)], state)] async fn h() {}",
        &[(
            "state",
            "`state` needs a value\n= help: write `state = AppState`",
        )],
    );
}

#[test]
fn a_state_is_for_handlers() {
    assert_mistake(
        "state = AppState",
        "state",
        "`state` needs a `handler(..)` target",
    );
}
