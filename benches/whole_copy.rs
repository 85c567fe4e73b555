//! `cargo bench --bench whole_copy`
//!
//! A whole copy on one thread: the primary's request in process, the copy over loopback to a shadow
//! on the same thread that allocates nothing, and its response read. Time without and with the
//! shadow's own, allocations, and the figures that have a goal.

use measure::{
    Allocated, Sender, Shape, goal,
    interleaved::{Took, Until, took},
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
    let times = took(&mut apps, shape, Until::CopiesEnd);
    let allocated = Sender::ALL.map(|sender| Allocated::with_copies(|| sender.app(), shape));
    println!(
        "\n{:22} {:>8} {:>10} {:>11} {:>12} {:>9}",
        shape.to_string(),
        "us",
        "over plain",
        "with shadow",
        "allocations",
        "bytes"
    );
    for (i, sender) in Sender::ALL.into_iter().enumerate() {
        let over = allocated[i] - allocated[0];
        println!(
            "{:22} {:8.2} {:+10.2} {:11.2} {:+12.1} {:+9.0}",
            sender.to_string(),
            times[i].here / 1e3,
            (times[i].here - times[0].here) / 1e3,
            times[i].in_all / 1e3,
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
        let of_by_hand = |sender, time: fn(&Took) -> f64| {
            let over = |sender| time(&times[at(sender)]) - time(&times[at(Sender::Nobody)]);
            over(sender) / over(Sender::ReqwestByHand)
        };
        goal::heading();
        goal::row(
            4,
            "a whole copy, of by hand (reqwest)",
            of_by_hand(Sender::Mirror, |took| took.here),
            0.75,
            0.65,
        );
        let count = (allocated[at(Sender::Mirror)] - allocated[at(Sender::Nobody)]).count;
        goal::row(4, "a whole copy, allocations", count, 32.0, 25.0);
        // How much of it is in anybody's power, on this machine.
        let without_goal = |figure: &str, is| goal::row(4, figure, is, f64::NAN, f64::NAN);
        for sender in [
            Sender::HyperUtilByHand,
            Sender::HeldByHand,
            Sender::TcpByHand,
        ] {
            let is = of_by_hand(sender, |took| took.here);
            without_goal(&format!("the same, {sender}"), is);
        }
        let is = of_by_hand(Sender::Mirror, |took| took.in_all);
        without_goal("the same with the shadow's work", is);
    }
}
