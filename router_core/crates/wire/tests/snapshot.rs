//! What the control plane publishes becomes the domain's state, or an error with the field's path.

use pointsman_model::{
    Backend, Durability, EntityKey, EntityRecording, MetricDirection, MetricType, Permissions,
    Recording as RecordingSettings, RouterStatus, Snapshot, Stage, VersionPinning,
};
use pointsman_wire::{
    decode_signing_keys, decode_snapshot_update,
    generated::pointsman_v1::{
        AccessKey, AccessTable, Backend as BackendMessage, Canary, GrpcBackend, MetricDefinition,
        ModelPermissions, ModelSnapshot, OnnxBackend, Recording, Router as RouterMessage, RouterSnapshot,
        RouterStatus as StatusMessage, Scope as ScopeMessage, Signature, SigningKey, SigningKeys,
        SnapshotUpdate, Stage as StageMessage, Strategy, TensorSpec, TrafficOverride, Variant, VariantRole,
        backend::Kind, router,
    },
    model_from_proto, router_from_proto, signature_from_proto, signature_to_proto,
};
use prost::Message;

fn variant(name: &str, version: &str, weight: f64) -> Variant {
    let (name, model_id, model_version) = (name.to_owned(), "cancer".to_owned(), version.to_owned());
    Variant { name, model_id, model_version, weight, ..Default::default() }
}

fn router() -> RouterSnapshot {
    RouterSnapshot {
        router_id: "cancer".to_owned(),
        strategy: Strategy::Weighted.into(),
        status: StatusMessage::Running.into(),
        sticky: true,
        variants: vec![variant("lr", "1", 70.0), variant("gb", "2", 30.0)],
        salt: vec![5; 16],
        slot_runs: vec![0, 7_000, 1, 3_000],
        owner: "ann".to_owned(),
        ..Default::default()
    }
}

fn model(version: &str, kind: Kind) -> ModelSnapshot {
    ModelSnapshot {
        model_id: "cancer".to_owned(),
        version: version.to_owned(),
        backend: Some(BackendMessage { kind: Some(kind) }),
        stage: StageMessage::Production.into(),
        ..Default::default()
    }
}

fn grpc(target: &str) -> Kind {
    Kind::Grpc(GrpcBackend { target: target.to_owned(), ..Default::default() })
}

fn onnx(path: &str) -> Kind {
    Kind::Onnx(OnnxBackend { path: path.to_owned(), ..Default::default() })
}

fn update() -> SnapshotUpdate {
    let key = AccessKey {
        key_id: "k".to_owned(),
        secret_sha256: vec![1; 32],
        user_id: "ann".to_owned(),
        scopes: vec![ScopeMessage::MlopsRead.into()],
        withheld_scopes: vec![ScopeMessage::MlopsPredict.into()],
        ..Default::default()
    };
    SnapshotUpdate {
        generation: 3,
        complete: true,
        changed_routers: vec![router()],
        changed_models: vec![model("1", grpc("127.0.0.1:8081")), model("2", onnx("a/b.onnx"))],
        access: Some(AccessTable { keys: vec![key], open: false }),
        signing_keys: Some(signing_keys()),
        ..Default::default()
    }
}

fn signing_keys() -> SigningKeys {
    SigningKeys { keys: vec![SigningKey { key_id: 1, secret: vec![2; 32] }], current_key_id: 1 }
}

fn refused(change: impl FnOnce(&mut SnapshotUpdate)) -> String {
    let mut update = update();
    change(&mut update);
    decode_snapshot_update(&update.encode_to_vec()).err().map(|error| error.to_string()).unwrap_or_default()
}

#[test]
fn a_published_state_becomes_a_snapshot_that_decides() {
    let update = decode_snapshot_update(&update().encode_to_vec()).unwrap();
    let snapshot = Snapshot::default().apply(&update).unwrap();
    let router = snapshot.routers.get("cancer").unwrap();
    assert_eq!(
        (router.settings.status, router.settings.version_pinning),
        (RouterStatus::Running, VersionPinning::Allow)
    );
    assert!(router.variants.iter().all(|variant| variant.enabled));
    assert_eq!(router.policy.propensities(0).by_slot, 0.7);
    assert_eq!(router.settings.default_timeout, None);
    let production = snapshot.production.get("cancer").unwrap();
    assert_eq!(production.stage, Stage::Production);
    let principal = &snapshot.access.keys["k"].principal;
    assert_eq!(
        (principal.scopes.names(), principal.withheld.names()),
        ("mlops:read".into(), "mlops:predict".into())
    );
    assert_eq!(snapshot.signing_keys.current_key_id, 1);
}

