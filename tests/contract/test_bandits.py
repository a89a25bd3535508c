"""Bandits: what they learn by, said and checked; epochs; and what the replica is told of their arms."""

import contextlib

import grpc
import pytest
from google.protobuf.duration_pb2 import Duration
from google.protobuf.field_mask_pb2 import FieldMask

from pointsman.store import servers
from pointsman.v1 import definition_pb2, prediction_pb2, router_pb2

from .by_hand import run_all
from .conftest import a_variant

OLD, NEW = a_variant("old", "1", 0), a_variant("new", "2", 0)
CONVERSION = router_pb2.MetricDefinition(name="conversion", type=router_pb2.METRIC_TYPE_BINARY)
BETA = router_pb2.Bandit(metric="conversion")
UCB1 = router_pb2.Bandit(ucb1=router_pb2.Ucb1(), metric="gain")


async def create(user, bandit=BETA, variants=(OLD, NEW), metrics=(CONVERSION,), **fields):
    fields.setdefault("strategy", router_pb2.STRATEGY_BANDIT)
    return await user.create(
        "offers", variants=list(variants), bandit=bandit, metrics=list(metrics), **fields
    )


async def update(user, *paths, **fields):
    return await user.routers.UpdateRouter(
        router_pb2.UpdateRouterRequest(
            router=router_pb2.Router(router_id="offers", **fields), update_mask=FieldMask(paths=paths)
        )
    )


async def reward(bench, variant, value, *, epoch=1, metric="conversion", row=0, **facts):
    """Says what a call was worth and waits until it is applied; answers its prediction id."""
    made = facts.pop("prediction_id", "") or bench.replica.prediction_id(
        "offers", variant, epoch=epoch, **facts
    )
    await bench.local.predictions.RecordFeedback(
        prediction_pb2.RecordFeedbackRequest(
            prediction_id=made,
            value=value,
            metric=metric,
            wait=prediction_pb2.FEEDBACK_WAIT_APPLIED,
        )
    )
    return made


def told(bench):
    """What the replica knows of the arms: calls, rewards and their sum."""
    totals = bench.replica.totals["offers"]
    return {
        arm.variant: (arm.pulls, arm.count, round(arm.sum + arm.count * arm.origin, 9)) for arm in totals.arms
    }


def learn(bench):
    bench.plane.parts.learning.learn_now()
    return told(bench)


async def metrics(user):
    return await user.routers.GetRouterMetrics(router_pb2.GetRouterMetricsRequest(router_id="offers"))


async def test_a_bandit_is_created_with_its_defaults_in_its_first_epoch(bench, cancer):
    made = await create(cancer)
    assert made.bandit == router_pb2.Bandit(
        thompson_beta=router_pb2.ThompsonBeta(), metric="conversion", exploration_floor=0.05, epoch=1
    )
    assert not made.sticky
    assert await cancer.get("offers") == made
    published = bench.replica.routers["offers"]
    assert published.settings.bandit == made.bandit
    assert published.strategy == router_pb2.STRATEGY_BANDIT


