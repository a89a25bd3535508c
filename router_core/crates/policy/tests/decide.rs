//! Decisions: sticky, by weight, with exact propensities.

#![expect(clippy::unwrap_used, clippy::panic, reason = "what cannot be built fails the test that builds it")]

use pointsman_model::{
    Fallback, Id, ModelKey, Policy, PolicyDefinition, Router, RouterDefinition, RouterSettings, Split,
    SplitDefinition, Variant, VariantRole,
};
use pointsman_policy::{
    Decision, RandomisedBy, Reason, Request, VariantSet, decide, reallocate_slots, slot_of_unit, stand_in,
};
use proptest::{collection::vec, prelude::*};
use rand::{Rng, SeedableRng, rngs::SmallRng};

const SALT: [u8; 16] = *b"0123456789abcdef";

/// An enabled variant has a weight, a disabled one none.
fn router_with_table(weights: &[Option<f64>], sticky: bool, salt: [u8; 16], runs: &[(u16, u16)]) -> Router {
    let shares: Vec<f64> = weights.iter().map(|weight| weight.unwrap_or(0.0)).collect();
    let variants = weights
        .iter()
        .enumerate()
        .map(|(index, weight)| Variant {
            name: Id::parse(&format!("v{index}")).unwrap(),
            model: ModelKey { model_id: Id::parse("m").unwrap(), version: Id::parse("1").unwrap() },
            weight: weight.unwrap_or(50.0),
            enabled: weight.is_some(),
            role: VariantRole::default(),
        })
        .collect();
    let slot_runs = reallocate_slots(runs, &shares, &[]).unwrap().runs;
    let policy = PolicyDefinition::Weighted(SplitDefinition { sticky, salt, slot_runs });
    let settings = RouterSettings::default();
    Router::build(RouterDefinition { id: Id::parse("r").unwrap(), variants, policy, settings }).unwrap()
}

/// How a router's calls are split.
fn split(router: &Router) -> &Split {
    let Policy::Weighted(split) = &router.policy else { panic!("{:?} is not weighted", router.policy) };
    split
}

fn router(weights: &[Option<f64>], sticky: bool) -> Router {
    router_with_table(weights, sticky, SALT, &[])
}

fn for_unit(router: &Router, unit: &str) -> Decision {
    // The random bits must not matter to a unit, so each decision gets others.
    let mut rng = SmallRng::seed_from_u64(unit.len() as u64);
    decide(router, &Request::of(Some(unit)), &mut rng)
}

/// Pearson's statistic of counts against probabilities.
fn chi_square(counts: &[u64], probabilities: &[f64]) -> f64 {
    let total = counts.iter().sum::<u64>() as f64;
    counts
        .iter()
        .zip(probabilities)
        .filter(|(_, probability)| **probability > 0.0)
        .map(|(&count, probability)| (count as f64 - total * probability).powi(2) / (total * probability))
        .sum()
}

/// The 99.9 % quantile of chi-square, by Wilson and Hilferty's approximation.
fn chi_square_limit(degrees_of_freedom: usize) -> f64 {
    let degrees = degrees_of_freedom as f64;
    let spread = 2.0 / (9.0 * degrees);
    degrees * (1.0 - spread + 3.090 * spread.sqrt()).powi(3)
}

#[test]
fn a_unit_keeps_its_variant_whatever_is_drawn() {
    let router = router(&[Some(70.0), Some(30.0)], true);
    let mut rng = SmallRng::seed_from_u64(1);
    for number in 0..1_000 {
        let unit = format!("user-{number}");
        let request = Request::of(Some(&unit));
        let first = decide(&router, &request, &mut rng);
        assert!((0..20).all(|_| decide(&router, &request, &mut rng) == first), "{unit}");
    }
}

#[test]
fn a_sticky_decision_says_how_it_came_about() {
    let router = router(&[Some(70.0), Some(30.0)], true);
    let decision = for_unit(&router, "user-1");
    let slot = slot_of_unit(&SALT, "user-1");
    assert_eq!(decision.slot(), Some(slot));
    assert_eq!(decision.draw % 10_000, u64::from(slot));
    assert_eq!(decision.variant, split(&router).slots.variant(slot));
    assert_eq!((decision.reason, decision.randomised_by), (Reason::Slot, RandomisedBy::Entity));
}

