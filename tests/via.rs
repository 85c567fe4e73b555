//! Targets that a transport of their own sends copies to.

use std::{
    fmt,
    sync::{
        Arc, LazyLock, Mutex,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    time::Duration,
};

use axum::{Router, body::Body, routing::post};
use http::{Request, Response};
use http_body_util::BodyExt;
use mirror_runtime::{
    ConfigError, CopyBody, FailureKind, Mirror, MirrorError, Sending, SkipReason, Target,
    Transport, Unsendable, mirror, mirror_named,
};
use testkit::{Primary, Shadow, settled};

/// What a transport does with a copy.
type Handle = fn(Request<CopyBody>) -> Result<Sending, Unsendable>;

/// A transport that takes note of what it is given.
#[derive(Clone)]
struct Noting {
    given: Arc<Mutex<Vec<Request<CopyBody>>>>,
    then: Handle,
}

impl Noting {
    fn new(then: Handle) -> Self {
        Self {
            given: Arc::default(),
            then,
        }
    }
}

impl fmt::Debug for Noting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Noting")
    }
}

impl Transport for Noting {
    fn send(&self, copy: Request<CopyBody>, _: Duration) -> Result<Sending, Unsendable> {
        self.given.lock().unwrap().push(copy.clone());
        (self.then)(copy)
    }
}

#[expect(clippy::unnecessary_wraps, reason = "other handlers refuse copies")]
fn answered(_: Request<CopyBody>) -> Result<Sending, Unsendable> {
    Ok(Box::pin(async { Ok(Response::new(Body::from("taken"))) }))
}

fn app(mirror: &Mirror) -> Router {
    let route = post(|body: String| async { body });
    Router::new().route("/orders", route).layer(mirror.layer())
}

#[tokio::test]
async fn each_target_gets_its_copies_by_its_own_way() {
    let shadow = Shadow::start().await;
    let noting = Noting::new(answered);
    let mirror = Mirror::builder()
        .target(shadow.url())
        .target(Target::via("queue", noting.clone()))
        .build()
        .unwrap();
    let primary = Primary::start(app(&mirror)).await;
    let response = primary.post("/orders?page=2", "two of them").await;
    assert_eq!(response.text(), "two of them");
    assert_eq!(shadow.receives_one().await.target, "/orders?page=2");
    let stats = settled(&mirror, 1).await;
    assert_eq!(
        stats.iter().map(|it| it.answered).collect::<Vec<_>>(),
        [1, 1]
    );
    assert_eq!(stats[1].name, "queue");
    let copy = noting.given.lock().unwrap().remove(0);
    assert_eq!(copy.uri(), "/orders?page=2", "it has no origin");
    assert!(copy.headers().contains_key("x-mirrored-from"));
    let Ok(body) = copy.into_body().collect().await;
    assert_eq!(body.to_bytes(), "two of them");
}

#[tokio::test]
async fn the_transport_of_the_mirror_is_not_asked_for_them() {
    let (of_all, own) = (Noting::new(answered), Noting::new(answered));
    let mirror = Mirror::builder()
        .target("http://shadow.invalid")
        .target(Target::via("own", own.clone()))
        .transport(of_all.clone())
        .build()
        .unwrap();
    let primary = Primary::start(app(&mirror)).await;
    primary.post("/orders", "").await;
    settled(&mirror, 1).await;
    let uris = |noting: &Noting| -> Vec<String> {
        let given = noting.given.lock().unwrap();
        given.iter().map(|copy| copy.uri().to_string()).collect()
    };
    assert_eq!(uris(&of_all), ["http://shadow.invalid/orders"]);
    assert_eq!(uris(&own), ["/orders"]);
}

#[tokio::test]
async fn what_becomes_of_a_copy_is_counted_as_for_a_server() {
    let targets: [(&str, Handle); 4] = [
        ("fails", |_| {
            Ok(Box::pin(async {
                Err(MirrorError::Request("it is full".into()))
            }))
        }),
        ("hangs", |_| Ok(Box::pin(std::future::pending()))),
        ("refuses", |_| Err(Unsendable)),
        ("panics", |_| panic!("it broke")),
    ];
    let builder = Mirror::builder().timeout(Duration::from_millis(50));
    let mirror = targets.into_iter().fold(builder, |builder, (name, then)| {
        builder.target(Target::via(name, Noting::new(then)))
    });
    let mirror = mirror.build().unwrap();
    let primary = Primary::start(app(&mirror)).await;
    assert_eq!(primary.post("/orders", "x").await.text(), "x");
    let stats = settled(&mirror, 1).await;
    assert_eq!(stats[0].failed_with(FailureKind::Request), 1);
    assert_eq!(stats[1].failed_with(FailureKind::Timeout), 1);
    assert_eq!(stats[2].skipped_for(SkipReason::Unsendable), 1);
    assert_eq!(stats[3].skipped_for(SkipReason::Unsendable), 1);
}

/// A transport that cannot be used.
#[derive(Debug)]
struct Refusing(Arc<AtomicUsize>);

impl Transport for Refusing {
    fn check(&self, target: &Target) -> Result<(), ConfigError> {
        self.0.fetch_add(1, SeqCst);
        Err(ConfigError::WithoutUrl(target.name().to_owned()))
    }

    fn send(&self, _: Request<CopyBody>, _: Duration) -> Result<Sending, Unsendable> {
        Err(Unsendable)
    }
}

#[test]
fn a_transport_can_refuse_its_target_when_the_mirror_is_built() {
    let asked = Arc::new(AtomicUsize::new(0));
    let target = Target::via("queue", Refusing(Arc::clone(&asked)));
    let error = Mirror::builder().target(target).build().unwrap_err();
    assert_eq!(error, ConfigError::WithoutUrl("queue".to_owned()));
    assert_eq!(asked.load(SeqCst), 1);
}

#[test]
fn two_of_one_name_are_a_mistake() {
    let target = || Target::via("queue", Noting::new(answered));
    let error = Mirror::builder().target(target()).target(target()).build();
    assert_eq!(
        error.unwrap_err(),
        ConfigError::DuplicateName("queue".to_owned())
    );
}

static QUEUE: LazyLock<Noting> = LazyLock::new(|| Noting::new(answered));
static CLIENT: LazyLock<Noting> = LazyLock::new(|| Noting::new(answered));
static BROKEN: LazyLock<Noting> = LazyLock::new(|| panic!("it has no configuration"));

#[mirror(
    targets = ["http://shadow.invalid/base", via(QUEUE), target(via(BROKEN), name = "other")],
    transport = CLIENT,
    name = "by-way-of-statics"
)]
async fn stored(body: String) -> String {
    body
}

#[tokio::test]
async fn the_attribute_names_statics() {
    let primary = Primary::start(Router::new().route("/orders", post(stored))).await;
    assert_eq!(primary.post("/orders", "x").await.text(), "x");
    let mirror = mirror_named("by-way-of-statics").unwrap();
    let stats = settled(&mirror, 1).await;
    let names: Vec<_> = stats.iter().map(|it| &*it.name).collect();
    assert_eq!(names, ["http://shadow.invalid/base", "queue", "other"]);
    assert_eq!((stats[0].answered, stats[1].answered), (1, 1));
    assert_eq!(stats[2].skipped_for(SkipReason::Unsendable), 1);
    let uri = |noting: &Noting| noting.given.lock().unwrap()[0].uri().to_string();
    assert_eq!(uri(&CLIENT), "http://shadow.invalid/base/orders");
    assert_eq!(uri(&QUEUE), "/orders");
}
