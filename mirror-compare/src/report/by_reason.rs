//! Counts by the reason for which nothing was compared.

use crate::model::NotComparedReason;

/// One count for each reason, in the order of [`NotComparedReason::ALL`].
pub(super) type ByReason<T = u64> = [T; NotComparedReason::ALL.len()];
