//! The place in a body at which a comparison is.

use std::{
    cell::{Cell, RefCell},
    fmt::Write,
    hash::{DefaultHasher, Hash, Hasher},
};

use mirror_grammar::is_foreign_token;

use crate::{
    json::{Member, Node},
    model::{MAX_BYTES, cut, prefix},
    redact::{REDACTED, Secrets},
};

/// The most siblings on each side that are looked at to tell a list of alike elements, or a map,
/// from a tuple or a record.
const LOOKED_AT: usize = 16;

/// The most scalars in a list that are told apart by their indices: more of one type are no tuple.
const MAX_TUPLE: usize = 8;

/// From so many members of one shape on, an object is a map whatever its keys are. A record has
/// rarely as many members of one type, and nothing else.
const MIN_MAP: usize = 64;

/// Bytes of the indices in a pointer, about.
const ROOM: usize = 8;

/// A key of so many digits and letters from `a` to `f` is an id.
const MIN_HEX: usize = 16;

/// The keys and indices that lead to a value.
#[derive(Debug, Default)]
pub(crate) struct Path<'a> {
    tokens: Vec<Token<'a>>,
    /// The array or object in which each token stands. The last may have no token yet.
    inside: Vec<Inside<'a>>,
    last: RefCell<Named<'a>>,
}

/// The names of a place, and the way to it. In a list, those of one element are those of the next.
#[derive(Debug, Default)]
struct Named<'a> {
    way: Vec<(Token<'a>, Alike)>,
    names: Option<[String; 2]>,
}

/// A key or an index.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Token<'a> {
    Key(&'a str),
    Index(usize),
}

/// The values beside a value, on both sides.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Siblings<'a> {
    Members([&'a [Member<'a>]; 2]),
    Elements([&'a [Node<'a>]; 2]),
}

#[derive(Debug)]
struct Inside<'a> {
    siblings: Siblings<'a>,
    /// Known once a difference was found in it.
    alike: Cell<Option<Alike>>,
}

/// Whether the keys or indices of some siblings say anything about the values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Alike {
    /// Each has a meaning of its own.
    Not,
    /// They are of one shape, under keys of one form, like `flag07`: one place, shown apart.
    Similar,
    /// The elements of a list, or entries under ids: one place, and shown as one.
    Same,
}

impl<'a> Path<'a> {
    pub(crate) fn push(&mut self, token: Token<'a>) {
        self.tokens.push(token);
    }

    pub(crate) fn pop(&mut self) {
        self.tokens.pop();
    }

    /// Into an array or an object. The tokens that follow stand in it.
    pub(crate) fn enter(&mut self, siblings: Siblings<'a>) {
        self.inside.push(Inside {
            siblings,
            alike: Cell::new(None),
        });
    }

    /// Out of it again.
    pub(crate) fn leave(&mut self) {
        self.inside.pop();
    }

    pub(crate) fn depth(&self) -> usize {
        self.tokens.len()
    }

    /// Back to a depth that it had.
    pub(crate) fn truncate(&mut self, depth: usize) {
        self.tokens.truncate(depth);
        self.inside.truncate(depth);
    }

    /// Its [place](Self::place) and its [pattern](Self::pattern), as `name` makes them where they
    /// are not those of the last time.
    pub(crate) fn place_and_pattern(&self, name: impl FnOnce(&Self) -> [String; 2]) -> [String; 2] {
        let mut last = self.last.borrow_mut();
        let way = self.tokens.iter().enumerate();
        let mut way = way.map(|(depth, token)| (*token, self.alike(depth)));
        let is_same = last.way.len() == self.tokens.len()
            && last
                .way
                .iter()
                .zip(&mut way)
                .all(|((token, alike), (ours, is))| {
                    *alike == is
                        && match (token, ours) {
                            (Token::Key(one), Token::Key(other)) => *one == other,
                            (Token::Index(one), Token::Index(other)) => {
                                is != Alike::Not || *one == other
                            }
                            _ => false,
                        }
                });
        if let (true, Some(names)) = (is_same, &last.names) {
            return names.clone();
        }
        let names = name(self);
        last.way.clear();
        let way = self.tokens.iter().enumerate();
        last.way
            .extend(way.map(|(depth, token)| (*token, self.alike(depth))));
        last.names = Some(names.clone());
        names
    }