@pytest.mark.parametrize(
    ("fields", "path", "words"),
    [
        ({"bandit": router_pb2.Bandit()}, "bandit.metric", "declare it as binary"),
        (
            {"metrics": [router_pb2.MetricDefinition(name="conversion")]},
            "bandit.metric",
            "declare it as binary",
        ),
        ({"bandit": UCB1}, "bandit.metric", "'gain' is none of the router's metrics, 'conversion'"),
        (
            {"sticky": True, "bandit": router_pb2.Bandit(metric="conversion", uniform_slice=0.2)},
            "bandit.uniform_slice",
            "would be drawn for each call",
        ),
        (
            {"bandit": router_pb2.Bandit(metric="conversion", sticky_update_interval=Duration(seconds=60))},
            "bandit.sticky_update_interval",
            "the router is not sticky",
        ),
        (
            {
                "sticky": True,
                "bandit": router_pb2.Bandit(metric="conversion", sticky_update_interval=Duration(seconds=9)),
            },
            "bandit.sticky_update_interval",
            "is no time from 10 s",
        ),
        ({"variants": [OLD, a_variant("new", "2", 4)]}, "variants[1].weight", "leave it 0"),
        ({"variants": [OLD]}, "variants", "has 1 enabled"),
        (
            {"bandit": router_pb2.Bandit(metric="conversion", exploration_floor=1.5)},
            "bandit.exploration_floor",
            "",
        ),
        (
            {"bandit": router_pb2.Bandit(metric="conversion", missing_reward=0)},
            "bandit.feedback_window",
            "missing",
        ),
        (
            {
                "bandit": router_pb2.Bandit(
                    metric="conversion", missing_reward=2, feedback_window=Duration(seconds=9)
                )
            },
            "bandit.missing_reward",
            "not between 0 and 1",
        ),
        (
            {"bandit": router_pb2.Bandit(metric="conversion", half_life=Duration(nanos=5_000_000))},
            "bandit.half_life",
            "",
        ),
        (
            {
                "bandit": router_pb2.Bandit(
                    metric="conversion", thompson_beta=router_pb2.ThompsonBeta(prior_alpha=float("nan"))
                )
            },
            "bandit.thompson_beta.prior_alpha",
            "",
        ),
        ({"bandit": None}, "bandit", "is not set; STRATEGY_BANDIT needs it"),
    ],
)
async def test_what_a_bandit_cannot_learn_by_is_refused_with_its_path(cancer, failing, fields, path, words):
    failure = await failing(create(cancer, **fields))
    assert failure.code is grpc.StatusCode.INVALID_ARGUMENT
    assert list(failure.fields) == [f"router.{path}"]
    assert words in failure.fields[f"router.{path}"]


WAITED = router_pb2.Bandit(metric="conversion", feedback_window=Duration(seconds=60), missing_reward=0)


async def test_what_a_fallback_answered_is_no_missing_reward_of_the_arm_that_was_down(bench, cancer, clock):
    """Successes alone are reported; the arm is down for half of its calls, and one was refused before it."""
    await create(cancer, WAITED, fallback=router_pb2.FALLBACK_ANY_HEALTHY)
    now_us = clock()
    bench.replica.pick("offers", "old", 201, unasked=101)
    bench.replica.pick("offers", "new", 50)
    for variant, successes in (("old", 60), ("new", 10)):
        for _ in range(successes):
            await reward(bench, variant, 1.0, time_us=now_us)
    # Of a call that another variant answered feedback counts for nobody.
    await reward(bench, "new", 1.0, time_us=now_us, pinned=True)
    assert learn(bench) == {"old": (201, 60, 60), "new": (50, 10, 10)}
    clock.offset_us += 120 * 1_000_000
    bench.plane.parts.learning._given.clear()  # as after the seconds for which time alone changes little
    assert learn(bench) == {"old": (201, 100, 60), "new": (50, 50, 10)}


async def test_a_replica_that_counts_anew_passes_nothing_over_twice(bench, cancer, clock):
    await create(cancer, WAITED, fallback=router_pb2.FALLBACK_ANY_HEALTHY)
    bench.replica.pick("offers", "old", 10, unasked=6)
    learn(bench)
    bench.replica.pulls.clear()
    bench.replica.unasked.clear()
    bench.replica.pick("offers", "old", 20, unasked=1)
    learn(bench)
    clock.offset_us += 120 * 1_000_000
    bench.plane.parts.learning._given.clear()
    assert learn(bench)["old"] == (30, 23, 0)


async def test_whoever_reads_one_bandit_looks_at_no_other(bench, cancer):
    await create(cancer)
    await cancer.create(
        "ads", variants=[OLD, NEW], bandit=BETA, metrics=[CONVERSION], strategy=router_pb2.STRATEGY_BANDIT
    )
    bench.replica.pick("offers", "old", 5)
    bench.replica.pick("ads", "old", 7)
    bench.replica.shares = {("offers", "old"): 0.5, ("offers", "new"): 0.5}
    learn(bench)
    bench.plane.parts.learning.stop(5)  # it asks for all each second
    asked = bench.replica.asked_bandits
    asked.clear()
    bench.replica.pick("offers", "old", 1)
    assert [arm.pulls for arm in (await metrics(cancer)).bandit.arms] == [6, 0]
    await cancer.routers.ExplainRouting(router_pb2.ExplainRoutingRequest(router_id="offers"))
    assert asked
    assert all(ids == ["offers"] for ids in asked)
    assert {arm.variant: arm.pulls for arm in bench.replica.totals["ads"].arms} == {"old": 7, "new": 0}
    bench.replica.pick("ads", "old", 1)
    assert learn(bench)["old"][0] == 6
    assert {arm.variant: arm.pulls for arm in bench.replica.totals["ads"].arms} == {"old": 8, "new": 0}


