//! Items that are no handlers.

use mirror_runtime::mirror;

#[mirror(targets = ["https://staging.example.com"])]
fn not_async() {}

#[mirror(targets = ["https://staging.example.com"])]
pub struct Handler;

#[mirror(targets = ["https://staging.example.com"])]
impl Handler {}

#[mirror(targets = ["https://staging.example.com"])]
async unsafe fn is_unsafe() {}

#[mirror(targets = ["https://staging.example.com"])]
async extern "C" fn is_extern() {}

#[mirror(targets = ["https://staging.example.com"])]
const fn is_const() {}

trait Handle {
    #[mirror(targets = ["https://staging.example.com"])]
    async fn handle();
}

fn main() {}
