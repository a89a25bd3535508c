//! Published changes: which are accepted, what they make, and what they leave alone.

#![expect(clippy::unwrap_used, reason = "what cannot be built fails the test that builds it")]

use std::{collections::HashMap, sync::Arc};

use pointsman_model::{
    AccessTable, Backend, EntityKey, GrpcBackend, Id, MetricDefinition, MetricDirection, MetricType,
    ModelError, ModelKey, ModelVersion, Permissions, PolicyDefinition, Recording, Router, RouterDefinition,
    RouterSettings, RouterStatus, Signature, SigningKey, SigningKeys, Snapshot, SnapshotError,
    SnapshotUpdate, SplitDefinition, Stage, Variant, VariantRole,
};
use proptest::{collection::vec, prelude::*};

fn id(text: &str) -> Id {
    Id::parse(text).unwrap()
}

fn key(model_id: &str, version: &str) -> ModelKey {
    ModelKey { model_id: id(model_id), version: id(version) }
}

fn model(model_id: &str, version: &str, stage: Stage) -> Arc<ModelVersion> {
    let backend = GrpcBackend {
        target: "127.0.0.1:8081".into(),
        model_name: model_id.into(),
        model_version: version.into(),
    };
    Arc::new(ModelVersion {
        key: key(model_id, version),
        backend: Some(Backend::Grpc(backend)),
        signature: Signature::default(),
        stage,
        owner: "local".into(),
        permissions: Permissions::default(),
    })
}

/// A router over versions of the model `m`, with its slots split evenly between the first two.
fn router(router_id: &str, versions: [&str; 2]) -> Arc<Router> {
    Arc::new(Router::build(definition(router_id, versions)).unwrap())
}

fn definition(router_id: &str, versions: [&str; 2]) -> RouterDefinition {
    let variant = |version: &&str| Variant {
        name: id(&format!("v{version}")),
        model: key("m", version),
        weight: 50.0,
        enabled: true,
        role: VariantRole::default(),
    };
    let policy = PolicyDefinition::Weighted(SplitDefinition {
        sticky: true,
        salt: [0; 16],
        slot_runs: vec![(0, 5_000), (1, 5_000)],
    });
    let settings = RouterSettings { status: RouterStatus::Running, ..RouterSettings::default() };
    RouterDefinition { id: id(router_id), variants: versions.iter().map(variant).collect(), policy, settings }
}

/// Builds router `a` with these settings.
fn with(settings: RouterSettings) -> Result<Router, ModelError> {
    Router::build(RouterDefinition { settings, ..definition("a", ["1", "2"]) })
}

/// Generation 5: models `m` 1 to 3, none in production, and the routers `a` and `b`.
fn published() -> Snapshot {
    let update = SnapshotUpdate {
        generation: 5,
        complete: true,
        changed_models: ["1", "2", "3"].map(|version| model("m", version, Stage::None)).into(),
        changed_routers: vec![router("a", ["1", "2"]), router("b", ["2", "3"])],
        access: Some(Arc::new(AccessTable { open: true, ..AccessTable::default() })),
        signing_keys: Some(Arc::new(SigningKeys {
            keys: vec![SigningKey { key_id: 3, secret: [7; 32] }],
            current_key_id: 3,
        })),
        ..SnapshotUpdate::default()
    };
    Snapshot::default().apply(&update).unwrap()
}

fn change() -> SnapshotUpdate {
    SnapshotUpdate { base_generation: 5, generation: 6, ..SnapshotUpdate::default() }
}

fn production(snapshot: &Snapshot, model_id: &str) -> Option<String> {
    snapshot.production.get(model_id).map(|model| model.key.version.to_string())
}

fn router_ids(snapshot: &Snapshot) -> Vec<String> {
    let mut ids: Vec<String> = snapshot.routers.iter().map(|(id, _)| id.to_string()).collect();
    ids.sort();
    ids
}

