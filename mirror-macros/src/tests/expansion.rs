//! The expansion, compared with the files in `snapshots`. To write them anew: `UPDATE_SNAPSHOTS=1
//! cargo test`.

use std::{env, fs, path::Path};

use super::expand;

#[track_caller]
fn assert_snapshot(name: &str, source: &str) {
    let file: syn::File = syn::parse2(expand(source)).unwrap();
    let expansion = prettyplease::unparse(&file);
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("src/tests/snapshots")
        .join(name)
        .with_extension("rs");
    if env::var_os("UPDATE_SNAPSHOTS").is_some() {
        fs::write(&path, &expansion).unwrap();
    }
    let snapshot = fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(expansion, snapshot, "{}", path.display());
}

#[test]
fn a_handler_without_arguments() {
    assert_snapshot(
        "no_argument",
        r#"#[mirror(targets = ["https://staging.example.com"])]
        async fn health() -> &'static str { "ok" }"#,
    );
}

#[test]
fn a_handler_with_parts_and_a_body() {
    assert_snapshot(
        "parts_and_body",
        r#"#[mirror(targets = ["https://staging.example.com"], percentage = 10, timeout = "2s")]
        /// Creates an order.
        #[deprecated]
        #[instrument(skip_all)]
        #[allow(clippy::too_many_lines)]
        pub(crate) async fn create_order(
            State(db): State<Db>,
            Json(order): Json<NewOrder>,
        ) -> Result<Json<Order>, ApiError> {
            db.insert(order).await.map(Json)
        }"#,
    );
}

#[test]
fn every_option() {
    assert_snapshot(
        "every_option",
        r#"#[mirror(
            targets = [
                "https://staging.example.com",
                target("https://canary.example.com/base", percentage = 5, timeout = "1s", name = "canary"),
                env("SHADOW_URL"),
                config::SHADOW_URL,
                target(AUDIT_URL, percentage = 0.1, http2 = "prior-knowledge", trace = "strip"),
                target("http://c", set_headers = { "x-a" = "1", "x-b" = "2" }, map_request = |copy| copy.set_body("")),
            ],
            percentage = 12.5,
            sticky = header("X-User-Id"),
            timeout = "250ms",
            connect_timeout = "100ms",
            sync = true,
            copy_body = true,
            max_body = "2MiB",
            body = "tee",
            max_in_flight = 64,
            rate_limit = "100/m",
            circuit_breaker = { failures = 3, cooldown = "1m 30s" },
            on_success = count,
            on_error = |target, error| warn!(%target, %error),
            on_skip = count::skip,
            methods = [GET, "PURGE"],
            when = |parts| parts.uri.path().starts_with("/v2"),
            set_headers = { "X-Env" = "shadow" },
            remove_headers = ["x-internal"],
            credentials = "strip",
            host = "preserve",
            accept_encoding = "comparable",
            trace = "unsampled",
            baggage = { "mirror" = "shadow" },
            map_request = without_cookies,
            mask = ["/email", "/user/*/phone"],
            name = "users.list",
            key = env("USERS_KEY"),
        )]
        async fn list_users() -> impl IntoResponse {}"#,
    );
}

#[test]
fn every_option_about_comparing() {
    assert_snapshot(
        "comparing",
        r#"#[mirror(
            targets = ["https://staging.example.com", config::SHADOW_URL],
            compare = "json",
            compare_at = "server",
            compare_headers = ["Content-Type", "etag"],
            ignore_headers = ["cache-control"],
            ignore = ["/generated_at", "/items/*/id"],
            ignore_zero_fraction = true,
            ignore_bom = true,
            unordered = ["/tags"],
            tolerance = { "/total" = 0.01, "/items/*/price" = 1 },
            redact = ["/password"],
            max_compare_body = "64KiB",
            on_mismatch = |comparison| warn!(%comparison),
            baseline = config::OLD_URL,
        )]
        async fn list_users() -> Json<Vec<User>> { todo!() }"#,
    );
}

