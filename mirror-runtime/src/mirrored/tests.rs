use axum::extract::OriginalUri;
use http::{Method, Request, Uri};

use super::*;
use crate::signature::{body_hash, sign};

const SECRET: &str = "0123456789abcdef0123456789abcdef";
/// Of [`signed`] with the base path `/v2`.
const FORMAT: &str = "v1; key=a; time=1800000000; mirror=shop%3A%3Aorders; target=https%3A%2F%2Fstaging.example.com; base=%2Fv2; body=Iw2DWNyOiJC0xY3utikS7i8gNXrpKlzIYbmOaP4xrLU; \
    sig=qg6ncPc23ako6QRc9-lFFuqK_J2F9xOA7luOtSqUXFw";

const OTHER: &str = "fedcba9876543210fedcba9876543210";

fn key(text: &str) -> Key {
    Key::new(text).unwrap()
}

fn now() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_hours(500_000)
}

fn signed(key: &Key, base: &str, path: &str, time: SystemTime) -> HeaderValue {
    let subject = Subject {
        from: b"shop.example",
        method: &Method::POST,
        path_and_query: path,
    };
    let names = ("shop::orders", "https://staging.example.com");
    sign(key, names, base, subject, &body_hash([&b"body"[..]]), time).unwrap()
}

/// A request as a shadow gets it, which verifies with this key.
fn arrived(path: &str, signature: HeaderValue, verify: VerifyMirrored) -> Parts {
    let request = Request::post(path)
        .header(MIRRORED_FROM, "shop.example")
        .header(MIRROR_SIGNATURE, signature)
        .extension(verify);
    request.body(()).unwrap().into_parts().0
}

fn verify(text: &str) -> VerifyMirrored {
    VerifyMirrored::new().key(key(text))
}

fn unproved(parts: &Parts) -> Unproved {
    proof(parts, now()).expect_err("it is proved")
}

#[test]
fn the_holder_of_the_key_proves_what_it_has_sent() {
    let signature = signed(&key(&format!("a:{SECRET}")), "", "/orders?x=1", now());
    let parts = arrived(
        "/orders?x=1",
        signature,
        verify(&format!("b:{OTHER},a:{SECRET}")),
    );
    let proof = proof(&parts, now()).unwrap();
    assert_eq!(proof.mirror(), "shop::orders");
    assert_eq!(proof.target(), "https://staging.example.com");
    assert_eq!((proof.key_id(), proof.signed_at()), ("a", now()));
    assert_eq!(proof.body, body_hash([&b"bo"[..], b"dy"]));
}

/// Who verifies signatures in another language needs each byte of it. Computed with Python's `hmac`.
#[test]
fn the_format_of_a_signature_is_the_same_in_each_release() {
    let signature = signed(&key(&format!("a:{SECRET}")), "/v2", "/orders", now());
    assert_eq!(signature.to_str().unwrap(), FORMAT);
}

#[test]
fn a_signature_for_another_request_proves_nothing() {
    let own = key(SECRET);
    let good = || signed(&own, "", "/orders?x=1", now());
    for path in [
        "/orders?x=2",
        "/orders",
        "/orders/?x=1",
        "/admin/orders?x=1",
        "/Orders?x=1",
    ] {
        let parts = arrived(path, good(), verify(SECRET));
        assert_eq!(unproved(&parts), Unproved::Mismatch, "{path}");
    }
    let mut parts = arrived("/orders?x=1", good(), verify(SECRET));
    parts.method = Method::PUT;
    assert_eq!(unproved(&parts), Unproved::Mismatch);
    let mut parts = arrived("/orders?x=1", good(), verify(SECRET));
    parts
        .headers
        .insert(MIRRORED_FROM, HeaderValue::from_static("other.example"));
    assert_eq!(unproved(&parts), Unproved::Mismatch);
}

