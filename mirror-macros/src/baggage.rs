//! `baggage = { "mirror" = "shadow" }`

use mirror_grammar::{BaggageError, MAX_BAGGAGE, baggage_len, check_baggage_key};
use syn::{Expr, LitStr};

use crate::{
    error::{Errors, error},
    value::{Setting, string},
};

/// A member that the baggage of each copy has.
pub(crate) struct Member {
    pub(crate) key: LitStr,
    pub(crate) value: LitStr,
}

pub(crate) fn members(setting: &Setting<'_>, errors: &mut Errors) -> Vec<Member> {
    let mut members: Vec<Member> = Vec::new();
    for (key, value) in setting.map(errors).unwrap_or_default() {
        let key = errors.check(baggage_key(&key));
        let value = errors.check(baggage_value(&value));
        let (Some(key), Some(value)) = (key, value) else {
            continue;
        };
        let name = key.value();
        if members.iter().any(|member| member.key.value() == name) {
            errors.push(error(key, format_args!("`{name}` is there twice")));
        } else {
            members.push(Member { key, value });
        }
    }
    let texts: Vec<_> = members
        .iter()
        .map(|member| (member.key.value(), member.value.value()))
        .collect();
    let texts: Vec<_> = texts
        .iter()
        .map(|(key, value)| (key.as_str(), value.as_str()))
        .collect();
    if baggage_len(&texts) > MAX_BAGGAGE {
        errors.push(error(setting.value, BaggageError::TooLong));
    }
    members
}

fn baggage_key(expr: &Expr) -> syn::Result<LitStr> {
    let literal = string(expr).ok_or_else(|| error(expr, "a baggage key must be a string"))?;
    check_baggage_key(&literal.value()).map_err(|mistake| error(literal, mistake))?;
    Ok(literal.clone())
}

fn baggage_value(expr: &Expr) -> syn::Result<LitStr> {
    let literal = string(expr);
    literal
        .cloned()
        .ok_or_else(|| error(expr, "a baggage value must be a string"))
}
