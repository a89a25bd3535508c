//! A learner: late, repeated and corrected rewards, replicas, forgetting, epochs, variants switched off.

use pointsman_model::{BanditDefinition, HalfLife};
use pointsman_policy::{BanditLearner, Merged, ReplicaTotals, Reward};
use proptest::{collection::vec, prelude::*};
use rand::{SeedableRng, rngs::SmallRng};

use crate::support::{BETA, NORMAL, assert_near, bare, checked};

fn learner(definition: BanditDefinition, variant_count: usize) -> BanditLearner {
    BanditLearner::new(checked(definition), variant_count, 1).unwrap()
}

fn reward(variant: u8, decided_at: f64, value: f64) -> Reward {
    Reward { variant, epoch: 1, decided_at, value }
}

fn table(learner: &mut BanditLearner) -> Vec<f64> {
    let table = learner.update().unwrap();
    (0..3).map(|variant| table.probability(variant)).collect()
}

#[test]
fn the_same_calls_give_the_same_tables_and_draws() {
    let run = || {
        let mut learner = learner(bare(BETA), 3);
        let mut rng = SmallRng::seed_from_u64(5);
        let mut decisions = Vec::new();
        for number in 0..2_000_u32 {
            let decision = learner.decide(&mut rng);
            let at = learner.observe_decision(decision.variant).unwrap();
            let value = f64::from(u8::from(number % 3 == u32::from(decision.variant)));
            learner.observe_reward(&reward(decision.variant, at, value)).unwrap();
            if number.is_multiple_of(50) {
                learner.update().unwrap();
            }
            decisions.push((learner.table().version(), decision));
        }
        decisions
    };
    let decisions = run();
    assert_eq!(decisions, run());
    assert!(decisions.windows(2).all(|pair| pair[0].0 <= pair[1].0));
    assert_eq!(decisions[1_999].0, 41);
    assert!(decisions.iter().all(|(_, decision)| decision.reason.as_str() == "bandit"));
}

#[test]
fn totals_of_a_replica_count_once_however_often_they_come() {
    let mut one = learner(bare(BETA), 3);
    let mut other = learner(bare(BETA), 3);
    for (learner, variant) in [(&mut one, 0), (&mut other, 1)] {
        for _ in 0..10 {
            learner.observe_decision(variant).unwrap();
            learner.observe_reward(&reward(variant, 0.0, 0.5)).unwrap();
        }
    }
    let early = other.totals().clone();
    other.observe_decision(2).unwrap();
    let late = other.totals().clone();
    assert_eq!(one.merge(7, &late), Ok(Merged::Taken));
    assert_eq!(one.merge(7, &late), Ok(Merged::Known));
    assert_eq!(one.merge(7, &early), Ok(Merged::Known));
    let pulls: Vec<u64> = one.merged_totals().iter().map(|arm| arm.pulls).collect();
    assert_eq!(pulls, [10, 10, 1]);
    assert_eq!(one.merged_totals()[1].reward_sum(), 5.0);
}

#[test]
fn replicas_that_know_of_each_other_have_the_same_shares() {
    let mut one = learner(bare(NORMAL), 3);
    let mut other = learner(bare(NORMAL), 3);
    for number in 0..300_u32 {
        let learner = if number.is_multiple_of(2) { &mut one } else { &mut other };
        let variant = (number % 3) as u8;
        learner.observe_decision(variant).unwrap();
        let value = 1e9 + f64::from(number % 7) + f64::from(variant) / 3.0;
        learner.observe_reward(&reward(variant, 0.0, value)).unwrap();
    }
    one.merge(2, &other.totals().clone()).unwrap();
    other.merge(1, &one.totals().clone()).unwrap();
    assert_near(&table(&mut one), &table(&mut other), 1e-6);
}

#[test]
fn rewards_of_an_earlier_epoch_and_of_no_arm_are_not_counted() {
    let mut learner = learner(bare(BETA), 3);
    learner.observe_decision(1).unwrap();
    let before = learner.totals().clone();
    assert_eq!(learner.reset(), Ok(2));
    assert_eq!(learner.observe_reward(&reward(1, 0.0, 1.0)), Ok(false));
    assert_eq!(learner.merge(4, &before), Ok(Merged::OtherEpoch));
    assert_eq!(learner.totals().arms[1].count, 0.0);
    assert_eq!(learner.totals().epoch, 2);
    assert!(learner.observe_decision(3).unwrap_err().to_string().starts_with("variant: 3"));
    let wrong = Reward { epoch: 2, ..reward(0, 0.0, 1.5) };
    assert!(learner.observe_reward(&wrong).unwrap_err().to_string().starts_with("reward: 1.5"));
    let short = ReplicaTotals::new(2, 2);
    assert!(learner.merge(4, &short).unwrap_err().to_string().starts_with("arms: 2 arms"));
}

