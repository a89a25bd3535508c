//! Rewards that are weighted sums of metrics and of what calls cost. The control plane adds them up; here they are checked.

use super::bandit::{BanditAlgorithm, check_between};
use crate::{Id, ModelError, ShownNumber};

/// So many terms a sum has at most.
const MOST_TERMS: usize = 8;

/// The smallest and the largest size of a weight: products with rewards and their squares stay numbers.
const WEIGHT_SIZES: (f64, f64) = (1e-9, 1e9);

/// What a call costs, which no feedback need say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cost {
    /// 1 where the arm failed it.
    Error,
    /// The seconds that it took.
    Latency,
}

/// What a term is of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TermSource {
    /// The values of a metric.
    Metric(String),
    /// What a call costs.
    Cost(Cost),
}

/// One term of a reward as it was given, not yet checked.
#[derive(Debug, Clone, PartialEq)]
pub struct RewardTermDefinition {
    /// What it is of; none where nothing that is known was named.
    pub of: Option<TermSource>,
    /// How much one unit of it is worth.
    pub weight: f64,
    /// What a call counts as whose metric is missing.
    pub missing: Option<f64>,
}

/// Every field of a bandit that is wrong because its reward is a sum, with paths below the bandit.
///
/// # Arguments
/// * `metric` - What the bandit's `metric` says.
/// * `waits` - Whether there is a feedback window.
/// * `missing_reward` - What the bandit's `missing_reward` says.
pub(super) fn sum_faults(
    terms: &[RewardTermDefinition],
    algorithm: &BanditAlgorithm,
    metric: &str,
    waits: bool,
    missing_reward: Option<f64>,
) -> Vec<ModelError> {
    let mut faults = Vec::new();
    let mut add = |field: &str, reason: String| faults.push(ModelError::new(field, reason));
    if !metric.is_empty() {
        let reason = format!(
            "{metric:?} is one reward, and reward_terms are another; leave one out, or make it a term"
        );
        add("metric", reason);
    }
    if let Some(missing) = missing_reward {
        let reason = format!("{missing} is of one metric; say missing in the reward_terms that it is of");
        add("missing_reward", reason);
    }
    if algorithm.takes_rates_only() {
        let reason = "thompson_beta learns by rewards from 0 to 1 alone, and a sum may be any number; use thompson_normal, \
                      ucb1 or epsilon_greedy";
        add("reward_terms", reason.to_owned());
    }
    if terms.len() > MOST_TERMS {
        add("reward_terms", format!("{} terms; a reward has at most {MOST_TERMS}", terms.len()));
    }
    let costs: Vec<&RewardTermDefinition> = terms.iter().filter(|term| term.is_cost()).collect();
    if costs.len() == terms.len() && costs.iter().all(|term| term.of != Some(TermSource::Cost(Cost::Error))) {
        let reason = "is of latency alone, by which an arm that fails at once would be the best; add a term of cost error, \
                      or a metric";
        add("reward_terms", reason.to_owned());
    }
    for (index, term) in terms.iter().enumerate() {
        let earlier = terms.iter().take(index).any(|earlier| term.of.is_some() && earlier.of == term.of);
        let found = term.faults(earlier, waits);
        faults.extend(found.into_iter().map(|fault| fault.within(&format!("reward_terms[{index}]"))));
    }
    faults
}

impl RewardTermDefinition {
    /// Whether it is of what a call costs.
    #[must_use]
    pub const fn is_cost(&self) -> bool {
        matches!(self.of, Some(TermSource::Cost(_)))
    }

    fn faults(&self, is_repeated: bool, waits: bool) -> Vec<ModelError> {
        let mut faults = Vec::new();
        let field = if self.is_cost() { "cost" } else { "metric" };
        match &self.of {
            None => {
                faults.push(ModelError::new(field, "is missing; name a metric, or the cost error or latency"))
            }
            Some(TermSource::Metric(name)) => {
                faults.extend(Id::parse(name).err().map(|error| error.within(field)));
            }
            Some(TermSource::Cost(_)) => {}
        }
        if is_repeated {
            faults.push(ModelError::new(field, "is of an earlier term, too; add the weights of both up"));
        }
        let (least, most) = WEIGHT_SIZES;
        if !(least..=most).contains(&self.weight.abs()) {
            let (weight, least, most) = (ShownNumber(self.weight), ShownNumber(least), ShownNumber(most));
            let reason =
                format!("{weight} is not a number from {least} to {most}, or from -{most} to -{least}");
            faults.push(ModelError::new("weight", reason));
        }
        if let Some(missing) = self.missing {
            if self.is_cost() {
                let reason =
                    format!("{missing} would count for nothing: costs are known of every call; leave it out");
                faults.push(ModelError::new("missing", reason));
            } else {
                faults.extend(check_between("missing", missing, super::bandit::NUMBERS).err());
                if !waits {
                    let reason =
                        format!("{missing} needs the bandit's feedback_window: after it, a value is missing");
                    faults.push(ModelError::new("missing", reason));
                }
            }
        }
        faults
    }
}
