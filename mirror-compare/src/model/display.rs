//! A comparison as a diff that a person reads at a glance.

use std::{
    collections::HashMap,
    fmt::{self, Display, Formatter, Write},
};

use similar::{DiffOp, DiffTag, group_diff_ops};

use crate::model::{
    comparison::Comparison, difference::Difference, edits::edits, kind::DifferenceKind,
};

/// Values up to this length stand in one line.
const SHORT: usize = 60;

/// Lines of a text that are shown around one that differs.
const CONTEXT: usize = 2;

/// ```text
/// GET /orders/7?full=1: mismatch, 3 differences (orders -> staging)
///   primary 200 in 1.2ms, shadow 200 in 3.4ms
///   + /customer/full_name: "Ann"
///   - /customer/name: "Ann"
///   ~ /total: 12.5 -> 13
/// ```
///
/// As `{:#}` on one line: `GET /orders/7?full=1: mismatch, 3 differences (orders -> staging), ~
/// /total: 12.5 -> 13 and 2 more`
impl Display for Comparison {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.method, Printable(&self.path))?;
        if let Some(query) = &self.query {
            write!(f, "?{}", Printable(query))?;
        }
        write!(f, ": {}", self.verdict)?;
        match self.differences.len() + self.more_differences {
            0 => {}
            1 => f.write_str(", 1 difference")?,
            count => write!(f, ", {count} differences")?,
        }
        if self.may_be_noise {
            f.write_str(", may be noise")?;
        }
        let (mirror, target) = (Printable(&self.mirror), Printable(&self.target));
        write!(f, " ({mirror} -> {target})")?;
        if f.alternate() {
            return self.rest_of_line(f);
        }
        write!(f, "\n  primary {}", self.primary_status.as_u16())?;
        write!(f, " in {:.1?}, shadow ", self.primary_latency)?;
        match (self.shadow_status, self.shadow_latency) {
            (Some(status), Some(latency)) => write!(f, "{} in {latency:.1?}", status.as_u16())?,
            _ => f.write_str("without a response")?,
        }
        if let Some(id) = &self.request_id {
            write!(f, ", x-request-id {}", Printable(id))?;
        }
        for difference in &self.differences {
            write!(f, "\n{difference}")?;
        }
        if self.more_differences > 0 {
            write!(f, "\n  and {} more", self.more_differences)?;
        }
        for note in &self.notes {
            write!(f, "\n  note: {note}")?;
        }
        Ok(())
    }
}

impl Comparison {
    /// The first difference that is no noise, if there is one.
    fn rest_of_line(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let mut differences = self.differences.iter();
        let first = differences.clone().find(|difference| !difference.noise);
        if let Some(first) = first.or_else(|| differences.next()) {
            write!(f, ", {first:#}")?;
            match self.differences.len() + self.more_differences - 1 {
                0 => {}
                more => write!(f, " and {more} more")?,
            }
        }
        match &self.request_id {
            Some(id) => write!(f, ", x-request-id {}", Printable(id)),
            None => Ok(()),
        }
    }
}

/// One line, `  ~ /total: 12.5 -> 13`; several if the values are long: `-` for the primary's, `+`
/// for the shadow's. As `{:#}` always one line, with values cut around the first difference.
impl Display for Difference {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let (primary, shadow) = (self.primary.as_deref(), self.shadow.as_deref());
        let sign = match (self.kind, primary, shadow) {
            (DifferenceKind::Missing, ..) | (_, Some(_), None) => '-',
            (DifferenceKind::Extra, ..) | (_, None, Some(_)) => '+',
            _ => '~',
        };
        let indent = if f.alternate() { "" } else { "  " };
        write!(f, "{indent}{sign} ")?;
        match (self.kind, &*self.pointer) {
            (DifferenceKind::Status | DifferenceKind::NotModified, _) => f.write_str("status")?,
            (DifferenceKind::Header | DifferenceKind::Trailer, name) => {
                write!(f, "{} {}", self.kind, Printable(name))?;
                match (primary, shadow) {
                    (Some(_), None) => f.write_str(" (the primary's only)")?,
                    (None, Some(_)) => f.write_str(" (the shadow's only)")?,
                    _ => {}
                }
            }
            (DifferenceKind::Length, "") => f.write_str("(body) length")?,
            (DifferenceKind::Length, pointer) => write!(f, "{} length", Printable(pointer))?,
            (_, "") => f.write_str("(body)")?,
            (_, pointer) => write!(f, "{}", Printable(pointer))?,
        }
        if self.noise {
            f.write_str(" (noise)")?;
        }
        if f.alternate() {
            return match (primary, shadow) {
                (None, None) => Ok(()),
                _ => write!(f, ": {}", self.in_short(SHORT)),
            };
        }
        values(f, primary, shadow)
    }
}

impl Difference {
    /// `12.5 -> 13`: both values on one line, each of about so many characters at most, around the
    /// first difference.
    pub(crate) fn in_short(&self, characters: usize) -> String {
        let values = [self.primary.as_deref(), self.shadow.as_deref()];
        let texts = values.map(Option::unwrap_or_default);
        let is_same = |(one, other): &(char, char)| one == other;
        let same = texts[0]
            .chars()
            .zip(texts[1].chars())
            .take_while(is_same)
            .count();
        let [one, other] = values.map(|value| match value {
            Some(value) => around(value, same, characters),
            None => "none".to_owned(),
        });
        format!("{one} -> {other}")
    }
}

