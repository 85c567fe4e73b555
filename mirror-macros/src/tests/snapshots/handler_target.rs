fn list_users<__MirrorState, __MirrorVia>(
    incoming: ::mirror_runtime::__private::Incoming<__MirrorState>,
) -> impl ::core::future::Future<
    Output = ::mirror_runtime::__private::Response,
> + ::core::marker::Send
where
    State<Db>: ::mirror_runtime::__private::FromRequestParts<__MirrorState>,
    Query<Page>: ::mirror_runtime::__private::FromRequest<__MirrorState, __MirrorVia>,
    __MirrorVia: 'static,
    __MirrorState: ::core::clone::Clone + ::core::marker::Send + ::core::marker::Sync
        + 'static,
{
    async fn list_users(State(db): State<Db>, page: Query<Page>) -> Json<Vec<User>> {
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
                ::mirror_runtime::__private::EntryTarget::new("handler(list_users_v2)"),
                ::mirror_runtime::__private::EntryTarget::new(
                    "https://staging.example.com",
                ),
                ::mirror_runtime::__private::EntryTarget::new("v3").percentage(5f64),
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
                ::mirror_runtime::__private::TargetOptions::handler(
                    "handler(list_users_v2)",
                ),
            )
            .target(
                ::mirror_runtime::__private::TargetOptions::url(
                    "https://staging.example.com",
                ),
            )
            .target(
                ::mirror_runtime::__private::TargetOptions::handler(
                        "handler(v3::list_users::<Postgres>)",
                    )
                    .percentage(5f64)
                    .timeout_ms(1000u64)
                    .name("v3"),
            )
            .build()
    });
    let handler = list_users;
    ::mirror_runtime::__private::serve_with::<
        __MirrorState,
        __MirrorVia,
        (State<Db>, Query<Page>),
        _,
        _,
        _,
    >(
        &__MIRROR,
        handler,
        [
            |copy, state| ::mirror_runtime::__private::same_arguments_without_state::<
                __MirrorState,
                __MirrorVia,
                (State<Db>, Query<Page>),
                _,
            >(list_users_v2, copy, state),
            |copy, state| ::mirror_runtime::__private::same_arguments_without_state::<
                __MirrorState,
                __MirrorVia,
                (State<Db>, Query<Page>),
                _,
            >(v3::list_users::<Postgres>, copy, state),
        ],
        incoming,
    )
}
