//! The mirrors of attributes, which are known before their first request.

use std::{fmt, panic::Location, sync::OnceLock, time::SystemTime};

use mirror_grammar::{ConstMessage, Date, options::DEFAULT_PERCENTAGE, parse_date};

use crate::target::Destination;

/// The mirror of an attribute, as it is written.
///
/// The expansion of `#[mirror]` makes a static of it and submits that to `inventory`.
pub struct MirrorEntry {
    module: &'static str,
    function: &'static str,
    file: &'static str,
    line: u32,
    /// The path of a function within the handler, of which the type around the handler is a part.
    path: fn() -> &'static str,
    given_name: Option<&'static str>,
    name: OnceLock<String>,
    targets: &'static [EntryTarget],
    options: &'static [(&'static str, &'static str)],
    percentage: Option<f64>,
    until: Option<Date>,
    allow_raise: Option<bool>,
    shared: Shared,
}

/// A target of an attribute, as it is written.
#[derive(Clone, Copy, Debug)]
pub struct EntryTarget {
    name: &'static str,
    percentage: Option<f64>,
}

/// What a mirror takes of the options that it shares with others.
#[derive(Clone, Copy, Debug, Default)]
pub struct Shared {
    pub(crate) percentage: Option<f64>,
    pub(crate) until: Option<Date>,
    pub(crate) allow_raise: Option<bool>,
}

/// The first moment of a day, in UTC.
pub(crate) fn begin(date: Date) -> SystemTime {
    SystemTime::UNIX_EPOCH + date.since_epoch()
}

/// The date that is written.
///
/// # Panics
///
/// If it is none, with what is wrong.
#[track_caller]
pub(crate) const fn checked_date(date: &str) -> Date {
    match parse_date(date) {
        Ok(date) => date,
        Err(error) => {
            let message = ConstMessage::new().with("invalid `until`: ");
            panic!("{}", message.with(error.as_str()).as_str())
        }
    }
}

inventory::collect!(&'static MirrorEntry);

/// All of them.
pub(crate) fn entries() -> impl Iterator<Item = &'static MirrorEntry> {
    inventory::iter::<&'static MirrorEntry>.into_iter().copied()
}

impl EntryTarget {
    /// Its name, or what it is named by.
    #[must_use]
    pub const fn new(name: &'static str) -> Self {
        let percentage = None;
        Self { name, percentage }
    }

    /// `percentage`
    #[must_use]
    pub const fn percentage(mut self, percentage: f64) -> Self {
        self.percentage = Some(percentage);
        self
    }
}

impl MirrorEntry {
    /// The mirror of a function.
    #[must_use]
    pub const fn new(
        module: &'static str,
        function: &'static str,
        file: &'static str,
        line: u32,
        path: fn() -> &'static str,
    ) -> Self {
        Self {
            module,
            function,
            file,
            line,
            path,
            given_name: None,
            name: OnceLock::new(),
            targets: &[],
            options: &[],
            percentage: None,
            until: None,
            allow_raise: None,
            shared: Shared {
                percentage: None,
                until: None,
                allow_raise: None,
            },
        }
    }

    /// `name`
    #[must_use]
    pub const fn name(mut self, name: &'static str) -> Self {
        self.given_name = Some(name);
        self
    }

    /// `targets`
    #[must_use]
    pub const fn targets(mut self, targets: &'static [EntryTarget]) -> Self {
        self.targets = targets;
        self
    }

    /// The other options, as they are written.
    #[must_use]
    pub const fn options(mut self, options: &'static [(&'static str, &'static str)]) -> Self {
        self.options = options;
        self
    }

    /// `percentage`
    #[must_use]
    pub const fn percentage(mut self, percentage: f64) -> Self {
        self.percentage = Some(percentage);
        self
    }

    /// `until`
    ///
    /// # Panics
    ///
    /// In `const` evaluation, if it is no date: the attribute has checked it.
    #[must_use]
    pub const fn until(mut self, date: &str) -> Self {
        self.until = Some(checked_date(date));
        self
    }

    /// `allow_raise`
    #[must_use]
    pub const fn allow_raise(mut self, allow_raise: bool) -> Self {
        self.allow_raise = Some(allow_raise);
        self
    }

    /// `defaults`
    #[must_use]
    pub const fn shared(mut self, shared: &Shared) -> Self {
        self.shared = *shared;
        self
    }

    /// The name in counters and logs.
    pub(crate) fn mirror(&'static self) -> &'static str {
        self.given_name.unwrap_or_else(|| {
            let name = || default_name(self.module, self.function, (self.path)());
            self.name.get_or_init(name)
        })
    }

    pub(crate) const fn module(&self) -> &'static str {
        self.module
    }

    pub(crate) const fn as_written(&self) -> &'static [(&'static str, &'static str)] {
        self.options
    }

    pub(crate) const fn place(&self) -> Place {
        Place {
            file: self.file,
            line: self.line,
        }
    }

    /// The names of its targets.
    pub(crate) fn target_names(&self) -> Vec<String> {
        let names = self.targets.iter().map(|target| target.name);
        names
            .map(|name| canonical(name).unwrap_or_else(|| name.to_owned()))
            .collect()
    }

    /// What the code says, as far as it is known before the mirror is made.
    pub(crate) fn configured(&self) -> Configured {
        let shared = self.shared.percentage.unwrap_or(DEFAULT_PERCENTAGE);
        let share = self.percentage.unwrap_or(shared);
        let targets = self.targets.iter().map(|target| ConfiguredTarget {
            name: canonical(target.name).unwrap_or_else(|| target.name.to_owned()),
            percentage: target.percentage.unwrap_or(share),
        });
        Configured {
            targets: targets.collect(),
            until: self.until.or(self.shared.until).map(begin),
            allow_raise: self
                .allow_raise
                .or(self.shared.allow_raise)
                .unwrap_or_default(),
        }
    }
}

