//! By slot, where a bandit's entities keep their variants.

use pointsman_model::BanditPolicy;

use crate::{
    decision::{Decision, Request},
    split::by_slot,
};

/// Decides a call whose entity keeps its variant; none where the call is to be drawn by the shares in force.
///
/// Slots are published, and so part of a generation: their table needs no number of its own.
#[inline]
#[must_use]
pub fn decide_by_slot(bandit: &BanditPolicy, request: &Request<'_>) -> Option<Decision> {
    let (split, unit) = (bandit.sticky.as_ref()?, request.entity_id?);
    Some(by_slot(split, unit))
}
