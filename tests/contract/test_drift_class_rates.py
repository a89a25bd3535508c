"""Rules of how often a class is answered are judged by what analyses measure of it."""

from pointsman.v1 import drift_pb2

from .drift_by_hand import CLASSES, a_baseline, ended, features_of, labeled, log_rows

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
