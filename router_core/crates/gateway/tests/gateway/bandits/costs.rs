//! What calls cost, counted where the reward asks for it.

use pointsman_wire::generated::pointsman_v1::{Cost, RewardTerm, reward_term::Of};

use super::*;

fn sum_of(costs: &[Cost]) -> Bandit {
    let term = |cost: &Cost| RewardTerm { of: Some(Of::Cost((*cost).into())), weight: -1.0, missing: None };
    Bandit {
        reward_terms: costs.iter().map(term).collect(),
        exploration_floor: Some(0.0),
        ..with(Algorithm::ThompsonNormal(ThompsonNormal::default()))
    }
}

/// Calls that are over and those that failed, by variant.
fn ended(state: &BanditState) -> [(u64, u64); 3] {
    NAMES.map(|name| {
        let arm = state.arms.iter().find(|arm| arm.variant == name).unwrap();
        (arm.ended_pulls, arm.failed_pulls)
    })
}

#[test]
fn calls_that_an_arm_was_asked_cost_and_those_that_were_refused_do_not() {
    run(async {
        let mut router = bandit_router(sum_of(&[Cost::Error, Cost::Latency]));
        let mut bandits = Bandits::start(router.clone()).await;
        set(&bandits.world.server, &totals(EPOCH, &GOOD_A));
        bandits.calls(5).await;
        let state = bandits.state();
        assert_eq!(ended(&state), [(5, 0), (0, 0), (0, 0)]);
        let arm = &state.arms[0];
        assert!(arm.seconds > 0.0 && arm.squared_seconds > 0.0);
        assert!(arm.squared_seconds <= arm.seconds * arm.seconds);

        // No features: nobody is asked.
        let featureless = PredictRequest { router_id: ROUTER.to_owned(), ..Default::default() };
        let body = frame(&featureless.encode_to_vec());
        let refused = bandits.client.call(PREDICT, &[], body).await.unwrap();
        assert_ne!(refused.code(), 0);
        assert_eq!(unasked(&bandits.state())[0], 1);
        assert_eq!(ended(&bandits.state())[0], (5, 0));

        // An arm that is gone has failed the call.
        let dead = Backend::start().await.kill().await.to_string();
        let mut update = bandits.update(router.clone());
        update.changed_models[0] = model("1", &dead);
        assert_eq!(bandits.world.server.publish(&update.encode_to_vec()).unwrap().refused, []);
        assert_eq!(bandits.client.infer(&infer_request(ROUTER)).await.code(), 14);
        assert_eq!(ended(&bandits.state())[0], (6, 1));

        // Where another one answers, neither has cost anything.
        router.settings.as_mut().unwrap().fallback = Fallback::AnyHealthy.into();
        let mut update = bandits.update(router);
        update.changed_models[0] = model("1", &dead);
        assert_eq!(bandits.world.server.publish(&update.encode_to_vec()).unwrap().refused, []);
        assert_eq!(bandits.call().await.header("pointsman-reason"), "fallback");
        assert_eq!(ended(&bandits.state()), [(6, 1), (0, 0), (0, 0)]);
    });
}

#[test]
fn bandits_of_one_metric_count_no_costs_and_sums_that_are_wrong_are_refused() {
    run(async {
        let mut bandits = Bandits::start(bandit_router(bandit())).await;
        bandits.calls(3).await;
        assert_eq!(ended(&bandits.state()), [(0, 0); 3]);
        for (bandit, words) in [
            (sum_of(&[Cost::Latency]), "bandit.reward_terms: is of latency alone"),
            (sum_of(&[Cost::Error, Cost::Error]), "bandit.reward_terms[1].cost: is of an earlier term"),
            (sum_of(&[Cost::Unspecified]), "bandit.reward_terms[0].metric: is missing"),
            (
                Bandit { algorithm: None, ..sum_of(&[Cost::Error]) },
                "bandit.reward_terms: thompson_beta learns",
            ),
        ] {
            let update = bandits.update(bandit_router(bandit));
            let refused = bandits.world.server.publish(&update.encode_to_vec()).unwrap().refused;
            assert!(refused[0].reason.contains(words), "{}", refused[0].reason);
        }
    });
}
