//! Masking in JSON, byte for byte beside what is masked.

use hifijson::{SliceLexer, num::Lex as _, str::Lex as _, str::LexAlloc as _, token::Lex as _};

use super::{Places, Spliced, Unmaskable, value::Values};

/// The depth to which arrays and objects are nested. What reads them recurses as deep.
const MAX_DEPTH: usize = 128;

const BYTE_ORDER_MARK: &[u8] = "\u{FEFF}".as_bytes();

/// The separator of records in a sequence (RFC 7464).
const RECORD: u8 = 0x1E;

impl<E: Into<hifijson::Error>> From<E> for Unmaskable {
    fn from(_: E) -> Self {
        Self
    }
}

/// Masks one document.
pub(super) fn masked(
    body: &[u8],
    places: &Places<'_>,
    values: Values<'_>,
) -> Result<Option<Vec<u8>>, Unmaskable> {
    let (mut walk, mut lexer) = Walk::new(body, values)?;
    lexer.exactly_one(SliceLexer::ws_peek, |next, lexer| {
        walk.value(next, lexer, &Way::To(places.clone()))
    })?;
    Ok(walk.spliced.finish())
}

/// Masks documents one after another.
pub(super) fn masked_lines(
    body: &[u8],
    places: &Places<'_>,
    values: Values<'_>,
) -> Result<Option<Vec<u8>>, Unmaskable> {
    let (mut walk, mut lexer) = Walk::new(body, values)?;
    while let Some(next) = lexer.ws_peek() {
        if next == RECORD {
            lexer.discarded();
        } else {
            walk.value(next, &mut lexer, &Way::To(places.clone()))?;
        }
    }
    Ok(walk.spliced.finish())
}

/// How a value is walked.
enum Way<'a> {
    /// Some pattern may be about it, or about something in it.
    To(Places<'a>),
    /// All in it is masked.
    Masked,
}

impl Way<'_> {
    /// Whether a text or a number is masked: also one in place of an object that holds the field.
    fn masks_leaf(&self) -> bool {
        match self {
            Self::To(places) => !places.is_empty(),
            Self::Masked => true,
        }
    }
}

struct Walk<'a> {
    text: &'a [u8],
    spliced: Spliced<'a>,
    values: Values<'a>,
    depth: usize,
    /// Where the text begins in the body.
    offset: usize,
}

impl<'a> Walk<'a> {
    fn new(body: &'a [u8], values: Values<'a>) -> Result<(Self, SliceLexer<'a>), Unmaskable> {
        let text = body.strip_prefix(BYTE_ORDER_MARK).unwrap_or(body);
        if str::from_utf8(text).is_err() {
            return Err(Unmaskable);
        }
        let walk = Self {
            text,
            spliced: Spliced::new(body),
            values,
            depth: 0,
            offset: body.len() - text.len(),
        };
        Ok((walk, SliceLexer::new(text)))
    }

    /// Where a lexer is.
    fn at(&self, lexer: &SliceLexer<'a>) -> usize {
        self.text.len() - lexer.as_slice().len()
    }

    fn replace(&mut self, from: usize, to: usize, by: &str) {
        let offset = self.offset;
        self.spliced
            .replace(from + offset..to + offset, by.as_bytes());
    }

    /// A value, of which the first byte was peeked.
    fn value(
        &mut self,
        next: u8,
        lexer: &mut SliceLexer<'a>,
        way: &Way<'_>,
    ) -> Result<(), Unmaskable> {
        // A pattern that ends here masks all.
        let way = match way {
            Way::To(places) if places.are_reached() => &Way::Masked,
            way => way,
        };
        let from = self.at(lexer);
        match next {
            b'"' => {
                let content = self.string(lexer)?;
                if way.masks_leaf() {
                    let masked = match decoded(content) {
                        Some(text) => self.values.text(text.as_bytes()),
                        // Half of a character: equal texts are written alike.
                        None => self.values.text(content),
                    };
                    self.replace(from, self.at(lexer), &format!("\"{masked}\""));
                }
            }
            b'-' | b'0'..=b'9' => {
                lexer.num_ignore().validate()?;
                let to = self.at(lexer);
                if way.masks_leaf() {
                    let number = str::from_utf8(&self.text[from..to]).map_err(|_| Unmaskable)?;
                    let masked = self.values.number(number);
                    self.replace(from, to, &masked);
                }
            }
            b'[' => self.nested(lexer, way, Self::array)?,
            b'{' => self.nested(lexer, way, Self::object)?,
            _ => {
                let is_truth = lexer.null_or_bool().ok_or(Unmaskable)?.is_some();
                if is_truth && matches!(way, Way::Masked) {
                    self.replace(from, self.at(lexer), "false");
                }
            }
        }
        Ok(())
    }