#[test]
fn a_backends_model_name_defaults_to_the_model_id() {
    let model = model_from_proto(model("1", grpc("a:1,[::1]:2"))).unwrap();
    let Some(Backend::Grpc(backend)) = model.backend else { panic!("{:?}", model.backend) };
    assert_eq!((&*backend.model_name, &*backend.model_version), ("cancer", ""));
}

#[test]
fn a_model_whose_permissions_no_release_stated_stays_open_and_one_that_has_none_is_closed() {
    let of = |permissions| model_from_proto(ModelSnapshot { permissions, ..model("1", grpc("a:1")) });
    assert_eq!(of(None).unwrap().permissions, Permissions::open());
    assert_eq!(of(Some(ModelPermissions::default())).unwrap().permissions, Permissions::default());
    let shared = ModelPermissions { shared_user_ids: vec!["bob".to_owned()], ..Default::default() };
    let users = of(Some(shared)).unwrap().permissions.shared_user_ids;
    assert_eq!(users.iter().map(|user| &**user).collect::<Vec<_>>(), ["bob"]);
}

#[test]
fn a_router_round_trips_what_its_settings_say() {
    let router = router_from_proto(RouterSnapshot {
        version_pinning: 2,
        default_timeout_ms: 1_500,
        answer_router_name: true,
        ..router()
    });
    let router = router.unwrap();
    assert_eq!(router.settings.version_pinning, VersionPinning::Ignore);
    assert_eq!(router.settings.default_timeout.unwrap().as_secs_f64(), 1.5);
    assert!(router.settings.answer_router_name);
}

fn metric(name: &str) -> MetricDefinition {
    MetricDefinition { name: name.to_owned(), ..Default::default() }
}

#[test]
fn a_router_without_recording_settings_records_everything_up_to_64_kib() {
    let router = router_from_proto(router()).unwrap();
    assert_eq!(router.settings.recording, RecordingSettings::default());
    assert!(router.settings.metrics.is_empty() && !router.settings.allow_feedback_corrections);
    let stated = Recording::default();
    let stated = router_from_proto(RouterSnapshot { recording: Some(stated), ..self::router() }).unwrap();
    assert_eq!(stated.settings.recording, RecordingSettings::default());
}

