//! Which records are replayed.

use std::{
    collections::BTreeSet,
    fmt,
    str::FromStr,
    time::{Duration, SystemTime},
};

use mirror_record::Record;

/// Conditions that a record must meet, all of them: `method=GET,HEAD path=/orders/* status!=5xx`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter(Vec<Condition>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Condition {
    key: Key,
    is_not: bool,
    /// One of them must fit.
    values: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Key {
    Method,
    Path,
    Status,
    Host,
    Outcome,
    Session,
}

/// A text is no filter.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ParseFilterError(String);

impl FromStr for Filter {
    type Err = ParseFilterError;

    fn from_str(text: &str) -> Result<Self, ParseFilterError> {
        let conditions = text.split_whitespace().map(condition);
        let conditions: Vec<_> = conditions.collect::<Result<_, _>>()?;
        if conditions.is_empty() {
            return Err(ParseFilterError(
                "it is empty; write conditions like `method=GET path=/orders/*`".to_owned(),
            ));
        }
        Ok(Self(conditions))
    }
}

fn condition(word: &str) -> Result<Condition, ParseFilterError> {
    let Some((key, values)) = word.split_once('=') else {
        return Err(ParseFilterError(format!(
            "`{word}` is no condition; write `key=value` or `key!=value`"
        )));
    };
    let (key, is_not) = match key.strip_suffix('!') {
        Some(key) => (key, true),
        None => (key, false),
    };
    let key = match key {
        "method" => Key::Method,
        "path" => Key::Path,
        "status" => Key::Status,
        "host" => Key::Host,
        "outcome" => Key::Outcome,
        "session" => Key::Session,
        other => {
            return Err(ParseFilterError(format!(
                "there is no condition `{other}`; there are `method`, `path`, `status`, `host`, \
                 `outcome` and `session`"
            )));
        }
    };
    let values: Vec<_> = values.split(',').map(str::to_owned).collect();
    for value in &values {
        check(key, value)?;
    }
    Ok(Condition {
        key,
        is_not,
        values,
    })
}

fn check(key: Key, value: &str) -> Result<(), ParseFilterError> {
    let wanted = match key {
        _ if value.is_empty() => "a value behind `=`",
        Key::Path if !value.starts_with(['/', '*']) => "a path like `/orders/*`",
        Key::Status if !is_status(value) => "a status like `200` or `5xx`",
        Key::Outcome if !["complete", "cancelled", "failed", "cut"].contains(&value) => {
            "`complete`, `cancelled`, `failed` or `cut`"
        }
        Key::Session if value != "none" && value.len() != 32 => "32 hexadecimal digits, or `none`",
        _ => return Ok(()),
    };
    Err(ParseFilterError(format!("`{value}`: write {wanted}")))
}

fn is_status(value: &str) -> bool {
    let bytes = value.as_bytes();
    let is_class = bytes.len() == 3 && &bytes[1..] == b"xx";
    bytes.len() == 3
        && (b'1'..=b'9').contains(&bytes[0])
        && (is_class || bytes.iter().all(u8::is_ascii_digit))
}

impl Filter {
    /// Whether a record meets all conditions.
    #[must_use]
    pub fn fits(&self, record: &Record) -> bool {
        self.0.iter().all(|condition| condition.fits(record))
    }
}

impl Condition {
    fn fits(&self, record: &Record) -> bool {
        let fits = self.values.iter().any(|value| self.key.fits(value, record));
        fits != self.is_not
    }
}

impl Key {
    fn fits(self, value: &str, record: &Record) -> bool {
        match self {
            Self::Method => record.request.method.eq_ignore_ascii_case(value),
            Self::Path => matches(value.as_bytes(), path(&record.request.target)),
            Self::Status => record.response.as_ref().is_some_and(|response| {
                let status = response.status.to_string();
                status == value || value.ends_with("xx") && status.starts_with(&value[..1])
            }),
            Self::Host => {
                let mut headers = record.request.headers.iter();
                let host = headers.find(|(name, _)| name.eq_ignore_ascii_case(b"host"));
                host.is_some_and(|(_, host)| {
                    matches(
                        value.to_ascii_lowercase().as_bytes(),
                        &host.to_ascii_lowercase(),
                    )
                })
            }
            Self::Outcome => record.outcome.as_str() == value,
            Self::Session => record.session.map_or(value == "none", |session| {
                session.to_string().eq_ignore_ascii_case(value)
            }),
        }
    }
}

/// The path of a target, without its query.
pub(crate) fn path(target: &[u8]) -> &[u8] {
    let end = target.iter().position(|byte| *byte == b'?');
    &target[..end.unwrap_or(target.len())]
}

