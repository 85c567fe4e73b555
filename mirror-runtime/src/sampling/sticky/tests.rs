use http::Request;
use proptest::prelude::*;

use super::*;
use crate::sampling::Share;

const SECRET: &str = "q83vEjRWeJASNFZ4kBI0VniQEjRWeJASNFZ4kBI0Vng=";

fn by_user() -> StickyBy {
    StickyBy::try_from(Sticky::Header("x-user-id")).unwrap()
}

fn by_cookie() -> StickyBy {
    StickyBy::try_from(Sticky::Cookie("sid")).unwrap()
}

fn parts(uri: &str, headers: &[(&str, &str)]) -> Parts {
    let request = Request::builder().uri(uri);
    let request = headers.iter().fold(request, |request, (name, value)| {
        request.header(*name, *value)
    });
    request.body(()).unwrap().into_parts().0
}

fn of_user(key: &Key, user: &str) -> Draw {
    let parts = parts("/", &[("x-user-id", user)]);
    by_user().draw(key, &parts).unwrap()
}

#[test]
fn a_value_is_found_wherever_it_stands() {
    let found = |by: &StickyBy, headers: &[(&str, &str)]| {
        let parts = parts("/", headers);
        by.value(&parts.headers, || "/")
            .map(|value| String::from_utf8_lossy(value).into_owned())
    };
    for (headers, value) in [
        (&[("cookie", "sid=42")][..], Some("42")),
        (&[("cookie", "a=1; sid=42; b=2")], Some("42")),
        (&[("cookie", "a=1;sid=42")], Some("42")),
        (&[("cookie", "a=1"), ("cookie", "sid=42")], Some("42")),
        (&[("cookie", "sid=a=b=")], Some("a=b=")),
        (&[("cookie", "sid=1; sid=2")], Some("1")),
        (&[("cookie", " sid = 42 ")], Some("42")),
        (&[("cookie", "sid=")], Some("")),
        (&[("cookie", "xsid=1; SID=2; sid")], None),
        (&[("cookie", "a=sid=42")], None),
        (&[("sid", "42")], None),
        (&[("cookie", ";;=;")], None),
    ] {
        let found = found(&by_cookie(), headers);
        assert_eq!(found.as_deref(), value, "{headers:?}");
    }
    for (headers, value) in [
        (&[("x-user-id", "42")][..], Some("42")),
        (&[("X-User-Id", "42"), ("x-user-id", "43")], Some("42")),
        (&[("x-user-id", "")], Some("")),
        (&[("x-user", "42")], None),
    ] {
        let found = found(&by_user(), headers);
        assert_eq!(found.as_deref(), value, "{headers:?}");
    }
}

#[test]
fn the_path_is_that_of_the_request_as_it_arrived() {
    let key = Key::new(SECRET).unwrap();
    let draw = |parts: &Parts| StickyBy::Path.draw(&key, parts).unwrap().0;
    let plain = parts("/api/users/1?page=2", &[]);
    assert_eq!(draw(&plain), draw(&parts("/api/users/1", &[])));
    assert_eq!(draw(&plain), draw(&parts("http://host/api/users/1", &[])));
    assert_ne!(draw(&plain), draw(&parts("/api/users/2", &[])));
    let mut nested = parts("/users/1", &[]);
    let original = OriginalUri("/api/users/1".parse().unwrap());
    nested.extensions.insert(original);
    assert_eq!(draw(&plain), draw(&nested));
}

#[test]
fn a_user_is_the_same_by_whatever_the_request_says_it() {
    let key = Key::new(SECRET).unwrap();
    let by_cookie = by_cookie()
        .draw(&key, &parts("/", &[("cookie", "sid=42")]))
        .unwrap();
    assert_eq!(by_cookie.0, of_user(&key, "42").0);
}

#[test]
fn a_request_without_the_value_has_no_draw_of_its_own() {
    let key = Key::new(SECRET).unwrap();
    for by in [by_user(), by_cookie()] {
        for headers in [&[][..], &[("x-user-id", " ")], &[("cookie", "sid=; a=1")]] {
            assert!(by.draw(&key, &parts("/", headers)).is_none(), "{by:?}");
        }
    }
}

#[test]
fn what_tells_no_users_apart_is_an_error() {
    for sticky in [
        Sticky::Header(""),
        Sticky::Header("host"),
        Sticky::Header("x user"),
        Sticky::Cookie(""),
        Sticky::Cookie("sid="),
    ] {
        assert!(StickyBy::try_from(sticky).is_err(), "{sticky:?}");
    }
}

/// By how much a count of `n` draws with the chance `p` may be off: five standard deviations, which
/// chance exceeds once in 1.7 million counts. The keys and the users are fixed: it does so always
/// or never.
fn tolerance(n: f64, p: f64) -> f64 {
    5.0 * (n * p * (1.0 - p)).sqrt()
}