async def test_settings_toggles_and_variants_keep_the_epoch_and_models_and_metrics_do_not(cancer):
    await create(cancer)
    warmed = router_pb2.Bandit(metric="conversion", warm_up_pulls=9, epoch=77)
    assert (await update(cancer, "bandit", bandit=warmed)).bandit.epoch == 1
    third = a_variant("third", "1", 0)
    assert (await update(cancer, "variants", variants=[OLD, NEW, third])).bandit.epoch == 1
    toggle = router_pb2.ToggleVariantRequest(router_id="offers", variant="third", enabled=False)
    await cancer.routers.ToggleVariant(toggle)
    assert (await cancer.get("offers")).bandit.epoch == 1
    assert (await update(cancer, "variants", variants=[OLD, NEW])).bandit.epoch == 1
    other = a_variant("third", "2", 0)
    assert (await update(cancer, "variants", variants=[OLD, NEW, other])).bandit.epoch == 2
    wanted = {"metrics": [CONVERSION, router_pb2.MetricDefinition(name="gain")], "bandit": UCB1}
    assert (await update(cancer, "metrics", "bandit", **wanted)).bandit.epoch == 3


async def test_a_metric_that_is_learnt_from_stays_declared(cancer, failing):
    await create(cancer)
    failure = await failing(update(cancer, "metrics"))
    assert list(failure.fields) == ["router.bandit.metric"]


async def test_a_reset_begins_an_epoch_and_says_why(cancer, failing):
    made = await create(cancer)
    request = router_pb2.ResetLearningRequest(router_id="offers", etag=made.etag, reason="the site changed")
    checked = router_pb2.ResetLearningRequest(router_id="offers", validate_only=True)
    assert (await cancer.routers.ResetLearning(checked)).bandit.epoch == 2
    assert (await cancer.routers.ResetLearning(request)).bandit.epoch == 2
    assert (await failing(cancer.routers.ResetLearning(request))).code is grpc.StatusCode.ABORTED
    history = await cancer.routers.ListRouterRevisions(
        router_pb2.ListRouterRevisionsRequest(router_id="offers")
    )
    newest = history.revisions[0]
    assert newest.comment == "the site changed"
    assert newest.summary.endswith("epoch 1 → bandit thompson_beta on conversion, epoch 2")
    failure = await failing(cancer.routers.ResetLearning(router_pb2.ResetLearningRequest(router_id="cancer")))
    assert (failure.code, failure.reason) == (grpc.StatusCode.FAILED_PRECONDITION, "NO_BANDIT")


async def test_a_rollback_gives_settings_back_and_never_an_epoch(cancer):
    await create(cancer)
    await update(cancer, "bandit", bandit=router_pb2.Bandit(metric="conversion", warm_up_pulls=9))
    back = router_pb2.RollbackRouterRequest(router_id="offers", revision=1)
    given = (await cancer.routers.RollbackRouter(back)).router.bandit
    assert (given.warm_up_pulls, given.epoch) == (0, 1)
    await update(cancer, "variants", variants=[OLD, a_variant("new", "1", 0)])
    again = (await cancer.routers.RollbackRouter(back)).router.bandit
    assert again.epoch == 3


