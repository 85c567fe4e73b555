//! What is redacted is in no fixture.

use super::*;

const CANARY: &str = "s3cret-canary";

#[tokio::test]
async fn a_secret_of_the_request_or_an_answer_is_in_no_file() {
    let answer = |name: &str| {
        let body = format!(
            r#"{{"password":"{CANARY}-1","users":[{{"token":"{CANARY}-2"}}],"name":"{name}",
            "echo":["{CANARY}-1","Bearer {CANARY}-3","{CANARY}-4"]}}"#
        );
        let mut answer = ok(body);
        let headers = answer.headers_mut();
        headers.insert("set-cookie", format!("id={CANARY}-5").parse().unwrap());
        headers.insert("location", format!("/?token={CANARY}-6").parse().unwrap());
        answer
    };
    let recording = Recording::new(
        "redaction",
        |builder| {
            builder.compare_headers(["set-cookie", "location"]).redact([
                "/password",
                "/users/*/token",
                "/user/e-mail",
            ])
        },
        move |_| answer("Ann"),
        move |_| answer("Bob"),
    )
    .await;
    let body = format!(r#"{{"password":"{CANARY}-1","new":{{"E-Mail":"{CANARY}-7"}},"a":1}}"#);
    let request = Request::post(format!(
        "/?apiKey={CANARY}-4&page=2&email=%73{}",
        &CANARY[1..]
    ))
    .header("authorization", format!("Bearer {CANARY}-3"))
    .header("cookie", format!("a=b; session={CANARY}-8"))
    .header("x-api-key", format!("{CANARY}-9"))
    .header("x-copy-of-it", format!("{CANARY}-9"))
    .header("content-type", "application/json")
    .body(Body::from(body));
    recording.primary.send(request.unwrap()).await;
    recording.told(1).await;
    let file = &recording.directory.fixtures()[0];
    for part in ["canary", "s3cret", "Y2FuYXJ5"] {
        assert!(!file.contains(part), "{file}");
    }
    let fixture = recording.directory.fixture();
    let target = "/?apiKey=[redacted]&page=2&email=[redacted]";
    assert_eq!(fixture["request"]["target"], target);
    let body = r#"{"a":1,"new":{"E-Mail":"[redacted]"},"password":"[redacted]"}"#;
    assert_eq!(fixture["request"]["body"], body);
    // What is left is still a fixture: of an app that says the same of what is not secret.
    let path = recording.directory.path().to_str().unwrap().to_owned();
    let app = move |name: &'static str| {
        move || Router::new().fallback(async move || answer(name).map(Body::new))
    };
    mirror_runtime::__private::replay_others(&path, &[], || app("Ann")).await;
    let other =
        async move { mirror_runtime::__private::replay_others(&path, &[], || app("Bob")).await };
    let panic = tokio::spawn(other).await.unwrap_err().into_panic();
    let message = panic.downcast_ref::<String>().unwrap();
    assert!(message.contains(r#"~ /name: "Ann" -> "Bob""#), "{message}");
    assert!(!message.contains("canary"), "{message}");
}
