//! Options of the attribute that need a feature.
//!
//! The attribute cannot see which features are on. It hands what such an option expands to to one of these macros, with the
//! span of the option: the code comes back if the feature is on, and is one error at the option if it is off.

#[cfg(feature = "compare")]
#[doc(hidden)]
#[macro_export]
macro_rules! __needs_compare {
    ($option:literal, $($code:tt)*) => { $($code)* };
}

#[cfg(not(feature = "compare"))]
#[doc(hidden)]
#[macro_export]
macro_rules! __needs_compare {
    ($option:literal, $($code:tt)*) => {
        ::core::compile_error!(::core::concat!(
            "`",
            $option,
            "` needs the feature `compare` of `mirror-runtime`\n",
            "= help: write `mirror-runtime = { .., features = [\"compare\"] }` in `Cargo.toml`",
        ))
    };
}

#[cfg(feature = "http2")]
#[doc(hidden)]
#[macro_export]
macro_rules! __needs_http2 {
    ($option:literal, $($code:tt)*) => { $($code)* };
}

#[cfg(not(feature = "http2"))]
#[doc(hidden)]
#[macro_export]
macro_rules! __needs_http2 {
    ($option:literal, $($code:tt)*) => {
        ::core::compile_error!(::core::concat!(
            "`",
            $option,
            "` needs the feature `http2` of `mirror-runtime`\n",
            "= help: write `mirror-runtime = { .., features = [\"http2\"] }` in `Cargo.toml`",
        ))
    };
}
