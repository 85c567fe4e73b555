fn health<__MirrorState>(
    incoming: ::mirror_runtime::__private::Incoming<__MirrorState>,
) -> impl ::core::future::Future<
    Output = ::mirror_runtime::__private::Response,
> + ::core::marker::Send
where
    __MirrorState: ::core::clone::Clone + ::core::marker::Send + ::core::marker::Sync
        + 'static,
{
    async fn health() -> &'static str {
        "ok"
    }
    static __MIRROR: ::std::sync::LazyLock<::mirror_runtime::__private::Mirror> = ::std::sync::LazyLock::new(||
    {
        ::mirror_runtime::__private::Options::new(
                ::core::concat!(::core::module_path!(), "::health"),
            )
            .target(
                ::mirror_runtime::__private::TargetOptions::url(
                    "https://staging.example.com",
                ),
            )
            .build()
    });
    let handler = health;
    ::mirror_runtime::__private::serve::<
        __MirrorState,
        (),
        (),
        _,
        _,
    >(&__MIRROR, handler, incoming)
}