    /// As a JSON pointer, cut to 1 KiB.
    pub(crate) fn pointer(&self, secrets: &Secrets) -> String {
        self.written(|_, token, pointer| match token {
            Token::Key(key) if secrets.are_in(key) => pointer.push_str(REDACTED),
            Token::Key(key) => escape(key, pointer),
            Token::Index(index) => push_index(index, pointer),
        })
    }

    /// As a pattern that stands for all elements of the arrays on the way, and for all entries of a
    /// map whose keys are ids: this is how differences are shown together. It can be written as a
    /// rule: a key that none can name is `*` as well.
    pub(crate) fn pattern(&self, secrets: &Secrets) -> String {
        self.written(|depth, token, pattern| match token {
            Token::Index(_) => pattern.push('*'),
            Token::Key(key) if is_index(key) || self.alike(depth) == Alike::Same => {
                pattern.push('*');
            }
            Token::Key(key) if secrets.are_in(key) => pattern.push_str(REDACTED),
            Token::Key(key) => {
                let from = pattern.len();
                escape(key, pattern);
                if is_foreign_token(&pattern[from..]) {
                    pattern.replace_range(from.., "*");
                }
            }
        })
    }

    /// As the place at which noise is told from differences: with the index in a list whose
    /// elements are not alike, such as a tuple, and without keys and indices that only count.
    pub(crate) fn place(&self, secrets: &Secrets) -> String {
        self.written(|depth, token, place| match token {
            _ if self.alike(depth) != Alike::Not => place.push('*'),
            Token::Index(index) => push_index(index, place),
            Token::Key(key) if is_index(key) => place.push('*'),
            Token::Key(key) if secrets.are_in(key) => place.push_str(REDACTED),
            Token::Key(key) => escape(key, place),
        })
    }

    /// A number for the element of the lists, and the entry of the maps, on the way.
    pub(crate) fn element(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        for (depth, token) in self.tokens.iter().enumerate() {
            match token {
                Token::Index(index) => index.hash(&mut hasher),
                Token::Key(key) if self.alike(depth) != Alike::Not => {
                    prefix(key, MAX_BYTES).hash(&mut hasher);
                }
                Token::Key(_) => {}
            }
        }
        hasher.finish()
    }

    /// Whether it leads to an entry of a map whose keys only count.
    pub(crate) fn is_entry(&self) -> bool {
        let last = self.tokens.len().checked_sub(1);
        last.is_some_and(|last| {
            matches!(self.tokens[last], Token::Key(_)) && self.alike(last) != Alike::Not
        })
    }

    /// How many bytes of it are shown, about.
    pub(crate) fn shown_bytes(&self) -> usize {
        let length = |token: &Token<'_>| match token {
            Token::Key(key) => key.len() + 1,
            Token::Index(_) => 2,
        };
        self.tokens.iter().map(length).sum::<usize>().min(MAX_BYTES)
    }

    fn written(&self, write: impl Fn(usize, Token<'a>, &mut String)) -> String {
        let mut text = String::with_capacity(self.shown_bytes() + ROOM);
        for (depth, token) in self.tokens.iter().enumerate() {
            // There may be a key of any length in the way to any number of differences.
            if text.len() > MAX_BYTES {
                break;
            }
            text.push('/');
            write(depth, *token, &mut text);
        }
        cut(text)
    }

    fn alike(&self, depth: usize) -> Alike {
        let Some(inside) = self.inside.get(depth) else {
            return Alike::Not;
        };
        if let Some(alike) = inside.alike.get() {
            return alike;
        }
        let alike = match inside.siblings {
            Siblings::Elements(sides) => elements(sides),
            Siblings::Members(sides) => members(sides),
        };
        inside.alike.set(Some(alike));
        alike
    }
}

fn push_index(index: usize, text: &mut String) {
    // Writing to a `String` never fails.
    let _ = write!(text, "{index}");
}