/// Whether a text is like a pattern, in which `*` stands for any characters, also `/`.
fn matches(pattern: &[u8], text: &[u8]) -> bool {
    let (mut at, mut in_text) = (0, 0);
    // Where the last `*` is, and up to where it reaches.
    let mut star: Option<(usize, usize)> = None;
    while in_text < text.len() {
        match pattern.get(at) {
            Some(b'*') => {
                star = Some((at, in_text));
                at += 1;
            }
            Some(byte) if *byte == text[in_text] => {
                at += 1;
                in_text += 1;
            }
            _ => {
                let Some((back, reaches)) = star else {
                    return false;
                };
                star = Some((back, reaches + 1));
                at = back + 1;
                in_text = reaches + 1;
            }
        }
    }
    pattern[at..].iter().all(|byte| *byte == b'*')
}

/// All that says which records are replayed.
#[derive(Clone, Debug, Default)]
pub struct Selection {
    /// Those of this mirror.
    pub mirror: String,
    /// Those that arrived then or later.
    pub since: Option<SystemTime>,
    /// Those that arrived before.
    pub until: Option<SystemTime>,
    /// Those that fit one of these, if there are some.
    pub only: Vec<Filter>,
}

impl Selection {
    /// Whether a record is replayed.
    #[must_use]
    pub fn has(&self, record: &Record) -> bool {
        let arrived = record.arrived();
        record.mirror == self.mirror
            && self.since.is_none_or(|since| arrived >= since)
            && self.until.is_none_or(|until| arrived < until)
            && (self.only.is_empty() || self.only.iter().any(|filter| filter.fits(record)))
    }
}

/// The mirrors of records that were read: that which was asked for, and others.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Mirrors {
    /// Whether there is a record of the mirror that was asked for.
    is_there: bool,
    others: BTreeSet<String>,
}

impl Mirrors {
    /// A person reads them.
    const MAX: usize = 16;

    /// Notes a record that is not replayed.
    pub(crate) fn note(&mut self, record: &Record, selection: &Selection) {
        if record.mirror == selection.mirror {
            self.is_there = true;
        } else if self.others.len() < Self::MAX && !self.others.contains(&record.mirror) {
            self.others.insert(record.mirror.clone());
        }
    }

    /// The others, if there is no record of the mirror that was asked for.
    pub(crate) fn instead(self) -> Vec<String> {
        if self.is_there {
            return Vec::new();
        }
        self.others.into_iter().collect()
    }
}

/// A point in time as people write it: `2026-11-27T08:00:00Z`, `2026-11-27 08:00`, `2026-11-27`,
/// `2026-11-27T09:00+01:00`, seconds since 1970 like `1795766600`, or how long ago it was: `2h`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment(pub SystemTime);

/// A text is no point in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "write a time in UTC, like `2026-11-27T08:00:00Z` or `2026-11-27`, one with an offset, like \
     `2026-11-27T09:00+01:00`, seconds since 1970, like `1795766600`, or how long ago, like `2h`"
)]
pub struct ParseMomentError;

impl FromStr for Moment {
    type Err = ParseMomentError;

    fn from_str(text: &str) -> Result<Self, ParseMomentError> {
        Self::read(text, SystemTime::now()).ok_or(ParseMomentError)
    }
}

impl Moment {
    fn read(text: &str, now: SystemTime) -> Option<Self> {
        if let Ok(ago) = humantime::parse_duration(text) {
            return now.checked_sub(ago).map(Self);
        }
        // A year has four digits, and milliseconds have more.
        if (9..=11).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit()) {
            let since = Duration::from_secs(text.parse().ok()?);
            return SystemTime::UNIX_EPOCH.checked_add(since).map(Self);
        }
        let (text, east, west) = offset(text)?;
        let rest = match text.len() {
            10 => "T00:00:00Z",
            16 => ":00Z",
            _ => "",
        };
        let time = humantime::parse_rfc3339_weak(&format!("{text}{rest}")).ok()?;
        let is_representable = time.duration_since(SystemTime::UNIX_EPOCH).is_ok();
        let time = time.checked_sub(east)?.checked_add(west)?;
        is_representable.then_some(Self(time))
    }
}

/// A time without its offset, and how much is that to the east and to the west of UTC.
fn offset(text: &str) -> Option<(&str, Duration, Duration)> {
    let start = text.len().checked_sub("+01:00".len());
    let split = start.and_then(|start| text.split_at_checked(start));
    let Some((time, offset)) = split.filter(|(_, offset)| {
        offset.starts_with(['+', '-']) && offset.as_bytes().get(3) == Some(&b':')
    }) else {
        return Some((text, Duration::ZERO, Duration::ZERO));
    };
    let number = |digits: &str| digits.parse::<u64>().ok();
    let (hours, minutes) = (number(offset.get(1..3)?)?, number(offset.get(4..)?)?);
    let is_offset = hours < 24 && minutes < 60 && !time.ends_with(['Z', 'z']);
    let offset_by = Duration::from_secs((hours * 60 + minutes) * 60);
    is_offset.then_some(if offset.starts_with('+') {
        (time, offset_by, Duration::ZERO)
    } else {
        (time, Duration::ZERO, offset_by)
    })
}

/// Nanoseconds since the beginning of 1970.
pub(crate) fn unix_ns(time: SystemTime) -> u64 {
    let since = time
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or(Duration::ZERO);
    u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
}

