/// Creates an order.
#[deprecated]
#[allow(clippy::too_many_lines)]
pub(crate) fn create_order<__MirrorState, __MirrorVia>(
    incoming: ::mirror_runtime::__private::Incoming<__MirrorState>,
) -> impl ::core::future::Future<
    Output = ::mirror_runtime::__private::Response,
> + ::core::marker::Send
where
    State<Db>: ::mirror_runtime::__private::FromRequestParts<__MirrorState>,
    Json<NewOrder>: ::mirror_runtime::__private::FromRequest<__MirrorState, __MirrorVia>,
    __MirrorVia: 'static,
    __MirrorState: ::core::clone::Clone + ::core::marker::Send + ::core::marker::Sync
        + 'static,
{
    #[instrument(skip_all)]
    async fn create_order(
        State(db): State<Db>,
        Json(order): Json<NewOrder>,
    ) -> Result<Json<Order>, ApiError> {
        db.insert(order).await.map(Json)
    }
    static __MIRROR_ENTRY: ::mirror_runtime::__private::MirrorEntry = ::mirror_runtime::__private::MirrorEntry::new(
            ::core::module_path!(),
            "create_order",
            ::core::file!(),
            ::core::line!(),
            {
                fn here() {}
                || ::core::any::type_name_of_val(&here)
            },
        )
        .percentage(10f64)
        .targets(
            &[
                ::mirror_runtime::__private::EntryTarget::new(
                    "https://staging.example.com",
                ),
            ],
        )
        .options(&[("percentage", "10"), ("timeout", "\"2s\"")]);
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
            .percentage(10f64)
            .timeout_ms(2000u64)
            .build()
    });
    let handler = create_order;
    ::mirror_runtime::__private::serve::<
        __MirrorState,
        __MirrorVia,
        (State<Db>, Json<NewOrder>),
        _,
        _,
    >(&__MIRROR, handler, incoming)
}
