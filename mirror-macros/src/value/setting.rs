//! One option, and what its value may be.

use mirror_grammar::options::Spec;
use proc_macro2::Group;
use quote::ToTokens;
use syn::{Expr, ExprArray, Ident, Lit, LitStr, Type};

use super::{Entry, Value, entry, literal, map_entry, peel, string, within};
use crate::error::{Errors, error, error_with_help, similar};

/// What the words of options are called elsewhere.
const OTHER_WORDS: [(&str, &str); 25] = [
    ("stream", "tee"),
    ("streaming", "tee"),
    ("buffered", "buffer"),
    ("original", "preserve"),
    ("keep", "preserve"),
    ("request", "preserve"),
    ("preserved", "preserve"),
    ("rewrite", "target"),
    ("remove", "strip"),
    ("drop", "strip"),
    ("none", "strip"),
    ("false", "strip"),
    ("pass", "forward"),
    ("copy", "forward"),
    ("all", "forward"),
    ("true", "forward"),
    ("verbatim", "forward"),
    ("off", "strip"),
    ("inherit", "child"),
    ("parent", "child"),
    ("propagate", "child"),
    ("linked", "link"),
    ("links", "link"),
    ("root", "link"),
    ("not_sampled", "unsampled"),
];

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
            _ => Err(self.not_a_boolean()),
        }
    }

    fn not_a_boolean(&self) -> syn::Error {
        let what = "be `true` or `false`";
        match self.word().as_str() {
            "true" | "yes" | "on" | "1" => self.must_like(what, "true"),
            "false" | "no" | "off" | "0" => self.must_like(what, "false"),
            _ => self.must(what),
        }
    }

    /// The value as one word in lower case, with quotes or without, and without the path before it.
    pub(crate) fn word(&self) -> String {
        let text = match (self.string(), self.expr()) {
            (Some(text), _) => text.value(),
            (None, Some(Expr::Path(path))) => {
                let last = path.path.segments.last();
                last.map(|last| last.ident.to_string()).unwrap_or_default()
            }
            _ => self.value.to_token_stream().to_string(),
        };
        text.trim().to_ascii_lowercase()
    }

    /// A string that is not empty.
    pub(crate) fn text(&self) -> syn::Result<LitStr> {
        let text = self.string().ok_or_else(|| match self.expr() {
            Some(Expr::Path(path)) => {
                let path = path.to_token_stream().to_string().replace(' ', "");
                self.must_like("be a string", &format!("\"{path}\""))
            }
            _ => self.must("be a string"),
        })?;
        if text.value().is_empty() {
            return Err(self.must("not be empty"));
        }
        Ok(text.clone())
    }

    /// One of the strings of `choices`, which are those that the table has.
    pub(crate) fn choice<T: Copy, const N: usize>(
        &self,
        choices: [(&str, T); N],
    ) -> syn::Result<T> {
        let found = self.string().map(LitStr::value);
        let chosen = choices
            .iter()
            .find(|(choice, _)| found.as_deref() == Some(*choice));
        chosen.map(|(_, value)| *value).ok_or_else(|| {
            let what = format!("be {}", self.spec.limit);
            let word = self.word();
            let names = choices.map(|(name, _)| name);
            let other = OTHER_WORDS
                .iter()
                .find(|(other, name)| *other == word && names.contains(name));
            match other
                .map(|(_, name)| *name)
                .or_else(|| similar(&word, names))
            {
                Some(name) => self.must_like(&what, &format!("\"{name}\"")),
                None => self.must(&what),
            }
        })
    }

    /// `[a, b, ..]`
    pub(crate) fn list(&self) -> syn::Result<&ExprArray> {
        match self.expr() {
            Some(Expr::Array(array)) => Ok(array),
            Some(value @ (Expr::Path(_) | Expr::Lit(_))) if !self.may_hold_a_secret() => {
                let value = value.to_token_stream().to_string().replace(" :: ", "::");
                Err(self.must_like("be a list", &format!("[{value}]")))
            }
            _ => Err(self.must_like("be a list", self.spec.example)),
        }
    }

    /// Whether the value may be a URL with credentials, which no message repeats.
    fn may_hold_a_secret(&self) -> bool {
        self.string().is_some_and(|text| text.value().contains('@'))
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
        let message = format!("`{}` must {what}", self.spec.name);
        if self.is_constant() {
            let help =
                "write the value itself here, or the constant in `Defaults` and `defaults = ..`";
            return error_with_help(self.value, message, help);
        }
        error(self.value, message)
    }

    /// Whether the value has the name of a constant, whose value only rustc knows.
    fn is_constant(&self) -> bool {
        let Some(Expr::Path(path)) = self.expr() else {
            return false;
        };
        let last = path.path.segments.last();
        let name = last.map(|last| last.ident.to_string()).unwrap_or_default();
        name.contains(|c: char| c.is_ascii_uppercase()) && name == name.to_ascii_uppercase()
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
