//! Callbacks that cannot be called with what the mirror has.

use mirror_runtime::{MirrorError, BufferedResponse, Target, mirror};

fn one_argument(_: &MirrorError) {}

fn owned(_: Target, _: BufferedResponse) {}

fn wrong_reference(_: &Target, _: &MirrorError) {}

fn is_static(_: &'static Target, _: &BufferedResponse) {}

fn not_a_reason(_: &Target, _: &MirrorError) {}

fn no_answer(_: &axum::http::request::Parts) {}

const NUMBER: u8 = 1;

#[mirror(targets = ["https://staging.example.com"], on_error = one_argument)]
async fn too_few() {}

#[mirror(targets = ["https://staging.example.com"], on_success = owned)]
async fn by_value() {}

#[mirror(targets = ["https://staging.example.com"], on_success = wrong_reference)]
async fn of_the_other() {}

#[mirror(targets = ["https://staging.example.com"], on_success = is_static)]
async fn not_general() {}

#[mirror(targets = ["https://staging.example.com"], on_skip = not_a_reason)]
async fn reason() {}

#[mirror(targets = ["https://staging.example.com"], when = no_answer)]
async fn no_bool() {}

#[mirror(targets = ["https://staging.example.com"], on_error = NUMBER)]
async fn no_function() {}

#[mirror(targets = ["https://staging.example.com"], on_error = missing)]
async fn not_there() {}

#[mirror(targets = ["https://staging.example.com"], on_error = |_, _: &BufferedResponse| ())]
async fn closure_type() {}

#[mirror(targets = ["https://staging.example.com"], when = |parts| parts.uri.path())]
async fn closure_answer() {}

#[mirror(targets = ["https://staging.example.com"], on_error = |_, error| error.missing())]
async fn closure_body() {}

#[mirror(targets = ["https://staging.example.com"], on_success = |_, response| response.status())]
async fn closure_with_value() {}

fn main() {}
