//! Rules on features: the first whose conditions all hold says where a call goes.

mod condition;
mod definition;
mod number;
mod rule_index;
mod source;

use std::sync::Arc;

pub use condition::{Condition, MAX_PATTERN_BYTES, MAX_PATTERN_SIZE, Operator, Pattern, Test, Values};
pub use definition::{
    ConditionDefinition, MAX_CONDITIONS, MAX_PATTERNS, MAX_RULES, MAX_SOURCES, MAX_VALUES, RuleDefinition,
    RulesDefinition, TargetDefinition,
};
pub use number::Number;
pub use rule_index::RuleIndex;
pub use source::Source;

use super::{Propensities, Split};

/// The rules of a router, compiled.
#[derive(Debug, Clone, PartialEq)]
pub struct Rules {
    /// In the order in which they are tried.
    pub rules: Box<[Rule]>,
    /// Where calls go that no rule takes.
    pub default: RuleTarget,
    /// What the conditions look at, each once.
    pub sources: Box<[Source]>,
}

/// A rule.
#[derive(Debug, Clone, PartialEq)]
pub struct Rule {
    /// Its name, unique among the rules.
    pub name: Arc<str>,
    /// Its place among the rules as they are written.
    pub place: RuleIndex,
    /// All must hold; there is one at least.
    pub conditions: Box<[Condition]>,
    /// Where its calls go.
    pub target: RuleTarget,
}

/// Where a rule's calls go.
#[derive(Debug, Clone, PartialEq)]
pub enum RuleTarget {
    /// To a variant.
    Variant(u8),
    /// To several, by shares.
    Split(Split),
}

impl RuleTarget {
    /// The probabilities with which a variant is picked of the calls that come here.
    #[must_use]
    pub fn propensities(&self, variant: u8) -> Propensities {
        match self {
            Self::Variant(only) => {
                let share = if *only == variant { 1.0 } else { 0.0 };
                Propensities { by_request: share, by_slot: share }
            }
            Self::Split(split) => split.propensities(variant),
        }
    }

    /// The share of the calls that come here that a variant should get, as calls are told it.
    #[must_use]
    pub fn effective_share(&self, variant: u8) -> f64 {
        let Propensities { by_request, by_slot } = self.propensities(variant);
        match self {
            Self::Split(split) if split.sticky => by_slot,
            _ => by_request,
        }
    }
}

impl Rules {
    /// The rule at a place, as decisions name it.
    #[must_use]
    pub fn at(&self, place: RuleIndex) -> Option<&Rule> {
        self.rules.iter().find(|rule| rule.place == place)
    }
}
