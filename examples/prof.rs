#![allow(missing_docs, dead_code, clippy::all, clippy::pedantic, unused)]
#[path = "../benches/support/mod.rs"]
mod support;
use support::{Drive, Shape, Version};
#[inline(never)]
fn answer_it(
    d: &mut Drive,
    r: http::Request<axum::body::Body>,
) -> http::Response<axum::body::Body> {
    d.answer(r)
}
fn main() {
    let n: usize = std::env::var("N").map_or(2000, |n| n.parse().unwrap());
    let which = std::env::args().nth(1).unwrap();
    let v = match which.as_str() {
        "a1" => Version::Attribute(1),
        "a0" => Version::AttributeUnsampled,
        "p" => Version::Plain,
        "h1" => Version::ByHand(1),
        _ => panic!(),
    };
    let mut drive = Drive::new(|| v.app());
    for _ in 0..n {
        let reqs: Vec<_> = (0..100).map(|_| Shape::KIB.request()).collect();
        let t = std::time::Instant::now();
        for r in reqs {
            std::hint::black_box(answer_it(&mut drive, r));
        }
        let e = t.elapsed();
        T.with(|x| x.borrow_mut().push(e.as_nanos() as u64 / 100));
        drive.settle();
    }
    T.with(|x| {
        let mut x = x.borrow_mut();
        x.sort();
        println!(
            "{which} min {} p10 {} median {}",
            x[0],
            x[x.len() / 10],
            x[x.len() / 2]
        );
    });
}
thread_local!(static T: std::cell::RefCell<Vec<u64>> = Default::default());
