//! The `#[mirror]` attribute and the `replay!` macro of `mirror-runtime`, which re-exports them.
//! Depend on that crate instead: the code that they write names it.

mod above;
mod amount;
mod args;
mod baggage;
mod callback;
mod compare;
mod defaults;
mod error;
mod expand;
mod feature;
mod handler;
mod header;
mod key;
mod method;
mod original;
mod replay;
mod runtime;
mod self_use;
mod sticky;
mod table;
mod target;
#[cfg(test)]
mod tests;
mod trace;
mod value;
mod written;

use proc_macro::TokenStream;

#[doc = include_str!("../docs/mirror.md")]
#[proc_macro_attribute]
pub fn mirror(args: TokenStream, item: TokenStream) -> TokenStream {
    let above = above::attributes();
    expand::mirror(args.into(), item.into(), &above).into()
}

#[doc = include_str!("../docs/replay.md")]
#[proc_macro]
pub fn replay(input: TokenStream) -> TokenStream {
    // Cargo sets it for every package that it builds.
    let package = std::env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default();
    replay::replay(input.into(), package.as_ref()).into()
}
