//! How the attribute reads each option of the table.

use mirror_grammar::options;

use super::{AcceptEncoding, Args, Body, Credentials, Host, circuit_breaker};
use crate::{
    amount, baggage, callback,
    compare::{self, At, Mode},
    defaults::Defaults,
    header,
    key::Key,
    method,
    original::Original,
    runtime::Runtime,
    sticky::Sticky,
    table::{Row, Table},
    target::{self, Transport},
    trace::Trace,
};

/// Every option, in the order of the manual.
pub(crate) const OPTIONS: Table<Args> = Table {
    owner: "",
    rows: &[
        Row {
            spec: &options::TARGETS,
            read: |args, setting, errors| args.targets = target::targets(setting, errors),
        },
        Row {
            spec: &options::DEFAULTS,
            read: |args, setting, errors| args.defaults = errors.check(Defaults::parse(setting)),
        },
        Row {
            spec: &options::PERCENTAGE,
            read: |args, setting, errors| {
                args.percentage = errors.check(amount::percentage(setting));
            },
        },
        Row {
            spec: &options::STICKY,
            read: |args, setting, errors| args.sticky = errors.check(Sticky::parse(setting)),
        },
        Row {
            spec: &options::TIMEOUT,
            read: |args, setting, errors| args.timeout = errors.check(amount::duration(setting)),
        },
        Row {
            spec: &options::CONNECT_TIMEOUT,
            read: |args, setting, errors| {
                let timeout = errors.check(amount::duration(setting));
                args.connect_timeout = timeout.map(|timeout| (setting.key.clone(), timeout));
            },
        },
        Row {
            spec: &options::SYNC,
            read: |args, setting, errors| args.sync = errors.check(setting.boolean()),
        },
        Row {
            spec: &options::COPY_BODY,
            read: |args, setting, errors| args.copy_body = errors.check(setting.boolean()),
        },
        Row {
            spec: &options::MAX_BODY,
            read: |args, setting, errors| args.max_body = errors.check(amount::size(setting)),
        },
        Row {
            spec: &options::BODY,
            read: |args, setting, errors| {
                let choices = [("buffer", Body::Buffer), ("tee", Body::Tee)];
                args.body = errors.check(setting.choice(choices));
            },
        },
        Row {
            spec: &options::READ_AHEAD,
            read: |args, setting, errors| args.read_ahead = errors.check(amount::duration(setting)),
        },
        Row {
            spec: &options::MAX_IN_FLIGHT,
            read: |args, setting, errors| args.max_in_flight = errors.check(amount::count(setting)),
        },
        Row {
            spec: &options::RATE_LIMIT,
            read: |args, setting, errors| args.rate_limit = errors.check(amount::rate(setting)),
        },
        Row {
            spec: &options::CIRCUIT_BREAKER,
            read: |args, setting, errors| {
                args.circuit_breaker = circuit_breaker::circuit_breaker(setting, errors);
            },
        },
        Row {
            spec: &options::UNTIL,
            read: |args, setting, errors| args.until = errors.check(amount::date(setting)),
        },
        Row {
            spec: &options::ALLOW_RAISE,
            read: |args, setting, errors| args.allow_raise = errors.check(setting.boolean()),
        },
        Row {
            spec: &options::ON_SUCCESS,
            read: |args, setting, errors| {
                args.on_success = errors.check(callback::on_success(setting));
            },
        },
        Row {
            spec: &options::ON_ERROR,
            read: |args, setting, errors| args.on_error = errors.check(callback::on_error(setting)),
        },
        Row {
            spec: &options::ON_SKIP,
            read: |args, setting, errors| args.on_skip = errors.check(callback::on_skip(setting)),
        },
        Row {
            spec: &options::METHODS,
            read: |args, setting, errors| args.methods = method::methods(setting, errors),
        },
        Row {
            spec: &options::WHEN,
            read: |args, setting, errors| args.when = errors.check(callback::when(setting)),
        },
        Row {
            spec: &options::SET_HEADERS,
            read: |args, setting, errors| args.set_headers = header::set(setting, errors),
        },
        Row {
            spec: &options::REMOVE_HEADERS,
            read: |args, setting, errors| args.remove_headers = header::removed(setting, errors),
        },
        Row {
            spec: &options::CREDENTIALS,
            read: |args, setting, errors| {
                let choices = [
                    ("strip", Credentials::Strip),
                    ("forward", Credentials::Forward),
                ];
                args.credentials = errors.check(setting.choice(choices));
            },
        },
        Row {
            spec: &options::HOST,
            read: |args, setting, errors| {
                let choices = [("target", Host::Target), ("preserve", Host::Preserve)];
                args.host = errors.check(setting.choice(choices));
            },
        },
        Row {
            spec: &options::ACCEPT_ENCODING,
            read: |args, setting, errors| {
                let choices = [
                    ("comparable", AcceptEncoding::Comparable),
                    ("verbatim", AcceptEncoding::Verbatim),
                ];
                args.accept_encoding = errors.check(setting.choice(choices));
            },
        },
        Row {
            spec: &options::TRACE,
            read: |args, setting, errors| args.trace = errors.check(Trace::parse(setting)),
        },
        Row {
            spec: &options::BAGGAGE,
            read: |args, setting, errors| args.baggage = baggage::members(setting, errors),
        },
        Row {
            spec: &options::MAP_REQUEST,
            read: |args, setting, errors| {
                args.map_request = errors.check(callback::map_request(setting));
            },
        },
        Row {
            spec: &options::MASK,
            read: |args, setting, errors| args.mask = compare::pointers(setting, errors),
        },
        Row {
            spec: &options::NAME,
            read: |args, setting, errors| args.name = errors.check(setting.text()),
        },
        Row {
            spec: &options::STATE,
            read: |args, setting, _| args.state = setting.ty().cloned(),
        },
        Row {
            spec: &options::TRANSPORT,
            read: |args, setting, errors| args.transport = errors.check(Transport::parse(setting)),
        },
        Row {
            spec: &options::KEY,
            read: |args, setting, errors| args.key = errors.check(Key::parse(setting)),
        },
        Row {
            spec: &options::ORIGINAL,
            read: |args, setting, errors| args.original = errors.check(Original::parse(setting)),
        },
        Row {
            spec: &options::CRATE,
            read: |args, setting, errors| {
                args.runtime = errors.check(Runtime::parse(setting)).unwrap_or_default();
            },
        },
        Row {
            spec: &options::COMPARE,
            read: |args, setting, errors| args.comparing.mode = errors.check(Mode::parse(setting)),
        },
        Row {
            spec: &options::COMPARE_AT,
            read: |args, setting, errors| {
                let choices = [("handler", At::Handler), ("server", At::Server)];
                args.comparing.at = errors.check(setting.choice(choices));
            },
        },
        Row {
            spec: &options::COMPARE_HEADERS,
            read: |args, setting, errors| {
                args.comparing.headers = compare::headers(setting, errors);
            },
        },
        Row {
            spec: &options::IGNORE_HEADERS,
            read: |args, setting, errors| {
                args.comparing.ignore_headers = compare::headers(setting, errors);
            },
        },
        Row {
            spec: &options::IGNORE,
            read: |args, setting, errors| {
                args.comparing.ignore = compare::pointers(setting, errors);
            },
        },
        Row {
            spec: &options::UNORDERED,
            read: |args, setting, errors| {
                args.comparing.unordered = compare::pointers(setting, errors);
            },
        },
        Row {
            spec: &options::TOLERANCE,
            read: |args, setting, errors| {
                args.comparing.tolerance = compare::tolerances(setting, errors);
            },
        },
        Row {
            spec: &options::IGNORE_ZERO_FRACTION,
            read: |args, setting, errors| {
                args.comparing.ignore_zero_fraction = errors.check(setting.boolean());
            },
        },
        Row {
            spec: &options::IGNORE_BOM,
            read: |args, setting, errors| {
                args.comparing.ignore_bom = errors.check(setting.boolean());
            },
        },
        Row {
            spec: &options::REDACT,
            read: |args, setting, errors| {
                args.comparing.redact = compare::pointers(setting, errors);
            },
        },
        Row {
            spec: &options::MAX_COMPARE_BODY,
            read: |args, setting, errors| {
                args.comparing.max_body = errors.check(amount::size(setting));
            },
        },
        Row {
            spec: &options::ON_MISMATCH,
            read: |args, setting, errors| {
                args.comparing.on_mismatch = errors.check(callback::on_mismatch(setting));
            },
        },
        Row {
            spec: &options::BASELINE,
            read: |args, setting, errors| {
                args.comparing.baseline = errors.check(compare::baseline(setting));
            },
        },
        Row {
            spec: &options::VERSION_HEADER,
            read: |args, setting, errors| {
                args.comparing.version_header = errors.check(compare::version_header(setting));
            },
        },
        Row {
            spec: &options::THRESHOLDS,
            read: |args, setting, errors| {
                args.comparing.thresholds = errors.check(compare::thresholds(setting));
            },
        },
        Row {
            spec: &options::RECORD,
            read: |args, setting, errors| {
                args.comparing.record = errors.check(compare::directory(setting));
            },
        },
        Row {
            spec: &options::MAX_FIXTURES,
            read: |args, setting, errors| {
                args.comparing.max_fixtures = errors.check(amount::count(setting));
            },
        },
        Row {
            spec: &options::MAX_FIXTURE_BYTES,
            read: |args, setting, errors| {
                let bytes = errors.check(amount::size(setting));
                args.comparing.max_fixture_bytes = bytes.and_then(|bytes| bytes.try_into().ok());
            },
        },
    ],
};