/// Whether the elements of both lists are alike: many scalars of one type, objects with mostly the
/// same keys, or arrays.
fn elements(sides: [&[Node<'_>]; 2]) -> Alike {
    let alike = sides.into_iter().all(|side| {
        let many = side.len() > MAX_TUPLE;
        let mut known: Option<&Node<'_>> = None;
        side.iter().take(LOOKED_AT).all(|node| match (known, node) {
            (_, Node::Null) => true,
            (None, node) => {
                known = Some(node);
                many || is_nested(node)
            }
            (Some(known), node) => are_alike(known, node),
        })
    });
    if alike { Alike::Same } else { Alike::Not }
}

fn is_nested(node: &Node<'_>) -> bool {
    matches!(node, Node::Array(_) | Node::Object(_))
}

fn are_alike(one: &Node<'_>, other: &Node<'_>) -> bool {
    match (one, other) {
        (Node::Object(one), Node::Object(other)) => {
            let has = |key: &str| other.binary_search_by_key(&key, |(key, _)| key).is_ok();
            let looked_at = one.len().min(LOOKED_AT);
            let shared = one.iter().take(looked_at).filter(|(key, _)| has(key));
            shared.count() * 2 >= looked_at
        }
        (one, other) => std::mem::discriminant(one) == std::mem::discriminant(other),
    }
}

/// Whether the members of both objects are the entries of a map: of one shape, and either under ids
/// or keys of one form, or very many.
fn members(sides: [&[Member<'_>]; 2]) -> Alike {
    let longest = sides.map(<[_]>::len).into_iter().max().unwrap_or(0);
    let looked_at = || {
        sides.into_iter().flat_map(|side| {
            let step = side.len().div_ceil(LOOKED_AT).max(1);
            side.iter().step_by(step)
        })
    };
    let mut values = looked_at()
        .map(|(_, node)| node)
        .filter(|node| **node != Node::Null);
    if let Some(first) = values.next()
        && !values.all(|node| are_alike(first, node))
    {
        return Alike::Not;
    }
    let mut keys = looked_at().map(|(key, _)| *key);
    if longest >= MIN_MAP || keys.clone().all(is_id) {
        return Alike::Same;
    }
    let Some(first) = keys.next() else {
        return Alike::Not;
    };
    let form = Form::of(first);
    if longest < 2 || form.digits == 0 || !keys.all(|key| Form::of(key) == form) {
        Alike::Not
    } else if form.is_numbered {
        Alike::Same
    } else {
        Alike::Similar
    }
}

/// A key without its digits: `user-123` and `user-7` have the same.
#[derive(PartialEq, Eq)]
struct Form {
    rest: String,
    digits: usize,
    /// A number stands behind a sign, as in `user-123`.
    is_numbered: bool,
}

impl Form {
    fn of(key: &str) -> Self {
        let mut form = Self {
            rest: String::new(),
            digits: 0,
            is_numbered: false,
        };
        let mut last = ' ';
        for character in prefix(key, MAX_BYTES).chars() {
            if character.is_ascii_digit() {
                if !last.is_ascii_digit() {
                    form.digits += 1;
                    form.rest.push('#');
                    form.is_numbered |= "-_:.".contains(last);
                }
            } else {
                form.rest.push(character);
            }
            last = character;
        }
        form
    }
}

/// A UUID, a hash, an email address: nobody names a field like that.
fn is_id(key: &str) -> bool {
    let key = prefix(key, MAX_BYTES);
    let is_hex = |byte: u8| byte.is_ascii_hexdigit() || byte == b'-';
    let hex = key.len() >= MIN_HEX && key.bytes().all(is_hex);
    let has_digits = key.bytes().any(|byte| byte.is_ascii_digit());
    is_index(key) || hex && has_digits || key.contains('@')
}

fn is_index(key: &str) -> bool {
    // The length first: a key of any length may lead to any number of differences.
    (1..=MAX_BYTES).contains(&key.len()) && key.bytes().all(|byte| byte.is_ascii_digit())
}

/// RFC 6901 section 3, as far as it is shown.
fn escape(key: &str, pointer: &mut String) {
    for character in prefix(key, MAX_BYTES + 1).chars() {
        match character {
            '~' => pointer.push_str("~0"),
            '/' => pointer.push_str("~1"),
            character => pointer.push(character),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_written_as_a_pointer_and_as_a_pattern() {
        let mut path = Path::default();
        let secrets = Secrets::default();
        assert_eq!(path.pointer(&secrets), "");
        for token in [
            Token::Key("a/b~1"),
            Token::Index(12),
            Token::Key("2024"),
            Token::Key(""),
            Token::Key("*"),
        ] {
            path.push(token);
        }
        assert_eq!(path.pointer(&secrets), "/a~1b~01/12/2024//*");
        assert_eq!(path.pattern(&secrets), "/a~1b~01/*/*//*");
        assert_eq!(path.place(&secrets), "/a~1b~01/12/*//*");
    }

    #[test]
    fn a_pattern_can_be_written_as_a_rule_whatever_the_keys_are() {
        let secrets = Secrets::default();
        for (key, pattern) in [
            ("-", "/*"),
            ("**", "/*"),
            ("[0]", "/*"),
            ("tags[]", "/*"),
            ("items[12]", "/*"),
            ("filter[name]", "/filter[name]"),
            ("--", "/--"),
            ("~[0", "/~0[0"),
            ("-/", "/-~1"),
        ] {
            let mut path = Path::default();
            path.push(Token::Key(key));
            assert_eq!(path.pattern(&secrets), pattern);
            mirror_grammar::check_pointer(pattern).unwrap();
        }
    }

    /// The pattern and the place of the first leaf on the way of first members and elements.
    fn written(body: &str, tokens: &[Token<'_>]) -> [String; 2] {
        let memory = bumpalo::Bump::new();
        let root = crate::json::parse(body.as_bytes(), &memory).unwrap();
        let mut path = Path::default();
        let mut at = &root;
        for token in tokens {
            match (at, token) {
                (Node::Object(members), Token::Key(key)) => {
                    path.enter(Siblings::Members([members, members]));
                    let (key, node) = members.iter().find(|(other, _)| other == key).unwrap();
                    path.push(Token::Key(key));
                    at = node;
                }
                (Node::Array(elements), Token::Index(index)) => {
                    path.enter(Siblings::Elements([elements, elements]));
                    path.push(*token);
                    at = &elements[*index];
                }
                _ => panic!("{at:?} {token:?}"),
            }
        }
        let secrets = Secrets::default();
        [path.pattern(&secrets), path.place(&secrets)]
    }

    #[test]
    fn a_list_of_alike_elements_is_one_place_and_a_tuple_is_many() {
        use Token::{Index, Key};
        for (body, tokens, pattern, place) in [
            (
                r#"[{"id":1,"at":2},{"id":3,"at":4}]"#,
                &[Index(1), Key("at")][..],
                "/*/at",
                "/*/at",
            ),
            (
                r#"[{"id":1},{"name":"b"}]"#,
                &[Index(1), Key("name")],
                "/*/name",
                "/1/name",
            ),
            (r#"["12:00",100]"#, &[Index(1)], "/*", "/1"),
            ("[1714557600,100]", &[Index(1)], "/*", "/1"),
            ("[1,2,3,4,5,6,7,8,9]", &[Index(7)], "/*", "/*"),
            (
                r#"[[1,"a",2],[3,"b",4]]"#,
                &[Index(1), Index(2)],
                "/*/*",
                "/*/2",
            ),
        ] {
            assert_eq!(written(body, tokens), [pattern, place], "{body}");
        }
    }

    #[test]
    fn entries_under_ids_are_one_place_and_members_of_a_record_are_many() {
        use Token::Key;
        let many: Vec<_> = (0..MIN_MAP)
            .map(|i| format!(r#""{}k":1"#, "x".repeat(i)))
            .collect();
        let many = format!("{{{}}}", many.join(","));
        for (body, key, pattern, place) in [
            (r#"{"user-1":1,"user-2":2}"#, "user-2", "/*", "/*"),
            (
                r#"{"flag01":true,"flag02":true}"#,
                "flag02",
                "/flag02",
                "/*",
            ),
            (
                r#"{"flag01":true,"name":true}"#,
                "flag01",
                "/flag01",
                "/flag01",
            ),
            (r#"{"line1":"a","line2":2}"#, "line1", "/line1", "/line1"),
            (r#"{"a":1,"b":2}"#, "a", "/a", "/a"),
            (r#"{"ann@example.com":1}"#, "ann@example.com", "/*", "/*"),
            (
                r#"{"6fa459ea-ee8a-3ca4-894e-db77e160355e":1}"#,
                "6fa459ea-ee8a-3ca4-894e-db77e160355e",
                "/*",
                "/*",
            ),
            (&many, "xk", "/*", "/*"),
        ] {
            assert_eq!(written(body, &[Key(key)]), [pattern, place], "{body}");
        }
    }
}
