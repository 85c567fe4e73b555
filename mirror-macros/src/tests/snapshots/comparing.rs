fn list_users<__MirrorState>(
    incoming: ::mirror_runtime::__private::Incoming<__MirrorState>,
) -> impl ::core::future::Future<
    Output = ::mirror_runtime::__private::Response,
> + ::core::marker::Send
where
    __MirrorState: ::core::clone::Clone + ::core::marker::Send + ::core::marker::Sync
        + 'static,
{
    async fn list_users() -> Json<Vec<User>> {
        todo!()
    }
    const __MIRROR_TARGET_1: &::core::primitive::str = config::SHADOW_URL;
    const _: () = ::mirror_runtime::__private::check_target(__MIRROR_TARGET_1);
    const _: () = ::mirror_runtime::__private::check_distinct(
        "https://staging.example.com",
        __MIRROR_TARGET_1,
    );
    const __MIRROR_BASELINE: &::core::primitive::str = config::OLD_URL;
    const _: () = ::mirror_runtime::__private::check_target(__MIRROR_BASELINE);
    const _: () = ::mirror_runtime::__private::check_baseline(
        "https://staging.example.com",
        __MIRROR_BASELINE,
    );
    const _: () = ::mirror_runtime::__private::check_baseline(
        __MIRROR_TARGET_1,
        __MIRROR_BASELINE,
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
        .targets(
            &[
                ::mirror_runtime::__private::EntryTarget::new(
                    "https://staging.example.com",
                ),
                ::mirror_runtime::__private::EntryTarget::new(__MIRROR_TARGET_1),
            ],
        )
        .options(
            &[
                ("compare", "\"json\""),
                ("compare_at", "\"server\""),
                ("compare_headers", "[\"Content-Type\", \"etag\"]"),
                ("ignore_headers", "[\"cache-control\"]"),
                ("ignore", "[\"/generated_at\", \"/items/*/id\"]"),
                ("ignore_zero_fraction", "true"),
                ("ignore_bom", "true"),
                ("unordered", "[\"/tags\"]"),
                ("tolerance", "{ \"/total\" = 0.01, \"/items/*/price\" = 1 }"),
                ("redact", "[\"/password\"]"),
                ("max_compare_body", "\"64KiB\""),
                ("on_mismatch", "|..| .."),
                ("baseline", "config::OLD_URL"),
            ],
        );
    ::mirror_runtime::__private::submit! {
        & __MIRROR_ENTRY
    }
    static __MIRROR: ::std::sync::LazyLock<::mirror_runtime::__private::Mirror> = ::std::sync::LazyLock::new(||
    {
        ::mirror_runtime::__private::Options::on_mismatch(
                ::mirror_runtime::__private::Options::new(&__MIRROR_ENTRY)
                    .target(
                        ::mirror_runtime::__private::TargetOptions::url(
                            "https://staging.example.com",
                        ),
                    )
                    .target(
                        ::mirror_runtime::__private::TargetOptions::url(
                            __MIRROR_TARGET_1,
                        ),
                    )
                    .compare_json()
                    .compare_at_server()
                    .compare_header("Content-Type")
                    .compare_header("etag")
                    .ignore_header("cache-control")
                    .ignore("/generated_at")
                    .ignore("/items/*/id")
                    .unordered("/tags")
                    .tolerance("/total", 0.01f64)
                    .tolerance("/items/*/price", 1f64)
                    .ignore_zero_fraction(true)
                    .ignore_bom(true)
                    .redact("/password")
                    .max_compare_body(65536usize)
                    .baseline(
                        ::mirror_runtime::__private::TargetOptions::url(
                            __MIRROR_BASELINE,
                        ),
                    ),
                |comparison| warn!(% comparison),
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
