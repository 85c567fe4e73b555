//! Control of mirrors from this process.

use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use mirror_grammar::check_percentage;

use super::{
    error::ControlError,
    layers::{Order, Override, shortened},
    process::with,
    report::Notice,
    state::{ControlSource, ControlState},
    table::Table,
};

/// Control of the mirror of a name: by [`control`], [`Mirror::control`](crate::Mirror::control) and
/// [`MirrorInfo::control`](crate::MirrorInfo::control).
///
/// What is set here counts before all that was said elsewhere: see the chapter
/// [control](crate::guide::control). The log is told of each change, once, with a warning.
///
/// ```
/// use std::time::Duration;
/// use mirror_runtime::{ControlSource, control};
///
/// let orders = control("orders").by("ada").because("the shadow is being repaired");
/// orders.for_duration(Duration::from_secs(3600)).disable();
///
/// let state = control("orders").state();
/// assert!(!state.is_enabled);
/// assert_eq!(state.source, ControlSource::Api);
/// assert_eq!(state.actor.as_deref(), Some("ada"));
///
/// control("orders").reset();
/// assert!(control("orders").state().is_enabled);
/// ```
#[derive(Clone, Debug)]
#[must_use = "it does nothing until something is set"]
pub struct Control {
    mirror: String,
    layer: ControlSource,
    order: Order,
}

/// Control of all mirrors: by [`control_all`].
#[derive(Clone, Debug, Default)]
#[must_use = "it does nothing until something is set"]
pub struct ControlAll {
    order: Order,
}

/// Control of the mirror of this name.
///
/// It works before the mirror is made, which for that of an attribute is its first request: what is
/// set then applies from the first request on. The mirrors of a program and their names are listed
/// by [`mirrors`](crate::mirrors).
pub fn control(name: &str) -> Control {
    Control {
        mirror: name.to_owned(),
        layer: ControlSource::Api,
        order: Order::default(),
    }
}

/// Control of all mirrors, also of those that are yet to be made.
pub fn control_all() -> ControlAll {
    ControlAll::default()
}

/// Switches all mirrors off, also those that are yet to be made: [`ControlAll::disable`].
pub fn disable_all() {
    control_all().disable();
}

/// Switches all mirrors on, also those that are yet to be made: [`ControlAll::enable`].
pub fn enable_all() {
    control_all().enable();
}

/// Who, why and how long.
macro_rules! order {
    () => {
        /// Who sets what is set with this handle: for the log and for
        /// [`state`](Control::state). At most 256 bytes of it are remembered.
        pub fn by(mut self, actor: impl Into<String>) -> Self {
            self.order.actor = Some(shortened(actor.into()));
            self
        }

        /// Why it is set. At most 256 bytes of it are remembered.
        pub fn because(mut self, reason: impl Into<String>) -> Self {
            self.order.reason = Some(shortened(reason.into()));
            self
        }

        /// What is set ends after this time, from now on. What was set before is in force again then,
        /// or else the layers below decide. Default: it holds until it is set anew or reset.
        pub fn for_duration(mut self, duration: Duration) -> Self {
            // What ends later than time itself does not end.
            self.order.until = SystemTime::now().checked_add(duration);
            self
        }

        /// What is set ends at this time of the system's clock.
        pub fn until(mut self, end: SystemTime) -> Self {
            self.order.until = Some(end);
            self
        }
    };
}

impl Control {
    order! {}

    /// The same for the layer `fleet`, which is below this process: for crates that carry what is
    /// set for many processes to each of them.
    ///
    /// A fleet can send less than the layers below it say, and not more, unless the mirror has
    /// [`allow_raise`](crate::MirrorBuilder::allow_raise). Say who, with [`by`](Self::by), and give
    /// it an end: a process that no longer hears of its fleet then goes back to what it does alone.
    ///
    /// ```
    /// use std::time::Duration;
    /// use mirror_runtime::{ControlError, ControlSource, control};
    ///
    /// let by_fleet = control("orders").as_fleet().by("ops@fleet").for_duration(Duration::from_secs(60));
    /// by_fleet.set_percentage("rewrite", 5.0)?;
    /// by_fleet.disable();
    /// assert_eq!(control("orders").state().source, ControlSource::Fleet);
    ///
    /// // What this process says counts before it.
    /// control("orders").enable();
    /// assert!(control("orders").state().is_enabled);
    /// # control("orders").reset();
    ///
    /// // Only what the fleet has set is removed.
    /// by_fleet.reset();
    /// # Ok::<(), ControlError>(())
    /// ```
    pub fn as_fleet(mut self) -> Self {
        self.layer = ControlSource::Fleet;
        self
    }

    /// The name of the mirror.
    #[must_use]
    pub fn mirror(&self) -> &str {
        &self.mirror
    }

    /// Switches the mirror on, whatever the layers below say.
    pub fn enable(&self) {
        self.switch(true);
    }

    /// Switches the mirror off: no new copies are made, and those under way run to their end. Its
    /// requests are counted as skipped, for
    /// [`SwitchedOff`](crate::SkipReason::SwitchedOff).
    pub fn disable(&self) {
        self.switch(false);
    }

