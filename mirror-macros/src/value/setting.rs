//! One option, and what its value may be.

use mirror_grammar::options::Spec;
use proc_macro2::Group;
use syn::{Expr, ExprArray, Ident, Lit, LitStr, Type};

use super::{Entry, Value, entry, literal, map_entry, peel, string, within};
use crate::error::{Errors, error, error_with_help};

/// An option whose name is known, on its way to a checked value.
pub(crate) struct Setting<'a> {
    /// The name as the user wrote it, for its span.
    pub(crate) key: &'a Ident,
    pub(crate) spec: &'static Spec,
    pub(crate) value: &'a Value,
}

impl Setting<'_> {
    /// The value without the invisible groups that `macro_rules!` puts around expressions.
    pub(crate) fn expr(&self) -> Option<&Expr> {
        match self.value {
            Value::Expr(expr) => Some(peel(expr)),
            _ => None,
        }
    }

    pub(crate) fn literal(&self) -> Option<&Lit> {
        self.expr().and_then(literal)
    }

    pub(crate) fn string(&self) -> Option<&LitStr> {
        self.expr().and_then(string)
    }

    /// `true` or `false`.
    pub(crate) fn boolean(&self) -> syn::Result<bool> {
        match self.literal() {
            Some(Lit::Bool(literal)) => Ok(literal.value),
            _ => Err(self.must("be `true` or `false`")),
        }
    }

    /// A string that is not empty.
    pub(crate) fn text(&self) -> syn::Result<LitStr> {
        let text = self.string().ok_or_else(|| self.must("be a string"))?;
        if text.value().is_empty() {
            return Err(self.must("not be empty"));
        }
        Ok(text.clone())
    }

    /// One of the strings of `choices`, which are those that the table has.
    pub(crate) fn choice<T: Copy>(&self, choices: [(&str, T); 2]) -> syn::Result<T> {
        let found = self.string().map(LitStr::value);
        let chosen = choices
            .iter()
            .find(|(choice, _)| found.as_deref() == Some(*choice));
        chosen.map(|(_, value)| *value).ok_or_else(|| {
            let limit = self.spec.limit;
            self.must(&format!("be {limit}"))
        })
    }

    /// `[a, b, ..]`
    pub(crate) fn list(&self) -> syn::Result<&ExprArray> {
        match self.expr() {
            Some(Expr::Array(array)) => Ok(array),
            _ => Err(self.must_like("be a list", self.spec.example)),
        }
    }

    /// The items of a list, which must have some.
    pub(crate) fn items(&self, errors: &mut Errors) -> impl Iterator<Item = &Expr> + use<'_> {
        let list = errors.check(self.list());
        if list.is_some_and(|list| list.elems.is_empty()) {
            errors.push(self.must("not be empty"));
        }
        list.into_iter().flat_map(|list| &list.elems).map(peel)
    }

    /// A type.
    pub(crate) fn ty(&self) -> Option<&Type> {
        match self.value {
            Value::Type(ty) => Some(ty),
            _ => None,
        }
    }

    /// `{ key = value, .. }`
    pub(crate) fn map(&self, errors: &mut Errors) -> Option<Vec<(Expr, Expr)>> {
        let Some(braces) = self.braces() else {
            errors.push(self.must_like("be a map", self.spec.example));
            return None;
        };
        Some(within(braces, errors, map_entry))
    }

    /// The options of `{ option = value, .. }`; none if the value is no map.
    pub(crate) fn options(&self, errors: &mut Errors) -> Vec<Entry> {
        self.braces()
            .map(|braces| within(braces, errors, entry))
            .unwrap_or_default()
    }

    /// A map as it is written.
    pub(crate) fn braces(&self) -> Option<&Group> {
        match self.value {
            Value::Map(group) => Some(group),
            _ => None,
        }
    }

    /// The mistake of a value that does not do what it must.
    pub(crate) fn must(&self, what: &str) -> syn::Error {
        error(self.value, format_args!("`{}` must {what}", self.spec.name))
    }

    /// The same, where the fix is another way to write the value.
    pub(crate) fn must_like(&self, what: &str, to_type: &str) -> syn::Error {
        error_with_help(
            self.value,
            format_args!("`{}` must {what}", self.spec.name),
            format_args!("write `{} = {to_type}`", self.spec.name),
        )
    }
}
