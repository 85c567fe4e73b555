//! With `sticky`, all requests of a user are copied or none, and the same users everywhere.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::LazyLock,
};

use axum::{Router, body::Body, extract::Request, routing::get};
use mirror_runtime::{
    CompareMode, Defaults, Key, Mirror, MirrorBuilder, SkipReason, Sticky, Target, mirror,
};
use testkit::{Primary, Shadow, mirror_named, settled};

const SECRET: &str = "2026-11:q83vEjRWeJASNFZ4kBI0VniQEjRWeJASNFZ4kBI0Vng=";

const USERS: u64 = 40;

fn by_header(user: u64) -> Request {
    let request = Request::get("/").header("x-user-id", user.to_string());
    request.body(Body::empty()).unwrap()
}

fn by_cookie(user: u64) -> Request {
    let request = Request::get("/").header("cookie", format!("theme=dark; uid={user}"));
    request.body(Body::empty()).unwrap()
}

fn app(mirror: &Mirror) -> Router {
    Router::new()
        .route("/", get(|| async { "primary" }))
        .layer(mirror.layer())
}

/// How many copies a shadow got of each user.
fn users(shadow: &Shadow) -> BTreeMap<String, usize> {
    let mut users = BTreeMap::new();
    for copy in shadow.recorded() {
        let header = |name: &str| copy.headers.get(name).and_then(|value| value.to_str().ok());
        let user = header("x-user-id").or_else(|| header("cookie")?.rsplit('=').next());
        *users
            .entry(user.unwrap_or_default().to_owned())
            .or_default() += 1;
    }
    users
}

fn names(users: &BTreeMap<String, usize>) -> BTreeSet<String> {
    users.keys().cloned().collect()
}

/// The users who are copied, each asking once.
async fn sampled(
    options: impl FnOnce(MirrorBuilder) -> MirrorBuilder,
    request: fn(u64) -> Request,
) -> BTreeSet<String> {
    let shadow = Shadow::start().await;
    let builder = Mirror::builder().target(shadow.url()).percentage(50.0);
    let mirror = options(builder).build().unwrap();
    let primary = Primary::start(app(&mirror)).await;
    for user in 0..USERS {
        primary.send(request(user)).await;
    }
    settled(&mirror, USERS).await;
    names(&users(&shadow))
}

#[tokio::test]
async fn all_requests_of_a_user_are_copied_or_none() {
    let (small, large) = (Shadow::start().await, Shadow::start().await);
    let mirror = Mirror::builder()
        .target(Target::with_percentage(small.url(), 25.0).unwrap())
        .target(Target::with_percentage(large.url(), 50.0).unwrap())
        .key(SECRET)
        .sticky(Sticky::Header("x-user-id"))
        .build()
        .unwrap();
    let primary = Primary::start(app(&mirror)).await;
    for _ in 0..3 {
        for user in 0..USERS {
            primary.send(by_header(user)).await;
        }
    }
    let stats = settled(&mirror, 3 * USERS).await;
    let of_small = users(&small);
    let of_large = users(&large);
    assert!(
        of_small
            .values()
            .chain(of_large.values())
            .all(|copies| *copies == 3)
    );
    // It depends on the key alone, so it is the same in each run.
    assert!(!of_small.is_empty() && of_small.len() < of_large.len());
    assert!(names(&of_small).is_subset(&names(&of_large)));
    let not_sampled = stats[1].skipped_for(SkipReason::NotSampled);
    assert_eq!(not_sampled, 3 * (USERS - of_large.len() as u64));
}

static KEY: LazyLock<Key> = LazyLock::new(|| Key::new(SECRET).unwrap());

const SHARED: Defaults = Defaults::new()
    .sticky(Sticky::Cookie("uid"))
    .key(|| Ok(KEY.clone()));

const OF_ATTRIBUTE: &str = "http://127.77.0.61:20101";
const OF_DEFAULTS: &str = "http://127.77.0.62:20101";

