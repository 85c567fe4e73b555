fn list_users<__MirrorState>(
    incoming: ::mirror_runtime::__private::Incoming<__MirrorState>,
) -> impl ::core::future::Future<
    Output = ::mirror_runtime::__private::Response,
> + ::core::marker::Send
where
    __MirrorState: ::core::clone::Clone + ::core::marker::Send + ::core::marker::Sync
        + 'static,
{
    async fn list_users() {}
    const __MIRROR_DEFAULTS: &::mirror_runtime::Defaults = &config::SHADOW;
    const _: () = ::mirror_runtime::__private::check_defaults(__MIRROR_DEFAULTS);
    const _: () = ::mirror_runtime::__private::check_connect_timeout(
        __MIRROR_DEFAULTS,
        1000u64,
    );
    const _: () = ::mirror_runtime::__private::check_compared(
        __MIRROR_DEFAULTS,
        false,
        "`compare_headers` needs `compare`, here or in the defaults",
        "`compare_headers` applies to JSON only; the `compare` of the defaults does not",
    );
    const _: () = ::mirror_runtime::__private::check_compared(
        __MIRROR_DEFAULTS,
        true,
        "`ignore` needs `compare`, here or in the defaults",
        "`ignore` applies to JSON only; the `compare` of the defaults does not",
    );
    const _: () = ::mirror_runtime::__private::check_compared(
        __MIRROR_DEFAULTS,
        false,
        "`thresholds` needs `compare`, here or in the defaults",
        "`thresholds` applies to JSON only; the `compare` of the defaults does not",
    );
    const _: () = ::mirror_runtime::__private::check_compared(
        __MIRROR_DEFAULTS,
        false,
        "`record` needs `compare`, here or in the defaults",
        "`record` applies to JSON only; the `compare` of the defaults does not",
    );
    const _: () = ::mirror_runtime::__private::check_compared(
        __MIRROR_DEFAULTS,
        false,
        "`max_fixtures` needs `compare`, here or in the defaults",
        "`max_fixtures` applies to JSON only; the `compare` of the defaults does not",
    );
    const _: () = ::mirror_runtime::__private::check_compared(
        __MIRROR_DEFAULTS,
        false,
        "`max_fixture_bytes` needs `compare`, here or in the defaults",
        "`max_fixture_bytes` applies to JSON only; the `compare` of the defaults does not",
    );
    static __MIRROR_ENTRY: ::mirror_runtime::__private::MirrorEntry = ::mirror_runtime::__private::MirrorEntry::new(
            ::core::module_path!(),
            "list_users",
            ::core::file!(),
            ::core::line!(),
            {
                fn here() {}
                || ::core::any::type_name_of_val(&here)
            },
        )
        .shared(&::mirror_runtime::__private::shared(__MIRROR_DEFAULTS))
        .targets(
            &[
                ::mirror_runtime::__private::EntryTarget::new(
                    "https://staging.example.com",
                ),
            ],
        )
        .options(
            &[
                ("defaults", "config::SHADOW"),
                ("connect_timeout", "\"1s\""),
                ("credentials", "\"forward\""),
                ("host", "\"target\""),
                ("ignore", "[\"/generated_at\"]"),
                ("compare_headers", "[\"etag\"]"),
                ("thresholds", "Thresholds::default().with_min_compared(1_000)"),
                ("record", "\"mirror-fixtures\""),
                ("max_fixtures", "5"),
                ("max_fixture_bytes", "\"1MiB\""),
            ],
        );
    ::mirror_runtime::__private::submit! {
        & __MIRROR_ENTRY
    }
    static __MIRROR: ::std::sync::LazyLock<::mirror_runtime::__private::Mirror> = ::std::sync::LazyLock::new(||
    {
        ::mirror_runtime::__private::Options::thresholds(
                ::mirror_runtime::__private::Options::new(&__MIRROR_ENTRY)
                    .defaults(__MIRROR_DEFAULTS)
                    .target(
                        ::mirror_runtime::__private::TargetOptions::url(
                            "https://staging.example.com",
                        ),
                    )
                    .connect_timeout_ms(1000u64)
                    .forward_credentials()
                    .target_host()
                    .compare_header("etag")
                    .ignore("/generated_at")
                    .record("mirror-fixtures")
                    .max_fixtures(5usize)
                    .max_fixture_bytes(1048576u64),
                Thresholds::default().with_min_compared(1_000),
            )
            .build()
    });
    let handler = list_users;
    ::mirror_runtime::__private::serve::<
        __MirrorState,
        (),
        (),
        _,
        _,
    >(&__MIRROR, handler, incoming)
}
