//! Options are kept in a static, where there is no `Self`.

use mirror_runtime::mirror;

struct Users;

impl Users {
    const URL: &'static str = "https://staging.example.com";

    #[mirror(targets = [Self::URL], on_error = |_, _| Self::count(), when = Self::is_v2)]
    async fn list() {}
}

fn main() {}
