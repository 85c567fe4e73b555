//! Dates and moments, all in UTC.

use std::{fmt, time::Duration};

/// The first and the last year that a date may have: those of four digits that the clock of a
/// computer counts.
const YEARS: (u16, u16) = (1970, 9999);

const SECONDS_OF_A_DAY: u64 = 24 * 60 * 60;

/// A day of the calendar.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Date {
    year: u16,
    month: u8,
    day: u8,
}

/// Why a text is no date, or no moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DateError {
    /// It is not written as `2027-01-31`.
    Malformed,
    /// The year is before 1970.
    TooEarly,
    /// There is no such day.
    NoSuchDay,
    /// It is a date with a time that is not written as `2027-01-31T14:30:00Z`.
    NoTime,
}

impl DateError {
    /// The text of the error: a constant, for `const` evaluation.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Malformed => "a date has a year, a month and a day, like `2027-01-31`",
            Self::TooEarly => "the year must be from 1970 to 9999",
            Self::NoSuchDay => "there is no such day",
            Self::NoTime => "a date with a time is in UTC, like `2027-01-31T14:30:00Z`",
        }
    }
}

impl fmt::Display for DateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl std::error::Error for DateError {}

/// Parses a date: `2027-01-31`, as RFC 3339 writes it.
///
/// # Errors
///
/// [`DateError`]
pub const fn parse_date(text: &str) -> Result<Date, DateError> {
    let text = text.as_bytes();
    if text.len() != 10 || text[4] != b'-' || text[7] != b'-' {
        return Err(DateError::Malformed);
    }
    let (Some(year), Some(month), Some(day)) =
        (number(text, 0, 4), number(text, 5, 2), number(text, 8, 2))
    else {
        return Err(DateError::Malformed);
    };
    if year < YEARS.0 {
        return Err(DateError::TooEarly);
    }
    if month < 1 || month > 12 || day < 1 || day > days_of(year, month) {
        return Err(DateError::NoSuchDay);
    }
    #[expect(clippy::cast_possible_truncation, reason = "they have two digits")]
    Ok(Date {
        year,
        month: month as u8,
        day: day as u8,
    })
}

/// Parses a moment: a date, which is its first moment in UTC, or `2027-01-31T14:30:00Z`. It is the
/// time since 1970.
///
/// # Errors
///
/// [`DateError`]
pub fn parse_moment(text: &str) -> Result<Duration, DateError> {
    let Some((date, time)) = text.split_once(['T', 't', ' ']) else {
        return Ok(parse_date(text)?.since_epoch());
    };
    let date = parse_date(date)?;
    let time = time.strip_suffix(['Z', 'z']).ok_or(DateError::NoTime)?;
    let time = time.as_bytes();
    if !matches!(time.len(), 5 | 8) || time[2] != b':' || time.get(5).is_some_and(|c| *c != b':') {
        return Err(DateError::NoTime);
    }
    let second = if time.len() == 5 {
        Some(0)
    } else {
        number(time, 6, 2)
    };
    match (number(time, 0, 2), number(time, 3, 2), second) {
        (Some(hour @ ..24), Some(minute @ ..60), Some(second @ ..60)) => {
            let seconds = (u64::from(hour) * 60 + u64::from(minute)) * 60 + u64::from(second);
            Ok(date.since_epoch() + Duration::from_secs(seconds))
        }
        _ => Err(DateError::NoTime),
    }
}

/// A number of so many digits.
const fn number(text: &[u8], from: usize, digits: usize) -> Option<u16> {
    let (mut number, mut at) = (0, from);
    while at < from + digits {
        if !text[at].is_ascii_digit() {
            return None;
        }
        number = number * 10 + (text[at] - b'0') as u16;
        at += 1;
    }
    Some(number)
}

const fn is_leap(year: u16) -> bool {
    year.is_multiple_of(4) && !year.is_multiple_of(100) || year.is_multiple_of(400)
}

const fn days_of(year: u16, month: u16) -> u16 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if is_leap(year) => 29,
        2 => 28,
        _ => 31,
    }
}

impl Date {
    /// The time from 1970 to the first moment of the day.
    #[must_use]
    pub const fn since_epoch(self) -> Duration {
        let (mut days, mut year, mut month) = (self.day as u64 - 1, YEARS.0, 1);
        while year < self.year {
            days += if is_leap(year) { 366 } else { 365 };
            year += 1;
        }
        while month < self.month as u16 {
            days += days_of(self.year, month) as u64;
            month += 1;
        }
        Duration::from_secs(days * SECONDS_OF_A_DAY)
    }

