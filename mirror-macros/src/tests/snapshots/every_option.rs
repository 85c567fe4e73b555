fn list_users<__MirrorState>(
    incoming: ::mirror_runtime::__private::Incoming<__MirrorState>,
) -> impl ::core::future::Future<
    Output = ::mirror_runtime::__private::Response,
> + ::core::marker::Send
where
    __MirrorState: ::core::clone::Clone + ::core::marker::Send + ::core::marker::Sync
        + 'static,
{
    async fn list_users() -> impl IntoResponse {}
    const __MIRROR_TARGET_3: &::core::primitive::str = config::SHADOW_URL;
    const _: () = ::mirror_runtime::__private::check_target(__MIRROR_TARGET_3);
    const _: () = ::mirror_runtime::__private::check_distinct(
        "https://staging.example.com",
        __MIRROR_TARGET_3,
    );
    const _: () = ::mirror_runtime::__private::check_distinct(
        "https://canary.example.com/base",
        __MIRROR_TARGET_3,
    );
    const __MIRROR_TARGET_4: &::core::primitive::str = AUDIT_URL;
    const _: () = ::mirror_runtime::__private::check_target(__MIRROR_TARGET_4);
    const _: () = ::mirror_runtime::__private::check_without_tls(__MIRROR_TARGET_4);
    const _: () = ::mirror_runtime::__private::check_distinct(
        "https://staging.example.com",
        __MIRROR_TARGET_4,
    );
    const _: () = ::mirror_runtime::__private::check_distinct(
        "https://canary.example.com/base",
        __MIRROR_TARGET_4,
    );
    const _: () = ::mirror_runtime::__private::check_distinct(
        __MIRROR_TARGET_3,
        __MIRROR_TARGET_4,
    );
    const _: () = ::mirror_runtime::__private::check_distinct(
        __MIRROR_TARGET_3,
        "http://c",
    );
    const _: () = ::mirror_runtime::__private::check_distinct(
        __MIRROR_TARGET_4,
        "http://c",
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
        .name("users.list")
        .percentage(12.5f64)
        .targets(
            &[
                ::mirror_runtime::__private::EntryTarget::new(
                    "https://staging.example.com",
                ),
                ::mirror_runtime::__private::EntryTarget::new("canary").percentage(5f64),
                ::mirror_runtime::__private::EntryTarget::new("SHADOW_URL"),
                ::mirror_runtime::__private::EntryTarget::new(__MIRROR_TARGET_3),
                ::mirror_runtime::__private::EntryTarget::new(__MIRROR_TARGET_4)
                    .percentage(0.1f64),
                ::mirror_runtime::__private::EntryTarget::new("http://c"),
            ],
        )
        .options(
            &[
                ("percentage", "12.5"),
                ("sticky", "header(\"X-User-Id\")"),
                ("timeout", "\"250ms\""),
                ("connect_timeout", "\"100ms\""),
                ("sync", "true"),
                ("copy_body", "true"),
                ("max_body", "\"2MiB\""),
                ("body", "\"tee\""),
                ("max_in_flight", "64"),
                ("rate_limit", "\"100/m\""),
                ("circuit_breaker", "{ failures = 3, cooldown = \"1m 30s\" }"),
                ("on_success", "count"),
                ("on_error", "|..| .."),
                ("on_skip", "count::skip"),
                ("methods", "[GET, \"PURGE\"]"),
                ("when", "|..| .."),
                ("set_headers", "{ \"X-Env\" = \"..\" }"),
                ("remove_headers", "[\"x-internal\"]"),
                ("credentials", "\"strip\""),
                ("host", "\"preserve\""),
                ("accept_encoding", "\"comparable\""),
                ("trace", "\"unsampled\""),
                ("baggage", "{ \"mirror\" = \"shadow\" }"),
                ("map_request", "without_cookies"),
                ("mask", "[\"/email\", \"/user/*/phone\"]"),
                ("name", "\"users.list\""),
                ("key", "env(\"USERS_KEY\")"),
            ],
        );
    ::mirror_runtime::__private::submit! {
        & __MIRROR_ENTRY
    }
    static __MIRROR: ::std::sync::LazyLock<::mirror_runtime::__private::Mirror> = ::std::sync::LazyLock::new(||
    {
        ::mirror_runtime::__private::Options::map_request(
                ::mirror_runtime::__private::Options::when(
                    ::mirror_runtime::__private::Options::on_skip(
                        ::mirror_runtime::__private::Options::on_error(
                            ::mirror_runtime::__private::Options::on_success(
                                ::mirror_runtime::__private::Options::new(&__MIRROR_ENTRY)
                                    .target(
                                        ::mirror_runtime::__private::TargetOptions::url(
                                            "https://staging.example.com",
                                        ),
                                    )
                                    .target(
                                        ::mirror_runtime::__private::TargetOptions::url(
                                                "https://canary.example.com/base",
                                            )
                                            .percentage(5f64)
                                            .timeout_ms(1000u64)
                                            .name("canary"),
                                    )
                                    .target(
                                        ::mirror_runtime::__private::TargetOptions::env(
                                            "SHADOW_URL",
                                        ),
                                    )
                                    .target(
                                        ::mirror_runtime::__private::TargetOptions::url(
                                            __MIRROR_TARGET_3,
                                        ),
                                    )
                                    .target(
                                        ::mirror_runtime::__private::TargetOptions::url(
                                                __MIRROR_TARGET_4,
                                            )
                                            .percentage(0.1f64)
                                            .trace(::mirror_runtime::Trace::Strip)
                                            .http2(::mirror_runtime::Http2::PriorKnowledge),
                                    )
                                    .target(
                                        ::mirror_runtime::__private::TargetOptions::map_request(
                                            ::mirror_runtime::__private::TargetOptions::url("http://c")
                                                .set_header("x-a", "1")
                                                .set_header("x-b", "2"),
                                            |copy| copy.set_body(""),
                                        ),
                                    )
                                    .percentage(12.5f64)
                                    .sticky_header("X-User-Id")
                                    .timeout_ms(250u64)
                                    .connect_timeout_ms(100u64)
                                    .sync(true)
                                    .copy_body(true)
                                    .max_body(2097152usize)
                                    .tee()
                                    .max_in_flight(64usize)
                                    .rate_limit(100u32, 60000u64)
                                    .circuit_breaker(3u32, 90000u64)
                                    .method("GET")
                                    .method("PURGE")
                                    .set_header("x-env", "shadow")
                                    .remove_header("x-internal")
                                    .strip_credentials()
                                    .preserve_host()
                                    .comparable_encodings()
                                    .mask("/email")
                                    .mask("/user/*/phone")
                                    .key_from_env("USERS_KEY")
                                    .trace(::mirror_runtime::Trace::Unsampled)
                                    .baggage("mirror", "shadow"),
                                count,
                            ),
                            |target, error| warn!(% target, % error),
                        ),
                        count::skip,
                    ),
                    |parts| parts.uri.path().starts_with("/v2"),
                ),
                without_cookies,
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
