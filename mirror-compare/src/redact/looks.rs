//! Values that look like secrets, whatever their field is called.
//!
//! A look is taken at what is shown or written down, and at nothing else: comparing does not pay for
//! it. It is one pass over the text, in which most bytes are looked at once.

#[cfg(test)]
mod ordinary;
mod random;

#[cfg(feature = "compare")]
use std::borrow::Cow;
use std::ops::Range;

use self::random::is_random;
#[cfg(feature = "compare")]
use super::REDACTED;
use super::names::{are_sure, is_code};

/// A character that says that a text was cut there.
const CUT: &[u8] = "…".as_bytes();

/// Prefixes that issuers put before their credentials, and how many characters follow at least; in
/// their order.
const ISSUED: [(&str, usize); 59] = [
    ("AGE-SECRET-KEY-1", 40),
    ("AIza", 30),
    ("ATATT3", 40),
    ("EAACEdEose0cBA", 8),
    ("FQoGZXIvYXdz", 40),
    ("FwoGZXIvYXdz", 40),
    ("GOCSPX-", 20),
    ("IQoJb3JpZ2lu", 40),
    ("NRAK-", 20),
    ("PMAK-", 30),
    ("dckr_pat_", 20),
    ("doo_v1_", 30),
    ("dop_v1_", 30),
    ("figd_", 30),
    ("gho_", 20),
    ("ghp_", 20),
    ("ghr_", 20),
    ("ghs_", 20),
    ("ghu_", 20),
    ("github_pat_", 20),
    ("glcbt-", 16),
    ("gldt-", 16),
    ("glft-", 16),
    ("glpat-", 16),
    ("glptt-", 16),
    ("glrt-", 16),
    ("glsoat-", 16),
    ("gsk_", 30),
    ("hf_", 30),
    ("lin_api_", 30),
    ("nfp_", 30),
    ("npm_", 30),
    ("pplx-", 30),
    ("pypi-AgE", 16),
    ("r8_", 30),
    ("rk_live_", 10),
    ("rk_test_", 10),
    ("rubygems_", 30),
    ("sbp_", 30),
    ("shpat_", 20),
    ("shpca_", 20),
    ("shppa_", 20),
    ("shpss_", 20),
    ("sk-ant-", 16),
    ("sk-or-v1-", 16),
    ("sk-proj-", 16),
    ("sk_live_", 10),
    ("sk_test_", 10),
    ("sntrys_", 30),
    ("sq0atp-", 20),
    ("sq0csp-", 20),
    ("tskey-", 16),
    ("whsec_", 10),
    ("xapp-", 16),
    ("xkeysib-", 30),
    ("xoxa-", 10),
    ("xoxb-", 10),
    ("xoxp-", 10),
    ("xoxs-", 10),
];

/// The same, for those whose parts are separated by full stops.
const ISSUED_IN_PARTS: [(&str, usize); 4] = [
    // A signed or encrypted token (RFC 7519): base64 of `{"`.
    ("eyJ", 2),
    ("SG.", 2),
    ("hvs.", 1),
    ("ya29.", 1),
];

/// The bytes with which these begin.
const BEGINS_PARTS: [bool; 256] = {
    let mut begins = [false; 256];
    let mut i = 0;
    while i < ISSUED_IN_PARTS.len() {
        begins[ISSUED_IN_PARTS[i].0.as_bytes()[0] as usize] = true;
        i += 1;
    }
    begins
};

/// What stands before data and hashes in base64.
const DATA_BEFORE: [&str; 6] = [
    "base64,",
    "sha-256=",
    "sha-256=:",
    "sha-512=",
    "sha-512=:",
    "sha256:",
];

/// No prefix with what follows it is shorter.
const MIN_ISSUED: usize = 8;

/// Shorter tokens are ids as often as secrets: of KSUIDs, of Firebase, and tags of entities.
const MIN_RANDOM: usize = 32;

/// A value of a field whose name leaves no doubt, in a text.
const MIN_NAMED: usize = 4;

/// A code of OAuth: shorter ones are of coupons and countries.
const MIN_CODE: usize = 10;

/// The part of a token that is enough to know it, at the place where a text was cut.
const MIN_CUT: usize = 12;

/// How far a password in a URL is looked for.
const MAX_AUTHORITY: usize = 512;

/// Whether a text holds something that looks like a secret.
pub(crate) fn has_secret(text: &str) -> bool {
    Looks::at(text).next().is_some()
}

