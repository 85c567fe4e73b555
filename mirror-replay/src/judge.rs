//! Comparing responses with the recorded ones.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use http::{HeaderName, HeaderValue, Method};
use mirror_compare::{
    BufferedResponse, CompareMode, Comparison, NotComparedReason, Rules, Subject, compare,
    fixture::ComparedBy,
    redact::KnownSecrets,
    report::{Evidence, Recorder, Report, Standing, TargetReport, Thresholds, Unanswered},
    route_of,
};
use mirror_record::Record;

use crate::copy::{expected, redacted_headers, request_headers};

/// So many sets of rules are kept: records differ in what was replaced in them.
const MAX_RULES: usize = 256;

/// What was replaced in a response: places in its body, and headers.
type Replaced = (Vec<String>, Vec<HeaderName>);

/// How the responses of a replay are compared.
#[derive(Debug)]
pub struct Judge {
    mirror: String,
    target: String,
    mode: CompareMode,
    compared_by: ComparedBy,
    rules: Arc<Rules>,
    /// With what was replaced left out.
    others: Mutex<HashMap<Replaced, Arc<Rules>>>,
    set: Vec<(HeaderName, HeaderValue)>,
    recorder: Recorder,
}

/// What became of a request.
#[derive(Debug)]
pub enum Judged {
    /// Its response was compared, or was not for the reason that is its verdict.
    Compared(Box<Comparison>),
    /// There is no recorded response to compare it with.
    NothingRecorded,
    /// There is no response.
    Failed,
    /// The code that compares has panicked.
    Panicked,
}

impl Judge {
    /// Compares the responses of a target with those that a mirror has recorded.
    ///
    /// # Errors
    ///
    /// What is wrong with a rule.
    pub fn new(
        mirror: &str,
        target: &str,
        compared_by: ComparedBy,
        thresholds: Thresholds,
        set: Vec<(HeaderName, HeaderValue)>,
    ) -> Result<Self, String> {
        thresholds.check().map_err(|error| error.to_string())?;
        Ok(Self {
            mirror: mirror.to_owned(),
            target: target.to_owned(),
            mode: compared_by.mode()?,
            rules: Arc::new(compared_by.rules(&[])?),
            compared_by,
            others: Mutex::default(),
            set,
            recorder: Recorder::new(target, thresholds),
        })
    }

    /// Compares by code of a test.
    #[cfg(test)]
    pub(crate) fn with_mode(self, mode: CompareMode) -> Self {
        Self { mode, ..self }
    }

    /// Adds what was known when an earlier run ended.
    pub fn resume(&self, evidence: &Evidence) {
        self.recorder.merge(evidence);
    }

    /// What is known by now.
    #[must_use]
    pub fn evidence(&self) -> Evidence {
        self.recorder.evidence()
    }

    /// The headers that copies are given.
    #[must_use]
    pub fn set_headers(&self) -> &[(HeaderName, HeaderValue)] {
        &self.set
    }

    /// The largest body that is compared.
    #[must_use]
    pub fn max_compare_body(&self) -> usize {
        self.rules.max_compare_body()
    }

    /// Compares a response with the recorded one. That takes some time.
    #[must_use]
    pub fn compare(&self, record: &Record, response: &BufferedResponse) -> Judged {
        let Some(expected) = expected(record) else {
            return Judged::NothingRecorded;
        };
        let (mode, rules) = (self.mode_for(record), self.rules_for(record));
        let target = String::from_utf8_lossy(&record.request.target);
        let method = Method::from_bytes(record.request.method.as_bytes()).unwrap_or_default();
        let path = target.split('?').next().unwrap_or_default();
        let route = route_of(path);
        let known = self.known(record, &rules, &target);
        let request_id = header(record, b"x-request-id");
        let subject = Subject::new(&method, &target)
            .with_names(&self.mirror, &self.target)
            .with_request_id(request_id)
            .with_secrets(&known)
            .with_body(record.request.body.as_deref().unwrap_or_default());
        let subject = if self.compared_by.redact.is_empty() {
            subject.with_route(&route)
        } else {
            subject
        };
        Judged::Compared(Box::new(compare(
            subject, &expected, response, mode, &rules,
        )))
    }

