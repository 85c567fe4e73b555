//! The types of `snapshot.json`, for programs that write it and for programs that read it.
//!
//! Names of fields and their meaning are those of version [`VERSION`]. A later release may add
//! fields and words within a version, so readers ignore what they do not know. All numbers of
//! counts only grow while the process runs, unless a field says otherwise.

use std::{collections::BTreeMap, fmt};

use serde::{Deserialize, Serialize};

/// The version of the format: it grows if a field is removed, renamed, or means something else.
pub const VERSION: u32 = 1;

/// Counts by a word, such as `timeout`. A word that is missing stands for 0.
pub type Counts = BTreeMap<String, u64>;

/// All mirrors of a process at one moment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Snapshot {
    /// The version of the format: [`VERSION`].
    pub version: u32,
    /// The process, as a random word: if it is another one, the counts have begun anew.
    pub process: String,
    /// When the snapshot was taken, in milliseconds since 1970.
    pub taken_unix_ms: u64,
    /// The mirrors, by name. Those without traffic are among them.
    pub mirrors: Vec<MirrorSnapshot>,
}

impl Snapshot {
    /// The mirror of this name.
    #[must_use]
    pub fn mirror(&self, name: &str) -> Option<&MirrorSnapshot> {
        self.mirrors.iter().find(|mirror| mirror.name == name)
    }
}

/// One mirror.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct MirrorSnapshot {
    /// Its name.
    pub name: String,
    /// The module of its handler, if it is one of an attribute.
    pub module: Option<String>,
    /// The file with its attribute.
    pub file: Option<String>,
    /// The line of that file.
    pub line: Option<u32>,
    /// The options of its attribute, as they are written. Values that may be secret are left out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub options: Vec<WrittenOption>,
    /// Whether it has seen a request. Without one there are no counts, and little is known of its
    /// targets.
    pub has_traffic: bool,
    /// The verdict of the target that is furthest from `promote`; `None` if nothing is compared.
    pub verdict: Option<Verdict>,
    /// Why, in words.
    pub reason: String,
    /// The switch, and who holds it.
    pub control: Switch,
    /// How long the primary took for sampled requests.
    pub latency: Latency,
    /// Its targets, in the order in which they were given, with the baseline last.
    pub targets: Vec<TargetSnapshot>,
    /// The same mirror in all instances of the fleet; `None` if the process is in none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fleet: Option<Fleet>,
}

impl MirrorSnapshot {
    /// The target of this name.
    #[must_use]
    pub fn target(&self, name: &str) -> Option<&TargetSnapshot> {
        self.targets.iter().find(|target| target.name == name)
    }
}

/// A mirror in all instances of a fleet.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Fleet {
    /// The number of the epoch: it grows when the report of the fleet is begun anew.
    pub epoch: u64,
    /// When it was read, in milliseconds since 1970; `None` if it could not be read yet.
    pub read_unix_ms: Option<u64>,
    /// Why it could not be read since then, in words.
    pub error: Option<String>,
    /// The verdict of the target that is furthest from `promote`; `None` if nothing is compared.
    pub verdict: Option<Verdict>,
    /// Why, in words.
    pub reason: String,
    /// What is set for all instances, of this mirror and of all of them. Whether it counts in the
    /// process that was asked is said by [`MirrorSnapshot::control`] and [`TargetSnapshot::share`].
    pub settings: Vec<FleetSetting>,
    /// The instances, by name.
    pub instances: Vec<Instance>,
    /// Its targets.
    pub targets: Vec<FleetTarget>,
}

impl Fleet {
    /// The names of the instances that are missing.
    pub fn missing(&self) -> impl Iterator<Item = &str> {
        let missing = self.instances.iter().filter(|it| it.state == "missing");
        missing.map(|instance| &*instance.name)
    }
}

/// What is set for all instances of a fleet: a switch, or the share of a target.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct FleetSetting {
    /// Whether it is set for all mirrors, and not for this one alone.
    pub is_for_all: bool,
    /// The target whose share it is; `None` if it is the switch.
    pub target: Option<String>,
    /// Whether copies are made; `None` if it is a share.
    pub is_enabled: Option<bool>,
    /// The share of the requests, from 0 to 100; `None` if it is the switch.
    pub percentage: Option<f64>,
    /// Why, in words.
    pub reason: Option<String>,
    /// Who has set it, by name.
    pub actor: Option<String>,
    /// Until when, in seconds since 1970.
    pub until_unix_s: Option<u64>,
}

/// An instance of a fleet.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Instance {
    /// Its name.
    pub name: String,
    /// `running`, `finished`, `missing`: nothing was heard of it for a while, or `replaced`: the same,
    /// and a process that was started since then has its name. What one knew that is no longer there
    /// still counts.
    pub state: String,
    /// Whether it is the process that has taken this snapshot.
    pub is_this: bool,
    /// When it was heard of last, in seconds since 1970.
    pub heard_unix_s: u64,
}

