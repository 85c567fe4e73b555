//! Fixtures: mismatches as files, of which [`replay!`](macro@crate::replay) makes tests. There is nothing in this module but
//! what they are.
//!
//! A mirror that compares writes each mismatch into a directory, where [`record`](crate::MirrorBuilder::record) or the
//! environment variable `MIRROR_RECORD` names one: each [`Mismatch`](crate::Verdict::Mismatch) and
//! [`SchemaMismatch`](crate::Verdict::SchemaMismatch) that is more than noise. A match is never written.
//!
//! # What a file is
//!
//! A document of JSON in UTF-8, named after the mirror, the target, the first difference and a hash of the request:
//! `orders--staging--value_total--3fa9c2d1.json`. It is there in one step, and readable for its owner alone. What a crash
//! leaves begins with a dot and is no fixture; it is removed when recording starts again.
//!
//! ```json
//! {
//!   "format": "mirror-fixture",
//!   "version": 1,
//!   "mirror": "orders",
//!   "target": "staging",
//!   "verdict": "mismatch",
//!   "differences": [
//!     { "pointer": "/total", "kind": "type", "primary": "12.5", "shadow": "\"12.5\"", "noise": false }
//!   ],
//!   "more_differences": 0,
//!   "groups": ["type /total"],
//!   "notes": [],
//!   "compared_by": {
//!     "mode": "json",
//!     "headers": ["content-type"],
//!     "ignore": ["/generated_at"],
//!     "unordered": [],
//!     "tolerance": [["/price", "0.01"]],
//!     "redact": ["/password"],
//!     "noise": ["/answered_at"],
//!     "max_compare_body": 262144
//!   },
//!   "request": {
//!     "method": "GET",
//!     "target": "/orders/7?full=1",
//!     "headers": [["host", "shop.example"], ["authorization", "[redacted]"]],
//!     "body": "",
//!     "redacted": ["header authorization"]
//!   },
//!   "primary": {
//!     "status": 200,
//!     "headers": [["content-type", "application/json"]],
//!     "body": "{\"total\":12.5}",
//!     "redacted": [],
//!     "latency_us": 120
//!   },
//!   "shadow": {
//!     "status": 200,
//!     "headers": [["content-type", "application/json"]],
//!     "body": "{\"total\":\"12.5\"}",
//!     "redacted": [],
//!     "latency_us": 950
//!   }
//! }
//! ```
//!
//! - `version` is 1. A change after which an older reader would be wrong gets another number; a reader skips members that it
//!   does not know.
//! - An answer with trailer fields has them as `trailers`, written like `headers`.
//! - A body and the value of a header is a text, byte for byte as it was, or `{ "base64": ".." }` where it is no UTF-8. So
//!   numbers keep every digit. Bodies of answers are without their `Content-Encoding`, and `null` where they are not known:
//!   too large, cut short, or not looked at (`CompareMode::Status`).
//! - `target` in `request` is the path and query as they arrived. Headers are those that arrived. A body that is noted as it
//!   is read ([`BodyMode::Tee`](crate::BodyMode::Tee)) is there as well. With `copy_body(false)` a request that has a body is
//!   not recorded, because the body is not known; the log says so.
//! - `noise` is where the answers of a baseline differ from the primary's: a replay leaves it out, like `ignore`.
//! - `groups` are what [`max_fixtures`](crate::MirrorBuilder::max_fixtures) counts. A fixture counts in each of its groups, and
//!   is written where one of them has fewer than so many; it is named after the first such. So at most so many are named
//!   after each group, and more may belong to it. Groups with a secret in them are one, called `[redacted]`.
//!
//! # How it is compared again
//!
//! By the same mode and rules. Two modes are code, which a file cannot hold: what was compared as values of a type, or by a
//! function, is compared as JSON, and `notes` says so. Rules that make both agree, like `ignore`, can be given with these
//! modes too. Answers of which something in the body is redacted are compared as JSON where they were compared as bytes. The
//! body is left out where the primary's is `null`. Where the old version's answers vary as a whole, the body is left out as
//! well; where their status varies, it is compared all the same. `notes` says both. A body that has become longer by what was
//! replaced is compared, whatever `max_compare_body` says.
//!
//! # What is not in it
//!
//! Files go further than a process: to a repository, to a colleague. Replaced by `[redacted]`, and left out of the comparison
//! when the fixture is replayed, are
//!
//! - the values at the places that `redact` names, in both answers and in a request whose body is JSON;
//! - the fields of requests and answers whose body is JSON, and of requests whose body is a form, the parameters of a query,
//!   and those of URLs in headers, which are named like the last key of such a place, or like a credential: with `api_key`,
//!   `authorization`, `credential`, `passphrase`, `passwd`, `password`, `private_key`, `secret`, `session`, `signature` or
//!   `token` in the name, or named `auth`, `cvc`, `cvv`, `jwt`, `key`, `otp`, `pass`, `pin`, `pwd`, `sid` or `sig`; without
//!   regard to case, `-` and `_`. What is `true`, `false` or `null` stays: it is no credential;
//! - the headers `Authorization`, `Proxy-Authorization`, `Cookie`, `Set-Cookie` and `X-Api-Key`, those that are marked as
//!   sensitive, and those that are named so; trailer fields of these names as well;
//! - the values of `set_header`, of eight bytes or more, or of any name that is listed here;
//! - every text, wherever it stands, that holds one of these values: of four bytes or more at a place that `redact` names or
//!   in a header that carries credentials, and of eight where it is that of a cookie or of what is only named so. Shorter ones
//!   stand in other texts by chance.
//!
//! In a request what was replaced keeps its type, so that an app that reads it as a value of a type can be asked again: a
//! number is `0`, also in a query or a form, `true` and `false` are `false` where `redact` names them, and an array or an
//! object is empty. Where something is replaced in a document, it is written anew: its keys in order, without spaces, its
//! numbers as they stood.
//!
//! Not recorded, which the log says, is a request
//!
//! - with a secret in its path;
//! - whose body has a `Content-Encoding`, or is a form that is not UTF-8;
//! - whose body is JSON that has a key twice or is nested deeper than 128, or is called JSON and is none, such as a line of
//!   JSON after the other: it cannot be searched for fields;
//! - whose body is a form in parts with a field that is named so;
//! - whose body is neither JSON nor a form, while `redact` is set or where it holds a secret;
//! - of whose body nothing would be left: where `redact` names the whole, or something in a document of another shape, such as
//!   `/password` in a list.
//!
//! The same holds for the primary's answer, whose `Content-Encoding` is undone. A shadow's body that cannot be searched is
//! left out.
//!
//! **Other bodies are free text**: XML, plain text, HTML, protobuf, the parts of a form in parts. Nobody looks for fields in
//! them. Without `redact`, `<password>hunter2</password>` is written as it is, unless the value is known to be a secret from
//! somewhere else. Set `redact` where such requests or answers carry credentials: then none of them is recorded.
//!
//! All else is what production said. Names, addresses and orders are in it; name them in `redact`, and look at a fixture
//! before you share it.
