//! The bytes of a body, in memory that is known: what is held for copies is what the byte budget
//! counts.

use std::sync::Arc;

use bytes::{Bytes, BytesMut};

/// Room for bytes of a body: at least this much at a time, so that many small pieces take few
/// allocations, and, if the length is not known, at most so much, so that little of it is left
/// empty.
const MIN_BLOCK: usize = 1024;
const MAX_BLOCK: usize = 64 * 1024;

/// The same if the length is known, which leaves nothing empty in the end.
const MAX_KNOWN_BLOCK: usize = 1024 * 1024;

/// Pieces below this are not worth a place of their own.
const MIN_WHOLE: usize = 4 * 1024;

/// A body's bytes, cheap to clone.
#[derive(Clone, Debug, Default)]
pub(crate) enum Chunks {
    #[default]
    Empty,
    One(Bytes),
    Many(Arc<[Bytes]>),
}

impl Chunks {
    pub(crate) fn as_slice(&self) -> &[Bytes] {
        match self {
            Self::Empty => &[],
            Self::One(bytes) => std::slice::from_ref(bytes),
            Self::Many(all) => all,
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.as_slice().iter().map(Bytes::len).sum()
    }
}

/// Collects the pieces of a body.
///
/// A piece that came over a connection is a slice of its read buffer, of 8 to 400 KiB, which would
/// live as long as the piece does: ten bytes could cost what no counter shows. Such pieces are
/// copied. A piece that is all there is of its memory is kept as it is.
#[derive(Debug, Default)]
pub(super) struct ChunksBuilder {
    /// All but the block that is being filled. Most bodies are one piece, and then nothing is
    /// allocated for a list.
    first: Bytes,
    rest: Vec<Bytes>,
    block: BytesMut,
    /// Bytes that are to come, if that is known.
    expected: usize,
    len: usize,
    held: usize,
}

impl ChunksBuilder {
    /// `expected` is the length of the body, or 0 if it is not known.
    pub(super) fn new(expected: usize) -> Self {
        Self {
            expected,
            ..Self::default()
        }
    }

    /// The part so far, and a builder that continues after it. Both hold the same memory.
    pub(super) fn go_on(self) -> (Chunks, Self) {
        let (expected, len, held) = (self.expected, self.len, self.held);
        let so_far = self.build();
        let mut pieces = so_far.as_slice().iter().cloned();
        let builder = Self {
            first: pieces.next().unwrap_or_default(),
            rest: pieces.collect(),
            block: BytesMut::new(),
            expected,
            len,
            held,
        };
        (so_far, builder)
    }

    /// The length of the body so far.
    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// The memory that it takes.
    pub(super) fn held(&self) -> usize {
        self.held
    }

    pub(super) fn push(&mut self, piece: Bytes) {
        self.len += piece.len();
        if piece.len() <= self.room() {
            // The memory has been taken for it.
            self.block.extend_from_slice(&piece);
            return;
        }
        match whole(piece) {
            Ok((piece, held)) => {
                self.end_block();
                self.held += held;
                self.append(piece);
            }
            Err(piece) => self.copy(&piece),
        }
    }

    fn room(&self) -> usize {
        self.block.capacity() - self.block.len()
    }

    fn copy(&mut self, mut piece: &[u8]) {
        while !piece.is_empty() {
            let room = self.room();
            if room == 0 {
                self.end_block();
                self.block = self.new_block(piece.len());
                self.held += self.block.capacity();
            } else {
                let (now, later) = piece.split_at(room.min(piece.len()));
                self.block.extend_from_slice(now);
                piece = later;
            }
        }
    }

    /// Room for what is to come: if the length is known, for half as much as has arrived, so that a
    /// body is a few pieces and nobody gets memory by announcing much; otherwise for a quarter of
    /// it.
    fn new_block(&self, at_least: usize) -> BytesMut {
        let before = self.len - at_least;
        let size = match self.expected.checked_sub(before) {
            Some(to_come) if to_come > 0 => {
                let block = (before / 2).clamp(MIN_BLOCK, MAX_KNOWN_BLOCK);
                at_least.max(block).min(to_come)
            }
            _ => at_least.max(before / 4).clamp(MIN_BLOCK, MAX_BLOCK),
        };
        BytesMut::with_capacity(size)
    }

    fn append(&mut self, piece: Bytes) {
        if self.first.is_empty() {
            self.first = piece;
        } else {
            self.rest.push(piece);
        }
    }

    fn end_block(&mut self) {
        let block = std::mem::take(&mut self.block);
        if !block.is_empty() {
            self.append(block.freeze());
        }
    }

