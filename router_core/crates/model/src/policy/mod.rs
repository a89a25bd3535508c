//! How a router picks variants: one kind for each strategy, made when the router is built.

mod bandit;
mod bandit_table;
mod canary;
mod split;

pub use bandit::{BanditAlgorithm, BanditDefinition, BanditSettings, BetaPrior, HalfLife, NormalPrior};
pub use bandit_table::BanditTable;
pub use canary::CanaryDefinition;
pub use split::{Propensities, Split, SplitDefinition};

use crate::{ModelError, Variant};

/// The strategies that are served. Closed: who matches on it covers each.
#[derive(Debug, Clone, PartialEq)]
pub enum Policy {
    /// By weight.
    Weighted(Split),
    /// A percentage to the canary, the rest to the control.
    Canary(Split),
}

/// A policy as it was published, not yet checked.
#[derive(Debug, Clone)]
pub enum PolicyDefinition {
    /// By weight.
    Weighted(SplitDefinition),
    /// A percentage to the canary, the rest to the control.
    Canary(CanaryDefinition),
}

impl Policy {
    /// Checks a definition and builds its tables.
    ///
    /// # Errors
    /// The first field that is wrong.
    pub fn build(definition: PolicyDefinition, variants: &[Variant]) -> Result<Self, ModelError> {
        match definition {
            PolicyDefinition::Weighted(split) => {
                let weights: Vec<f64> = variants.iter().map(Variant::enabled_weight).collect();
                Split::build(split, &weights, variants).map(Self::Weighted)
            }
            PolicyDefinition::Canary(canary) => canary.build(variants).map(Self::Canary),
        }
    }

    /// The share of calls that a variant should get, as calls are told it: that of its slots where units keep them,
    /// else that of its weight.
    #[must_use]
    pub fn effective_share(&self, variant: u8) -> f64 {
        let Propensities { by_request, by_slot } = self.propensities(variant);
        match self {
            Self::Weighted(split) | Self::Canary(split) if split.sticky => by_slot,
            Self::Weighted(_) | Self::Canary(_) => by_request,
        }
    }

    /// The probabilities with which a variant is picked.
    #[must_use]
    pub fn propensities(&self, variant: u8) -> Propensities {
        match self {
            Self::Weighted(split) | Self::Canary(split) => split.propensities(variant),
        }
    }
}
