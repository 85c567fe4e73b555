//! `circuit_breaker = { failures = 5, cooldown = "5s" }` and `circuit_breaker = off`

use std::time::Duration;

use mirror_grammar::options::{DEFAULT_COOLDOWN, DEFAULT_FAILURES, breaker};
use syn::{Expr, Lit};

use crate::{
    amount,
    error::Errors,
    table::{Row, Table, read},
    value::Setting,
};

/// When a target that fails is left alone.
pub(crate) enum CircuitBreaker {
    Off,
    On(Breaker),
}

/// After how many failures in a row, and for how long.
pub(crate) struct Breaker {
    pub(crate) failures: u32,
    pub(crate) cooldown: Duration,
}

impl Default for Breaker {
    /// The breaker of a mirror without the option. One half of it can be left to these, too.
    fn default() -> Self {
        Self {
            failures: DEFAULT_FAILURES,
            cooldown: DEFAULT_COOLDOWN,
        }
    }
}

const BREAKER: Table<Breaker> = Table {
    owner: " of a circuit breaker",
    rows: &[
        Row {
            spec: &breaker::FAILURES,
            read: |breaker, setting, errors| {
                if let Some(failures) = errors.check(amount::count(setting)) {
                    breaker.failures = failures;
                }
            },
        },
        Row {
            spec: &breaker::COOLDOWN,
            read: |breaker, setting, errors| {
                if let Some(cooldown) = errors.check(amount::duration(setting)) {
                    breaker.cooldown = cooldown;
                }
            },
        },
    ],
};

pub(super) fn circuit_breaker(
    setting: &Setting<'_>,
    errors: &mut Errors,
) -> Option<CircuitBreaker> {
    if is_off(setting) {
        return Some(CircuitBreaker::Off);
    }
    let Some(map) = setting.braces() else {
        let to_type = if means_off(setting) {
            "off"
        } else {
            setting.spec.example
        };
        errors.push(setting.must_like("be `off` or a map", to_type));
        return None;
    };
    if map.stream().is_empty() {
        errors.push(setting.must("not be empty"));
    }
    let mut breaker = Breaker::default();
    read(&setting.options(errors), &BREAKER, &mut breaker, errors);
    Some(CircuitBreaker::On(breaker))
}

fn is_off(setting: &Setting<'_>) -> bool {
    matches!(setting.expr(), Some(Expr::Path(path)) if path.path.is_ident("off"))
}

fn means_off(setting: &Setting<'_>) -> bool {
    match setting.literal() {
        Some(Lit::Bool(literal)) => !literal.value,
        Some(Lit::Str(literal)) => literal.value().eq_ignore_ascii_case("off"),
        _ => false,
    }
}
