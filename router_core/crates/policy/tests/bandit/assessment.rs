//! What is told of the arms: means, intervals, the probability of being best, expected regret.

use pointsman_model::{BanditAlgorithm, BetaPrior, NormalPrior};
use pointsman_policy::{ArmTotals, Assessment, Scratch};

use crate::support::{BETA, assert_near, bare, checked, rates};

fn assess(algorithm: BanditAlgorithm, arms: &[ArmTotals]) -> Assessment {
    Assessment::of(&checked(bare(algorithm)), arms, &mut Scratch::default()).unwrap()
}

fn interval(assessment: &Assessment, arm: usize) -> [f64; 2] {
    [assessment.arms[arm].low, assessment.arms[arm].high]
}

/// Beta(1, 1) is uniform; of Beta(n, 1) the distribution function is xⁿ; of Beta(½, ½) the arcsine's.
#[test]
fn intervals_of_rates_are_those_in_closed_form() {
    let assessment = assess(BETA, &rates(&[(0, 0.0), (1, 1.0), (99, 99.0)]));
    assert_near(&interval(&assessment, 0), &[0.025, 0.975], 1e-5);
    assert_near(&interval(&assessment, 1), &[0.025_f64.sqrt(), 0.975_f64.sqrt()], 1e-5);
    assert_near(&interval(&assessment, 2), &[0.025_f64.powf(0.01), 0.975_f64.powf(0.01)], 1e-5);
    let arcsine =
        assess(BanditAlgorithm::ThompsonBeta(BetaPrior { alpha: 0.5, beta: 0.5 }), &rates(&[(0, 0.0)]));
    let quantile = |part: f64| (std::f64::consts::FRAC_PI_2 * part).sin().powi(2);
    assert_near(&interval(&arcsine, 0), &[quantile(0.025), quantile(0.975)], 1e-5);
}

/// Student's with 2 degrees: t = (2p − 1) / √(2p(1 − p)).
#[test]
fn intervals_of_means_are_students() {
    let prior = NormalPrior { mean: Some(10.0), count: 1.0, variance: Some(4.0), variance_shape: 1.0 };
    let assessment = assess(BanditAlgorithm::ThompsonNormal(prior), &[ArmTotals::default()]);
    let t = 0.95 / (2.0 * 0.975 * 0.025_f64).sqrt();
    assert_near(&interval(&assessment, 0), &[10.0 - 2.0 * t, 10.0 + 2.0 * t], 3e-3);
}

/// With two uniform rates the greater is 2/3 on average, and a third better than a half.
#[test]
fn regret_is_what_the_best_is_expected_to_be_better_by() {
    let assessment = assess(BETA, &rates(&[(0, 0.0), (0, 0.0)]));
    assert_near(&[assessment.best_value, assessment.regret(0)], &[2.0 / 3.0, 1.0 / 6.0], 1e-6);
    assert_near(&[assessment.regret_of(&[6, 12])], &[3.0], 1e-5);
    let sure = assess(BETA, &rates(&[(1_000_000, 600_000.0), (1_000_000, 500_000.0)]));
    assert_near(&[sure.regret(0), sure.regret(1)], &[0.0, 0.1], 1e-5);
    assert_near(&[sure.arms[0].best, sure.arms[0].mean], &[1.0, 0.6], 1e-5);
}

#[test]
fn algorithms_without_a_posterior_are_told_of_by_the_rewards_that_came() {
    let mut arm = ArmTotals::default();
    (0..1_000).for_each(|number| arm.add_reward(1e12 + f64::from(number % 3), 1.0));
    let assessment = assess(BanditAlgorithm::Ucb1 { alpha: 1.0 }, &[arm, arm]);
    assert_near(&[assessment.arms[0].mean - 1e12], &[0.999], 1e-3);
    assert!((assessment.arms[0].high - assessment.arms[0].low) < 0.11);
    assert_near(&[assessment.arms[0].best], &[0.5], 1e-9);
}
