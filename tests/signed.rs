//! Copies of a mirror with a key are signed, and a shadow that has it can tell.

use axum::{
    Router,
    body::{Body, Bytes},
    extract::{Request as AxumRequest, State},
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::{any, get},
};
use http::Request;
use mirror_runtime::{
    Key, Mirror, MirrorBuilder, Mirrored, ShadowRequest, Unproved, VerifyMirrored, mirror,
};
use testkit::{Primary, Recorded, Shadow, mirror_named, settled};

const SECRET: &str = "2026-11:0123456789abcdef0123456789abcdef";
const OTHER: &str = "2026-11:fedcba9876543210fedcba9876543210";

fn key(text: &str) -> Key {
    Key::new(text).unwrap()
}

/// What a shadow finds out about a request.
async fn look(mirrored: Option<Mirrored>, body: Bytes) -> String {
    let Some(mirrored) = mirrored else {
        return "no copy".to_owned();
    };
    match mirrored.proof() {
        Ok(proof) => format!(
            "{} to {} for {}, body: {}",
            proof.mirror(),
            proof.target(),
            mirrored.host().unwrap(),
            mirrored.has_body(&body)
        ),
        Err(unproved) => {
            assert!(!mirrored.is_proved() && !mirrored.has_body(&body));
            unproved.to_string()
        }
    }
}

fn verifying(text: &str) -> VerifyMirrored {
    VerifyMirrored::new().key(key(text))
}

/// A shadow with this key. It also keeps what it was sent.
async fn shadow() -> Primary {
    Primary::start(Router::new().fallback(look).layer(verifying(SECRET))).await
}

/// A mirror, and what its copies are.
async fn copy_of(
    request: Request<Body>,
    base: &str,
    options: impl FnOnce(MirrorBuilder) -> MirrorBuilder,
) -> Recorded {
    let recording = Shadow::start().await;
    let builder = Mirror::builder().name("orders");
    let target = mirror_runtime::Target::new(format!("{}{base}", recording.url())).unwrap();
    let mirror = options(builder.target(target.named("staging")))
        .build()
        .unwrap();
    let app = Router::new()
        .fallback(any(|| async {}))
        .layer(mirror.layer());
    Primary::start(app).await.send(request).await;
    recording.receives_one().await
}

fn post() -> Request<Body> {
    let request = Request::post("/orders?x=1").header("host", "shop.example");
    request.body(Body::from("body")).unwrap()
}

/// A recorded copy, as it would be sent again, perhaps by somebody else.
fn again(copy: &Recorded) -> Request<Body> {
    let mut request = Request::new(Body::from(copy.body.clone()));
    *request.method_mut() = copy.method.clone();
    *request.uri_mut() = copy.target.parse().unwrap();
    *request.headers_mut() = copy.headers.clone();
    request
}

const PROVED: &str = "orders to staging for shop.example, body: true";

#[tokio::test]
async fn a_shadow_with_the_key_knows_who_has_sent_a_copy() {
    let copy = copy_of(post(), "", |builder| builder.key(key(SECRET))).await;
    assert_eq!(copy.all("mirror-signature").len(), 1);
    let shadow = shadow().await;
    assert_eq!(shadow.send(again(&copy)).await.text(), PROVED);
}

#[tokio::test]
async fn what_was_forged_or_changed_proves_nothing() {
    let copy = copy_of(post(), "", |builder| builder.key(key(SECRET))).await;
    let shadow = shadow().await;
    let says = async |change: fn(&mut Request<Body>)| {
        let mut request = again(&copy);
        change(&mut request);
        shadow.send(request).await.text().to_owned()
    };
    let mismatch = Unproved::Mismatch.to_string();
    assert_eq!(
        says(|request| *request.uri_mut() = "/orders?x=2".parse().unwrap()).await,
        mismatch
    );
    assert_eq!(
        says(|request| *request.uri_mut() = "/refunds?x=1".parse().unwrap()).await,
        mismatch
    );
    assert_eq!(
        says(|request| *request.method_mut() = http::Method::PUT).await,
        mismatch
    );
    let changes = |request: &mut Request<Body>| {
        request
            .headers_mut()
            .insert("x-mirrored-from", "a".parse().unwrap());
    };
    assert_eq!(says(changes).await, mismatch);
    let twice = |request: &mut Request<Body>| {
        let signature = request.headers()["mirror-signature"].clone();
        request.headers_mut().append("mirror-signature", signature);
    };
    assert_eq!(says(twice).await, Unproved::Malformed.to_string());
    let unsigned = |request: &mut Request<Body>| {
        request.headers_mut().remove("mirror-signature");
    };
    assert_eq!(says(unsigned).await, Unproved::NotSigned.to_string());
    // The head is that of a copy, and the body is not.
    let other_body = says(|request| {
        *request.body_mut() = Body::from("BODY");
    });
    assert_eq!(other_body.await, PROVED.replace("true", "false"));
    let other_key = copy_of(post(), "", |builder| builder.key(key(OTHER))).await;
    assert_eq!(shadow.send(again(&other_key)).await.text(), mismatch);
}

#[tokio::test]
async fn a_gateway_may_take_the_base_path_off() {
    let copy = copy_of(post(), "/v2/shop", |builder| builder.key(key(SECRET))).await;
    assert_eq!(copy.target, "/v2/shop/orders?x=1");
    let shadow = shadow().await;
    let mismatch = Unproved::Mismatch.to_string();
    for (path, expected) in [
        ("/v2/shop/orders?x=1", PROVED),
        ("/shop/orders?x=1", PROVED),
        ("/orders?x=1", PROVED),
        ("/v2/orders?x=1", &mismatch),
        ("/admin/orders?x=1", &mismatch),
        ("/?x=1", &mismatch),
    ] {
        let mut request = again(&copy);
        *request.uri_mut() = path.parse().unwrap();
        assert_eq!(shadow.send(request).await.text(), expected, "{path}");
    }
}

