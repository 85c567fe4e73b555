//! The day from which a mirror is off.

use mirror_runtime::mirror;

#[mirror(targets = ["https://staging.example.com"], until = 2027)]
async fn year() {}

#[mirror(targets = ["https://staging.example.com"], until = 2027-01-31)]
async fn without_quotes() {}

#[mirror(targets = ["https://staging.example.com"], until = "31.01.2027")]
async fn day_first() {}

#[mirror(targets = ["https://staging.example.com"], until = "2027-1-31")]
async fn one_digit() {}

#[mirror(targets = ["https://staging.example.com"], until = "2027-01-31T14:30:00Z")]
async fn moment() {}

#[mirror(targets = ["https://staging.example.com"], until = "2027-02-29")]
async fn no_such_day() {}

#[mirror(targets = ["https://staging.example.com"], until = "2027-13-01")]
async fn no_such_month() {}

#[mirror(targets = ["https://staging.example.com"], until = "1969-12-31")]
async fn before_all_clocks() {}

#[mirror(targets = ["https://staging.example.com"], until = "3 weeks")]
async fn duration() {}

#[mirror(targets = ["https://staging.example.com"], until = "")]
async fn nothing() {}

#[mirror(targets = [target("https://staging.example.com", until = "2027-01-31")])]
async fn of_a_target() {}

fn main() {}
