//! The `#[mirror]` attribute and the `replay!` macro of `mirror-runtime`, which re-exports them. Depend on that crate
//! instead: the code that they write names it.

mod amount;
mod args;
mod callback;
mod compare;
mod error;
mod expand;
mod handler;
mod header;
mod method;
mod replay;
mod self_use;
mod table;
mod target;
#[cfg(test)]
mod tests;
mod value;

use proc_macro::TokenStream;

/// Mirrors an axum handler: copies of its requests also go to other servers, the *shadows*, and the client notices
/// nothing.
///
/// ```ignore
/// use mirror_runtime::mirror;
///
/// #[mirror(targets = ["https://staging.example.com"], percentage = 10, timeout = "2s")]
/// async fn list_users(State(db): State<Db>, Query(page): Query<Page>) -> Result<Json<Vec<User>>, ApiError> {
///     db.users(page).await.map(Json)
/// }
///
/// let app = Router::new().route("/users", get(list_users));
/// ```
///
/// The handler is an `async fn` with up to 16 axum extractors, a free function or an associated function without `self`.
/// It keeps its name, visibility, docs, `#[cfg]`s and lint levels, and is used as before. The options are checked when
/// the program is compiled: a mistake in one of them is an error that points at it, and all mistakes are shown at once.
///
/// # Options
///
/// | option | meaning | default |
/// |---|---|---|
/// | `targets = [..]` | where copies go, see [below](#targets) | required |
/// | `percentage = 10` | the share of requests that is copied to each target that has none of its own: a number from 0 to 100, also `0.1` | 100 |
/// | `timeout = "2s"` | the time a copy has, from leaving to the last byte of the answer: `"250ms"`, `"2s"`, `"1m 30s"`, up to `"24h"` | `"5s"` |
/// | `connect_timeout = "1s"` | the time that a copy has to get a connection, as a part of `timeout`; a TCP connection that takes a quarter of it, and 200 ms, is given up and tried once more | `"1s"`, or `timeout` where that is shorter |
/// | `sync = true` | holds the handler's answer until all copies of the request have ended and their callbacks have run; handler and copies run at the same time | `false` |
/// | `copy_body = false` | sends the copy without a body, and without the headers that describe one; that of a `POST`, `PUT` or `PATCH` says `Content-Length: 0` | `true` |
/// | `max_body = "2MiB"` | a request with a larger body is not copied; the handler gets all of it | `"2MiB"` |
/// | `body = "tee"` | copies the body as the handler reads it, for uploads and long streams; `"buffer"` reads it before the handler starts | `"buffer"` |
/// | `read_ahead = "1s"` | how long the body is read before the handler starts: what has not arrived by then is copied as the handler reads it; more than zero and up to `"24h"` | `"1s"` |
/// | `max_in_flight = 256` | copies in flight to each target, at least 1; one beyond them is shed, never queued | 256 |
/// | `rate_limit = "100/s"` | copies to each target in a second, `"100/m"` in a minute, `"100/h"` in an hour; after the percentage, and one beyond them is shed | none |
/// | `circuit_breaker = { .. }` | leaves a target alone that fails, see [below](#circuit-breaker); `off` for never | `{ failures = 5, cooldown = "5s" }` |
/// | `on_success = f` | called with every HTTP answer, whatever its status: `fn(&Target, &ShadowResponse)` | none |
/// | `on_error = f` | called with every copy that failed: `fn(&Target, &MirrorError)` | none |
/// | `on_skip = f` | called with every request that was not sent to a target, skipped or shed: `fn(&Target, &SkipReason)` | none |
/// | `methods = [GET, "PURGE"]` | copies requests with these methods only; extension methods are strings | all |
/// | `when = f` | copies the requests for which it is true, asked before they are sampled: `fn(&http::request::Parts) -> bool` | all |
/// | `set_headers = { "x-env" = "shadow" }` | headers that each copy has, and no other of the same name | none |
/// | `remove_headers = ["x-internal"]` | headers that no copy has | none |
/// | `credentials = "strip"` | takes `Authorization`, `Cookie` and `X-Api-Key` off the copy | `"forward"` |
/// | `host = "preserve"` | gives the copy the `Host` of the request instead of the target's | `"target"` |
/// | `name = "users.list"` | what counters and logs call the mirror | module and function |
/// | `state = AppState` | the type of the router's state, for [handlers as targets](#handlers-as-targets) with arguments of their own | inferred |
///
/// These compare the shadows' answers with the handler's, see [below](#comparing). All but the first need the first.
///
/// | option | meaning | default |
/// |---|---|---|
/// | `compare = "json"` | what must agree: `"status"`, `"json"`, `"bytes"`, `typed`, or what a function says: `fn(&Answer, &Answer) -> Verdict` | nothing is compared |
/// | `compare_headers = ["content-type"]` | headers and trailer fields that must agree too; `grpc-status` must in any case | none |
/// | `ignore = ["/items/*/id"]` | [JSON pointers] to values that may differ, with all in them; `*` is any index or key | none |
/// | `unordered = ["/tags"]` | JSON pointers to arrays whose elements may be in any order | none |
/// | `tolerance = { "/total" = 0.01 }` | JSON pointers to numbers, and by how much they may differ | none |
/// | `redact = ["/password"]` | JSON pointers to values that are in no report, log or callback, wherever else they stand; of those of up to three bytes, what equals them is hidden elsewhere, but for `null`, `true`, `false` and single digits | none |
/// | `max_compare_body = "256KiB"` | larger answers are not compared, and counted so; at most 1 MiB | `"256KiB"` |
/// | `on_mismatch = f` | called with each comparison that found a difference: `fn(&Comparison)` | none |
/// | `baseline = "https://old-replica.example.com"` | a server that runs the old version, and gets copies too: where it differs from the handler, differences are noise. A URL, a `const` or `env("..")` | none |
///
/// A callback is a path or a closure. It runs off the request's path, and a panic in it ends there.
///
/// ```ignore
/// #[mirror(
///     targets = ["https://staging.example.com"],
///     methods = [GET],
///     when = |parts| parts.headers.contains_key("x-beta"),
///     on_success = |target, response| tracing::info!(%target, status = %response.status()),
///     on_error = log_error,
///     on_skip = |target, reason| tracing::debug!(%target, %reason),
/// )]
/// async fn search(Query(terms): Query<Terms>) -> Json<Vec<Hit>> { .. }
/// ```
///
/// `max_body`, `body` and `read_ahead` conflict with `copy_body = false`, `read_ahead` with `body = "tee"`, `connect_timeout` cannot be longer than `timeout`, and a header
/// cannot be both set and removed. `ignore`, `unordered` and `tolerance` are about JSON, and conflict with
/// `compare = "status"` and `"bytes"`; the first of these conflicts with `max_compare_body`, too. Headers that the mirror decides about are left alone: those of the connection
/// ([RFC 9110 section 7.6.1]), `Content-Length`, `Host` and `X-Mirrored-From`.
///
/// # Targets
///
/// Each target is one of
///
/// - a URL: `"https://staging.example.com/base"`, with `http` or `https`, a host, perhaps a port and a base path;
/// - the path of a `const`: `config::SHADOW_URL`, which is checked when the program is compiled, too;
/// - a variable of the environment: `env("SHADOW_URL")`, read once, when the first request comes. Where it is not set, or
///   empty, the target is off and the log says so. Where it is not a URL, the target is off and the log has an error;
/// - another handler of the program: `handler(list_users_v2)`, see [below](#handlers-as-targets);
/// - any of these with options of its own: `target("https://canary.example.com", percentage = 5, timeout = "1s",
///   name = "canary")`. For servers there is `http2`, too: `"prior-knowledge"` for an `http` server that is to get HTTP/2 without
///   TLS, as gRPC in a cluster, and `"off"` for HTTP/1.1 always; by default an `https` server chooses (`"alpn"`), and an `http`
///   server gets HTTP/1.1.
///
/// ```ignore
/// #[mirror(
///     targets = [
///         "https://staging.example.com",
///         target(config::CANARY, percentage = 5, name = "canary"),
///         env("SHADOW_URL"),
///     ],
///     percentage = 50,
/// )]
/// async fn create_order(State(db): State<Db>, Json(order): Json<NewOrder>) -> Result<Json<Order>, ApiError> { .. }
/// ```
///
/// A target is there once, and there are at most 64, the baseline among them. No URL has credentials (they would end up in the binary and in the
/// logs), a query or a fragment.
///
/// # Handlers as targets
///
/// A new version can be compared before it is deployed anywhere: as a handler beside the old one.
///
/// ```ignore
/// #[mirror(targets = [handler(list_users_v2)], percentage = 10, compare = typed)]
/// async fn list_users(State(db): State<Db>, Query(page): Query<Page>) -> Result<Json<Vec<User>>, ApiError> { .. }
///
/// async fn list_users_v2(State(db): State<Db>, Query(page): Query<Page>) -> Result<Json<Vec<User>>, ApiError> { .. }
/// ```
///
/// It gets the same request as the mirrored handler: method, URI, version, all headers and `X-Mirrored-From`, the body as far
/// as it is copied, and the extensions, so that path parameters and what layers have put there are in sight of its
/// extractors. `copy_body`, `set_headers`, `remove_headers` and `credentials` hold for it, `host` does not. Its state is a clone
/// of the router's. It is sampled, bounded, cut at its `timeout` and counted like a copy to a server, under the name
/// `handler(list_users_v2)`. Its answer goes to `on_success` and to the comparison, and never to the client. A panic in it is
/// a failure of its copy (`MirrorError::Panicked`; in the body of its answer `MirrorError::Body`) and ends there.
///
/// It has the arguments of the mirrored handler, in the same order, and may return something else. A handler with other
/// arguments needs the type of the router's state, which can then not be inferred any more:
///
/// ```ignore
/// #[mirror(targets = [handler(list_users_v2)], state = AppState)]
/// async fn list_users(State(db): State<Db>, Query(page): Query<Page>) -> Json<Vec<User>> { .. }
///
/// async fn list_users_v2(Query(page): Query<NewPage>, State(app): State<AppState>) -> Json<Vec<User>> { .. }
/// ```
///
/// It is no other process: it shares the program's threads, memory and pools, and whatever it writes is written. A handler
/// that changes something wants a state of its own to change, or `methods = [GET]`. One that blocks its thread is not cut. It
/// runs on a task of its own, outside the spans and task-locals of the request. The layers of the route have run for the
/// mirrored handler, and do not run again. Handlers are targets of the attribute alone: the builder has none.
///
/// # Comparing
///
/// The handler's answer goes to the client as before, and is noted on the way; so is the shadow's. When both are there, they
/// are compared on a thread of the mirrors' own. `Mirror::report` says what all comparisons say together.
///
/// ```ignore
/// #[mirror(
///     targets = ["https://staging.example.com"],
///     compare = "json",
///     compare_headers = ["content-type"],
///     ignore = ["/generated_at", "/items/*/id"],
///     unordered = ["/tags"],
///     tolerance = { "/total" = 0.01 },
///     redact = ["/customer/email"],
///     max_compare_body = "1MiB",
///     on_mismatch = |comparison| tracing::warn!("{comparison}"),
///     baseline = env("OLD_REPLICA_URL"),
/// )]
/// async fn order(Path(id): Path<u64>) -> Json<Order> { .. }
/// ```
///
/// - `"status"`: the statuses.
/// - `"json"`: the statuses, and the bodies as JSON; as bytes, where one of them is none.
/// - `"bytes"`: the statuses, and the bodies byte for byte.
/// - `typed`: the statuses, and the bodies as values of the handler's return type, which are read by `Deserialize` and
///   compared by `PartialEq`. The type is a `TypedAnswer`: `Json<T>`, `String`, `(StatusCode, T)`, `Result<T, E>` and others
///   are; `impl IntoResponse` has no name that could be one. What is no such value any more is a verdict of its own,
///   `Verdict::SchemaMismatch`.
/// - a path or a closure that catches nothing: what it says. It gets bodies without their `Content-Encoding`. The path of a
///   function that is called like a mode is `self::json`.
///
/// Where the environment variable `MIRROR_RECORD` names a directory, mismatches are written into it, one file each, and
/// [`replay!`] makes tests of them. There is no option for that, on purpose: a file holds data of production, and whether one
/// is written is up to who runs the program.
///
/// # Circuit breaker
///
/// After `failures` copies in a row that failed, at least 1, no copies go to that target: they are shed. After the
/// `cooldown` one copy finds out whether the target is back. If it is answered, by whatever status, copies leave again,
/// and otherwise another cooldown begins. Of the two, one can be left to its default.
///
/// ```ignore
/// #[mirror(
///     targets = ["https://staging.example.com"],
///     max_in_flight = 64,
///     rate_limit = "100/s",
///     circuit_breaker = { failures = 3, cooldown = "30s" },
/// )]
/// async fn upload(body: Body) -> Result<(), ApiError> { .. }
/// ```
///
/// # Equivalent code
///
/// The function above becomes a function of the same name that takes the whole request. Inside is the original, untouched.
///
/// ```ignore
/// fn create_order<S, M>(incoming: Incoming<S>) -> impl Future<Output = Response> + Send
/// where
///     State<Db>: FromRequestParts<S>,
///     Json<NewOrder>: FromRequest<S, M>,
///     S: Clone + Send + Sync + 'static,
///     M: 'static,
/// {
///     async fn create_order(State(db): State<Db>, Json(order): Json<NewOrder>) -> Result<Json<Order>, ApiError> { .. }
///
///     const _: () = check_target(config::CANARY);
///     static MIRROR: LazyLock<Mirror> = LazyLock::new(|| {
///         Options::new("shop::orders::create_order")
///             .target(Source::Url("https://staging.example.com"), ..)
///             .target(Source::Url(config::CANARY), ..)
///             .target(Source::Env("SHADOW_URL"), ..)
///             .percentage(50.0)
///             .build()
///     });
///     serve(&MIRROR, create_order, incoming)
/// }
/// ```
///
/// Options about comparing are more of the same:
///
/// ```ignore
/// Options::compare_typed::<Result<Json<Order>, ApiError>>(
///     Options::new("shop::orders::create_order")
///         .target(Source::Url("https://staging.example.com"), ..)
///         .compare_header("content-type")
///         .ignore("/generated_at")
///         .unordered("/tags")
///         .tolerance("/total", 0.01)
///         .redact("/customer/email")
///         .max_compare_body(1048576)
///         .baseline(Source::Env("OLD_REPLICA_URL")),
/// )
/// .build()
/// ```
///
/// and handlers that are targets are called by functions beside the original, of which nothing is called for a request that
/// is not sampled:
///
/// ```ignore
/// // `S` is `AppState` with `state = AppState`, and the call is `any_arguments`, which takes every axum handler.
/// serve_with(
///     &MIRROR,
///     create_order,
///     [|copy, state| same_arguments_without_state::<S, M, (State<Db>, Json<NewOrder>), _>(create_order_v2, copy, state)],
///     incoming,
/// )
/// ```
///
/// axum infers `S`, the router's state, and `M`, which tells whether the last argument takes the body.
///
/// # Other attributes
///
/// Docs, `#[cfg]`, `#[deprecated]`, `#[must_use]` and lint levels stay on the function. All other attributes below
/// `#[mirror]` go to the original: so `#[debug_handler]` and `#[tracing::instrument]` see the function that they were
/// made for. Attributes above `#[mirror]` see it with `#[mirror]` still on it, which suits those that leave the function
/// as it is (`#[utoipa::path]`) or change its body alone (`#[tracing::instrument]`).
///
/// # Limitations
///
/// - A handler with generics of its own has up to two more behind them, which are inferred: `get(find::<InMemory, _, _>)`,
///   or `get(find::<InMemory, _>)` without arguments. Its future must be `Send` for all that its bounds allow, and all
///   its instances are one mirror.
/// - `#[debug_handler]` goes below `#[mirror]`, as does every attribute that looks at the arguments.
/// - A handler in the `impl` block of a generic type can use the generics of the block only if it names `Self`, and is
///   then no part of a trait. Options can use neither those nor the handler's own, nor `Self`: they are one static.
/// - With `compare = typed`, the return type is not `impl Trait` and names no generics of the handler. With a handler as a
///   target, the types of arguments are `'static`: a generic `T` among them says so itself.
/// - Not mirrored are handlers with `impl Trait` or `#[cfg]` on an argument, and those that take `WebSocketUpgrade`.
/// - Lifetimes in the types of arguments are `'static`: they are extracted to be owned.
/// - The extractors that take the body are told by their names: `Body`, `Bytes`, `Form`, `Json`, `Multipart`, `RawForm`,
///   `Request` and `String`. One of another name that is not the last argument is an error of rustc's instead.
/// - `mirror-runtime` must be a dependency under this name.
///
/// # Performance
///
/// The state is cloned once for each request, and axum boxes the handler's future, as it does for every handler. A
/// request that is not sampled costs nothing else: its body is not read, its headers are not cloned, no task is spawned.
/// For a handler that is a target, the state and the request's extensions are cloned for each request that it gets.
///
/// [JSON pointers]: https://www.rfc-editor.org/rfc/rfc6901
/// [RFC 9110 section 7.6.1]: https://www.rfc-editor.org/rfc/rfc9110#section-7.6.1
#[proc_macro_attribute]
pub fn mirror(args: TokenStream, item: TokenStream) -> TokenStream {
    expand::mirror(args.into(), item.into()).into()
}

#[doc = include_str!("replay.md")]
#[proc_macro]
pub fn replay(input: TokenStream) -> TokenStream {
    // Cargo sets it for every package that it builds.
    let package = std::env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default();
    replay::replay(input.into(), package.as_ref()).into()
}
