fn list_users<__MirrorVia>(
    incoming: ::mirror_runtime::__private::Incoming<Arc<AppState>>,
) -> impl ::core::future::Future<
    Output = ::mirror_runtime::__private::Response,
> + ::core::marker::Send
where
    State<Db>: ::mirror_runtime::__private::FromRequest<Arc<AppState>, __MirrorVia>,
    __MirrorVia: 'static,
    Arc<
        AppState,
    >: ::core::clone::Clone + ::core::marker::Send + ::core::marker::Sync + 'static,
{
    async fn list_users(State(db): State<Db>) -> Json<Vec<User>> {
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
            &[::mirror_runtime::__private::EntryTarget::new("handler(list_users_v2)")],
        )
        .options(&[("state", "Arc<AppState>")]);
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
            .build()
    });
    let handler = list_users;
    ::mirror_runtime::__private::serve_with::<
        Arc<AppState>,
        __MirrorVia,
        (State<Db>,),
        _,
        _,
        _,
    >(
        &__MIRROR,
        handler,
        [
            |copy, state| ::mirror_runtime::__private::any_arguments::<
                Arc<AppState>,
                _,
                _,
            >(list_users_v2, copy, state),
        ],
        incoming,
    )
}
