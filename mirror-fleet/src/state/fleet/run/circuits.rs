//! Circuits that have opened, here and in other instances.

use std::collections::BTreeMap;

use mirror_runtime::Mirror;
use serde::{Deserialize, Serialize};

use super::{Buckets, Run, VERSION, made};
use crate::bucket::part;

/// The value of `circuit.{mirror}.{target}`: it has opened in an instance.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Opened {
    pub(super) version: u32,
    mirror: String,
    target: String,
    instance: String,
    run: String,
}

impl Run {
    /// Tells the others which circuits have opened here.
    pub(super) async fn tell_circuits(
        &mut self,
        buckets: &Buckets,
        made: &BTreeMap<String, Mirror>,
    ) {
        for (name, mirror) in made {
            for target in mirror.stats().targets {
                let place = (name.clone(), target.name.clone());
                if !target.is_circuit_open {
                    self.open.remove(&place);
                    continue;
                }
                if self.open.contains_key(&place) {
                    continue;
                }
                let key = format!("circuit.{}.{}", part(name), part(&target.name));
                let opened = Opened {
                    version: VERSION,
                    mirror: name.clone(),
                    target: target.name,
                    instance: self.shared.instance.clone(),
                    run: self.shared.run.clone(),
                };
                let value = serde_json::to_vec(&opened).unwrap_or_default();
                // A hint: one that is lost is found out by each instance for itself.
                if buckets.control.put(&key, value.into()).await.is_ok() {
                    self.open.insert(place, false);
                }
            }
        }
    }

    /// A circuit has opened elsewhere.
    pub(super) fn heard_opened(&mut self, opened: &Opened) {
        if opened.run == self.shared.run {
            return;
        }
        let made = made();
        let Some(mirror) = made.get(&opened.mirror) else {
            return;
        };
        if mirror.open_circuit(&opened.target) {
            let place = (opened.mirror.clone(), opened.target.clone());
            self.open.insert(place, true);
            // Where it has opened first there is a warning.
            tracing::info!(
                mirror = opened.mirror,
                target = opened.target,
                instance = opened.instance,
                "circuit opened for one cooldown: it has opened in another instance"
            );
        }
    }
}
