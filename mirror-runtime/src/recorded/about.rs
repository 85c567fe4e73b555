//! What a record says besides the request and the response.

use mirror_record::{RecordId, SessionHash};
use sha2::{Digest, Sha256};

use super::told::Told;

/// What a record says besides the request and the response.
#[derive(Debug)]
pub(crate) struct About {
    /// The same in each record of the request, whoever keeps it.
    pub(super) id: RecordId,
    pub(super) session: Option<SessionHash>,
    pub(super) rules_version: u64,
    /// Of each sink, by the name of its target.
    pub(super) shares: Vec<(String, f64)>,
}

impl About {
    pub(crate) fn new(told: Told<'_>) -> Self {
        let Told {
            sticky,
            key,
            headers,
            path,
            rules,
            shares,
        } = told;
        let session = sticky.and_then(|sticky| sticky.session(key, headers, path));
        Self {
            id: RecordId::generate(),
            session: session.map(SessionHash),
            rules_version: version_of(&rules.written().redact),
            shares: shares
                .map(|(target, share)| (target.name().to_owned(), share.percentage()))
                .collect(),
        }
    }
}

/// Of an exchange that was read.
impl Default for About {
    fn default() -> Self {
        Self {
            id: RecordId::generate(),
            session: None,
            rules_version: 0,
            shares: Vec::new(),
        }
    }
}

/// A fingerprint of the rules of redaction, in whatever order they are; `0` if there are none.
fn version_of(rules: &[String]) -> u64 {
    if rules.is_empty() {
        return 0;
    }
    let mut rules: Vec<_> = rules.iter().collect();
    rules.sort_unstable();
    rules.dedup();
    let mut hasher = Sha256::new();
    for rule in rules {
        hasher.update((rule.len() as u64).to_be_bytes());
        hasher.update(rule);
    }
    let mut version = [0; 8];
    version.copy_from_slice(&hasher.finalize()[..8]);
    u64::from_be_bytes(version)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_of_rules_is_that_of_all_of_them_in_any_order() {
        let version = |rules: &[&str]| {
            let rules: Vec<_> = rules.iter().map(|rule| (*rule).to_owned()).collect();
            version_of(&rules)
        };
        assert_eq!(version(&[]), 0);
        let one = version(&["/card"]);
        // In each release: records of two are compared.
        assert_eq!(one, 12_634_014_769_168_693_379);
        assert_eq!(
            version(&["/card", "/pin"]),
            version(&["/pin", "/card", "/pin"])
        );
        assert_ne!(version(&["/card", "/pin"]), one);
        assert_ne!(version(&["/a", "b"]), version(&["/ab"]));
    }
}