#[test]
fn a_change_on_another_generation_is_stale_and_says_what_to_do() {
    for base_generation in [0, 4, 6] {
        let update = SnapshotUpdate { base_generation, generation: 9, ..change() };
        let error = published().apply(&update).unwrap_err();
        assert!(matches!(error, SnapshotError::Stale { current: 5, .. }), "{error}");
        assert!(error.to_string().contains("publish the complete state"), "{error}");
    }
}

#[test]
fn a_change_that_does_not_raise_the_generation_is_refused() {
    for generation in [0, 4, 5] {
        let error = published().apply(&SnapshotUpdate { generation, ..change() }).unwrap_err();
        assert!(matches!(error, SnapshotError::NotNewer { current: 5, .. }), "{error}");
    }
}

#[test]
fn a_complete_state_is_taken_whatever_was_there() {
    for generation in [1, 5, 9] {
        let update = SnapshotUpdate {
            base_generation: 77,
            generation,
            complete: true,
            changed_models: vec![model("m", "1", Stage::None), model("m", "2", Stage::Production)],
            changed_routers: vec![router("c", ["1", "2"])],
            ..SnapshotUpdate::default()
        };
        let next = published().apply(&update).unwrap();
        assert_eq!(next.generation, generation);
        assert_eq!(router_ids(&next), ["c"]);
        assert_eq!((next.models.len(), next.models.get(&key("m", "3"))), (2, None));
        assert_eq!(production(&next, "m").as_deref(), Some("2"));
    }
}

#[test]
fn a_complete_state_forgets_the_production_versions_before_it() {
    let promoted = SnapshotUpdate { changed_models: vec![model("n", "1", Stage::Production)], ..change() };
    let promoted = published().apply(&promoted).unwrap();
    let empty = SnapshotUpdate { generation: 7, complete: true, ..SnapshotUpdate::default() };
    assert!(promoted.apply(&empty).unwrap().production.is_empty());
}

#[test]
fn keys_stay_until_others_are_published() {
    let before = published();
    let kept = before.apply(&change()).unwrap();
    assert!(Arc::ptr_eq(&kept.access, &before.access));
    assert!(Arc::ptr_eq(&kept.signing_keys, &before.signing_keys));
    let update = SnapshotUpdate {
        access: Some(Arc::default()),
        signing_keys: Some(Arc::new(SigningKeys { keys: Vec::new(), current_key_id: 4 })),
        ..change()
    };
    let changed = before.apply(&update).unwrap();
    assert_eq!((changed.access.open, changed.signing_keys.current_key_id), (false, 4));
}

#[test]
fn a_refused_change_leaves_the_state_as_it_was() {
    let before = published();
    let update = SnapshotUpdate {
        deleted_routers: vec![id("a")],
        changed_models: vec![model("m", "1", Stage::Production)],
        changed_routers: vec![router("c", ["1", "9"])],
        ..change()
    };
    assert!(before.apply(&update).is_err());
    assert_eq!((before.generation, router_ids(&before)), (5, vec!["a".to_owned(), "b".to_owned()]));
    assert_eq!(production(&before, "m"), None);
}

#[test]
fn a_router_over_an_unknown_model_version_is_refused_by_its_path() {
    let update = SnapshotUpdate {
        changed_routers: vec![router("c", ["1", "2"]), router("d", ["1", "9"])],
        ..change()
    };
    let error = published().apply(&update).unwrap_err().to_string();
    let path = "changed_routers[1].variants[1].model_version";
    assert_eq!(error, format!("{path}: version 9 of model m is not registered"));
}

#[test]
fn a_router_over_a_model_version_without_backend_is_refused() {
    let mut monitored = ModelVersion::clone(&model("m", "4", Stage::None));
    monitored.backend = None;
    let update = SnapshotUpdate {
        changed_models: vec![Arc::new(monitored)],
        changed_routers: vec![router("c", ["1", "4"])],
        ..change()
    };
    let error = published().apply(&update).unwrap_err().to_string();
    assert!(error.ends_with("version 4 of model m has no backend and can only be monitored"), "{error}");
}

