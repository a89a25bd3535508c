//! UCB1: its index, and the shares that the index gives over an interval.

use pointsman_model::{BanditAlgorithm, BanditDefinition};
use pointsman_policy::{ArmTotals, ucb1_index};
use proptest::{collection::vec, prelude::*};

use crate::support::{assert_near, bare, rates, shares};

fn ucb1(alpha: f64) -> BanditDefinition {
    bare(BanditAlgorithm::Ucb1 { alpha })
}

/// MABWiser 2.7.4, alpha 1.
#[test]
fn the_index_is_that_of_mabwiser() {
    let first = [3.0, 7.0, 5.0].map(|successes| ucb1_index(successes / 10.0, 10.0, 30.0, 1.0));
    assert_near(&first, &[1.124_766_316_2, 1.524_766_316_2, 1.324_766_316_2], 1e-10);
    let then = [4.0, 8.0, 5.0].map(|successes| ucb1_index(successes / 11.0, 11.0, 33.0, 1.0));
    assert_near(&then, &[1.160_962_299_2, 1.524_598_662_8, 1.251_871_390_1], 1e-10);
}

#[test]
fn the_next_call_goes_to_the_greatest_index() {
    assert_near(&shares(ucb1(1.0), &rates(&[(10, 3.0), (10, 7.0), (10, 5.0)]), 1.0), &[0.0, 1.0, 0.0], 1e-9);
}

#[test]
fn arms_that_were_never_tried_come_first_and_share() {
    assert_near(&shares(ucb1(1.0), &rates(&[(0, 0.0), (10, 9.0), (0, 0.0)]), 1.0), &[0.5, 0.0, 0.5], 1e-12);
    assert_near(&shares(ucb1(1.0), &rates(&[(0, 0.0); 4]), 10_000.0), &[0.25; 4], 1e-9);
}

#[test]
fn without_doubt_the_best_means_share_everything() {
    assert_near(
        &shares(ucb1(0.0), &rates(&[(10, 5.0), (20, 10.0), (10, 4.0)]), 100.0),
        &[0.5, 0.5, 0.0],
        1e-12,
    );
}

#[test]
fn calls_whose_rewards_have_not_come_lower_an_arms_index() {
    let waiting = ArmTotals::from_sums(1_000, 10.0, 5.0, 5.0);
    let answered = ArmTotals::from_sums(10, 10.0, 5.0, 5.0);
    let shares = shares(ucb1(1.0), &[waiting, answered], 500.0);
    assert_near(&shares, &[0.0, 1.0], 1e-9);
}

proptest! {
    /// Asks the index anew before each call, as if no reward came meanwhile.
    #[test]
    fn an_intervals_shares_are_those_of_asking_before_each_call(
        arms in vec((1_u64..300, 0.0..1.0_f64), 2..8),
        alpha in 0.2..2.0_f64,
    ) {
        let totals: Vec<ArmTotals> = rates(&arms.iter().map(|&(n, rate)| (n, n as f64 * rate)).collect::<Vec<_>>());
        let interval = 5_000.0;
        let all = arms.iter().map(|&(pulls, _)| pulls as f64).sum::<f64>() + interval;
        let mut pulls: Vec<f64> = arms.iter().map(|&(pulls, _)| pulls as f64).collect();
        for _ in 0..5_000 {
            let index = |arm: &usize| ucb1_index(arms[*arm].1, pulls[*arm], all, alpha);
            let next = (0..arms.len()).max_by(|one, other| index(one).total_cmp(&index(other))).unwrap();
            pulls[next] += 1.0;
        }
        let asked: Vec<f64> =
            pulls.iter().zip(&arms).map(|(pulls, &(before, _))| (pulls - before as f64) / interval).collect();
        assert_near(&shares(ucb1(alpha), &totals, interval), &asked, 2.0 * arms.len() as f64 / interval);
    }
}
