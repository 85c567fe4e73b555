//! The `#[mirror]` attribute of `mirror-runtime`.

mod amount;
mod args;
mod callback;
mod error;
mod expand;
mod handler;
mod header;
mod method;
mod self_use;
mod target;
#[cfg(test)]
mod tests;
mod value;

use proc_macro::TokenStream;

/// x
#[proc_macro_attribute]
pub fn mirror(args: TokenStream, item: TokenStream) -> TokenStream {
    expand::mirror(args.into(), item.into()).into()
}
