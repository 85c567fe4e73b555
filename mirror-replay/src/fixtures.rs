//! Mismatches as fixtures, of which `replay!` makes tests.

use std::{io, path::Path, sync::Arc};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue};
use mirror_compare::{
    BufferedResponse, Comparison, Rules, compared_body,
    fixture::{Bounds, Directory, Found, Kind, Side, file_name, groups, unique},
    redact::{Redaction, Searched, Unredactable},
};
use mirror_grammar::options::{DEFAULT_MAX_FIXTURE_BYTES, DEFAULT_MAX_FIXTURES};
use mirror_record::Record;
use serde::{Serialize, Serializer};

use crate::{copy::expected, judge::Judge};

const NO_BODY: &str =
    "the body of the shadow's response may contain redacted values: it is left out";

/// A directory into which mismatches are written.
#[derive(Clone, Debug)]
pub struct Fixtures {
    directory: Arc<Directory>,
    bounds: Bounds,
}

/// What became of a mismatch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Written {
    /// It is a file now.
    Recorded,
    /// There are enough of its kind.
    Enough,
    /// It may hold secrets that cannot be located.
    LeftOut,
}

impl Fixtures {
    /// A directory, which is created if necessary, with room for so many fixtures of each group.
    ///
    /// # Errors
    ///
    /// If it cannot be created or read.
    pub fn open(path: &Path, max_fixtures: Option<usize>) -> io::Result<Self> {
        Ok(Self {
            directory: Directory::open(path)?,
            bounds: Bounds {
                fixtures: max_fixtures.unwrap_or(DEFAULT_MAX_FIXTURES),
                bytes: DEFAULT_MAX_FIXTURE_BYTES as u64,
            },
        })
    }

    /// Writes a mismatch, unless there are enough of its kind.
    ///
    /// # Errors
    ///
    /// If the file cannot be written.
    pub fn write(
        &self,
        judge: &Judge,
        record: &Record,
        response: &BufferedResponse,
        comparison: &Comparison,
    ) -> io::Result<Written> {
        let kind = |groups| Kind {
            mirror: &comparison.mirror,
            target: &comparison.target,
            groups,
        };
        let all = groups(comparison);
        // Before any work is done: of most mismatches there are enough.
        if self.directory.room_for(&kind(&all), self.bounds).is_none() {
            return Ok(Written::Enough);
        }
        let Ok(fixture) = fixture(judge, record, response, comparison, &all) else {
            return Ok(Written::LeftOut);
        };
        // Without secrets, as what it is named after must be.
        let kind = kind(&fixture.groups);
        let Some(group) = self.directory.room_for(&kind, self.bounds) else {
            return Ok(Written::Enough);
        };
        let request = &fixture.request;
        let headers = request.headers.iter();
        let headers = headers.map(|(name, value)| (&**name, &*value.0));
        let body = request.body.as_ref().map(|body| &*body.0);
        let unique = unique(&request.method, request.target.as_bytes(), headers, body);
        let name = file_name(kind.mirror, kind.target, group, &unique);
        let file = fixture.to_file().map_err(io::Error::other)?;
        let is_added = self.directory.add(&name, &file, &kind, self.bounds)?;
        Ok(if is_added {
            Written::Recorded
        } else {
            Written::Enough
        })
    }
}

type Fixture = mirror_compare::fixture::Fixture<WrittenRequest, WrittenResponse>;

fn fixture(
    judge: &Judge,
    record: &Record,
    response: &BufferedResponse,
    comparison: &Comparison,
    groups: &[String],
) -> Result<Fixture, Unredactable> {
    let (mode, rules) = (judge.mode_for(record), judge.rules_for(record));
    let expected = expected(record).ok_or(Unredactable)?;
    let recorded = record.response.as_ref().ok_or(Unredactable)?;
    // What was secret in the recorded response is so in the other one as well.
    let mut secrecy = judge.compared_by().rules(&[]).map_err(|_| Unredactable)?;
    for place in &recorded.redacted {
        // Below an array without an order a place is no rule.
        let _ = secrecy.redact(place);
    }
    let body_of = |response, rules: &Rules| compared_body(response, mode, rules);
    let mut bodies = [body_of(&expected, &rules), body_of(response, &rules)];
    if recorded.body.is_none() {
        bodies[0] = None;
    }
    let mut redaction = Redaction::new(&secrecy);
    redaction.learn_set_headers(judge.set_headers());
    let request_headers = read(&record.request.headers)?;
    let target = std::str::from_utf8(&record.request.target).map_err(|_| Unredactable)?;
    let request_body = record.request.body.as_deref().ok_or(Unredactable)?;
    let query = target.split_once('?').map(|(_, query)| query);
    redaction.learn_request(query, &request_headers, request_body, Searched::default());
    for (response, body) in [&expected, response].into_iter().zip(&bodies) {
        redaction.learn_response(
            response,
            body.as_deref().unwrap_or_default(),
            Searched::default(),
        );
    }
    let request = request(record, target, &request_headers, &redaction)?;
    let mut primary = side(&expected, bodies[0].as_deref(), &redaction)?;
    primary.redacted.extend(recorded.redacted.iter().cloned());
    primary.redacted.sort_unstable();
    primary.redacted.dedup();
    primary.response.redacted.clone_from(&primary.redacted);
    let names = crate::copy::redacted_headers(record);
    primary
        .redacted_headers
        .extend(names.iter().map(ToString::to_string));
    if primary.redacted.iter().any(String::is_empty) {
        // Whatever an app says would be the same.
        return Err(Unredactable);
    }
    let shadow = side(response, bodies[1].as_deref(), &redaction);
    let note = shadow.is_err().then_some(NO_BODY);
    let shadow = shadow.or_else(|Unredactable| side(response, None, &redaction))?;
    // How it was compared, without what was left out of this one alone: that is in the file.
    let base = judge.compared_by().rules(&[]).map_err(|_| Unredactable)?;
    let found = Found {
        comparison,
        groups,
        request,
        primary,
        shadow,
        note,
        at: &judge.compared_by().at,
        mode,
        rules: &base,
        noise: &[],
        redaction: &redaction,
    };
    Ok(found.fixture())
}

