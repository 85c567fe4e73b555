//! The mirrors of the program, as they are listed.

use std::collections::BTreeMap;

use mirror_runtime::Mirror;

use crate::snapshot::{Share, Switch, WrittenOption};

/// A mirror that the program has, with or without traffic.
pub(crate) struct Listed {
    pub(crate) name: String,
    pub(crate) module: Option<String>,
    pub(crate) file: Option<String>,
    pub(crate) line: Option<u32>,
    /// The names of its targets, as they are written.
    pub(crate) targets: Vec<String>,
    pub(crate) options: Vec<WrittenOption>,
    /// `None` until its first request.
    pub(crate) mirror: Option<Mirror>,
    pub(crate) switch: Switch,
    pub(crate) shares: BTreeMap<String, Share>,
}

/// All of them, by name.
pub(crate) fn mirrors() -> Vec<Listed> {
    let mut all: Vec<_> = mirror_runtime::mirrors().into_iter().map(listed).collect();
    all.sort_by(|one, other| one.name.cmp(&other.name));
    all
}

fn listed(mirror: Mirror) -> Listed {
    Listed {
        name: mirror.name().to_owned(),
        module: None,
        file: None,
        line: None,
        targets: Vec::new(),
        options: Vec::new(),
        mirror: Some(mirror),
        switch: Switch {
            is_enabled: true,
            source: "code".to_owned(),
            reason: None,
            actor: None,
            since_unix_s: None,
            until_unix_s: None,
        },
        shares: BTreeMap::new(),
    }
}