    /// The day of a moment, and the time of that day; the last day there is, for what is later.
    fn at(since_epoch: Duration) -> (Self, Duration) {
        let mut days = since_epoch.as_secs() / SECONDS_OF_A_DAY;
        let time = since_epoch.saturating_sub(Duration::from_secs(days * SECONDS_OF_A_DAY));
        let (mut year, mut month) = (YEARS.0, 1);
        loop {
            let of_year = if is_leap(year) { 366 } else { 365 };
            if days < of_year || year == YEARS.1 {
                break;
            }
            days -= of_year;
            year += 1;
        }
        loop {
            let of_month = u64::from(days_of(year, month));
            if days < of_month || month == 12 {
                break;
            }
            days -= of_month;
            month += 1;
        }
        let day = u8::try_from(days.min(30) + 1).unwrap_or(31);
        let month = u8::try_from(month).unwrap_or(12);
        (Self { year, month, day }, time)
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }
}

/// A moment, from the time since 1970, as RFC 3339 writes it: `2027-01-31T14:30:00Z`.
#[derive(Clone, Copy, Debug)]
pub struct Moment(pub Duration);

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (date, time) = Date::at(self.0);
        let seconds = time.as_secs();
        let (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
        write!(f, "{date}T{hour:02}:{minute:02}:{second:02}Z")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_is_the_first_moment_of_its_day() {
        for (text, days) in [
            ("1970-01-01", 0),
            ("1970-12-31", 364),
            ("1972-02-29", 789),
            ("2000-02-29", 11_016),
            ("2000-03-01", 11_017),
            ("2027-01-31", 20_849),
            ("2100-03-01", 47_541),
            ("9999-12-31", 2_932_896),
        ] {
            let date = parse_date(text).unwrap();
            let since = Duration::from_secs(days * SECONDS_OF_A_DAY);
            assert_eq!(date.since_epoch(), since, "{text}");
            assert_eq!(date.to_string(), text);
            assert_eq!(Moment(since).to_string(), format!("{text}T00:00:00Z"));
        }
    }

    #[test]
    fn every_day_is_the_one_that_it_is_written_as() {
        for days in 0..60_000 {
            let since = Duration::from_secs(days * SECONDS_OF_A_DAY + 86_399);
            let text = Moment(since).to_string();
            assert_eq!(parse_moment(&text), Ok(since), "{text}");
        }
    }

    #[test]
    fn each_mistake_of_a_date_has_its_error() {
        for (text, error) in [
            ("", DateError::Malformed),
            ("2027-1-31", DateError::Malformed),
            ("31.01.2027", DateError::Malformed),
            ("2027/01/31", DateError::Malformed),
            ("2027-01-31T", DateError::Malformed),
            ("+027-01-31", DateError::Malformed),
            ("2027-0a-31", DateError::Malformed),
            ("1969-12-31", DateError::TooEarly),
            ("2027-02-29", DateError::NoSuchDay),
            ("2100-02-29", DateError::NoSuchDay),
            ("2027-13-01", DateError::NoSuchDay),
            ("2027-00-10", DateError::NoSuchDay),
            ("2027-04-31", DateError::NoSuchDay),
            ("2027-04-00", DateError::NoSuchDay),
        ] {
            assert_eq!(parse_date(text), Err(error), "{text}");
        }
    }

    #[test]
    fn a_moment_has_a_time_in_utc() {
        let day = parse_date("2027-01-31").unwrap().since_epoch();
        for (text, seconds) in [
            ("2027-01-31", 0),
            ("2027-01-31T14:30Z", 52_200),
            ("2027-01-31 14:30:01z", 52_201),
        ] {
            let since = day + Duration::from_secs(seconds);
            assert_eq!(parse_moment(text), Ok(since), "{text}");
        }
        for text in [
            "2027-01-31T14:30:00",
            "2027-01-31T14:30:00+01:00",
            "2027-01-31T24:00:00Z",
            "2027-01-31T14:60Z",
            "2027-01-31T1430Z",
            "2027-01-31T14:30:00.5Z",
        ] {
            assert_eq!(parse_moment(text), Err(DateError::NoTime), "{text}");
        }
        assert_eq!(parse_moment("2027-02-30T14:30Z"), Err(DateError::NoSuchDay));
    }
}
