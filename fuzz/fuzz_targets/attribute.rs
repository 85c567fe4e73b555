//! The attribute, given any options and any function: it never panics, what it expands to is Rust,
//! and where it finds a mistake the function stays as it was written.
//!
//! The input is the text of the options, and where it has a line `---`, the function behind it.

#![no_main]

use libfuzzer_sys::fuzz_target;
use proc_macro2::TokenStream;

// A proc-macro crate cannot be linked, so its source is compiled here. The modules are named at the
// root too: they refer to one another from there.
#[path = "../../mirror-macros/src"]
mod mirror_macros {
    pub(crate) mod amount;
    pub(crate) mod args;
    pub(crate) mod baggage;
    pub(crate) mod callback;
    pub(crate) mod compare;
    pub(crate) mod defaults;
    pub(crate) mod error;
    pub(crate) mod expand;
    pub(crate) mod feature;
    pub(crate) mod handler;
    pub(crate) mod header;
    pub(crate) mod key;
    pub(crate) mod method;
    pub(crate) mod original;
    pub(crate) mod runtime;
    pub(crate) mod self_use;
    pub(crate) mod sticky;
    pub(crate) mod table;
    pub(crate) mod target;
    pub(crate) mod trace;
    pub(crate) mod value;
    pub(crate) mod written;
}
use mirror_macros::{
    amount, args, baggage, callback, compare, defaults, error, expand, feature, handler, header,
    key, method, original, runtime, self_use, sticky, table, target, trace, value, written,
};

/// Deeper nesting than this makes overflows the stack of syn, and of rustc before it.
const MAX_LENGTH: usize = 1024;

fuzz_target!(|source: &str| {
    if source.len() <= MAX_LENGTH {
        let (args, item) = source
            .split_once("\n---\n")
            .unwrap_or((source, "async fn handler() {}"));
        if let (Ok(args), Ok(item)) = (args.parse(), item.parse()) {
            check(args, item);
        }
        // Otherwise each input would stay in the source map for ever.
        proc_macro2::extra::invalidate_current_thread_spans();
    }
});

fn check(args: TokenStream, item: TokenStream) {
    let expansion = expand::mirror(args, item.clone(), &[]);
    let text = expansion.to_string();
    if text.starts_with(":: core :: compile_error !") {
        assert!(text.ends_with(&item.to_string()), "the function is gone");
    } else if syn::parse2::<syn::ItemFn>(item).is_ok() {
        let parsed = syn::parse2::<syn::File>(expansion);
        assert!(parsed.is_ok(), "not Rust: {:?}: {text}", parsed.err());
    }
}
