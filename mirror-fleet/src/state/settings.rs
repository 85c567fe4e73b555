//! What is set for the fleet, as it is shown.

use std::{
    collections::BTreeMap,
    time::{SystemTime, UNIX_EPOCH},
};

use mirror_dashboard::snapshot::FleetSetting;

use super::order::{Order, Said};

/// What is set for a mirror, first by itself and then with all of them. What has ended is left out.
pub(super) fn settings(own: Option<&Order>, all: Option<&Order>) -> Vec<FleetSetting> {
    let now = SystemTime::now();
    let mut settings = Vec::new();
    for (order, is_for_all) in [(own, false), (all, true)] {
        let Some(order) = order else { continue };
        if let Some(said) = order.switch.as_ref().filter(|said| !said.is_over(now)) {
            let mut setting = setting(said, is_for_all);
            setting.is_enabled = Some(said.value);
            settings.push(setting);
        }
        for (target, said) in &order.shares {
            if !said.is_over(now) {
                let mut setting = setting(said, is_for_all);
                setting.target = Some(target.clone());
                setting.percentage = Some(said.value);
                settings.push(setting);
            }
        }
    }
    settings
}

/// That of a mirror, among those that an instance knows by their keys.
pub(super) fn settings_of(orders: &BTreeMap<String, Order>, key: &str) -> Vec<FleetSetting> {
    settings(orders.get(key), orders.get("all"))
}

fn setting<T>(said: &Said<T>, is_for_all: bool) -> FleetSetting {
    let unix_s = |time: SystemTime| {
        let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
        since.as_secs()
    };
    let mut setting = FleetSetting::default();
    setting.is_for_all = is_for_all;
    setting.actor = Some(said.actor.clone()).filter(|actor| !actor.is_empty());
    setting.reason.clone_from(&said.reason);
    setting.until_unix_s = said.until().map(unix_s);
    setting
}
