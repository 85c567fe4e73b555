//! `key`.

use super::{assert_mistake, assert_mistakes};

#[test]
fn a_key_is_a_variable_or_the_path_of_a_static() {
    for good in ["env(\"MIRROR_KEY\")", "KEY", "crate::secrets::KEY"] {
        let source = format!("#[mirror(targets = [\"http://a\"], key = {good})] async fn h() {{}}");
        assert_mistakes(&source, &[]);
    }
    let must = "`key` must be `env(\"..\")` or the path of a static\n= help: write `key = ";
    for (bad, like) in [
        ("&KEY", "MIRROR_KEY"),
        ("Key::new(SECRET)", "MIRROR_KEY"),
        ("env!(\"ORDERS_KEY\")", "ORDERS_KEY"),
        ("std::env::var(\"ORDERS_KEY\").unwrap()", "ORDERS_KEY"),
        ("Key::from_env(\"ORDERS_KEY\")?", "ORDERS_KEY"),
    ] {
        let message = format!("{must}env(\"{like}\")`");
        assert_mistake(&format!("key = {bad}"), bad, &message);
    }
    assert_mistake(
        "key = env()",
        "env()",
        "`env` takes the name of one environment variable, as a string\n\
         = help: write `env(\"MIRROR_KEY\")`",
    );
    assert_mistake(
        "key = Self::KEY",
        "Self",
        "`key` cannot use `Self`: write the name of the type",
    );
}

#[test]
fn a_key_in_the_source_is_a_mistake_that_does_not_repeat_it() {
    for secret in ["\"0123456789abcdef0123456789abcdef\"", "\"a:b\"", "\"\""] {
        assert_mistake(
            &format!("key = {secret}"),
            secret,
            "a key must not stand in the source: it would end up in the binary and in the repository\n\
             = help: write `key = env(\"MIRROR_KEY\")`, and set the variable",
        );
    }
}