    pub(super) fn build(mut self) -> Chunks {
        self.end_block();
        if self.rest.is_empty() {
            if self.first.is_empty() {
                Chunks::Empty
            } else {
                Chunks::One(self.first)
            }
        } else {
            Chunks::Many(std::iter::once(self.first).chain(self.rest).collect())
        }
    }
}

/// A piece that is nearly all of its memory and shares it with nothing, and the size of that
/// memory.
pub(super) fn whole(piece: Bytes) -> Result<(Bytes, usize), Bytes> {
    if piece.len() < MIN_WHOLE {
        return Err(piece);
    }
    let piece = piece.try_into_mut()?;
    let capacity = piece.capacity();
    let wastes = capacity - piece.len() > piece.len() / 4;
    let piece = piece.freeze();
    if wastes {
        Err(piece)
    } else {
        Ok((piece, capacity))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pieces(chunks: &Chunks) -> Vec<usize> {
        chunks.as_slice().iter().map(Bytes::len).collect()
    }

    #[test]
    fn a_piece_with_memory_of_its_own_is_kept_and_a_slice_is_copied() {
        let read_buffer = Bytes::from(vec![7; 100_000]);
        for (piece, kept) in [
            (Bytes::from(vec![7; MIN_WHOLE]), true),
            (Bytes::from(vec![7; MIN_WHOLE - 1]), false),
            (read_buffer.slice(..50_000), false),
            (
                BytesMut::from(&read_buffer[..]).freeze().split_to(49_999),
                false,
            ),
        ] {
            let (at, len) = (piece.as_ptr(), piece.len());
            let mut builder = ChunksBuilder::new(len);
            builder.push(piece);
            assert!(
                builder.held() < len + len / 4,
                "{} of {len}",
                builder.held()
            );
            let Chunks::One(one) = builder.build() else {
                panic!("not one piece")
            };
            assert_eq!((one.as_ptr() == at, one.len()), (kept, len));
        }
    }

    #[test]
    fn a_body_of_known_length_takes_exactly_its_bytes_in_few_pieces() {
        let mut builder = ChunksBuilder::new(300_000);
        for pushed in 1..=30 {
            builder.push(Bytes::from(vec![7; 20_000]).slice(..10_000));
            // The bytes that have arrived decide, not the announced length.
            assert!(builder.held() <= pushed * 15_000);
        }
        assert_eq!(builder.held(), 300_000);
        let expected = [
            10_000, 10_000, 10_000, 15_000, 22_500, 33_750, 50_625, 75_937, 72_188,
        ];
        assert_eq!(pieces(&builder.build()), expected);
        let mut small = ChunksBuilder::new(300_000);
        small.push(Bytes::from(vec![7; 20]).slice(..1));
        assert_eq!(small.held(), MIN_BLOCK);
    }

    #[test]
    fn a_builder_goes_on_after_what_there_is() {
        for expected in [0, 10] {
            for begun in [&[][..], &["ab"], &["ab", "c"]] {
                let mut builder = ChunksBuilder::new(expected);
                for piece in begun {
                    builder.push(Bytes::from(*piece));
                }
                let (so_far, mut builder) = builder.go_on();
                assert_eq!(so_far.as_slice().concat(), begun.concat().as_bytes());
                builder.push(Bytes::from("xyz"));
                assert_eq!(builder.len(), so_far.len() + 3);
                let whole = [begun.concat().as_bytes(), b"xyz"].concat();
                assert_eq!(builder.build().as_slice().concat(), whole);
            }
        }
    }

    #[test]
    fn a_body_of_unknown_length_takes_little_more_than_its_bytes() {
        let mut builder = ChunksBuilder::new(0);
        for piece in (b'0'..=b'9').cycle().take(1_000) {
            builder.push(Bytes::from(vec![piece; 2_000]).slice(..500));
            assert!(builder.held() <= builder.len() + (builder.len() / 4).max(MIN_BLOCK));
        }
        let chunks = builder.build();
        assert_eq!(chunks.len(), 500_000);
        let whole = chunks.as_slice().concat();
        let expected = (b'0'..=b'9').cycle().take(1_000);
        assert!(
            whole
                .into_iter()
                .eq(expected.flat_map(|piece| [piece; 500]))
        );
    }

    #[test]
    fn more_than_was_announced_is_taken_too() {
        let mut builder = ChunksBuilder::new(3);
        for piece in ["ab", "cd", "ef"] {
            builder.push(Bytes::from(piece));
        }
        assert_eq!(builder.build().as_slice().concat(), b"abcdef");
    }

    #[test]
    fn the_order_is_kept() {
        let large = vec![7; MIN_WHOLE];
        let mut builder = ChunksBuilder::new(0);
        for piece in [b"a", &b""[..], b"b", &large, b"c", b"d", &large, &large] {
            builder.push(Bytes::from(piece.to_vec()));
        }
        let chunks = builder.build();
        assert_eq!(pieces(&chunks), [2, MIN_WHOLE, 2, MIN_WHOLE, MIN_WHOLE]);
        let whole = [b"ab", &large[..], b"cd", &large, &large].concat();
        assert_eq!(chunks.as_slice().concat(), whole);
        assert_eq!(chunks.len(), whole.len());
    }

    #[test]
    fn nothing_is_empty() {
        let mut builder = ChunksBuilder::new(0);
        assert!(matches!(ChunksBuilder::default().build(), Chunks::Empty));
        builder.push(Bytes::new());
        assert!(matches!(builder.build(), Chunks::Empty));
    }
}
