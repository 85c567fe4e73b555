//! What is set for the fleet, as it is shown.

use std::time::{SystemTime, UNIX_EPOCH};

use mirror_dashboard::snapshot::FleetSetting;

use super::order::{Order, Said, current};

/// What is set for a mirror, first by itself and then with all of them, at this time of the server.
pub(super) fn settings(
    own: Option<&Order>,
    all: Option<&Order>,
    now: SystemTime,
) -> Vec<FleetSetting> {
    let mut settings = Vec::new();
    for (order, is_for_all) in [(own, false), (all, true)] {
        let Some(order) = order else { continue };
        if let Some(said) = current(&order.switch, now) {
            let mut setting = setting(said, is_for_all, now);
            setting.is_enabled = Some(said.value);
            settings.push(setting);
        }
        for (target, said) in &order.shares {
            if let Some(said) = current(said, now) {
                let mut setting = setting(said, is_for_all, now);
                setting.target = Some(target.clone());
                setting.percentage = Some(said.value);
                settings.push(setting);
            }
        }
    }
    settings
}

fn setting<T>(said: &Said<T>, is_for_all: bool, now: SystemTime) -> FleetSetting {
    let unix_s = |time: SystemTime| {
        let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
        since.as_secs()
    };
    let mut setting = FleetSetting::default();
    setting.is_for_all = is_for_all;
    setting.actor = Some(said.actor.clone()).filter(|actor| !actor.is_empty());
    setting.reason.clone_from(&said.reason);
    setting.until_unix_s = said.until(now).map(unix_s);
    setting
}
