//! Decisions: which variant a call goes to, and with what probability.
//!
//! No I/O, no async, and no allocation while deciding.

mod decision;
mod fallback;
mod homeward;
mod reallocate;
mod reallocation_error;
mod replay;
mod slot_counts;
mod split;
mod unit_hash;

use pointsman_model::{Policy, Router};
use rand::Rng;

pub use decision::{Decision, RandomisedBy, Reason, Request};
pub use fallback::{VariantSet, stand_in};
pub use reallocate::{Reallocation, reallocate_slots};
pub use reallocation_error::ReallocationError;
pub use replay::replay;
pub use unit_hash::slot_of_unit;

/// Picks a variant of a router for one request.
#[inline]
pub fn decide(router: &Router, request: &Request<'_>, rng: &mut impl Rng) -> Decision {
    match &router.policy {
        Policy::Weighted(split) | Policy::Canary(split) => split::decide(split, request, rng),
    }
}
