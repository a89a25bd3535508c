//! Which shares are in force: they follow what is learnt, and what cannot be used changes nothing.

use super::*;

#[test]
fn shares_follow_totals_and_records_say_what_they_were_drawn_from() {
    run(async {
        let bandits = Bandits::start(bandit_router(bandit())).await;
        assert_near(bandits.shares(), EVEN);
        let first = bandits.calls(60).await;
        assert!(first.iter().all(|picked| *picked > 0), "{first:?}");
        let before = bandits.state();

        set(&bandits.world.server, &totals(EPOCH, &GOOD_A));
        let after = bandits.state();
        assert_near(shares(&after), all_to(0));
        assert!(after.allocation_version > before.allocation_version);
        let picked = bandits.calls(200).await;
        assert!(picked[0] > 160, "{picked:?}");
        let both = [0, 1, 2].map(|index| first[index] + picked[index]);
        assert_eq!(pulls(&bandits.state()), both);

        set(&bandits.world.server, &totals(EPOCH, &GOOD_A));
        assert_eq!(bandits.state().allocation_version, after.allocation_version, "nothing else came out");

        let (routes, entries) = recorded(&bandits.world);
        assert_eq!(entries.len(), 260);
        for (number, entry) in entries.iter().enumerate() {
            let of = if number < 60 { &before } else { &after };
            let listed = assert_drawn(&routes, entry, 0.0);
            assert_eq!(listed, shares(of));
            assert_eq!((entry.allocation_version, entry.epoch), (of.allocation_version, EPOCH));
        }
        assert_eq!(routes.len(), 3, "the router's own, and one for each table");
    });
}

#[test]
fn what_was_learnt_is_handed_on_while_the_epoch_stays_and_no_longer() {
    run(async {
        let mut bandits = Bandits::start(bandit_router(bandit())).await;
        let picked = bandits.calls(10).await;
        set(&bandits.world.server, &totals(EPOCH, &GOOD_A));
        let former = bandits.state();

        // A setting changes: the same totals, other shares.
        bandits.publish(bandit_router(Bandit { exploration_floor: Some(0.3), ..bandit() }));
        assert_near(bandits.shares(), [0.8, 0.1, 0.1]);
        assert_eq!(pulls(&bandits.state()), picked);
        assert!(bandits.state().allocation_version > former.allocation_version);

        // The best is switched off, the variants change places: the others share evenly, and it is never picked.
        let mut router = bandit_router(bandit());
        router.variants[0].enabled = Some(false);
        router.variants.reverse();
        bandits.publish(router);
        assert_near(bandits.shares(), [0.0, 0.5, 0.5]);
        assert_eq!(bandits.calls(100).await[0], 0);

        // Back again with what it had.
        bandits.publish(bandit_router(bandit()));
        assert_near(bandits.shares(), all_to(0));
        assert_eq!(pulls(&bandits.state())[0], picked[0]);

        bandits.publish(bandit_router(Bandit { epoch: EPOCH + 1, ..bandit() }));
        let fresh = bandits.state();
        assert_near(shares(&fresh), EVEN);
        assert_eq!((fresh.epoch, pulls(&fresh)), (EPOCH + 1, [0; 3]));
        set(&bandits.world.server, &totals(EPOCH, &GOOD_A));
        assert_near(bandits.shares(), EVEN);

        let other = RouterSnapshot { incarnation: INCARNATION + 1, ..bandit_router(bandit()) };
        bandits.publish(other);
        assert_eq!(pulls(&bandits.state()), [0; 3]);
        set(&bandits.world.server, &totals(EPOCH, &GOOD_A));
        assert_near(bandits.shares(), EVEN);
    });
}

#[test]
fn totals_that_cannot_be_used_change_nothing() {
    run(async {
        let bandits = Bandits::start(bandit_router(bandit())).await;
        let server = &bandits.world.server;
        set(server, &totals(EPOCH, &GOOD_A));
        let before = bandits.state();
        for wrong in [("a", 10, 11.0), ("a", 10, -1.0), ("a", 10, f64::NAN)] {
            set(server, &totals(EPOCH, &[wrong, ("b", 10, 5.0), ("c", 10, 5.0)]));
            assert_eq!(bandits.state(), before, "{wrong:?}");
        }
        let elsewhere =
            RouterTotals { router_id: "nobody".to_owned(), ..totals(EPOCH, &GOOD_C).routers[0].clone() };
        set(server, &BanditTotals { routers: vec![elsewhere] });
        assert_eq!(bandits.state(), before);
        set(server, &totals(EPOCH, &[GOOD_C[0], GOOD_C[1], GOOD_C[2], ("gone", 7, 7.0)]));
        assert_near(bandits.shares(), all_to(2));
        assert!(server.set_bandit_totals(b"\xff").is_err());
    });
}

