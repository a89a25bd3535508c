//! Going back to shares that were in force: the fewest moves, and as much of the former table as they allow.

#![expect(clippy::unwrap_used, reason = "what cannot be built fails the test that builds it")]

use std::collections::HashMap;

use pointsman_policy::{ReallocationError, reallocate_slots};
use proptest::{collection::vec, prelude::*};

type Runs = Vec<(u16, u16)>;

const SLOTS: u16 = 10_000;

/// How many slots are the row's variant's in one table and the column's in the other.
fn overlap(first: &[(u16, u16)], second: &[(u16, u16)], variants: usize) -> Vec<Vec<u16>> {
    let mut matrix = vec![vec![0; variants]; variants];
    let mut others = second.iter().copied();
    let (mut other, mut room) = (0, 0);
    for &(owner, mut left) in first {
        while left > 0 {
            if room == 0 {
                (other, room) = others.next().unwrap();
            }
            let length = left.min(room);
            matrix[usize::from(owner)][usize::from(other)] += length;
            left -= length;
            room -= length;
        }
    }
    matrix
}

fn counts(runs: &[(u16, u16)], variants: usize) -> Vec<u16> {
    let mut counts = vec![0; variants];
    for &(variant, length) in runs {
        counts[usize::from(variant)] += length;
    }
    counts
}

fn agreement(first: &[(u16, u16)], second: &[(u16, u16)], variants: usize) -> u16 {
    overlap(first, second, variants).iter().enumerate().map(|(variant, row)| row[variant]).sum()
}

/// The most slots that can be as in `goal` after the fewest moves from `now`: what is there already, and by the
/// theorem of the least cut what can go there.
fn most_agreement(now: &[(u16, u16)], goal: &[(u16, u16)], variants: usize) -> u16 {
    let (have, want) = (counts(now, variants), counts(goal, variants));
    let between = overlap(now, goal, variants);
    let surplus = |variant: usize| have[variant].saturating_sub(want[variant]);
    let deficit = |variant: usize| want[variant].saturating_sub(have[variant]);
    let cut = |inside: u32| -> u16 {
        let givers = || (0..variants).filter(move |giver| inside >> giver & 1 == 1);
        let outside: u16 = (0..variants).filter(|giver| inside >> giver & 1 == 0).map(surplus).sum();
        let into = |home: usize| deficit(home).min(givers().map(|giver| between[giver][home]).sum());
        outside + (0..variants).map(into).sum::<u16>()
    };
    // Who has nothing to give or no room is on the side where it costs nothing, so all subsets will do.
    agreement(now, goal, variants) + (0..1_u32 << variants).map(cut).min().unwrap()
}

/// A router that remembers its tables, the latest first.
struct Walk {
    table: Runs,
    former: Vec<Runs>,
}

impl Walk {
    fn begin(shares: &[f64]) -> Self {
        Self { table: as_input(reallocate_slots(&[], shares, &[]).unwrap().runs), former: Vec::new() }
    }

    fn step(&mut self, shares: &[f64]) -> u16 {
        let next = reallocate_slots(&self.table, shares, &self.former).unwrap();
        self.former.insert(0, std::mem::replace(&mut self.table, as_input(next.runs)));
        next.moved
    }
}

fn as_input(runs: Vec<(u8, u16)>) -> Runs {
    runs.into_iter().map(|(variant, length)| (variant.into(), length)).collect()
}