impl fmt::Display for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut separator = "";
        for condition in &self.0 {
            let key = match condition.key {
                Key::Method => "method",
                Key::Path => "path",
                Key::Status => "status",
                Key::Host => "host",
                Key::Outcome => "outcome",
                Key::Session => "session",
            };
            let is = if condition.is_not { "!=" } else { "=" };
            write!(f, "{separator}{key}{is}{}", condition.values.join(","))?;
            separator = " ";
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use mirror_record::{RecordId, Request, Response, SessionHash};

    use super::*;

    fn record(method: &str, target: &'static str, status: u16) -> Record {
        let mut request = Request::new(method, target);
        request.headers.push(("Host".into(), "Shop.example".into()));
        let mut record = Record::new(RecordId::from_parts(1, 1), "orders", request);
        record.response = Some(Response::new(status));
        record.session = Some(SessionHash([0xAB; 16]));
        record
    }

    #[test]
    fn all_conditions_of_a_filter_must_be_met() {
        let orders = record("GET", "/orders/7/items?path=/x", 200);
        for (filter, fits) in [
            ("method=GET path=/orders/*", true),
            ("method=get", true),
            ("method=POST,GET", true),
            ("method!=GET", false),
            ("method=POST", false),
            ("path=/orders", false),
            ("path=/orders/*/items", true),
            ("path=*/x", false),
            ("path!=/health,/ready", true),
            ("status=2xx", true),
            ("status=200,404", true),
            ("status=5xx", false),
            ("host=shop.*", true),
            ("outcome=failed", true),
            ("outcome=complete", false),
            ("session=none", false),
            ("session=abababababababababababababababab", true),
            ("method=GET status=404", false),
        ] {
            let parsed: Filter = filter.parse().unwrap();
            assert_eq!(parsed.fits(&orders), fits, "{filter}");
            assert_eq!(parsed.to_string().parse(), Ok(parsed));
        }
    }

    #[test]
    fn what_is_no_filter_says_what_is_one() {
        for (filter, said) in [
            ("", "method=GET"),
            ("GET", "key=value"),
            ("verb=GET", "`method`"),
            ("path=orders", "`/orders/*`"),
            ("status=2x", "`5xx`"),
            ("method=", "a value"),
            ("outcome=good", "`complete`"),
            ("session=1", "32"),
        ] {
            let error = filter.parse::<Filter>().unwrap_err().to_string();
            assert!(error.contains(said), "{filter}: {error}");
        }
    }

    #[test]
    fn patterns_go_back_as_far_as_they_must() {
        for (pattern, text, is_like) in [
            ("*", "", true),
            ("/a*b", "/axbxb", true),
            ("/a*b*c", "/abcbc", true),
            ("/a*b*c", "/abcb", false),
            ("/a", "/ab", false),
            ("/**", "/", true),
        ] {
            assert_eq!(
                matches(pattern.as_bytes(), text.as_bytes()),
                is_like,
                "{pattern} {text}"
            );
        }
    }

    #[test]
    fn a_selection_has_a_beginning_and_an_end() {
        let mut record = record("GET", "/", 200);
        record.arrived_ns = 10_000_000_000;
        let at = |seconds| Some(SystemTime::UNIX_EPOCH + Duration::from_secs(seconds));
        let mut selection = Selection {
            mirror: "orders".to_owned(),
            ..Selection::default()
        };
        for (since, until, has) in [
            (None, None, true),
            (at(10), at(11), true),
            (at(11), None, false),
            (None, at(10), false),
        ] {
            (selection.since, selection.until) = (since, until);
            assert_eq!(selection.has(&record), has);
        }
        selection.mirror = "users".to_owned();
        assert!(!selection.has(&record));
    }

    #[test]
    fn times_are_dates_or_ages() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_795_766_600);
        for (text, seconds) in [
            ("2026-11-27T08:03:20Z", Some(1_795_766_600)),
            ("2026-11-27 08:03:20", Some(1_795_766_600)),
            ("2026-11-27 08:03", Some(1_795_766_580)),
            ("2026-11-27", Some(1_795_737_600)),
            ("2026-11-27T09:03:20+01:00", Some(1_795_766_600)),
            ("2026-11-27 02:33-05:30", Some(1_795_766_580)),
            ("2026-11-27T08:03:20.5+00:00", Some(1_795_766_600)),
            ("2026-11-27+01:00", Some(1_795_734_000)),
            ("1795766600", Some(1_795_766_600)),
            ("1795766600000", None),
            ("2026", None),
            ("2026-11-27T08:03:20Z+01:00", None),
            ("2026-11-27T08:03:20+1:000", None),
            ("2026-11-27T08:03:20+25:00", None),
            ("+01:00", None),
            ("ü+01:00", None),
            ("10s", Some(1_795_766_590)),
            ("yesterday", None),
            ("2026-13-01", None),
            ("", None),
        ] {
            let read = Moment::read(text, now).map(|moment| unix_ns(moment.0) / 1_000_000_000);
            assert_eq!(read, seconds, "{text}");
        }
    }
}