/// The text in which everything that looks like a secret is replaced, each by a mark of its own, so
/// that two can be told apart.
#[cfg(feature = "compare")]
pub(crate) fn hidden(text: String) -> String {
    match hide(&text, mark) {
        Cow::Borrowed(_) => text,
        Cow::Owned(hidden) => hidden,
    }
}

/// The same for the name of a place: those that differ in a secret are one.
#[cfg(feature = "compare")]
pub(crate) fn hidden_alike(text: String) -> String {
    match hide(&text, |_| REDACTED.to_owned()) {
        Cow::Borrowed(_) => text,
        Cow::Owned(hidden) => hidden,
    }
}

#[cfg(feature = "compare")]
fn hide(text: &str, mark: impl Fn(&str) -> String) -> Cow<'_, str> {
    let (mut shown, mut end) = (String::new(), 0);
    for secret in Looks::at(text) {
        shown.push_str(&text[end..secret.start]);
        shown.push_str(&mark(&text[secret.clone()]));
        end = secret.end;
    }
    if end == 0 {
        return Cow::Borrowed(text);
    }
    shown.push_str(&text[end..]);
    Cow::Owned(shown)
}

/// What is shown of a secret: `[redacted 4f2a]`. Secrets that are equal have the same mark, in one
/// process. It is a part of a keyed hash, whose key nobody knows.
#[cfg(feature = "compare")]
pub(crate) fn mark(secret: &str) -> String {
    use std::{
        hash::{BuildHasher, RandomState},
        sync::LazyLock,
    };
    static KEY: LazyLock<RandomState> = LazyLock::new(RandomState::new);
    format!("[redacted {:04x}]", KEY.hash_one(secret) & 0xFFFF)
}

/// The secrets of a text, in order.
struct Looks<'t> {
    text: &'t str,
    bytes: &'t [u8],
    at: usize,
}

impl<'t> Looks<'t> {
    fn at(text: &'t str) -> Self {
        Self {
            text,
            bytes: text.as_bytes(),
            at: 0,
        }
    }
}

impl Iterator for Looks<'_> {
    type Item = Range<usize>;

    fn next(&mut self) -> Option<Self::Item> {
        let mut at = self.at;
        while at < self.bytes.len() {
            let (start, rest) = (at, &self.bytes[at..]);
            let run = rest.iter().position(|byte| !is_atom(*byte));
            let run = run.unwrap_or(rest.len());
            let secret = if run > 0 {
                at += run;
                let next = rest.get(run).copied().unwrap_or(b' ');
                if self.says_nothing(start, at, next) {
                    // Nor does what separates it from the next.
                    at += usize::from(next != b':');
                    continue;
                }
                self.at = at;
                self.look(start, at)
            } else {
                at += 1;
                if !matches!(rest[0], b'/' | b'+' | b':') {
                    continue;
                }
                self.at = at;
                self.pass_data(start);
                self.password(start)
            };
            if let Some(secret) = secret {
                self.at = secret.end;
                return Some(secret);
            }
            at = self.at;
        }
        self.at = at;
        None
    }
}

