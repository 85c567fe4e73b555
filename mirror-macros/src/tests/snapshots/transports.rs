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
                ::mirror_runtime::__private::EntryTarget::new("nats"),
                ::mirror_runtime::__private::EntryTarget::new("events").percentage(5f64),
                ::mirror_runtime::__private::EntryTarget::new("log"),
                ::mirror_runtime::__private::EntryTarget::new("audit"),
                ::mirror_runtime::__private::EntryTarget::new("mirror-log"),
                ::mirror_runtime::__private::EntryTarget::new("disk").percentage(5f64),
            ],
        )
        .options(&[("transport", "clients::SHARED"), ("on_error", "count")]);
    ::mirror_runtime::__private::submit! {
        & __MIRROR_ENTRY
    }
    static __MIRROR: ::std::sync::LazyLock<::mirror_runtime::__private::Mirror> = ::std::sync::LazyLock::new(||
    {
        ::mirror_runtime::__private::Options::transport(
                ::mirror_runtime::__private::Options::on_error(
                    ::mirror_runtime::__private::Options::new(&__MIRROR_ENTRY)
                        .target(
                            ::mirror_runtime::__private::TargetOptions::url(
                                "https://staging.example.com",
                            ),
                        )
                        .target(
                            ::mirror_runtime::__private::TargetOptions::made(
                                ::mirror_runtime::__private::via("nats", &NATS),
                            ),
                        )
                        .target(
                            ::mirror_runtime::__private::TargetOptions::made(
                                    ::mirror_runtime::__private::via(
                                        "events",
                                        &shadows::r#Kafka,
                                    ),
                                )
                                .percentage(5f64)
                                .timeout_ms(1000u64),
                        )
                        .target(
                            ::mirror_runtime::__private::TargetOptions::made(
                                ::mirror_runtime::__private::sink("log", &LOG),
                            ),
                        )
                        .target(
                            ::mirror_runtime::__private::TargetOptions::made(
                                ::mirror_runtime::__private::sink("audit", &logs::LOG),
                            ),
                        )
                        .target(
                            ::mirror_runtime::__private::TargetOptions::made(
                                ::mirror_runtime::__private::file("mirror-log"),
                            ),
                        )
                        .target(
                            ::mirror_runtime::__private::TargetOptions::made(
                                    ::mirror_runtime::__private::file("/var/log/mirror"),
                                )
                                .percentage(5f64)
                                .name("disk"),
                        ),
                    count,
                ),
                &clients::SHARED,
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