    /// The content of a string between its quotes, as it is written.
    fn string(&mut self, lexer: &mut SliceLexer<'a>) -> Result<&'a [u8], Unmaskable> {
        let lexer = lexer.discarded();
        let from = self.at(lexer);
        lexer.str_ignore()?;
        Ok(&self.text[from..self.at(lexer) - 1])
    }

    fn nested(
        &mut self,
        lexer: &mut SliceLexer<'a>,
        way: &Way<'_>,
        read: fn(&mut Self, &mut SliceLexer<'a>, &Way<'_>) -> Result<(), Unmaskable>,
    ) -> Result<(), Unmaskable> {
        if self.depth == MAX_DEPTH {
            return Err(Unmaskable);
        }
        self.depth += 1;
        read(self, lexer.discarded(), way)?;
        self.depth -= 1;
        Ok(())
    }

    fn array(&mut self, lexer: &mut SliceLexer<'a>, way: &Way<'_>) -> Result<(), Unmaskable> {
        let mut index = 0;
        lexer.seq(b']', SliceLexer::ws_peek, |next, lexer| {
            let way = match way {
                Way::To(places) if !places.expect_an_object() => Way::To(places.index(index)),
                _ => Way::Masked,
            };
            index += 1;
            self.value(next, lexer, &way)
        })
    }

    fn object(&mut self, lexer: &mut SliceLexer<'a>, way: &Way<'_>) -> Result<(), Unmaskable> {
        lexer.seq(b'}', SliceLexer::ws_peek, |next, lexer| {
            if next != b'"' {
                return Err(Unmaskable);
            }
            let from = self.at(lexer);
            let content = self.string(lexer)?;
            let to = self.at(lexer);
            let way = match way {
                Way::Masked => {
                    self.key(from, to, content);
                    Way::Masked
                }
                Way::To(places) if places.is_empty() => Way::To(places.clone()),
                // A key with half of a character is read as another by some.
                Way::To(places) => Way::To(places.key(&decoded(content).ok_or(Unmaskable)?)),
            };
            lexer.expect(SliceLexer::ws_peek, b':').ok_or(Unmaskable)?;
            let next = lexer.ws_peek().ok_or(Unmaskable)?;
            self.value(next, lexer, &way)
        })
    }

    /// A key within what is masked. The name of a field stays; what may be a value does not.
    fn key(&mut self, from: usize, to: usize, content: &[u8]) {
        if !is_name(content) {
            let masked = match decoded(content) {
                Some(text) => self.values.text(text.as_bytes()),
                None => self.values.text(content),
            };
            self.replace(from, to, &format!("\"{masked}\""));
        }
    }
}

/// The text of a string. `None` if a half of a pair of UTF-16 stands alone in it.
fn decoded(content: &[u8]) -> Option<String> {
    if !content.contains(&b'\\') {
        return Some(str::from_utf8(content).ok()?.to_owned());
    }
    let closed = [content, b"\""].concat();
    let text = SliceLexer::new(&closed).str_string().ok()?;
    Some(text.into_owned())
}

/// Whether a key is a name that somebody gave to a field: letters, digits, `_`, `-`, `.` and `$`,
/// and no digit in front.
fn is_name(key: &[u8]) -> bool {
    let is_of_name =
        |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.' | b'$');
    key.len() <= 64 && key.iter().all(is_of_name) && !key.first().is_some_and(u8::is_ascii_digit)
}
