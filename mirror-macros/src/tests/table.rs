//! The attribute reads every option of the table, with its limits and its conflicts.

use mirror_grammar::options::{self, Limit, Needs, Spec, breaker};

use super::{assert_mistakes, mistakes};
use crate::{args::OPTIONS, error::Errors, feature, target::OVERRIDES, value};

/// The attribute with this option and what it needs.
fn attribute(spec: &Spec, value: &str) -> String {
    let name = spec.name;
    let (targets, needed) = match (name, spec.needs) {
        ("targets", _) => return format!("#[mirror(targets = {value})] async fn h() {{}}"),
        ("state", _) => ("handler(v2)", ""),
        (_, Needs::Nothing) => ("\"http://a\"", ""),
        (_, Needs::Compare | Needs::Json) => ("\"http://a\"", ", compare = \"json\""),
    };
    format!("#[mirror(targets = [{targets}], {name} = {value}{needed})] async fn h() {{}}")
}

/// The same in a target.
fn target(spec: &Spec, value: &str) -> String {
    let name = spec.name;
    format!("#[mirror(targets = [target(\"http://a\", {name} = {value})])] async fn h() {{}}")
}

/// The example, as it would be compiled.
fn example(spec: &Spec) -> String {
    spec.example.replace("..", "todo!()")
}

/// Values just outside of a limit.
fn outside(limit: Limit) -> Vec<String> {
    let texts = |texts: &[&str]| texts.iter().map(|&text| text.to_owned()).collect();
    match limit {
        Limit::Any => Vec::new(),
        Limit::Percentage => texts(&["-0.001", "100.001"]),
        Limit::Time => texts(&["\"0s\"", "\"24h 1ms\""]),
        Limit::Count => texts(&["0"]),
        Limit::Bytes { max: usize::MAX } => texts(&["\"0B\""]),
        Limit::Bytes { max } => vec!["\"0B\"".to_owned(), format!("\"{}B\"", max + 1)],
        Limit::Date => texts(&["\"1969-12-31\"", "\"2027-02-29\"", "\"31.01.2027\""]),
        Limit::Rate => texts(&["\"0/s\"", "\"1/d\""]),
        Limit::Words(_) => texts(&["\"\"", "\"another\"", "true"]),
        Limit::Filled => texts(&["\"\"", "[]", "{}"]),
        Limit::Several { max } => {
            let many = (0..=max).map(|index| format!("\"http://a{index}\""));
            vec![
                "[]".to_owned(),
                format!("[{}]", many.collect::<Vec<_>>().join(", ")),
            ]
        }
    }
}

#[test]
fn every_option_is_read_and_no_other() {
    let in_attribute: Vec<_> = options::ALL
        .iter()
        .filter(|spec| spec.in_attribute)
        .collect();
    let read: Vec<_> = OPTIONS.rows.iter().map(|row| row.spec.name).collect();
    let names: Vec<_> = in_attribute.iter().map(|spec| spec.name).collect();
    assert_eq!(read, names);
    for spec in in_attribute {
        assert_mistakes(&attribute(spec, &example(spec)), &[]);
    }
}

#[test]
fn every_option_of_a_target_is_read_and_no_other() {
    let in_target: Vec<_> = options::ALL.iter().filter(|spec| spec.in_target).collect();
    let read: Vec<_> = OVERRIDES.rows.iter().map(|row| row.spec.name).collect();
    let names: Vec<_> = in_target.iter().map(|spec| spec.name).collect();
    assert_eq!(read, names);
    for spec in in_target {
        assert_mistakes(&target(spec, &example(spec)), &[]);
    }
}

#[test]
fn what_the_builder_alone_has_is_unknown() {
    let others = options::ALL.iter().filter(|spec| !spec.in_attribute);
    for spec in others.filter(|spec| !spec.in_target) {
        let found = mistakes(&attribute(spec, "1"));
        let [(at, message)] = &found[..] else {
            panic!("{found:?}");
        };
        assert_eq!(at, spec.name);
        assert!(message.starts_with("unknown option"), "{message}");
    }
}

#[test]
fn every_limit_is_kept() {
    for spec in options::ALL {
        for value in outside(spec.limit) {
            if spec.in_attribute {
                assert_eq!(mistakes(&attribute(spec, &value)).len(), 1, "{}", spec.name);
            }
            if spec.in_target {
                assert_eq!(mistakes(&target(spec, &value)).len(), 1, "{}", spec.name);
            }
        }
        if let Limit::Words(words) = spec.limit {
            for word in words {
                let source = if spec.in_attribute { attribute } else { target };
                assert_mistakes(&source(spec, &format!("\"{word}\"")), &[]);
            }
        }
    }
}

#[test]
fn every_conflict_is_a_mistake() {
    for spec in options::ALL.iter().filter(|spec| spec.in_attribute) {
        for conflict in spec.conflicts {
            let options::Conflict {
                option,
                value,
                reason,
                ..
            } = conflict;
            let name = spec.name;
            let example = example(spec);
            let source = format!(
                "#[mirror(targets = [\"http://a\"], {name} = {example}, {option} = {value})] async fn h() {{}}"
            );
            let message = format!("`{name}` conflicts with `{option} = {value}`: {reason}");
            assert_mistakes(&source, &[(name, &message)]);
        }
    }
}

#[test]
fn every_half_of_a_breaker_is_read() {
    for spec in [&breaker::FAILURES, &breaker::COOLDOWN] {
        let breaker = |value: &str| {
            let half = format!("{{ {} = {value} }}", spec.name);
            attribute(&options::CIRCUIT_BREAKER, &half)
        };
        assert_mistakes(&breaker(spec.example), &[]);
        for value in outside(spec.limit) {
            assert_eq!(mistakes(&breaker(&value)).len(), 1, "{}", spec.name);
        }
    }
}

#[test]
fn an_option_without_its_feature_is_one_mistake() {
    let found = |options: &str| {
        let mut errors = Errors::default();
        let entries = value::entries(options.parse().unwrap(), &mut errors);
        let specs = options::ALL.iter().copied();
        feature::check_by(|_| false, &entries, specs, &mut errors);
        let source = errors.into_compile_errors().unwrap_or_default().to_string();
        let needs = source.matches("needs the feature").count();
        let first = source.split('`').nth(1).unwrap_or_default().to_owned();
        (first, needs)
    };
    assert_eq!(found("sync = true, when = f"), (String::new(), 0));
    for spec in options::ALL.iter().filter(|spec| spec.feature.is_some()) {
        let one = format!("sync = true, {} = 1", spec.name);
        assert_eq!(found(&one), (spec.name.to_owned(), 1));
    }
    let compare = ("compare".to_owned(), 1);
    assert_eq!(found("ignore = 1, compare = 1, redact = 1"), compare);
}
