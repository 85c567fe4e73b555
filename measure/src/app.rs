//! One handler, mirrored in each way.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering::Relaxed},
};

use axum::{
    body::Body,
    extract::{Request, State},
    middleware::from_fn_with_state,
    response::IntoResponse,
    routing::{MethodRouter, any},
};
use http::StatusCode;
use http_body_util::BodyExt;
use mirror_runtime::{
    __private::{Incoming, serve},
    CompareAtServer, Mirror, mirror,
};
use tower::layer::util::Identity;

use super::by_hand::{ByHand, Client};

/// What the handler keeps: how many bytes it has read.
type Seen = Arc<AtomicU64>;

/// Reads its body piece by piece, so that it copies none of it.
async fn read(State(seen): State<Seen>, mut body: Body) -> StatusCode {
    while let Some(frame) = body.frame().await {
        match frame {
            Ok(frame) => seen.fetch_add(
                frame.data_ref().map_or(0, |data| data.len() as u64),
                Relaxed,
            ),
            Err(_) => return StatusCode::BAD_REQUEST,
        };
    }
    StatusCode::OK
}

/// The attribute where it samples nothing.
#[mirror(targets = ["http://127.0.0.1:9"], percentage = 0)]
async fn read_unsampled(state: State<Seen>, body: Body) -> StatusCode {
    read(state, body).await
}

/// The attribute with a handler as its target, where it samples nothing.
#[mirror(targets = [handler(read)], percentage = 0)]
async fn read_beside_a_candidate(state: State<Seen>, body: Body) -> StatusCode {
    read(state, body).await
}

/// Without a mirror.
pub fn plain() -> MethodRouter {
    any(read).with_state(Seen::default())
}

/// Without a mirror, and with a layer that does nothing.
pub fn empty_layer() -> MethodRouter {
    any(read).layer(Identity::new()).with_state(Seen::default())
}

/// With two layers: the mirror's, and the one that stands outermost.
pub fn at_server(mirror: &Mirror) -> MethodRouter {
    layer(mirror).layer(CompareAtServer::new())
}

/// With two layers that do nothing.
pub fn empty_layers() -> MethodRouter {
    empty_layer().layer(Identity::new())
}

/// With the attribute, at 0 %.
pub fn attribute_unsampled() -> MethodRouter {
    any(read_unsampled).with_state(Seen::default())
}

/// With the attribute and a candidate, at 0 %.
pub fn candidate_unsampled() -> MethodRouter {
    any(read_beside_a_candidate).with_state(Seen::default())
}

/// With what the attribute expands to, around a mirror that was built: an attribute takes no
/// transport, and its target has no port that the system chooses.
pub fn attribute(mirror: &Mirror) -> MethodRouter {
    // As long as the program, as the one of an attribute.
    let mirror: &'static Arc<Mirror> = Box::leak(Box::new(Arc::new(mirror.clone())));
    let handler = move |incoming: Incoming<Seen>| {
        serve::<Seen, _, (State<Seen>, Body), _, _>(mirror, read, incoming)
    };
    any(handler).with_state(Seen::default())
}

/// With the layer.
pub fn layer(mirror: &Mirror) -> MethodRouter {
    any(read).layer(mirror.layer()).with_state(Seen::default())
}

/// With a middleware that was written by hand.
pub fn by_hand<C: Client>(mirror: ByHand<C>) -> MethodRouter {
    let middleware = from_fn_with_state(mirror, ByHand::mirror);
    any(read).layer(middleware).with_state(Seen::default())
}

/// Mirrored by hand in the handler itself: less code to reuse, and less to run.
pub fn by_hand_inside<C: Client>(mirror: ByHand<C>) -> MethodRouter {
    let handler = |state: State<Seen>, request: Request| async move {
        match mirror.copy(request).await {
            Ok(request) => read(state, request.into_body()).await.into_response(),
            Err(status) => status.into_response(),
        }
    };
    any(handler).with_state(Seen::default())
}