/// A target in all instances of a fleet.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct FleetTarget {
    /// Its name.
    pub name: String,
    /// Whether it is the baseline.
    pub is_baseline: bool,
    /// Whether it can take over; `None` if its responses are not compared.
    pub verdict: Option<Verdict>,
    /// Why, in words.
    pub reason: String,
    /// How many more clean requests it takes to promote.
    pub needed: u64,
    /// In how many instances its circuit is open.
    pub open_circuits: u64,
    /// Of how many instances what was compared is in the report; of a target that is not compared,
    /// the counts.
    pub instances: u64,
    /// All counts, added up. `max_in_flight` is not.
    pub stats: Stats,
    /// The comparisons of all instances; `None` if there are none. Not in events.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub report: Option<Report>,
}

/// An option of an attribute.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct WrittenOption {
    /// Its name.
    pub name: String,
    /// Its value, as it is written; `None` if it may be secret.
    pub value: Option<String>,
}

/// The switch of a mirror.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Switch {
    /// Whether copies are made.
    pub is_enabled: bool,
    /// Who has set it: `code`, `env`, `file`, `fleet` or `api`.
    pub source: String,
    /// Why, in words.
    pub reason: Option<String>,
    /// Who has set it, by name.
    pub actor: Option<String>,
    /// Since when, in seconds since 1970.
    pub since_unix_s: Option<u64>,
    /// Until when, in seconds since 1970.
    pub until_unix_s: Option<u64>,
}

/// The share of the requests that is copied to a target.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Share {
    /// The share in force now, from 0 to 100; 0 if the mirror is off. `None` if it is not known:
    /// the mirror has had no request yet.
    pub percentage: Option<f64>,
    /// The share that the code says.
    pub configured: Option<f64>,
    /// Who has set it: `code`, `env`, `file`, `fleet` or `api`.
    pub source: String,
    /// Why, in words.
    pub reason: Option<String>,
    /// Who has set it, by name.
    pub actor: Option<String>,
    /// Since when, in seconds since 1970.
    pub since_unix_s: Option<u64>,
    /// Until when, in seconds since 1970.
    pub until_unix_s: Option<u64>,
}

/// Whether a shadow can take over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Verdict {
    /// It can.
    Promote,
    /// Too little was compared.
    NotEnoughData,
    /// It cannot.
    Regressed,
    /// It may be good enough, or not. Also a word that this version does not know.
    #[serde(other)]
    Hold,
}

impl Verdict {
    /// How far it is from `promote`, which is at 0.
    #[must_use]
    pub const fn distance(self) -> u8 {
        match self {
            Self::Promote => 0,
            Self::NotEnoughData => 1,
            Self::Hold => 2,
            Self::Regressed => 3,
        }
    }

    /// The verdict as it is written, like `not_enough_data`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Promote => "promote",
            Self::NotEnoughData => "not_enough_data",
            Self::Hold => "hold",
            Self::Regressed => "regressed",
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// One target of a mirror.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct TargetSnapshot {
    /// Its name.
    pub name: String,
    /// Whether it is the baseline that shadows are compared beside.
    pub is_baseline: bool,
    /// Whether it can take over; `None` if its responses are not compared.
    pub verdict: Option<Verdict>,
    /// Why, in words.
    pub reason: String,
    /// How many more requests without a difference, a failure or a slow response it takes to
    /// promote, if nothing but evidence is missing; 0 if none is.
    pub needed: u64,
    /// The share of the requests that is copied, and who has set it.
    pub share: Share,
    /// Whether its circuit is open, so that copies are shed; `None` if that is not known.
    pub is_circuit_open: Option<bool>,
    /// Copies that left each second, over the last ten seconds or so; `None` until that is known.
    pub sent_per_s: Option<f64>,
    /// All counts since the process began.
    pub stats: Stats,
    /// What happened in the last minutes: `5m`, `1h` and `reset`. Not in events.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub windows: Vec<Window>,
    /// The latencies of the last minutes, for a chart. Only if they were asked for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub series: Vec<Series>,
    /// The comparisons; `None` if there are none. Not in events.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub report: Option<Report>,
}