#[test]
fn a_mode_is_a_call() {
    let baseline = "baseline = env(\"OLD_URL\")";
    for (value, call) in [
        ("compare = \"status\"", ".compare_status()"),
        ("compare = \"bytes\"", ".compare_bytes()"),
        (
            "compare = typed",
            "Options::compare_typed::<Json<&'staticstr>>(",
        ),
        (
            "compare = rules::compare",
            "Options::compare_with(::mirror_runtime::__private::Options::new(",
        ),
        (
            "compare = |primary, shadow| same(primary, shadow)",
            ",|primary,shadow|same(primary,shadow)",
        ),
        (
            &format!("compare = \"json\", {baseline}"),
            ".compare_json().baseline(::mirror_runtime::__private::TargetOptions::env(\"OLD_URL\"))",
        ),
    ] {
        let source =
            format!("#[mirror(targets = [\"http://a\"], {value})] async fn h() -> Json<&str> {{}}");
        let expansion = expand(&source).to_string().replace(' ', "");
        assert!(expansion.contains(call), "{call} in {expansion}");
    }
}

/// It conflicts with what the snapshot has.
#[test]
fn the_time_to_read_ahead_is_a_call() {
    let source = "#[mirror(targets = [\"http://a\"], read_ahead = \"1m 1ms\")] async fn h() {}";
    let expansion = expand(source).to_string().replace(' ', "");
    assert!(
        expansion.contains(".read_ahead_ms(60001u64)"),
        "{expansion}"
    );
}

#[test]
fn transports_and_sinks_of_the_users_own() {
    assert_snapshot(
        "transports",
        r#"#[mirror(
            targets = [
                "https://staging.example.com",
                via(NATS),
                target(via(shadows::r#Kafka), percentage = 5, timeout = "1s", name = "events"),
                sink(LOG),
                target(sink(logs::LOG), name = "audit"),
                file("mirror-log"),
                target(file("/var/log/mirror"), name = "disk", percentage = 5),
            ],
            transport = clients::SHARED,
            on_error = count,
        )]
        async fn list_users() -> Json<Vec<User>> { todo!() }"#,
    );
}

#[test]
fn a_handler_as_a_target() {
    assert_snapshot(
        "handler_target",
        r#"#[mirror(
            targets = [
                handler(list_users_v2),
                "https://staging.example.com",
                target(handler(v3::list_users::<Postgres>), percentage = 5, timeout = "1s", name = "v3"),
            ],
        )]
        async fn list_users(State(db): State<Db>, page: Query<Page>) -> Json<Vec<User>> { todo!() }"#,
    );
}

#[test]
fn a_handler_with_other_arguments_as_a_target() {
    assert_snapshot(
        "handler_target_with_state",
        r"#[mirror(targets = [handler(list_users_v2)], state = Arc<AppState>)]
        async fn list_users(State(db): State<Db>) -> Json<Vec<User>> { todo!() }",
    );
}

#[test]
fn a_circuit_breaker_is_on_or_off() {
    for (value, call) in [
        ("off", ".no_circuit_breaker()"),
        ("{ failures = 3 }", ".circuit_breaker(3u32,5000u64)"),
        ("{ cooldown = \"1s\", }", ".circuit_breaker(5u32,1000u64)"),
    ] {
        let source = format!(
            "#[mirror(targets = [\"http://a\"], circuit_breaker = {value})] async fn h() {{}}"
        );
        let expansion = expand(&source).to_string().replace(' ', "");
        assert!(expansion.contains(call), "{expansion}");
    }
}

#[test]
fn a_body_that_is_read_ahead_is_the_default() {
    let expand_with = |option: &str| {
        expand(&format!(
            "#[mirror(targets = [\"http://a\"], {option})] async fn h() {{}}"
        ))
        .to_string()
    };
    // The defaults of handlers may have another.
    let buffered = expand_with("body = \"buffer\"").replace(" . buffer ()", "");
    let as_written = r#"("body" , "\"buffer\"")"#;
    assert_eq!(buffered.replace(as_written, ""), expand_with(""));
    assert_ne!(expand_with("body = \"tee\""), expand_with(""));
}

#[test]
fn a_generic_handler_with_lifetimes() {
    assert_snapshot(
        "generics",
        r#"#[mirror(targets = ["https://staging.example.com"])]
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
        }"#,
    );
}

#[test]
fn an_associated_function_without_self_type() {
    assert_snapshot(
        "associated",
        r#"#[mirror(targets = ["https://staging.example.com"])]
        pub async fn r#match(id: Path<u64>) {
            struct Local;
            impl Local { fn new() -> Self { Self } }
            Local::new();
        }"#,
    );
}