#[test]
fn without_a_unit_or_stickiness_each_request_is_drawn_anew() {
    let weights = [Some(70.0), Some(30.0)];
    for (sticky, entity_id) in [(true, None), (false, Some("user-1")), (false, None)] {
        let router = router(&weights, sticky);
        let mut rng = SmallRng::seed_from_u64(7);
        let mut twin = SmallRng::seed_from_u64(7);
        let decisions: Vec<Decision> =
            (0..100).map(|_| decide(&router, &Request::of(entity_id), &mut rng)).collect();
        for decision in &decisions {
            assert_eq!(decision.draw, twin.next_u64());
            assert_eq!(decision.variant, split(&router).alias.draw(decision.draw));
            assert_eq!(decision.slot(), None);
            assert_eq!((decision.reason, decision.randomised_by), (Reason::Weight, RandomisedBy::Request));
        }
        assert!(decisions.iter().any(|decision| decision.variant != decisions[0].variant));
    }
}

#[test]
fn units_change_their_variant_only_where_their_slot_moved() {
    let before = router(&[Some(70.0), Some(30.0), None], true);
    let runs = [(0, 7_000), (1, 3_000)];
    let after = router_with_table(&[Some(40.0), Some(30.0), Some(30.0)], true, SALT, &runs);
    for number in 0..20_000 {
        let unit = format!("user-{number}");
        let (old, new) = (for_unit(&before, &unit), for_unit(&after, &unit));
        assert_eq!(old.slot(), new.slot());
        assert!(old.variant == new.variant || (old.variant, new.variant) == (0, 2), "{unit}");
    }
}

#[test]
fn units_spread_over_the_variants_by_share() {
    let weights = [Some(50.0), Some(30.0), Some(15.0), Some(5.0)];
    let router = router(&weights, true);
    let mut counts = [0; 4];
    for number in 0..200_000 {
        counts[usize::from(for_unit(&router, &format!("user-{number}")).variant)] += 1;
    }
    let statistic = chi_square(&counts, &[0.5, 0.3, 0.15, 0.05]);
    assert!(statistic < chi_square_limit(3), "{statistic}: {counts:?}");
}

#[test]
fn over_the_salts_one_unit_spreads_by_share_too() {
    let mut rng = SmallRng::seed_from_u64(11);
    let mut counts = [0; 4];
    let mut router = router(&[Some(50.0), Some(30.0), Some(15.0), Some(5.0)], true);
    for _ in 0..200_000 {
        let Policy::Weighted(split) = &mut router.policy else { panic!("it is not weighted") };
        rng.fill_bytes(&mut split.salt);
        counts[usize::from(for_unit(&router, "user-1").variant)] += 1;
    }
    let statistic = chi_square(&counts, &[0.5, 0.3, 0.15, 0.05]);
    assert!(statistic < chi_square_limit(3), "{statistic}: {counts:?}");
}

#[test]
fn splits_with_other_salts_are_independent() {
    let weights = [Some(50.0), Some(50.0)];
    let (first, second) =
        (router(&weights, true), router_with_table(&weights, true, *b"fedcba9876543210", &[]));
    let mut counts = [0; 4];
    for number in 0..200_000 {
        let unit = format!("user-{number}");
        counts[usize::from(for_unit(&first, &unit).variant * 2 + for_unit(&second, &unit).variant)] += 1;
    }
    let statistic = chi_square(&counts, &[0.25; 4]);
    assert!(statistic < chi_square_limit(3), "{statistic}: {counts:?}");
}

#[test]
fn units_fill_the_slots_evenly() {
    let mut counts = vec![0; 10_000];
    for number in 0..1_000_000 {
        counts[usize::from(slot_of_unit(&SALT, &format!("user-{number}")))] += 1;
    }
    let statistic = chi_square(&counts, &[1e-4; 10_000]);
    assert!(statistic < chi_square_limit(9_999), "{statistic}");
}

#[test]
fn draws_follow_the_weights() {
    let mut rng = SmallRng::seed_from_u64(3);
    for weights in [vec![70.0, 30.0], vec![1.0, 2.0, 3.0], (1..=100).map(f64::from).collect()] {
        let variants: Vec<Option<f64>> = weights.iter().copied().map(Some).collect();
        let router = router(&variants, false);
        let mut counts = vec![0; weights.len()];
        for _ in 0..1_000_000 {
            counts[usize::from(decide(&router, &Request::default(), &mut rng).variant)] += 1;
        }
        let sum: f64 = weights.iter().sum();
        let probabilities: Vec<f64> = weights.iter().map(|weight| weight / sum).collect();
        let statistic = chi_square(&counts, &probabilities);
        assert!(statistic < chi_square_limit(weights.len() - 1), "{statistic}: {counts:?}");
    }
}

