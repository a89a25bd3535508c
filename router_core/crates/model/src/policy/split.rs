//! Calls split by shares: kept by units, or drawn for each call.

use crate::{AliasTable, ModelError, SlotTable, Variant};

/// A split as it was published, not yet checked.
#[derive(Debug, Clone)]
pub struct SplitDefinition {
    /// Whether a unit keeps its variant.
    pub sticky: bool,
    /// Makes this split's hash its own.
    pub salt: [u8; 16],
    /// Variant index and length of each run of slots.
    pub slot_runs: Vec<(u8, u16)>,
}

/// How calls are split by shares.
#[derive(Debug, Clone, PartialEq)]
pub struct Split {
    /// Whether a unit keeps its variant.
    pub sticky: bool,
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

impl Split {
    /// Checks a definition and builds its tables; draws go by `shares`, one for each variant, 0 for those that take
    /// no part.
    ///
    /// # Errors
    /// There are no shares, or slots belong to a variant that takes no part.
    pub fn build(
        definition: SplitDefinition,
        shares: &[f64],
        variants: &[Variant],
    ) -> Result<Self, ModelError> {
        let SplitDefinition { sticky, salt, slot_runs } = definition;
        let alias = AliasTable::from_weights(shares).map_err(|error| error.within("variants"))?;
        let slots = SlotTable::from_runs(&slot_runs, variants.len())?;
        for (index, variant) in variants.iter().enumerate() {
            if !variant.takes_calls() && slots.counts()[index] > 0 {
                let name = &variant.name;
                let why = if variant.is_shadow() { "is a shadow" } else { "is not enabled" };
                return Err(ModelError::new("slot_runs", format!("variant {name:?} {why} but holds slots")));
            }
        }
        Ok(Self { sticky, salt, slots, alias })
    }

    /// The probabilities with which a variant is picked.
    #[must_use]
    pub fn propensities(&self, variant: u8) -> Propensities {
        Propensities { by_request: self.alias.probability(variant), by_slot: self.slots.share(variant) }
    }
}
