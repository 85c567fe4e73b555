//! The one table of options: what each is called, what it is worth if it is left out, what it may
//! be, where it may stand, and what it does not go with.
//!
//! The attribute, the builder, their defaults and the texts of their errors read it; the manuals
//! are compared with it by tests. A new option begins here.

mod default;
mod limit;
mod table;

pub use default::DefaultValue;
pub use limit::Limit;
pub use table::*;

/// One option.
#[derive(Clone, Copy, Debug)]
pub struct Spec {
    /// Its name in the attribute.
    pub name: &'static str,
    /// A value to show if the user's cannot be understood, as it is written in the attribute.
    pub example: &'static str,
    /// The value that holds if it is left out.
    pub default: DefaultValue,
    /// The values that it may have.
    pub limit: Limit,
    /// Whether it may stand in the attribute, beside `targets`.
    pub in_attribute: bool,
    /// Whether it may stand in the attribute's `target(..)`.
    pub in_target: bool,
    /// The builder's method for it, if there is one: `target` and `set_header` take one value a
    /// call, if the attribute takes a list.
    pub builder: Option<&'static str>,
    /// The option that it says nothing without.
    pub needs: Needs,
    /// The options that it cannot stand beside.
    pub conflicts: &'static [Conflict],
    /// The feature of `mirror-runtime` that it is a part of.
    pub feature: Option<Feature>,
}

/// The option that another says nothing without.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Needs {
    /// It stands alone.
    Nothing,
    /// The option `compare`.
    Compare,
    /// The option `compare`, in a mode that looks at JSON.
    Json,
}

/// A value of another option that an option cannot stand beside.
#[derive(Clone, Copy, Debug)]
pub struct Conflict {
    /// The other option.
    pub option: &'static str,
    /// Its value in the attribute.
    pub value: &'static str,
    /// Its call on the builder.
    pub call: &'static str,
    /// Why not.
    pub reason: &'static str,
}

/// A feature of `mirror-runtime` that an option is a part of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Feature {
    /// `compare`
    Compare,
    /// `record`
    Record,
    /// `http2`
    Http2,
    /// `log`
    Log,
    /// `otel`
    Otel,
    /// `testing`
    Testing,
}

impl Feature {
    /// The name in `Cargo.toml`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Compare => "compare",
            Self::Record => "record",
            Self::Http2 => "http2",
            Self::Log => "log",
            Self::Otel => "otel",
            Self::Testing => "testing",
        }
    }
}

/// Finds an option by the name that the attribute has for it.
#[must_use]
pub fn find(name: &str) -> Option<&'static Spec> {
    ALL.iter().copied().find(|spec| spec.name == name)
}

impl Spec {
    const fn new(name: &'static str, example: &'static str, default: DefaultValue) -> Self {
        Self {
            name,
            example,
            default,
            limit: Limit::Any,
            in_attribute: false,
            in_target: false,
            builder: None,
            needs: Needs::Nothing,
            conflicts: &[],
            feature: None,
        }
    }

    const fn limit(self, limit: Limit) -> Self {
        Self { limit, ..self }
    }

    const fn attribute(self) -> Self {
        let in_attribute = true;
        Self {
            in_attribute,
            ..self
        }
    }

    const fn target(self) -> Self {
        let in_target = true;
        Self { in_target, ..self }
    }

    const fn builder(self, method: &'static str) -> Self {
        let builder = Some(method);
        Self { builder, ..self }
    }

    /// The attribute and the builder, under one name.
    const fn everywhere(self) -> Self {
        let name = self.name;
        self.attribute().builder(name)
    }

    const fn conflicts(self, conflicts: &'static [Conflict]) -> Self {
        Self { conflicts, ..self }
    }

    /// An option about comparing.
    const fn comparing(self, needs: Needs) -> Self {
        Self { needs, ..self }.feature(Feature::Compare)
    }

    const fn feature(self, feature: Feature) -> Self {
        let feature = Some(feature);
        Self { feature, ..self }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn each_option_has_a_name_of_its_own_and_a_place() {
        let mut names = HashSet::new();
        for spec in ALL {
            assert!(names.insert(spec.name), "{} is there twice", spec.name);
            let has_a_place = spec.in_attribute || spec.in_target || spec.builder.is_some();
            assert!(has_a_place, "{} stands nowhere", spec.name);
        }
    }

    #[test]
    fn what_conflicts_is_an_option_in_the_same_places() {
        for spec in ALL {
            for conflict in spec.conflicts {
                let other = find(conflict.option).unwrap();
                assert_eq!(other.in_attribute, spec.in_attribute, "{}", spec.name);
                assert!(conflict.call.starts_with(other.builder.unwrap()));
            }
        }
    }

    #[test]
    fn what_needs_compare_has_its_feature_or_one_that_brings_it() {
        for spec in ALL.iter().filter(|spec| spec.needs != Needs::Nothing) {
            let feature = spec.feature.unwrap();
            assert!(matches!(feature, Feature::Compare | Feature::Record));
        }
    }

    #[test]
    fn defaults_keep_the_limits() {
        for spec in ALL {
            match (spec.default, spec.limit) {
                (DefaultValue::Time(time) | DefaultValue::TimeWithin(time, _), limit) => {
                    assert_eq!(limit, Limit::Time, "{}", spec.name);
                    assert!(crate::check_timeout(time).is_ok(), "{}", spec.name);
                }
                (DefaultValue::Percentage(percentage), limit) => {
                    assert_eq!(limit, Limit::Percentage, "{}", spec.name);
                    assert!(crate::check_percentage(percentage).is_ok());
                }
                (DefaultValue::Count(count), limit) => {
                    assert_eq!(limit, Limit::Count, "{}", spec.name);
                    assert!(count > 0, "{}", spec.name);
                }
                (DefaultValue::Bytes(bytes), Limit::Bytes { max }) => {
                    assert!((1..=max).contains(&bytes), "{}", spec.name);
                }
                (DefaultValue::Word(word), Limit::Words(words)) => {
                    assert!(words.contains(&word), "{}", spec.name);
                }
                (DefaultValue::Bytes(_) | DefaultValue::Word(_), limit) => {
                    panic!("{}: {limit:?}", spec.name)
                }
                _ => {}
            }
        }
    }
}
