//! Decisions: which variant a call goes to, and with what probability.
//!
//! No I/O, no async, and no allocation while deciding.

mod attributes;
mod bandit;
mod decision;
mod fallback;
mod homeward;
mod reallocate;
mod reallocation_error;
mod replay;
mod rules;
mod shadow;
mod slot_counts;
mod split;
mod unit_hash;

use pointsman_model::{Policy, Router};
use rand::Rng;

pub use attributes::{Attributes, NoAttributes, Value};
pub use bandit::{
    Allocation, ArmAssessment, ArmTotals, Assessment, BanditLearner, INTERVAL_PROBABILITY, Merged, Pace,
    ReplicaTotals, Reward, Scratch, allocate, decide_bandit, decide_by_bandit, decide_by_slot, follows_calls,
    ucb1_index,
};
pub use decision::{Decision, RandomisedBy, Reason, Request};
pub use fallback::{VariantSet, stand_in};
pub use reallocate::{Reallocation, reallocate_slots};
pub use reallocation_error::ReallocationError;
pub use replay::{replay, replay_bandit, replay_split};
pub use rules::{MAX_SEARCHED_BYTES, Verdict, first_match};
pub use shadow::is_copied;
pub use unit_hash::slot_of_unit;

/// Picks a variant of a router for one request. A bandit decides as before anything is learnt: whoever has its shares in
/// force decides by [`decide_by_bandit`].
#[inline]
pub fn decide(router: &Router, request: &Request<'_>, rng: &mut impl Rng) -> Decision {
    match &router.policy {
        Policy::Weighted(split) | Policy::Canary(split) => split::decide(split, request, rng),
        other => decide_otherwise(other, request, rng),
    }
}

/// Apart, so that it weighs on no decision by shares.
#[inline(never)]
fn decide_otherwise(policy: &Policy, request: &Request<'_>, rng: &mut impl Rng) -> Decision {
    match policy {
        Policy::Weighted(split) | Policy::Canary(split) => split::decide(split, request, rng),
        Policy::Rules(rules) => rules::decide(rules, request, rng),
        Policy::Bandit(bandit) => decide_by_bandit(bandit, &bandit.even, request, rng),
    }
}
