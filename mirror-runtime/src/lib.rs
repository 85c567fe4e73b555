//! x
mod body;
mod builder;
mod call;
mod callbacks;
mod config_error;
mod copy;
mod dispatch;
mod incoming;
mod layer;
mod mirror;
mod outcome;
mod private;
mod registry;
mod sampler;
mod stats;
mod target;
mod transport;

#[doc(hidden)]
pub mod __private {
    pub use crate::private::*;
}

use std::time::Duration;

pub use mirror_macros::mirror;

pub use self::{
    body::CopyBody,
    builder::{Credentials, Host, MirrorBuilder},
    config_error::ConfigError,
    dispatch::Drained,
    layer::{MirrorLayer, MirrorService, ResponseFuture},
    mirror::Mirror,
    outcome::{FailureKind, MirrorError, ShadowResponse, ShedReason, SkipReason},
    registry::mirrors,
    stats::{MirrorStats, TargetStats},
    target::Target,
    transport::{Sending, Transport, Unsendable},
};

/// drain
pub async fn drain(deadline: Duration) -> Drained {
    dispatch::drain(deadline).await
}