#[test]
fn a_router_may_use_a_model_version_of_the_same_change_but_not_a_deleted_one() {
    let with_model = SnapshotUpdate {
        changed_models: vec![model("m", "4", Stage::None)],
        changed_routers: vec![router("c", ["1", "4"])],
        ..change()
    };
    assert!(published().apply(&with_model).is_ok());
    let without = SnapshotUpdate {
        deleted_models: vec![key("m", "3")],
        changed_routers: vec![router("b", ["2", "3"])],
        ..change()
    };
    assert!(published().apply(&without).is_err());
}

#[test]
fn a_deleted_router_is_gone_and_a_changed_one_replaced() {
    let update = SnapshotUpdate {
        deleted_routers: vec![id("a"), id("never-there")],
        changed_routers: vec![router("b", ["1", "3"])],
        ..change()
    };
    let next = published().apply(&update).unwrap();
    assert_eq!(router_ids(&next), ["b"]);
    assert_eq!(next.routers.get("b").unwrap().variants[0].model, key("m", "1"));
}

#[test]
fn what_did_not_change_is_shared() {
    let before = published();
    let update = SnapshotUpdate { changed_routers: vec![router("a", ["1", "3"])], ..change() };
    let after = before.apply(&update).unwrap();
    let shared = |router_id: &str| {
        Arc::ptr_eq(before.routers.get(router_id).unwrap(), after.routers.get(router_id).unwrap())
    };
    assert_eq!((shared("a"), shared("b")), (false, true));
    let model_key = key("m", "1");
    assert!(Arc::ptr_eq(before.models.get(&model_key).unwrap(), after.models.get(&model_key).unwrap()));
}

#[test]
fn a_promotion_changes_the_production_version_in_either_order() {
    let first = SnapshotUpdate { changed_models: vec![model("m", "1", Stage::Production)], ..change() };
    let first = published().apply(&first).unwrap();
    assert_eq!(production(&first, "m").as_deref(), Some("1"));
    let (promoted, archived) = (model("m", "2", Stage::Production), model("m", "1", Stage::Archived));
    for changed_models in [vec![promoted.clone(), archived.clone()], vec![archived, promoted]] {
        let swap = SnapshotUpdate { base_generation: 6, generation: 7, changed_models, ..change() };
        assert_eq!(production(&first.apply(&swap).unwrap(), "m").as_deref(), Some("2"));
    }
}

#[test]
fn a_model_without_its_production_version_has_none() {
    let first = SnapshotUpdate { changed_models: vec![model("n", "1", Stage::Production)], ..change() };
    let first = published().apply(&first).unwrap();
    let next = SnapshotUpdate { base_generation: 6, generation: 7, ..change() };
    let demoted = SnapshotUpdate { changed_models: vec![model("n", "1", Stage::Archived)], ..next.clone() };
    let deleted = SnapshotUpdate { deleted_models: vec![key("n", "1")], ..next.clone() };
    let other = SnapshotUpdate { deleted_models: vec![key("n", "2")], ..next };
    assert_eq!(production(&first.apply(&demoted).unwrap(), "n"), None);
    assert_eq!(production(&first.apply(&deleted).unwrap(), "n"), None);
    assert_eq!(production(&first.apply(&other).unwrap(), "n").as_deref(), Some("1"));
}

#[test]
fn a_key_does_not_show_its_secret() {
    let shown = format!("{:?} {:?}", SigningKey { key_id: 3, secret: [7; 32] }, EntityKey([7; 32]));
    assert_eq!(shown, "SigningKey { key_id: 3, .. } EntityKey");
}

#[test]
fn entity_key_and_horizon_stay_until_they_are_published_anew() {
    let first = published();
    assert_eq!((first.entity_key, first.feedback_horizon_us), (None, 90 * 86_400 * 1_000_000));
    let set =
        SnapshotUpdate { entity_key: Some(EntityKey([1; 32])), feedback_horizon_us: Some(5), ..change() };
    let second = first.apply(&set).unwrap();
    let complete = SnapshotUpdate { generation: 7, complete: true, ..SnapshotUpdate::default() };
    let third = second.apply(&complete).unwrap();
    assert_eq!((third.entity_key, third.feedback_horizon_us), (Some(EntityKey([1; 32])), 5));
}

