//! Enums of reasons, each written once.

/// Defines an enum, each of whose variants has a label: for metrics, and for those who read.
///
/// Of the variants with labels it gives `ALL`, `as_str`, `Display`, and `index`, the place among
/// `ALL`. One more variant may hold another such enum, and is labelled as that is: `index` is `Err`
/// with what it holds then.
#[macro_export]
macro_rules! labels {
    (
        $(#[$about:meta])*
        pub enum $name:ident {
            $($(#[$about_variant:meta])* $variant:ident = $label:literal,)*
        }
    ) => {
        $crate::labels!(@define $(#[$about])* $name { $($(#[$about_variant])* $variant = $label,)* });

        impl $name {
            /// The reason as a metric's label: its name in lower case.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $label,)*
                }
            }
        }
    };
    (
        $(#[$about:meta])*
        pub enum $name:ident {
            $($(#[$about_variant:meta])* $variant:ident = $label:literal,)*
            ..
            $(#[$about_other:meta])*
            $other:ident($inner:ident),
        }
    ) => {
        $crate::labels!(
            @define $(#[$about])* $name { $($(#[$about_variant])* $variant = $label,)* }
            $(#[$about_other])* $other($inner),
        );

        impl $name {
            /// The reason as a metric's label: its name in lower case.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $label,)*
                    Self::$other(inner) => inner.as_str(),
                }
            }

            /// Where the reason stands among [`ALL`](Self::ALL), or what it holds in place of one.
            pub(crate) const fn index(self) -> Result<usize, $inner> {
                enum Place {
                    $($variant,)*
                }
                match self {
                    $(Self::$variant => Ok(Place::$variant as usize),)*
                    Self::$other(inner) => Err(inner),
                }
            }
        }

        impl From<$inner> for $name {
            fn from(inner: $inner) -> Self {
                Self::$other(inner)
            }
        }
    };
    (
        @define $(#[$about:meta])*
        $name:ident { $($(#[$about_variant:meta])* $variant:ident = $label:literal,)* }
        $($(#[$about_other:meta])* $other:ident($inner:ident),)?
    ) => {
        $(#[$about])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum $name {
            $($(#[$about_variant])* $variant,)*
            $($(#[$about_other])* $other($inner),)?
        }

        impl $name {
            /// Each of them that has a label of its own, in the order in which they are counted.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];
        }

        impl ::std::fmt::Display for $name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                f.pad(self.as_str())
            }
        }
    };
}
