//! Thompson's shares are the probabilities of being best.

use pointsman_model::{BanditAlgorithm, BetaPrior, NormalPrior};
use pointsman_policy::ArmTotals;
use proptest::{collection::vec, prelude::*};

use crate::{
    reference::{Arm, probabilities_of_being_best},
    support::{BETA, NORMAL, assert_near, bare, rates, shares},
};

/// What the shares may differ from the true probabilities by.
const ALLOWED: f64 = 0.002;

fn beta_shares(arms: &[(u64, f64)]) -> Vec<f64> {
    shares(bare(BETA), &rates(arms), 1.0)
}

fn beta_reference(arms: &[(u64, f64)], prior: f64) -> Vec<f64> {
    let arm = |&(pulls, sum): &(u64, f64)| Arm::Beta { alpha: prior + sum, beta: prior + pulls as f64 - sum };
    probabilities_of_being_best(&arms.iter().map(arm).collect::<Vec<_>>())
}

#[test]
fn of_two_rates_the_better_has_the_probability_that_is_known() {
    let shares = beta_shares(&[(10_000, 1_000.0), (10_000, 1_100.0)]);
    assert_near(&shares, &[1.0 - 0.989_457_353_8, 0.989_457_353_8], 1e-7);
}

#[test]
fn arms_of_which_nothing_is_known_are_alike() {
    for arm_count in [2, 3, 10, 100] {
        let even = vec![1.0 / arm_count as f64; arm_count];
        assert_near(&beta_shares(&vec![(0, 0.0); arm_count]), &even, 1e-9);
        assert_near(&shares(bare(NORMAL), &vec![ArmTotals::default(); arm_count], 1.0), &even, 1e-9);
    }
}

/// Beta(1, 1) against Beta(n + 1, 1): P(the latter is greater) = (n + 1) / (n + 2).
#[test]
fn a_rate_of_one_beats_an_unknown_one_as_often_as_it_must() {
    for pulls in [1, 10, 1_000, 1_000_000] {
        let known = (pulls as f64 + 1.0) / (pulls as f64 + 2.0);
        assert_near(&beta_shares(&[(0, 0.0), (pulls, pulls as f64)]), &[1.0 - known, known], 1e-6);
    }
}

#[test]
fn narrow_peaks_between_wide_ones_are_not_missed() {
    let cases: [&[(u64, f64)]; 6] = [
        &[(5_000_000, 500_000.0), (0, 0.0), (3, 1.0)],
        &[(5_000_000, 500_000.0), (5_000_000, 500_700.0), (10, 1.0)],
        &[(4_000_000, 1.0), (4_000_000, 3.0), (0, 0.0)],
        &[(4_000_000, 3_999_999.0), (2, 2.0), (100, 100.0)],
        &[(100_000_000, 50_000_000.0), (100_000_000, 50_002_000.0)],
        &[(0, 0.0), (1, 1.0), (10, 9.0), (1_000, 880.0), (100_000, 88_000.0), (10_000_000, 8_800_000.0)],
    ];
    for case in cases {
        assert_near(&beta_shares(case), &beta_reference(case, 1.0), 1e-5);
    }
}

#[test]
fn a_hundred_arms_are_weighed_whether_alike_or_not() {
    let alike: Vec<(u64, f64)> = (0..100).map(|arm| (1_000, 100.0 + f64::from(arm % 7))).collect();
    let mixed: Vec<(u64, f64)> =
        (0..100_u32).map(|arm| (10_u64.pow(arm % 7), f64::from(arm % 2) * 0.5)).collect();
    for case in [alike, mixed] {
        assert_near(&beta_shares(&case), &beta_reference(&case, 1.0), 1e-4);
    }
}

/// One arm is wide and one narrow: half and half by symmetry, whatever the widths.
#[test]
fn equal_means_of_unequal_certainty_are_best_equally_often() {
    let arm = |scale: f64| ArmTotals { origin: 5.0, ..ArmTotals::from_sums(4, 4.0, 0.0, 4.0 * scale) };
    let prior = NormalPrior { variance: Some(1e-12), ..NormalPrior::default() };
    let definition = bare(BanditAlgorithm::ThompsonNormal(prior));
    assert_near(&shares(definition, &[arm(1e-12), arm(1e12)], 1.0), &[0.5, 0.5], 1e-4);
}

