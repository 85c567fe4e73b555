//! What is redacted is found nowhere.

use http::Request;
use mirror_runtime::CompareMode;

use super::{Pair, ok};

const CANARY: &str = "s3cret-canary";

#[tokio::test]
async fn a_secret_is_in_nothing_that_a_comparison_says() {
    let primary =
        format!(r#"{{"password":"{CANARY}-1","users":[{{"token":"{CANARY}-2"}}],"name":"Ann"}}"#);
    let shadow = format!(
        r#"{{"password":"{CANARY}-3","users":[{{"token":"{CANARY}-4"}},{{"token":"{CANARY}-5"}}],"name":"Bob"}}"#
    );
    let answer = |body: &str| {
        let mut answer = ok(body.to_owned());
        let cookie = format!("session={CANARY}-{}", body.len()).parse().unwrap();
        answer.headers_mut().insert("set-cookie", cookie);
        answer
    };
    let options = |builder: mirror_runtime::MirrorBuilder| {
        builder
            .compare(CompareMode::Json)
            .compare_headers(["set-cookie"])
            .redact(["/password", "/users/*/token"])
    };
    let pair = Pair::answering(options, move || answer(&primary), move || answer(&shadow)).await;
    let request = Request::post(format!("/login?token={CANARY}"))
        .header("authorization", format!("Bearer {CANARY}"))
        .body(format!(r#"{{"password":"{CANARY}"}}"#).into())
        .unwrap();
    assert!(pair.primary.send(request).await.text().contains(CANARY));
    let comparison = pair.mismatch().await;
    let report = pair.mirror.report();
    let said = [
        comparison.to_string(),
        format!("{comparison:?}"),
        serde_json::to_string(&comparison).unwrap(),
        report.to_string(),
        format!("{report:?}"),
        serde_json::to_string(&report).unwrap(),
        format!("{:?}", pair.mirror),
    ];
    for text in said {
        assert!(!text.contains(CANARY), "{text}");
    }
    // That they differ is said.
    let pointers: Vec<_> = comparison
        .differences
        .iter()
        .map(|difference| &*difference.pointer)
        .collect();
    for pointer in ["/password", "/name", "set-cookie"] {
        assert!(pointers.contains(&pointer), "{comparison}");
    }
}
