//! Totals of arms: they add up, keep fractions and digits, and forget exactly.

use pointsman_policy::ArmTotals;
use proptest::{collection::vec, prelude::*};

use crate::support::assert_near;

fn of(rewards: &[f64]) -> ArmTotals {
    let mut totals = ArmTotals::default();
    for reward in rewards {
        totals.add_pulls(1, 1.0);
        totals.add_reward(*reward, 1.0);
    }
    totals
}

/// What two totals must agree on, whatever they are about.
fn figures(totals: &ArmTotals, number: f64) -> [f64; 5] {
    let mean = totals.mean_from(number).unwrap_or(0.0);
    [totals.pulls as f64, totals.weighted_pulls, totals.count, mean, totals.squared_deviations()]
}

#[test]
fn the_variance_of_rewards_near_a_trillion_keeps_its_digits() {
    let rewards: Vec<f64> = (0..10_000).map(|number| 1e12 + f64::from(number % 5) / 4.0).collect();
    let totals = of(&rewards);
    assert_near(&[totals.squared_deviations() / 10_000.0], &[0.125], 1e-9);
    assert_eq!(totals.mean_from(1e12), Some(0.5));
}

proptest! {
    #[test]
    fn merging_is_counting_together(
        one in vec(-5.0..5.0_f64, 0..40), other in vec(-5.0..5.0_f64, 0..40),
        offset in prop_oneof![Just(0.0), Just(1e6)],
    ) {
        let far = |rewards: &[f64]| rewards.iter().map(|reward| reward + offset).collect::<Vec<_>>();
        let (one, other) = (far(&one), far(&other));
        let together = of(&[one.clone(), other.clone()].concat());
        let merged = of(&one).merged(of(&other));
        assert_near(&figures(&merged, offset), &figures(&together, offset), 1e-6);
        assert_near(&figures(&of(&other).merged(of(&one)), offset), &figures(&together, offset), 1e-6);
    }

    #[test]
    fn merging_does_not_depend_on_grouping(parts in vec(vec(-5.0..5.0_f64, 0..10), 3)) {
        let [a, b, c] = [of(&parts[0]), of(&parts[1]), of(&parts[2])];
        let (left, right) = (a.merged(b).merged(c), a.merged(b.merged(c)));
        assert_near(&figures(&left, 0.0), &figures(&right, 0.0), 1e-9);
    }

    #[test]
    fn a_corrected_reward_is_as_if_the_right_one_had_come(
        rewards in vec(0.0..1.0_f64, 1..40), wrong in 0.0..1.0_f64, place in any::<prop::sample::Index>(),
    ) {
        let place = place.index(rewards.len());
        let mut first = rewards.clone();
        first[place] = wrong;
        let mut totals = of(&first);
        totals.correct_reward(wrong, rewards[place], 1.0);
        assert_near(&figures(&totals, 0.0), &figures(&of(&rewards), 0.0), 1e-9);
    }
}
