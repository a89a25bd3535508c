//! By slot, where a bandit's entities keep their variants.

use pointsman_model::{BanditPolicy, BanditTable};
use rand::Rng;

use super::decide_bandit;
use crate::{
    decision::{Decision, Request},
    split::by_slot,
};

/// Decides a call of a bandit: by the slot of an entity that keeps its variant, or drawn by the shares in force.
#[inline]
pub fn decide_by_bandit(
    bandit: &BanditPolicy,
    table: &BanditTable,
    request: &Request<'_>,
    rng: &mut impl Rng,
) -> Decision {
    decide_by_slot(bandit, request).unwrap_or_else(|| decide_bandit(table, rng))
}

/// Decides a call whose entity keeps its variant; none where the call is to be drawn by the shares in force.
///
/// Slots are published, and so part of a generation: their table needs no number of its own.
#[inline]
#[must_use]
pub fn decide_by_slot(bandit: &BanditPolicy, request: &Request<'_>) -> Option<Decision> {
    let (split, unit) = (bandit.sticky.as_ref()?, request.entity_id?);
    Some(by_slot(split, unit))
}
