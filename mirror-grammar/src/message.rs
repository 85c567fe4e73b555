//! Messages about the values of `const`s.

/// The longest message; what is longer is cut.
const LONGEST: usize = 640;

/// A text that is put together while a program is compiled: `panic!` takes no values there.
#[derive(Debug)]
pub struct ConstMessage {
    bytes: [u8; LONGEST],
    length: usize,
}

impl Default for ConstMessage {
    fn default() -> Self {
        Self::new()
    }
}

impl ConstMessage {
    /// An empty message.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            bytes: [0; LONGEST],
            length: 0,
        }
    }

    /// The message with a text behind it; as it is, if there is no room for the text.
    #[must_use]
    pub const fn with(mut self, text: &str) -> Self {
        let text = text.as_bytes();
        if text.len() > LONGEST - self.length {
            return self;
        }
        let mut i = 0;
        while i < text.len() {
            self.bytes[self.length] = text[i];
            self.length += 1;
            i += 1;
        }
        self
    }

    /// The text.
    #[must_use]
    pub const fn as_str(&self) -> &str {
        match std::str::from_utf8(self.bytes.split_at(self.length).0) {
            Ok(text) => text,
            // It is made of whole texts.
            Err(_) => "",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_made_of_texts() {
        const MESSAGE: ConstMessage = ConstMessage::new().with("`").with("ü").with("` is none");
        assert_eq!(MESSAGE.as_str(), "`ü` is none");
        let long = "ü".repeat(LONGEST);
        assert_eq!(
            ConstMessage::new().with("a").with(&long).with("b").as_str(),
            "ab"
        );
    }
}