#[test]
fn own_picks_that_totals_hold_are_not_counted_twice() {
    run(async {
        let bandit = with(Algorithm::EpsilonGreedy(EpsilonGreedy { epsilon: Some(0.0) }));
        let bandit = Bandit { warm_up_pulls: 40, exploration_floor: Some(0.0), ..bandit };
        let bandits = Bandits::start(bandit_router(bandit)).await;
        let picked = bandits.calls(30).await;
        // 30 of the calls of each are known, the picks here among them: 10 are missing for the warm-up of each.
        let mut given = totals(EPOCH, &[("a", 30, 15.0), ("b", 30, 0.0), ("c", 30, 0.0)]);
        for (arm, picked) in given.routers[0].arms.iter_mut().zip(picked) {
            arm.own_pulls = picked;
        }
        set(&bandits.world.server, &given);
        assert_near(bandits.shares(), EVEN);
        for arm in &mut given.routers[0].arms {
            arm.own_pulls = 0;
            arm.pulls = 40;
        }
        set(&bandits.world.server, &given);
        assert_near(bandits.shares(), [1.0, 0.0, 0.0]);
    });
}

#[test]
fn ucb1_follows_calls_under_way() {
    run(async {
        let ucb1 = with(Algorithm::Ucb1(Ucb1 { alpha: Some(1.0) }));
        let bandits = Bandits::start(bandit_router(ucb1)).await;
        set(&bandits.world.server, &totals(EPOCH, &[("a", 50, 30.0), ("b", 50, 25.0), ("c", 50, 25.0)]));
        let before = bandits.state();
        assert!(shares(&before)[0] > 0.9, "the next call goes to the greatest index: {before:?}");
        // No totals come: its own calls alone bring the index down.
        while bandits.state().allocation_version == before.allocation_version {
            bandits.calls(5).await;
        }
        let after = bandits.state();
        assert!(shares(&after)[0] < shares(&before)[0], "{after:?}");
    });
}

#[test]
fn fewer_can_be_better_and_a_single_arm_gets_everything() {
    run(async {
        let normal = with(Algorithm::ThompsonNormal(ThompsonNormal::default()));
        let mut router = bandit_router(normal);
        router.metrics[0].direction = MetricDirection::Minimise.into();
        let mut bandits = Bandits::start(router.clone()).await;
        set(
            &bandits.world.server,
            &totals(EPOCH, &[("a", 900, 800.0), ("b", 900, 100.0), ("c", 900, 800.0)]),
        );
        assert_near(bandits.shares(), all_to(1));
        router.variants[1].enabled = Some(false);
        router.variants[2].enabled = Some(false);
        bandits.publish(router);
        assert_near(bandits.shares(), [1.0, 0.0, 0.0]);
        assert_eq!(bandits.calls(20).await, [20, 0, 0]);
    });
}

#[test]
fn bandits_that_cannot_be_are_refused() {
    run(async {
        let mut bandits = Bandits::start(bandit_router(bandit())).await;
        type Change = fn(&mut RouterSnapshot);
        let slice = |slice| Bandit { uniform_slice: slice, ..bandit() };
        let cases: [(&str, f64, Change); 5] = [
            ("bandit.uniform_slice: 0.2 would be drawn", 0.2, |router| sticky(router, [4_000, 3_000, 3_000])),
            ("bandit.metric: \"reward\" is none of", 0.0, |router| router.metrics.clear()),
            ("bandit.metric: \"reward\" may be outside", 0.0, |router| {
                router.metrics[0].r#type = MetricType::Number.into();
            }),
            ("bandit.uniform_slice: 2", 2.0, |_| {}),
            ("variants: 0 enabled variants", 0.0, |router| {
                router.variants.iter_mut().for_each(|variant| variant.enabled = Some(false));
            }),
        ];
        for (reason, part, change) in cases {
            let mut router = bandit_router(slice(part));
            change(&mut router);
            let update = bandits.update(router);
            let refused = bandits.world.server.publish(&update.encode_to_vec()).unwrap().refused;
            assert!(refused[0].reason.contains(reason), "{refused:?}");
        }
    });
}
