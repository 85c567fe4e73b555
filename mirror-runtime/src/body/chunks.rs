//! The bytes of a body in the pieces they came in, without copying large pieces and without keeping small ones.

use std::sync::Arc;

use bytes::{Bytes, BytesMut};

/// Pieces below this size are copied. A piece is a slice of the read buffer of its connection, 8 KiB and more, which
/// lives as long as the piece does: kept for a copy, ten bytes would cost what the counted bytes do not show. A larger
/// piece is most of its buffer.
const COPY_BELOW: usize = 4096;

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
#[derive(Debug, Default)]
pub(super) struct ChunksBuilder {
    /// All but the small pieces at the end. Most bodies are one piece, and then nothing is allocated for a list.
    first: Bytes,
    rest: Vec<Bytes>,
    /// Small pieces, joined; they come after the others.
    joined: BytesMut,
    len: usize,
}

impl ChunksBuilder {
    pub(super) fn len(&self) -> usize {
        self.len
    }

    pub(super) fn push(&mut self, piece: Bytes) {
        self.len += piece.len();
        if piece.len() < COPY_BELOW {
            self.joined.extend_from_slice(&piece);
        } else {
            self.end_joined();
            self.append(piece);
        }
    }

    fn append(&mut self, piece: Bytes) {
        if self.first.is_empty() {
            self.first = piece;
        } else {
            self.rest.push(piece);
        }
    }

    fn end_joined(&mut self) {
        if !self.joined.is_empty() {
            let joined = self.joined.split().freeze();
            self.append(joined);
        }
    }

    pub(super) fn build(mut self) -> Chunks {
        self.end_joined();
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

#[cfg(test)]
mod tests {
    use super::*;

    fn build(pieces: &[&[u8]]) -> Chunks {
        let mut builder = ChunksBuilder::default();
        for piece in pieces {
            builder.push(Bytes::copy_from_slice(piece));
        }
        builder.build()
    }

    #[test]
    fn a_large_piece_is_kept_and_a_small_one_is_copied() {
        for (len, kept) in [(COPY_BELOW, true), (COPY_BELOW - 1, false)] {
            let piece = Bytes::from(vec![7; len]);
            let mut builder = ChunksBuilder::default();
            builder.push(piece.clone());
            let Chunks::One(one) = builder.build() else {
                panic!("not one piece")
            };
            assert_eq!(one, piece);
            assert_eq!(one.as_ptr() == piece.as_ptr(), kept);
        }
    }

    #[test]
    fn small_pieces_are_joined_and_the_order_is_kept() {
        let large = [7; COPY_BELOW];
        let chunks = build(&[b"a", b"", b"b", &large, b"c", b"d", &large, &large]);
        let lengths: Vec<_> = chunks.as_slice().iter().map(Bytes::len).collect();
        assert_eq!(lengths, [2, COPY_BELOW, 2, COPY_BELOW, COPY_BELOW]);
        let whole = [b"ab", &large[..], b"cd", &large, &large].concat();
        assert_eq!(chunks.as_slice().concat(), whole);
        assert_eq!(chunks.len(), whole.len());
    }

    #[test]
    fn nothing_is_empty() {
        assert!(matches!(build(&[]), Chunks::Empty));
        assert!(matches!(build(&[b""]), Chunks::Empty));
    }
}