async def test_definitions_state_a_bandit_and_no_epoch(cancer, failing):
    await create(cancer)
    await cancer.routers.ResetLearning(router_pb2.ResetLearningRequest(router_id="offers"))
    wanted = router_pb2.Router(
        router_id="offers",
        strategy=router_pb2.STRATEGY_BANDIT,
        variants=[OLD, NEW],
        metrics=[CONVERSION],
        bandit=router_pb2.Bandit(metric="conversion"),
    )
    request = definition_pb2.ApplyDefinitionsRequest(definitions=[definition_pb2.Definition(router=wanted)])
    applied = await cancer.definitions.ApplyDefinitions(request)
    assert applied.changes[0].outcome == definition_pb2.DEFINITION_OUTCOME_UNCHANGED
    wanted.bandit.half_life.seconds = 3600
    request = definition_pb2.ApplyDefinitionsRequest(definitions=[definition_pb2.Definition(router=wanted)])
    applied = await cancer.definitions.ApplyDefinitions(request)
    assert [change.field for change in applied.changes[0].fields] == ["bandit.half_life"]
    assert (await cancer.get("offers")).bandit.epoch == 2


async def test_weights_of_a_bandit_are_refused(cancer, failing):
    await create(cancer)
    failure = await failing(
        cancer.routers.UpdateVariantWeight(
            router_pb2.UpdateVariantWeightRequest(router_id="offers", variant="new", weight=50)
        )
    )
    assert failure.reason == "STRATEGY_TAKES_NO_WEIGHTS"


async def test_the_replica_is_told_calls_and_rewards_of_this_epoch(bench, cancer):
    await create(cancer)
    bench.replica.pick("offers", "old", 5)
    bench.replica.pick("offers", "new", 2)
    made = await reward(bench, "old", 1.0)
    await reward(bench, "old", 0.0)
    await reward(bench, "new", 1.0)
    await reward(bench, "new", 1.0, epoch=9)
    await reward(bench, "old", 1.0, prediction_id=made)
    assert learn(bench) == {"old": (5, 2, 1), "new": (2, 1, 1)}
    own = {arm.variant: arm.own_pulls for arm in bench.replica.totals["offers"].arms}
    assert own == {"old": 5, "new": 2}
    bench.replica.pick("offers", "old", 3)
    assert learn(bench)["old"] == (8, 2, 1)


async def test_the_replica_is_told_without_being_asked(bench, cancer):
    await create(cancer)
    bench.replica.pick("offers", "old", 5)
    await reward(bench, "old", 1.0)
    bench.replica.wait_for(lambda: "offers" in bench.replica.totals and told(bench)["old"] == (5, 1, 1))


async def test_a_replica_that_counts_anew_loses_no_calls(bench, cancer):
    await create(cancer)
    bench.replica.pick("offers", "old", 5)
    learn(bench)
    bench.replica.pulls.clear()
    bench.replica.pick("offers", "old", 2)
    assert learn(bench)["old"][0] == 7
    assert bench.replica.totals["offers"].arms[0].own_pulls == 2


async def test_after_a_reset_nothing_is_known(bench, cancer):
    await create(cancer)
    bench.replica.pick("offers", "old", 5)
    await reward(bench, "old", 1.0)
    learn(bench)
    await cancer.routers.ResetLearning(router_pb2.ResetLearningRequest(router_id="offers"))
    assert learn(bench) == {"old": (0, 0, 0), "new": (0, 0, 0)}
    assert bench.replica.totals["offers"].epoch == 2
    await reward(bench, "old", 1.0, epoch=1)
    run_all(bench.plane, "bandit-learning")
    assert learn(bench) == {"old": (0, 0, 0), "new": (0, 0, 0)}


async def test_positives_alone_give_the_true_rate_where_missing_counts_0(bench, cancer, clock):
    window = router_pb2.Bandit(metric="conversion", feedback_window=Duration(seconds=60), missing_reward=0)
    await create(cancer, window)
    now_us = clock()
    bench.replica.pick("offers", "old", 100)
    for _ in range(20):
        await reward(bench, "old", 1.0, time_us=now_us)
    assert learn(bench)["old"] == (100, 20, 20)
    clock.offset_us += 120 * 1_000_000
    bench.plane.parts.learning._given.clear()  # as after the seconds for which time alone changes little
    assert learn(bench)["old"] == (100, 100, 20)