#[test]
fn variants_of_no_weight_and_disabled_ones_are_never_picked() {
    let weights = [Some(0.0), Some(60.0), None, Some(40.0), Some(0.0)];
    let mut rng = SmallRng::seed_from_u64(5);
    for sticky in [true, false] {
        let router = router(&weights, sticky);
        for number in 0..200_000 {
            let unit = number.to_string();
            let decision = decide(&router, &Request::of(Some(&unit)), &mut rng);
            assert!(matches!(decision.variant, 1 | 3), "{unit}: {decision:?}");
        }
    }
}

#[test]
fn the_only_variant_left_gets_every_call_with_certainty() {
    for sticky in [true, false] {
        let router = router(&[None, Some(1.0)], sticky);
        for number in 0..1_000 {
            let decision = for_unit(&router, &number.to_string());
            assert_eq!((decision.variant, decision.propensity), (1, 1.0));
        }
    }
}

#[test]
fn a_given_variant_is_certain_and_drawn_by_nothing() {
    let decision = Decision::given(3, Reason::Pin);
    assert_eq!((decision.variant, decision.propensity, decision.draw, decision.slot()), (3, 1.0, 0, None));
    assert_eq!((decision.reason.as_str(), decision.randomised_by), ("pin", RandomisedBy::Nothing));
}

proptest! {
    #[test]
    fn the_propensity_is_the_share_of_slots_or_the_alias_probability(
        weights in vec(prop_oneof![1 => Just(None), 4 => (0.1..100.0).prop_map(Some)], 1..20),
        unit in "\\PC{0,300}",
        seed: u64,
    ) {
        prop_assume!(weights.iter().any(Option::is_some));
        let sticky = router(&weights, true);
        let decision = for_unit(&sticky, &unit);
        let held = split(&sticky).slots.counts()[usize::from(decision.variant)];
        prop_assert_eq!(decision.propensity, f64::from(held) / 10_000.0);
        prop_assert!(weights[usize::from(decision.variant)].is_some());

        let drawn = router(&weights, false);
        let decision = decide(&drawn, &Request::default(), &mut SmallRng::seed_from_u64(seed));
        prop_assert_eq!(decision.propensity, split(&drawn).alias.probability(decision.variant));
        let sum: f64 = weights.iter().flatten().sum();
        let share = weights[usize::from(decision.variant)].unwrap_or(0.0) / sum;
        prop_assert!((decision.propensity - share).abs() < 1e-8, "{} for {}", decision.propensity, share);
    }

    #[test]
    fn propensities_of_all_variants_add_up_to_one(weights in vec(0.0..100.0, 2..100)) {
        prop_assume!(weights.iter().any(|weight| *weight > 0.0));
        let variants: Vec<Option<f64>> = weights.iter().copied().map(Some).collect();
        let router = router(&variants, true);
        let split = split(&router);
        let indices = 0..weights.len() as u8;
        let slots: u16 = split.slots.counts().iter().sum();
        prop_assert_eq!(slots, 10_000);
        prop_assert_eq!(indices.map(|index| split.alias.probability(index)).sum::<f64>(), 1.0);
    }
}

#[test]
fn stand_ins_go_by_the_shares_that_are_given_and_one_as_good_as_without_comes_last() {
    let mut router = router(&[Some(50.0), Some(25.0), Some(25.0)], false);
    router.settings.fallback = Fallback::AnyHealthy;
    let mut dead = VariantSet::default();
    dead.insert(0);
    let share = |variant: u8| [0.5, 0.45, 0.05].get(usize::from(variant)).copied().unwrap_or(0.0);
    let mut rng = SmallRng::seed_from_u64(7);
    let draws: Vec<u64> = (0..20_000).map(|_| rng.next_u64()).collect();
    let of_2 = draws.iter().filter(|draw| stand_in(&router, **draw, dead, share) == Some(2)).count();
    assert!((1_800..2_200).contains(&of_2), "a tenth of 20,000 were expected, not {of_2}");
    let starved = |variant: u8| if variant == 2 { 1e-12 } else { 0.5 };
    assert!(draws.iter().all(|draw| stand_in(&router, *draw, dead, starved) == Some(1)));
    dead.insert(1);
    assert!(draws.iter().all(|draw| stand_in(&router, *draw, dead, starved) == Some(2)));
    assert_eq!(stand_in(&router, 1, dead, |_| 0.0), None, "variants without a share get no calls");
}
