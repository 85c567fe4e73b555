//! Shared options that are none, or contradict those of the attribute.

use std::{sync::LazyLock, time::Duration};

use mirror_runtime::{CompareMode, Defaults, mirror};

const SHADOW: Defaults = Defaults::new().timeout(Duration::from_millis(100));
const STATUS: Defaults = SHADOW.compare(CompareMode::Status);
const CONTRADICTING: Defaults = Defaults::new().max_body(1).copy_body(false);
const PERCENTAGE: Defaults = Defaults::new().percentage(110.0);
const POINTER: Defaults = Defaults::new().ignore(&["$.items"]);
const HEADER: Defaults = Defaults::new().set_headers(&[("host", "a")]);
const BASELINE: Defaults = Defaults::new().baseline("localhost:8080");
static LAZY: LazyLock<Defaults> = LazyLock::new(Defaults::new);

#[mirror(defaults = SHADOW, targets = ["https://staging.example.com"], ignore = ["/a"])]
async fn without_compare() {}

#[mirror(defaults = STATUS, targets = ["https://staging.example.com"], ignore = ["/a"])]
async fn without_json() {}

#[mirror(defaults = SHADOW, targets = ["https://staging.example.com"], connect_timeout = "1s")]
async fn connect_timeout() {}

#[mirror(defaults = CONTRADICTING, targets = ["https://staging.example.com"])]
async fn contradicting() {}

#[mirror(defaults = LAZY, targets = ["https://staging.example.com"])]
async fn lazy() {}

fn main() {}