#[test]
fn a_router_takes_the_metrics_it_declares_and_without_any_all() {
    let metric = |name: &str, metric_type| MetricDefinition {
        name: id(name),
        metric_type,
        min: None,
        max: Some(5.0),
        direction: MetricDirection::Maximise,
    };
    let metrics = vec![metric("clicked", MetricType::Binary), metric("stars", MetricType::Number)];
    let declaring = with(RouterSettings { metrics: metrics.into(), ..RouterSettings::default() }).unwrap();
    let said = |name: &str, value| declaring.check_feedback(name, value).unwrap_err().to_string();
    assert_eq!(declaring.check_feedback("stars", 4.5), Ok(()));
    assert!(said("stars", 6.0).starts_with("value: 6 is above 5"));
    assert!(said("clicked", 2.0).starts_with("value: 2 is neither 0 nor 1"));
    assert!(
        said("reward", 1.0)
            .starts_with("metric: \"reward\" is none of the metrics of router a, clicked, stars;")
    );
    assert_eq!(router("a", ["1", "2"]).check_feedback("reward", -7.0), Ok(()));
}

#[test]
fn recording_and_metrics_are_refused_by_their_path() {
    let refused = |settings| with(settings).unwrap_err().to_string();
    let recording = Recording { features_share: 1.5, ..Recording::default() };
    let said = refused(RouterSettings { recording, ..RouterSettings::default() });
    assert!(said.starts_with("recording.features_share: 1.5 is not between 0 and 1"), "{said}");
    let metric = MetricDefinition {
        name: id("m"),
        metric_type: MetricType::Number,
        min: Some(2.0),
        max: Some(1.0),
        direction: MetricDirection::Maximise,
    };
    let said = refused(RouterSettings { metrics: [metric].into(), ..RouterSettings::default() });
    assert!(said.starts_with("metrics[0].min_value: 2 is above"), "{said}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Each change sets or deletes routers by number, and stages model versions.
    #[test]
    fn changes_one_by_one_make_the_state_that_is_published_whole(
        changes in vec((vec((0..40_u8, any::<bool>()), 0..6), vec((0..4_u8, any::<bool>()), 0..3)), 0..20),
    ) {
        let mut snapshot = published();
        let mut routers: HashMap<String, Arc<Router>> =
            snapshot.routers.iter().map(|(id, router)| (id.to_string(), router.clone())).collect();
        let mut in_production: Option<String> = None;
        for (generation, (router_changes, stage_changes)) in (6..).zip(changes) {
            let mut update = SnapshotUpdate { base_generation: generation - 1, generation, ..change() };
            let router_changes: HashMap<u8, bool> = router_changes.into_iter().collect();
            for (number, set) in router_changes {
                let router_id = format!("r{number}");
                if set {
                    let router = router(&router_id, ["1", "2"]);
                    routers.insert(router_id, router.clone());
                    update.changed_routers.push(router);
                } else {
                    update.deleted_routers.push(id(&router_id));
                    routers.remove(&router_id);
                }
            }
            for (version, promoted) in stage_changes {
                let version = (version + 1).to_string();
                let stage = if promoted { Stage::Production } else { Stage::Archived };
                update.changed_models.push(model("m", &version, stage));
                if promoted {
                    in_production = Some(version);
                } else if in_production.as_ref() == Some(&version) {
                    in_production = None;
                }
            }
            snapshot = snapshot.apply(&update).unwrap();
        }
        let held: HashMap<String, Arc<Router>> =
            snapshot.routers.iter().map(|(id, router)| (id.to_string(), router.clone())).collect();
        prop_assert_eq!(held, routers);
        prop_assert_eq!(production(&snapshot, "m"), in_production);
    }
}