#[test]
fn an_associated_function_that_names_its_self_type() {
    assert_snapshot(
        "associated_self",
        r#"#[mirror(targets = ["https://staging.example.com"])]
        /// Finds one.
        #[cfg(feature = "api")]
        #[expect(clippy::unused_async)]
        #[instrument]
        pub async fn find<T: Id>(id: Path<T>) -> Json<T> {
            format!("{}", Self::NAME)
        }"#,
    );
}

#[test]
fn a_crate_under_another_path_and_an_original_under_a_name() {
    assert_snapshot(
        "crate_and_original",
        r#"#[mirror(
            targets = [target(config::SHADOW_URL, http2 = "off"), via(NATS)],
            crate = shared::mirror_runtime,
            original = find_unmirrored,
            on_error = log,
            compare = typed,
        )]
        /// Finds one.
        #[expect(clippy::unused_async)]
        #[instrument]
        pub(crate) async fn find(Path(id): Path<u64>) -> Json<User> {
            todo!()
        }"#,
    );
}

#[test]
fn an_original_of_an_impl_is_called_by_its_self() {
    for (name, body) in [("Self::all", "1"), ("all", "Self::ONE")] {
        let source = format!(
            "#[mirror(targets = [\"http://a\"], original = {name})] pub async fn find() -> u8 {{ {body} }}"
        );
        let expansion = expand(&source).to_string();
        assert!(
            expansion.contains("let handler = Self :: all ;"),
            "{expansion}"
        );
        assert!(
            expansion.contains("pub async fn all () -> u8"),
            "{expansion}"
        );
    }
}

#[test]
fn what_is_no_name_for_the_original_is_a_mistake() {
    let message = "`original` must be a name for a function\n= help: write `original = ";
    for (value, to_type) in [
        ("\"plain\"", "plain`"),
        ("a::b", "list_users_unmirrored`"),
        ("Self", "list_users_unmirrored`"),
        ("true", "list_users_unmirrored`"),
    ] {
        let message = format!("{message}{to_type}");
        super::assert_mistake(&format!("original = {value}"), value, &message);
    }
    super::assert_mistake(
        "original = handler",
        "handler",
        "`handler` is the name of the mirrored handler: take another",
    );
    super::assert_mistake(
        "crate = \"shared::mirror_runtime\"",
        "\"shared::mirror_runtime\"",
        "`crate` must be the path of the crate\n= help: write `crate = shared::mirror_runtime`",
    );
}

#[test]
fn options_that_handlers_share() {
    assert_snapshot(
        "defaults",
        r#"#[mirror(
            defaults = config::SHADOW,
            targets = ["https://staging.example.com"],
            connect_timeout = "1s",
            credentials = "forward",
            host = "target",
            ignore = ["/generated_at"],
            compare_headers = ["etag"],
            thresholds = Thresholds::default().with_min_compared(1_000),
            record = "mirror-fixtures",
            max_fixtures = 5,
            max_fixture_bytes = "1MiB",
        )]
        async fn list_users() {}"#,
    );
}

#[test]
fn attributes_that_stand_in_the_wrong_place_are_mistakes() {
    super::assert_mistakes(
        r#"#[mirror(targets = ["http://a"])] #[utoipa::path(get, path = "/")] async fn h() {}"#,
        &[(
            "#[utoipa::path(get, path = \"/\")]",
            "`#[utoipa::path]` must stand above `#[mirror]`: below, its document is made for the function inside, where `paths(..)` does not look\n= help: move it above `#[mirror(..)]`",
        )],
    );
    let item = || "async fn h() {}".parse().unwrap();
    let args = || "targets = [\"http://a\"]".parse().unwrap();
    for attribute in [
        "#[debug_handler]",
        "#[axum::debug_handler(state = App)]",
        "#[::axum_macros::debug_handler] // here",
    ] {
        let above = ["#[instrument]".to_owned(), attribute.to_owned()];
        let expansion = crate::expand::mirror(args(), item(), &above).to_string();
        assert!(
            expansion.contains("must stand below `#[mirror]`"),
            "{expansion}"
        );
    }
    let above = [
        "#[instrument]".to_owned(),
        "#[doc = \"debug_handler\"]".to_owned(),
    ];
    let expansion = crate::expand::mirror(args(), item(), &above).to_string();
    assert!(!expansion.contains("compile_error"), "{expansion}");
}
