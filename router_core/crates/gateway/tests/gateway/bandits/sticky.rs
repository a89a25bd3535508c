//! Entities keep the arm of their slot, whatever is learnt, until slots are published anew.

use pointsman_policy::slot_of_unit;

use super::*;

const SLOTS: [u32; 3] = [7_000, 2_000, 1_000];

fn sticky_router(slots: [u32; 3]) -> RouterSnapshot {
    let mut router = bandit_router(bandit());
    sticky(&mut router, slots);
    router
}

/// The arm that holds the slot of an entity.
fn owner(entity: &str, slots: [u32; 3]) -> &'static str {
    let slot = u32::from(slot_of_unit(&SALT, entity));
    let ends = slots.iter().scan(0, |end, length| {
        *end += length;
        Some(*end)
    });
    NAMES.iter().zip(ends).find(|(_, end)| slot < *end).unwrap().0
}

async fn answer_to(bandits: &Bandits, entity: &str) -> Answer {
    let headers = [("pointsman-entity-id", entity)];
    bandits.client.call(MODEL_INFER, &headers, frame(&infer_request(ROUTER))).await.unwrap()
}

#[test]
fn entities_keep_their_arm_while_shares_move_and_others_are_drawn() {
    run(async {
        let mut bandits = Bandits::start(sticky_router(SLOTS)).await;
        let entities: Vec<String> = (0..60).map(|number| format!("e{number}")).collect();
        // Nothing is known, then all of it speaks for c, and neither moves an entity.
        for learnt in [None, Some(totals(EPOCH, &GOOD_C))] {
            if let Some(learnt) = learnt {
                set(&bandits.world.server, &learnt);
            }
            for entity in &entities {
                let answer = answer_to(&bandits, entity).await;
                let told = ["pointsman-variant", "pointsman-reason"].map(|name| answer.header(name));
                assert_eq!(told, [owner(entity, SLOTS), "slot"]);
            }
        }
        assert_near(bandits.shares(), all_to(2));
        assert_eq!(bandits.call().await.header("pointsman-reason"), "bandit");
        // Picks by slot count as any other.
        assert_eq!(pulls(&bandits.state()).iter().sum::<u64>(), 121);
        let metrics = bandits.world.server.metrics();
        assert!(
            metrics.contains("pointsman_variant_weight_ratio{router=\"cancer\",variant=\"a\"} 0.7"),
            "{metrics}"
        );

        // Another table moves those whose slots it moves, and nobody else; what is known is handed on.
        let is_moved = |entity: &str| (5_000..7_000).contains(&slot_of_unit(&SALT, entity));
        let mut router = sticky_router(SLOTS);
        router.slot_runs = vec![0, 5_000, 2, 2_000, 1, 2_000, 2, 1_000];
        bandits.publish(router);
        for entity in &entities {
            let wanted = if is_moved(entity) { "c" } else { owner(entity, SLOTS) };
            assert_eq!(answer_to(&bandits, entity).await.header("pointsman-variant"), wanted);
        }
        assert_near(bandits.shares(), all_to(2));
        assert_eq!(pulls(&bandits.state()).iter().sum::<u64>(), 181);
    });
}

#[test]
fn a_record_says_the_shares_of_slots_that_decided_it_and_the_epoch() {
    run(async {
        let bandits = Bandits::start(sticky_router([8_000, 2_000, 0])).await;
        set(&bandits.world.server, &totals(EPOCH, &GOOD_A));
        for number in 0..20 {
            answer_to(&bandits, &format!("e{number}")).await;
        }
        bandits.calls(20).await;
        let (routes, entries) = recorded(&bandits.world);
        for entry in &entries {
            let route = route_of(&routes, entry);
            let by_slot: Vec<f64> = route.variants.iter().map(|variant| variant.slot_propensity).collect();
            assert_eq!(by_slot, [0.8, 0.2, 0.0]);
            // c holds no slot, and is drawn.
            assert!(route.variants.iter().all(|variant| variant.eligible));
            assert_eq!(entry.epoch, EPOCH);
            if entry.entity_id.is_empty() {
                assert_eq!((entry.randomised_by(), entry.slot), (RandomisedBy::Request, None));
                continue;
            }
            assert_eq!((entry.reason(), entry.randomised_by()), (DecisionReason::Slot, RandomisedBy::Entity));
            assert_eq!(entry.slot, Some(u32::from(slot_of_unit(&SALT, &entry.entity_id))));
            assert_eq!(entry.propensity, by_slot[entry.variant as usize]);
            // The generation names the table.
            assert_eq!((entry.allocation_version, route.router_generation), (0, 1));
        }
        assert_eq!(entries.iter().filter(|entry| !entry.entity_id.is_empty()).count(), 20);
    });
}

#[test]
fn a_call_is_explained_by_the_slot_of_its_entity() {
    run(async {
        let explained = |entity: &str| {
            let case = RoutingCase {
                router: Some(sticky_router(SLOTS)),
                call: Some(ExplainRoutingRequest { entity_id: entity.to_owned(), ..Default::default() }),
                bandit: None,
            };
            ExplainRoutingResponse::decode(&explain_routing(&case.encode_to_vec()).unwrap()[..]).unwrap()
        };
        let told = explained("e1");
        assert_eq!((told.reason(), told.variant.as_str()), (DecisionReason::Slot, owner("e1", SLOTS)));
        let shares: Vec<f64> = told.propensities.iter().map(|one| one.propensity).collect();
        assert_eq!(shares, [0.7, 0.2, 0.1]);
        assert_eq!(explained("").reason(), DecisionReason::Bandit);
    });
}