#[test]
fn a_signature_that_was_changed_proves_nothing() {
    let own = key(&format!("a:{SECRET}"));
    let good = signed(&own, "/v2", "/orders", now());
    let good = good.to_str().unwrap();
    let verify = || verify(&format!("a:{SECRET}"));
    for (from, to) in [
        ("target=https", "target=httpz"),
        ("mirror=shop", "mirror=shap"),
        ("time=1800000000", "time=1800000001"),
        ("base=%2Fv2", "base=%2Fv3"),
        ("key=a", "key=b"),
        ("body=", "body=A"),
    ] {
        let changed = good.replace(from, to);
        assert_ne!(changed, good);
        let parts = arrived("/v2/orders", changed.parse().unwrap(), verify());
        assert_eq!(unproved(&parts), Unproved::Mismatch, "{to}");
    }
    for malformed in [
        "",
        "v1",
        &good.replace("v1;", "v2;"),
        &good.replace("; time", ";time"),
        &format!("{good}; x=y"),
        &good.replace("time=1800000000; ", ""),
        &format!("{good}="),
        &format!("{good}{}", "x".repeat(5_000)),
    ] {
        let parts = arrived("/v2/orders", malformed.parse().unwrap(), verify());
        assert_eq!(unproved(&parts), Unproved::Malformed, "{malformed}");
    }
    // With another secret, also of the same id.
    let forged = signed(&key(&format!("a:{OTHER}")), "/v2", "/orders", now());
    let parts = arrived("/v2/orders", forged, verify());
    assert_eq!(unproved(&parts), Unproved::Mismatch);
}

#[test]
fn a_header_that_is_there_twice_proves_nothing() {
    let signature = signed(&key(SECRET), "", "/orders", now());
    for name in [MIRROR_SIGNATURE, MIRRORED_FROM] {
        let mut parts = arrived("/orders", signature.clone(), verify(SECRET));
        let value = parts.headers[&name].clone();
        parts.headers.append(&name, value);
        assert_eq!(unproved(&parts), Unproved::Malformed);
        let mut parts = arrived("/orders", signature.clone(), verify(SECRET));
        parts.headers.remove(&name);
        let expected = if name == MIRROR_SIGNATURE {
            Unproved::NotSigned
        } else {
            Unproved::Malformed
        };
        assert_eq!(unproved(&parts), expected);
        assert!(Mirrored::of(&parts).is_some_and(|mirrored| !mirrored.is_proved()));
    }
}

#[test]
fn a_signature_proves_something_for_as_long_as_it_may() {
    let second = Duration::from_secs(1);
    let skew = Duration::from_mins(5);
    for (time, is_proved) in [
        (now() - skew, true),
        (now() - skew - second, false),
        (now() + skew, true),
        (now() + skew + second, false),
    ] {
        let signature = signed(&key(SECRET), "", "/orders", time);
        let parts = arrived("/orders", signature, verify(SECRET));
        let proof = proof(&parts, now());
        assert_eq!(proof.is_ok(), is_proved, "{time:?}");
        assert!(is_proved || proof.is_err_and(|unproved| unproved == Unproved::Expired));
    }
    let signature = signed(&key(SECRET), "", "/orders", now() - second * 2);
    let parts = arrived("/orders", signature, verify(SECRET).max_skew(second));
    assert_eq!(unproved(&parts), Unproved::Expired);
}

#[test]
fn a_base_path_may_be_taken_off_on_the_way() {
    for (base, path, arrives, is_proved) in [
        ("/v2/shop", "/orders", "/v2/shop/orders", true),
        ("/v2/shop", "/orders", "/shop/orders", true),
        ("/v2/shop", "/orders", "/orders", true),
        ("/v2/shop", "/orders", "/v2/orders", false),
        ("/v2/shop", "/orders", "/op/orders", false),
        ("/v2/shop", "/orders", "/x/v2/shop/orders", false),
        ("/v2/shop", "/shop/orders", "/orders", false),
        ("/v2", "/", "/v2/", true),
        ("/v2", "/", "/", true),
        ("", "/orders", "/orders", true),
        ("", "/v2/orders", "/orders", false),
    ] {
        let signature = signed(&key(SECRET), base, path, now());
        let parts = arrived(arrives, signature, verify(SECRET));
        assert_eq!(
            proof(&parts, now()).is_ok(),
            is_proved,
            "{base} {path} {arrives}"
        );
    }
    // By a router of the shadow.
    let signature = signed(&key(SECRET), "", "/api/orders", now());
    let mut parts = arrived("/orders", signature, verify(SECRET));
    parts
        .extensions
        .insert(OriginalUri(Uri::from_static("/api/orders")));
    assert!(proof(&parts, now()).is_ok());
}

#[test]
fn a_random_key_signs_and_verifies_nothing() {
    let random = Key::from_env("MIRROR_KEY_THAT_IS_UNSET").unwrap();
    let subject = Subject {
        from: b"a",
        method: &Method::GET,
        path_and_query: "/",
    };
    let hash = body_hash([]);
    assert!(sign(&random, ("a", "b"), "", subject, &hash, now()).is_none());
    let signature = signed(&key(SECRET), "", "/orders", now());
    let parts = arrived("/orders", signature, VerifyMirrored::new().key(random));
    assert_eq!(unproved(&parts), Unproved::NoKey);
}
