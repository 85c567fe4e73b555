//! Comparing two responses to one request.

use http::{HeaderName, Method};

use crate::{
    engine::{self, Compared},
    fingerprint::fingerprint,
    model::{BufferedResponse, CompareMode, Comparison, NotComparedReason, Verdict, cut, prefix},
    redact::KnownSecrets,
    rules::{Rules, Watched},
};

/// Bytes of the name of a request that are kept.
const MAX_REQUEST_ID: usize = 128;

/// The request that two responses are to, and whose responses they are.
///
/// Neither is part of what is compared, but for the method: a response to `HEAD` has no body.
#[derive(Clone, Copy, Debug)]
pub struct Subject<'a> {
    mirror: &'a str,
    target: &'a str,
    method: &'a Method,
    path: &'a str,
    request_id: Option<&'a str>,
    known: Option<&'a KnownSecrets>,
    body: &'a [u8],
    route: Option<&'a str>,
    version_header: Option<&'a HeaderName>,
}

impl<'a> Subject<'a> {
    /// A request with this method and this path, with its query.
    #[must_use]
    pub const fn new(method: &'a Method, path: &'a str) -> Self {
        Self {
            mirror: "primary",
            target: "shadow",
            method,
            path,
            request_id: None,
            known: None,
            body: &[],
            route: None,
            version_header: None,
        }
    }

    /// The same request, with this body: what differs in it is a request of its own. Default: none.
    #[must_use]
    pub const fn with_body(mut self, body: &'a [u8]) -> Self {
        self.body = body;
        self
    }

    /// The same request, which this route was found for. Default: it is not known.
    #[must_use]
    pub const fn with_route(mut self, route: &'a str) -> Self {
        self.route = Some(route);
        self
    }

    /// The same request, whose shadow says its version in this header. Default: it does not.
    #[must_use]
    pub const fn with_version_header(mut self, name: Option<&'a HeaderName>) -> Self {
        self.version_header = name;
        self
    }

    /// The same request, whose responses come from servers with these names. Default: `primary` and
    /// `shadow`.
    #[must_use]
    pub const fn with_names(mut self, mirror: &'a str, target: &'a str) -> Self {
        self.mirror = mirror;
        self.target = target;
        self
    }

    /// The same request, which is called this in the logs of the primary: its `x-request-id`.
    #[must_use]
    pub const fn with_request_id(mut self, request_id: Option<&'a str>) -> Self {
        self.request_id = request_id;
        self
    }

    /// The same request, of which this is secret, wherever a response repeats it. Default: nothing
    /// is.
    #[must_use]
    pub const fn with_secrets(mut self, known: &'a KnownSecrets) -> Self {
        self.known = Some(known);
        self
    }
}

/// Compares two responses to one request.
///
/// Bounded in time, memory and output, except for code of the user's own (`typed` and functions). A
/// panic in that code ends here, as
/// [`NotComparedReason::Panicked`](crate::NotComparedReason::Panicked). It may take some tenths of
/// a second of computing: no work for a thread that serves requests.
///
/// ```
/// use http::{HeaderMap, Method, StatusCode};
/// use mirror_compare::{BufferedResponse, CompareMode, Rules, Subject, Verdict, compare};
///
/// let response = |body: &'static str| BufferedResponse::new(StatusCode::OK, HeaderMap::new(), body);
/// let primary = response(r#"{"total":12.5,"at":1}"#);
/// let shadow = response(r#"{"at":2,"total":13.0}"#);
///
/// let mut rules = Rules::default();
/// rules.ignore("/at")?;
/// let subject = Subject::new(&Method::GET, "/orders/7");
/// let comparison = compare(subject, &primary, &shadow, CompareMode::Json, &rules);
///
/// assert_eq!(comparison.verdict, Verdict::Mismatch);
/// assert_eq!(comparison.differences[0].to_string(), "  ~ /total: 12.5 -> 13.0");
/// # Ok::<(), mirror_compare::RuleError>(())
/// ```
#[must_use]
pub fn compare(
    subject: Subject<'_>,
    primary: &BufferedResponse,
    shadow: &BufferedResponse,
    mode: CompareMode,
    rules: &Rules,
) -> Comparison {
    let nothing = KnownSecrets::default();
    let known = subject.known.unwrap_or(&nothing);
    let compared = engine::compare(subject.method, primary, shadow, mode, rules, known);
    let mut comparison = comparison(subject, primary, Some(shadow), compared, rules);
    if let Verdict::NotCompared(reason) = comparison.verdict {
        comparison.is_fault = is_fault(reason, primary, shadow, rules);
    }
    comparison
}

/// Whether the shadow's response alone is why nothing was compared: the primary's can be read.
fn is_fault(
    reason: NotComparedReason,
    primary: &BufferedResponse,
    shadow: &BufferedResponse,
    rules: &Rules,
) -> bool {
    match reason {
        // Both were asked the same question.
        NotComparedReason::NotModified => true,
        NotComparedReason::TooLarge
        | NotComparedReason::CutShort
        | NotComparedReason::Streaming
        | NotComparedReason::Encoding => {
            engine::is_readable(primary, rules) && !engine::is_readable(shadow, rules)
        }
        _ => false,
    }
}

fn comparison(
    subject: Subject<'_>,
    primary: &BufferedResponse,
    shadow: Option<&BufferedResponse>,
    compared: Compared,
    rules: &Rules,
) -> Comparison {
    let (path, query) = match subject.path.split_once('?') {
        Some((path, query)) => (path, Some(query)),
        None => (subject.path, None),
    };
    let secrecy = &compared.secrecy;
    let request_id = subject.request_id.map(|id| prefix(id, MAX_REQUEST_ID));
    let version = subject
        .version_header
        .zip(shadow)
        .and_then(|(name, shadow)| {
            let version = shadow.headers().get(name)?.to_str().ok()?;
            Some(version.into())
        });
    Comparison {
        mirror: subject.mirror.to_owned(),
        target: subject.target.to_owned(),
        method: subject.method.clone(),
        path: cut(secrecy.path(path)),
        query: query.map(|query| cut(secrecy.query(query, rules))),
        request_id: request_id.map(|id| secrecy.text(id)),
        route: subject.route.map(Into::into),
        version,
        fingerprint: fingerprint(subject.method, subject.path, subject.body),
        is_fault: false,
        primary_status: primary.status(),
        shadow_status: shadow.map(BufferedResponse::status),
        primary_latency: primary.latency(),
        shadow_latency: shadow.map(BufferedResponse::latency),
        verdict: compared.verdict,
        differences: compared.differences,
        more_differences: compared.more,
        notes: compared.notes,
        watched: compared.applied.map(|applied| Watched::new(rules, applied)),
        hints: compared.hints,
        uncompared: compared.uncompared,
        places: compared.places,
        equal: compared.equal,
        noise: false,
        may_be_noise: false,
    }
}

/// Says that two responses were not compared. There may be only one: the copy failed.
#[cfg(test)]
pub(crate) fn not_compared(
    subject: Subject<'_>,
    primary: &BufferedResponse,
    shadow: Option<&BufferedResponse>,
    reason: crate::model::NotComparedReason,
) -> Comparison {
    let compared = Compared::not_compared(reason);
    comparison(subject, primary, shadow, compared, &Rules::default())
}
