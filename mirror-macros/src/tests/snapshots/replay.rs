#[::tokio::test]
async fn fixture_7() {
    ::mirror_runtime::__private::replay(
            "mirror-fixtures/7.json",
            ::core::include_str!(
                ::core::concat!(::core::env!("CARGO_MANIFEST_DIR"), "/",
                "mirror-fixtures/7.json")
            ),
            crate::app,
        )
        .await;
}
#[::tokio::test]
async fn fixture_type() {
    ::mirror_runtime::__private::replay(
            "mirror-fixtures/Type.json",
            ::core::include_str!(
                ::core::concat!(::core::env!("CARGO_MANIFEST_DIR"), "/",
                "mirror-fixtures/Type.json")
            ),
            crate::app,
        )
        .await;
}
#[::tokio::test]
async fn a_b() {
    ::mirror_runtime::__private::replay(
            "mirror-fixtures/a-b.json",
            ::core::include_str!(
                ::core::concat!(::core::env!("CARGO_MANIFEST_DIR"), "/",
                "mirror-fixtures/a-b.json")
            ),
            crate::app,
        )
        .await;
}
#[::tokio::test]
async fn a_b_2() {
    ::mirror_runtime::__private::replay(
            "mirror-fixtures/a_b.json",
            ::core::include_str!(
                ::core::concat!(::core::env!("CARGO_MANIFEST_DIR"), "/",
                "mirror-fixtures/a_b.json")
            ),
            crate::app,
        )
        .await;
}
#[::tokio::test]
async fn orders_staging_value_total_3fa9c2d1() {
    ::mirror_runtime::__private::replay(
            "mirror-fixtures/orders--staging--value_total--3fa9c2d1.json",
            ::core::include_str!(
                ::core::concat!(::core::env!("CARGO_MANIFEST_DIR"), "/",
                "mirror-fixtures/orders--staging--value_total--3fa9c2d1.json")
            ),
            crate::app,
        )
        .await;
}
#[::tokio::test]
async fn mirror_fixtures_without_a_test() {
    ::mirror_runtime::__private::replay_others(
            ::core::concat!(::core::env!("CARGO_MANIFEST_DIR"), "/", "mirror-fixtures"),
            &[
                "7.json",
                "Type.json",
                "a-b.json",
                "a_b.json",
                "orders--staging--value_total--3fa9c2d1.json",
            ],
            || crate::app,
        )
        .await;
}