/// A request as fixtures have it.
#[derive(Debug, Serialize)]
struct WrittenRequest {
    method: String,
    target: String,
    headers: Vec<(String, Content)>,
    body: Option<Content>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    trailers: Vec<(String, Content)>,
    redacted: Vec<String>,
}

/// A response as fixtures have it.
#[derive(Debug, Serialize)]
struct WrittenResponse {
    status: u16,
    headers: Vec<(String, Content)>,
    body: Option<Content>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    trailers: Vec<(String, Content)>,
    redacted: Vec<String>,
    latency_us: u64,
}

/// Bytes: a text as it is, and else `{ "base64": ".." }`.
#[derive(Debug)]
struct Content(Bytes);

impl Serialize for Content {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Other {
            base64: String,
        }
        match std::str::from_utf8(&self.0) {
            Ok(text) => serializer.serialize_str(text),
            Err(_) => Other {
                base64: STANDARD.encode(&self.0),
            }
            .serialize(serializer),
        }
    }
}

fn read(fields: &mirror_record::Fields) -> Result<HeaderMap, Unredactable> {
    let mut headers = HeaderMap::new();
    for (name, value) in fields {
        let name = HeaderName::from_bytes(name).map_err(|_| Unredactable)?;
        let value = HeaderValue::from_maybe_shared(value.clone()).map_err(|_| Unredactable)?;
        headers.try_append(name, value).map_err(|_| Unredactable)?;
    }
    Ok(headers)
}

/// The headers as they are written, and the names of those in which something was replaced.
fn written(
    headers: &HeaderMap,
    redaction: &Redaction<'_>,
) -> (Vec<(String, Content)>, Vec<String>) {
    let mut redacted = Vec::new();
    let write = |(name, value): (&HeaderName, &HeaderValue)| {
        let content = match redaction.header(name, value) {
            Some(text) => {
                redacted.push(name.as_str().to_owned());
                Content(text.into())
            }
            None => Content(Bytes::copy_from_slice(value.as_bytes())),
        };
        (name.as_str().to_owned(), content)
    };
    (headers.iter().map(write).collect(), redacted)
}

/// The request, in which most secrets are replaced already.
fn request(
    record: &Record,
    target: &str,
    headers: &HeaderMap,
    redaction: &Redaction<'_>,
) -> Result<WrittenRequest, Unredactable> {
    let recorded = &record.request;
    let mut redacted = recorded.redacted.clone();
    let mut note = |what: &str, places: Vec<String>| {
        for place in places {
            let place = format!("{what} {place}");
            if !redacted.contains(&place) {
                redacted.push(place);
            }
        }
    };
    let (path, query) = match target.split_once('?') {
        Some((path, query)) => (path, Some(query)),
        None => (target, None),
    };
    redaction.check_path(path)?;
    let target = match query.and_then(|query| redaction.pairs(query)) {
        Some(pairs) => {
            note("query", pairs.places);
            format!("{path}?{}", pairs.text)
        }
        None => target.to_owned(),
    };
    let body = recorded.body.clone().ok_or(Unredactable)?;
    let body = match redaction.request_body(&body, headers, Searched::default())? {
        Some(changed) => {
            note("body", changed.places);
            Content(changed.text.into())
        }
        None => Content(body),
    };
    let (written_headers, redacted_headers) = written(headers, redaction);
    note("header", redacted_headers);
    let (trailers, redacted_trailers) = written(&read(&recorded.trailers)?, redaction);
    note("trailer", redacted_trailers);
    Ok(WrittenRequest {
        method: recorded.method.clone(),
        target,
        headers: written_headers,
        body: Some(body),
        trailers,
        redacted,
    })
}

fn side(
    response: &BufferedResponse,
    body: Option<&[u8]>,
    redaction: &Redaction<'_>,
) -> Result<Side<WrittenResponse>, Unredactable> {
    let changed =
        body.map(|body| redaction.response_body(body, response.headers(), Searched::default()));
    let (body, redacted) = match changed.transpose()?.flatten() {
        Some(changed) => (Some(Content(changed.text.into())), changed.places),
        None => (
            body.map(|body| Content(Bytes::copy_from_slice(body))),
            Vec::new(),
        ),
    };
    let (headers, mut redacted_headers) = written(response.headers(), redaction);
    let trailers = response.trailers();
    let trailers = trailers.map(|trailers| written(trailers, redaction));
    let (trailers, more) = trailers.unwrap_or_default();
    redacted_headers.extend(more);
    Ok(Side {
        response: WrittenResponse {
            status: response.status().as_u16(),
            headers,
            body,
            trailers,
            redacted: redacted.clone(),
            latency_us: u64::try_from(response.latency().as_micros()).unwrap_or(u64::MAX),
        },
        redacted,
        redacted_headers,
    })
}
