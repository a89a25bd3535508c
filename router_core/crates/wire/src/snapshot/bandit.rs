//! Bandits: what they learn by, with the defaults of what is not stated.

use pointsman_model::{
    BanditAlgorithm, BanditDefinition, BanditPolicyDefinition, BanditSettings, BetaPrior, Cost, HalfLife,
    ModelError, NormalPrior, RewardTermDefinition, StickyDefinition, TermSource,
};

use super::{each, recording::metric_from_proto, router::variant_from_proto, within};
use crate::generated::pointsman_v1 as proto;

/// The metric of a bandit that names none.
const DEFAULT_METRIC: &str = "reward";

/// Takes over a bandit.
///
/// # Errors
/// The first field that cannot be read.
pub(super) fn bandit_from_proto(
    bandit: &proto::Bandit,
    metrics: &[proto::MetricDefinition],
    sticky: Option<StickyDefinition>,
) -> Result<BanditPolicyDefinition, ModelError> {
    let usual = BanditDefinition::default();
    let is_usual = bandit.metric.is_empty() && bandit.reward_terms.is_empty();
    let metric = if is_usual { DEFAULT_METRIC } else { &bandit.metric };
    // Metrics that cannot be read are told of as such.
    let declared = metrics.iter().find(|declared| declared.name == metric).cloned();
    Ok(BanditPolicyDefinition {
        settings: BanditDefinition {
            algorithm: algorithm_from_proto(bandit.algorithm.as_ref()),
            exploration_floor: bandit.exploration_floor.unwrap_or(usual.exploration_floor),
            uniform_slice: bandit.uniform_slice,
            half_life: bandit.half_life.as_ref().map(seconds).map(HalfLife::Seconds),
            warm_up_pulls: u64::try_from(bandit.warm_up_pulls).map_err(|_| {
                let pulls = bandit.warm_up_pulls;
                ModelError::new("warm_up_pulls", format!("{pulls} is below 0; 0 stands for no warm-up"))
            })?,
            ..usual
        },
        metric: metric.to_owned(),
        reward_terms: bandit.reward_terms.iter().map(term_from_proto).collect(),
        declared: declared.and_then(|declared| metric_from_proto(declared).ok()),
        sticky,
        sticky_update_seconds: bandit.sticky_update_interval.as_ref().map(seconds),
        epoch: bandit.epoch,
        feedback_window_seconds: bandit.feedback_window.as_ref().map(seconds),
        missing_reward: bandit.missing_reward,
    })
}

fn term_from_proto(term: &proto::RewardTerm) -> RewardTermDefinition {
    use proto::reward_term::Of;

    let of = match &term.of {
        None => None,
        Some(Of::Metric(name)) => Some(TermSource::Metric(name.clone())),
        Some(Of::Cost(number)) => match proto::Cost::try_from(*number) {
            Ok(proto::Cost::Error) => Some(TermSource::Cost(Cost::Error)),
            Ok(proto::Cost::Latency) => Some(TermSource::Cost(Cost::Latency)),
            Ok(proto::Cost::Unspecified) | Err(_) => None,
        },
    };
    RewardTermDefinition { of, weight: term.weight, missing: term.missing }
}

fn algorithm_from_proto(algorithm: Option<&proto::bandit::Algorithm>) -> BanditAlgorithm {
    use proto::bandit::Algorithm;

    match algorithm {
        None => BanditAlgorithm::default(),
        Some(Algorithm::ThompsonBeta(given)) => {
            let usual = BetaPrior::default();
            BanditAlgorithm::ThompsonBeta(BetaPrior {
                alpha: given.prior_alpha.unwrap_or(usual.alpha),
                beta: given.prior_beta.unwrap_or(usual.beta),
            })
        }
        Some(Algorithm::ThompsonNormal(given)) => {
            let usual = NormalPrior::default();
            BanditAlgorithm::ThompsonNormal(NormalPrior {
                mean: given.prior_mean,
                count: given.prior_count.unwrap_or(usual.count),
                variance: given.prior_variance,
                variance_shape: given.prior_variance_shape.unwrap_or(usual.variance_shape),
            })
        }
        Some(Algorithm::Ucb1(given)) => BanditAlgorithm::Ucb1 { alpha: given.alpha.unwrap_or(1.0) },
        Some(Algorithm::EpsilonGreedy(given)) => {
            BanditAlgorithm::EpsilonGreedy { epsilon: given.epsilon.unwrap_or(0.1) }
        }
    }
}

fn seconds(duration: &prost_types::Duration) -> f64 {
    duration.seconds as f64 + f64::from(duration.nanos) / 1e9
}

/// Every field of a router's bandit that is wrong; the paths begin with `bandit`. A router that is none has none.
#[must_use]
pub fn bandit_faults(router: &proto::Router) -> Vec<ModelError> {
    let Some(proto::router::Policy::Bandit(bandit)) = &router.policy else { return Vec::new() };
    // Whether entities keep their variants is the router's setting, and not the bandit's.
    let faults = match bandit_from_proto(bandit, &router.metrics, None) {
        Ok(definition) => definition.faults(),
        Err(unreadable) => {
            let readable = proto::Bandit { warm_up_pulls: 0, ..bandit.clone() };
            let others = bandit_from_proto(&readable, &router.metrics, None);
            let others = others.map_or_else(|_| Vec::new(), |definition| definition.faults());
            std::iter::once(unreadable).chain(others).collect()
        }
    };
    faults.into_iter().map(|fault| fault.within("bandit")).collect()
}

/// What is needed to weigh the arms of a router that is described but not published.
#[derive(Debug, Clone)]
pub struct BanditRouter {
    /// How it learns.
    pub settings: BanditSettings,
    /// The names of the variants that are arms.
    pub arms: Vec<String>,
}

/// Reads the bandit of a router.
///
/// # Errors
/// The router has none, or a field of it is wrong.
pub fn bandit_router(router: &proto::Router) -> Result<BanditRouter, ModelError> {
    let Some(proto::router::Policy::Bandit(bandit)) = &router.policy else {
        return Err(ModelError::new("bandit", "is not set; the router is no bandit"));
    };
    let definition = within("bandit", bandit_from_proto(bandit, &router.metrics, None))?;
    if let Some(first) = definition.faults().into_iter().next() {
        return Err(first.within("bandit"));
    }
    let variants = each("variants", router.variants.clone(), variant_from_proto)?;
    let is_arm = pointsman_model::BanditPolicy::is_arm;
    let arms: Vec<String> =
        variants.iter().filter(|variant| is_arm(variant)).map(|variant| variant.name.to_string()).collect();
    let settings = BanditSettings::build(definition.directed(), arms.len())?;
    Ok(BanditRouter { settings, arms })
}
