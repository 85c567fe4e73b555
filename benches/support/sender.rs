//! The versions of a whole copy that are measured, each of which sends to a shadow.

use std::fmt;

use axum::Router;
use mirror_runtime::Mirror;

use super::{
    Drive, Shape, app,
    by_hand::ByHand,
    hyper_util, reqwest,
    shadow::{self, Manner},
};

/// Who sends the copy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sender {
    Nobody,
    Mirror,
    ReqwestByHand,
    HyperUtilByHand,
}

impl Sender {
    pub(crate) const ALL: [Self; 4] = [
        Self::Nobody,
        Self::Mirror,
        Self::ReqwestByHand,
        Self::HyperUtilByHand,
    ];

    /// An app that sends each request to a shadow on the same runtime.
    pub(crate) fn app(self) -> Router {
        let url = shadow::start(Manner::OK);
        let route = match self {
            Self::Nobody => app::plain(),
            Self::Mirror => app::attribute(&Mirror::new([url]).expect("a URL that is right")),
            Self::ReqwestByHand => app::by_hand(ByHand::new(reqwest::client(), &[url], 100)),
            Self::HyperUtilByHand => app::by_hand(ByHand::new(hyper_util::client(), &[url], 100)),
        };
        Router::new().route("/orders", route)
    }

    /// The app with its clients made and its connections open.
    pub(crate) fn warm(self, shape: Shape) -> Drive {
        let mut drive = Drive::new(|| self.app());
        drive.warm_up(shape);
        drive
    }
}

impl fmt::Display for Sender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Nobody => "plain",
            Self::Mirror => "mirror",
            Self::ReqwestByHand => "by hand, reqwest",
            Self::HyperUtilByHand => "by hand, hyper-util",
        })
    }
}
