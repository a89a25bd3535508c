//! What rewards make of the prior: the distribution of an arm's mean.

use pointsman_model::{BanditAlgorithm, BetaPrior, NormalPrior};

use super::arm_totals::{ArmTotals, common_origin, pooled_mean};

/// A scale below this part of the largest location could not be told apart in floating point.
const LEAST_RELATIVE_SCALE: f64 = 1e-12;

/// The distribution of an arm's mean reward.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Posterior {
    /// Of a rate.
    Beta {
        /// Rewards of 1, the prior's with them.
        alpha: f64,
        /// Rewards of 0, the prior's with them.
        beta: f64,
    },
    /// Of any mean: Student's distribution, moved and stretched.
    Student {
        /// Its centre.
        location: f64,
        /// Its width.
        scale: f64,
        /// Its degrees of freedom, at least 2.
        degrees: f64,
    },
}

impl Posterior {
    /// The expectation.
    #[must_use]
    pub(super) fn mean(&self) -> f64 {
        match *self {
            Self::Beta { alpha, beta } => alpha / (alpha + beta),
            Self::Student { location, .. } => location,
        }
    }

    /// The distribution of 1 − mean of a rate, else of −mean: what is least becomes what is greatest.
    #[must_use]
    pub(super) fn mirrored(self) -> Self {
        match self {
            Self::Beta { alpha, beta } => Self::Beta { alpha: beta, beta: alpha },
            Self::Student { location, scale, degrees } => {
                Self::Student { location: -location, scale, degrees }
            }
        }
    }
}

/// Puts the posteriors of all arms into a list; answers the number that must be added to their means.
pub(super) fn fill_posteriors(
    algorithm: &BanditAlgorithm,
    arms: &[ArmTotals],
    posteriors: &mut Vec<Posterior>,
) -> f64 {
    posteriors.clear();
    match algorithm {
        BanditAlgorithm::ThompsonBeta(prior) => {
            posteriors.extend(arms.iter().map(|arm| beta(prior, arm)));
            0.0
        }
        BanditAlgorithm::ThompsonNormal(prior) => fill_student(prior, arms, posteriors),
        // They need no posterior to decide; what is told of their arms assumes nothing of their rewards.
        BanditAlgorithm::Ucb1 { .. } | BanditAlgorithm::EpsilonGreedy { .. } => {
            fill_student(&NormalPrior::default(), arms, posteriors)
        }
    }
}

fn beta(prior: &BetaPrior, arm: &ArmTotals) -> Posterior {
    // Sums of fractions may round to a little more than their number.
    let successes = arm.reward_sum().clamp(0.0, arm.count);
    Posterior::Beta { alpha: prior.alpha + successes, beta: prior.beta + (arm.count - successes) }
}

/// The normal-inverse-gamma update (Murphy 2007, section 3), about an origin that the arms share.
fn fill_student(prior: &NormalPrior, arms: &[ArmTotals], posteriors: &mut Vec<Posterior>) -> f64 {
    let origin = common_origin(arms);
    let prior_mean = prior.mean.map_or_else(|| pooled_mean(arms, origin), |mean| mean - origin);
    let variance = prior.variance.unwrap_or_else(|| usual_variance(arms, origin));
    posteriors.extend(arms.iter().map(|arm| {
        let mean = arm.mean_from(origin).unwrap_or(prior_mean);
        let count = prior.count + arm.count;
        let shape = prior.variance_shape + arm.count / 2.0;
        let surprise = (mean - prior_mean).powi(2) * (prior.count * arm.count / count);
        let rate = prior.variance_shape * variance + (arm.squared_deviations() + surprise) / 2.0;
        Posterior::Student {
            location: prior_mean + (mean - prior_mean) * (arm.count / count),
            scale: (rate / (shape * count)).sqrt(),
            degrees: 2.0 * shape,
        }
    }));
    let largest = posteriors.iter().map(|posterior| posterior.mean().abs()).fold(0.0, f64::max);
    let least = (largest * LEAST_RELATIVE_SCALE).max(1e-150);
    for posterior in posteriors {
        if let Posterior::Student { scale, .. } = posterior {
            *scale = scale.max(least);
        }
    }
    origin
}

/// The variance within the arms; where that is nothing yet, the one over all rewards, else 1.
fn usual_variance(arms: &[ArmTotals], origin: f64) -> f64 {
    let within: f64 = arms.iter().map(ArmTotals::squared_deviations).sum();
    let freedom: f64 = arms.iter().map(|arm| (arm.count - 1.0).max(0.0)).sum();
    if within > 0.0 && freedom > 0.0 {
        return within / freedom;
    }
    let all = pooled_mean(arms, origin);
    let between: f64 =
        arms.iter().filter_map(|arm| Some((arm.mean_from(origin)? - all).powi(2) * arm.count)).sum();
    let count: f64 = arms.iter().map(|arm| arm.count).sum();
    if between > 0.0 { (within + between) / count.max(1.0) } else { 1.0 }
}
