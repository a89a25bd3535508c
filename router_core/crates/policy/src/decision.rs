//! What a decision is made on, and what comes of it.

use std::fmt;

use pointsman_model::{Policy, rules::RuleIndex};

use crate::{
    attributes::{Attributes, NoAttributes},
    unit_hash::slot_of_hash,
};

/// What a decision is made on.
#[derive(Clone, Copy)]
pub struct Request<'a> {
    /// The entity that the call is for.
    pub entity_id: Option<&'a str>,
    /// What rules may ask for; nothing else asks.
    pub attributes: &'a dyn Attributes,
}

impl<'a> Request<'a> {
    /// A request without anything that rules could ask for.
    #[must_use]
    pub const fn of(entity_id: Option<&'a str>) -> Self {
        Self { entity_id, attributes: &NoAttributes }
    }
}

impl Default for Request<'_> {
    fn default() -> Self {
        Self::of(None)
    }
}

impl fmt::Debug for Request<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Request").field("entity_id", &self.entity_id).finish_non_exhaustive()
    }
}

/// Why a variant was picked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// The unit's slot belongs to it.
    Slot,
    /// A random draw by weight.
    Weight,
    /// The caller named it.
    Pin,
    /// It is the production version of the model that was called.
    Production,
    /// It stands in for the one that was decided, which no live backend serves.
    Fallback,
    /// An operator sends everything to it for a while.
    Override,
    /// A random draw by a bandit's shares.
    Bandit,
    /// The same, of a call in the slice that a bandit splits evenly.
    Exploration,
    /// A rule says so.
    Rule,
    /// No rule took the call.
    Default,
}

impl Reason {
    /// The word in receipts and records.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Slot => "slot",
            Self::Weight => "weight",
            Self::Pin => "pin",
            Self::Production => "production",
            Self::Fallback => "fallback",
            Self::Override => "override",
            Self::Bandit => "bandit",
            Self::Exploration => "exploration",
            Self::Rule => "rule",
            Self::Default => "default",
        }
    }
}

/// What was drawn at random.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RandomisedBy {
    /// Nothing.
    Nothing,
    /// The salt: a unit always draws the same.
    Entity,
    /// Each request anew.
    Request,
}

impl RandomisedBy {
    /// The word in records.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Nothing => "nothing",
            Self::Entity => "entity",
            Self::Request => "request",
        }
    }
}

/// The outcome for one request. What follows from it and the router is not carried along.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Decision {
    /// The index of the variant picked.
    pub variant: u8,
    /// The probability with which it was picked, by the tables in force.
    pub propensity: f64,
    /// Why.
    pub reason: Reason,
    /// What was drawn.
    pub randomised_by: RandomisedBy,
    /// The 64 bits drawn: the unit's hash or random bits.
    pub draw: u64,
    /// The rule that took the call.
    pub rule: Option<RuleIndex>,
}

impl Decision {
    /// The decision for a variant that was given, not drawn.
    #[must_use]
    pub const fn given(variant: u8, reason: Reason) -> Self {
        Self { variant, propensity: 1.0, reason, randomised_by: RandomisedBy::Nothing, draw: 0, rule: None }
    }

    /// The unit's slot; none where no unit was drawn.
    #[must_use]
    pub fn slot(&self) -> Option<u16> {
        (self.randomised_by == RandomisedBy::Entity).then(|| slot_of_hash(self.draw))
    }

    /// The number of the table that it was drawn from; 0 for what no table of a number decided, as a slot.
    ///
    /// # Arguments
    /// * `in_force` - The number of the table that calls are drawn from.
    #[must_use]
    pub fn allocation_version(&self, in_force: u64) -> u64 {
        if self.randomised_by == RandomisedBy::Request { in_force } else { 0 }
    }

    /// The epoch of the statistics that the propensity comes from; 0 where it comes from none.
    ///
    /// # Arguments
    /// * `policy` - What decided.
    #[must_use]
    pub fn epoch(&self, policy: &Policy) -> u64 {
        match policy {
            Policy::Bandit(bandit) if self.randomised_by != RandomisedBy::Nothing => bandit.epoch,
            _ => 0,
        }
    }
}
