//! The versions of the handler path that are measured, none of which sends anything.

use std::fmt;

use axum::{Router, routing::MethodRouter};
use mirror_runtime::{Event, Mirror, Observer, SkipReason, Sticky, Target};

use super::{Nothing, app, by_hand::ByHand};

/// One way to mirror, or not; with a number of targets where it samples all requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Version {
    /// Without a mirror.
    Plain,
    /// What any layer costs, whatever it does.
    EmptyLayer,
    /// What two layers cost, whatever they do.
    EmptyLayers,
    /// The attribute at 0 %.
    AttributeUnsampled,
    /// With a handler as its target.
    CandidateUnsampled,
    /// The layer at 0 %.
    LayerUnsampled,
    /// The layer that samples users, at 0 %.
    StickyUnsampled(Sticky<'static>),
    /// The layer, where somebody is told of each request that is not sampled.
    ToldUnsampled,
    /// The layer with an observer, at 0 %.
    ObservedUnsampled,
    /// The layer at 0 %, and around it the one at which responses are compared as clients get them.
    AtServerUnsampled,
    /// The middleware written by hand, at 0 %.
    ByHandUnsampled,
    /// The attribute.
    Attribute(usize),
    /// The layer.
    Layer(usize),
    /// The middleware written by hand.
    ByHand(usize),
    /// Written by hand in the handler itself.
    ByHandInside(usize),
}

impl Version {
    /// All that are measured beside one another.
    pub const ALL: [Self; 13] = [
        Self::Plain,
        Self::EmptyLayer,
        Self::AttributeUnsampled,
        Self::LayerUnsampled,
        Self::ByHandUnsampled,
        Self::Attribute(1),
        Self::Layer(1),
        Self::ByHand(1),
        Self::ByHandInside(1),
        Self::Attribute(3),
        Self::Layer(3),
        Self::ByHand(3),
        Self::ByHandInside(3),
    ];

    /// The app of this version.
    pub fn app(self) -> Router {
        Router::new().route("/orders", self.route())
    }

    fn route(self) -> MethodRouter {
        match self {
            Self::Plain => app::plain(),
            Self::EmptyLayer => app::empty_layer(),
            Self::EmptyLayers => app::empty_layers(),
            Self::AttributeUnsampled => app::attribute_unsampled(),
            Self::CandidateUnsampled => app::candidate_unsampled(),
            Self::LayerUnsampled => app::layer(&mirror(1, 0.0)),
            Self::StickyUnsampled(by) => app::layer(&sticky(by)),
            Self::ToldUnsampled => app::layer(&telling()),
            Self::ObservedUnsampled => app::layer(&observed()),
            Self::AtServerUnsampled => app::at_server(&mirror(1, 0.0)),
            Self::ByHandUnsampled => app::by_hand(ByHand::new(Nothing, &urls(1), 0)),
            Self::Attribute(targets) => app::attribute(&mirror(targets, 100.0)),
            Self::Layer(targets) => app::layer(&mirror(targets, 100.0)),
            Self::ByHand(targets) => app::by_hand(ByHand::new(Nothing, &urls(targets), 100)),
            Self::ByHandInside(targets) => {
                app::by_hand_inside(ByHand::new(Nothing, &urls(targets), 100))
            }
        }
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Plain => write!(f, "plain"),
            Self::EmptyLayer => write!(f, "an empty layer"),
            Self::EmptyLayers => write!(f, "two empty layers"),
            Self::AttributeUnsampled => write!(f, "attribute, 0 %"),
            Self::CandidateUnsampled => write!(f, "attribute with a candidate, 0 %"),
            Self::LayerUnsampled => write!(f, "layer, 0 %"),
            Self::StickyUnsampled(by) => write!(f, "layer, sticky by {by:?}, 0 %"),
            Self::ToldUnsampled => write!(f, "layer with `on_skip`, 0 %"),
            Self::ObservedUnsampled => write!(f, "layer with an observer, 0 %"),
            Self::AtServerUnsampled => write!(f, "layer compared at the server, 0 %"),
            Self::ByHandUnsampled => write!(f, "by hand, 0 %"),
            Self::Attribute(targets) => write!(f, "attribute, to {targets}"),
            Self::Layer(targets) => write!(f, "layer, to {targets}"),
            Self::ByHand(targets) => write!(f, "by hand, to {targets}"),
            Self::ByHandInside(targets) => write!(f, "by hand in the handler, to {targets}"),
        }
    }
}

fn mirror(targets: usize, percentage: f64) -> Mirror {
    let mirror = Mirror::builder().percentage(percentage).transport(Nothing);
    let mirror = urls(targets)
        .iter()
        .fold(mirror, |mirror, url| mirror.target(url.as_str()));
    mirror.build().expect("options that are right")
}

fn sticky(by: Sticky<'_>) -> Mirror {
    let mirror = Mirror::builder().percentage(0.0).transport(Nothing);
    let mirror = mirror.target(urls(1).remove(0).as_str()).sticky(by);
    mirror.build().expect("options that are right")
}

fn telling() -> Mirror {
    let mirror = Mirror::builder().percentage(0.0).transport(Nothing);
    let mirror = mirror
        .target(urls(1).remove(0).as_str())
        .on_skip(|_: &Target, reason: SkipReason| assert_eq!(reason, SkipReason::NotSampled));
    mirror.build().expect("options that are right")
}

fn observed() -> Mirror {
    /// Asks for what observers are told anyhow.
    struct Observes;

    impl Observer for Observes {
        fn observe(&self, event: &Event<'_>) {
            panic!("nothing is sent, and {event:?}");
        }
    }

    let mirror = Mirror::builder().percentage(0.0).transport(Nothing);
    let mirror = mirror.target(urls(1).remove(0).as_str()).observer(Observes);
    mirror.build().expect("options that are right")
}

fn urls(targets: usize) -> Vec<String> {
    (0..targets)
        .map(|target| format!("http://shadow-{target}.example"))
        .collect()
}
