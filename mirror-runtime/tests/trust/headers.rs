//! Headers on which clients depend, with default options: a shadow that changes one is not promoted
//! in silence.

use crate::case::{Case, Reply, check, raw_json, text};

const DOC: &str = r#"{"id":7,"name":"Ann"}"#;

/// A header of the primary, and that of the shadow, if it has it.
fn one(planted: bool, name: &'static str, primary: &str, shadow: Option<&str>) -> Reply {
    match (planted, shadow) {
        (false, _) => raw_json(DOC).header(name, primary),
        (true, Some(shadow)) => raw_json(DOC).header(name, shadow),
        (true, None) => raw_json(DOC).without(name),
    }
}

fn all() -> Vec<Case> {
    vec![
        Case::new("content_type", 1000, &[], |c| {
            one(
                c.planted,
                "content-type",
                "application/json",
                Some("text/html"),
            )
        }),
        Case::new("charset_by_default", 1000, &[], |c| {
            text(
                if c.planted {
                    "text/plain"
                } else {
                    "text/plain; charset=utf-8"
                },
                "Müller",
            )
        }),
        Case::new("cache_control_by_default", 1000, &[], |c| {
            one(
                c.planted,
                "cache-control",
                "private, no-store",
                Some("public, max-age=31536000"),
            )
        }),
        Case::new("location_by_default", 1000, &[], |c| {
            Reply::new(302, "text/plain", "")
                .header("location", if c.planted { "/login" } else { "/orders/7" })
        }),
        Case::new("set_cookie_gone", 1000, &[], |c| {
            one(c.planted, "set-cookie", "session=1; HttpOnly; Secure", None)
        }),
        Case::new("cors_gone", 1000, &[], |c| {
            one(
                c.planted,
                "access-control-allow-origin",
                "https://app.example.com",
                None,
            )
        }),
        Case::new("www_authenticate_gone", 1000, &[], |c| {
            one(c.planted, "www-authenticate", "Bearer", None).status(401)
        }),
        Case::new("retry_after_gone", 1000, &[], |c| {
            one(c.planted, "retry-after", "30", None).status(503)
        }),
        Case::new("content_security_policy_gone", 1000, &[], |c| {
            one(
                c.planted,
                "content-security-policy",
                "default-src 'self'",
                None,
            )
        }),
        Case::new("link_to_next_page_gone", 1000, &[], |c| {
            one(c.planted, "link", "</v1/orders?page=2>; rel=next", None)
        }),
        Case::new("etag_gone", 1000, &[], |c| {
            one(c.planted, "etag", "\"5f2c\"", None)
        }),
    ]
}

#[test]
fn a_header_that_changed_is_told() {
    check(
        all().into_iter().map(|case| case.n(450)).collect(),
        |outcome, _| {
            let is_told = !outcome.is_promoted() || outcome.report.contains("header");
            (!is_told)
                .then(|| "promoted in silence".to_owned())
                .into_iter()
                .collect()
        },
    );
}