impl Looks<'_> {
    /// Where what begins at a place ends.
    fn end(&self, start: usize, belongs: impl Fn(u8) -> bool) -> usize {
        let rest = self.bytes[start..].iter();
        rest.take_while(|byte| belongs(**byte)).count() + start
    }

    /// Whether the text was cut at the end of something.
    fn is_cut(&self, range: &Range<usize>) -> bool {
        self.bytes[range.end..].starts_with(CUT) || self.bytes[..range.start].ends_with(CUT)
    }

    /// Whether a run is too short to be a secret, and neither a beginning nor a name of one, as most
    /// words of a text are.
    #[inline]
    fn says_nothing(&self, start: usize, end: usize, next: u8) -> bool {
        let (length, first) = (end - start, self.bytes[start]);
        // No name of a credential has less than three letters.
        let is_name = length > 2;
        length < MIN_ISSUED
            && match next {
                // Behind `Basic`, `Bearer` or `Digest`.
                b' ' => !matches!((length, first), (5 | 6, b'B' | b'b' | b'D' | b'd')),
                b'.' => !BEGINS_PARTS[usize::from(first)],
                b'+' | b'/' => false,
                b'=' | b'\\' | b':' => !is_name,
                b'"' => !is_name || !matches!(self.bytes.get(end + 1), Some(b':' | b' ')),
                b'>' => !is_name || !self.bytes[..start].ends_with(b"<"),
                _ => true,
            }
    }

    /// Looks at a run of letters, digits, `-` and `_`. Most are short, begin like no secret, and end
    /// before nothing that makes a name of them.
    fn look(&mut self, start: usize, end: usize) -> Option<Range<usize>> {
        let (length, first) = (end - start, self.bytes[start]);
        let next = self.bytes.get(end).copied().unwrap_or(b' ');
        let mut secret = None;
        if length >= MIN_ISSUED && begins(first) {
            secret = self.block(start, end).or_else(|| self.issued(start, end));
        }
        if secret.is_none() && next == b'.' {
            secret = self.issued_in_parts(start);
        } else if secret.is_none() && length >= MIN_CUT {
            secret = self.token_that_was_cut(start, end);
        }
        if secret.is_none() && (length >= MIN_CUT || matches!(next, b'+' | b'/')) {
            secret = self.random(start, end);
        }
        secret.or_else(|| match next {
            b' ' => self.scheme(start, end),
            b'=' | b'"' | b'\\' | b':' | b'>' => self.named(start, end),
            b'/' => self.hook(start, end),
            _ => None,
        })
    }

    /// The beginning of a token in parts, whose rest is not there.
    fn token_that_was_cut(&self, start: usize, end: usize) -> Option<Range<usize>> {
        let is_token = self.bytes[start..].starts_with(b"eyJ");
        (is_token && self.is_cut(&(start..end))).then_some(start..end)
    }

    /// `-----BEGIN PRIVATE KEY-----` (RFC 7468).
    fn block(&self, start: usize, end: usize) -> Option<Range<usize>> {
        if self.bytes[start] != b'-' || !self.bytes[start..end].ends_with(b"-----BEGIN") {
            return None;
        }
        let rest = &self.text[end..];
        let close = rest.find("-----END").map(|at| {
            let label = &rest[at + "-----END".len()..];
            let length = label.find("-----").map_or(label.len(), |at| at + 5);
            at + "-----END".len() + length
        });
        Some(start..end + close.unwrap_or(rest.len()))
    }

    fn issued(&self, start: usize, end: usize) -> Option<Range<usize>> {
        let atom = &self.text[start..end];
        let is_cut = self.is_cut(&(start..end));
        let is_issued = |(prefix, min): &(&str, usize)| {
            let rest = atom.strip_prefix(prefix);
            rest.is_some_and(|rest| rest.len() >= *min || is_cut && rest.len() >= 4)
        };
        let (first, behind) = BY_FIRST[usize::from(self.bytes[start])];
        let is_issued = ISSUED[first..behind].iter().any(is_issued) || is_aws(atom) || is_sk(atom);
        // The rest of a token that is longer than an atom.
        is_issued.then(|| start..self.end(end, is_base64))
    }

    fn issued_in_parts(&self, start: usize) -> Option<Range<usize>> {
        let rest = &self.text[start..];
        let (_, min) = ISSUED_IN_PARTS
            .iter()
            .find(|(prefix, _)| rest.starts_with(prefix))?;
        let end = self.end(start, |byte| is_atom(byte) || b".=".contains(&byte));
        let token = &self.text[start..end];
        // Of a token whose beginning was cut, the first part is not there.
        let last = token.rsplit('.').next().unwrap_or_default();
        let parts = token.matches('.').count() + usize::from(last.len() >= 20);
        let is_whole = parts >= *min && parts > 0 && token.len() >= 20 && token.contains('.');
        // The end of a sentence.
        let end = start + token.trim_end_matches('.').len();
        let is_cut = self.is_cut(&(start..end)) && token.len() >= MIN_CUT;
        (is_whole || is_cut).then_some(start..end)
    }

    /// A long token without any order.
    fn random(&mut self, start: usize, end: usize) -> Option<Range<usize>> {
        let before = start.checked_sub(1).map(|before| self.bytes[before]);
        let is_within = before.is_some_and(|before| b"+/".contains(&before));
        if !is_within {
            let run = start..self.end(start, |byte| is_atom(byte) || b"+/".contains(&byte));
            if self.is_data(start) || random::is_data(&self.bytes[run.clone()]) {
                self.at = run.end;
                return None;
            }
            // Else the parts of a path.
            let is_path = before.is_some_and(|before| b".:~%".contains(&before));
            if run.end > end && !is_path && self.is_random(&run) {
                return Some(start..self.end(run.end, |byte| byte == b'='));
            }
        }
        let is_random = self.is_random(&(start..end));
        is_random.then(|| start..self.end(end, |byte| byte == b'='))
    }

    fn is_random(&self, run: &Range<usize>) -> bool {
        let min = if self.is_cut(run) {
            MIN_CUT
        } else {
            MIN_RANDOM
        };
        is_random(&self.bytes[run.clone()], min)
    }

    /// `data:image/png;base64,..`, and hashes of content (RFC 9530) or of images.
    fn is_data(&self, start: usize) -> bool {
        let before = &self.bytes[..start];
        // The ends of these.
        matches!(before.last(), Some(b',' | b'=' | b':'))
            && DATA_BEFORE
                .iter()
                .any(|start| before.ends_with(start.as_bytes()))
    }

    /// Goes past data whose first character is none of a name.
    fn pass_data(&mut self, start: usize) {
        let is_data = self.bytes[start..].starts_with(b"/9j/")
            || b"+/".contains(&self.bytes[start]) && self.is_data(start);
        if is_data {
            self.at = self.end(start, is_base64);
        }
    }

    /// `Bearer ..`, `Basic ..`
    fn scheme(&self, start: usize, end: usize) -> Option<Range<usize>> {
        let atom = &self.bytes[start..end];
        let schemes: [&[u8]; 4] = [b"basic", b"bearer", b"digest", b"negotiate"];
        if !schemes
            .iter()
            .any(|scheme| atom.eq_ignore_ascii_case(scheme))
        {
            return None;
        }
        let start = self.end(end, |byte| byte == b' ');
        let close = self.end(start, |byte| is_base64(byte) || byte == b'.');
        let value = &self.bytes[start..close];
        // Words follow in a sentence.
        let is_word = value
            .iter()
            .skip(1)
            .all(|byte| byte.is_ascii_lowercase() || b"-.".contains(byte));
        (start > end && value.len() >= 8 && !is_word).then_some(start..close)
    }

    /// `access_token=..` in a URL or a form, `"password":".."` in a document within a text, and
    /// `<secret>..</secret>`.
    fn named(&self, start: usize, end: usize) -> Option<Range<usize>> {
        let next = *self.bytes.get(end)?;
        if next == b'"' && !matches!(self.bytes.get(end + 1), Some(b':' | b' ')) {
            // The end of a text that is no name.
            return None;
        }
        let name = &self.text[start..end];
        let value = if are_sure(name.as_bytes()) {
            match next {
                b'=' => self.parameter(end + 1),
                b'>' if self.bytes[..start].ends_with(b"<") => {
                    Some(end + 1..self.end(end + 1, |byte| byte != b'<'))
                }
                b'>' => None,
                _ => self.member(end),
            }
        } else if next == b'=' && is_code(name) {
            let code = self.parameter(end + 1);
            code.filter(|code| code.len() >= MIN_CODE)
        } else {
            None
        }?;
        let is_hidden = self.text[value.clone()].starts_with("[redacted");
        (!value.is_empty() && !is_hidden).then_some(value)
    }

    fn parameter(&self, start: usize) -> Option<Range<usize>> {
        let start = self.end(start, |byte| b"\"'".contains(&byte));
        let end = self.end(start, |byte| {
            !byte.is_ascii_whitespace() && !b"&;,\"'<>\\#)}]".contains(&byte)
        });
        (end - start >= MIN_NAMED).then_some(start..end)
    }

    /// The value of a member of an object, whose name ends here; its quotes may be escaped.
    fn member(&self, name_end: usize) -> Option<Range<usize>> {
        let is_quoted = self.bytes[name_end] != b':';
        let quote = self.end(name_end, |byte| byte == b'\\') + 1;
        let colon = if is_quoted {
            if self.bytes.get(quote - 1) != Some(&b'"') {
                return None;
            }
            self.end(quote, |byte| byte == b' ')
        } else {
            name_end
        };
        if self.bytes.get(colon) != Some(&b':') {
            return None;
        }
        let start = self.end(colon + 1, |byte| byte == b' ');
        let open = self.end(start, |byte| byte == b'\\');
        if self.bytes.get(open) == Some(&b'"') {
            return Some(open + 1..self.closing(open + 1, open - start));
        }
        if is_quoted && matches!(self.bytes.get(start), Some(b'[' | b'{')) {
            return Some(start..self.closing_bracket(start));
        }
        let end = self.end(start, |byte| {
            !byte.is_ascii_whitespace() && !b",;}])\"'<>&".contains(&byte)
        });
        let value = &self.text[start..end];
        if is_quoted {
            return (!matches!(value, "null" | "true" | "false")).then_some(start..end);
        }
        // `token: expired` is a sentence; `token: a1b2c3d4` is not.
        let has_digit = value.bytes().any(|byte| byte.is_ascii_digit());
        (start > colon + 1 && value.len() >= 8 && has_digit).then_some(start..end)
    }

    /// Where a text in quotes ends, whose quotes have so many escapes.
    fn closing(&self, start: usize, escapes: usize) -> usize {
        let mut slashes = 0;
        for (i, byte) in self.bytes[start..].iter().enumerate() {
            match byte {
                b'\\' => slashes += 1,
                b'"' if slashes <= escapes => return start + i - slashes,
                _ => slashes = 0,
            }
        }
        self.bytes.len()
    }

    /// Where an array or an object ends, about: brackets in texts count as well.
    fn closing_bracket(&self, start: usize) -> usize {
        let mut depth = 0_usize;
        for (i, byte) in self.bytes[start..].iter().enumerate() {
            match byte {
                b'[' | b'{' => depth += 1,
                b']' | b'}' => depth = depth.saturating_sub(1),
                _ => {}
            }
            if depth == 0 {
                return start + i + 1;
            }
        }
        self.bytes.len()
    }

    /// `https://ann:password@host`
    fn password(&self, start: usize) -> Option<Range<usize>> {
        let rest = &self.bytes[start..];
        if !rest.starts_with(b"://") {
            return None;
        }
        let authority = start + 3;
        let end = self.end(authority, |byte| {
            !byte.is_ascii_whitespace() && !b"/?#\"'<>\\,;".contains(&byte)
        });
        let text = &self.bytes[authority..end.min(authority + MAX_AUTHORITY)];
        let at = text.iter().rposition(|byte| *byte == b'@')?;
        let colon = text[..at].iter().position(|byte| *byte == b':')?;
        (colon + 1 < at).then_some(authority + colon + 1..authority + at)
    }

    /// An address that is a credential as a whole.
    fn hook(&self, start: usize, end: usize) -> Option<Range<usize>> {
        const SLACK: &[u8] = b"hooks.slack.com/services";
        if !self.bytes[..end].ends_with(SLACK) || self.bytes.get(end) != Some(&b'/') {
            return None;
        }
        let close = self.end(end + 1, |byte| is_atom(byte) || byte == b'/');
        (close > end + 1 && start < end).then_some(end + 1..close)
    }
}