/// The counters of a target.
///
/// `received == sent + skipped + shed` and `sent == answered + failed + in_flight`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Stats {
    /// Requests that reached the mirror and whose outcome is decided.
    pub received: u64,
    /// Copies that left.
    pub sent: u64,
    /// Copies that got a response, whatever its status.
    pub answered: u64,
    /// Those of `answered` whose response had not ended when the time of the copy was over.
    pub cut: u64,
    /// Copies that got no complete response.
    pub failed: u64,
    /// Copies that are under way: a gauge.
    pub in_flight: u64,
    /// How many may be: the option `max_in_flight`.
    pub max_in_flight: u64,
    /// Copies that were sent once more.
    pub resends: u64,
    /// Connections that were closed because the shadow sent more than its copies allow.
    pub floods: u64,
    /// Requests that were deliberately not sent.
    pub skipped: u64,
    /// Requests that were not sent in order to protect the process.
    pub shed: u64,
    /// Bytes of the bodies of copies that left.
    pub bytes: u64,
    /// Responses that were compared.
    pub compared: u64,
    /// Those that differ, before anybody asks whether that is noise.
    pub raw_mismatched: u64,
    /// Those whose body is no longer a value of the handler's return type.
    pub schema_mismatch: u64,
    /// Responses that were not compared.
    pub not_compared: u64,
    /// Differences of all responses, noise included.
    pub differences: u64,
    /// The time from the moment a copy left to the last byte of its response.
    pub latency: Latency,
    /// The time from the moment a copy left to the head of its response.
    pub first_byte: Latency,
    /// `answered` by class of status: `2xx`.
    pub answered_by_class: Counts,
    /// `failed` by kind: `timeout`.
    pub failed_by_kind: Counts,
    /// `skipped` by reason: `not_sampled`.
    pub skipped_by_reason: Counts,
    /// `shed` by reason: `circuit_open`.
    pub shed_by_reason: Counts,
    /// `not_compared` by reason: `too_large`.
    pub not_compared_by_reason: Counts,
    /// `differences` by kind: `value`.
    pub differences_by_kind: Counts,
    /// Mismatches that were to be recorded, by what became of them: `recorded`.
    pub fixtures_by_outcome: Counts,
    /// Calls of the program's own code, by callback and by what became of them: `on_error`, `ran`.
    pub callbacks_by_outcome: BTreeMap<String, Counts>,
}

/// How long things took: a quantile is at most 6 % too large.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Latency {
    /// How many were noted.
    pub count: u64,
    /// The time that half of them took at most, in microseconds; `None` if nothing was noted.
    pub p50_us: Option<u64>,
    /// The time that 95 of 100 took at most.
    pub p95_us: Option<u64>,
    /// The time that 99 of 100 took at most.
    pub p99_us: Option<u64>,
}

/// The counts of a span of time that ends now.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Window {
    /// `5m`, `1h`, or `reset`: since the report on this target began.
    pub name: String,
    /// How many seconds it covers by now: fewer than its name says if the mirror was made later than
    /// that, or if the page was, and the mirror is too old for all of it to be in the window. The
    /// last minutes are divided into parts of 5 seconds, the last hour into minutes.
    pub seconds: u64,
    /// Requests that reached the mirror.
    pub received: u64,
    /// Copies that left.
    pub sent: u64,
    /// Copies that got a response.
    pub answered: u64,
    /// Copies that got none.
    pub failed: u64,
    /// Requests that were deliberately not sent.
    pub skipped: u64,
    /// Requests that were not sent in order to protect the process.
    pub shed: u64,
    /// Responses that were compared.
    pub compared: u64,
    /// Those that differ, before anybody asks whether that is noise, or are no longer of the type.
    pub raw_mismatched: u64,
    /// `failed` by kind.
    pub failed_by_kind: Counts,
    /// How long the target took.
    pub latency: Latency,
    /// How long the primary took.
    pub primary_latency: Latency,
}

/// Latencies over time, the oldest first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Series {
    /// `5m` or `1h`.
    pub name: String,
    /// The seconds from one point to the next.
    pub step_s: u64,
    /// How long the target took.
    pub target: Vec<Latency>,
    /// How long the primary took, at the same times.
    pub primary: Vec<Latency>,
}

