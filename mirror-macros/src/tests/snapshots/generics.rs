fn find<R: Repository<'static>, const N: usize, __MirrorState, __MirrorVia>(
    incoming: ::mirror_runtime::__private::Incoming<__MirrorState>,
) -> impl ::core::future::Future<
    Output = ::mirror_runtime::__private::Response,
> + ::core::marker::Send
where
    R: Clone + for<'r> Lookup<'r>,
    State<R>: ::mirror_runtime::__private::FromRequestParts<__MirrorState>,
    Tenant<'static>: ::mirror_runtime::__private::FromRequestParts<__MirrorState>,
    &'static str: ::mirror_runtime::__private::FromRequestParts<__MirrorState>,
    Matcher<
        'static,
        fn(&str) -> bool,
    >: ::mirror_runtime::__private::FromRequest<__MirrorState, __MirrorVia>,
    __MirrorVia: 'static,
    __MirrorState: ::core::clone::Clone + ::core::marker::Send + ::core::marker::Sync
        + 'static,
{
    async fn find<'a, 'b: 'a, R: Repository<'a>, const N: usize>(
        repository: State<R>,
        tenant: Tenant<'_>,
        name: &str,
        matcher: Matcher<'b, fn(&str) -> bool>,
    ) -> Cow<'a, str>
    where
        R: Clone + for<'r> Lookup<'r>,
        'b: 'a,
    {
        repository.find::<N>(tenant)
    }
    static __MIRROR_ENTRY: ::mirror_runtime::__private::MirrorEntry = ::mirror_runtime::__private::MirrorEntry::new(
            ::core::module_path!(),
            "find",
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
    let handler = find::<R, N>;
    ::mirror_runtime::__private::serve::<
        __MirrorState,
        __MirrorVia,
        (State<R>, Tenant<'static>, &'static str, Matcher<'static, fn(&str) -> bool>),
        _,
        _,
    >(&__MIRROR, handler, incoming)
}
