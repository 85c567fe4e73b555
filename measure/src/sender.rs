//! The versions of a whole copy that are measured, each of which sends to a shadow.

use std::fmt;

use axum::Router;
use mirror_runtime::{Mirror, ReqwestTransport};
use tokio::net::TcpStream;

use super::{
    Drive, Shape, app,
    by_hand::ByHand,
    held::{Held, OfHyper},
    hyper_util, reqwest,
    shadow::{self, Manner},
};

/// Who sends the copy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sender {
    /// Nobody: the floor of everything else.
    Nobody,
    /// A mirror over its own connections.
    Mirror,
    /// A mirror over a client of reqwest.
    MirrorOverReqwest,
    /// A client of reqwest, by hand.
    ReqwestByHand,
    /// The pooled client of hyper-util, by hand.
    HyperUtilByHand,
    /// Over connections of hyper that are held by hand.
    HeldByHand,
    /// Over bare TCP connections: the floor.
    TcpByHand,
}

impl Sender {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Nobody,
        Self::Mirror,
        Self::MirrorOverReqwest,
        Self::ReqwestByHand,
        Self::HyperUtilByHand,
        Self::HeldByHand,
        Self::TcpByHand,
    ];

    /// An app that sends each request to a shadow on the same runtime.
    pub fn app(self) -> Router {
        let url = shadow::start(Manner::OK);
        let route = match self {
            Self::Nobody => app::plain(),
            Self::Mirror => app::attribute(&Mirror::new([url]).expect("a URL that is right")),
            Self::MirrorOverReqwest => {
                let mirror = Mirror::builder()
                    .target(url)
                    .transport(ReqwestTransport::default());
                app::attribute(&mirror.build().expect("options that are right"))
            }
            Self::ReqwestByHand => app::by_hand(ByHand::new(reqwest::client(), &[url], 100)),
            Self::HyperUtilByHand => app::by_hand(ByHand::new(hyper_util::client(), &[url], 100)),
            Self::HeldByHand => app::by_hand(ByHand::new(Held::<OfHyper>::new(), &[url], 100)),
            Self::TcpByHand => app::by_hand(ByHand::new(Held::<TcpStream>::new(), &[url], 100)),
        };
        Router::new().route("/orders", route)
    }

    /// The app with its clients made and its connections open.
    pub fn warm(self, shape: Shape) -> Drive {
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
            Self::MirrorOverReqwest => "mirror, over reqwest",
            Self::ReqwestByHand => "by hand, reqwest",
            Self::HyperUtilByHand => "by hand, hyper-util",
            Self::HeldByHand => "by hand, held",
            Self::TcpByHand => "by hand, bare TCP",
        })
    }
}