#[tokio::test]
async fn a_router_may_be_nested_in_the_shadow() {
    let copy = copy_of(post(), "", |builder| builder.key(key(SECRET))).await;
    let nested = Router::new().nest("/orders", Router::new().fallback(look));
    let shadow = Primary::start(nested.layer(verifying(SECRET))).await;
    assert_eq!(shadow.send(again(&copy)).await.text(), PROVED);
}

#[tokio::test]
async fn what_a_function_has_changed_is_signed() {
    let copy = copy_of(post(), "/v2", |builder| {
        builder
            .key(key(SECRET))
            .map_request(|copy: &mut ShadowRequest| {
                copy.set_path_and_query("/mapped".parse().unwrap());
                copy.set_body("mapped");
            })
    })
    .await;
    assert_eq!(copy.target, "/v2/mapped");
    assert_eq!(shadow().await.send(again(&copy)).await.text(), PROVED);
}

#[tokio::test]
async fn a_client_s_own_signature_does_not_travel() {
    let mut request = post();
    let forged = "v1; key=a; time=1; mirror=m; target=t; base=; body=; sig=";
    request
        .headers_mut()
        .insert("mirror-signature", forged.parse().unwrap());
    let random =
        |builder: MirrorBuilder| builder.key(Key::from_env("MIRROR_KEY_THAT_IS_UNSET").unwrap());
    let copy = copy_of(request, "", random).await;
    assert!(copy.all("mirror-signature").is_empty(), "{copy:?}");
}

#[tokio::test]
async fn a_request_with_a_hint_alone_is_unproved_and_still_not_mirrored() {
    let shadow = shadow().await;
    let hint = Request::get("/")
        .header("x-mirrored-from", "a")
        .body(Body::empty());
    assert_eq!(
        shadow.send(hint.unwrap()).await.text(),
        Unproved::NotSigned.to_string()
    );
    assert_eq!(shadow.get("/").await.text(), "no copy");

    let far = Shadow::start().await;
    let mirror = Mirror::builder()
        .target(far.url())
        .key(key(SECRET))
        .build()
        .unwrap();
    let app = Router::new()
        .fallback(any(|| async {}))
        .layer(mirror.layer());
    let hint = Request::get("/")
        .header("x-mirrored-from", "a")
        .body(Body::empty());
    Primary::start(app).await.send(hint.unwrap()).await;
    let stats = settled(&mirror, 1).await.remove(0);
    assert_eq!(stats.skipped_for(mirror_runtime::SkipReason::Loop), 1);
}

#[tokio::test]
async fn a_route_for_copies_alone_refuses_other_requests() {
    let app = Router::new().route("/", get(|_: Mirrored| async { "for copies" }));
    let shadow = Primary::start(app).await;
    assert_eq!(shadow.get("/").await.status, StatusCode::FORBIDDEN);
    let hint = Request::get("/")
        .header("x-mirrored-from", "a")
        .body(Body::empty());
    assert_eq!(shadow.send(hint.unwrap()).await.text(), "for copies");
}

#[tokio::test]
async fn a_shadow_without_a_key_proves_nothing() {
    let copy = copy_of(post(), "", |builder| builder.key(key(SECRET))).await;
    let unset = Key::from_env("MIRROR_KEY_THAT_IS_UNSET").unwrap();
    let app = Router::new()
        .fallback(look)
        .layer(VerifyMirrored::new().key(unset));
    let shadow = Primary::start(app).await;
    assert_eq!(
        shadow.send(again(&copy)).await.text(),
        Unproved::NoKey.to_string()
    );
}

/// A router under which a candidate runs would see the same.
async fn candidate(State(()): State<()>, request: AxumRequest) -> Response {
    let (mut parts, body) = request.into_parts();
    parts.extensions.insert(verifying(SECRET));
    let body = axum::body::to_bytes(body, 100).await.unwrap();
    let mirrored = axum::RequestPartsExt::extract::<Option<Mirrored>>(&mut parts)
        .await
        .unwrap();
    look(mirrored, body).await.into_response()
}

static KEY: std::sync::LazyLock<Key> = std::sync::LazyLock::new(|| key(SECRET));
static SAID: std::sync::Mutex<Vec<String>> = std::sync::Mutex::new(Vec::new());

#[mirror(
    targets = [target(handler(candidate), name = "staging")],
    key = KEY,
    name = "orders_within",
    state = (),
    on_success = |_, response| {
        SAID.lock().unwrap().push(String::from_utf8_lossy(response.body()).into_owned());
    },
)]
async fn orders_within(body: String) -> String {
    body
}

#[tokio::test]
async fn a_handler_that_is_a_target_is_shown_a_proof_too() {
    let app = Router::new().nest("/api", Router::new().route("/orders", any(orders_within)));
    let primary = Primary::start(app).await;
    let request = Request::post("/api/orders?x=1").header("host", "shop.example");
    primary
        .send(request.body(Body::from("body")).unwrap())
        .await;
    settled(&mirror_named("orders_within"), 1).await;
    let is_told = || !SAID.lock().unwrap().is_empty();
    testkit::until("the callback", is_told).await;
    let said = SAID.lock().unwrap().concat();
    assert_eq!(
        said,
        "orders_within to staging for shop.example, body: true"
    );
}