impl fmt::Debug for MirrorEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MirrorEntry")
            .field("module", &self.module)
            .field("function", &self.function)
            .field("file", &self.file)
            .field("line", &self.line)
            .finish_non_exhaustive()
    }
}

/// What the code says of a mirror.
#[derive(Clone, Debug, Default)]
pub(crate) struct Configured {
    /// Without the baseline.
    pub(crate) targets: Vec<ConfiguredTarget>,
    /// When it is over.
    pub(crate) until: Option<SystemTime>,
    pub(crate) allow_raise: bool,
}

/// What the code says of a target.
#[derive(Clone, Debug)]
pub(crate) struct ConfiguredTarget {
    pub(crate) name: String,
    pub(crate) percentage: f64,
}

/// The place of a mirror in the code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) file: &'static str,
    pub(crate) line: u32,
}

impl From<&Location<'static>> for Place {
    fn from(location: &Location<'static>) -> Self {
        Self {
            file: location.file(),
            line: location.line(),
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.file, self.line)
    }
}

/// A URL as targets are named by it.
pub(super) fn canonical(name: &str) -> Option<String> {
    let destination = Destination::parse(name).ok()?;
    Some(destination.url().to_owned())
}

/// The module, the types around the function, and the function. `path` is that of something within
/// the function, as [`type_name`](std::any::type_name) writes it: `shop::Users<_>::list::..`,
/// `shop::<impl model::Users>::list::..` or `<shop::Users as shop::Api>::list::..`.
///
/// How it is written is not promised, so a path that is read wrong costs the types, no more.
fn default_name(module: &str, function: &str, path: &str) -> String {
    let rest = path.strip_prefix(module).unwrap_or(path);
    let mut around = segments(rest);
    // What is in the function says nothing of where it stands.
    let end = around.iter().rposition(|segment| *segment == function);
    around.truncate(end.unwrap_or(0));
    let mut name = module.to_owned();
    for part in around.into_iter().filter_map(type_of).chain([function]) {
        name.push_str("::");
        name.push_str(part);
    }
    name
}

/// The type that a part of a path is, without its module and its arguments. Types begin with a
/// capital; functions, modules and closures do not.
fn type_of(segment: &str) -> Option<&str> {
    let written = match segment.strip_prefix('<').and_then(|s| s.strip_suffix('>')) {
        Some(inside) => {
            let inside = inside.strip_prefix("impl ").unwrap_or(inside);
            // `<T as Trait>`, and `<impl Trait for T>`.
            let inside = split(inside, " as ").first().copied().unwrap_or(inside);
            split(inside, " for ").last().copied().unwrap_or(inside)
        }
        None => segment,
    };
    let last = segments(written).pop()?;
    let name = last.split('<').next()?;
    name.starts_with(|c: char| c.is_uppercase()).then_some(name)
}

/// The parts of a path.
fn segments(path: &str) -> Vec<&str> {
    let mut parts = split(path, "::");
    parts.retain(|part| !part.is_empty());
    parts
}

/// Splits a text, but not within brackets.
fn split<'a>(text: &'a str, at: &str) -> Vec<&'a str> {
    let (mut parts, mut depth, mut start, mut before) = (Vec::new(), 0_u32, 0, ' ');
    for (index, c) in text.char_indices() {
        match c {
            '<' | '(' | '[' | '{' => depth += 1,
            // Not the end of `->`.
            '>' if before == '-' => {}
            '>' | ')' | ']' | '}' => depth = depth.saturating_sub(1),
            _ if depth == 0 && index >= start && text[index..].starts_with(at) => {
                parts.push(&text[start..index]);
                start = index + at.len();
            }
            _ => {}
        }
        before = c;
    }
    parts.push(&text[start..]);
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_default_name_has_the_types_around_the_function() {
        for (path, name) in [
            ("shop::api::list::E::here", "shop::api::list"),
            ("shop::api::Users::list::E::here", "shop::api::Users::list"),
            (
                "shop::api::Users<_>::list::E::here",
                "shop::api::Users::list",
            ),
            (
                "shop::api::<impl shop::model::Users<alloc::vec::Vec<u8>>>::list::E::here",
                "shop::api::Users::list",
            ),
            (
                "<shop::Users as shop::Api>::list::E::here",
                "shop::api::Users::list",
            ),
            (
                "shop::api::<impl shop::Api<fn(u8) -> u8> for shop::Users>::list::E::here",
                "shop::api::Users::list",
            ),
            (
                "<(u8, fn(u8) -> shop::X) as shop::Api>::list::E::here",
                "shop::api::list",
            ),
            (
                "shop::api::outer::{{closure}}::list::E::here",
                "shop::api::list",
            ),
            (
                "shop::api::outer::{{closure}}::Users::list::E::here",
                "shop::api::Users::list",
            ),
            (
                "shop::api::_::<impl shop::Users>::list::E::here",
                "shop::api::Users::list",
            ),
            ("something else", "shop::api::list"),
            ("", "shop::api::list"),
        ] {
            assert_eq!(default_name("shop::api", "list", path), name, "{path}");
        }
    }
}
