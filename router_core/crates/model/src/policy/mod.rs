//! How a router picks variants: one kind for each strategy, made when the router is built.

mod bandit;
mod bandit_policy;
mod bandit_table;
mod canary;
mod reward_terms;
pub mod rules;
mod split;
mod sticky_bandit;

pub use bandit::{BanditAlgorithm, BanditDefinition, BanditSettings, BetaPrior, HalfLife, NormalPrior};
pub use bandit_policy::{BanditPolicy, BanditPolicyDefinition};
pub use bandit_table::BanditTable;
pub use canary::CanaryDefinition;
pub use reward_terms::{Cost, RewardTermDefinition, TermSource};
use rules::{RuleIndex, Rules, RulesDefinition};
pub use split::{Propensities, Split, SplitDefinition};
pub use sticky_bandit::StickyDefinition;

use crate::{ModelError, Variant};

/// The strategies that are served. Closed: who matches on it covers each.
#[derive(Debug, Clone, PartialEq)]
pub enum Policy {
    /// By weight.
    Weighted(Split),
    /// A percentage to the canary, the rest to the control.
    Canary(Split),
    /// By the first rule whose conditions all hold.
    Rules(Rules),
    /// By what was learnt of rewards. What is in force at a moment is not here: it changes by itself.
    Bandit(BanditPolicy),
}

/// A policy as it was published, not yet checked.
#[derive(Debug, Clone)]
pub enum PolicyDefinition {
    /// By weight.
    Weighted(SplitDefinition),
    /// A percentage to the canary, the rest to the control.
    Canary(CanaryDefinition),
    /// By the first rule whose conditions all hold.
    Rules(RulesDefinition),
    /// By what was learnt of rewards; apart, for it says more than all others.
    Bandit(Box<BanditPolicyDefinition>),
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
            PolicyDefinition::Rules(rules) => rules.build(variants).map(Self::Rules),
            PolicyDefinition::Bandit(bandit) => bandit.build(variants).map(Self::Bandit),
        }
    }

    /// The share of calls that a variant should get, as calls are told it: that of its slots where units keep them,
    /// else that of its weight. Of rules it is the share of the calls that no rule takes; of a bandit that is not sticky,
    /// the one before anything is learnt.
    #[must_use]
    pub fn effective_share(&self, variant: u8) -> f64 {
        let Propensities { by_request, by_slot } = self.propensities(variant);
        match self {
            Self::Weighted(split) | Self::Canary(split) if split.sticky => by_slot,
            Self::Bandit(bandit) if bandit.sticky.is_some() => by_slot,
            Self::Weighted(_) | Self::Canary(_) | Self::Bandit(_) => by_request,
            Self::Rules(rules) => rules.default.effective_share(variant),
        }
    }

    /// Whether it reads features of calls.
    #[must_use]
    pub fn reads_features(&self) -> bool {
        match self {
            Self::Weighted(_) | Self::Canary(_) | Self::Bandit(_) => false,
            Self::Rules(rules) => {
                rules.sources.iter().any(|source| matches!(source, rules::Source::Feature(_)))
            }
        }
    }

    /// Whether it reads a feature of calls.
    #[must_use]
    pub fn reads_feature(&self, name: &str) -> bool {
        match self {
            Self::Weighted(_) | Self::Canary(_) | Self::Bandit(_) => false,
            Self::Rules(rules) => rules
                .sources
                .iter()
                .any(|source| matches!(source, rules::Source::Feature(read) if **read == *name)),
        }
    }

    /// Whether it reads metadata of calls, which is not recorded.
    #[must_use]
    pub fn reads_metadata(&self) -> bool {
        match self {
            Self::Weighted(_) | Self::Canary(_) | Self::Bandit(_) => false,
            Self::Rules(rules) => {
                rules.sources.iter().any(|source| matches!(source, rules::Source::Metadata(_)))
            }
        }
    }

    /// The name of the rule at a place, as decisions name it.
    #[must_use]
    pub fn rule_name(&self, place: RuleIndex) -> Option<&str> {
        match self {
            Self::Weighted(_) | Self::Canary(_) | Self::Bandit(_) => None,
            Self::Rules(rules) => rules.at(place).map(|rule| &*rule.name),
        }
    }

    /// The probabilities with which a variant is picked; of rules, those of the calls that no rule takes; of a bandit,
    /// that of a drawn call before anything is learnt.
    #[must_use]
    pub fn propensities(&self, variant: u8) -> Propensities {
        match self {
            Self::Weighted(split) | Self::Canary(split) => split.propensities(variant),
            Self::Rules(rules) => rules.default.propensities(variant),
            Self::Bandit(bandit) => Propensities {
                by_request: bandit.even.probability(variant),
                by_slot: bandit.sticky.as_ref().map_or(0.0, |split| split.slots.share(variant)),
            },
        }
    }
}