#[mirror(
    targets = [OF_ATTRIBUTE],
    percentage = 50,
    sticky = header("X-User-Id"),
    key = KEY,
    name = "sticky.attribute",
)]
async fn attribute() {}

#[mirror(targets = [OF_DEFAULTS], percentage = 50, defaults = SHARED, name = "sticky.defaults")]
async fn defaults() {}

#[tokio::test]
async fn the_same_users_are_copied_through_each_door_that_has_the_key() {
    let sticky = |builder: MirrorBuilder| builder.key(SECRET).sticky(Sticky::Header("x-user-id"));
    let expected = sampled(sticky, by_header).await;
    assert!(!expected.is_empty() && (expected.len() as u64) < USERS);
    let again = |builder: MirrorBuilder| sticky(builder).name("another");
    assert_eq!(sampled(again, by_header).await, expected);
    let cookie = |builder: MirrorBuilder| builder.key(SECRET).sticky(Sticky::Cookie("uid"));
    assert_eq!(sampled(cookie, by_cookie).await, expected);
    let shared = |builder: MirrorBuilder| builder.defaults(&SHARED);
    assert_eq!(sampled(shared, by_cookie).await, expected);
    let other = "0123456789abcdef0123456789abcdef";
    let other = |builder: MirrorBuilder| builder.key(other).sticky(Sticky::Cookie("uid"));
    assert_ne!(sampled(other, by_cookie).await, expected);

    let shadow = Shadow::at(OF_ATTRIBUTE).await;
    let primary = Primary::start(Router::new().route("/", get(attribute))).await;
    for user in 0..USERS {
        primary.send(by_header(user)).await;
    }
    settled(&mirror_named("sticky.attribute"), USERS).await;
    assert_eq!(names(&users(&shadow)), expected);

    let shadow = Shadow::at(OF_DEFAULTS).await;
    let primary = Primary::start(Router::new().route("/", get(defaults))).await;
    for user in 0..USERS {
        primary.send(by_cookie(user)).await;
    }
    settled(&mirror_named("sticky.defaults"), USERS).await;
    assert_eq!(names(&users(&shadow)), expected);
}

#[tokio::test]
async fn requests_of_nobody_are_drawn_one_by_one() {
    let shadow = Shadow::start().await;
    let mirror = Mirror::builder()
        .target(shadow.url())
        .percentage(50.0)
        .key(SECRET)
        .sticky(Sticky::Header("x-user-id"))
        .build()
        .unwrap();
    let primary = Primary::start(app(&mirror)).await;
    for turn in 0..100 {
        let request = Request::get("/");
        let request = match turn % 2 {
            0 => request,
            _ => request.header("x-user-id", ""),
        };
        primary.send(request.body(Body::empty()).unwrap()).await;
    }
    settled(&mirror, 100).await;
    let copies = shadow.recorded().len();
    assert!(copies.abs_diff(50) <= 3, "{copies}");
}

#[tokio::test]
async fn zero_and_a_hundred_percent_are_exact() {
    let (none, all) = (Shadow::start().await, Shadow::start().await);
    let mirror = Mirror::builder()
        .target(Target::with_percentage(none.url(), 0.0).unwrap())
        .target(Target::with_percentage(all.url(), 100.0).unwrap())
        .sticky(Sticky::Cookie("uid"))
        .build()
        .unwrap();
    let primary = Primary::start(app(&mirror)).await;
    for user in 0..USERS {
        primary.send(by_cookie(user)).await;
    }
    settled(&mirror, USERS).await;
    assert_eq!(none.connections(), 0);
    assert_eq!(users(&all).len() as u64, USERS);
}

