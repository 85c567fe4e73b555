//! What the attribute accepts, and what it says about the rest.

/// Compiled here too, so that `cargo clippy` lints an expansion.
#[path = "pass/lints.rs"]
pub mod lints;

#[test]
fn good_handlers_compile() {
    lints::main();
    trybuild::TestCases::new().pass("pass/*.rs");
}

#[test]
fn bad_handlers_are_compile_errors_at_the_mistake() {
    trybuild::TestCases::new().compile_fail("fail/*.rs");
}
