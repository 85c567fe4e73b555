//! Rules from a file: the same that the mirror has.

use mirror_compare::fixture::ComparedBy;
use serde::Deserialize as _;
use serde_json::Value;

/// Reads how responses are compared: an object with the rules, or a fixture, which holds those of
/// its mirror.
///
/// ```
/// let rules = mirror_replay::read_rules(br#"{"ignore": ["/at"], "unordered": ["/tags"]}"#)?;
/// assert_eq!(rules.ignore, ["/at"]);
/// assert_eq!(rules.mode, "json");
/// # Ok::<(), String>(())
/// ```
///
/// # Errors
///
/// Why it is neither.
pub fn read_rules(file: &[u8]) -> Result<ComparedBy, String> {
    let mut file: Value = serde_json::from_slice(file).map_err(|error| error.to_string())?;
    let is_fixture = file
        .get("format")
        .is_some_and(|format| format == mirror_grammar::FIXTURE_FORMAT);
    if is_fixture {
        file = file["compared_by"].take();
    }
    let defaults =
        serde_json::to_value(ComparedBy::default()).map_err(|error| error.to_string())?;
    let Some(fields) = file.as_object() else {
        return Err("it is no object, like `{\"ignore\": [\"/at\"]}`".to_owned());
    };
    let unknown = fields.keys().find(|name| defaults.get(name).is_none());
    if let Some(name) = unknown.filter(|_| !is_fixture) {
        let known = defaults.as_object().into_iter().flatten();
        let known: Vec<_> = known.map(|(name, _)| format!("`{name}`")).collect();
        return Err(format!(
            "there is no rule `{name}`; there are {}",
            known.join(", ")
        ));
    }
    let rules = ComparedBy::deserialize(&file).map_err(|error| error.to_string())?;
    rules.mode()?;
    rules.rules(&[])?;
    Ok(rules)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_are_those_of_a_fixture_or_an_object() {
        let fixture = br#"{"format":"mirror-fixture","version":1,"compared_by":{"mode":"bytes","ignore":["/at"],"newer":1}}"#;
        let rules = read_rules(fixture).unwrap();
        assert_eq!(
            (&*rules.mode, &*rules.ignore),
            ("bytes", &["/at".to_owned()][..])
        );
        for (file, said) in [
            ("", "EOF"),
            ("[]", "no object"),
            (r#"{"ignores":[]}"#, "`ignore`"),
            (r#"{"ignore":["at"]}"#, "at"),
            (r#"{"mode":"typed"}"#, "typed"),
            (r#"{"ignore":1}"#, "sequence"),
        ] {
            let error = read_rules(file.as_bytes()).unwrap_err();
            assert!(error.contains(said), "{file}: {error}");
        }
    }
}
