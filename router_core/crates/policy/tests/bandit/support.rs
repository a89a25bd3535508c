//! Settings, totals and shares in a line.

use pointsman_model::{
    BanditAlgorithm, BanditDefinition, BanditSettings, BetaPrior, MetricDirection, NormalPrior,
};
use pointsman_policy::{ArmTotals, Scratch, allocate};

pub(crate) const BETA: BanditAlgorithm = BanditAlgorithm::ThompsonBeta(BetaPrior { alpha: 1.0, beta: 1.0 });

pub(crate) const NORMAL: BanditAlgorithm = BanditAlgorithm::ThompsonNormal(NormalPrior {
    mean: None,
    count: 1.0,
    variance: None,
    variance_shape: 1.0,
});

/// Without exploration, so that shares are those of the algorithm alone.
pub(crate) fn bare(algorithm: BanditAlgorithm) -> BanditDefinition {
    BanditDefinition { algorithm, exploration_floor: 0.0, ..BanditDefinition::default() }
}

pub(crate) fn minimising(definition: BanditDefinition) -> BanditDefinition {
    BanditDefinition { direction: MetricDirection::Minimise, ..definition }
}

pub(crate) fn checked(definition: BanditDefinition) -> BanditSettings {
    BanditSettings::build(definition, 2).unwrap()
}

/// So many rewards of 1 in so many calls, all others 0.
pub(crate) fn rates(arms: &[(u64, f64)]) -> Vec<ArmTotals> {
    arms.iter().map(|&(pulls, sum)| ArmTotals::from_sums(pulls, pulls as f64, sum, sum)).collect()
}

pub(crate) fn shares(definition: BanditDefinition, arms: &[ArmTotals], expected_pulls: f64) -> Vec<f64> {
    allocate(&checked(definition), arms, expected_pulls, &mut Scratch::default()).unwrap().shares
}

pub(crate) fn assert_near(one: &[f64], other: &[f64], tolerance: f64) {
    assert_eq!(one.len(), other.len());
    let near = one.iter().zip(other).all(|(one, other)| (one - other).abs() <= tolerance);
    assert!(near, "{one:?} is not {other:?}, give or take {tolerance}");
}
