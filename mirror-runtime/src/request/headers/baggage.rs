//! The baggage of copies: that of their request, and what the options add.

use std::fmt;

use http::{HeaderMap, HeaderName, HeaderValue};
use mirror_grammar::{MAX_BAGGAGE, baggage_member};

const BAGGAGE: HeaderName = HeaderName::from_static("baggage");

/// Members that the baggage of each copy has.
#[derive(Clone, Default)]
pub(crate) struct Baggage {
    keys: Vec<Box<str>>,
    /// The members as they stand in the header.
    members: String,
}

impl Baggage {
    /// Adds a member, unless there is one with its key.
    pub(crate) fn add(&mut self, key: &str, value: &str) -> bool {
        if self.has(key) {
            return false;
        }
        if !self.keys.is_empty() {
            self.members.push(',');
        }
        self.members.push_str(&baggage_member(key, value));
        self.keys.push(key.into());
        true
    }

    pub(crate) fn has(&self, key: &str) -> bool {
        self.keys.iter().any(|own| **own == *key)
    }

    /// Whether it is longer than everybody on the way must pass on.
    pub(crate) fn is_too_long(&self) -> bool {
        self.members.len() > MAX_BAGGAGE
    }

    /// Adds the members to those that a copy has, in one line: not every reader looks at more. If
    /// all were too long together, those of the request stay alone.
    pub(crate) fn append_to(&self, headers: &mut HeaderMap) {
        if self.keys.is_empty() {
            return;
        }
        let lines = headers.get_all(BAGGAGE).iter();
        let others = lines.flat_map(|line| line.as_bytes().split(|byte| *byte == b','));
        let others = others.map(<[u8]>::trim_ascii).filter(|member| {
            let key = member.split(|byte| matches!(byte, b'=' | b';')).next();
            let key = key.unwrap_or_default().trim_ascii();
            !member.is_empty() && self.keys.iter().all(|own| own.as_bytes() != key)
        });
        let all: Vec<&[u8]> = others.chain([self.members.as_bytes()]).collect();
        let all = all.join(&b',');
        if all.len() > MAX_BAGGAGE {
            return;
        }
        if let Ok(value) = HeaderValue::from_bytes(&all) {
            // If there is no room for it, it has to do without.
            let _ = headers.try_insert(BAGGAGE, value);
        }
    }
}

/// The keys alone, as of other headers.
impl fmt::Debug for Baggage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(&self.keys).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn appended(own: &[(&str, &str)], lines: &[&str]) -> Vec<String> {
        let mut baggage = Baggage::default();
        for (key, value) in own {
            assert!(baggage.add(key, value));
            assert!(!baggage.add(key, "another"));
        }
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(BAGGAGE, line.parse().unwrap());
        }
        baggage.append_to(&mut headers);
        let lines = headers.get_all(BAGGAGE).iter();
        lines
            .map(|line| line.to_str().unwrap().to_owned())
            .collect()
    }

    #[test]
    fn members_are_added_to_those_of_the_request() {
        let own = [("mirror", "a b"), ("env", "shadow")];
        let members = "mirror=a%20b,env=shadow";
        assert_eq!(appended(&own, &[]), [members]);
        assert_eq!(
            appended(&own, &["user=7;secret=1, plan = pro", "", "x=1"]),
            [format!("user=7;secret=1,plan = pro,x=1,{members}")]
        );
        assert_eq!(appended(&[], &["a=1", "b=2"]), ["a=1", "b=2"]);
    }

    #[test]
    fn a_member_of_the_same_key_is_replaced() {
        let own = [("mirror", "shadow")];
        for line in ["mirror=live", "mirror =live;p=1", "a=1,mirror=live"] {
            let expected = if line.starts_with('a') {
                "a=1,mirror=shadow"
            } else {
                "mirror=shadow"
            };
            assert_eq!(appended(&own, &[line]), [expected]);
        }
        assert_eq!(
            appended(&own, &["mirrored=1"]),
            ["mirrored=1,mirror=shadow"]
        );
    }

    #[test]
    fn what_would_be_too_long_is_left_as_it_is() {
        let own = [("mirror", "shadow")];
        let fits = format!("a={}", "x".repeat(MAX_BAGGAGE - 2 - ",mirror=shadow".len()));
        assert_eq!(appended(&own, &[&fits]), [format!("{fits},mirror=shadow")]);
        let long = format!("{fits}x");
        assert_eq!(appended(&own, &[&long]), [long]);
    }
}
