//! Mirroring as tower middleware, for routers and for handlers without the attribute.

mod future;
mod service;

use tower_layer::Layer;

pub use future::ResponseFuture;
pub use service::MirrorService;

use super::Mirror;

/// A [`tower_layer::Layer`] that mirrors each request that passes it. Made by [`Mirror::layer`].
///
/// It works with `Router::layer`, `Router::route_layer`, `MethodRouter::layer` and
/// `Handler::layer`. All services that it wraps share the mirror's counters and sampling.
///
/// ```
/// use axum::{Router, routing::get};
/// use mirror_runtime::Mirror;
///
/// let mirror = Mirror::new(["https://staging.example.com"])?;
/// let app: Router = Router::new()
///     .route("/users", get(|| async { "users" }))
///     .route_layer(mirror.layer())
///     .route("/health", get(|| async { "not mirrored" }));
/// # Ok::<(), mirror_runtime::ConfigError>(())
/// ```
#[derive(Clone, Debug)]
pub struct MirrorLayer {
    mirror: Mirror,
}

impl MirrorLayer {
    pub(crate) fn new(mirror: Mirror) -> Self {
        Self { mirror }
    }
}

impl<S> Layer<S> for MirrorLayer {
    type Service = MirrorService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        MirrorService::new(inner, self.mirror.clone())
    }
}
