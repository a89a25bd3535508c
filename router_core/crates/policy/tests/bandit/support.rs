//! Settings, totals and shares in a line.

use pointsman_model::{
    BanditAlgorithm, BanditDefinition, BanditSettings, BetaPrior, MetricDirection, NormalPrior,
};
use pointsman_policy::{ArmTotals, Scratch, allocate};

pub const BETA: BanditAlgorithm = BanditAlgorithm::ThompsonBeta(BetaPrior { alpha: 1.0, beta: 1.0 });

pub const NORMAL: BanditAlgorithm = BanditAlgorithm::ThompsonNormal(NormalPrior {
    mean: None,
    count: 1.0,
    variance: None,
    variance_shape: 1.0,
});

/// Without exploration, so that shares are those of the algorithm alone.
pub fn bare(algorithm: BanditAlgorithm) -> BanditDefinition {
    BanditDefinition { algorithm, exploration_floor: 0.0, ..BanditDefinition::default() }
}

pub fn minimising(definition: BanditDefinition) -> BanditDefinition {
    BanditDefinition { direction: MetricDirection::Minimise, ..definition }
}

pub fn checked(definition: BanditDefinition) -> BanditSettings {
    BanditSettings::build(definition, 2).unwrap()
}

/// So many rewards of 1 in so many calls, all others 0.
pub fn rates(arms: &[(u64, f64)]) -> Vec<ArmTotals> {
    arms.iter().map(|&(pulls, sum)| ArmTotals::from_sums(pulls, pulls as f64, sum, sum)).collect()
}

pub fn shares(definition: BanditDefinition, arms: &[ArmTotals], expected_pulls: f64) -> Vec<f64> {
    allocate(&checked(definition), arms, expected_pulls, &mut Scratch::default()).unwrap().shares
}

pub fn assert_near(one: &[f64], other: &[f64], tolerance: f64) {
    assert_eq!(one.len(), other.len());
    let near = one.iter().zip(other).all(|(one, other)| (one - other).abs() <= tolerance);
    assert!(near, "{one:?} is not {other:?}, give or take {tolerance}");
}
