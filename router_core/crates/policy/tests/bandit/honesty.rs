//! Propensities are the probabilities that draws have, while they change.

use pointsman_model::BanditDefinition;
use pointsman_policy::{BanditLearner, Reward};
use rand::{RngExt, SeedableRng, rngs::SmallRng};

use crate::support::{BETA, checked};

const RATES: [f64; 3] = [0.10, 0.11, 0.12];

/// Decides so many times, learning as it goes, and hands each decision's variant, propensity, mark and reward on.
fn run(
    definition: BanditDefinition,
    count: usize,
    seed: u64,
    mut each: impl FnMut(usize, f64, bool, f64),
) -> u64 {
    let mut learner = BanditLearner::new(checked(definition), RATES.len(), 1).unwrap();
    let mut rng = SmallRng::seed_from_u64(seed);
    for number in 1..=count {
        let decision = learner.decide(&mut rng);
        let variant = usize::from(decision.variant);
        let value = f64::from(u8::from(rng.random::<f64>() < RATES[variant]));
        each(variant, decision.propensity, decision.reason.as_str() == "exploration", value);
        let decided_at = learner.observe_decision(decision.variant).unwrap();
        let reward = Reward { variant: decision.variant, epoch: 1, decided_at, value };
        learner.observe_reward(&reward).unwrap();
        if number.is_multiple_of(count / 200) {
            learner.update().unwrap();
        }
    }
    learner.table().version()
}

#[test]
fn calls_weighed_by_their_propensities_give_each_arm_every_call() {
    let count = 300_000;
    let mut weights = [(0.0, 0.0); 3];
    let versions = run(
        BanditDefinition { exploration_floor: 0.06, ..BanditDefinition::default() },
        count,
        3,
        |variant, propensity, _, _| {
            weights[variant].0 += 1.0 / propensity;
            weights[variant].1 += 1.0 / (propensity * propensity);
        },
    );
    assert!(versions > 100, "{versions} tables");
    for (sum, squares) in weights {
        let mean = sum / count as f64;
        let error = (squares / count as f64 - mean * mean).sqrt() / (count as f64).sqrt();
        assert!((mean - 1.0).abs() < 4.0 * error, "{mean} ± {error}");
    }
}

#[test]
fn marked_calls_are_the_slice_and_spread_evenly_over_the_arms() {
    let count = 300_000;
    let mut marked = [0_u32; 3];
    run(
        BanditDefinition { uniform_slice: 0.12, ..BanditDefinition::default() },
        count,
        4,
        |variant, _, is_marked, _| {
            marked[variant] += u32::from(is_marked);
        },
    );
    // Each arm's are binomial with 0.04: 12,000 give or take 107.
    assert!(marked.iter().all(|marked| marked.abs_diff(12_000) < 450), "{marked:?}");
}

#[test]
#[ignore = "200 runs; `make torture` runs them"]
fn intervals_of_weighed_rewards_hold_the_truth_as_often_as_they_say() {
    let (runs, count) = (200_u64, 20_000_usize);
    let mut held = [0_u64; 3];
    for seed in 0..runs {
        let mut sums = [(0.0, 0.0); 3];
        run(
            BanditDefinition { exploration_floor: 0.15, algorithm: BETA, ..BanditDefinition::default() },
            count,
            seed,
            |variant, propensity, _, value| {
                sums[variant].0 += value / propensity;
                sums[variant].1 += (value / propensity).powi(2);
            },
        );
        for ((sum, squares), (rate, held)) in sums.iter().zip(RATES.iter().zip(&mut held)) {
            let mean = sum / count as f64;
            let error = ((squares / count as f64 - mean * mean) / count as f64).sqrt();
            *held += u64::from((mean - rate).abs() <= 1.96 * error);
        }
    }
    let all: u64 = held.iter().sum();
    let part = all as f64 / (3 * runs) as f64;
    assert!((0.92..=0.98).contains(&part), "{part}: {held:?}");
}