    /// What is secret of a request. Of one that was redacted nothing is left.
    fn known(&self, record: &Record, rules: &Rules, target: &str) -> KnownSecrets {
        if record.redaction_version > 0 {
            return KnownSecrets::from_set_headers(rules, &self.set);
        }
        let headers = request_headers(record);
        let query = target.split_once('?').map(|(_, query)| query);
        let body = record.request.body.as_deref().unwrap_or_default();
        KnownSecrets::from_request(rules, &self.set, query, &headers, body)
    }

    /// Notes what became of a request.
    pub fn note(&self, record: &Record, judged: &mut Judged) {
        match judged {
            Judged::Compared(comparison) => self.recorder.record(comparison, None),
            Judged::NothingRecorded => self.not_compared(record, NotComparedReason::PrimaryGone),
            Judged::Failed => self.not_compared(record, NotComparedReason::Failed),
            Judged::Panicked => self.not_compared(record, NotComparedReason::Panicked),
        }
    }

    fn not_compared(&self, record: &Record, reason: NotComparedReason) {
        let target = String::from_utf8_lossy(&record.request.target);
        let route = route_of(target.split('?').next().unwrap_or_default());
        let route = self.compared_by.redact.is_empty().then_some(&*route);
        self.recorder.not_compared(reason, route);
    }

    /// The report by now, on a target that has answered so many requests, and not so many others.
    #[must_use]
    pub fn report(&self, answered: u64, failed: u64) -> (Report, TargetReport) {
        let standing = Standing::new(Unanswered::new(answered, failed, 0, 0));
        let target = self.recorder.report(standing);
        (Report::new(&self.mirror, vec![target.clone()]), target)
    }

    /// How a response is compared with that of a record: of some, less is known.
    pub(crate) fn mode_for(&self, record: &Record) -> CompareMode {
        let response = record.response.as_ref();
        let is_known = response.is_some_and(|response| {
            response.body.is_some() && response.redacted.iter().all(|place| !place.is_empty())
        });
        let is_changed = response.is_some_and(|response| !response.redacted.is_empty());
        match self.mode {
            _ if !is_known => CompareMode::Status,
            CompareMode::Bytes if is_changed => CompareMode::Json,
            mode => mode,
        }
    }

    /// The rules, in which what was replaced is left out.
    pub(crate) fn rules_for(&self, record: &Record) -> Arc<Rules> {
        let places = record.response.as_ref().map(|response| &response.redacted);
        let places = places.cloned().unwrap_or_default();
        let replaced = (places, redacted_headers(record));
        if replaced.0.is_empty() && replaced.1.is_empty() {
            return Arc::clone(&self.rules);
        }
        let mut others = self.others.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(rules) = others.get(&replaced) {
            return Arc::clone(rules);
        }
        let mut compared_by = self.compared_by.clone();
        let names: Vec<_> = replaced.1.iter().map(ToString::to_string).collect();
        compared_by.headers.retain(|name| !names.contains(name));
        compared_by.leave_out(&names);
        // What was replaced may have become longer than it was.
        let body = record
            .response
            .as_ref()
            .and_then(|response| response.body.as_ref());
        let bytes = body.map_or(0, bytes::Bytes::len);
        compared_by.max_compare_body = compared_by.max_compare_body.max(bytes);
        let rules = compared_by.rules(&replaced.0);
        let rules = rules.map_or_else(|_| Arc::clone(&self.rules), Arc::new);
        if others.len() >= MAX_RULES {
            others.clear();
        }
        others.insert(replaced, Arc::clone(&rules));
        rules
    }

    pub(crate) fn compared_by(&self) -> &ComparedBy {
        &self.compared_by
    }
}