    /// Sets the share of requests that a target gets, in percent. Zero is off: such requests are
    /// counted as skipped, for [`SwitchedOff`](crate::SkipReason::SwitchedOff). A mirror that is
    /// switched off stays so.
    ///
    /// # Errors
    ///
    /// [`ControlError`], if it is not between 0 and 100, or if the mirror is known and has no such
    /// target. Of one that is not known yet, the log is told when it is made.
    pub fn set_percentage(&self, target: &str, percentage: f64) -> Result<(), ControlError> {
        let percentage = check_percentage(percentage)
            .map_err(|error| ControlError::percentage(&self.mirror, target, &error))?;
        with(|table, now| self.set_share(table, now, target, percentage))
    }

    fn set_share(
        &self,
        table: &mut Table,
        now: SystemTime,
        target: &str,
        percentage: f64,
    ) -> Result<(), ControlError> {
        let name = table.target_of(&self.mirror, target)?;
        let (layer, mut changed) = (self.layer, None);
        table.change(&self.mirror, now, |record| {
            let shares = &mut record.layer(layer).shares;
            let before = shares.get(&name);
            changed = self.order.replace(before, percentage, now);
            if let Some(share) = changed.clone() {
                let before = shares.remove(&name);
                shares.insert(name.clone(), on_top(layer, share, before));
            }
        });
        if let Some(share) = changed {
            let state = table.state(&self.mirror, now);
            let in_force = state.target(&name);
            table.notices.push(Notice::Share {
                mirror: self.mirror.clone(),
                target: name,
                source: layer,
                said: share.said,
                value: percentage,
                in_force: in_force.map_or((percentage, layer), |target| {
                    (target.percentage, target.source)
                }),
            });
        }
        Ok(())
    }

    /// Removes what was set with [`enable`](Self::enable), [`disable`](Self::disable) and
    /// [`set_percentage`](Self::set_percentage), and what [`disable_all`] and [`enable_all`] have
    /// set for this mirror. The layers below decide then.
    pub fn reset(&self) {
        with(|table, now| {
            let mut was_empty = true;
            table.change(&self.mirror, now, |record| {
                let layer = std::mem::take(record.layer(self.layer));
                was_empty = layer.is_empty();
            });
            if !was_empty {
                let mirror = Some(self.mirror.clone());
                table.notices.push(removed(&self.order, mirror, self.layer));
            }
        });
    }

    /// What is in force now, and by whom.
    #[must_use]
    pub fn state(&self) -> ControlState {
        with(|table, now| table.state(&self.mirror, now))
    }

    fn switch(&self, value: bool) {
        with(|table, now| {
            let (layer, mut changed) = (self.layer, None);
            table.change(&self.mirror, now, |record| {
                let switch = &mut record.layer(layer).switch;
                changed = self.order.replace(switch.as_ref(), value, now);
                if let Some(changed) = changed.clone() {
                    *switch = Some(on_top(layer, changed, switch.take()));
                }
            });
            if let Some(switch) = changed {
                let state = table.state(&self.mirror, now);
                table.notices.push(Notice::Switch {
                    mirror: self.mirror.clone(),
                    source: layer,
                    said: switch.said,
                    value,
                    in_force: (state.is_enabled, state.source),
                });
            }
        });
    }

    /// Who has ordered it, for the log.
    pub(crate) fn actor(&self) -> Option<&str> {
        self.order.actor.as_deref()
    }

    /// Why, for the log.
    pub(crate) fn reason(&self) -> Option<&str> {
        self.order.reason.as_deref()
    }
}

impl ControlAll {
    order! {}

    /// Switches all mirrors on, also those that are yet to be made, as [`Control::enable`] does. Of
    /// this and a call for one mirror, the later counts.
    pub fn enable(&self) {
        self.switch(true);
    }

    /// Switches all mirrors off, also those that are yet to be made, as [`Control::disable`] does.
    /// Of this and a call for one mirror, the later counts.
    pub fn disable(&self) {
        self.switch(false);
    }

    /// Removes all that was set from this process, for all mirrors: as [`Control::reset`].
    pub fn reset(&self) {
        with(|table, now| {
            table.change_all(None, now);
            table
                .notices
                .push(removed(&self.order, None, ControlSource::Api));
        });
    }

    fn switch(&self, value: bool) {
        with(|table, now| {
            let switch = self.order.make(value, now);
            let said = Arc::clone(&switch.said);
            table.change_all(Some(switch), now);
            table.notices.push(Notice::AllSwitches { said, value });
        });
    }
}

/// What is set with an end, on top of what was set before. Of a fleet, who carries what is set there
/// knows what was before.
fn on_top<T>(layer: ControlSource, new: Override<T>, before: Option<Override<T>>) -> Override<T> {
    if layer == ControlSource::Fleet {
        new
    } else {
        new.over(before)
    }
}

/// For the log: what was set is removed.
fn removed(order: &Order, mirror: Option<String>, source: ControlSource) -> Notice {
    Notice::Reset {
        mirror,
        source,
        actor: order.actor.clone(),
        reason: order.reason.clone(),
    }
}
