//! What the grammar accepts, the URL parser of HTTP clients takes too, and in the same way.

use std::net::Ipv6Addr;

use ::url::{Host, Url};
use proptest::prelude::*;
use testkit::generators::any_url;

use super::*;

/// Whether only who has the tables of Unicode knows if this host stands for anything.
fn is_punycode(host: &str) -> bool {
    host.to_ascii_lowercase().contains("xn--")
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn a_client_takes_what_is_accepted_as_it_is(text in any_url()) {
        let Ok(target) = parse_url(&text) else { return Ok(()) };
        let url = match Url::parse(&text) {
            Ok(url) => url,
            Err(_) if is_punycode(target.host) => return Ok(()),
            Err(error) => return Err(TestCaseError::fail(error.to_string())),
        };
        prop_assert_eq!(url.scheme(), target.scheme.as_str());
        prop_assert_eq!(url.port_or_known_default(), Some(target.effective_port()));
        prop_assert_eq!(url.path().trim_end_matches('/'), target.base_path);
        prop_assert!(url.username().is_empty() && url.password().is_none());
        prop_assert!(url.query().is_none() && url.fragment().is_none());
        let host = target.host;
        match url.host().unwrap() {
            Host::Domain(name) => prop_assert!(name.eq_ignore_ascii_case(host)),
            Host::Ipv4(address) => prop_assert_eq!(address.to_string(), host),
            Host::Ipv6(address) => {
                let written = host.trim_matches(['[', ']']).parse::<Ipv6Addr>();
                prop_assert_eq!(written, Ok(address));
            }
        }
    }

    #[test]
    fn what_is_accepted_is_the_same_target_as_its_normal_form(text in any_url()) {
        let (Ok(target), Ok(url)) = (parse_url(&text), Url::parse(&text)) else { return Ok(()) };
        let normal = parse_url(url.as_str());
        prop_assert!(normal.is_ok(), "{url}: {normal:?}");
        // IPv6 addresses have several spellings.
        prop_assert!(target.host.starts_with('[') || same_target(&target, &normal.unwrap()));
    }
}