async def test_time_is_the_databases_and_not_a_servers(bench, cancer, clock, monkeypatch):
    await create(cancer, WAITED)
    bench.replica.pick("offers", "old", 100)
    assert learn(bench)["old"] == (100, 0, 0)
    shared_us = clock()
    monkeypatch.setattr(servers, "clock_us", lambda connection, local_us: shared_us)
    clock.offset_us += 120 * 1_000_000
    bench.plane.parts.learning._given.clear()
    assert learn(bench)["old"] == (100, 0, 0)
    assert (await metrics(cancer)).bandit.arms[0].reward_count == 0


async def test_what_was_learnt_is_told_with_shares_in_force(bench, cancer):
    await create(cancer)
    bench.replica.pick("offers", "old", 40)
    bench.replica.pick("offers", "new", 10)
    bench.replica.shares = {("offers", "old"): 0.25, ("offers", "new"): 0.75}
    for value in (1.0, 1.0, 0.0):
        await reward(bench, "new", value)
    for value in (0.0, 0.0, 0.0, 1.0):
        await reward(bench, "old", value)
    found = await metrics(cancer)
    learnt = found.bandit
    assert (learnt.epoch, learnt.algorithm, learnt.metric) == (1, "thompson_beta", "conversion")
    old, new = learnt.arms
    assert (old.variant, old.pulls, old.reward_count, old.share) == ("old", 40, 4, 0.25)
    assert (new.variant, new.pulls, new.reward_count, new.share) == ("new", 10, 3, 0.75)
    assert old.mean == pytest.approx(2 / 6)
    assert new.mean == pytest.approx(3 / 5)
    assert old.mean_low < old.mean < old.mean_high
    assert old.best_probability + new.best_probability == pytest.approx(1)
    assert new.best_probability > 0.5
    assert learnt.regret > 0
    assert {one.variant: one.effective_share for one in found.variants} == {"old": 0.25, "new": 0.75}
    assert not found.HasField("sample_ratio_p_value")
    seen = await cancer.get("offers")
    assert {one.name: one.effective_share for one in seen.variants} == {"old": 0.25, "new": 0.75}


async def test_a_switched_off_arm_has_cost_what_it_has_cost(bench, cancer):
    await create(cancer, variants=(OLD, NEW, a_variant("third", "1", 0)))
    bench.replica.pick("offers", "third", 40)
    for arm in ("old", "new", "third"):
        await reward(bench, arm, 0.0 if arm == "third" else 1.0)
    before = (await metrics(cancer)).bandit
    toggle = router_pb2.ToggleVariantRequest(router_id="offers", variant="third", enabled=False)
    await cancer.routers.ToggleVariant(toggle)
    after = (await metrics(cancer)).bandit
    assert [arm.variant for arm in after.arms] == ["old", "new", "third"]
    assert after.arms[2].pulls == 40
    assert 0 < after.regret <= before.regret + 1e-9


async def test_other_routers_tell_of_no_bandit(bench, cancer):
    found = await cancer.routers.GetRouterMetrics(router_pb2.GetRouterMetricsRequest(router_id="cancer"))
    assert not found.HasField("bandit")


async def test_a_batch_that_was_stored_but_not_released_is_learnt_from_once(bench, cancer):
    """As after a kill between the transaction and the journal's release of it."""
    await create(cancer)
    await reward(bench, "old", 1.0)
    applier = bench.plane.parts.applier
    journal = bench.replica.journal
    made = bench.replica.prediction_id("offers", "old", epoch=1)
    real = journal.release_feedback

    def lost(position, outcomes):
        raise ConnectionError("killed")

    journal.release_feedback = lost
    try:
        await bench.local.predictions.RecordFeedback(
            prediction_pb2.RecordFeedbackRequest(prediction_id=made, value=1.0, metric="conversion")
        )
        # Whoever of the two came first stored it.
        with contextlib.suppress(ConnectionError):
            applier.apply_now()
    finally:
        journal.release_feedback = real
    applier._position = -1  # as after the next start
    applier.apply_now()
    assert learn(bench)["old"][1:] == (2, 2)
