//! Finds the frames in what is read from a shadow, in whatever pieces it comes.

use std::io;

use super::{super::wire::flooded, Meter};

const DATA: u8 = 0;
const SETTINGS: u8 = 4;
const GOAWAY: u8 = 7;

/// Flags of `SETTINGS` and of `DATA` (RFC 9113 sections 6.1 and 6.5).
const ACK: u8 = 1;
const END_STREAM: u8 = 1;

/// The length of the head of a frame (RFC 9113 section 4.1).
const HEAD: usize = 9;

/// What comes in a `GOAWAY` before its debug data: the last stream, and the error (RFC 9113 section
/// 6.8).
const BEFORE_DEBUG_DATA: usize = 8;

/// Where in a frame what was read last has ended.
#[derive(Debug, Default)]
pub(in crate::transport::pool) struct Frames {
    head: [u8; HEAD],
    /// How much of the head of a frame has come.
    filled: usize,
    /// How much of its content is to come.
    left: usize,
    /// The first bytes of a `GOAWAY`: the last stream that it will process.
    last_stream: [u8; 4],
    last_filled: usize,
    /// Whether a frame has come.
    begun: bool,
}

impl Frames {
    /// Takes account of bytes; an error if they are more than the shadow may send. The debug data
    /// of a `GOAWAY` is blanked: errors and logs of `h2` repeat it, and a shadow may say in it what
    /// it was told.
    pub(in crate::transport::pool) fn read(
        &mut self,
        mut bytes: &mut [u8],
        meter: &Meter,
    ) -> io::Result<()> {
        meter.has_read(bytes.len());
        let mut bounded = Ok(());
        while !bytes.is_empty() {
            if self.left > 0 {
                let (content, rest) = bytes.split_at_mut(self.left.min(bytes.len()));
                self.content(content, meter);
                bytes = rest;
                continue;
            }
            let (head, rest) = bytes.split_at_mut((HEAD - self.filled).min(bytes.len()));
            self.head[self.filled..self.filled + head.len()].copy_from_slice(head);
            self.filled += head.len();
            bytes = rest;
            if self.filled == HEAD {
                // What is too much is looked at, too: it is what is read last.
                bounded = bounded.and(self.begin(meter));
            }
        }
        bounded
    }

    fn begin(&mut self, meter: &Meter) -> io::Result<()> {
        let [_, _, _, kind, flags, ..] = self.head;
        self.filled = 0;
        self.last_filled = 0;
        self.left = self.length();
        if !std::mem::replace(&mut self.begun, true) && kind != SETTINGS {
            meter.speaks_something_else();
            return Err(io::Error::other("the shadow does not speak HTTP/2"));
        }
        if self.left == 0 {
            self.end(meter);
            if kind == DATA && flags & END_STREAM == 0 {
                meter.empty_data();
            }
        }
        if meter.allowance().take(kind, self.left, HEAD) {
            return Ok(());
        }
        meter.floods();
        Err(flooded())
    }

    fn content(&mut self, content: &mut [u8], meter: &Meter) {
        if self.head[3] == GOAWAY {
            self.go_away(content, meter);
        }
        self.left -= content.len();
        if self.left == 0 {
            self.end(meter);
        }
    }

    /// The last byte of a frame has come.
    fn end(&self, meter: &Meter) {
        let [_, _, _, kind, flags, ..] = self.head;
        if kind == SETTINGS && flags & ACK == 0 {
            meter.greets();
        }
    }

    fn go_away(&mut self, content: &mut [u8], meter: &Meter) {
        let passed = self.length() - self.left;
        let debug_data = BEFORE_DEBUG_DATA.saturating_sub(passed).min(content.len());
        content[debug_data..].fill(b' ');
        if self.last_filled == self.last_stream.len() {
            return;
        }
        let wanted = (self.last_stream.len() - self.last_filled).min(content.len());
        self.last_stream[self.last_filled..self.last_filled + wanted]
            .copy_from_slice(&content[..wanted]);
        self.last_filled += wanted;
        if self.last_filled == self.last_stream.len() {
            meter.goes_away(u32::from_be_bytes(self.last_stream) & 0x7fff_ffff);
        }
    }

