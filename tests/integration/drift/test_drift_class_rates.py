"""Rules of how often a class is answered are judged by what analyses measure of it."""

from contract.drift_by_hand import CLASSES, a_baseline, ended, features_of, labeled, log_rows
from pointsman.v1 import drift_pb2

BEFORE = ([[0.9, 0.1], [0.1, 0.9]] * 30, [*CLASSES] * 30, [*CLASSES] * 30)


async def rule_after(user, approved, denied):
    """The rule's state after an analysis of so many answers of each class; the baseline has 30 of each."""
    await user.drift.CreateBaseline(a_baseline(features_of(1, 60), labeled_predictions=labeled(*BEFORE)))
    rule = drift_pb2.AlertRule(
        name="rates",
        figure=drift_pb2.ALERT_FIGURE_CLASS_RATE,
        tiers=[drift_pb2.AlertTier(name="review", threshold=0.5)],
    )
    await user.drift.UpdateAlertRules(drift_pb2.UpdateAlertRulesRequest(model_id="cancer", rules=[rule]))
    await log_rows(user, features_of(2, approved), prediction="approved", probabilities=[0.1, 0.9])
    await log_rows(user, features_of(3, denied), prediction="denied", probabilities=[0.9, 0.1])
    job = await ended(user, (await user.drift.Analyze(drift_pb2.AnalyzeRequest(model_id="cancer"))).job_id)
    assert job.status == drift_pb2.ANALYSIS_STATUS_SUCCEEDED, job.error
    rules = await user.drift.GetAlertRules(drift_pb2.GetAlertRulesRequest(model_id="cancer"))
    return rules.rules[0].state


async def test_a_rule_of_class_rates_fires_by_an_analysis(cancer):
    state = await rule_after(cancer, approved=36, denied=4)
    assert (state.firing, state.judged) == (True, True), state
    # From half of the answers to a tenth, and to nine tenths: by 80 per cent of what it was each.
    assert "approved 0.8" in state.reason, state.reason
    assert "denied 0.8" in state.reason, state.reason


async def test_a_rule_of_class_rates_is_judged_where_they_stay(cancer):
    state = await rule_after(cancer, approved=22, denied=18)
    assert (state.firing, state.judged) == (False, True), state
    assert state.reason.endswith("no tier is met")


async def test_alerts_by_answers_end_when_a_new_baseline_has_none(cancer):
    assert (await rule_after(cancer, approved=36, denied=4)).firing
    of_labels = drift_pb2.AlertRule(
        name="labels",
        figure=drift_pb2.ALERT_FIGURE_SCORE,
        algorithm="psi",
        features=["(label)"],
        tiers=[drift_pb2.AlertTier(name="review", threshold=0.1)],
    )
    rules = (await cancer.drift.GetAlertRules(drift_pb2.GetAlertRulesRequest(model_id="cancer"))).rules
    for rule in rules:
        rule.ClearField("state")
    await cancer.drift.UpdateAlertRules(
        drift_pb2.UpdateAlertRulesRequest(model_id="cancer", rules=[*rules, of_labels])
    )
    asked = drift_pb2.AnalyzeRequest(model_id="cancer")
    await ended(cancer, (await cancer.drift.Analyze(asked)).job_id)
    standing = (await cancer.drift.GetAlertRules(drift_pb2.GetAlertRulesRequest(model_id="cancer"))).rules
    assert [one.state.firing for one in standing] == [True, True], standing

    made = await cancer.drift.CreateBaseline(a_baseline(features_of(1, 60), "v2"))
    await cancer.drift.SetActiveBaseline(
        drift_pb2.SetActiveBaselineRequest(model_id="cancer", baseline_id=made.baseline_id)
    )
    job = await ended(cancer, (await cancer.drift.Analyze(asked)).job_id)
    assert job.status == drift_pb2.ANALYSIS_STATUS_SUCCEEDED, job.error
    standing = (await cancer.drift.GetAlertRules(drift_pb2.GetAlertRulesRequest(model_id="cancer"))).rules
    told = (await cancer.drift.GetAlertEvents(drift_pb2.GetAlertEventsRequest(model_id="cancer"))).events
    whys = {
        "rates": "not judged any more: the baseline has no labeled predictions",
        "labels": "not judged any more: the baseline has no (label)",
    }
    for rule in standing:
        assert (rule.state.firing, rule.state.judged) == (False, False), rule
        assert rule.state.reason == whys[rule.name]
    last = [one for one in told if one.result_id == job.result_id]
    assert {one.rule: one.summary for one in last} == whys
    assert {one.kind for one in last} == {drift_pb2.ALERT_EVENT_KIND_ENDED}
