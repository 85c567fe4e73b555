//! Reading options by a table, with one check for those that are unknown, given twice or without a value.

use mirror_grammar::options::{self, Feature, Spec};
use syn::{Ident, ext::IdentExt};

use crate::{
    error::{Errors, error, error_with_help, similar},
    feature,
    value::{Entry, Setting, Value},
};

/// The options of a `T`.
pub(crate) struct Table<T: 'static> {
    /// What follows an option's name to say whose it is.
    pub(crate) owner: &'static str,
    pub(crate) rows: &'static [Row<T>],
}

/// An option of a `T`, and how its value is read.
pub(crate) struct Row<T> {
    pub(crate) spec: &'static Spec,
    pub(crate) read: fn(&mut T, &Setting<'_>, &mut Errors),
}

/// A feature of `mirror-runtime`, and the option that needs it.
pub(crate) struct Needed {
    pub(crate) feature: Feature,
    pub(crate) option: Ident,
}

/// Reads the options in `entries` into a `T`.
pub(crate) fn read<T>(entries: &[Entry], table: &Table<T>, into: &mut T, errors: &mut Errors) {
    for (index, Entry { key, value }) in entries.iter().enumerate() {
        let Some(row) = table.rows.iter().find(|row| key == row.spec.name) else {
            errors.push(unknown(key, table));
            continue;
        };
        if entries[..index].iter().any(|earlier| earlier.key == *key) {
            errors.push(error(key, format_args!("duplicate option `{key}`")));
            continue;
        }
        if let Err(error) = feature::check(key) {
            // It is read all the same, so that the options that need it find it.
            errors.push(error);
        }
        match value {
            Value::Broken => {}
            Value::Missing => errors.push(error_with_help(
                key,
                format_args!("`{key}` needs a value"),
                format_args!("write `{key} = {}`", row.spec.example),
            )),
            Value::Expr(_) | Value::Map(_) | Value::Type(_) => {
                let spec = row.spec;
                (row.read)(into, &Setting { key, spec, value }, errors);
            }
        }
    }
}

/// The features that `entries` need, each with the option that comes first in the table: what needs `compare` comes
/// behind it.
pub(crate) fn needed(entries: &[Entry]) -> Vec<Needed> {
    let mut all: Vec<Needed> = Vec::new();
    for spec in options::ALL {
        let entry = entries.iter().find(|entry| entry.key == spec.name);
        if let (Some(feature), Some(entry)) = (spec.feature, entry)
            && all.iter().all(|needed| needed.feature != feature)
        {
            let option = entry.key.clone();
            all.push(Needed { feature, option });
        }
    }
    all
}

fn unknown<T>(key: &Ident, table: &Table<T>) -> syn::Error {
    let message = format!("unknown option `{key}`{}", table.owner);
    let names = table.rows.iter().map(|row| row.spec.name);
    match similar(&key.unraw().to_string(), names) {
        Some(name) => error_with_help(
            key,
            message,
            format_args!("there is an option with a similar name: `{name}`"),
        ),
        None => error(key, message),
    }
}