/// The comparisons with one target, since the report on it began.
///
/// `compared == matched + mismatched + schema_mismatch`. These are gauges: what is noise is decided
/// anew for each report.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Report {
    /// When it began, in seconds since 1970: with the first response of this version of the
    /// shadow, or when it was restarted. `None` if nothing was seen yet.
    pub since_unix_s: Option<u64>,
    /// What the shadow says its version is.
    pub version: Option<String>,
    /// Responses that were compared.
    pub compared: u64,
    /// Those that agree, or differ in noise only.
    pub matched: u64,
    /// Those of `matched` that are equal.
    pub equal: u64,
    /// Those of `matched` that differ in noise.
    pub noise: u64,
    /// Those that differ.
    pub mismatched: u64,
    /// Those whose body is no longer a value of the handler's return type.
    pub schema_mismatch: u64,
    /// Responses that were not compared.
    pub not_compared: u64,
    /// `not_compared` by reason.
    pub not_compared_by_reason: Counts,
    /// `compared` by the class of the primary's status.
    pub compared_by_class: Counts,
    /// Different requests among those that were compared.
    pub distinct: u64,
    /// The share of `compared` that matched; `None` if nothing was compared.
    pub match_rate: Option<Rate>,
    /// Sampled requests that were not answered, by reason.
    pub unanswered: Counts,
    /// Responses in which only the shadow differs, and only the baseline.
    pub responses: Paired,
    /// Responses for which the shadow is slow, and for which the baseline or the primary is.
    pub slow: Paired,
    /// How long the primary took for what was compared.
    pub primary_latency: Latency,
    /// How long the shadow took.
    pub shadow_latency: Latency,
    /// How long the baseline took.
    pub baseline_latency: Latency,
    /// The last five minutes, the last hour, and all of it.
    pub windows: Vec<ReportWindow>,
    /// The places at which responses differ, the most frequent first, and noise last.
    pub differences: Vec<Group>,
    /// Differences of further groups.
    pub other_differences: u64,
    /// Rules that would settle mismatches, those that settle most first.
    pub suggestions: Vec<Suggestion>,
    /// Values of the shadow that are foreign to the old version, at places that are noise, in words.
    pub foreign: Vec<String>,
    /// Why the baseline confirms nothing, in words.
    pub unfit_baseline: Option<String>,
    /// How much of both documents was equal in the middle of all comparisons, from 0 to 1.
    pub coverage: Option<f64>,
    /// The comparisons by route.
    pub routes: Vec<Route>,
    /// Headers that differ and were not compared, with the number of responses.
    pub uncompared_headers: Counts,
    /// Rules that were about nothing.
    pub unused_rules: Vec<String>,
}

/// A share, with the interval in which the true one lies with a confidence of 95 %.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Rate {
    /// The share, from 0 to 1.
    pub rate: f64,
    /// The lower end.
    pub low: f64,
    /// The upper end.
    pub high: f64,
}

/// Requests by who differs, or is slow: see the chapter about the verdict.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Paired {
    /// All of them.
    pub n: u64,
    /// Those in which only the shadow is.
    pub b: u64,
    /// Those in which only the baseline is.
    pub c: u64,
}

/// What the report says of a span of time that ends now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ReportWindow {
    /// How long it is.
    pub seconds: u64,
    /// Responses that were compared, and those that differ.
    pub responses: Paired,
    /// Requests that were sampled, and those that were not answered.
    pub asked: Paired,
    /// Responses that were compared, and those that are slow.
    pub slow: Paired,
}

/// Differences of one kind at one place.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Group {
    /// The place: a JSON pointer in which `*` stands for any index, or the name of a header; `""`
    /// for the whole body, and for the status.
    pub pointer: String,
    /// In what way: `value`, `missing`, `extra`, `type`, `length`, `status`, `header` and others.
    pub kind: String,
    /// In how many comparisons there is such a difference.
    pub comparisons: u64,
    /// How many such differences there are in all.
    pub differences: u64,
    /// Whether it is noise: responses of the old version differ from one another there as often.
    pub noise: bool,
    /// In what share of the requests that a baseline answered too the shadow differed there.
    pub shadow_rate: Option<f64>,
    /// In what share of them the baseline did.
    pub baseline_rate: Option<f64>,
    /// The option that lets it differ, to paste into the attribute: `ignore = ["/generated_at"]`.
    /// `None` if there is none, as for a status.
    pub option: Option<String>,
    /// The first and the last of them that were kept. Only if examples were asked for, and are
    /// allowed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub examples: Vec<Example>,
}

/// One difference, without its secrets.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Example {
    /// The method of the request.
    pub method: String,
    /// Its path.
    pub path: String,
    /// Its query.
    pub query: Option<String>,
    /// The place of the difference.
    pub pointer: String,
    /// The primary's value; `None` if it has none there.
    pub primary: Option<String>,
    /// The shadow's value.
    pub shadow: Option<String>,
}

/// A rule that would settle mismatches.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Suggestion {
    /// The option to paste: `tolerance = { "/total" = 0.01 }`.
    pub option: String,
    /// The place.
    pub pointer: String,
    /// Mismatches in which it would settle some difference.
    pub mismatches: u64,
    /// Those of them that would be matches with this rule alone.
    pub settled: u64,
}

/// The comparisons of one route.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Route {
    /// The route; `_other` for all beyond the first 100.
    pub route: String,
    /// Responses that were compared.
    pub compared: u64,
    /// Those that differ, and not as often in the baseline.
    pub differ: u64,
    /// Requests that were sampled and not compared.
    pub not_compared: u64,
}