#[test]
fn a_router_keeps_what_recording_and_metrics_say() {
    let recording = Recording {
        features_share: Some(0.0),
        exclude_features: vec!["name".to_owned()],
        max_body_bytes: 1_000,
        entity: 2,
        durability: 2,
        ..Default::default()
    };
    let clicks = MetricDefinition { r#type: 3, max_value: Some(9.0), direction: 2, ..metric("clicks") };
    let router = router_from_proto(RouterSnapshot {
        recording: Some(recording),
        metrics: vec![metric("reward"), clicks],
        allow_feedback_corrections: true,
        create_time_us: 17,
        changed_generation: 4,
        ..router()
    });
    let router = router.unwrap();
    let kept = &router.settings.recording;
    assert_eq!((kept.features_share, &*kept.exclude_features[0], kept.max_body_bytes), (0.0, "name", 1_000));
    assert_eq!((kept.entity, kept.durability), (EntityRecording::Hmac, Durability::Durable));
    let [reward, clicks] = &*router.settings.metrics else { panic!("{:?}", router.settings.metrics) };
    assert_eq!((reward.metric_type, reward.direction), (MetricType::Number, MetricDirection::Maximise));
    assert_eq!((clicks.metric_type, clicks.direction), (MetricType::Count, MetricDirection::Minimise));
    assert_eq!((clicks.min, clicks.max), (None, Some(9.0)));
    assert_eq!((router.settings.create_time_us, router.settings.changed_generation), (17, 4));
    assert!(router.settings.allow_feedback_corrections);
}

#[test]
fn entity_key_and_horizon_are_taken_when_they_are_there() {
    let plain = decode_snapshot_update(&update().encode_to_vec()).unwrap();
    assert_eq!((plain.entity_key, plain.feedback_horizon_us), (None, None));
    let stated = SnapshotUpdate { entity_key: vec![9; 32], feedback_horizon_us: 60, ..update() };
    let stated = decode_snapshot_update(&stated.encode_to_vec()).unwrap();
    assert_eq!((stated.entity_key, stated.feedback_horizon_us), (Some(EntityKey([9; 32])), Some(60)));
}

#[test]
fn wrong_recording_and_metrics_are_named_by_their_path() {
    type Change = fn(&mut SnapshotUpdate);
    let cases: [(&str, Change); 11] = [
        ("changed_routers[0].recording.features_share: 1.5 is not between 0 and 1", |u| {
            u.changed_routers[0].recording =
                Some(Recording { features_share: Some(1.5), ..Default::default() })
        }),
        ("changed_routers[0].recording.max_body_bytes: -1 is below 0", |u| {
            u.changed_routers[0].recording = Some(Recording { max_body_bytes: -1, ..Default::default() })
        }),
        ("changed_routers[0].recording.max_body_bytes: 4194305 is not", |u| {
            u.changed_routers[0].recording =
                Some(Recording { max_body_bytes: 4_194_305, ..Default::default() })
        }),
        ("changed_routers[0].recording.entity: 9 is none", |u| {
            u.changed_routers[0].recording = Some(Recording { entity: 9, ..Default::default() })
        }),
        ("changed_routers[0].recording.durability: 9 is none", |u| {
            u.changed_routers[0].recording = Some(Recording { durability: 9, ..Default::default() })
        }),
        ("changed_routers[0].metrics[0].name: \"a b\" is not an id", |u| {
            u.changed_routers[0].metrics = vec![metric("a b")]
        }),
        ("changed_routers[0].metrics[1].name: \"a\" is declared already", |u| {
            u.changed_routers[0].metrics = vec![metric("a"), metric("a")]
        }),
        ("changed_routers[0].metrics[0].type: 9 is none", |u| {
            u.changed_routers[0].metrics = vec![MetricDefinition { r#type: 9, ..metric("a") }]
        }),
        ("changed_routers[0].metrics[0].max_value: NaN is not", |u| {
            u.changed_routers[0].metrics = vec![MetricDefinition { max_value: Some(f64::NAN), ..metric("a") }]
        }),
        ("entity_key: 3 bytes; exactly 32", |u| u.entity_key = vec![1; 3]),
        ("feedback_horizon_us: -5 is below 0", |u| u.feedback_horizon_us = -5),
    ];
    for (expected, change) in cases {
        let error = refused(change);
        assert!(error.starts_with(expected), "{error:?} instead of {expected:?}");
    }
}

#[test]
fn a_signature_survives_the_way_there_and_back() {
    let tensor = TensorSpec {
        name: "x".to_owned(),
        datatype: "FP32".to_owned(),
        shape: vec![-1, 2],
        features: vec!["a".to_owned(), "b".to_owned()],
    };
    let value = prost_types::Value { kind: Some(prost_types::value::Kind::NumberValue(0.5)) };
    let signature = Signature {
        inputs: vec![tensor.clone()],
        outputs: vec![TensorSpec { datatype: "BYTES".to_owned(), ..tensor }],
        task: 1,
        labels: vec!["no".to_owned(), "yes".to_owned()],
        prediction_output: "y".to_owned(),
        probability_output: "p".to_owned(),
        threshold: Some(0.4),
        defaults: [("a".to_owned(), value)].into(),
        ..Default::default()
    };
    let there = signature_from_proto(signature.clone()).unwrap();
    assert_eq!(signature_to_proto(&there), signature);
}

#[test]
fn each_wrong_field_is_named_by_its_path() {
    type Change = fn(&mut SnapshotUpdate);
    let cases: [(&str, Change); 21] = [
        ("changed_routers[0].router_id: \"a b\" is not an id", |u| {
            u.changed_routers[0].router_id = "a b".to_owned()
        }),
        ("changed_routers[0].settings.policy: is none of STRATEGY_BANDIT", |u| {
            u.changed_routers[0].strategy = 3
        }),
        ("changed_routers[0].strategy: 77 is none", |u| u.changed_routers[0].strategy = 77),
        ("changed_routers[0].status: is not stated", |u| u.changed_routers[0].status = 0),
        ("changed_routers[0].variants[1].weight: 140 ", |u| u.changed_routers[0].variants[1].weight = 140.0),
        ("changed_routers[0].variants[1].weight: NaN ", |u| {
            u.changed_routers[0].variants[1].weight = f64::NAN
        }),
        ("changed_routers[0].variants[0].model_version: \"\"", |u| {
            u.changed_routers[0].variants[0].model_version.clear()
        }),
        ("changed_routers[0].salt: 3 bytes; exactly 16", |u| u.changed_routers[0].salt = vec![1; 3]),
        ("changed_routers[0].slot_runs: 3 numbers", |u| u.changed_routers[0].slot_runs.truncate(3)),
        ("changed_routers[0].slot_runs[1]: variant 300", |u| u.changed_routers[0].slot_runs[2] = 300),
        ("changed_models[1].backend.onnx.path: \"../x\"", |u| u.changed_models[1] = model("2", onnx("../x"))),
        ("changed_models[1].backend.onnx.path: \"/x\"", |u| u.changed_models[1] = model("2", onnx("/x"))),
        ("changed_models[1].backend.onnx.sha256: \"1A\"", |u| {
            let sha256 = "1A".to_owned();
            u.changed_models[1] = model("2", Kind::Onnx(OnnxBackend { path: "a".to_owned(), sha256 }));
        }),
        ("changed_models[1].backend.onnx.path: \"\"", |u| u.changed_models[1] = model("2", onnx(""))),
        ("changed_models[0].backend.grpc.target: \"a\"", |u| u.changed_models[0] = model("1", grpc("a"))),
        ("changed_models[0].backend.grpc.target: \"\" is not host:port", |u| {
            u.changed_models[0] = model("1", grpc("a:1,"))
        }),
        ("changed_models[0].backend: is neither", |u| {
            u.changed_models[0].backend = Some(BackendMessage::default())
        }),
        ("access.keys[0].secret_sha256: 1 bytes; exactly 32", |u| {
            u.access.as_mut().unwrap().keys[0].secret_sha256 = vec![1]
        }),
        ("access.keys[0].scopes[0]: is not stated", |u| u.access.as_mut().unwrap().keys[0].scopes = vec![0]),
        ("signing_keys.current_key_id: 9 is none", |u| u.signing_keys.as_mut().unwrap().current_key_id = 9),
        ("signing_keys.keys[0].key_id: 256 is above 255", |u| {
            u.signing_keys.as_mut().unwrap().keys[0].key_id = 256
        }),
    ];
    for (expected, change) in cases {
        let error = refused(change);
        assert!(error.starts_with(expected), "{error:?} instead of {expected:?}");
    }
}

#[test]
fn each_wrong_tensor_is_named_by_its_path() {
    let signature = |name: &str, datatype: &str, shape: i64| {
        let (name, datatype) = (name.to_owned(), datatype.to_owned());
        let inputs = vec![TensorSpec { name, datatype, shape: vec![shape], features: Vec::new() }];
        let signature = Signature { inputs, ..Default::default() };
        signature_from_proto(signature).unwrap_err().to_string()
    };
    assert!(signature("", "FP32", 1).starts_with("inputs[0].name: is empty"));
    assert!(signature("x", "float", 1).starts_with("inputs[0].datatype: \"float\" is none of BOOL"));
    assert!(signature("x", "FP32", -2).starts_with("inputs[0].shape[0]: -2 is below -1"));
}

#[test]
fn duplicate_keys_and_broken_bytes_are_refused() {
    let twice = refused(|update| {
        let access = update.access.as_mut().unwrap();
        access.keys.push(access.keys[0].clone());
    });
    assert!(twice.starts_with("access.keys[1].key_id: \"k\" is taken already"), "{twice}");
    let error = decode_snapshot_update(&[0xff]).unwrap_err().to_string();
    assert!(error.starts_with("update: is not a SnapshotUpdate: "), "{error}");
    let mut keys = signing_keys();
    keys.keys.push(keys.keys[0].clone());
    let error = decode_signing_keys(&keys.encode_to_vec()).unwrap_err().to_string();
    assert_eq!(error, "keys[1].key_id: 1 is taken already");
}

/// A router of which `gb` is the canary.
fn canary_router(percent: f64) -> RouterSnapshot {
    let control = Variant { role: VariantRole::Control.into(), ..variant("lr", "1", 0.0) };
    let canary = Variant { role: VariantRole::Canary.into(), ..variant("gb", "2", 0.0) };
    let policy = router::Policy::Canary(Canary { percent });
    RouterSnapshot {
        strategy: Strategy::Canary.into(),
        variants: vec![control, canary],
        slot_runs: vec![0, 9_500, 1, 500],
        settings: Some(RouterMessage { policy: Some(policy), ..Default::default() }),
        ..self::router()
    }
}

#[test]
fn a_canary_gets_its_percentage_by_draw_and_its_slots_by_unit() {
    let router = router_from_proto(canary_router(5.0)).unwrap();
    let of_canary = router.policy.propensities(1);
    assert!((of_canary.by_request - 0.05).abs() < 1e-9, "{of_canary:?}");
    assert_eq!(of_canary.by_slot, 0.05);
    assert_eq!(router.policy.effective_share(0), 0.95);
}

#[test]
fn where_the_canary_is_disabled_the_control_gets_all() {
    let mut published = canary_router(5.0);
    published.variants[1].enabled = Some(false);
    published.slot_runs = vec![0, 10_000];
    let router = router_from_proto(published).unwrap();
    assert_eq!(
        (router.policy.propensities(0).by_request, router.policy.propensities(1).by_request),
        (1.0, 0.0)
    );
}

#[test]
fn a_canary_without_its_percentage_roles_or_strategy_is_refused() {
    let refusal = |router| router_from_proto(router).unwrap_err().to_string();
    assert!(refusal(canary_router(101.0)).starts_with("canary.percent: 101"));
    assert!(refusal(canary_router(f64::NAN)).starts_with("canary.percent: NaN"));
    let mut published = canary_router(5.0);
    published.variants[1].role = VariantRole::Candidate.into();
    assert_eq!(refusal(published), "variants: 0 variants are canary; a canary router has one");
    let weighted = RouterSnapshot { strategy: Strategy::Weighted.into(), ..canary_router(5.0) };
    assert!(refusal(weighted).starts_with("settings.policy: "));
    let unset = RouterSnapshot { settings: None, ..canary_router(5.0) };
    assert!(refusal(unset).starts_with("settings.policy: "));
}

#[test]
fn an_override_names_one_of_the_variants_that_is_enabled_and_ends_by_itself() {
    let overridden = |variant: &str| {
        let expire_time = Some(prost_types::Timestamp { seconds: 100, nanos: 5_000 });
        let given = TrafficOverride { variant: variant.to_owned(), expire_time, ..Default::default() };
        let settings = RouterMessage { traffic_override: Some(given), ..Default::default() };
        RouterSnapshot { settings: Some(settings), ..router() }
    };
    let router = router_from_proto(overridden("gb")).unwrap();
    let given = router.settings.traffic_override.unwrap();
    assert_eq!((given.variant_at(100_000_004), given.variant_at(100_000_005)), (Some(1), None));
    let refusal = router_from_proto(overridden("xy")).unwrap_err().to_string();
    assert_eq!(refusal, "traffic_override.variant: \"xy\" is none of the router's variants");
    let mut disabled = overridden("gb");
    disabled.variants[1].enabled = Some(false);
    disabled.slot_runs = vec![0, 10_000];
    let refusal = router_from_proto(disabled).unwrap_err().to_string();
    assert!(refusal.starts_with("traffic_override.variant: "), "{refusal}");
}
