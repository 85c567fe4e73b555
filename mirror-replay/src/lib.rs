#![doc = include_str!("../README.md")]

pub mod guide {
    #![doc = include_str!("../docs/replay.md")]
}

mod checkpoint;
mod clock;
pub mod convert;
mod copy;
mod counts;
mod filter;
mod fixtures;
mod judge;
mod plan;
mod rules;
mod run;
pub mod schedule;
mod source;
mod target;

pub use mirror_compare::{
    fixture::ComparedBy,
    report::{Report, ReportVerdict, TargetReport, Thresholds},
};

#[cfg(feature = "nats")]
pub use self::source::Nats;
pub use self::{
    checkpoint::{Checkpoint, Kept},
    copy::{Destination, MIRRORED_FROM, RECORD_ID, Unsendable},
    counts::Counts,
    filter::{Filter, Moment, ParseFilterError, ParseMomentError, Selection},
    fixtures::{Fixtures, Written},
    judge::{Judge, Judged},
    plan::{Plan, plan},
    rules::read_rules,
    run::{Ended, Joint, Options, Progress, run},
    schedule::{Pace, Speed},
    source::{Delivery, Files, Found, Note, Pending, Phase, Source, SourceError},
    target::{Failure, Target},
};
#[cfg(feature = "nats")]
pub use mirror_fleet::{Connection, NatsOptions, ReaderOptions};
