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
/// GET /orders/7: mismatch, 3 differences (orders -> staging)
///   primary 200 in 1.2ms, shadow 200 in 3.4ms
///   + /customer/full_name: "Ann"
///   - /customer/name: "Ann"
///   ~ /total: 12.5 -> 13
/// ```
impl Display for Comparison {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let path = Printable(&self.path);
        write!(f, "{} {path}: {}", self.method, self.verdict)?;
        match self.differences.len() + self.more_differences {
            0 => {}
            1 => f.write_str(", 1 difference")?,
            count => write!(f, ", {count} differences")?,
        }
        if self.may_be_noise {
            f.write_str(", may be noise")?;
        }
        let (mirror, target) = (Printable(&self.mirror), Printable(&self.target));
        write!(
            f,
            " ({mirror} -> {target})\n  primary {}",
            self.primary_status.as_u16()
        )?;
        write!(f, " in {:.1?}, shadow ", self.primary_latency)?;
        match (self.shadow_status, self.shadow_latency) {
            (Some(status), Some(latency)) => write!(f, "{} in {latency:.1?}", status.as_u16())?,
            _ => f.write_str("without a response")?,
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

/// One line, `  ~ /total: 12.5 -> 13`; several if the values are long: `-` for the primary's, `+`
/// for the shadow's.
impl Display for Difference {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let sign = match self.kind {
            DifferenceKind::Missing => '-',
            DifferenceKind::Extra => '+',
            _ => '~',
        };
        write!(f, "  {sign} ")?;
        match (self.kind, &*self.pointer) {
            (DifferenceKind::Status, _) => f.write_str("status")?,
            (DifferenceKind::Header | DifferenceKind::Trailer, name) => {
                write!(f, "{} {}", self.kind, Printable(name))?;
            }
            (DifferenceKind::Length, "") => f.write_str("(body) length")?,
            (DifferenceKind::Length, pointer) => write!(f, "{} length", Printable(pointer))?,
            (_, "") => f.write_str("(body)")?,
            (_, pointer) => write!(f, "{}", Printable(pointer))?,
        }
        if self.noise {
            f.write_str(" (noise)")?;
        }
        values(f, self.primary.as_deref(), self.shadow.as_deref())
    }
}

fn values(f: &mut Formatter<'_>, primary: Option<&str>, shadow: Option<&str>) -> fmt::Result {
    match (primary, shadow) {
        (Some(primary), Some(shadow)) if primary.contains('\n') || shadow.contains('\n') => {
            lines(f, primary, shadow)
        }
        (Some(primary), Some(shadow)) if primary.len().max(shadow.len()) <= SHORT => {
            write!(f, ": {} -> {}", Printable(primary), Printable(shadow))
        }
        (Some(primary), Some(shadow)) => {
            write!(
                f,
                "\n      - {}\n      + {}",
                Printable(primary),
                Printable(shadow)
            )
        }
        (Some(value), None) | (None, Some(value)) => write!(f, ": {}", Printable(value)),
        (None, None) => Ok(()),
    }
}

/// The lines that differ, with some of those around them.
fn lines(f: &mut Formatter<'_>, primary: &str, shadow: &str) -> fmt::Result {
    let [primary, shadow] =
        [primary, shadow].map(|text| text.split_inclusive('\n').collect::<Vec<_>>());
    let groups = group_diff_ops(line_edits(&primary, &shadow), CONTEXT);
    for (i, group) in groups.iter().enumerate() {
        if i > 0 {
            f.write_str("\n      ...")?;
        }
        for op in group {
            let (tag, old, new) = op.as_tag_tuple();
            if tag == DiffTag::Equal {
                signed(f, ' ', &primary[old])?;
            } else {
                signed(f, '-', &primary[old])?;
                signed(f, '+', &shadow[new])?;
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

fn signed(f: &mut Formatter<'_>, sign: char, lines: &[&str]) -> fmt::Result {
    let mut lines = lines.iter();
    lines.try_for_each(|line| {
        let line = Printable(line.trim_end_matches('\n'));
        write!(f, "\n      {sign} {line}")
    })
}

/// A text whose control characters are escaped, so that a shadow's response cannot steer the
/// terminal of its reader.
pub(crate) struct Printable<'a>(pub(crate) &'a str);

impl Display for Printable<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        for character in self.0.chars() {
            match character {
                '\t' => f.write_char(character)?,
                // Changing the direction of writing makes a text look like another.
                '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' => {
                    write!(f, "{}", character.escape_unicode())?;
                }
                _ if character.is_control() => write!(f, "{}", character.escape_default())?,
                _ => f.write_char(character)?,
            }
        }
        Ok(())
    }
}
