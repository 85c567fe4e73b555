//! The rules of comparing: what is left out, allowed and hidden.

mod patterns;

use std::sync::Arc;

use http::HeaderName;
use mirror_grammar::{
    PointerToken, check_tolerance, is_index_under, options::DEFAULT_MAX_COMPARE_BODY, parse_pointer,
};

use crate::{error::RuleError, json::decimal::Decimal};

#[cfg(feature = "compare")]
pub(crate) use self::patterns::Marks;
pub(crate) use self::patterns::{Patterns, State};

/// The options that say how responses are compared.
///
/// Patterns are JSON pointers (RFC 6901), in which `*` is any index or key. They are about bodies
/// that are compared as JSON.
///
/// ```
/// use mirror_compare::Rules;
///
/// let mut rules = Rules::default();
/// rules.ignore("/generated_at")?;
/// rules.unordered("/tags")?;
/// rules.tolerance("/items/*/total", 0.01)?;
/// assert!(rules.ignore("generated_at").is_err());
/// # Ok::<(), mirror_compare::RuleError>(())
/// ```
#[derive(Clone, Debug)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is an option, or known of all patterns"
)]
pub struct Rules {
    pub(super) compare_headers: Vec<HeaderName>,
    pub(super) ignore_headers: Vec<HeaderName>,
    pub(super) ignore_zero_fraction: bool,
    pub(super) ignore_bom: bool,
    pub(super) patterns: Patterns,
    /// Some pattern leaves out or allows something.
    pub(super) is_lenient: bool,
    pub(super) has_tolerance: bool,
    pub(super) redacts: bool,
    pub(super) max_compare_body: usize,
    written: Written,
    /// The rules as they are written, in the order of their bits in [`Applied`].
    names: Arc<Vec<String>>,
}

/// Which rules were about something in two responses, by their places among them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Applied(u64);

impl Applied {
    pub(crate) fn add(&mut self, more: Self) {
        self.0 |= more.0;
    }

    #[cfg(feature = "compare")]
    fn has(self, rule: usize) -> bool {
        rule < MAX_WATCHED && self.0 & (1 << rule) > 0
    }
}

/// The rules, and which of them were about something in two responses.
#[cfg(feature = "compare")]
#[derive(Clone)]
pub(crate) struct Watched {
    names: Arc<Vec<String>>,
    applied: Applied,
}

#[cfg(feature = "compare")]
impl Watched {
    pub(crate) fn new(rules: &Rules, applied: Applied) -> Self {
        let names = Arc::clone(&rules.names);
        Self { names, applied }
    }

    /// Each rule as it is written, with whether it was about something.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, bool)> {
        let names = self.names.iter().enumerate().take(MAX_WATCHED);
        names.map(|(rule, name)| (&**name, self.applied.has(rule)))
    }
}

/// Nothing of the rules: these are the user's.
#[cfg(feature = "compare")]
impl std::fmt::Debug for Watched {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Watched({:?})", self.applied)
    }
}

/// So many rules are watched for whether they are about anything; a machine word has room for them.
#[cfg(feature = "compare")]
pub(crate) const MAX_WATCHED: usize = 64;

/// The patterns of the rules, so that they can be written down and given again.
#[derive(Clone, Debug, Default)]
pub struct Written {
    /// To values that may differ.
    pub ignore: Vec<String>,
    /// To arrays in any order.
    pub unordered: Vec<String>,
    /// To numbers that may differ, and by how much.
    pub tolerance: Vec<(String, f64)>,
    /// To values that are not shown.
    pub redact: Vec<String>,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            compare_headers: Vec::new(),
            ignore_headers: Vec::new(),
            ignore_zero_fraction: false,
            ignore_bom: false,
            patterns: Patterns::default(),
            is_lenient: false,
            has_tolerance: false,
            redacts: false,
            max_compare_body: DEFAULT_MAX_COMPARE_BODY,
            written: Written::default(),
            names: Arc::default(),
        }
    }
}