/// The part of a text around a character, of so many characters.
fn around(text: &str, at: usize, characters: usize) -> String {
    let count = text.chars().count();
    let is_long = count > characters;
    // What is shared is less than what differs.
    let start = if is_long {
        at.saturating_sub(characters / 3).min(count - 1)
    } else {
        0
    };
    let shown: String = text.chars().skip(start).take(characters).collect();
    let before = if start > 0 { "…" } else { "" };
    let behind = if start + characters < count {
        "…"
    } else {
        ""
    };
    format!("{before}{}{behind}", Printable::value(&shown))
}

fn values(f: &mut Formatter<'_>, primary: Option<&str>, shadow: Option<&str>) -> fmt::Result {
    match (primary, shadow) {
        (Some(primary), Some(shadow)) if primary.contains('\n') || shadow.contains('\n') => {
            lines(f, primary, shadow)
        }
        (Some(primary), Some(shadow)) if primary.len().max(shadow.len()) <= SHORT => {
            write!(
                f,
                ": {} -> {}",
                Printable::value(primary),
                Printable::value(shadow)
            )
        }
        (Some(primary), Some(shadow)) => {
            write!(
                f,
                "\n      - {}\n      + {}",
                Printable::value(primary),
                Printable::value(shadow)
            )
        }
        (Some(value), None) | (None, Some(value)) => write!(f, ": {}", Printable::value(value)),
        (None, None) => Ok(()),
    }
}

/// The lines that differ, with some of those around them.
fn lines(f: &mut Formatter<'_>, primary: &str, shadow: &str) -> fmt::Result {
    let [primary, shadow] =
        [primary, shadow].map(|text| text.split_inclusive('\n').collect::<Vec<_>>());
    // The end of a line is seen if one of the texts has none at its own end.
    let last = [&primary, &shadow].map(|lines| lines.last().is_some_and(|it| it.ends_with('\n')));
    let shows_end = last[0] != last[1];
    let groups = group_diff_ops(line_edits(&primary, &shadow), CONTEXT);
    for (i, group) in groups.iter().enumerate() {
        if i > 0 {
            f.write_str("\n      ...")?;
        }
        for op in group {
            let (tag, old, new) = op.as_tag_tuple();
            if tag == DiffTag::Equal {
                signed(f, ' ', &primary[old], false)?;
            } else {
                signed(f, '-', &primary[old], shows_end)?;
                signed(f, '+', &shadow[new], shows_end)?;
            }
        }
    }
    Ok(())
}

fn line_edits<'a>(primary: &[&'a str], shadow: &[&'a str]) -> Vec<DiffOp> {
    let mut numbers = HashMap::new();
    let mut numbered = |lines: &[&'a str]| -> Vec<u64> {
        let number = |line: &&'a str| {
            let next = numbers.len() as u64;
            *numbers.entry(*line).or_insert(next)
        };
        lines.iter().map(number).collect()
    };
    edits(&numbered(primary), &numbered(shadow))
}

fn signed(f: &mut Formatter<'_>, sign: char, lines: &[&str], shows_end: bool) -> fmt::Result {
    let mut lines = lines.iter();
    lines.try_for_each(|line| {
        let (text, end) = match line.strip_suffix('\n') {
            Some(text) => (text, if shows_end { "\\n" } else { "" }),
            None => (*line, ""),
        };
        let text = Printable::value(text);
        write!(f, "\n      {sign} {text}{end}")
    })
}

/// A text in which what cannot be seen, or looks like something else, is escaped: control
/// characters, so that a shadow's response cannot steer the terminal of its reader, spaces other
/// than the usual one, characters without a width, and marks that join another.
pub(crate) struct Printable<'a>(pub(crate) &'a str);

impl<'a> Printable<'a> {
    /// A value, behind whose end nothing stands: spaces there are escaped as well.
    fn value(text: &'a str) -> PrintableValue<'a> {
        PrintableValue(text)
    }
}

impl Display for Printable<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        for character in self.0.chars() {
            if is_unseen(character) {
                write!(f, "{}", character.escape_default())?;
            } else {
                f.write_char(character)?;
            }
        }
        Ok(())
    }
}

/// See [`Printable::value`].
struct PrintableValue<'a>(&'a str);

impl Display for PrintableValue<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let text = self.0.trim_end_matches(' ');
        write!(f, "{}", Printable(text))?;
        (text.len()..self.0.len()).try_for_each(|_| f.write_str("\\u{20}"))
    }
}

fn is_unseen(character: char) -> bool {
    match character {
        ' '..='~' => false,
        // Spaces of other widths, and without one.
        '\u{A0}' | '\u{AD}' | '\u{1680}' | '\u{180E}' | '\u{3000}' | '\u{FEFF}'
        | '\u{2000}'..='\u{200F}' | '\u{2028}'..='\u{202F}' | '\u{205F}'..='\u{206F}'
        | '\u{115F}' | '\u{1160}' | '\u{3164}' | '\u{FFA0}' | '\u{61C}' | '\u{34F}'
        // Marks that join the character before them, as if both were one.
        | '\u{300}'..='\u{34E}' | '\u{350}'..='\u{36F}'
        | '\u{1AB0}'..='\u{1AFF}' | '\u{1DC0}'..='\u{1DFF}' | '\u{20D0}'..='\u{20FF}'
        | '\u{FE00}'..='\u{FE0F}' | '\u{FE20}'..='\u{FE2F}'
        // Of no alphabet.
        | '\u{E000}'..='\u{F8FF}' | '\u{E0000}'..='\u{10FFFF}' => true,
        character => character.is_control(),
    }
}
