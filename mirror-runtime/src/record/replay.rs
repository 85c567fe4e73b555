//! Replaying fixtures in tests: what `replay!` writes calls this.

use std::{fs, io::ErrorKind, path::Path, time::Instant};

use http::StatusCode;
use mirror_grammar::is_fixture_name;

use super::{
    App, Fixture,
    point::{self, taking},
};
use crate::{
    comparison::{
        BufferedResponse, CompareMode, Comparison, REDACTION_VERSION, Subject, Verdict, compare,
    },
    engine::CompareAt,
    recorded::{RecordedResponse, read},
};

/// Replays one fixture.
///
/// # Panics
///
/// If the app does not respond as the primary did, and if the file is not a fixture.
pub async fn replay<M>(path: &str, file: &str, app: impl App<M>) {
    if let Err(failure) = try_replay(file.as_bytes(), app).await {
        panic!("{path}: {failure}");
    }
}

/// Replays the fixtures of a directory that are not among `known`: those that came after the tests
/// were compiled.
///
/// # Panics
///
/// As [`replay`], with all that failed; and if the directory is there and cannot be read.
pub async fn replay_others<M, A: App<M>>(directory: &str, known: &[&str], app: impl Fn() -> A) {
    let mut names = match fixtures(Path::new(directory)) {
        Ok(names) => names,
        // A test beside this one says so.
        Err(error) if error.kind() == ErrorKind::NotFound && known.is_empty() => return,
        Err(error) => panic!("{directory}: {error}"),
    };
    names.retain(|name| !known.contains(&&**name));
    names.sort_unstable();
    let mut failures = Vec::new();
    for name in names {
        let path = Path::new(directory).join(&name);
        let result = match fs::read(&path) {
            Ok(file) => try_replay(&file, app()).await,
            Err(error) => Err(error.to_string()),
        };
        if let Err(failure) = result {
            failures.push(format!("{}: {failure}", path.display()));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

fn fixtures(directory: &Path) -> std::io::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(directory)? {
        if let Ok(name) = entry?.file_name().into_string()
            && is_fixture_name(&name)
        {
            names.push(name);
        }
    }
    Ok(names)
}

async fn try_replay<M>(file: &[u8], app: impl App<M>) -> Result<(), String> {
    let fixture = Fixture::parse(file)?;
    let request = fixture.request.request()?;
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    let by = &fixture.compared_by;
    let mode = match &fixture.primary.body {
        Some(_) => by.mode()?,
        // Nothing else is known of the primary's response.
        None => CompareMode::Status,
    };
    let mut rules = by.rules(&fixture.primary.redacted)?;
    // What was replaced may have become longer than it was.
    let written = fixture.primary.body.as_ref().map_or(0, |body| body.0.len());
    rules.set_max_compare_body(rules.max_compare_body().max(written));
    let primary = answer_of(&fixture.primary)?;
    let (began, max) = (Instant::now(), rules.max_compare_body());
    let (answer, taken) = taking(&fixture.mirror, max, app.answer(request)).await;
    let answer = answer.map_err(|error| format!("the app has failed: {error}"))?;
    let answer = point::read(answer, max, began).await;
    let answer = match CompareAt::from_name(&by.at)? {
        CompareAt::Handler => taken().unwrap_or(answer),
        CompareAt::Server => answer,
    };
    let subject = Subject::new(&method, &path).with_names(&fixture.mirror, "replay");
    let comparison = compare(subject, &primary, &answer, mode, &rules);
    if comparison.verdict == Verdict::Match {
        return Ok(());
    }
    Err(failure(&fixture, &comparison))
}

fn answer_of(recorded: &RecordedResponse) -> Result<BufferedResponse, String> {
    let status = StatusCode::from_u16(recorded.status).map_err(|error| error.to_string())?;
    let body = recorded.body.as_ref().map(|body| body.0.clone());
    let answer = BufferedResponse::new(status, read(&recorded.headers)?, body.unwrap_or_default());
    let latency = std::time::Duration::from_micros(recorded.latency_us);
    let answer = answer.with_latency(latency).already_decoded();
    Ok(answer.with_trailers(read(&recorded.trailers)?))
}

fn failure(fixture: &Fixture, comparison: &Comparison) -> String {
    let mut failure = format!("the app responds differently than recorded\n{comparison}");
    let notes = fixture.notes.iter().map(|note| format!("recorded: {note}"));
    let redacted = &fixture.request.redacted;
    let redacted =
        (!redacted.is_empty()).then(|| format!("redacted in the request: {}", redacted.join(", ")));
    let older = (fixture.redaction < REDACTION_VERSION).then(|| {
        format!(
            "recorded with redaction {}, and {REDACTION_VERSION} hides more: record it again",
            fixture.redaction
        )
    });
    for note in notes.chain(redacted).chain(older) {
        failure.push_str("\n  note: ");
        failure.push_str(&note);
    }
    failure
}
