//! What a snapshot says about what was asked for.

use mirror_dashboard::snapshot::{MirrorSnapshot, Snapshot, TargetSnapshot, Verdict};
use serde_json::{Value, json};

use crate::{exit::Exit, text};

/// Which mirror, and which of its targets. All, if none is named.
#[derive(Clone, Copy, Debug)]
pub(super) struct Asked<'a> {
    pub(super) mirror: Option<&'a str>,
    pub(super) target: Option<&'a str>,
}

/// The result: an exit with its reason.
#[derive(Debug)]
pub(super) struct Judged {
    pub(super) exit: Exit,
    /// `promote`, `regressed`, `hold`, `not_enough_data`, `not_compared`, `not_found` or
    /// `unreachable`.
    word: &'static str,
    pub(super) verdict: Option<Verdict>,
    /// Which mirror and target it is about, if it is about one.
    mirror: Option<String>,
    target: Option<String>,
    /// From the server: not fit for a terminal yet.
    reason: String,
    /// All that was looked at.
    looked_at: Vec<Value>,
}

/// A target, or a mirror without any that is judged, beside its verdict.
struct Candidate<'a> {
    mirror: &'a MirrorSnapshot,
    target: Option<&'a TargetSnapshot>,
    verdict: Option<Verdict>,
    reason: &'a str,
}

impl Judged {
    pub(super) fn new(snapshot: &Snapshot, asked: Asked<'_>) -> Self {
        let mirrors: Vec<_> = snapshot
            .mirrors
            .iter()
            .filter(|mirror| asked.mirror.is_none_or(|name| mirror.name == name))
            .collect();
        if mirrors.is_empty() {
            return Self::not_found(match asked.mirror {
                Some(name) => {
                    let names = snapshot.mirrors.iter().map(|mirror| &*mirror.name);
                    format!("there is no mirror `{name}`{}", instead(name, names))
                }
                None => "the program has no mirrors".to_owned(),
            });
        }
        let candidates: Vec<_> = mirrors
            .iter()
            .flat_map(|mirror| candidates(mirror, asked.target))
            .collect();
        let Some(worst) = candidates
            .iter()
            .max_by_key(|candidate| candidate.verdict.map(Verdict::distance))
        else {
            let name = asked.target.unwrap_or_default();
            let mirror = mirrors[0];
            let names = mirror.targets.iter().map(|target| &*target.name);
            return Self::not_found(format!(
                "the mirror `{}` has no target `{name}`{}",
                mirror.name,
                instead(name, names)
            ));
        };
        let verdict = worst.verdict;
        let (exit, word) = match verdict {
            Some(Verdict::Promote) => (Exit::Good, "promote"),
            Some(Verdict::Regressed) => (Exit::Bad, "regressed"),
            Some(verdict) => (Exit::Undecided, verdict.as_str()),
            None => (Exit::Undecided, "not_compared"),
        };
        let decided = candidates
            .iter()
            .filter(|one| one.verdict.is_some())
            .count();
        let mut reason = worst.reason.to_owned();
        if exit == Exit::Good && decided > 1 {
            reason = format!("{reason} (and {} more that promote)", decided - 1);
        }
        if !worst.mirror.control.is_enabled {
            reason += "; the mirror is off";
        }
        Self {
            exit,
            word,
            verdict,
            mirror: Some(worst.mirror.name.clone()),
            target: worst.target.map(|target| target.name.clone()),
            reason,
            looked_at: candidates.iter().map(Candidate::to_json).collect(),
        }
    }

    pub(super) fn unreachable(reason: String) -> Self {
        Self::without(Exit::Unreachable, "unreachable", reason)
    }

    fn not_found(reason: String) -> Self {
        Self::without(Exit::Undecided, "not_found", reason)
    }

    const fn without(exit: Exit, word: &'static str, reason: String) -> Self {
        Self {
            exit,
            word,
            verdict: None,
            mirror: None,
            target: None,
            reason,
            looked_at: Vec::new(),
        }
    }

    /// The first word, and the rest of the line, fit for a terminal.
    pub(super) fn line(&self) -> (String, String) {
        let reason = text::message(&self.reason);
        let about = match (&self.mirror, &self.target) {
            (Some(mirror), Some(target)) => {
                format!("{} -> {}: ", text::name(mirror), text::name(target))
            }
            (Some(mirror), None) => format!("{}: ", text::name(mirror)),
            _ => String::new(),
        };
        (self.word.to_owned(), format!("{about}{reason}"))
    }

    pub(super) fn to_json(&self) -> Value {
        json!({
            "result": self.word,
            "exit_code": self.exit.code(),
            "verdict": self.verdict.map(Verdict::as_str),
            "mirror": self.mirror,
            "target": self.target,
            "reason": self.reason,
            "targets": self.looked_at,
        })
    }
}

impl Candidate<'_> {
    fn to_json(&self) -> Value {
        json!({
            "mirror": self.mirror.name,
            "target": self.target.map(|target| &target.name),
            "verdict": self.verdict.map(Verdict::as_str),
            "reason": self.reason,
            "needed": self.target.map(|target| target.needed),
            "compared": self.target.map(|target| target.stats.compared),
            "is_enabled": self.mirror.control.is_enabled,
        })
    }
}

/// What is judged of a mirror: the target that is named, or all that are compared. The baseline is
/// what they are compared with, and a target that is not compared has no say, unless it is named or
/// there is no other.
fn candidates<'a>(mirror: &'a MirrorSnapshot, named: Option<&str>) -> Vec<Candidate<'a>> {
    let of_target = |target: &'a TargetSnapshot| Candidate {
        mirror,
        target: Some(target),
        // Before the first request, that of the mirror says whether it will be compared.
        verdict: target.verdict.or_else(|| {
            let is_unused = !mirror.has_traffic && !target.is_baseline;
            mirror.verdict.filter(|_| is_unused)
        }),
        reason: &target.reason,
    };
    if let Some(name) = named {
        let targets = mirror.targets.iter().filter(|target| target.name == name);
        return targets.map(of_target).collect();
    }
    let judged: Vec<_> = mirror
        .targets
        .iter()
        .filter(|target| target.verdict.is_some())
        .map(of_target)
        .collect();
    if !judged.is_empty() {
        return judged;
    }
    vec![Candidate {
        mirror,
        target: None,
        verdict: mirror.verdict,
        reason: &mirror.reason,
    }]
}

/// The names that there are, or the one that was meant.
fn instead<'a>(name: &str, names: impl Iterator<Item = &'a str>) -> String {
    /// More than a line of them is no help.
    const MAX: usize = 8;

    let names: Vec<_> = names.collect();
    let similar = names
        .iter()
        .map(|known| (strsim::jaro_winkler(known, name), known))
        .filter(|(similarity, _)| *similarity > 0.8)
        .max_by(|(one, _), (other, _)| one.total_cmp(other));
    if let Some((_, similar)) = similar {
        return format!(": there is `{similar}`");
    }
    if names.is_empty() {
        return String::new();
    }
    let listed: Vec<_> = names
        .iter()
        .take(MAX)
        .map(|name| format!("`{name}`"))
        .collect();
    let more = names.len().saturating_sub(MAX);
    let more = if more > 0 {
        format!(" and {more} more")
    } else {
        String::new()
    };
    format!(": there are {}{more}", listed.join(", "))
}
