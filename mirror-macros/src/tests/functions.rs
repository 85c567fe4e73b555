//! The function under the attribute.

use super::{assert_mistakes, mistakes};

fn source(item: &str) -> String {
    format!("#[mirror(targets = [\"http://a\"])] {item}")
}

#[track_caller]
fn assert_function(item: &str, underlined: &str, message: &str) {
    assert_mistakes(&source(item), &[(underlined, message)]);
}

#[test]
fn handlers_are_async_functions() {
    let message = "`#[mirror]` handlers must be `async fn`s";
    for (item, underlined) in [
        ("fn handler() {}", "fn"),
        ("pub struct Handler;", "struct"),
        ("#[doc(hidden)] impl Handler {}", "impl"),
        ("const HANDLER: u8 = 1;", "const"),
    ] {
        assert_function(item, underlined, message);
    }
    assert_function(
        "async fn handler();",
        ";",
        "`#[mirror]` handlers must have a body",
    );
    assert_mistakes(
        &source("const unsafe extern \"C\" fn handler(n: u8, ...) {}"),
        &[
            ("const", "`#[mirror]` handlers must not be `const`"),
            ("unsafe", "`#[mirror]` handlers must not be `unsafe`"),
            ("extern \"C\"", "`#[mirror]` handlers must not be `extern`"),
            ("fn", message),
            ("...", "`#[mirror]` handlers must not be variadic"),
        ],
    );
}

#[test]
fn the_body_is_extracted_last() {
    for ty in [
        "Json<T>",
        "axum::body::Bytes",
        "Option<Form<T>>",
        "Result<String, E>",
    ] {
        let name = ty
            .split(['<', '>', ','])
            .find(|part| !["Option", "Result"].contains(part) && !part.is_empty());
        let name = name.unwrap().rsplit("::").next().unwrap();
        // It may be another of this name: rustc knows.
        let check = format!("`{name}` consumes the request body, so it must be the last argument");
        let first = format!("async fn handler(first: {ty}, second: State<Db>) {{}}");
        let last = format!("async fn handler(first: State<Db>, second: {ty}) {{}}");
        for (function, is_checked) in [(first, true), (last, false)] {
            let expansion = super::expand(&source(&function)).to_string();
            assert_eq!(expansion.contains(&check), is_checked, "{function}");
        }
    }
}

#[test]
fn upgrades_are_not_mirrored() {
    for ty in [
        "WebSocketUpgrade",
        "ws::WebSocketUpgrade",
        "Option<WebSocketUpgrade>",
        "Result<WebSocketUpgrade, Rejection>",
    ] {
        assert_function(
            &format!("async fn handler(upgrade: {ty}) {{}}"),
            ty,
            "`WebSocketUpgrade` cannot be mirrored: an upgraded connection is not a single request",
        );
    }
}

#[test]
fn arguments_are_at_most_16_extractors_with_a_name() {
    let arguments = |count: usize| {
        let arguments: Vec<_> = (0..count).map(|n| format!("a{n}: A{n}")).collect();
        format!("async fn handler({}) {{}}", arguments.join(", "))
    };
    assert_eq!(mistakes(&source(&arguments(16))), []);
    assert_function(
        &arguments(18),
        "a16: A16",
        "`#[mirror]` handlers have at most 16 arguments",
    );
    assert_function(
        "async fn handler(id: Path<impl Id>) {}",
        "impl Id",
        "`#[mirror]` handlers cannot take `impl Trait`: name the type",
    );
    assert_function(
        "async fn handler(mut self: Arc<Self>) {}",
        "mut self: Arc<Self>",
        "`#[mirror]` handlers cannot take `self`\n= help: take what the handler needs as `State`",
    );
}

#[test]
fn configurations_are_of_the_whole_handler() {
    let help = "= help: write one handler per configuration";
    assert_function(
        "async fn handler(#[cfg(unix)] id: Path<u8>) {}",
        "#[cfg(unix)]",
        &format!("`#[mirror]` handlers cannot have a `#[cfg]` on an argument\n{help}"),
    );
    assert_function(
        "async fn handler<#[cfg(unix)] T>() {}",
        "#[cfg(unix)]",
        &format!("`#[mirror]` handlers cannot have a `#[cfg]` on a generic parameter\n{help}"),
    );
}

#[test]
fn a_handler_is_mirrored_once() {
    assert_function(
        "#[mirror_runtime::mirror(targets = [\"http://b\"])] async fn handler() {}",
        "#[mirror_runtime::mirror(targets = [\"http://b\"])]",
        "duplicate `#[mirror]`: list several targets in one attribute",
    );
}

#[test]
fn the_body_may_be_one_block_of_a_macro() {
    use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};

    let wrapped = |tokens: TokenStream| -> TokenStream {
        TokenTree::from(Group::new(Delimiter::None, tokens)).into()
    };
    let mut item: TokenStream = "async fn handler() -> u8".parse().unwrap();
    item.extend(wrapped(wrapped("{ 1 }".parse().unwrap())));
    let args = "targets = [\"http://a\"]".parse().unwrap();
    let expansion = crate::expand::mirror(args, item, &[]);
    let file: syn::File = syn::parse2(expansion).unwrap();
    assert!(prettyplease::unparse(&file).contains("async fn handler() -> u8 {\n        1\n    }"));
}
