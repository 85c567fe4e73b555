//! A handler that responds with 1 KiB of JSON, mirrored with and without comparing.

use std::{
    fmt,
    future::ready,
    sync::{Arc, LazyLock},
    time::Duration,
};

use axum::{
    Router,
    body::Body,
    response::{IntoResponse, Response},
    routing::any,
};
use bytes::Bytes;
use http::{HeaderValue, Request, header};
use mirror_runtime::{
    __private::{Incoming, serve},
    CompareMode, CopyBody, Mirror, Sending, Transport, Unsendable,
};

use super::documents::orders;

/// The length of a response.
pub const KIB: usize = 1 << 10;

static ANSWER: LazyLock<Bytes> = LazyLock::new(|| {
    let mut document = orders(KIB);
    while document.len() < KIB {
        document.push(' ');
    }
    document.into()
});

/// With or without comparing, and whether the shadow has answered before the client reads the
/// primary's answer: then it is the primary's path that hands both over to be compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answering {
    /// Without a mirror.
    Plain,
    /// With one that does not compare.
    Mirrored,
    /// With one that compares.
    Compared,
    /// Without comparing, after the shadow has responded.
    MirroredShadowFirst,
    /// With comparing, after the shadow has responded.
    ComparedShadowFirst,
}

impl Answering {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::Plain,
        Self::Mirrored,
        Self::Compared,
        Self::MirroredShadowFirst,
        Self::ComparedShadowFirst,
    ];

    /// The app of this version.
    pub fn app(self) -> Router {
        let route = match self {
            Self::Plain => any(answer),
            Self::Mirrored | Self::MirroredShadowFirst => mirrored(None),
            Self::Compared | Self::ComparedShadowFirst => mirrored(Some(CompareMode::Json)),
        };
        Router::new().route("/orders", route)
    }

    /// The same without comparing.
    pub fn base(self) -> Option<Self> {
        match self {
            Self::Compared => Some(Self::Mirrored),
            Self::ComparedShadowFirst => Some(Self::MirroredShadowFirst),
            _ => None,
        }
    }

    /// Whether the shadow responds first.
    pub fn shadow_is_first(self) -> bool {
        matches!(self, Self::MirroredShadowFirst | Self::ComparedShadowFirst)
    }
}

impl fmt::Display for Answering {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Plain => "plain",
            Self::Mirrored => "mirrored",
            Self::Compared => "compared",
            Self::MirroredShadowFirst => "mirrored, shadow first",
            Self::ComparedShadowFirst => "compared, shadow first",
        })
    }
}

async fn answer(_: Bytes) -> Response {
    let json = HeaderValue::from_static("application/json");
    ([(header::CONTENT_TYPE, json)], ANSWER.clone()).into_response()
}

fn mirrored(compare: Option<CompareMode>) -> axum::routing::MethodRouter {
    let builder = Mirror::builder()
        .target("http://shadow.example")
        .transport(AnswersAlike(Arc::new(ANSWER.clone())));
    let builder = match compare {
        Some(mode) => builder.compare(mode),
        None => builder,
    };
    // As long as the program, as the one of an attribute.
    let mirror = Arc::new(builder.build().expect("options that are right"));
    let mirror: &'static Arc<Mirror> = Box::leak(Box::new(mirror));
    any(move |incoming: Incoming<()>| serve::<(), _, (Bytes,), _, _>(mirror, answer, incoming))
}

/// Sends copies nowhere and responds to them at once, like the primary.
#[derive(Debug)]
struct AnswersAlike(Arc<Bytes>);

impl Transport for AnswersAlike {
    fn send(&self, _: Request<CopyBody>, _: Duration) -> Result<Sending, Unsendable> {
        let body = Bytes::clone(&self.0);
        Ok(Box::pin(ready(Ok(http::Response::new(Body::from(body))))))
    }
}
