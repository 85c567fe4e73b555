//! Tells a test where the crates are that it is compiled with, so that it can have others compiled with the same.
//!
//! A procedural macro runs inside of rustc, whose arguments say so. Nobody else knows: cargo has several builds of a crate in
//! one directory, with other features or for another purpose.

use proc_macro::TokenStream;

/// The arguments of rustc that say where crates are, as an array of strings.
#[proc_macro]
pub fn crate_arguments(_: TokenStream) -> TokenStream {
    let arguments: Vec<String> = std::env::args().collect();
    let pairs = arguments.windows(2);
    let of_crates = pairs.filter(|pair| pair[0] == "--extern" || pair[0] == "-L");
    let list = of_crates.map(|pair| format!("{:?}, {:?}, ", pair[0], pair[1]));
    let array = format!("[{}]", list.collect::<String>());
    // Nothing, which does not compile, if this was none.
    array.parse().unwrap_or_default()
}