#[tokio::test]
async fn who_is_in_stays_in_when_the_percentage_is_raised() {
    let shadow = Shadow::start().await;
    let target = Target::new(shadow.url()).unwrap().named("shadow");
    let mirror = Mirror::builder()
        .name("sticky.raised")
        .target(target)
        .percentage(25.0)
        .key(SECRET)
        .sticky(Sticky::Header("x-user-id"))
        .build()
        .unwrap();
    let primary = Primary::start(app(&mirror)).await;
    for user in 0..USERS {
        primary.send(by_header(user)).await;
    }
    settled(&mirror, USERS).await;
    let before = users(&shadow);
    mirror.control().set_percentage("shadow", 50.0).unwrap();
    for user in 0..USERS {
        primary.send(by_header(user)).await;
    }
    settled(&mirror, 2 * USERS).await;
    let after = users(&shadow);
    assert!(!before.is_empty() && before.len() < after.len());
    assert!(before.keys().all(|user| after[user] == 2));
}

#[tokio::test]
async fn requests_of_a_path_stay_together_wherever_routers_are_nested() {
    let (shadow, nested_shadow) = (Shadow::start().await, Shadow::start().await);
    let mirror = |url: String| {
        let builder = Mirror::builder().target(url).percentage(50.0);
        let builder = builder.key(SECRET).sticky(Sticky::Path);
        builder.build().unwrap()
    };
    let (outer, inner) = (mirror(shadow.url()), mirror(nested_shadow.url()));
    let routes = || Router::new().route("/users/{id}", get(|| async {}));
    let outer_app = Router::new().nest("/api", routes()).layer(outer.layer());
    let inner_app = Router::new().nest("/api", routes().layer(inner.layer()));
    let (outer_primary, inner_primary) = (
        Primary::start(outer_app).await,
        Primary::start(inner_app).await,
    );
    for user in 0..USERS {
        for page in 0..2 {
            let target = format!("/api/users/{user}?page={page}");
            outer_primary.get(&target).await;
            inner_primary.get(&target).await;
        }
    }
    settled(&outer, 2 * USERS).await;
    settled(&inner, 2 * USERS).await;
    let targets = |shadow: &Shadow| {
        let targets = shadow.recorded().into_iter().map(|copy| copy.target);
        targets.collect::<BTreeSet<_>>()
    };
    let copied = targets(&shadow);
    assert_eq!(copied, targets(&nested_shadow));
    let paths: BTreeSet<_> = copied
        .iter()
        .map(|target| target.split('?').next())
        .collect();
    assert!(!paths.is_empty() && (paths.len() as u64) < USERS);
    assert_eq!(copied.len(), 2 * paths.len());
}

#[tokio::test]
async fn a_baseline_gets_the_requests_of_the_same_users() {
    let (shadow, baseline) = (Shadow::start().await, Shadow::start().await);
    let mirror = Mirror::builder()
        .target(shadow.url())
        .percentage(50.0)
        .compare(CompareMode::Status)
        .baseline(baseline.url())
        .key(SECRET)
        .sticky(Sticky::Header("x-user-id"))
        .build()
        .unwrap();
    let primary = Primary::start(app(&mirror)).await;
    for _ in 0..2 {
        for user in 0..USERS {
            primary.send(by_header(user)).await;
        }
    }
    settled(&mirror, 2 * USERS).await;
    let copied = users(&shadow);
    assert!(!copied.is_empty() && (copied.len() as u64) < USERS);
    assert!(copied.values().all(|copies| *copies == 2));
    assert_eq!(copied, users(&baseline));
}

#[tokio::test]
async fn filters_come_before_the_user() {
    let shadow = Shadow::start().await;
    let mirror = Mirror::builder()
        .target(shadow.url())
        .sticky(Sticky::Header("x-user-id"))
        .when(|parts| parts.headers.contains_key("x-user-id"))
        .build()
        .unwrap();
    let primary = Primary::start(app(&mirror)).await;
    primary.send(by_cookie(1)).await;
    primary.send(by_header(1)).await;
    let stats = settled(&mirror, 2).await.remove(0);
    let filtered = stats.skipped_for(SkipReason::Filtered);
    assert_eq!((stats.answered, filtered), (1, 1));
}
