//! Shadows: no definition leads to one, and none has a part in shares.

#![expect(clippy::unwrap_used, reason = "what cannot be built fails the test that builds it")]

use pointsman_model::{
    CanaryDefinition, Id, ModelError, ModelKey, PolicyDefinition, Router, RouterDefinition, RouterSettings,
    SplitDefinition, TrafficOverride, Variant, VariantRole,
    rules::{ConditionDefinition, Operator, RuleDefinition, RulesDefinition, TargetDefinition},
};

fn id(text: &str) -> Id {
    Id::parse(text).unwrap()
}

fn variant(name: &str, version: &str, weight: f64, role: VariantRole) -> Variant {
    let model = ModelKey { model_id: id("m"), version: id(version) };
    Variant { name: id(name), model, weight, enabled: true, role }
}

fn split(slot_runs: &[(u8, u16)]) -> SplitDefinition {
    SplitDefinition { sticky: true, salt: [0; 16], slot_runs: slot_runs.to_vec() }
}

/// A control, a canary and, in the middle, a shadow of the canary's version.
fn variants() -> Vec<Variant> {
    vec![
        variant("old", "1", 60.0, VariantRole::Control),
        variant("shadow", "2", 0.0, VariantRole::Shadow),
        variant("new", "2", 40.0, VariantRole::Canary),
    ]
}

fn definition() -> RouterDefinition {
    RouterDefinition {
        id: id("r"),
        variants: variants(),
        policy: PolicyDefinition::Weighted(split(&[(0, 6_000), (2, 4_000)])),
        settings: RouterSettings::default(),
    }
}

fn refused(change: impl FnOnce(&mut RouterDefinition)) -> String {
    let mut changed = definition();
    change(&mut changed);
    Router::build(changed).unwrap_err().to_string()
}

fn rules(target: TargetDefinition, default_variant: &str) -> PolicyDefinition {
    let condition = ConditionDefinition {
        feature: "age".into(),
        operator: Some(Operator::Exists),
        values: Vec::new(),
        numeric_text: false,
    };
    PolicyDefinition::Rules(RulesDefinition {
        rules: vec![RuleDefinition { name: "a".into(), priority: 0, conditions: vec![condition], target }],
        default_variant: default_variant.into(),
        default_split: split(&[(0, 6_000), (2, 4_000)]),
    })
}

#[test]
fn a_shadow_has_no_share_whatever_the_policy() {
    let share = |policy: PolicyDefinition| {
        let router = Router::build(RouterDefinition { policy, ..definition() }).unwrap();
        let of = router.policy.propensities(1);
        (of.by_request, of.by_slot)
    };
    assert_eq!(share(definition().policy), (0.0, 0.0));
    let canary = CanaryDefinition { split: split(&[(0, 9_000), (2, 1_000)]), percent: 10.0 };
    assert_eq!(share(PolicyDefinition::Canary(canary)), (0.0, 0.0));
    assert_eq!(share(rules(TargetDefinition::Variant("new".into()), "")), (0.0, 0.0));
}

#[test]
fn a_definition_that_leads_to_a_shadow_is_refused_and_says_where() {
    let said = refused(|router| router.variants[1].weight = 5.0);
    assert!(said.starts_with("variants[1].weight: 5 is given to shadow \"shadow\""), "{said}");
    let said = refused(|router| router.policy = PolicyDefinition::Weighted(split(&[(0, 9_999), (1, 1)])));
    assert_eq!(said, "slot_runs: variant \"shadow\" is a shadow but holds slots");
    let said = refused(|router| router.policy = rules(TargetDefinition::Variant("shadow".into()), ""));
    assert!(said.starts_with("feature_rules.rules[0].variant: \"shadow\" is a shadow"), "{said}");
    let said = refused(|router| router.policy = rules(TargetDefinition::Variant("new".into()), "shadow"));
    assert!(said.starts_with("feature_rules.default_variant: \"shadow\" is a shadow"), "{said}");
    let target = |weights: &[(&str, f64)]| TargetDefinition::Split {
        weights: weights.iter().map(|(name, weight)| ((*name).to_owned(), *weight)).collect(),
        split: Some(split(&[(0, 10_000)])),
    };
    let said = refused(|router| router.policy = rules(target(&[("old", 1.0), ("shadow", 1.0)]), ""));
    assert!(said.starts_with("feature_rules.rules[0].split.weights[shadow]: "), "{said}");
    let said = refused(|router| {
        router.settings.traffic_override = Some(TrafficOverride { variant: 1, expire_time_us: u64::MAX });
    });
    assert!(said.starts_with("traffic_override.variant: variant \"shadow\" is a shadow"), "{said}");
}

#[test]
fn a_share_that_is_none_is_refused() {
    for share in [-0.1, 1.1, f64::NAN] {
        let said = refused(|router| router.settings.shadow_share = Some(share));
        assert!(said.starts_with("shadow_share: ") && said.contains("between 0 and 1"), "{said}");
    }
    let built = |share: f64| -> Result<Router, ModelError> {
        let settings = RouterSettings { shadow_share: Some(share), ..RouterSettings::default() };
        Router::build(RouterDefinition { settings, ..definition() })
    };
    assert!([0.0, 0.5, 1.0].into_iter().all(|share| built(share).is_ok()));
}

#[test]
fn a_canary_or_a_control_that_is_alone_gets_all_beside_a_shadow() {
    let alone = |off: usize, percent: f64, runs: &[(u8, u16)]| {
        let mut given = definition();
        given.variants[off].enabled = false;
        given.policy = PolicyDefinition::Canary(CanaryDefinition { split: split(runs), percent });
        let router = Router::build(given).unwrap();
        [0, 1, 2].map(|variant| router.policy.propensities(variant).by_request)
    };
    assert_eq!(alone(2, 100.0, &[(0, 10_000)]), [1.0, 0.0, 0.0]);
    assert_eq!(alone(0, 0.0, &[(2, 10_000)]), [0.0, 0.0, 1.0]);
}

#[test]
fn who_names_a_shadow_gets_it_and_a_version_is_first_that_of_others() {
    let router = Router::build(definition()).unwrap();
    assert_eq!(router.pinned("shadow"), Some(1));
    assert_eq!(router.pinned("2"), Some(2));
    let mut alone = definition();
    alone.variants[2].model.version = id("3");
    assert_eq!(Router::build(alone).unwrap().pinned("2"), Some(1));
}

#[test]
fn shadows_that_are_not_enabled_get_nothing() {
    assert_eq!(Router::build(definition()).unwrap().shadows().collect::<Vec<_>>(), [1]);
    let mut off = definition();
    off.variants[1].enabled = false;
    assert_eq!(Router::build(off).unwrap().shadows().count(), 0);
}
