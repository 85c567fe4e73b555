//! `handler(..)` that names none.

use mirror_runtime::mirror;

async fn v2() {}

#[mirror(targets = [handler()])]
async fn nothing() {}

#[mirror(targets = [handler(|| async {})])]
async fn closure() {}

#[mirror(targets = [handler(v2, percentage = 5)])]
async fn options_inside() {}

#[mirror(targets = [handler(v2), target(handler(v2), percentage = 5)])]
async fn twice() {}

fn main() {}