/// Users as services number them: in a row, with a prefix, as UUIDs of which most digits agree.
const USERS: [fn(u32) -> String; 3] = [
    |user| user.to_string(),
    |user| format!("user-{user}@example.com"),
    |user| format!("6ba7b810-9dad-11d1-80b4-{user:012x}"),
];

const USER_COUNT: u32 = 20_000;

#[test]
fn each_percentage_is_the_share_of_the_users() {
    for secret in [SECRET, "0123456789abcdef0123456789abcdef"] {
        let key = Key::new(secret).unwrap();
        for name in USERS {
            let draws: Vec<_> = (0..USER_COUNT)
                .map(|user| of_user(&key, &name(user)))
                .collect();
            for percentage in [0.1, 1.0, 5.0, 10.0, 50.0, 90.0, 99.9] {
                let share = Share::of_percentage(percentage);
                let sampled = draws.iter().filter(|draw| share.samples(**draw)).count();
                let (n, p) = (f64::from(USER_COUNT), percentage / 100.0);
                let off = f64::from(u32::try_from(sampled).unwrap()) - n * p;
                assert!(off.abs() <= tolerance(n, p), "{percentage} %: {off} off");
            }
            let (none, all) = (Share::of_percentage(0.0), Share::of_percentage(100.0));
            assert!(
                draws
                    .iter()
                    .all(|draw| !none.samples(*draw) && all.samples(*draw))
            );
        }
    }
}

/// Whoever is in by one key tells nothing of who is in by another, nor do neighbours.
#[test]
fn keys_and_neighbours_are_drawn_apart() {
    let share = Share::of_percentage(10.0);
    let keys = [SECRET, "0123456789abcdef0123456789abcdef"].map(|secret| Key::new(secret).unwrap());
    let sampled = |key: &Key| -> Vec<bool> {
        let users = 0..USER_COUNT;
        users
            .map(|user| share.samples(of_user(key, &user.to_string())))
            .collect()
    };
    let [one, other] = [sampled(&keys[0]), sampled(&keys[1])];
    let both = one
        .iter()
        .zip(&other)
        .filter(|(one, other)| **one && **other);
    let in_a_row = one.windows(2).filter(|pair| pair[0] && pair[1]);
    let n = f64::from(USER_COUNT);
    for count in [both.count(), in_a_row.count()] {
        let off = f64::from(u32::try_from(count).unwrap()) - n * 0.01;
        assert!(off.abs() <= tolerance(n, 0.01), "{off} off");
    }
}

proptest! {
    #[test]
    fn who_is_in_at_a_share_is_in_at_any_larger_one(
        user in "[!-~]{1,64}",
        percentages in (0.0..=100.0_f64, 0.0..=100.0_f64),
    ) {
        let key = Key::new(SECRET).unwrap();
        let (one, other) = percentages;
        let smaller = Share::of_percentage(one.min(other));
        let larger = Share::of_percentage(one.max(other));
        let draw = of_user(&key, &user);
        prop_assert!(larger.samples(draw) || !smaller.samples(draw));
        // And it is the same at each request, and by a clone of the key.
        prop_assert_eq!(draw.0, of_user(&key.clone(), &user).0);
    }
}

#[cfg(feature = "log")]
#[test]
fn a_session_is_that_of_the_user_and_tells_nothing_of_them() {
    let key = Key::new("0123456789abcdef0123456789abcdef").unwrap();
    let session = |by: &StickyBy, headers: &[(&str, &str)], path| {
        by.session(&key, &parts("/", headers).headers, path)
    };
    let of_7 = session(&by_user(), &[("x-user-id", "u-7")], "/");
    assert!(of_7.is_some());
    assert_eq!(
        session(&by_user(), &[("x-user-id", " u-7 ")], "/orders"),
        of_7
    );
    assert_ne!(session(&by_user(), &[("x-user-id", "u-8")], "/"), of_7);
    assert_eq!(session(&by_user(), &[], "/"), None);
    assert_eq!(session(&by_user(), &[("x-user-id", "")], "/"), None);
    let by_path = StickyBy::Path;
    assert_ne!(session(&by_path, &[], "/a"), session(&by_path, &[], "/b"));
    // It is no help to foretell who is sampled, nor the other way round.
    let draw = of_user(&key, "u-7");
    assert_ne!(of_7.unwrap()[..8], draw.0.to_be_bytes());
    let other = Key::new("fedcba9876543210fedcba9876543210").unwrap();
    let headers = parts("/", &[("x-user-id", "u-7")]).headers;
    assert_ne!(by_user().session(&other, &headers, "/"), of_7);
}
