//! Less is better is the mirror image of more is better.

use pointsman_model::{BanditAlgorithm, BanditDefinition, BetaPrior, NormalPrior};
use pointsman_policy::{ArmTotals, Assessment, Scratch};
use proptest::{collection::vec, prelude::*};

use crate::support::{assert_near, bare, checked, minimising, rates, shares};

fn mirrored_rates(arms: &[(u64, f64)]) -> Vec<ArmTotals> {
    rates(&arms.iter().map(|&(pulls, sum)| (pulls, pulls as f64 - sum)).collect::<Vec<_>>())
}

fn mirrored(arms: &[ArmTotals]) -> Vec<ArmTotals> {
    arms.iter().map(|arm| ArmTotals { origin: -arm.origin, sum: -arm.sum, ..*arm }).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn of_rates(
        arms in vec((0_u64..100_000, 0.0..=1.0_f64), 2..7),
        (alpha, beta) in (0.1..5.0_f64, 0.1..5.0_f64),
        mixed in (0.0..0.5_f64, 0_u64..100, 1.0..1_000.0_f64),
    ) {
        let arms: Vec<(u64, f64)> = arms.iter().map(|&(pulls, rate)| (pulls, pulls as f64 * rate)).collect();
        let (exploration_floor, warm_up_pulls, expected) = mixed;
        let definition = |alpha, beta| BanditDefinition {
            exploration_floor,
            warm_up_pulls,
            ..bare(BanditAlgorithm::ThompsonBeta(BetaPrior { alpha, beta }))
        };
        let least = shares(minimising(definition(alpha, beta)), &rates(&arms), expected);
        assert_near(&least, &shares(definition(beta, alpha), &mirrored_rates(&arms), expected), 1e-9);
    }

    #[test]
    fn of_means_indices_and_greed(
        arms in vec((0_u64..10_000, -1e3..1e3_f64, 0.0..100.0_f64), 2..7),
        prior_mean in proptest::option::of(-10.0..10.0_f64),
        expected in prop_oneof![Just(1.0), 1.0..10_000.0_f64],
        which in 0..3,
    ) {
        let totals: Vec<ArmTotals> = arms
            .iter()
            .map(|&(pulls, mean, variance)| {
                let count = pulls as f64;
                ArmTotals { origin: mean, ..ArmTotals::from_sums(pulls, count, 0.0, count * variance) }
            })
            .collect();
        let definition = |prior_mean| bare(match which {
            0 => BanditAlgorithm::ThompsonNormal(NormalPrior { mean: prior_mean, ..NormalPrior::default() }),
            1 => BanditAlgorithm::Ucb1 { alpha: 20.0 },
            _ => BanditAlgorithm::EpsilonGreedy { epsilon: 0.2 },
        });
        let least = shares(minimising(definition(prior_mean)), &totals, expected);
        let most = shares(definition(prior_mean.map(|mean| -mean)), &mirrored(&totals), expected);
        assert_near(&least, &most, 1e-9);
    }

    #[test]
    fn of_what_is_told_of_the_arms(arms in vec((0_u64..10_000, 0.0..=1.0_f64), 2..5)) {
        let arms: Vec<(u64, f64)> = arms.iter().map(|&(pulls, rate)| (pulls, pulls as f64 * rate)).collect();
        let definition = bare(BanditAlgorithm::default());
        let mut scratch = Scratch::default();
        let least = Assessment::of(&checked(minimising(definition)), &rates(&arms), &mut scratch).unwrap();
        let most = Assessment::of(&checked(definition), &mirrored_rates(&arms), &mut scratch).unwrap();
        prop_assert!((least.best_value - (1.0 - most.best_value)).abs() < 1e-6);
        for (index, (least, most)) in least.arms.iter().zip(&most.arms).enumerate() {
            assert_near(
                &[least.mean, least.low, least.high, least.best],
                &[1.0 - most.mean, 1.0 - most.high, 1.0 - most.low, most.best],
                1e-6,
            );
            prop_assert!(index < arms.len());
        }
        for arm in 0..arms.len() {
            prop_assert!((least.regret(arm) - most.regret(arm)).abs() < 1e-6);
        }
    }
}
