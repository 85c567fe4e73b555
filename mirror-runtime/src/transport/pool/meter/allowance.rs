//! The allowance of a shadow on an HTTP/2 connection.
//!
//! Frames cost a shadow nothing, and this process time. So each copy that leaves brings an
//! allowance of frames and bytes, which ends with it: while no copy is in flight, a few frames end
//! the connection.

use super::CONNECTION_WINDOW;

/// Frames other than `DATA` that a shadow may send for each copy in flight: a head with its
/// continuations, `1xx` heads, trailers, and what servers send beside them.
const FRAMES: usize = 128;

/// Each KiB of a request's body brings so many frames more: servers acknowledge it with a
/// `WINDOW_UPDATE` for the stream, and one for the connection.
const FRAMES_PER_KIB: usize = 4;

/// Small `DATA` frames for each copy: twice as many as are read of a response, and a millisecond of
/// a processor.
const SMALL_DATA: usize = 2048;

/// `DATA` from this size on is bounded by its bytes.
const WORTHWHILE: usize = 128;

/// Bytes of frames other than `DATA` for each copy: the 64 KiB of a head, as much for trailers, and
/// `1xx` heads.
const OTHER_BYTES: usize = 192 * 1024;

/// Bytes of `DATA` for each copy: the 1 MiB of a body that is read at most, and as much again for
/// its frames.
const DATA_BYTES: usize = 2 * 1024 * 1024;

/// A copy that ends before its response has begun leaves so much behind, as the response may still
/// come: for so many.
const LATE_FRAMES: usize = 8;
const LATE_BYTES: usize = 16 * 1024;
const MAX_LATE: usize = 64;

const DATA: u8 = 0;

/// The frames and bytes that may come yet.
#[derive(Debug)]
pub(in crate::transport::pool) struct Allowance {
    left: Amount,
    copies: usize,
    /// Frames for the bodies of the copies in flight.
    body_frames: usize,
    /// Copies that have ended before their responses had begun.
    late: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Amount {
    frames: usize,
    small_data: usize,
    other_bytes: usize,
    data_bytes: usize,
}

/// What may come while no copy is in flight: a `GOAWAY`, the acknowledgement of what was sent, the
/// `PING`s of a server that looks after its connections; and all that the window of the connection
/// lets it send of responses that are given up.
const IDLE: Amount = Amount {
    frames: 64,
    small_data: 64,
    other_bytes: 16 * 1024,
    data_bytes: CONNECTION_WINDOW as usize + 64 * 1024,
};

impl Allowance {
    pub(super) const fn new() -> Self {
        Self {
            left: IDLE,
            copies: 0,
            body_frames: 0,
            late: 0,
        }
    }

    /// A copy leaves, with so many bytes of body.
    pub(in crate::transport::pool) fn copy_leaves(&mut self, body: usize) {
        let frames = body_frames(body);
        self.copies += 1;
        self.body_frames += frames;
        self.left.frames += FRAMES + frames;
        self.left.small_data += SMALL_DATA;
        self.left.other_bytes += OTHER_BYTES;
        self.left.data_bytes += DATA_BYTES;
    }

    /// A copy has ended: what it did not use is gone. `responded` is whether its response had
    /// begun.
    pub(in crate::transport::pool) fn copy_ended(&mut self, body: usize, responded: bool) {
        self.copies = self.copies.saturating_sub(1);
        self.body_frames = self.body_frames.saturating_sub(body_frames(body));
        if !responded {
            self.late = (self.late + 1).min(MAX_LATE);
        }
        let (copies, late, left) = (self.copies, self.late, self.left);
        self.left = Amount {
            frames: left
                .frames
                .min(IDLE.frames + copies * FRAMES + self.body_frames + late * LATE_FRAMES),
            small_data: left.small_data.min(IDLE.small_data + copies * SMALL_DATA),
            other_bytes: left
                .other_bytes
                .min(IDLE.other_bytes + copies * OTHER_BYTES + late * LATE_BYTES),
            data_bytes: left.data_bytes.min(IDLE.data_bytes + copies * DATA_BYTES),
        };
    }

    /// Takes a frame, with its head of so many bytes; `false` if it is more than may come.
    pub(super) fn take(&mut self, kind: u8, length: usize, head: usize) -> bool {
        let left = &mut self.left;
        let (frames, bytes) = match kind {
            DATA if length >= WORTHWHILE => (None, &mut left.data_bytes),
            DATA => (Some(&mut left.small_data), &mut left.data_bytes),
            _ => (Some(&mut left.frames), &mut left.other_bytes),
        };
        frames.is_none_or(|frames| take(frames, 1)) && take(bytes, length + head)
    }
}

const fn body_frames(body: usize) -> usize {
    body / 1024 * FRAMES_PER_KIB
}

fn take(from: &mut usize, amount: usize) -> bool {
    let left = from.checked_sub(amount);
    if let Some(left) = left {
        *from = left;
    }
    left.is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    const PING: u8 = 6;
    const HEAD: usize = 9;

    fn most(allowance: &mut Allowance, kind: u8, length: usize) -> usize {
        (0..1_000_000)
            .take_while(|_| allowance.take(kind, length, HEAD))
            .count()
    }

    #[test]
    fn an_allowance_ends_with_its_copy() {
        let mut allowance = Allowance::new();
        for _ in 0..3 {
            allowance.copy_leaves(0);
        }
        for _ in 0..2 * FRAMES {
            assert!(allowance.take(PING, 8, HEAD));
        }
        assert_eq!(allowance.left.frames, IDLE.frames + FRAMES);
        for _ in 0..3 {
            allowance.copy_ended(0, true);
        }
        assert_eq!(most(&mut allowance, PING, 8), IDLE.frames);
    }

    #[test]
    fn copies_that_end_take_nothing_from_those_that_go_on() {
        let mut allowance = Allowance::new();
        let upload = 2 * 1024 * 1024;
        allowance.copy_leaves(upload);
        for _ in 0..50 {
            allowance.copy_leaves(0);
            allowance.copy_ended(0, true);
        }
        // A `WINDOW_UPDATE` for the stream and one for the connection, for each 4 KiB.
        for _ in 0..2 * upload / 4096 {
            assert!(allowance.take(8, 4, HEAD));
        }
        allowance.copy_ended(upload, true);
        assert!(most(&mut allowance, PING, 8) <= IDLE.frames);
    }

    #[test]
    fn what_is_on_its_way_when_a_response_is_given_up_may_come() {
        let mut allowance = Allowance::new();
        allowance.copy_leaves(0);
        allowance.copy_ended(0, true);
        for _ in 0..CONNECTION_WINDOW as usize / 16_384 {
            assert!(allowance.take(DATA, 16_384, HEAD));
        }
    }

    #[test]
    fn responses_that_are_late_may_come_and_have_a_bound() {
        let mut allowance = Allowance::new();
        for _ in 0..256 {
            allowance.copy_leaves(0);
        }
        for _ in 0..256 {
            allowance.copy_ended(0, false);
        }
        let most = most(&mut allowance, 1, 100);
        assert_eq!(most, IDLE.frames + MAX_LATE * LATE_FRAMES);
    }

    #[test]
    fn content_is_bounded_by_its_bytes_and_small_frames_by_their_number() {
        let mut allowance = Allowance::new();
        allowance.copy_leaves(0);
        let large = most(&mut allowance, DATA, 16_384);
        assert_eq!(
            large,
            (IDLE.data_bytes + DATA_BYTES) / (16_384 + HEAD),
            "no frames are taken for it"
        );
        assert_eq!(most(&mut Allowance::new(), DATA, 1), IDLE.small_data);
    }
}
