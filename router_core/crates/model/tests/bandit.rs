//! A bandit's settings and its table: what is refused, and what is drawn.

#![expect(clippy::unwrap_used, reason = "what cannot be built fails the test that builds it")]

use pointsman_model::{
    BanditAlgorithm, BanditDefinition, BanditSettings, BanditTable, BetaPrior, HalfLife, NormalPrior,
};
use proptest::{collection::vec, prelude::*};

fn said(definition: BanditDefinition) -> String {
    BanditSettings::build(definition, 3).unwrap_err().to_string()
}

fn with(algorithm: BanditAlgorithm) -> BanditDefinition {
    BanditDefinition { algorithm, ..BanditDefinition::default() }
}

#[test]
fn the_defaults_are_taken_for_one_to_a_hundred_arms() {
    for arm_count in [1, 2, 100] {
        let settings = BanditSettings::build(BanditDefinition::default(), arm_count).unwrap();
        assert_eq!(settings.exploration(), (0.05, false));
        assert_eq!(settings.definition().algorithm.as_str(), "thompson_beta");
    }
    for arm_count in [0, 101] {
        let refused = BanditSettings::build(BanditDefinition::default(), arm_count).unwrap_err();
        assert!(refused.to_string().starts_with(&format!("variants: {arm_count} enabled")), "{refused}");
    }
}

#[test]
fn each_wrong_value_is_refused_with_its_field() {
    let beta = |alpha, beta| with(BanditAlgorithm::ThompsonBeta(BetaPrior { alpha, beta }));
    let normal = |prior| with(BanditAlgorithm::ThompsonNormal(prior));
    let plain = NormalPrior::default();
    let base = BanditDefinition::default();
    let cases = [
        (beta(f64::NAN, 1.0), "thompson_beta.prior_alpha: NaN"),
        (beta(0.0, 1.0), "thompson_beta.prior_alpha: 0"),
        (beta(1.0, f64::INFINITY), "thompson_beta.prior_beta: inf"),
        (normal(NormalPrior { mean: Some(f64::NAN), ..plain }), "thompson_normal.prior_mean: NaN"),
        (normal(NormalPrior { count: 0.0, ..plain }), "thompson_normal.prior_count: 0"),
        (normal(NormalPrior { variance: Some(0.0), ..plain }), "thompson_normal.prior_variance: 0"),
        (normal(NormalPrior { variance_shape: 0.5, ..plain }), "thompson_normal.prior_variance_shape: 0.5"),
        (with(BanditAlgorithm::Ucb1 { alpha: -1.0 }), "ucb1.alpha: -1"),
        (with(BanditAlgorithm::EpsilonGreedy { epsilon: 1.5 }), "epsilon_greedy.epsilon: 1.5"),
        (with(BanditAlgorithm::EpsilonGreedy { epsilon: f64::NAN }), "epsilon_greedy.epsilon: NaN"),
        (BanditDefinition { exploration_floor: 1.01, ..base }, "exploration_floor: 1.01"),
        (BanditDefinition { exploration_floor: -0.01, ..base }, "exploration_floor: -0.01"),
        (BanditDefinition { uniform_slice: f64::NAN, ..base }, "uniform_slice: NaN"),
        (BanditDefinition { half_life: Some(HalfLife::Decisions(0.0)), ..base }, "half_life.decisions: 0"),
        (BanditDefinition { half_life: Some(HalfLife::Seconds(f64::NAN)), ..base }, "half_life: NaN"),
        (BanditDefinition { warm_up_pulls: u64::MAX, ..base }, "warm_up_pulls: 18446744073709551615"),
    ];
    for (definition, start) in cases {
        let said = said(definition);
        assert!(said.starts_with(start), "{said}");
    }
}