fn header<'r>(record: &'r Record, name: &[u8]) -> Option<&'r str> {
    let mut headers = record.request.headers.iter();
    let (_, value) = headers.find(|(other, _)| other.eq_ignore_ascii_case(name))?;
    std::str::from_utf8(value).ok()
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, StatusCode, header::SET_COOKIE};
    use mirror_compare::Verdict;
    use mirror_record::{Outcome, RecordId, Request, Response};

    use super::*;

    fn judge(compared_by: ComparedBy) -> Judge {
        Judge::new(
            "orders",
            "rewrite",
            compared_by,
            Thresholds::default(),
            Vec::new(),
        )
        .unwrap()
    }

    fn record(body: &'static str, redacted: &[&str]) -> Record {
        let request = Request::new("GET", "/orders/7?full=1");
        let mut record = Record::new(RecordId::from_parts(1, 1), "orders", request);
        let mut response = Response::new(200);
        response.headers = vec![("content-type".into(), "application/json".into())];
        response.body = Some(body.into());
        response.redacted = redacted.iter().map(ToString::to_string).collect();
        record.response = Some(response);
        record.outcome = Outcome::Complete;
        record
    }

    fn verdict(judge: &Judge, record: &Record, body: &'static str) -> Verdict {
        let mut headers = HeaderMap::new();
        headers.insert("content-type", HeaderValue::from_static("application/json"));
        let response = BufferedResponse::new(StatusCode::OK, headers, body);
        match judge.compare(record, &response) {
            Judged::Compared(comparison) => comparison.verdict,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn what_was_replaced_is_no_difference_and_the_rest_is() {
        let judge = judge(ComparedBy::default());
        let record = record(r#"{"token":"[redacted]","total":1}"#, &["/token"]);
        let same = r#"{"token":"abc","total":1}"#;
        assert_eq!(verdict(&judge, &record, same), Verdict::Match);
        let other = r#"{"token":"abc","total":2}"#;
        assert_eq!(verdict(&judge, &record, other), Verdict::Mismatch);
    }

    #[test]
    fn a_replaced_header_is_no_difference() {
        let mut compared_by = ComparedBy::default();
        compared_by.headers.push(SET_COOKIE.to_string());
        let judge = judge(compared_by);
        let mut record = record("{}", &[]);
        assert_eq!(verdict(&judge, &record, "{}"), Verdict::Match);
        let response = record.response.as_mut().unwrap();
        let cookie = |value: &'static str| ("set-cookie".into(), value.into());
        response.headers.push(cookie("id=[redacted 4f2a]"));
        assert_eq!(verdict(&judge, &record, "{}"), Verdict::Match);
        let response = record.response.as_mut().unwrap();
        *response.headers.last_mut().unwrap() = cookie("id=1");
        assert_eq!(verdict(&judge, &record, "{}"), Verdict::Mismatch);
    }

    #[test]
    fn a_body_that_is_withheld_is_not_compared() {
        let judge = judge(ComparedBy::default());
        let mut record = record("{}", &[]);
        record.response.as_mut().unwrap().body = None;
        assert_eq!(verdict(&judge, &record, r#"{"a":1}"#), Verdict::Match);
        record.response.as_mut().unwrap().status = 404;
        assert_eq!(verdict(&judge, &record, "{}"), Verdict::Mismatch);
        record.response = None;
        let response = BufferedResponse::new(StatusCode::OK, HeaderMap::new(), "");
        assert!(matches!(
            judge.compare(&record, &response),
            Judged::NothingRecorded
        ));
    }

    #[test]
    fn bytes_in_which_something_was_replaced_are_compared_as_json() {
        let mode = "bytes".to_owned();
        let judge = judge(ComparedBy {
            mode,
            ..ComparedBy::default()
        });
        let clean = record(r#"{"a":1}"#, &[]);
        assert_eq!(verdict(&judge, &clean, r#"{ "a":1}"#), Verdict::Mismatch);
        let redacted = record(r#"{"a":1,"token":"[redacted]"}"#, &["/token"]);
        let same = r#"{ "token":"x", "a":1}"#;
        assert_eq!(verdict(&judge, &redacted, same), Verdict::Match);
    }
}
