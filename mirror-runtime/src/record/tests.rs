//! Mismatches as they are written down.

mod secrets;

use http::{HeaderMap, HeaderValue, Method, Request, StatusCode, header};

use super::Fixture;
use crate::{
    body::{Chunks, CopyBody},
    bounds::Reservation,
    comparison::{BufferedResponse, CompareMode, DifferenceKind, Rules, Subject, compare},
    engine::Mismatch,
    recorded::Content,
    request::KeptRequest,
};

/// Two responses to one request, and the rules.
struct Case {
    request: Request<String>,
    primary: BufferedResponse,
    shadow: BufferedResponse,
    mode: CompareMode,
    rules: Rules,
    noise: Vec<(String, DifferenceKind)>,
    /// The headers that copies are given.
    set: Vec<(header::HeaderName, HeaderValue)>,
}

impl Case {
    fn json(primary: &str, shadow: &str, redact: &[&str]) -> Self {
        let mut rules = Rules::default();
        for pointer in redact {
            rules.redact(pointer).unwrap();
        }
        Self {
            request: Request::get("/orders/7?page=1")
                .body(String::new())
                .unwrap(),
            primary: ok(primary),
            shadow: ok(shadow),
            mode: CompareMode::Json,
            rules,
            noise: Vec::new(),
            set: Vec::new(),
        }
    }

    fn request(mut self, request: http::request::Builder, body: &str) -> Self {
        self.request = request.body(body.to_owned()).unwrap();
        self
    }

    /// The fixture, if there is one, after it was written and read.
    fn fixture(&self) -> Option<Fixture> {
        let (parts, body) = self.request.clone().into_parts();
        let request = KeptRequest::from_parts(&parts, false).unwrap();
        let place = Reservation::new(0).unwrap();
        request.keep(&CopyBody::new(Chunks::One(body.into()), place.into()));
        let subject = Subject::new(&parts.method, parts.uri.path()).with_names("orders", "staging");
        let (primary, shadow) = (&self.primary, &self.shadow);
        let comparison = compare(subject, primary, shadow, self.mode, &self.rules);
        assert!(comparison.differs());
        let mismatch = Mismatch {
            comparison: &comparison,
            method: &parts.method,
            request: &request,
            set: &self.set,
            primary,
            shadow,
            at: crate::CompareAt::Handler,
            mode: self.mode,
            rules: &self.rules,
            noise: &self.noise,
        };
        let fixture = mismatch.fixture(&mismatch.groups()).ok()?;
        Some(Fixture::parse(&fixture.to_file().unwrap()).unwrap())
    }

    fn file(&self) -> Option<String> {
        Some(self.fixture()?.file())
    }
}

/// The content of a fixture's file.
trait ToText {
    fn file(&self) -> String;
}

impl ToText for Fixture {
    fn file(&self) -> String {
        String::from_utf8(self.to_file().unwrap()).unwrap()
    }
}

fn ok(body: &str) -> BufferedResponse {
    BufferedResponse::new(StatusCode::OK, HeaderMap::new(), body.to_owned())
}

fn with_header(
    answer: &BufferedResponse,
    name: header::HeaderName,
    value: &str,
) -> BufferedResponse {
    let mut headers = answer.headers().clone();
    headers.insert(name, HeaderValue::from_str(value).unwrap());
    BufferedResponse::new(answer.status(), headers, answer.body().clone())
}

fn body(content: Option<&Content>) -> &str {
    std::str::from_utf8(&content.unwrap().0).unwrap()
}