#[test]
fn after_a_restart_it_goes_on_from_what_it_knew() {
    let mut before = learner(bare(BETA), 3);
    before.observe_decision(2).unwrap();
    before.observe_reward(&reward(2, 0.0, 1.0)).unwrap();
    let mut after = learner(bare(BETA), 3);
    assert_eq!(after.restore(before.totals().clone()), Ok(Merged::Taken));
    assert_eq!(table(&mut after), table(&mut before));
}

#[test]
fn a_variant_that_is_switched_off_is_never_drawn_and_keeps_what_was_learnt() {
    let mut learner = learner(BanditDefinition::default(), 3);
    for _ in 0..100 {
        learner.observe_decision(1).unwrap();
        learner.observe_reward(&reward(1, 0.0, 1.0)).unwrap();
    }
    let with = table(&mut learner);
    learner.set_enabled(1, false).unwrap();
    assert_near(&table(&mut learner), &[0.5, 0.0, 0.5], 1e-8);
    let mut rng = SmallRng::seed_from_u64(2);
    assert!((0..100_000).all(|_| learner.decide(&mut rng).variant != 1));
    learner.set_enabled(1, true).unwrap();
    assert_eq!(table(&mut learner), with);
    learner.set_enabled(0, false).unwrap();
    learner.set_enabled(1, false).unwrap();
    assert!(learner.set_enabled(2, false).unwrap_err().to_string().starts_with("variants: the last"));
}

#[test]
fn what_is_a_half_life_old_counts_half() {
    let definition = BanditDefinition { half_life: Some(HalfLife::Seconds(60.0)), ..bare(BETA) };
    let mut learner = learner(definition, 3);
    for (seconds, value) in [(0.0, 1.0), (60.0, 0.5), (120.0, 0.25)] {
        learner.set_seconds(seconds);
        let at = learner.observe_decision(0).unwrap();
        learner.observe_reward(&reward(0, at, value)).unwrap();
    }
    let arm = learner.merged_totals()[0];
    assert_near(
        &[arm.weighted_pulls, arm.count, arm.reward_sum(), arm.pulls as f64],
        &[1.75, 1.75, 0.25 + 0.25 + 0.25, 3.0],
        1e-12,
    );
    // A thousand half-lives later the weights of new calls are as they were, and the old ones are gone.
    learner.set_seconds(60_000.0);
    let at = learner.observe_decision(0).unwrap();
    learner.observe_reward(&reward(0, at, 1.0)).unwrap();
    let arm = learner.merged_totals()[0];
    assert_near(
        &[arm.weighted_pulls, arm.count, arm.reward_sum(), arm.pulls as f64],
        &[1.0, 1.0, 1.0, 4.0],
        1e-12,
    );
}

proptest! {
    /// However late, in whatever order, with wrong values first and by whichever replica: the same shares.
    #[test]
    fn late_and_corrected_rewards_end_where_prompt_ones_do(
        calls in vec((0_u8..3, 0.0..=1.0_f64, 0.0..=1.0_f64, any::<bool>()), 1..80),
        order in any::<u64>(),
        half_life in proptest::option::of(5.0..50.0_f64),
    ) {
        let definition =
            BanditDefinition { half_life: half_life.map(HalfLife::Decisions), ..bare(BETA) };
        let mut prompt = learner(definition, 3);
        let mut late = learner(definition, 3);
        let mut waiting = Vec::new();
        for (variant, value, wrong, is_corrected) in calls {
            let at = prompt.observe_decision(variant).unwrap();
            prompt.observe_reward(&reward(variant, at, value)).unwrap();
            let at = late.observe_decision(variant).unwrap();
            waiting.push((variant, at, value, wrong, is_corrected));
        }
        waiting.sort_by_key(|(_, at, ..)| (*at as u64 + 1).wrapping_mul(order | 1));
        for &(variant, at, value, wrong, is_corrected) in &waiting {
            late.observe_reward(&reward(variant, at, if is_corrected { wrong } else { value })).unwrap();
        }
        for &(variant, at, value, wrong, _) in waiting.iter().filter(|(.., is_corrected)| *is_corrected) {
            late.correct_reward(&reward(variant, at, value), wrong).unwrap();
        }
        assert_near(&table(&mut late), &table(&mut prompt), 1e-6);
    }
}
