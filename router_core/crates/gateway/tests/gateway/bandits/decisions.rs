//! What calls and records say of a decision, and which calls are none.

use super::*;

#[test]
fn the_uniform_slice_is_marked() {
    run(async {
        let sliced = Bandit { uniform_slice: 0.6, ..bandit() };
        let bandits = Bandits::start(bandit_router(sliced)).await;
        set(&bandits.world.server, &totals(EPOCH, &GOOD_A));
        assert_near(bandits.shares(), [0.6, 0.2, 0.2]);
        bandits.calls(150).await;
        let (routes, entries) = recorded(&bandits.world);
        let mut reasons: BTreeMap<i32, usize> = BTreeMap::new();
        for entry in &entries {
            assert_drawn(&routes, entry, 0.6);
            *reasons.entry(entry.reason).or_default() += 1;
        }
        let marked = reasons[&i32::from(DecisionReason::Exploration)];
        assert!((55..=125).contains(&marked), "{reasons:?}");
    });
}

#[test]
fn pins_and_overrides_are_no_picks_and_feedback_knows_the_epoch() {
    run(async {
        let mut bandits = Bandits::start(bandit_router(bandit())).await;
        let decided = bandits.call().await;
        let request = pointsman_wire::generated::inference::ModelInferRequest {
            model_name: ROUTER.to_owned(),
            model_version: "b".to_owned(),
            ..Default::default()
        };
        let pinned = bandits.client.infer(&request.encode_to_vec()).await;
        assert_eq!(pinned.header("pointsman-reason"), "pin");
        assert_eq!(pulls(&bandits.state()).iter().sum::<u64>(), 1);

        for answer in [&decided, &pinned] {
            let about = RecordFeedbackRequest {
                prediction_id: answer.header("pointsman-prediction-id").to_owned(),
                metric: "reward".to_owned(),
                value: 1.0,
                ..Default::default()
            };
            let message = frame(&about.encode_to_vec());
            let told = bandits.client.call(RECORD, &[], message).await.unwrap();
            assert_eq!(told.code(), 0, "{}", told.text());
        }
        let batch = bandits.world.server.take_feedback(0, 10, Duration::ZERO).unwrap();
        let entries = FeedbackBatch::decode(&batch[..]).unwrap().entries;
        assert_eq!((entries[0].epoch, entries[0].counted), (EPOCH, true));
        assert_eq!(entries[0].router_incarnation, INCARNATION);
        assert!(!entries[1].counted);

        let mut router = bandit_router(bandit());
        router.settings.as_mut().unwrap().traffic_override = Some(TrafficOverride {
            variant: "c".to_owned(),
            expire_time: Some(prost_types::Timestamp { seconds: 40_000_000_000, nanos: 0 }),
            ..Default::default()
        });
        bandits.publish(router);
        assert_eq!(bandits.calls(10).await, [0, 0, 10]);
        assert_eq!(pulls(&bandits.state()).iter().sum::<u64>(), 1);
    });
}

#[test]
fn a_stand_in_leaves_the_pick_with_the_variant_that_was_decided() {
    run(async {
        let mut router = bandit_router(Bandit { exploration_floor: Some(0.0), ..bandit() });
        router.settings.as_mut().unwrap().fallback = Fallback::AnyHealthy.into();
        let mut bandits = Bandits::start(router.clone()).await;
        let mut update = bandits.update(router);
        let dead = Backend::start().await;
        update.changed_models[0] = model("1", &dead.kill().await.to_string());
        assert_eq!(bandits.world.server.publish(&update.encode_to_vec()).unwrap().refused, []);
        set(&bandits.world.server, &totals(EPOCH, &GOOD_A));
        assert_near(bandits.shares(), [1.0, 0.0, 0.0]);
        // Others get nothing by the table, and answer all the same.
        for _ in 0..10 {
            let answer = bandits.call().await;
            let told = ["pointsman-reason", "pointsman-decided-variant"].map(|name| answer.header(name));
            assert_eq!(told, ["fallback", "a"]);
        }
        assert_eq!(pulls(&bandits.state()), [10, 0, 0]);
        assert_eq!(unasked(&bandits.state()), [10, 0, 0], "nothing can be learnt of them");
        let (routes, entries) = recorded(&bandits.world);
        for entry in &entries {
            assert_eq!(entry.reason(), DecisionReason::Fallback);
            assert_drawn(&routes, entry, 0.0);
        }
    });
}

