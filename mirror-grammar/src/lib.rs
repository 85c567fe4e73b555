//! What the values of mirror's options look like: URLs of targets, percentages, durations, sizes,
//! rates, headers, JSON pointers and tolerances; and what a file of a recorded mismatch looks like.
//! Which options there are, and what holds if one is left out, stands in [`options`].
//!
//! The attribute checks its options with this crate when a program is compiled; the builder and
//! `env(..)` targets check theirs with it when the program runs. One grammar, so that a value is
//! right in one place exactly when it is right in the other. The checks of URLs and of JSON
//! pointers are `const fn`s, because a value may also be a path to a `const`.
//!
//! This crate is a part of `mirror-runtime` and has no promise of stability of its own.

mod baggage;
mod date;
mod duration;
mod fixture;
mod header;
mod labels;
mod message;
pub mod options;
mod percentage;
mod pointer;
mod rate;
mod size;
mod sticky;
mod tolerance;
mod unit;
mod url;

pub use baggage::{
    BaggageError, MAX_BAGGAGE, baggage_len, baggage_member, check_baggage_key, is_baggage_key,
};
pub use date::{Date, DateError, Moment, parse_date, parse_moment};
pub use duration::{DurationError, MAX_TIMEOUT, check_timeout, parse_duration};
pub use fixture::{FIXTURE_FORMAT, FIXTURE_VERSION, FixtureError, check_fixture, is_fixture_name};
pub use header::{
    HeaderError, check_comparable, check_settable, is_comparable, is_header_name, is_hop_by_hop,
    is_settable, parse_header_name, parse_header_value,
};
pub use message::ConstMessage;
pub use percentage::{PercentageError, check_percentage, is_percentage};
pub use pointer::{
    MAX_POINTER_DEPTH, PointerError, PointerToken, check_pointer, is_foreign_token, is_index_under,
    parse_pointer,
};
pub use rate::{Rate, RateError, parse_rate};
pub use size::{MAX_COMPARE_BODY, SizeError, parse_size, parse_size_up_to};
pub use sticky::{
    StickyError, check_cookie_name, is_cookie_name, is_sticky_header, parse_sticky_header,
};
pub use tolerance::{ToleranceError, check_tolerance, is_tolerance};
pub use url::{Scheme, TargetUrl, UrlError, parse_url, same_target};
