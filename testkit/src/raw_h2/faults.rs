//! What shadows do wrong over HTTP/2.

use super::{
    Peer, RawH2,
    frames::{
        ACK, CONTINUATION, DATA, END_HEADERS, END_STREAM, Frame, HEADERS, INITIAL_WINDOW_SIZE,
        MAX_CONCURRENT_STREAMS, NO_ERROR, PUSH_PROMISE, REFUSED_STREAM, SETTINGS, UNKNOWN, data,
        early_hints, field, frame, go_away, ok, ok_and_more, ping, priority, reset, settings,
        window_update,
    },
};

/// Frames, given the number of the stream of a request.
pub type Frames = fn(u32) -> Vec<u8>;

/// Frames that a server may send at any time, and that say nothing when they come again and again.
pub const FLOODS: [(&str, Frames); 9] = [
    ("PING", |_| ping()),
    ("SETTINGS", |_| settings(&[(MAX_CONCURRENT_STREAMS, 1000)])),
    ("empty SETTINGS", |_| settings(&[])),
    ("WINDOW_UPDATE", |_| window_update(0, 1)),
    ("WINDOW_UPDATE of the stream", |stream| {
        window_update(stream, 1)
    }),
    ("PRIORITY", priority),
    ("unknown frames", |_| frame(UNKNOWN, 0, 0, &[])),
    ("large unknown frames", |_| {
        frame(UNKNOWN, 0, 0, &[0; 16_000])
    }),
    ("GOAWAY", |_| go_away(0x7fff_ffff, NO_ERROR)),
];

/// Nothing yet.
const NOTHING: Frames = |_| Vec::new();

/// Frames of a response that come again and again, and what comes before them.
pub const RESPONSES: [(&str, Frames, Frames); 14] = [
    ("acknowledged SETTINGS", NOTHING, |_| {
        frame(SETTINGS, ACK, 0, &[])
    }),
    ("informational heads", NOTHING, early_hints),
    ("empty DATA", ok_and_more, |stream| data(stream, false, &[])),
    ("DATA of one byte", ok_and_more, |stream| {
        data(stream, false, b"x")
    }),
    ("DATA with nothing but padding", ok_and_more, |stream| {
        const PADDED: u8 = 8;
        let padding = [[200].as_slice(), &[0; 200]].concat();
        frame(DATA, PADDED, stream, &padding)
    }),
    ("DATA without end", ok_and_more, |stream| {
        data(stream, false, &[7; 16_000])
    }),
    ("RST_STREAM", NOTHING, |stream| reset(stream, NO_ERROR)),
    ("PUSH_PROMISE", NOTHING, |stream| {
        let promised = [&2_u32.to_be_bytes()[..], &[0x82, 0x86, 0x84]].concat();
        frame(PUSH_PROMISE, END_HEADERS, stream, &promised)
    }),
    (
        "a head without end",
        |stream| frame(HEADERS, 0, stream, &[0x88]),
        |stream| frame(CONTINUATION, 0, stream, &field("x-a", "b")),
    ),
    (
        "a head in empty pieces",
        |stream| frame(HEADERS, 0, stream, &[0x88]),
        |stream| frame(CONTINUATION, 0, stream, &[]),
    ),
    (
        "trailers without end",
        |stream| {
            let trailers = frame(HEADERS, END_STREAM, stream, &field("x-a", "b"));
            [ok_and_more(stream), trailers].concat()
        },
        |stream| frame(CONTINUATION, 0, stream, &field("x-a", "b")),
    ),
    ("DATA of a stream that has ended", ok, |stream| {
        data(stream, false, &[7; 1000])
    }),
    ("RST_STREAM of one that has ended", ok, |stream| {
        reset(stream, NO_ERROR)
    }),
    ("HEADERS of one that has ended", ok, ok),
];

/// A shadow that says something, and then something again and again, for each request.
pub fn flooding(first: Frames, again: Frames) -> RawH2 {
    RawH2::options().start_for_each(move |peer, stream| {
        peer.send(first(stream));
        peer.flood(&again(stream));
    })
}

/// Responds before the body has come.
fn early(peer: &Peer, arrived: &Frame) {
    if arrived.kind == HEADERS {
        peer.respond(arrived.stream);
    }
}

/// What it does with each whole request.
fn with_each(act: fn(&Peer, u32)) -> RawH2 {
    RawH2::options().start_for_each(act)
}

/// A shadow with each fault, and one that is well.
pub fn all() -> Vec<(&'static str, RawH2)> {
    let mut shadows = vec![
        (
            "none",
            RawH2::options()
                .settings(&[(INITIAL_WINDOW_SIZE, 1 << 20)])
                .connection_window(1 << 20)
                .start_well(),
        ),
        ("silence", RawH2::options().start(|_, _| {})),
        (
            "no window, and no response",
            RawH2::options().without_credit().start(|_, _| {}),
        ),
        (
            "early responses",
            RawH2::options().without_credit().start(early),
        ),
        (
            "early responses without a window",
            RawH2::options()
                .settings(&[(INITIAL_WINDOW_SIZE, 0)])
                .start(early),
        ),
        (
            "no streams",
            RawH2::options()
                .settings(&[(MAX_CONCURRENT_STREAMS, 0)])
                .start_well(),
        ),
        (
            "few streams",
            RawH2::options()
                .settings(&[(MAX_CONCURRENT_STREAMS, 2)])
                .start_well(),
        ),
        (
            "refused streams",
            with_each(|peer, stream| peer.reset(stream, REFUSED_STREAM)),
        ),
        (
            "half a response",
            with_each(|peer, stream| peer.send(ok_and_more(stream))),
        ),
        (
            "GOAWAY after each response",
            with_each(|peer, stream| {
                peer.send([ok(stream), go_away(stream, NO_ERROR)].concat());
                peer.close();
            }),
        ),
        (
            "GOAWAY in place of a response",
            with_each(|peer, _| {
                peer.send(go_away(0, NO_ERROR));
                peer.close();
            }),
        ),
        ("the end without a word", with_each(|peer, _| peer.close())),
        (
            "no frames at all",
            with_each(|peer, _| peer.send(b"HTTP/1.1 400 Bad Request\r\n\r\n".repeat(10))),
        ),
    ];
    let beside = FLOODS.map(|(name, flood)| (name, flooding(ok, flood)));
    let in_response = RESPONSES.map(|(name, first, flood)| (name, flooding(first, flood)));
    shadows.extend(beside.into_iter().chain(in_response));
    shadows
}