#[test]
fn a_mean_of_a_trillion_is_as_good_as_one_of_nothing() {
    let rewards = [[0.5, -1.0, 1.5, 0.0], [1.5, 0.5, 2.0, 0.25], [-2.0, 1.0, 0.0, -1.0]];
    let totals = |offset: f64| {
        rewards.map(|rewards| {
            let mut totals = ArmTotals::default();
            for reward in rewards {
                totals.add_pulls(1, 1.0);
                totals.add_reward(offset + reward, 1.0);
            }
            totals
        })
    };
    assert_near(&shares(bare(NORMAL), &totals(1e12), 1.0), &shares(bare(NORMAL), &totals(0.0), 1.0), 1e-9);
}

#[test]
fn the_unit_of_rewards_does_not_matter() {
    let totals = |unit: f64| {
        [[1.0, 2.0, 4.0], [2.0, 3.0, 3.5], [0.0, 5.0, 1.0]].map(|rewards| {
            let mut totals = ArmTotals::default();
            rewards.iter().for_each(|reward| totals.add_reward(reward * unit, 1.0));
            totals
        })
    };
    let expected = shares(bare(NORMAL), &totals(1.0), 1.0);
    for unit in [1e-9, 1e-3, 1e9] {
        assert_near(&shares(bare(NORMAL), &totals(unit), 1.0), &expected, 1e-9);
    }
}

fn pulls_and_sum() -> impl Strategy<Value = (u64, f64)> {
    // From no calls to ten million, with rates near 0, near 1 and between; fractions are kept.
    (0.0..7.0_f64, prop_oneof![0.0..1.0, 0.0..0.001, 0.999..1.0, Just(0.0), Just(1.0)]).prop_map(
        |(magnitude, rate)| {
            let pulls = magnitude.exp2().powf(3.3).floor() as u64 - 1;
            (pulls, pulls as f64 * rate)
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn shares_of_rates_are_those_of_a_fine_grid(
        arms in vec(pulls_and_sum(), 2..7),
        prior in prop_oneof![Just(1.0), Just(0.5), 0.05..20.0],
    ) {
        let algorithm = BanditAlgorithm::ThompsonBeta(BetaPrior { alpha: prior, beta: prior });
        let shares = shares(bare(algorithm), &rates(&arms), 1.0);
        assert_near(&shares, &beta_reference(&arms, prior), ALLOWED);
        prop_assert!((shares.iter().sum::<f64>() - 1.0).abs() < 1e-12);
    }

    /// Many rewards whose means are near each other: where the probabilities are neither 0 nor 1.
    #[test]
    fn shares_of_close_rates_are_those_of_a_fine_grid(
        pulls in 10_u64..5_000_000,
        rate in 0.01..0.99_f64,
        distances in vec(-2.0..2.0_f64, 2..7),
    ) {
        let deviation = (rate * (1.0 - rate) * pulls as f64).sqrt();
        let sum = |distance: &f64| (rate * pulls as f64 + distance * deviation).clamp(0.0, pulls as f64);
        let arms: Vec<(u64, f64)> = distances.iter().map(|distance| (pulls, sum(distance))).collect();
        assert_near(&beta_shares(&arms), &beta_reference(&arms, 1.0), 1e-4);
    }

    #[test]
    fn shares_of_means_are_those_of_a_fine_grid(
        arms in vec((0_u32..2_000, -3.0..3.0_f64, -3.0..3.0_f64), 2..6),
        shape in 1.0..10.0_f64,
    ) {
        let prior = NormalPrior { mean: Some(0.5), count: 0.7, variance: Some(2.0), variance_shape: shape };
        let mut totals = Vec::new();
        let mut references = Vec::new();
        for (count, mean, ln_deviation) in arms {
            let count = f64::from(count);
            let squares = count * ln_deviation.exp().powi(2);
            totals.push(ArmTotals::from_sums(count as u64, count, count * mean, squares + count * mean * mean));
            let known = 0.7 + count;
            let rate = shape * 2.0 + squares / 2.0 + 0.7 * count * (mean - 0.5).powi(2) / (2.0 * known);
            let degrees = 2.0 * shape + count;
            let scale = (rate / (shape + count / 2.0) / known).sqrt();
            references.push(Arm::Student { location: (0.7 * 0.5 + count * mean) / known, scale, degrees });
        }
        let shares = shares(bare(BanditAlgorithm::ThompsonNormal(prior)), &totals, 1.0);
        assert_near(&shares, &probabilities_of_being_best(&references), ALLOWED);
    }
}
