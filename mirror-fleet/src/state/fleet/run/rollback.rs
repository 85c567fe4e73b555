//! A version of a shadow that was rolled back: few of its responses came to each instance.

use std::{collections::BTreeMap, time::Instant};

use mirror_runtime::Mirror;

use crate::state::{
    fleet::MISSED,
    fleet::run::{Buckets, Run, read::load},
    sum::versions,
};

impl Run {
    /// Begins the reports on targets anew whose shadows are of another version by what all instances
    /// have seen.
    ///
    /// Asking costs as much as a report. An instance asks, once each interval, only while older
    /// versions respond to it and the newest that it knows does not: mostly until that one is taken to
    /// be rolled back. If other instances still meet the newest, that is while it is deployed.
    pub(super) async fn follow_versions(
        &mut self,
        buckets: &Buckets,
        made: &BTreeMap<String, Mirror>,
    ) {
        let wait = self.shared.interval * MISSED;
        let doubtful = std::mem::take(&mut self.doubtful);
        let mirrors = made.iter().filter(|(name, _)| {
            let mut places = doubtful.iter();
            places.any(|(mirror, _)| mirror == *name)
        });
        for (name, mirror) in mirrors {
            let mut loaded = match load(self, buckets, name).await {
                Ok(loaded) => loaded,
                Err(error) => {
                    let error = self.connection.explain(error);
                    return self.shared.wrote(0, 0, Some(&error));
                }
            };
            loaded.counted_once();
            let known = loaded.known();
            for (_, target) in doubtful.iter().filter(|(of, _)| of == name) {
                let of_target = known.iter().filter(|of| of.snapshot.target == *target);
                let all = versions(of_target, loaded.now);
                if mirror.follow_versions(target, &all, wait) {
                    tracing::info!(
                        mirror = name,
                        target,
                        "the shadow was rolled back, by what all instances have seen: its report \
                         begins anew"
                    );
                    // The others are to know soon.
                    self.next_report = Instant::now();
                }
            }
        }
    }
}
