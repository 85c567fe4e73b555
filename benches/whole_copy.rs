//! `cargo bench --bench whole_copy`
//!
//! A whole copy on one thread: the primary's request in process, the copy over loopback to a shadow on the same thread
//! that allocates nothing, and its answer read. Time and allocations, and the figures that have a goal.

mod support;

use support::{
    Allocated, Sender, Shape, goal,
    interleaved::{Until, nanoseconds},
};

fn main() {
    let measured = std::env::args().any(|argument| argument == "--bench");
    let shapes = [Shape::KIB, Shape::EMPTY, Shape::new(64 << 10, 1)];
    for shape in if measured { &shapes[..] } else { &shapes[..1] } {
        print_table(*shape);
    }
}

fn print_table(shape: Shape) {
    let mut apps = Sender::ALL.map(|sender| sender.warm(shape));
    let times = nanoseconds(&mut apps, shape, Until::CopiesEnd);
    let allocated = Sender::ALL.map(|sender| Allocated::with_copies(|| sender.app(), shape));
    println!(
        "\n{:22} {:>8} {:>10} {:>12} {:>9}",
        shape.to_string(),
        "us",
        "over plain",
        "allocations",
        "bytes"
    );
    for (i, sender) in Sender::ALL.into_iter().enumerate() {
        let over = allocated[i] - allocated[0];
        println!(
            "{:22} {:8.2} {:+10.2} {:+12.1} {:+9.0}",
            sender.to_string(),
            times[i] / 1e3,
            (times[i] - times[0]) / 1e3,
            over.count,
            over.bytes,
        );
    }
    if shape == Shape::KIB {
        let at = |wanted| {
            let mut senders = Sender::ALL.into_iter();
            senders
                .position(|sender| sender == wanted)
                .unwrap_or_default()
        };
        let over = |sender| times[at(sender)] - times[at(Sender::Nobody)];
        goal::heading();
        goal::row(
            4,
            "a whole copy, of by hand (reqwest)",
            over(Sender::Mirror) / over(Sender::ReqwestByHand),
            0.75,
            0.65,
        );
        let count = (allocated[at(Sender::Mirror)] - allocated[at(Sender::Nobody)]).count;
        goal::row(4, "a whole copy, allocations", count, 32.0, 25.0);
        // How much of it is in anybody's power, on this machine.
        for sender in [
            Sender::HyperUtilByHand,
            Sender::HeldByHand,
            Sender::TcpByHand,
        ] {
            let of_by_hand = over(sender) / over(Sender::ReqwestByHand);
            goal::row(
                4,
                &format!("the same, {sender}"),
                of_by_hand,
                f64::NAN,
                f64::NAN,
            );
        }
    }
}
