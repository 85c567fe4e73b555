//! Whether a person can see a difference in what is printed.

use mirror_runtime::DifferenceKind;

/// What a text looks like on a terminal, about: combining marks joined, what has no width gone,
/// spaces alike.
fn looks(text: &str) -> String {
    let mut out = String::new();
    for character in text.chars() {
        match character {
            '\u{301}' => match out.pop() {
                Some('e') => out.push('é'),
                last => out.extend(last.into_iter().chain([character])),
            },
            '\u{200B}'..='\u{200D}' | '\u{FEFF}' | '\u{AD}' | '\u{2060}' => {}
            '\u{A0}' | '\u{202F}' | '\u{2007}' => out.push(' '),
            character => out.push(character),
        }
    }
    out
}

/// Whether two printed values can be told apart. What was cut may go on as the other does.
fn differ(one: &str, other: &str) -> bool {
    let [one, other] = [one, other].map(looks);
    for (cut, whole) in [(&one, &other), (&other, &one)] {
        if cut
            .strip_suffix('…')
            .is_some_and(|head| whole.starts_with(head))
        {
            return false;
        }
    }
    // Nothing can be seen behind the text.
    one.trim_end() != other.trim_end()
}

/// Whether the values of a row of a report can be told apart.
pub(crate) fn in_cell(cell: &str, kind: DifferenceKind) -> bool {
    let values = cell.split_once(": ").map_or(cell, |(_, values)| values);
    match values.split_once(" -> ") {
        Some((one, other)) => differ(one, other),
        // What is missing or extra is told by the kind alone.
        None => matches!(kind, DifferenceKind::Missing | DifferenceKind::Extra),
    }
}

/// Whether some difference of a printed comparison can be seen.
pub(crate) fn in_diff(text: &str) -> bool {
    let (mut minus, mut plus) = (Vec::new(), Vec::new());
    for line in text.lines() {
        if let Some(rest) = line.strip_prefix("      - ") {
            minus.push(rest);
        } else if let Some(rest) = line.strip_prefix("      + ") {
            plus.push(rest);
        } else if line.starts_with("  - ") || line.starts_with("  + ") {
            return true;
        } else if line.starts_with("  ~ ")
            && let Some((one, other)) = line.split_once(" -> ")
        {
            let one = one.split_once(": ").map_or(one, |(_, value)| value);
            if differ(one, other) {
                return true;
            }
        }
    }
    minus.len() != plus.len()
        || minus
            .iter()
            .zip(&plus)
            .any(|(one, other)| differ(one, other))
}
