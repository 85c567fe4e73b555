/// Finds one.
pub(crate) fn find<__MirrorState, __MirrorVia>(
    incoming: shared::mirror_runtime::__private::Incoming<__MirrorState>,
) -> impl ::core::future::Future<
    Output = shared::mirror_runtime::__private::Response,
> + ::core::marker::Send
where
    Path<
        u64,
    >: shared::mirror_runtime::__private::FromRequest<__MirrorState, __MirrorVia>,
    __MirrorVia: 'static,
    __MirrorState: ::core::clone::Clone + ::core::marker::Send + ::core::marker::Sync
        + 'static,
{
    const __MIRROR_TARGET_0: &::core::primitive::str = config::SHADOW_URL;
    const _: () = shared::mirror_runtime::__private::check_target(__MIRROR_TARGET_0);
    static __MIRROR_ENTRY: shared::mirror_runtime::__private::MirrorEntry = shared::mirror_runtime::__private::MirrorEntry::new(
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
                shared::mirror_runtime::__private::EntryTarget::new(__MIRROR_TARGET_0),
                shared::mirror_runtime::__private::EntryTarget::new("nats"),
            ],
        )
        .options(
            &[("original", "find_unmirrored"), ("on_error", "log"), ("compare", "typed")],
        );
    shared::mirror_runtime::__private::submit! {
        & __MIRROR_ENTRY
    }
    static __MIRROR: ::std::sync::LazyLock<shared::mirror_runtime::__private::Mirror> = ::std::sync::LazyLock::new(||
    {
        shared::mirror_runtime::__private::Options::compare_typed::<
            Json<User>,
        >(
                shared::mirror_runtime::__private::Options::on_error(
                    shared::mirror_runtime::__private::Options::new(&__MIRROR_ENTRY)
                        .target(
                            shared::mirror_runtime::__private::TargetOptions::url(
                                    __MIRROR_TARGET_0,
                                )
                                .http2(shared::mirror_runtime::Http2::Off),
                        )
                        .target(
                            shared::mirror_runtime::__private::TargetOptions::made(
                                shared::mirror_runtime::__private::via("nats", &NATS),
                            ),
                        ),
                    log,
                ),
            )
            .build()
    });
    let handler = find_unmirrored;
    shared::mirror_runtime::__private::serve::<
        __MirrorState,
        __MirrorVia,
        (Path<u64>,),
        _,
        _,
    >(&__MIRROR, handler, incoming)
}
#[instrument]
/// Finds one.
#[expect(clippy::unused_async)]
pub(crate) async fn find_unmirrored(Path(id): Path<u64>) -> Json<User> {
    todo!()
}
