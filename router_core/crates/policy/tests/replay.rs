//! Decisions made again: the same comes out of the same draw.

#![expect(clippy::unwrap_used, reason = "what cannot be built fails the test that builds it")]

use pointsman_model::{
    Id, ModelKey, PolicyDefinition, Router, RouterDefinition, RouterSettings, SplitDefinition, Variant,
    VariantRole,
};
use pointsman_policy::{Request, decide, reallocate_slots, replay};
use proptest::{collection::vec, prelude::*};
use rand::{SeedableRng, rngs::SmallRng};

fn router(weights: &[f64], sticky: bool, salt: [u8; 16]) -> Router {
    let variant = |(index, weight): (usize, &f64)| Variant {
        name: Id::parse(&format!("v{index}")).unwrap(),
        model: ModelKey { model_id: Id::parse("m").unwrap(), version: Id::parse("1").unwrap() },
        weight: *weight,
        enabled: true,
        role: VariantRole::default(),
    };
    let variants = weights.iter().enumerate().map(variant).collect();
    let slot_runs = reallocate_slots(&[], weights, &[]).unwrap().runs;
    let policy = PolicyDefinition::Weighted(SplitDefinition { sticky, salt, slot_runs });
    let settings = RouterSettings::default();
    Router::build(RouterDefinition { id: Id::parse("r").unwrap(), variants, policy, settings }).unwrap()
}

proptest! {
    #[test]
    fn what_was_decided_is_decided_again(
        weights in vec(0.01_f64..100.0, 2..8),
        sticky in any::<bool>(),
        salt in any::<[u8; 16]>(),
        units in vec(prop::option::of("[a-z0-9]{1,80}"), 1..50),
        seed in any::<u64>(),
    ) {
        let router = router(&weights, sticky, salt);
        let mut rng = SmallRng::seed_from_u64(seed);
        for unit in &units {
            let request = Request::of(unit.as_deref());
            let decided = decide(&router, &request, &mut rng);
            prop_assert_eq!(replay(&router, &request, decided.draw), decided);
        }
    }

    #[test]
    fn an_entity_needs_no_draw(salt in any::<[u8; 16]>(), unit in "[a-z0-9]{1,80}", draw in any::<u64>()) {
        let router = router(&[70.0, 30.0], true, salt);
        let request = Request::of(Some(&unit));
        prop_assert_eq!(replay(&router, &request, draw), replay(&router, &request, 0));
    }
}