#[test]
fn picks_are_passed_over_when_the_call_is_no_arms_and_not_when_its_arm_fails() {
    run(async {
        let mut router = bandit_router(Bandit { exploration_floor: Some(0.0), ..bandit() });
        let mut bandits = Bandits::start(router.clone()).await;
        set(&bandits.world.server, &totals(EPOCH, &GOOD_A));
        bandits.calls(5).await;
        assert_eq!((pulls(&bandits.state()), unasked(&bandits.state())), ([5, 0, 0], [0; 3]));

        // Nobody stands in: calls that the arm does not take are failures of the arm.
        let dead = Backend::start().await.kill().await.to_string();
        let mut update = bandits.update(router.clone());
        update.changed_models[0] = model("1", &dead);
        assert_eq!(bandits.world.server.publish(&update.encode_to_vec()).unwrap().refused, []);
        let failed = bandits.client.infer(&infer_request(ROUTER)).await;
        assert_eq!(failed.code(), 14, "{}", failed.text());
        assert_eq!((pulls(&bandits.state()), unasked(&bandits.state())), ([6, 0, 0], [0; 3]));

        // An operator's override that another variant answers is no pick, and none that is passed over.
        let settings = router.settings.as_mut().unwrap();
        settings.fallback = Fallback::AnyHealthy.into();
        settings.traffic_override = Some(TrafficOverride {
            variant: "a".to_owned(),
            expire_time: Some(prost_types::Timestamp { seconds: 40_000_000_000, nanos: 0 }),
            ..Default::default()
        });
        let mut update = bandits.update(router);
        update.changed_models[0] = model("1", &dead);
        assert_eq!(bandits.world.server.publish(&update.encode_to_vec()).unwrap().refused, []);
        assert_eq!(bandits.call().await.header("pointsman-reason"), "fallback");
        assert_eq!((pulls(&bandits.state()), unasked(&bandits.state())), ([6, 0, 0], [0; 3]));

        let server = &bandits.world.server;
        let named = |ids: &[&str]| {
            let ids: Vec<String> = ids.iter().map(|id| (*id).to_owned()).collect();
            BanditStates::decode(&server.bandit_states(Some(&ids))[..]).unwrap().routers
        };
        assert_eq!(named(&["nobody", ROUTER]), [bandits.state()]);
        assert_eq!(named(&[]), []);
    });
}

#[test]
fn swaps_under_calls_never_give_a_record_of_another_table() {
    run(async {
        let bandits = Bandits::start_on(2, bandit_router(bandit())).await;
        let (server, over) = (bandits.world.server.clone(), Arc::new(AtomicBool::new(false)));
        let swapping = {
            let (server, over) = (server.clone(), over.clone());
            std::thread::spawn(move || {
                let mut swaps = 0_u64;
                while !over.load(Relaxed) {
                    let good = 500.0 + (swaps % 97) as f64;
                    let arms = [("a", 1_000, good), ("b", 1_000, 540.0), ("c", 1_000, 550.0)];
                    set(&server, &totals(EPOCH, &arms));
                    swaps += 1;
                }
                swaps
            })
        };
        let mut clients = Vec::new();
        for _ in 0..4 {
            clients.push(bandits.world.client().await);
        }
        for _ in 0..100 {
            let calls: Vec<_> =
                clients.iter().map(|client| client.spawn_infer(&infer_request(ROUTER))).collect();
            for call in calls {
                assert_eq!(call.await.unwrap().code(), 0);
            }
        }
        over.store(true, Relaxed);
        assert!(swapping.join().unwrap() > 100);
        let (routes, entries) = recorded(&bandits.world);
        assert_eq!(entries.len(), 400);
        let mut tables: BTreeMap<u64, Vec<f64>> = BTreeMap::new();
        for entry in &entries {
            let listed = assert_drawn(&routes, entry, 0.0);
            let known = tables.entry(entry.allocation_version).or_insert_with(|| listed.clone());
            assert_eq!(*known, listed, "one number, one table");
        }
        assert!(tables.len() > 20, "{} tables", tables.len());
        assert_eq!(pulls(&state(&server)).iter().sum::<u64>(), 400);
    });
}

