//! What is mixed into an algorithm's shares: epsilon, warm-up, the floor, the uniform slice.

use pointsman_model::{BanditAlgorithm, BanditDefinition};
use pointsman_policy::{ArmTotals, Scratch, allocate};
use proptest::{collection::vec, prelude::*};

use crate::support::{BETA, NORMAL, assert_near, bare, checked, rates, shares};

fn greedy(epsilon: f64) -> BanditDefinition {
    bare(BanditAlgorithm::EpsilonGreedy { epsilon })
}

#[test]
fn epsilon_is_split_over_all_arms_and_the_rest_over_the_best_of_them() {
    assert_near(
        &shares(greedy(0.3), &rates(&[(10, 5.0), (10, 6.0), (10, 1.0)]), 1.0),
        &[0.1, 0.8, 0.1],
        1e-12,
    );
    assert_near(
        &shares(greedy(0.3), &rates(&[(10, 6.0), (5, 3.0), (9, 1.0)]), 1.0),
        &[0.45, 0.45, 0.1],
        1e-12,
    );
}

#[test]
fn means_that_differ_by_rounding_are_a_tie() {
    let mut one = ArmTotals::default();
    let mut other = ArmTotals::default();
    for (forth, back) in [(0.1, 0.7), (0.2, 0.2), (0.7, 0.1)] {
        one.add_pulls(1, 1.0);
        other.add_pulls(1, 1.0);
        one.add_reward(forth, 1.0);
        other.add_reward(back, 1.0);
    }
    assert_near(&shares(greedy(0.0), &[one, other], 1.0), &[0.5, 0.5], 1e-12);
}

#[test]
fn an_arm_that_waits_for_its_first_reward_is_not_the_best() {
    let waiting = ArmTotals::from_sums(50, 0.0, 0.0, 0.0);
    let others = rates(&[(10, 1.0), (10, 2.0)]);
    assert_near(&shares(greedy(0.0), &[waiting, others[0], others[1]], 1.0), &[0.0, 0.0, 1.0], 1e-12);
    assert_near(&shares(greedy(0.0), &[waiting, waiting], 1.0), &[0.5, 0.5], 1e-12);
}

#[test]
fn the_floor_is_a_total() {
    let definition = BanditDefinition { exploration_floor: 0.3, ..bare(BETA) };
    assert_near(
        &shares(definition, &rates(&[(1_000, 900.0), (1_000, 1.0), (1_000, 2.0)]), 1.0),
        &[0.8, 0.1, 0.1],
        1e-9,
    );
}

#[test]
fn arms_below_the_warm_up_get_equal_shares_first() {
    let definition = BanditDefinition { warm_up_pulls: 100, ..bare(BETA) };
    let arms = rates(&[(1_000, 900.0), (99, 0.0), (10, 10.0)]);
    assert_near(&shares(definition, &arms, 1.0), &[0.0, 0.5, 0.5], 1e-12);
    let warm = BanditDefinition { exploration_floor: 0.06, ..definition };
    assert_near(&shares(warm, &arms, 1.0), &[0.02, 0.49, 0.49], 1e-12);
}

#[test]
fn a_long_interval_is_not_spent_on_the_warm_up() {
    let definition = BanditDefinition { warm_up_pulls: 100, ..bare(BETA) };
    let shares = shares(definition, &rates(&[(10_000, 9_000.0), (0, 0.0)]), 10_000.0);
    let alone = crate::support::shares(bare(BETA), &rates(&[(10_000, 9_000.0), (0, 0.0)]), 1.0);
    assert_near(&shares, &[0.99 * alone[0], 0.01 + 0.99 * alone[1]], 1e-9);
}

#[test]
fn a_warm_up_counts_calls_that_have_faded() {
    let definition = BanditDefinition { warm_up_pulls: 100, ..bare(BETA) };
    let faded = ArmTotals { weighted_pulls: 0.1, ..ArmTotals::from_sums(100, 0.1, 0.05, 0.05) };
    assert_near(&shares(definition, &[faded, faded], 1.0), &[0.5, 0.5], 1e-12);
    let mut fresh = faded;
    fresh.pulls = 0;
    assert_near(&shares(definition, &[faded, fresh], 1.0), &[0.0, 1.0], 1e-12);
}

#[test]
fn totals_that_mean_nothing_are_refused_with_their_field() {
    let good = ArmTotals::from_sums(10, 10.0, 5.0, 5.0);
    let cases = [
        (ArmTotals { count: f64::NAN, ..good }, "totals[1].count: NaN"),
        (ArmTotals { count: -1.0, ..good }, "totals[1].count: -1"),
        (ArmTotals { weighted_pulls: f64::INFINITY, ..good }, "totals[1].weighted_pulls: inf"),
        (ArmTotals { sum: f64::NAN, ..good }, "totals[1].sum: NaN"),
        (ArmTotals { sum: 11.0, ..good }, "totals[1].sum: 11 is no sum of that many rewards"),
        (ArmTotals { sum: -1.0, ..good }, "totals[1].sum: -1 is no sum"),
        (ArmTotals { sum_of_squares: f64::INFINITY, ..good }, "totals[1].sum_of_squares: inf"),
    ];
    for (bad, start) in cases {
        let refused = allocate(&checked(bare(BETA)), &[good, bad], 1.0, &mut Scratch::default()).unwrap_err();
        assert!(refused.to_string().starts_with(start), "{refused}");
    }
    let refused = allocate(&checked(bare(BETA)), &[], 1.0, &mut Scratch::default()).unwrap_err();
    assert!(refused.to_string().starts_with("totals: there is no arm"), "{refused}");
}

proptest! {
    #[test]
    fn shares_add_up_to_one_and_none_is_below_its_part_of_the_exploration(
        arms in vec((0_u64..1_000_000, 0.0..=1.0_f64), 1..30),
        floor in 0.0..=1.0_f64,
        slice in prop_oneof![Just(0.0), 0.0..=1.0_f64],
        warm_up_pulls in 0_u64..1_000,
        expected_pulls in prop_oneof![Just(1.0), 1.0..1e6_f64],
        algorithm in prop_oneof![
            Just(BETA), Just(NORMAL),
            (0.0..3.0_f64).prop_map(|alpha| BanditAlgorithm::Ucb1 { alpha }),
            (0.0..=1.0_f64).prop_map(|epsilon| BanditAlgorithm::EpsilonGreedy { epsilon }),
        ],
    ) {
        let arms: Vec<(u64, f64)> = arms.iter().map(|&(pulls, rate)| (pulls, pulls as f64 * rate)).collect();
        let definition = BanditDefinition {
            exploration_floor: floor, uniform_slice: slice, warm_up_pulls, ..bare(algorithm)
        };
        let settings = checked(definition);
        let allocation =
            allocate(&settings, &rates(&arms), expected_pulls, &mut Scratch::default()).unwrap();
        let (exploration, marked) = settings.exploration();
        prop_assert!((allocation.shares.iter().sum::<f64>() - 1.0).abs() < 1e-12);
        let least = exploration / arms.len() as f64 - 1e-12;
        prop_assert!(allocation.shares.iter().all(|share| *share >= least && *share <= 1.0 + 1e-12));
        prop_assert_eq!(allocation.uniform_slice, if marked { slice } else { 0.0 });
    }
}