/// The bytes of a run.
const ATOMS: [bool; 256] = {
    let mut atoms = [false; 256];
    let mut byte = u8::MAX;
    while byte > 0 {
        atoms[byte as usize] = byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        byte -= 1;
    }
    atoms
};

fn is_atom(byte: u8) -> bool {
    ATOMS[usize::from(byte)]
}

/// Of each byte where the prefixes begin and end that begin with it.
const BY_FIRST: [(usize, usize); 256] = {
    let mut places = [(0, 0); 256];
    let mut i = 0;
    while i < ISSUED.len() {
        let first = ISSUED[i].0.as_bytes()[0] as usize;
        if places[first].1 == 0 {
            places[first].0 = i;
        }
        i += 1;
        places[first].1 = i;
    }
    places
};

/// Whether a run begins as a credential of an issuer, or a block of PEM, does.
fn begins(first: u8) -> bool {
    // Of `-----BEGIN`; all others are in the list.
    BY_FIRST[usize::from(first)].1 > 0 || first == b'-'
}

/// Whether a segment of a path is a short word or a number, as most are: nothing in it looks like a
/// secret, whatever stands before it and behind.
#[cfg(feature = "compare")]
pub(crate) fn is_plain(segment: &[u8]) -> bool {
    if !segment.iter().all(|byte| is_atom(*byte)) {
        return false;
    }
    let has_digit = || segment.iter().any(u8::is_ascii_digit);
    match segment {
        [first, ..] if segment.len() >= MIN_ISSUED => {
            segment.len() < MIN_RANDOM
                && (segment.iter().all(u8::is_ascii_digit) || !begins(*first) && !has_digit())
        }
        _ => true,
    }
}

fn is_base64(byte: u8) -> bool {
    is_atom(byte) || b"+/=~".contains(&byte)
}

/// The id of an access key of AWS.
fn is_aws(atom: &str) -> bool {
    let is_id = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit();
    let begins = ["AKIA", "ASIA"].iter().any(|start| atom.starts_with(start));
    begins && atom.len() == 20 && atom.bytes().all(is_id)
}

/// `sk-..` without more: `sk-SK` is a language, and `sk-some-slug` a slug.
fn is_sk(atom: &str) -> bool {
    let Some(rest) = atom.strip_prefix("sk-") else {
        return false;
    };
    let has = |is: fn(&u8) -> bool| rest.as_bytes().iter().any(is);
    let is_plain = !rest.contains(['-', '_']);
    rest.len() >= 20
        && has(u8::is_ascii_digit)
        && has(u8::is_ascii_alphabetic)
        && (is_plain || has(u8::is_ascii_uppercase))
}
