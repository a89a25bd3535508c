//! Thompson sampling, without the sampling: shares are the probabilities of being best.

use pointsman_model::{BanditAlgorithm, MetricDirection};

use super::{
    arm_totals::ArmTotals,
    best_arm::{Scratch, find_best},
    posterior::{Posterior, fill_posteriors},
};

/// What the posteriors say of all arms together.
pub(super) struct Outlook {
    /// Each arm's probability of being the best.
    pub(super) best: Vec<f64>,
    /// The expected mean of the best.
    pub(super) best_value: f64,
    /// What must be added to the means of the posteriors, which are left in the scratch.
    pub(super) origin: f64,
}

/// Weighs the arms by their posteriors.
pub(super) fn outlook(
    algorithm: &BanditAlgorithm,
    direction: MetricDirection,
    arms: &[ArmTotals],
    scratch: &mut Scratch,
) -> Outlook {
    let mut posteriors = std::mem::take(&mut scratch.posteriors);
    let origin = fill_posteriors(algorithm, arms, &mut posteriors);
    let mut best = vec![0.0; arms.len()];
    let best_value = match direction {
        MetricDirection::Maximise => find_best(&posteriors, scratch, &mut best),
        MetricDirection::Minimise => {
            let mirrored: Vec<Posterior> = posteriors.iter().map(|posterior| posterior.mirrored()).collect();
            let value = find_best(&mirrored, scratch, &mut best);
            if matches!(algorithm, BanditAlgorithm::ThompsonBeta(_)) { 1.0 - value } else { -value }
        }
    };
    scratch.posteriors = posteriors;
    Outlook { best, best_value: best_value + origin, origin }
}
