//! What the tests share: a mirrored shop, and a client of a router.

#![allow(dead_code, reason = "each test uses a part of it")]

pub(crate) mod fleet;

use axum::{Json, Router, body::Body, routing::any};
use http::{HeaderMap, Request};
use http_body_util::BodyExt;
use mirror_runtime::{Mirror, MirrorBuilder, Target};
use serde_json::{Value, json};
use testkit::{Primary, demo::Server, until};
use tower::ServiceExt;

/// A primary with a mirror and its shadow. Their responses have what is asked for at `/at` of the
/// body: the primary's `1`, the shadow's `2`.
pub(crate) struct Shop {
    pub(crate) mirror: Mirror,
    pub(crate) primary: Primary,
    shadow: Server,
}

impl Shop {
    pub(crate) async fn start(
        name: &str,
        with: impl FnOnce(MirrorBuilder) -> MirrorBuilder,
    ) -> Self {
        let respond =
            |at: Value| any(move || std::future::ready(Json(json!({ "at": at, "total": 12 }))));
        Self::with(
            name,
            with,
            Router::new().fallback(respond(json!(1))),
            Router::new().fallback(respond(json!(2))),
        )
        .await
    }

    pub(crate) async fn with(
        name: &str,
        with: impl FnOnce(MirrorBuilder) -> MirrorBuilder,
        primary: Router,
        shadow: Router,
    ) -> Self {
        let shadow = Server::anywhere(shadow).unwrap();
        let target = Target::new(shadow.url()).unwrap().named("shadow");
        let builder = Mirror::builder().name(name.to_owned()).target(target);
        let mirror = with(builder).build().unwrap();
        let primary = Primary::start(primary.layer(mirror.layer())).await;
        Self {
            mirror,
            primary,
            shadow,
        }
    }

    pub(crate) fn shadow_url(&self) -> String {
        self.shadow.url()
    }

    /// Three orders, whose copies have ended and, if they are to be, are compared.
    pub(crate) async fn differ(&self) {
        let before = self.mirror.stats().targets[0].received;
        for number in 0..3 {
            self.primary.get(&format!("/orders/{number}")).await;
        }
        self.settle(before + 3).await;
    }

    pub(crate) async fn settle(&self, received: u64) {
        until("the copies have ended", || {
            let stats = self.mirror.stats();
            let target = &stats.targets[0];
            let is_compared = self
                .mirror
                .report()
                .targets
                .first()
                .is_none_or(|report| report.compared + report.not_compared >= target.answered);
            target.received >= received && target.in_flight == 0 && is_compared
        })
        .await;
    }
}

pub(crate) struct Got {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Got {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }
}

/// Asks a router, without a connection.
pub(crate) async fn get(router: &Router, path: &str) -> Got {
    send(router, Request::get(path).body(Body::empty()).unwrap()).await
}

pub(crate) async fn send(router: &Router, request: Request<Body>) -> Got {
    let (head, body) = router.clone().oneshot(request).await.unwrap().into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    Got {
        status: head.status.as_u16(),
        headers: head.headers,
        body: String::from_utf8_lossy(&body).into_owned(),
    }
}
