//! Telling what happened.

mod skips;
mod throttle;

pub(crate) use self::{
    skips::{prepare as prepare_skips, tell_skip},
    throttle::Failures,
};
