//! By a bandit's shares: each request is drawn anew.

use pointsman_model::BanditTable;
use rand::Rng;

use crate::decision::{Decision, RandomisedBy, Reason};

/// Draws a variant by the shares in force, exploration included.
#[inline]
pub fn decide_bandit(table: &BanditTable, rng: &mut impl Rng) -> Decision {
    let draw = rng.next_u64();
    let variant = table.draw(draw);
    Decision {
        variant,
        propensity: table.probability(variant),
        reason: if table.is_uniform(variant, draw) { Reason::Exploration } else { Reason::Bandit },
        randomised_by: RandomisedBy::Request,
        draw,
        rule: None,
    }
}
