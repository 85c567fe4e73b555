//! The bytes of a body in the pieces they came in, without copying large pieces and without keeping many small ones.

use std::sync::Arc;

use bytes::{Bytes, BytesMut};

/// Pieces below this size are joined: a body that comes one byte a frame must not cost a `Bytes` (and the read buffer
/// behind it) per byte. At 1 KiB a piece's own bookkeeping, 32 bytes, is 3 % of it.
const JOIN_BELOW: usize = 1024;

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
    /// The only piece so far. Most bodies have no other, and then nothing is allocated for it.
    first: Bytes,
    rest: Vec<Bytes>,
    /// Small pieces, joined; they come after `rest`.
    joined: BytesMut,
    len: usize,
}

impl ChunksBuilder {
    pub(super) fn len(&self) -> usize {
        self.len
    }

    pub(super) fn push(&mut self, piece: Bytes) {
        if piece.is_empty() {
            return;
        }
        let is_first = self.len == 0;
        self.len += piece.len();
        if is_first {
            self.first = piece;
        } else {
            let first = std::mem::take(&mut self.first);
            self.append(first);
            self.append(piece);
        }
    }

    fn append(&mut self, piece: Bytes) {
        if piece.len() < JOIN_BELOW {
            // Also the empty piece that is left where the first one was taken before.
            self.joined.extend_from_slice(&piece);
        } else {
            self.end_joined();
            self.rest.push(piece);
        }
    }

    fn end_joined(&mut self) {
        if !self.joined.is_empty() {
            self.rest.push(self.joined.split().freeze());
        }
    }

    pub(super) fn build(mut self) -> Chunks {
        if !self.first.is_empty() {
            return Chunks::One(self.first);
        }
        self.end_joined();
        match self.rest.len() {
            0 => Chunks::Empty,
            1 => Chunks::One(self.rest.remove(0)),
            _ => Chunks::Many(self.rest.into()),
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
    fn one_piece_is_kept_as_it_is() {
        let piece = Bytes::from_static(b"hello");
        let mut builder = ChunksBuilder::default();
        builder.push(piece.clone());
        let Chunks::One(kept) = builder.build() else {
            panic!("not one piece")
        };
        assert_eq!(kept.as_ptr(), piece.as_ptr());
    }

    #[test]
    fn small_pieces_are_joined_and_large_ones_are_not() {
        let large = [7; JOIN_BELOW];
        let chunks = build(&[b"a", b"", b"b", &large, b"c", b"d", &large, &large]);
        let lengths: Vec<_> = chunks.as_slice().iter().map(Bytes::len).collect();
        assert_eq!(lengths, [2, JOIN_BELOW, 2, JOIN_BELOW, JOIN_BELOW]);
        assert_eq!(
            chunks.as_slice().concat(),
            [b"ab", &large[..], b"cd", &large, &large].concat()
        );
        assert_eq!(chunks.len(), 4 + 3 * JOIN_BELOW);
    }

    #[test]
    fn nothing_is_empty() {
        assert!(matches!(build(&[]), Chunks::Empty));
        assert!(matches!(build(&[b""]), Chunks::Empty));
    }
}
