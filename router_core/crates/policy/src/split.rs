//! By shares: units keep the variant of their slot, other calls are drawn anew.

use pointsman_model::Split;
use rand::Rng;

use crate::{
    decision::{Decision, RandomisedBy, Reason, Request},
    unit_hash::{hash_unit, slot_of_hash},
};

/// Decides by slot when units keep their variant and the request has one, else by a random draw.
#[inline]
pub(crate) fn decide(split: &Split, request: &Request<'_>, rng: &mut impl Rng) -> Decision {
    match request.entity_id {
        Some(unit) if split.sticky => by_slot(split, unit),
        _ => by_draw(split, rng),
    }
}

/// By the slot of a unit.
#[inline]
pub(crate) fn by_slot(split: &Split, unit: &str) -> Decision {
    let hash = hash_unit(&split.salt, unit);
    let variant = split.slots.variant(slot_of_hash(hash));
    Decision {
        variant,
        propensity: split.slots.share(variant),
        reason: Reason::Slot,
        randomised_by: RandomisedBy::Entity,
        draw: hash,
        rule: None,
    }
}

#[inline]
fn by_draw(split: &Split, rng: &mut impl Rng) -> Decision {
    let draw = rng.next_u64();
    let variant = split.alias.draw(draw);
    Decision {
        variant,
        propensity: split.alias.probability(variant),
        reason: Reason::Weight,
        randomised_by: RandomisedBy::Request,
        draw,
        rule: None,
    }
}
