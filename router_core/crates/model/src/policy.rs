//! How a router picks variants: one kind for each strategy, made when the router is built.

use crate::{AliasTable, ModelError, SlotTable, Variant};

/// The strategies that are served. Closed: who matches on it covers each.
#[derive(Debug, Clone, PartialEq)]
pub enum Policy {
    /// By weight.
    Weighted(Weighted),
}

/// A policy as it was published, not yet checked.
#[derive(Debug, Clone)]
pub enum PolicyDefinition {
    /// By weight.
    Weighted {
        /// Whether a unit keeps its variant.
        sticky: bool,
        /// Makes this split's hash its own.
        salt: [u8; 16],
        /// Variant index and length of each run of slots.
        slot_runs: Vec<(u8, u16)>,
    },
}

/// Shares by weight, kept by units or drawn for each call.
#[derive(Debug, Clone, PartialEq)]
pub struct Weighted {
    /// Whether a unit keeps its variant.
    pub sticky: bool,
    /// How calls are split.
    pub split: Split,
}

/// How calls are split by shares.
#[derive(Debug, Clone, PartialEq)]
pub struct Split {
    /// Makes this split's hash its own.
    pub salt: [u8; 16],
    /// For calls with a unit.
    pub slots: SlotTable,
    /// For calls without one.
    pub alias: AliasTable,
}

/// The probabilities with which a variant is picked, whoever calls.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Propensities {
    /// Over the draw of a request that is drawn anew.
    pub by_request: f64,
    /// Over the salt, for a unit that keeps its variant.
    pub by_slot: f64,
}

impl Policy {
    /// Checks a definition and builds its tables.
    ///
    /// # Errors
    /// The first field that is wrong.
    pub fn build(definition: PolicyDefinition, variants: &[Variant]) -> Result<Self, ModelError> {
        match definition {
            PolicyDefinition::Weighted { sticky, salt, slot_runs } => {
                let weights: Vec<f64> = variants.iter().map(Variant::enabled_weight).collect();
                let split = Split::build(salt, &slot_runs, &weights, variants)?;
                Ok(Self::Weighted(Weighted { sticky, split }))
            }
        }
    }

    /// The share of calls that a variant should get, as calls are told it: that of its slots where units keep them,
    /// else that of its weight.
    #[must_use]
    pub fn effective_share(&self, variant: u8) -> f64 {
        let Propensities { by_request, by_slot } = self.propensities(variant);
        match self {
            Self::Weighted(weighted) if weighted.sticky => by_slot,
            Self::Weighted(_) => by_request,
        }
    }

    /// The probabilities with which a variant is picked.
    #[must_use]
    pub fn propensities(&self, variant: u8) -> Propensities {
        match self {
            Self::Weighted(Weighted { split, .. }) => Propensities {
                by_request: split.alias.probability(variant),
                by_slot: split.slots.share(variant),
            },
        }
    }
}

impl Split {
    fn build(
        salt: [u8; 16],
        slot_runs: &[(u8, u16)],
        weights: &[f64],
        variants: &[Variant],
    ) -> Result<Self, ModelError> {
        let alias = AliasTable::from_weights(weights).map_err(|error| error.within("variants"))?;
        let slots = SlotTable::from_runs(slot_runs, variants.len())?;
        for (index, variant) in variants.iter().enumerate() {
            if !variant.enabled && slots.counts()[index] > 0 {
                let name = &variant.name;
                return Err(ModelError::new(
                    "slot_runs",
                    format!("variant {name:?} is not enabled but holds slots"),
                ));
            }
        }
        Ok(Self { salt, slots, alias })
    }
}