impl Rules {
    /// A header that must agree too, and a trailer field of this name.
    ///
    /// What a header means is compared, as far as its syntax is known: lists without an order in
    /// any order, parameters and directives too, names without their case. Of others, several lines
    /// are the same as one line of their values. `Set-Cookie` is compared cookie by cookie, with
    /// its values; `ETag`, `Last-Modified` and `Expires` in every character, of which else only the
    /// presence counts.
    pub fn compare_header(&mut self, name: HeaderName) {
        if !self.compare_headers.contains(&name) {
            self.watch(format!("compare_headers \"{name}\""));
            self.compare_headers.push(name);
        }
    }

    /// A header that may differ, of those that are compared by default.
    pub fn ignore_header(&mut self, name: HeaderName) {
        if !self.ignore_headers.contains(&name) {
            self.watch(format!("ignore_headers \"{name}\""));
            self.ignore_headers.push(name);
        }
    }

    /// Whether `5.0` is the same as `5`. Default: it is not, because a client that reads an integer
    /// there may refuse it. `1.50` is the same as `1.5`, and `1.5E2` as `150`, in any case.
    pub fn set_ignore_zero_fraction(&mut self, ignore: bool) {
        self.ignore_zero_fraction = ignore;
    }

    /// Whether a byte order mark before a document or a text is no difference. Default: it is one,
    /// because many clients read no JSON behind it.
    pub fn set_ignore_bom(&mut self, ignore: bool) {
        self.ignore_bom = ignore;
    }

    /// Takes note of a rule, so that one that is about nothing can be told.
    fn watch(&mut self, rule: String) -> Applied {
        let bit = u32::try_from(self.names.len()).unwrap_or(u32::MAX);
        Arc::make_mut(&mut self.names).push(rule);
        Applied(1_u64.checked_shl(bit).unwrap_or(0))
    }

    /// Adds a rule about a place, unless an array on the way has no order, and thus no indices.
    fn add(
        &mut self,
        option: &str,
        pattern: &str,
        mark: impl FnOnce(&mut patterns::Marks),
    ) -> Result<(), RuleError> {
        let tokens = parse(pattern)?;
        let others = self.written.unordered.iter();
        if let Some(other) = others.clone().find(|other| is_index_under(other, pattern)) {
            return Err(RuleError::index(pattern, other));
        }
        if option == "unordered" {
            let Written {
                ignore,
                tolerance,
                redact,
                unordered,
            } = &self.written;
            let mut others = ignore.iter().chain(redact).chain(unordered);
            let tolerance = tolerance.iter().map(|(other, _)| other);
            let other = others.find(|other| is_index_under(pattern, other));
            let mut tolerance = tolerance.filter(|other| is_index_under(pattern, other));
            if let Some(other) = other.or_else(|| tolerance.next()) {
                return Err(RuleError::index(other, pattern));
            }
        }
        let applied = self.watch(format!("{option} \"{pattern}\""));
        self.patterns.mark(&tokens, applied, mark);
        Ok(())
    }

    /// Leaves a value, and all in it, out. An element that is left out does not count for the
    /// length of its array.
    ///
    /// # Errors
    ///
    /// [`RuleError::Pointer`] if the pattern is not a JSON pointer; [`RuleError::Index`] if it names
    /// an element of an array that is [`unordered`](Self::unordered) by its index.
    pub fn ignore(&mut self, pattern: &str) -> Result<(), RuleError> {
        self.add("ignore", pattern, |marks| marks.ignore = true)?;
        self.written.ignore.push(pattern.to_owned());
        self.is_lenient = true;
        Ok(())
    }

    /// Compares an array as a multiset: in any order, but every element as often.
    ///
    /// # Errors
    ///
    /// As for [`ignore`](Self::ignore).
    pub fn unordered(&mut self, pattern: &str) -> Result<(), RuleError> {
        self.add("unordered", pattern, |marks| marks.unordered = true)?;
        self.written.unordered.push(pattern.to_owned());
        self.is_lenient = true;
        Ok(())
    }

    /// Lets numbers differ by so much, and no more; of several tolerances for one place, the
    /// largest counts.
    ///
    /// # Errors
    ///
    /// As for [`ignore`](Self::ignore); [`RuleError::Tolerance`] if the difference is negative,
    /// infinite or not a number.
    pub fn tolerance(&mut self, pattern: &str, difference: f64) -> Result<(), RuleError> {
        let number = check_tolerance(difference).map_err(RuleError::tolerance)?;
        self.add("tolerance", pattern, |marks| {
            let difference = Decimal::from_f64(number);
            marks.tolerance = marks.tolerance.take().max(Some(difference));
        })?;
        self.written.tolerance.push((pattern.to_owned(), number));
        self.is_lenient = true;
        self.has_tolerance = true;
        Ok(())
    }