/// A few splits, and a walk among them that comes by each of them again and again.
fn walks() -> impl Strategy<Value = (Vec<Vec<f64>>, Vec<prop::sample::Index>)> {
    let share = prop_oneof![1 => Just(0.0), 4 => (1..10_u8).prop_map(f64::from), 4 => 0.01..100.0];
    (2..7_usize).prop_flat_map(move |variants| {
        let split =
            vec(share.clone(), variants).prop_filter("some share", |split| split.iter().sum::<f64>() > 0.0);
        (vec(split, 2..5), vec(any::<prop::sample::Index>(), 3..9))
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(10_000))]

    #[test]
    fn each_step_of_any_walk_moves_the_fewest_and_a_return_agrees_the_most((splits, steps) in walks()) {
        let variants = splits[0].len();
        let mut walk = Walk::begin(&splits[0]);
        let mut in_force: HashMap<Vec<u16>, Runs> = HashMap::new();
        for step in steps {
            let now = walk.table.clone();
            in_force.insert(counts(&now, variants), now.clone());
            let moved = walk.step(&splits[step.index(splits.len())]);
            let next = walk.table.clone();
            let (had, has) = (counts(&now, variants), counts(&next, variants));
            let least: u16 = had.iter().zip(&has).map(|(had, has)| has.saturating_sub(*had)).sum();
            prop_assert_eq!(SLOTS - agreement(&now, &next, variants), least);
            prop_assert_eq!(moved, least);
            if let Some(former) = in_force.get(&has) {
                prop_assert_eq!(agreement(&next, former, variants), most_agreement(&now, former, variants));
            }
        }
    }

    #[test]
    fn one_change_there_and_back_moves_nobody_on_balance_wherever_the_walk_led((splits, steps) in walks()) {
        let mut walk = Walk::begin(&splits[0]);
        for step in &steps {
            walk.step(&splits[step.index(splits.len())]);
        }
        for (first, second) in splits.iter().zip(splits.iter().skip(1)) {
            walk.step(first);
            let before = walk.table.clone();
            let there = walk.step(second);
            let back = walk.step(first);
            prop_assert_eq!(&walk.table, &before);
            prop_assert_eq!(there, back);
        }
    }

    #[test]
    fn a_return_agrees_as_much_in_any_order_of_the_variants(
        (splits, steps) in walks(), seed in any::<u64>(),
    ) {
        let variants = splits[0].len();
        // Rotations and a mirror reach every neighbourhood that matters to an order of work.
        let place = |variant: usize| match seed % 2 {
            0 => (variant + seed as usize / 2 % variants) % variants,
            _ => variants - 1 - variant,
        };
        let mut walk = Walk::begin(&splits[0]);
        for step in &steps {
            walk.step(&splits[step.index(splits.len())]);
        }
        let reordered = |runs: &Runs| -> Runs {
            runs.iter().map(|&(variant, length)| (place(variant.into()) as u16, length)).collect()
        };
        let mut other = Walk { table: reordered(&walk.table), former: walk.former.iter().map(reordered).collect() };
        // Ties of shares go by the order, so the counts of the former table are given as shares.
        let goal = walk.former.last().unwrap().clone();
        let shares: Vec<f64> = counts(&goal, variants).into_iter().map(f64::from).collect();
        let mut shares_of_other = vec![0.0; variants];
        for (variant, share) in shares.iter().enumerate() {
            shares_of_other[place(variant)] = *share;
        }
        // The last of equal counts counts; here only the goal is offered.
        walk.former = vec![goal.clone()];
        other.former = vec![reordered(&goal)];
        prop_assert_eq!(walk.step(&shares), other.step(&shares_of_other));
        prop_assert_eq!(
            agreement(&walk.table, &goal, variants),
            agreement(&other.table, &reordered(&goal), variants)
        );
    }
}

#[test]
fn a_former_table_of_other_counts_or_of_a_variant_that_went_away_is_no_home() {
    let now = vec![(0, 5_000), (1, 5_000)];
    let others = [vec![(1, 2_000), (0, 8_000)], vec![(2, 3_000), (0, 7_000)]];
    let without = reallocate_slots(&now, &[70.0, 30.0], &[]).unwrap();
    assert_eq!(reallocate_slots(&now, &[70.0, 30.0], &others).unwrap(), without);
    let former = vec![(0, 5_000), (1, 3_000), (0, 2_000)];
    let with = reallocate_slots(&now, &[70.0, 30.0], &[others[0].clone(), former]).unwrap();
    assert_eq!(with.runs, [(0, 5_000), (1, 3_000), (0, 2_000)]);
}

#[test]
fn a_former_table_of_another_length_is_refused() {
    let refused = reallocate_slots(&[(0, SLOTS)], &[1.0], &[vec![(0, 1)]]);
    assert_eq!(refused, Err(ReallocationError::WrongLength { slots: 1 }));
}

#[test]
fn the_most_variants_there_can_be_go_back_in_a_moment() {
    let shares: Vec<f64> = (0..255).map(|variant| f64::from(1 + variant * 7 % 31)).collect();
    let reversed: Vec<f64> = shares.iter().rev().copied().collect();
    let mut walk = Walk::begin(&shares);
    for step in 0..12 {
        walk.step(&vec![1.0 + f64::from(step); 255]);
        walk.step(&reversed);
        walk.step(&shares);
    }
    let before = walk.table.clone();
    walk.step(&reversed);
    walk.step(&shares);
    assert_eq!(walk.table, before);
}
