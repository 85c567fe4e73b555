//! State that the clones of a mirror share.

pub(crate) mod capturing;
#[cfg(feature = "compare")]
mod comparing;
#[cfg(not(feature = "compare"))]
mod not_comparing;
mod options;
mod switched;
mod target;
pub(crate) mod twice;

#[cfg(feature = "compare")]
pub use self::comparing::CompareAt;
#[cfg(feature = "compare")]
pub(crate) use self::comparing::Comparing;
#[cfg(feature = "record")]
pub(crate) use self::comparing::{Mismatch, Record};
#[cfg(not(feature = "compare"))]
pub(crate) use self::not_comparing::Comparing;
pub use self::options::BodyMode;
pub(crate) use self::switched::MirrorSwitch;
pub(crate) use self::{options::Options, target::EngineTarget};

use std::{
    borrow::Cow,
    fmt,
    sync::{Arc, atomic::AtomicBool},
    time::{Duration, SystemTime},
};

use http::{HeaderName, HeaderValue, request::Parts};
use mirror_compare::Rules;

use crate::{
    control::{MirrorEntry, Place},
    key::Key,
    mask::Mask,
    outcome::SkipReason,
    request::with_original_uri,
    sampling::{Draw, Sampler},
    stats::{LatencyRecorder, PrimaryMeasured},
    target::MapRequest,
    telemetry::{Happened, RequestId},
    workers::{Code, caught},
};

pub(crate) type When = Box<dyn Fn(&Parts) -> bool + Send + Sync>;

/// Everything about a mirror.
pub(crate) struct Engine {
    pub(crate) name: Cow<'static, str>,
    pub(crate) targets: Box<[EngineTarget]>,
    pub(crate) options: Options,
    pub(crate) when: Option<When>,
    /// The fields of bodies that copies have masked.
    pub(crate) mask: Option<Arc<Mask>>,
    /// Changes each copy before it leaves.
    pub(crate) map_request: Option<MapRequest>,
    /// The headers that copies are given, to all targets or to some: they may be secrets.
    pub(crate) set_headers: Vec<(HeaderName, HeaderValue)>,
    /// Whether a callback asks for the bodies of responses.
    pub(crate) keeps_bodies: bool,
    /// Where responses are compared.
    pub(crate) comparing: Option<Comparing>,
    /// One bit for each target that keeps requests with their responses.
    pub(crate) sinks: u64,
    /// The rules of redaction for what they are given.
    pub(crate) redacted: Rules,
    /// Whether the log was told that another mirror copies the same requests.
    pub(crate) is_known_to_be_twice: AtomicBool,
    /// Whether anything is sent at all.
    pub(crate) switch: MirrorSwitch,
    /// The attribute that it is of.
    pub(crate) entry: Option<&'static MirrorEntry>,
    /// Where it stands in the code.
    pub(crate) place: Place,
    pub(crate) sampler: Sampler,
    /// Of what must be the same in each process.
    pub(crate) key: Key,
    /// When it was made.
    pub(crate) since: SystemTime,
    /// Of the primary, for requests that were sampled.
    pub(crate) latency: LatencyRecorder,
    /// The same, for the feature `metrics`.
    pub(crate) primary: Arc<PrimaryMeasured>,
}

impl Engine {
    /// Whether a request is one that is mirrored at all; one about which `when` panics is not.
    ///
    /// `when` sees the URI of the copy, wherever routers are nested.
    pub(crate) fn admits(&self, parts: &mut Parts) -> bool {
        let code = Code::new("when").of(&self.name);
        self.options.copies_method(&parts.method)
            && match &self.when {
                Some(when) => {
                    with_original_uri(parts, |parts| caught(code, || when(parts))).unwrap_or(false)
                }
                None => true,
            }
    }

    /// The number drawn for a request: that of its user, if it says who that is and the mirror asks
    /// for it.
    #[inline]
    pub(crate) fn draw(&self, parts: &Parts) -> Draw {
        let sticky = self.options.sticky.as_ref();
        let of_user = sticky.and_then(|sticky| sticky.draw(&self.key, parts));
        of_user.unwrap_or_else(|| self.sampler.draw())
    }

    /// Whether a target is the baseline that the others are compared beside.
    pub(crate) fn is_baseline(&self, index: usize) -> bool {
        let comparing = self.comparing.as_ref();
        comparing.is_some_and(|comparing| comparing.is_baseline(index))
    }

    /// Whether its copies are changed by what takes its time, on threads of its own.
    pub(crate) fn changes_copies(&self) -> bool {
        let mut targets = self.targets.iter().map(EngineTarget::target);
        self.mask.is_some()
            || self.map_request.is_some()
            || targets.any(|target| target.own_map().is_some())
    }

    /// Whether a target keeps requests with their responses.
    pub(crate) fn is_sink(&self, index: usize) -> bool {
        self.sinks >> index & 1 == 1
    }

    /// The time after which every copy of a request has ended.
    pub(crate) fn longest_timeout(&self) -> Duration {
        let timeouts = self.targets.iter().map(|target| target.timeout);
        timeouts.max().unwrap_or_default()
    }

    /// Whether anybody may ask which request it is about that is told.
    pub(crate) fn tells(&self) -> bool {
        let source = self.targets.first().map(|target| &target.source);
        self.comparing.is_some() || source.is_some_and(|source| source.is_heard())
    }

    /// A request is not sent to a target.
    #[inline]
    pub(crate) fn not_sent(&self, index: usize, reason: SkipReason) {
        self.targets[index].source.tell(Happened::NotSent(reason));
    }

    /// The same of a sampled request.
    pub(crate) fn not_sent_of(
        &self,
        request_id: Option<&RequestId>,
        index: usize,
        reason: SkipReason,
    ) {
        let source = &self.targets[index].source;
        source.tell_of(request_id, Happened::NotSent(reason));
    }

    /// The key of its jobs among those of other mirrors. A job keeps its mirror, so no other has
    /// its place meanwhile.
    pub(crate) fn key(self: &Arc<Self>) -> usize {
        Arc::as_ptr(self).addr()
    }
}

impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mirror")
            .field("name", &self.name)
            .field("targets", &self.targets)
            .field("options", &self.options)
            .field("when", &self.when.is_some())
            .field("comparing", &self.comparing)
            .finish_non_exhaustive()
    }
}
