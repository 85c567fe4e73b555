pub fn r#match<__MirrorState, __MirrorVia>(
    incoming: ::mirror_runtime::__private::Incoming<__MirrorState>,
) -> impl ::core::future::Future<
    Output = ::mirror_runtime::__private::Response,
> + ::core::marker::Send
where
    Path<u64>: ::mirror_runtime::__private::FromRequest<__MirrorState, __MirrorVia>,
    __MirrorVia: 'static,
    __MirrorState: ::core::clone::Clone + ::core::marker::Send + ::core::marker::Sync
        + 'static,
{
    async fn r#match(id: Path<u64>) {
        struct Local;
        impl Local {
            fn new() -> Self {
                Self
            }
        }
        Local::new();
    }
    static __MIRROR_ENTRY: ::mirror_runtime::__private::MirrorEntry = ::mirror_runtime::__private::MirrorEntry::new(
            ::core::module_path!(),
            "match",
            ::core::file!(),
            ::core::line!(),
            {
                fn here() {}
                || ::core::any::type_name_of_val(&here)
            },
        )
        .targets(
            &[
                ::mirror_runtime::__private::EntryTarget::new(
                    "https://staging.example.com",
                ),
            ],
        )
        .options(&[]);
    ::mirror_runtime::__private::submit! {
        & __MIRROR_ENTRY
    }
    static __MIRROR: ::std::sync::LazyLock<::mirror_runtime::__private::Mirror> = ::std::sync::LazyLock::new(||
    {
        ::mirror_runtime::__private::Options::new(&__MIRROR_ENTRY)
            .target(
                ::mirror_runtime::__private::TargetOptions::url(
                    "https://staging.example.com",
                ),
            )
            .build()
    });
    let handler = r#match;
    ::mirror_runtime::__private::serve::<
        __MirrorState,
        __MirrorVia,
        (Path<u64>,),
        _,
        _,
    >(&__MIRROR, handler, incoming)
}
