//! The cookies that a response sets: line by line, because browsers read one of a line (RFC 6265
//! section 3).

use super::meaning::split;

/// What is shown of a value.
const REDACTED: &str = "[redacted]";
const ANOTHER: &str = "[redacted, and another value]";

/// A cookie as it is compared.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Cookie<'h> {
    name: &'h [u8],
    value: &'h [u8],
    /// Without case, in an order of their own, each once.
    attributes: Vec<Vec<u8>>,
}

/// The cookies of each side that the other does not set alike, as they are shown; `None` if they
/// set the same. Whether a value is empty counts in any case, and which it is if that is asked.
pub(super) fn differing(lines: &[Vec<&[u8]>; 2], with_values: bool) -> Option<[Option<String>; 2]> {
    let [mut ones, mut others] = lines.each_ref().map(|lines| {
        let mut cookies: Vec<_> = lines.iter().map(|line| Cookie::read(line)).collect();
        cookies.sort_unstable();
        cookies
    });
    ones.retain(|one| {
        let same = others
            .iter()
            .position(|other| one.is_same(other, with_values));
        same.map(|at| others.remove(at)).is_none()
    });
    if ones.is_empty() && others.is_empty() {
        return None;
    }
    let list = |cookies: &[Cookie<'_>], beside: &[Cookie<'_>]| {
        let shown: Vec<_> = cookies.iter().map(|cookie| cookie.shown(beside)).collect();
        (!shown.is_empty()).then(|| shown.join("\n"))
    };
    Some([list(&ones, &[]), list(&others, &ones)])
}

impl<'h> Cookie<'h> {
    fn read(line: &'h [u8]) -> Self {
        let mut parts = split(line, b';');
        let (name, value) = pair(parts.next().unwrap_or_default());
        let mut attributes: Vec<_> = parts.map(attribute).collect();
        attributes.sort_unstable();
        attributes.dedup();
        Self {
            name,
            value,
            attributes,
        }
    }

    fn is_same(&self, other: &Self, with_values: bool) -> bool {
        self.name == other.name
            && self.attributes == other.attributes
            && self.value.is_empty() == other.value.is_empty()
            && (!with_values || self.value == other.value)
    }

    /// Its name and its attributes. Its value says no more than that it is another one, of the
    /// cookies beside it that are alike in all else.
    fn shown(&self, beside: &[Self]) -> String {
        let mut shown = format!("{}=", String::from_utf8_lossy(self.name));
        if !self.value.is_empty() {
            let is_another = |other: &Self| self.is_same(other, false);
            let is_another = beside.iter().any(is_another);
            shown.push_str(if is_another { ANOTHER } else { REDACTED });
        }
        for attribute in &self.attributes {
            shown.push_str("; ");
            shown.push_str(&String::from_utf8_lossy(attribute));
        }
        shown
    }
}

fn pair(part: &[u8]) -> (&[u8], &[u8]) {
    let at = part.iter().position(|byte| *byte == b'=');
    let (name, value) = part.split_at(at.unwrap_or(part.len()));
    let value = value.strip_prefix(b"=").unwrap_or(value);
    (name.trim_ascii(), value.trim_ascii())
}

fn attribute(part: &[u8]) -> Vec<u8> {
    let (name, value) = pair(part);
    let name = name.to_ascii_lowercase();
    let value = match &*name {
        // A moment is another in each response, and whether it is over is not.
        b"expires" if is_over(value) => b"past".to_vec(),
        b"expires" => b"later".to_vec(),
        b"max-age" if value.starts_with(b"-") => b"0".to_vec(),
        b"domain" => value
            .strip_prefix(b".")
            .unwrap_or(value)
            .to_ascii_lowercase(),
        b"samesite" | b"priority" => value.to_ascii_lowercase(),
        _ => value.to_vec(),
    };
    if value.is_empty() {
        name
    } else {
        [name, value].join(&b'=')
    }
}

/// Whether a moment is long ago, as it is written to have a cookie removed.
fn is_over(moment: &[u8]) -> bool {
    let numbers = moment.split(|byte| !byte.is_ascii_digit());
    let mut years = numbers.filter(|number| number.len() == 4);
    let year = years.next().and_then(|year| str::from_utf8(year).ok());
    year.and_then(|year| year.parse::<u16>().ok())
        .is_some_and(|year| year < 2010)
        || moment == b"0"
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(one: &[&str], other: &[&str], with_values: bool) -> Option<[Option<String>; 2]> {
        let lines = [one, other].map(|lines| lines.iter().map(|line| line.as_bytes()).collect());
        differing(&lines, with_values)
    }

    #[test]
    fn cookies_are_the_same_in_any_order_of_their_attributes() {
        let one = [
            "a=1; Path=/; Secure; HttpOnly",
            "b=2; Domain=.Example.com; SameSite=Lax",
        ];
        let other = [
            "b=2;samesite=lax;domain=example.com",
            "a=1; httponly; PATH=/; secure",
        ];
        assert_eq!(shown(&one, &other, true), None);
        // A value, and a moment, are others in each response.
        let one = ["a=1; Expires=Wed, 21 Oct 2026 07:28:00 GMT"];
        let other = ["a=2; Expires=Wed, 21 Oct 2026 07:28:01 GMT"];
        assert_eq!(shown(&one, &other, false), None);
    }

    #[test]
    fn of_a_cookie_all_but_its_value_is_shown() {
        let text = |text: &str| Some(text.to_owned());
        for (one, other, with_values, expected) in [
            (
                &["a=1; Secure; HttpOnly"][..],
                &["a=1; Secure"][..],
                false,
                [
                    text("a=[redacted]; httponly; secure"),
                    text("a=[redacted]; secure"),
                ],
            ),
            (
                &["a=1", "b=2"],
                &["b=3"],
                false,
                [text("a=[redacted]"), None],
            ),
            // Joined, they are one cookie.
            (
                &["a=1", "b=2"],
                &["a=1, b=2"],
                false,
                [text("b=[redacted]"), None],
            ),
            (&["a=1"], &["a="], false, [text("a=[redacted]"), text("a=")]),
            (
                &["a=1"],
                &["a=2"],
                true,
                [
                    text("a=[redacted]"),
                    text("a=[redacted, and another value]"),
                ],
            ),
            (
                &["a=; Max-Age=-1; Expires=Thu, 01 Jan 1970 00:00:00 GMT"],
                &["a=; Max-Age=0; Expires=Thu, 01 Jan 2099 00:00:00 GMT"],
                false,
                [
                    text("a=; expires=past; max-age=0"),
                    text("a=; expires=later; max-age=0"),
                ],
            ),
        ] {
            assert_eq!(shown(one, other, with_values), Some(expected));
        }
    }
}
