//! Mirrored handlers in a library, for programs that use some of them, none of them, or not even its
//! name.

#![forbid(unsafe_code)]

use traffic::mirror;

/// Is there.
#[mirror(crate = traffic, targets = ["http://127.0.0.1:9"])]
pub async fn health() -> &'static str {
    "up"
}

/// Handlers that no program uses.
pub mod quiet {
    use super::mirror;

    /// Users.
    #[derive(Debug)]
    pub struct Users;

    impl Users {
        /// All of them.
        #[mirror(crate = traffic, targets = [target("http://127.0.0.1:9", name = "rewrite")], percentage = 5)]
        pub async fn list() -> &'static str {
            "[]"
        }
    }

    mod private {
        use traffic::mirror;

        #[mirror(crate = traffic, targets = ["http://127.0.0.1:9"], name = "private")]
        #[expect(dead_code, reason = "nobody can call it")]
        pub(super) async fn handler() {}
    }
}