    /// Keeps a value, and all in it, out of every output. That the value differs is still reported.
    ///
    /// The value is hidden at other places, too, as it is or percent-encoded: in another field, in
    /// a header, in a segment of the path. A value of one to three bytes, which is a part of many
    /// others by chance, is hidden only if it is the whole of another value, or of a part between
    /// `/`, `?`, `#`, `&`, `=`, `,`, `;`, `:`, `"` and spaces of a header or of the path. `null`,
    /// `true`, `false` and a single digit stand everywhere, and are hidden at their place only.
    ///
    /// Nothing is shown of a body that is not JSON. Of its headers, and of all headers if bodies
    /// are not compared, only `content-type`, `content-encoding` and `content-length` are shown.
    /// Nothing is shown of the path if a response was not read, because it is too large, for
    /// example. If the shadow calls the field by another name, name both places.
    ///
    /// # Errors
    ///
    /// As for [`ignore`](Self::ignore).
    pub fn redact(&mut self, pattern: &str) -> Result<(), RuleError> {
        self.add("redact", pattern, |marks| marks.redact = true)?;
        self.written.redact.push(pattern.to_owned());
        self.redacts = true;
        Ok(())
    }

    /// Keeps a value out of every output as [`redact`](Self::redact) does, and is no rule of its own:
    /// it is not among those that are written down, nor among those that a report says are about
    /// nothing. For values that are secret for another reason, such as those that are masked in
    /// copies. A pattern that is no JSON pointer hides nothing.
    pub fn hide(&mut self, pattern: &str) {
        if let Ok(tokens) = parse_pointer(pattern) {
            let applied = Applied::default();
            self.patterns
                .mark(&tokens, applied, |marks| marks.redact = true);
            self.redacts = true;
        }
    }

    /// Larger bodies are not compared. Default: 256 KiB.
    pub fn set_max_compare_body(&mut self, bytes: usize) {
        self.max_compare_body = bytes;
    }

    /// The largest body that is compared, in bytes, also when its `Content-Encoding` is undone.
    #[must_use]
    pub fn max_compare_body(&self) -> usize {
        self.max_compare_body
    }

    /// The headers that must agree too.
    #[must_use]
    pub fn compare_headers(&self) -> &[HeaderName] {
        &self.compare_headers
    }

    /// The headers that may differ.
    #[must_use]
    pub fn ignore_headers(&self) -> &[HeaderName] {
        &self.ignore_headers
    }

    /// Whether `5.0` is the same as `5`.
    #[must_use]
    pub fn ignore_zero_fraction(&self) -> bool {
        self.ignore_zero_fraction
    }

    /// Whether a byte order mark is no difference.
    #[must_use]
    pub fn ignore_bom(&self) -> bool {
        self.ignore_bom
    }

    /// Those headers of the rules that two responses have.
    #[cfg(feature = "compare")]
    pub(crate) fn applied_to(&self, has: impl Fn(&HeaderName) -> bool) -> Applied {
        let mut applied = Applied::default();
        for (option, names) in [
            ("compare_headers", &self.compare_headers),
            ("ignore_headers", &self.ignore_headers),
        ] {
            for name in names.iter().filter(|name| has(name)) {
                let is_it = |rule: &String| {
                    let rest = rule.strip_prefix(option);
                    rest.is_some_and(|rest| rest.trim_matches([' ', '"']) == name.as_str())
                };
                let place = self.names.iter().position(is_it);
                let bit = place.and_then(|place| u32::try_from(place).ok());
                applied.0 |= bit.and_then(|bit| 1_u64.checked_shl(bit)).unwrap_or(0);
            }
        }
        applied
    }

    /// The patterns as they were given.
    #[must_use]
    pub fn written(&self) -> &Written {
        &self.written
    }
}

fn parse(pattern: &str) -> Result<Vec<PointerToken>, RuleError> {
    parse_pointer(pattern).map_err(|error| RuleError::Pointer {
        pattern: pattern.to_owned(),
        error: error.to_string(),
    })
}