#[test]
fn what_has_no_secrets_is_written_as_it_is() {
    let primary = r#"{ "z":1e400, "a":12345678901234567890123456789.10, "total": 1 }"#;
    let case = Case::json(primary, r#"{"total":2}"#, &[]);
    let case = case.request(
        Request::post("/orders?a=%20b&c").header("x-a", "1"),
        "{ \"q\" :1}",
    );
    let fixture = case.fixture().unwrap();
    assert_eq!(body(fixture.primary.body.as_ref()), primary);
    assert_eq!(body(fixture.request.body.as_ref()), "{ \"q\" :1}");
    let request = &fixture.request;
    assert_eq!(
        (&*request.method, &*request.target),
        ("POST", "/orders?a=%20b&c")
    );
    assert_eq!(request.headers().collect::<Vec<_>>(), [("x-a", &b"1"[..])]);
    assert_eq!(fixture.groups, ["missing /a", "value /total", "missing /z"]);
    assert!(request.redacted.is_empty() && fixture.primary.redacted.is_empty());
}

#[test]
fn what_is_not_text_survives() {
    let mut case = Case::json("", "", &[]);
    case.primary = BufferedResponse::new(StatusCode::OK, HeaderMap::new(), vec![0xFF, 0]);
    case.mode = CompareMode::Bytes;
    assert_eq!(
        case.fixture().unwrap().primary.body,
        Some(Content(vec![0xFF, 0].into()))
    );
}

#[test]
fn a_file_says_how_to_compare_as_far_as_it_can() {
    let noise = |pointer: &str, kind| (pointer.to_owned(), kind);
    let mut case = Case::json(r#"{"at":1,"a":1}"#, r#"{"at":2,"a":2}"#, &[]);
    case.rules.compare_header(header::DATE);
    case.noise = vec![
        noise("/at", DifferenceKind::Value),
        noise("date", DifferenceKind::Header),
    ];
    let by = case.fixture().unwrap().compared_by;
    assert_eq!(
        (&*by.mode, by.noise.len(), by.headers.len()),
        ("json", 1, 0)
    );
    assert!(case.fixture().unwrap().notes.is_empty());
    // What a replay does otherwise, it says.
    case.noise = vec![noise("", DifferenceKind::Value)];
    let fixture = case.fixture().unwrap();
    assert_eq!(fixture.compared_by.mode, "status");
    assert!(fixture.notes[0].contains("leaves the body out"));
    case.noise = vec![noise("", DifferenceKind::Status)];
    let fixture = case.fixture().unwrap();
    assert_eq!(fixture.compared_by.mode, "json");
    assert!(fixture.notes[0].contains("the status of the old version"));
    case.noise.clear();
    for (mode, written, notes) in [
        (CompareMode::Bytes, "bytes", 0),
        (
            CompareMode::typed::<axum::Json<serde_json::Value>>(),
            "json",
            1,
        ),
        (
            CompareMode::Custom(|_, _| crate::comparison::Verdict::Mismatch),
            "json",
            1,
        ),
    ] {
        case.mode = mode;
        let fixture = case.fixture().unwrap();
        assert_eq!(
            (&*fixture.compared_by.mode, fixture.notes.len()),
            (written, notes)
        );
    }
    // A byte is no place that could be left out.
    let mut case = Case::json(r#"{"password":"x","a":1}"#, r#"{"a":2}"#, &["/password"]);
    case.mode = CompareMode::Bytes;
    assert_eq!(case.fixture().unwrap().compared_by.mode, "json");
}

#[test]
fn the_request_is_sent_again_as_it_was() {
    let case = Case::json("1", "2", &[]);
    let request = Request::builder()
        .method(Method::PUT)
        .uri("//a/../b?%20")
        .header("host", "shop.example")
        .header("content-length", "5")
        .header("connection", "close")
        .header("expect", "100-continue");
    let fixture = case.request(request, "hello").fixture().unwrap();
    let request = fixture.request.request().unwrap();
    assert_eq!(
        (request.method(), request.uri().to_string()),
        (&Method::PUT, "//a/../b?%20".into())
    );
    let names: Vec<_> = request
        .headers()
        .keys()
        .map(header::HeaderName::as_str)
        .collect();
    assert_eq!(names.len(), 3, "{names:?}");
    let header = |name| request.headers()[name].to_str().unwrap();
    assert_eq!(
        (header("host"), header("content-length")),
        ("shop.example", "5")
    );
    assert_eq!(header("x-mirrored-from"), "replay");
}

#[test]
fn the_body_of_an_answer_that_is_not_known_is_null() {
    let mut case = Case::json("1", "2", &[]);
    case.mode = CompareMode::Status;
    case.shadow = BufferedResponse::new(StatusCode::NOT_FOUND, HeaderMap::new(), "");
    let fixture = case.fixture().unwrap();
    assert_eq!(
        (fixture.primary.body, fixture.groups),
        (None, vec!["status".to_owned()])
    );
}

#[test]
fn the_host_of_http2_is_a_header() {
    let case = Case::json("1", "2", &[]);
    let fixture = case.request(Request::get("https://ann:pw@shop.example:8443/a"), "");
    let request = fixture.fixture().unwrap().request;
    assert_eq!(request.target, "/a");
    let host = ("host", &b"shop.example:8443"[..]);
    assert_eq!(request.headers().collect::<Vec<_>>(), [host]);
}

#[test]
fn trailers_are_written_and_read_again() {
    let with = |status: &'static str, answer: &BufferedResponse| {
        let fields = [
            (header::HeaderName::from_static("grpc-status"), status),
            (header::SET_COOKIE, "session=canary-3f9a"),
        ];
        let fields = fields.map(|(name, value)| (name, HeaderValue::from_static(value)));
        answer.clone().with_trailers(HeaderMap::from_iter(fields))
    };
    let mut case = Case::json("{}", "{}", &[]);
    case.rules.compare_header(header::SET_COOKIE);
    (case.primary, case.shadow) = (with("0", &case.primary), with("13", &case.shadow));
    let fixture = case.fixture().unwrap();
    let expected = [("grpc-status", &b"0"[..]), ("set-cookie", b"[redacted]")];
    assert_eq!(fixture.primary.trailers().collect::<Vec<_>>(), expected);
    assert_eq!(fixture.groups, ["trailer grpc-status"]);
    let difference = &fixture.differences[0];
    assert_eq!(difference.primary.as_deref(), Some("0"));
    assert!(!fixture.file().contains("canary"));
    // Which is left out of a replay, as a header is.
    assert!(fixture.compared_by.headers.is_empty());
    case.noise = vec![("grpc-status".to_owned(), DifferenceKind::Trailer)];
    assert!(case.fixture().unwrap().notes[1].contains("`grpc-status`"));
    // A response without trailers is written as ever.
    let without = Case::json("1", "2", &[]).file().unwrap();
    assert!(!without.contains("trailers"));
}