#[test]
fn rewards_outside_0_to_1_are_no_rates() {
    let rates = BanditSettings::build(BanditDefinition::default(), 2).unwrap();
    let numbers =
        BanditSettings::build(with(BanditAlgorithm::ThompsonNormal(NormalPrior::default())), 2).unwrap();
    assert!([0.0, 0.25, 1.0].iter().all(|reward| rates.check_reward(*reward).is_ok()));
    assert!([-0.1, 1.1, f64::NAN].iter().all(|reward| rates.check_reward(*reward).is_err()));
    assert!([-1e99, 0.0, 1e12].iter().all(|reward| numbers.check_reward(*reward).is_ok()));
    assert!([f64::NAN, f64::INFINITY, 1e200].iter().all(|reward| numbers.check_reward(*reward).is_err()));
}

#[test]
fn a_uniform_slice_replaces_the_floor() {
    let definition = BanditDefinition { uniform_slice: 0.1, ..BanditDefinition::default() };
    assert_eq!(BanditSettings::build(definition, 2).unwrap().exploration(), (0.1, true));
}

proptest! {
    /// Counts every draw of a grid over both parts that a draw reads.
    #[test]
    fn marks_split_the_slice_evenly_and_leave_the_shares_alone(
        preferred in vec(0.0..1.0, 2..6),
        slice in 0.01..1.0,
    ) {
        let sum: f64 = preferred.iter().sum();
        prop_assume!(sum > 0.1);
        let count = preferred.len() as f64;
        let shares: Vec<f64> =
            preferred.iter().map(|share| slice / count + (1.0 - slice) * share / sum).collect();
        let table = BanditTable::build(&shares, slice, 7).unwrap();
        prop_assert_eq!(table.version(), 7);
        for (variant, share) in (0_u8..).zip(&shares) {
            prop_assert!((table.probability(variant) - share).abs() < 1e-8);
            let marked = (0_u64..4_096).filter(|part| table.is_uniform(variant, part << 44)).count();
            let expected = slice / count / share * 4_096.0;
            prop_assert!((marked as f64 - expected).abs() <= 1.0, "{marked} for {expected}");
        }
    }
}

proptest! {
    /// Records carry the probabilities of the table that decided; it is built again from them (ADR 0004).
    #[test]
    fn a_table_that_is_built_again_from_its_probabilities_draws_the_same(
        weights in vec(prop_oneof![Just(0.0), 0.0..1.0, 1e-12..1e-9], 1..=100),
        slice in prop_oneof![Just(0.0), 0.0..=1.0],
        draws in vec(any::<u64>(), 64),
    ) {
        prop_assume!(weights.iter().any(|weight| *weight > 0.0));
        let table = BanditTable::build(&weights, slice, 7).unwrap();
        let probabilities: Vec<f64> =
            (0_u8..).take(weights.len()).map(|variant| table.probability(variant)).collect();
        let again = BanditTable::from_probabilities(&probabilities, slice).unwrap().numbered(7);
        prop_assert!(again.draws_like(&table));
        for draw in draws {
            let variant = table.draw(draw);
            prop_assert_eq!(again.draw(draw), variant);
            prop_assert_eq!(again.is_uniform(variant, draw), table.is_uniform(variant, draw));
            prop_assert_eq!(again.probability(variant).to_bits(), table.probability(variant).to_bits());
        }
        prop_assert_eq!(again, table);
    }
}

#[test]
fn what_are_no_probabilities_of_a_table_builds_none() {
    for probabilities in [&[0.3, 0.7][..], &[0.5, 0.25], &[-0.5, 1.5], &[f64::NAN, 1.0], &[], &[0.0]] {
        assert!(BanditTable::from_probabilities(probabilities, 0.0).is_err(), "{probabilities:?}");
    }
}

#[test]
fn a_variant_without_a_share_is_never_drawn_nor_marked() {
    let table = BanditTable::build(&[0.0, 0.5, 0.5, 0.0], 0.2, 1).unwrap();
    for part in 0..100_000_u64 {
        let random = part.wrapping_mul(0x9E37_79B9_7F4A_7C15);
        assert!(matches!(table.draw(random), 1 | 2));
    }
    assert!(!table.is_uniform(0, 0) && table.is_uniform(1, 0));
    assert_eq!((table.probability(0), table.probability(200)), (0.0, 0.0));
}
