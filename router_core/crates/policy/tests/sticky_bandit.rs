//! A sticky bandit: entities go by slots, other calls are drawn, and both are of its epoch.

#![expect(clippy::unwrap_used, clippy::panic, reason = "what cannot be built fails the test that builds it")]

use pointsman_model::{
    BanditDefinition, BanditPolicy, BanditPolicyDefinition, Id, ModelKey, Policy, PolicyDefinition,
    SplitDefinition, StickyDefinition, Variant, VariantRole,
};
use pointsman_policy::{RandomisedBy, Reason, Request, decide_by_slot, reallocate_slots, slot_of_unit};
use proptest::{collection::vec, prelude::*};

const SALT: [u8; 16] = *b"0123456789abcdef";
const EPOCH: u64 = 5;

fn variants(count: usize) -> Vec<Variant> {
    let id = |text: &str| Id::parse(text).unwrap();
    let one = |index: usize| Variant {
        name: id(&format!("v{index}")),
        model: ModelKey { model_id: id("m"), version: id("1") },
        weight: 0.0,
        enabled: true,
        role: VariantRole::default(),
    };
    (0..count).map(one).collect()
}

fn definition(sticky: Option<Vec<(u8, u16)>>) -> BanditPolicyDefinition {
    let split = |slot_runs| StickyDefinition(SplitDefinition { sticky: true, salt: SALT, slot_runs });
    BanditPolicyDefinition {
        reward_terms: Vec::new(),
        settings: BanditDefinition {
            algorithm: pointsman_model::BanditAlgorithm::Ucb1 { alpha: 1.0 },
            ..BanditDefinition::default()
        },
        metric: "reward".to_owned(),
        declared: None,
        sticky: sticky.map(split),
        sticky_update_seconds: None,
        epoch: EPOCH,
        feedback_window_seconds: None,
        missing_reward: None,
    }
}

fn built(definition: BanditPolicyDefinition, variants: &[Variant]) -> Result<BanditPolicy, String> {
    match Policy::build(PolicyDefinition::Bandit(Box::new(definition)), variants) {
        Ok(Policy::Bandit(bandit)) => Ok(bandit),
        Ok(other) => panic!("{other:?}"),
        Err(error) => Err(error.to_string()),
    }
}

proptest! {
    #[test]
    fn an_entity_gets_the_arm_of_its_slot_with_the_arms_share_of_slots(
        shares in vec(0.01..1.0, 2..8),
        units in vec("[a-z0-9]{1,12}", 1..50),
    ) {
        let runs = reallocate_slots(&[], &shares, &[]).unwrap().runs;
        let owners: Vec<u8> =
            runs.iter().flat_map(|&(arm, length)| std::iter::repeat_n(arm, length.into())).collect();
        let bandit = built(definition(Some(runs)), &variants(shares.len())).unwrap();
        for unit in &units {
            let made = decide_by_slot(&bandit, &Request::of(Some(unit))).unwrap();
            let slot = slot_of_unit(&SALT, unit);
            prop_assert_eq!((made.variant, made.slot()), (owners[usize::from(slot)], Some(slot)));
            let held = owners.iter().filter(|owner| **owner == made.variant).count();
            prop_assert_eq!(made.propensity, held as f64 / 10_000.0);
            prop_assert_eq!((made.reason, made.randomised_by), (Reason::Slot, RandomisedBy::Entity));
            prop_assert_eq!(made.epoch(&Policy::Bandit(bandit.clone())), EPOCH);
        }
        prop_assert_eq!(decide_by_slot(&bandit, &Request::of(None)), None);
    }
}

#[test]
fn entities_of_other_bandits_are_drawn() {
    let bandit = built(definition(None), &variants(2)).unwrap();
    assert_eq!(decide_by_slot(&bandit, &Request::of(Some("e"))), None);
}

#[test]
fn what_cannot_be_is_refused_with_its_field() {
    let runs = vec![(0, 4_000), (1, 6_000)];
    let mut sliced = definition(Some(runs.clone()));
    sliced.settings.uniform_slice = 0.1;
    let said = built(sliced, &variants(2)).unwrap_err();
    assert!(said.starts_with("bandit.uniform_slice: 0.1 would be drawn"), "{said}");

    let mut off = variants(3);
    off[1].enabled = false;
    let said = built(definition(Some(runs)), &off).unwrap_err();
    assert_eq!(said, "slot_runs: variant \"v1\" is not enabled but holds slots");

    for (seconds, is_right) in
        [(10.0, true), (2_592_000.0, true), (9.9, false), (2_592_001.0, false), (f64::NAN, false)]
    {
        let mut paced = definition(None);
        paced.sticky_update_seconds = Some(seconds);
        let said = built(paced, &variants(2)).err();
        assert_eq!(said.is_none(), is_right, "{seconds}: {said:?}");
        assert!(said.is_none_or(|said| said.starts_with("bandit.sticky_update_interval: ")));
    }
}
