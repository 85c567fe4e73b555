//! The stream that records are written to.

use std::time::Duration;

use async_nats::{
    Client,
    jetstream::{
        self, ErrorCode,
        context::{CreateStreamErrorKind, GetStreamErrorKind},
        stream::{Compression, Config, DiscardPolicy, RetentionPolicy, StorageType},
    },
};

use super::{
    builder::{Discard, Settings},
    message::SUBJECTS,
};
use crate::nats::NatsError;

/// How long the server may take to say something of the stream: a cluster without a leader says
/// nothing at all, and is asked again.
const LOOK_TIMEOUT: Duration = Duration::from_secs(1);

/// How long it may take to create the stream, on several servers.
const CREATE_TIMEOUT: Duration = Duration::from_secs(5);

/// A stream that records can be written to.
pub(super) struct Found {
    /// The bounds in which it differs from what was asked for.
    pub(super) other_bounds: Vec<String>,
}

/// In what a stream differs from what was asked for.
#[derive(Default)]
struct Differences {
    /// What records it takes, and what its acknowledgements are worth.
    kind: Vec<String>,
    /// How much it holds, and for how long.
    bounds: Vec<String>,
}

/// Creates the stream, or checks the one that exists. If it `was_ready` before, somebody has changed
/// its bounds since, which is up to its operator.
pub(super) async fn ensure(
    client: Client,
    settings: &Settings,
    was_ready: bool,
) -> Result<Found, NatsError> {
    let mut context = jetstream::new(client.clone());
    context.set_timeout(LOOK_TIMEOUT);
    let wanted = config(settings, client.is_server_compatible(2, 10, 0));
    let refused = |reason: String| NatsError::Stream {
        stream: settings.stream.clone(),
        reason: if client.server_info().jetstream {
            reason
        } else {
            // Nobody responds then, and the client's words for that name no cause.
            format!("JetStream is off on this server; start it with `-js`: {reason}")
        },
    };
    let found = match context.get_stream(&settings.stream).await {
        Ok(stream) => stream.cached_info().config.clone(),
        Err(error) if is_not_found(&error.kind()) => {
            let mut creating = context.clone();
            creating.set_timeout(CREATE_TIMEOUT);
            match creating.create_stream(wanted.clone()).await {
                // As the server has understood it.
                Ok(stream) => stream.cached_info().config.clone(),
                // Another instance was faster.
                Err(error) if is_there(&error.kind()) => {
                    let stream = context.get_stream(&settings.stream).await;
                    let stream = stream.map_err(|error| refused(error.to_string()))?;
                    stream.cached_info().config.clone()
                }
                Err(error) => return Err(refused(error.to_string())),
            }
        }
        Err(error) => return Err(refused(error.to_string())),
    };
    let Differences { kind, bounds } = differences(&wanted, &found);
    if kind.is_empty() && (was_ready || bounds.is_empty()) {
        return Ok(Found {
            other_bounds: bounds,
        });
    }
    Err(NatsError::Differs {
        stream: settings.stream.clone(),
        differences: kind.into_iter().chain(bounds).collect(),
    })
}

fn is_not_found(kind: &GetStreamErrorKind) -> bool {
    matches!(kind, GetStreamErrorKind::JetStream(error)
        if error.error_code() == ErrorCode::STREAM_NOT_FOUND)
}

fn is_there(kind: &CreateStreamErrorKind) -> bool {
    matches!(kind, CreateStreamErrorKind::JetStream(error)
        if error.error_code() == ErrorCode::STREAM_NAME_EXIST)
}

fn config(settings: &Settings, compresses: bool) -> Config {
    Config {
        name: settings.stream.clone(),
        description: Some("Records of mirrored requests".to_owned()),
        subjects: vec![SUBJECTS.to_owned()],
        retention: RetentionPolicy::Limits,
        storage: StorageType::File,
        max_bytes: settings.max_bytes,
        max_age: settings.max_age,
        discard: match settings.discard {
            Discard::Old => DiscardPolicy::Old,
            Discard::New => DiscardPolicy::New,
        },
        num_replicas: settings.replicas,
        duplicate_window: settings.duplicate_window,
        compression: compresses.then_some(Compression::S2),
        ..Config::default()
    }
}

/// In what a stream differs from what was asked for. What matters to nobody who writes, such as
/// compression, may differ.
fn differences(wanted: &Config, found: &Config) -> Differences {
    let mut differences = Differences::default();
    let compare = |list: &mut Vec<String>, what: &str, found: String, wanted: String| {
        if found != wanted {
            list.push(format!("its {what} is {found}, not {wanted}"));
        }
    };
    let bytes = |bytes: i64| match bytes {
        ..=0 => "unlimited".to_owned(),
        bytes => format!("{bytes} bytes"),
    };
    let time = |time: Duration| match time {
        Duration::ZERO => "unlimited".to_owned(),
        time => format!("{time:?}"),
    };
    let config = |config: &Config| {
        [
            ("max_bytes", bytes(config.max_bytes)),
            ("max_age", time(config.max_age)),
            ("discard policy", lower(config.discard)),
            ("number of replicas", config.num_replicas.to_string()),
            ("duplicate window", time(config.duplicate_window)),
        ]
    };
    for ((what, found), (_, wanted)) in config(found).into_iter().zip(config(wanted)) {
        compare(&mut differences.bounds, what, found, wanted);
    }
    let kind = &mut differences.kind;
    let covers = |subject: &String| subject == SUBJECTS || subject == "mirror.>" || subject == ">";
    if !found.subjects.iter().any(covers) {
        let found = format!("{:?}", found.subjects);
        compare(
            kind,
            "list of subjects",
            found,
            format!("{:?}", wanted.subjects),
        );
    }
    compare(kind, "storage", lower(found.storage), lower(wanted.storage));
    let retention = |config: &Config| lower(config.retention);
    compare(kind, "retention", retention(found), retention(wanted));
    if found.no_ack {
        kind.push("its no_ack is true, not false".to_owned());
    }
    if found.sealed {
        kind.push("its state is sealed, not open".to_owned());
    }
    differences
}

fn lower(value: impl std::fmt::Debug) -> String {
    format!("{value:?}").to_ascii_lowercase()
}
