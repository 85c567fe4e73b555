//! Fixtures: mismatches as files, of which [`replay!`](macro@crate::replay) makes tests. This
//! module holds only the description of the format.
//!
//! A mirror that compares writes each mismatch into a directory, if
//! [`record`](crate::MirrorBuilder::record) or the environment variable `MIRROR_RECORD` names one:
//! each [`Mismatch`](crate::Verdict::Mismatch) and
//! [`SchemaMismatch`](crate::Verdict::SchemaMismatch) that is more than noise. A match is never
//! written.
//!
//! # What a file is
//!
//! A JSON document in UTF-8, named after the mirror, the target, the first difference and a hash of
//! the request: `orders--staging--value_total--3fa9c2d1.json`. The hash is of what is written of the
//! method, the target, the headers and the body. Headers that are of one attempt or one connection,
//! such as `traceparent`, `x-request-id`, `via` and `x-forwarded-for`, are not in it. It is written atomically, and only
//! its owner can read it. After a crash there may be a file whose name begins with a dot. It is not
//! a fixture, and is removed when recording starts again.
//!
//! ```json
//! {
//!   "format": "mirror-fixture",
//!   "version": 1,
//!   "redaction": 2,
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
//!     "at": "handler",
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
//! - `version` is 1. A change that an older reader would misread gets another number. A reader
//!   skips members that it does not know.
//! - `at` is where the primary's response was taken: `handler` or `server`
//!   ([`CompareAt`](crate::CompareAt)). A replay takes the app's response there as well: from the
//!   mirror of the same name, if the request passes it, and of the whole app otherwise.
//! - `redaction` says which values were taken for secrets when the file was written; files without it
//!   have 1. It rises when more values are secret. A file of an older version is replayed as ever,
//!   and a replay that fails says that it is older.
//! - A response with trailer fields has them as `trailers`, written like `headers`.
//! - A body and the value of a header are strings, byte for byte as they were, or
//!   `{ "base64": ".." }` if they are not UTF-8. So numbers keep every digit. Bodies of responses
//!   are without their `Content-Encoding`, and `null` if they are not known: too large, cut short,
//!   or not compared (`CompareMode::Status`).
//! - `target` in `request` is the path and query as they arrived. Headers are those that arrived. A
//!   body that is recorded as it is read ([`BodyMode::Tee`](crate::BodyMode::Tee)) is included as
//!   well. With `copy_body(false)`, a request with a body is not recorded, because the body is not
//!   known. The log says so.
//! - `noise` lists the places at which the responses of a baseline differ from the primary's. A
//!   replay ignores them, like `ignore`.
//! - `groups` are what [`max_fixtures`](crate::MirrorBuilder::max_fixtures) counts. A fixture
//!   counts in each of its groups, is written if one of them has room, and is named after the first
//!   such group. So at most `max_fixtures` are named after each group, and more may belong to it.
//!   All groups with a secret in them are one, called `[redacted]`.
//!
//! # How it is compared again
//!
//! By the same mode and rules. Two modes are code, which a file cannot hold: comparing values of a
//! type, or by a function. Such fixtures are compared as JSON, and `notes` says so. Rules such as
//! `ignore` apply in these modes too. If a part of the body is redacted, responses that were
//! compared as bytes are compared as JSON. The body is not compared if the primary's is `null`, or
//! if the old version's responses vary as a whole. If their status varies, it is compared
//! nevertheless. `notes` says both. A body that has become longer by redaction is compared,
//! whatever `max_compare_body` is.
//!
//! # What is not in it
//!
//! Files leave the machine: they go to a repository, or to a colleague. These parts are replaced by
//! `[redacted]`, and are not compared when the fixture is replayed:
//!
//! - the values at the places that `redact` names, in both responses and in a request whose body is
//!   JSON;
//! - fields of JSON requests and responses and of form requests, parameters of a query, and those
//!   of URLs in headers, if they are named like the last key of such a place, or like a credential:
//!   with `access_key`, `api_key`, `assertion`, `authorization`, `bearer`, `connection_string`,
//!   `credential`, `passcode`, `passphrase`, `passwd`, `password`, `private_key`, `saml_response`,
//!   `secret`, `session`, `signature`, `subscription_key` or `token` in the name, or named `auth`,
//!   `cvc`, `cvv`, `jwt`, `key`, `otp`, `pass`, `pin`, `pwd`, `sid` or `sig`; regardless of case,
//!   `-` and `_`. `true`, `false` and `null` stay, because they are no credentials;
//! - the same, if they are named so by a word: one of `csrf`, `cvc`, `cvv`, `jwe`, `jws`, `jwt`,
//!   `otp`, `pwd`, `sid`, `sig`, `totp` and `xsrf`; a name that ends in the word `auth`, `cookie`,
//!   `pass` or `pin`; one that ends in `key`, such as `X-Functions-Key`, unless it is a key that
//!   finds or sorts (`idempotency-key`, `sort_key`, `primary_key`, `public_key` and the like); one
//!   with the words `key` and `access`, `api`, `client` or another of those who have one
//!   (`accessKeyId`); and codes that let somebody in, such as `device_code` and `recoveryCodes`.
//!   `code` alone is one in a query or a form, if it has ten characters or stands beside `state`,
//!   `client_id` or another parameter of OAuth, and in JSON beside `grant_type`, `client_id`,
//!   `redirect_uri` or `code_verifier`;
//! - texts that look like a secret, whatever their field is called; see below;
//! - the headers `Authorization`, `Proxy-Authorization`, `Cookie`, `Set-Cookie` and `X-Api-Key`,
//!   headers that are marked as sensitive, headers with such names, and trailer fields with these
//!   names;
//! - the values of `set_header`, if they have at least eight bytes or one of the names above;
//! - every text that contains one of these values: of at least four bytes, if it is at a place that
//!   `redact` names or in a header that carries credentials, and of at least eight, if it is that
//!   of a cookie or only named like a credential. Shorter values occur in other texts by chance.
//!
//! In a request, a replaced value keeps its type, so that a typed app can read it: a number becomes
//! `0`, also in a query or a form, `true` and `false` become `false` if `redact` names them, and an
//! array or an object becomes empty. A document in which something is replaced is written again:
//! its keys in order, without spaces, its numbers unchanged.
//!
//! A request is not recorded, and the log says so,
//!
//! - if its path contains a secret, or a segment that looks like one, or follows one that is named
//!   like one (`/password-reset/a1b2c3d4`);
//! - if its body has a `Content-Encoding`, or is a form that is not UTF-8;
//! - if its body is JSON with a duplicate key or nested deeper than 128, or is declared as JSON and
//!   is not, such as JSON lines, because it cannot be searched for fields;
//! - if its body is a multipart form with a field of such a name;
//! - if its body is neither JSON nor a form, and `redact` is set, or the body contains a secret or
//!   what looks like one;
//! - if nothing of its body would be left: `redact` names the whole, or a place in a document of
//!   another shape, such as `/password` in a list.
//!
//! The same applies to the primary's response, after its `Content-Encoding` is removed. A shadow's
//! body that cannot be searched is left out.
//!
//! **Other bodies are free text**: XML, plain text, HTML, protobuf, the parts of a multipart form.
//! They are searched for what looks like a secret, and not for fields: `<password>hunter2</password>`
//! looks like one, and `<key>hunter2</key>` does not, unless the value is known to be a secret from
//! elsewhere. If such requests or responses carry credentials, set `redact`: then none of them is
//! recorded.
//!
//! # What looks like a secret
//!
//! - a signed or encrypted token (RFC 7519): `eyJ..`, with full stops;
//! - a block of PEM: `-----BEGIN ..`;
//! - a credential with the prefix of who issues it, such as `AKIA`, `ASIA`, `ghp_`, `github_pat_`,
//!   `glpat-`, `xoxb-`, `sk-`, `sk_live_`, `AIza`, `npm_` and `SG.`;
//! - a password in a URL, `postgres://ann:hunter2@db`, and a webhook of Slack;
//! - what follows `Bearer` or `Basic`, or a name within a text that leaves no doubt:
//!   `access_token=..`, `"password":".."`, `<secret>..`;
//! - a run of 32 to 2,048 letters, digits, `+`, `/`, `-` and `_` in no order that names have.
//!
//! **Hexadecimal numbers do not look like a secret**, however long they are, and neither do UUIDs:
//! hashes, entity tags, commits and ids are written so far more often. A secret that is written so
//! is known by its name, or by `redact`. Data and hashes that say what they are (`data:..;base64,`,
//! `sha256-..`), pictures in base64 and texts in base64, such as cursors, do not look like one.
//!
//! Measured by a test of `mirror-compare`: no false alarm in the 380 keys and texts of 26 invented
//! documents of services, nor in 1,000 each of UUIDs, ULIDs, KSUIDs, hashes, entity tags, stamps,
//! slugs, paths, links, identifiers and cursors. Of tokens that were drawn by chance, 95 to 100 of
//! 100 are found. Ids that are drawn like a token and have 32 characters and more, such as those of
//! files in some stores, are taken for one.
//!
//! Comparisons and reports hide what looks like a secret, too, and values of fields whose names leave
//! no doubt, such as `password`, `client_secret`, `access_token` and `apiKey`. In place of each is a
//! mark, `[redacted 4f2a]`: of two values that are equal it is the same, of two that differ another.
//! The mark is a part of a hash, whose key is drawn when the process starts and is known to nobody.
//!
//! Everything else is production data, such as names, addresses and orders. Name them in `redact`,
//! and look at a fixture before you share it.