#[test]
fn predict_is_decided_by_the_same_shares() {
    run(async {
        let bandits = Bandits::start(bandit_router(bandit())).await;
        let request = PredictRequest { router_id: ROUTER.to_owned(), ..Default::default() };
        // The models say of no inputs: the call is decided, and then refused.
        let refused = bandits.client.call(PREDICT, &[], frame(&request.encode_to_vec())).await.unwrap();
        assert_eq!(pulls(&bandits.state()).iter().sum::<u64>(), 1);
        assert_eq!(unasked(&bandits.state()).iter().sum::<u64>(), 1, "no arm was asked");
        // What became of the caller says nothing of the arm: feedback is taken, and not learnt.
        let taken = |id: &str| RecordFeedbackRequest {
            prediction_id: id.to_owned(),
            value: 1.0,
            ..Default::default()
        };
        let refused_id = refused.header("pointsman-prediction-id").to_owned();
        assert_eq!(
            recorded(&bandits.world).1[0].prediction_id,
            refused_id,
            "the record has the id that is told"
        );
        let answered = bandits.call().await.header("pointsman-prediction-id").to_owned();
        for id in [&refused_id, &answered] {
            let told = bandits.client.call(RECORD, &[], frame(&taken(id).encode_to_vec())).await.unwrap();
            assert_eq!(told.code(), 0, "{}", told.text());
        }
        let batch = bandits.world.server.take_feedback(0, 10, Duration::from_secs(10)).unwrap();
        let entries = FeedbackBatch::decode(&batch[..]).unwrap().entries;
        assert_eq!(entries.iter().map(|entry| entry.counted).collect::<Vec<_>>(), [false, true]);
        let body = frame(&infer_request(ROUTER));
        let answer = bandits.client.call(MODEL_INFER, &[("pointsman-entity-id", "e")], body).await.unwrap();
        assert_eq!(answer.header("pointsman-reason"), "bandit", "an entity changes nothing");
    });
}

#[test]
fn a_call_is_explained_by_the_shares_in_force() {
    run(async {
        let bandits = Bandits::start(bandit_router(Bandit { uniform_slice: 0.9, ..bandit() })).await;
        set(&bandits.world.server, &totals(EPOCH, &GOOD_C));
        let state = bandits.state();
        let case = |state: Option<BanditState>| RoutingCase {
            router: Some(bandit_router(Bandit { uniform_slice: 0.9, ..bandit() })),
            call: Some(ExplainRoutingRequest::default()),
            bandit: state,
        };
        let explained = |state| {
            let told = explain_routing(&case(state).encode_to_vec()).unwrap();
            let told = ExplainRoutingResponse::decode(&told[..]).unwrap();
            assert_eq!((told.reason(), told.variant.as_str()), (DecisionReason::Bandit, ""));
            let shares: Vec<f64> = told.propensities.iter().map(|one| one.propensity).collect();
            <[f64; 3]>::try_from(shares).unwrap()
        };
        assert_eq!(explained(Some(state.clone())), shares(&state));
        assert_near(explained(None), EVEN);
        let other = BanditState { epoch: EPOCH + 1, ..state };
        let refused = explain_routing(&case(Some(other)).encode_to_vec()).unwrap_err().to_string();
        assert!(refused.contains("ask again"), "{refused}");
    });
}