    /// The length of the content of the frame.
    fn length(&self) -> usize {
        let [a, b, c, ..] = self.head;
        u32::from_be_bytes([0, a, b, c]) as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(kind: u8, flags: u8, content: &[u8]) -> Vec<u8> {
        let length = u32::try_from(content.len()).unwrap().to_be_bytes();
        [&length[1..], &[kind, flags, 0, 0, 0, 0], content].concat()
    }

    fn go_away(last: u32, debug_data: &[u8]) -> Vec<u8> {
        frame(
            GOAWAY,
            0,
            &[&last.to_be_bytes(), &[0; 4], debug_data].concat(),
        )
    }

    #[test]
    fn frames_are_found_in_whatever_pieces_they_come() {
        let settings = frame(SETTINGS, 0, &[0; 6]);
        let all = [settings, frame(DATA, 0, &[7; 600]), go_away(199, b"xy")].concat();
        for size in [1, 2, 5, 9, 13, all.len()] {
            let mut read = all.clone();
            let (meter, mut frames) = (Meter::new(), Frames::default());
            assert!(!meter.is_greeted() && !meter.is_over());
            for piece in read.chunks_mut(size) {
                frames.read(piece, &meter).unwrap();
            }
            // What it has to say when it goes away is nothing for a log, and the rest is as it
            // came.
            let (before, debug_data) = read.split_at(all.len() - 2);
            assert_eq!((before, debug_data), (&all[..all.len() - 2], &b"  "[..]));
            assert!(meter.is_greeted() && meter.is_over());
            assert_eq!(meter.requests_taken(), Some(100));
            assert_eq!(meter.read(), all.len() as u64);
        }
    }

    #[test]
    fn settings_hold_when_all_of_them_have_come() {
        let (meter, mut frames) = (Meter::new(), Frames::default());
        let mut settings = frame(SETTINGS, 0, &[0; 6]);
        let (head, content) = settings.split_at_mut(HEAD);
        frames.read(head, &meter).unwrap();
        assert!(!meter.is_greeted());
        frames.read(content, &meter).unwrap();
        assert!(meter.is_greeted());
        let (meter, mut frames) = (Meter::new(), Frames::default());
        frames.read(&mut frame(SETTINGS, ACK, &[]), &meter).unwrap();
        assert!(!meter.is_greeted());
        frames.read(&mut frame(SETTINGS, 0, &[]), &meter).unwrap();
        assert!(meter.is_greeted());
    }

    #[test]
    fn a_server_that_goes_away_in_two_steps_has_not_said_yet_what_it_took() {
        let (meter, mut frames) = (Meter::new(), Frames::default());
        frames.read(&mut frame(SETTINGS, 0, &[]), &meter).unwrap();
        frames.read(&mut go_away(0x7fff_ffff, b""), &meter).unwrap();
        assert!(meter.is_over() && meter.requests_taken().is_none());
        frames.read(&mut go_away(5, b""), &meter).unwrap();
        assert_eq!(meter.requests_taken(), Some(3));
        frames.read(&mut go_away(0, b""), &meter).unwrap();
        assert_eq!(meter.requests_taken(), Some(0));
    }

    #[test]
    fn what_does_not_begin_with_settings_is_something_else() {
        let (meter, mut frames) = (Meter::new(), Frames::default());
        let mut http1 = b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec();
        assert!(frames.read(&mut http1, &meter).is_err());
        assert!(meter.is_foreign() && !meter.is_flooded());
    }

    #[test]
    fn what_is_too_much_ends_the_connection() {
        let (meter, mut frames) = (Meter::new(), Frames::default());
        frames.read(&mut frame(SETTINGS, 0, &[]), &meter).unwrap();
        let mut ping = frame(6, 0, &[0; 8]);
        let most = (0..1_000).take_while(|_| frames.read(&mut ping, &meter).is_ok());
        assert!(most.count() < 100);
        assert!(meter.is_flooded() && meter.is_over());
    }

    /// `h2` ends a connection after a hundred of them, and all that it carries.
    #[test]
    fn a_connection_with_empty_frames_takes_no_more_copies() {
        let (meter, mut frames) = (Meter::new(), Frames::default());
        frames.read(&mut frame(SETTINGS, 0, &[]), &meter).unwrap();
        for _ in 0..31 {
            frames.read(&mut frame(DATA, 0, &[]), &meter).unwrap();
            frames
                .read(&mut frame(DATA, END_STREAM, &[]), &meter)
                .unwrap();
        }
        assert!(!meter.is_over());
        frames.read(&mut frame(DATA, 0, &[]), &meter).unwrap();
        assert!(meter.is_over());
    }
}
