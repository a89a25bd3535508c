//! A router that learns: its enabled variants are the arms, and their shares follow from rewards.

use super::{
    bandit::{BanditDefinition, BanditSettings, check_seconds},
    reward_terms::{RewardTermDefinition, sum_faults},
    sticky_bandit::{StickyDefinition, check_update_seconds},
};
use crate::{
    BanditTable, Id, MetricDefinition, MetricDirection, MetricType, ModelError, Split, Variant, VariantRole,
};

/// A bandit as it was published, not yet checked.
#[derive(Debug, Clone)]
pub struct BanditPolicyDefinition {
    /// How it learns. The direction is the metric's.
    pub settings: BanditDefinition,
    /// The metric whose values are the rewards; empty where they are sums.
    pub metric: String,
    /// What rewards are the sum of; empty where they are one metric.
    pub reward_terms: Vec<RewardTermDefinition>,
    /// That metric, where the router declares it.
    pub declared: Option<MetricDefinition>,
    /// How entities keep their variants; none where each call is drawn.
    pub sticky: Option<StickyDefinition>,
    /// How long the slots of entities stay as they are at least. The control plane moves them; here it is checked only.
    pub sticky_update_seconds: Option<f64>,
    /// The epoch of what it learns.
    pub epoch: u64,
    /// How long feedback is waited for. The control plane counts what is missing; here it is checked only.
    pub feedback_window_seconds: Option<f64>,
    /// What a call counts as whose feedback is missing.
    pub missing_reward: Option<f64>,
}

/// A bandit that can decide.
#[derive(Debug, Clone, PartialEq)]
pub struct BanditPolicy {
    /// How it learns.
    pub settings: BanditSettings,
    /// The metric whose values are the rewards; empty where they are sums.
    pub metric: Box<str>,
    /// Whether rewards have a part that follows from calls: what these cost has to be counted.
    pub counts_costs: bool,
    /// The epoch of what it learns; what was learnt in another one says nothing of this one's arms.
    pub epoch: u64,
    /// The variants that are arms, by their places; there is one at least.
    pub arms: Box<[u8]>,
    /// The shares before anything is learnt: even over the arms.
    pub even: BanditTable,
    /// Whose each slot is, where entities keep their variants. Calls without one are drawn by what was learnt, and never by
    /// this split.
    pub sticky: Option<Split>,
}

impl BanditPolicyDefinition {
    /// Checks the definition.
    ///
    /// # Errors
    /// The first field that is wrong.
    pub(super) fn build(self, variants: &[Variant]) -> Result<BanditPolicy, ModelError> {
        if let Some(first) = self.faults().into_iter().next() {
            return Err(first.within("bandit"));
        }
        let is_arm = BanditPolicy::is_arm;
        let arms: Box<[u8]> =
            (0_u8..).zip(variants).filter_map(|(index, variant)| is_arm(variant).then_some(index)).collect();
        let settings = BanditSettings::build(self.directed(), arms.len())?;
        let shares: Vec<f64> = variants.iter().map(|variant| f64::from(u8::from(is_arm(variant)))).collect();
        let even = BanditTable::build(&shares, settings.uniform_slice(), 0)?;
        let sticky = self.sticky.map(|sticky| sticky.build(&settings, &shares, variants)).transpose()?;
        let counts_costs = self.reward_terms.iter().any(RewardTermDefinition::is_cost);
        let (metric, epoch) = (self.metric.into(), self.epoch);
        Ok(BanditPolicy { settings, metric, counts_costs, epoch, arms, even, sticky })
    }

    /// The settings with the metric's direction; of sums, more is better.
    #[must_use]
    pub fn directed(&self) -> BanditDefinition {
        let declared = self.declared.as_ref().filter(|_| self.reward_terms.is_empty());
        let direction = declared.map_or(MetricDirection::Maximise, |metric| metric.direction);
        BanditDefinition { direction, ..self.settings }
    }

    /// Every field that is wrong, with paths below the bandit.
    #[must_use]
    pub fn faults(&self) -> Vec<ModelError> {
        let mut faults = self.settings.faults();
        if self.reward_terms.is_empty() {
            faults.extend(self.check_metric().err());
        } else {
            let (algorithm, waits) = (&self.settings.algorithm, self.feedback_window_seconds.is_some());
            faults.extend(sum_faults(
                &self.reward_terms,
                algorithm,
                &self.metric,
                waits,
                self.missing_reward,
            ));
        }
        if let Some(seconds) = self.feedback_window_seconds {
            faults.extend(check_seconds("feedback_window", seconds).err());
        }
        if let Some(seconds) = self.sticky_update_seconds {
            faults.extend(check_update_seconds(seconds).err());
        }
        if let Some(reward) = self.missing_reward.filter(|_| self.reward_terms.is_empty()) {
            faults.extend(self.settings.algorithm.check_reward("missing_reward", reward).err());
            if self.feedback_window_seconds.is_none() {
                let reason = "is needed where missing_reward is set: after it, feedback counts as missing";
                faults.push(ModelError::new("feedback_window", reason));
            }
        }
        faults
    }

    fn check_metric(&self) -> Result<(), ModelError> {
        Id::parse(&self.metric).map_err(|error| error.within("metric"))?;
        if !self.settings.algorithm.takes_rates_only() || self.declared.as_ref().is_some_and(is_rate) {
            return Ok(());
        }
        let name = &self.metric;
        let wrong = match &self.declared {
            None => format!("{name:?} is none of the router's metrics"),
            Some(_) => format!("{name:?} may be outside 0 to 1"),
        };
        let reason = format!(
            "{wrong}, and thompson_beta learns by rewards from 0 to 1 alone; declare it as binary, or with min_value \
             and max_value within 0 and 1, or use another algorithm"
        );
        Err(ModelError::new("metric", reason))
    }
}

/// Whether a metric takes values from 0 to 1 alone.
fn is_rate(metric: &MetricDefinition) -> bool {
    let within = |bound: Option<f64>| bound.is_some_and(|bound| (0.0..=1.0).contains(&bound));
    let is_at_least_0 = within(metric.min) || metric.metric_type == MetricType::Count;
    metric.metric_type == MetricType::Binary || (is_at_least_0 && within(metric.max))
}

impl BanditPolicy {
    /// Whether a variant is an arm.
    #[must_use]
    pub fn is_arm(variant: &Variant) -> bool {
        variant.enabled && variant.role != VariantRole::Shadow
    }
}
