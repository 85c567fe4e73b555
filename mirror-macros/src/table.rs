//! Reading options by a table, with one check for those that are unknown, given twice or without a
//! value.

mod elsewhere;

pub(crate) use elsewhere::means;

use mirror_grammar::options::Spec;
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
    feature::check(entries, table.rows.iter().map(|row| row.spec), errors);
}

fn unknown<T>(key: &Ident, table: &Table<T>) -> syn::Error {
    let message = format!("unknown option `{key}`{}", table.owner);
    let names = table.rows.iter().map(|row| row.spec.name);
    let name = key.unraw().to_string();
    if let Some(advice) = elsewhere::advice(&name, !table.owner.is_empty()) {
        return error_with_help(key, message, advice);
    }
    match similar(&name, names) {
        Some(name) => error_with_help(
            key,
            message,
            format_args!("there is an option with a similar name: `{name}`"),
        ),
        None => error(key, message),
    }
}
