"""What a result says by a rule, and when it cannot be said."""

from typing import Any

import pytest

from pointsman.domain.drift.alerting.judging import judge
from pointsman.domain.drift.alerting.rules import AlertFigure, AlertRule, AlertTier
from pointsman.domain.drift.analyses import DriftStatus

DAY_US = 86_400_000_000
WEEK_US = 7 * DAY_US


def a_body(status="ok", features=None, **more):
    """A result; features by name and algorithm with score, p-value and status."""
    return {
        "status": status,
        "features": {
            name: {
                "status": max((one.get("status", "ok") for one in algorithms.values()), default="ok"),
                "algorithms": algorithms,
            }
            for name, algorithms in (features or {}).items()
        },
        **more,
    }


def psi(score, p_value=0.5, status="ok"):
    return {"psi": {"score": score, "pValue": p_value, "status": status, "value": score}}


def ks(p_value):
    return {"ks_test": {"score": 0.1, "pValue": p_value, "status": "ok", "value": 0.1}}


def scores(*bars, features=(), least=1, **fields):
    tiers = tuple(AlertTier(f"t{level}", threshold=bar) for level, bar in enumerate(bars, 1))
    return AlertRule("r", AlertFigure.SCORE, "psi", features, least, tiers=tiers, **fields)


def level(rule, body, open_names=(), window_us=WEEK_US):
    return judge(rule, body, window_us, open_names).level


def test_the_most_severe_tier_that_is_met_counts_and_a_threshold_itself_is_not_above_it():
    rule = scores(0.1, 0.25)
    found = [level(rule, a_body(features={"age": psi(score)})) for score in (0.1, 0.11, 0.25, 0.26)]
    assert found == [0, 1, 1, 2]


def test_a_p_value_meets_a_tier_below_its_threshold():
    tiers = (AlertTier("a", threshold=0.05), AlertTier("b", threshold=0.01))
    rule = AlertRule("r", AlertFigure.P_VALUE, "ks_test", tiers=tiers)
    found = [level(rule, a_body(features={"age": ks(value)})) for value in (0.05, 0.049, 0.01, 0.009)]
    assert found == [0, 1, 1, 2]


@pytest.mark.parametrize(("status", "expected"), [("ok", 0), ("warning", 1), ("alert", 2)])
def test_a_status_meets_its_own_tier_and_milder_ones(status, expected):
    tiers = (AlertTier("a", status=DriftStatus.WARNING), AlertTier("b", status=DriftStatus.ALERT))
    overall = AlertRule("r", AlertFigure.STATUS, tiers=tiers)
    assert level(overall, a_body(status, {"age": psi(0.1, status=status)})) == expected
    of_algorithm = AlertRule("r", AlertFigure.STATUS, "psi", tiers=tiers)
    assert level(of_algorithm, a_body(features={"age": psi(0.1, status=status)})) == expected
    of_feature = AlertRule("r", AlertFigure.STATUS, features=("age",), tiers=tiers)
    assert level(of_feature, a_body(features={"age": psi(0.1, status=status)})) == expected


OVERALL = AlertRule(
    "r",
    AlertFigure.STATUS,
    tiers=(AlertTier("a", status=DriftStatus.WARNING), AlertTier("b", status=DriftStatus.ALERT)),
)


def test_the_warning_of_a_result_that_has_no_figure_is_not_judged():
    found = judge(OVERALL, a_body("warning"), WEEK_US, ())
    assert (found.level, found.reason) == (None, "not judged: the result has no status")


def test_the_overall_status_does_not_recover_while_the_feature_it_fires_by_has_no_figure():
    fired = judge(OVERALL, a_body("alert", {"x": psi(0.9, status="alert"), "y": psi(0.0)}), WEEK_US, ())
    assert (fired.level, fired.findings) == (2, (("x", 2),))
    names = tuple(name for name, _ in fired.findings)
    lacking = [{"feature": "x", "reason": "too few rows", "n": 100, "m": 3}]
    found = judge(OVERALL, a_body(features={"y": psi(0.0)}, insufficientData=lacking), WEEK_US, names)
    assert (found.level, found.reason) == (None, "not judged: the result has no status of x")
    assert level(OVERALL, a_body(features={"x": psi(0.0), "y": psi(0.0)}), names) == 0


def test_the_overall_status_is_that_of_answers_and_slices_too():
    groups = [{"status": "alert", **a_body(features={"age": psi(0.9, status="alert")})}]
    of_slice = judge(OVERALL, a_body("alert", {"age": psi(0.0)}, groups=groups), WEEK_US, ())
    assert (of_slice.level, of_slice.reason) == (2, "status alert or worse: age alert")
    assert level(OVERALL, a_body("warning", {"(predictions)": psi(0.2, status="warning")})) == 1


def test_so_many_features_must_meet_a_tier():
    rule = scores(0.1, least=3)
    two = {"a": psi(0.2), "b": psi(0.2), "c": psi(0.0)}
    assert level(rule, a_body(features=two)) == 0
    assert level(rule, a_body(features=two | {"d": psi(0.3)})) == 1


def test_labels_and_scores_are_no_features_unless_they_are_named():
    body = a_body(features={"(label)": psi(0.9), "age": psi(0.0)})
    assert level(scores(0.1), body) == 0
    assert level(scores(0.1, features=("(label)",)), body) == 1


def test_labels_and_scores_do_not_stand_in_for_features_that_a_window_has_none_of():
    answers = {
        "(label)": psi(0.9),
        "(score of gold)": psi(0.9),
        "(confidence)": psi(0.9),
        "(prediction)": psi(0.9),
    }
    lacking = [{"feature": "age", "reason": "the window has no predictions with features"}]
    found = judge(scores(0.1), a_body(features=answers, insufficientData=lacking), WEEK_US, ())
    assert (found.level, found.reason) == (None, "not judged: the result has no score of psi")
    assert level(scores(0.1, least=3), a_body(features=answers)) is None
    tiers = (AlertTier("a", status=DriftStatus.ALERT),)
    of_status = AlertRule("r", AlertFigure.STATUS, "psi", tiers=tiers)
    assert level(of_status, a_body(features={"(label)": psi(0.9, status="alert")})) is None


@pytest.mark.parametrize("whole", ["(all)", "(predictions)"])
def test_what_looks_at_whole_rows_is_judged_without_any_feature(whole):
    assert level(scores(0.1), a_body(features={whole: psi(0.9)})) == 1


def test_a_named_feature_without_a_figure_is_not_judged_unless_enough_others_meet_the_tier():
    rule = scores(0.1, features=("age", "income"))
    assert level(rule, a_body(features={"age": psi(0.0)})) is None
    assert level(rule, a_body(features={"age": psi(0.2)})) == 1
    both = scores(0.1, features=("age", "income"), least=2)
    assert level(both, a_body(features={"age": psi(0.2)})) is None
    assert level(both, a_body(features={"age": psi(0.0)})) == 0, "whatever income is, two are not met"


def test_an_alert_does_not_recover_while_the_feature_it_fires_by_is_not_judged():
    rule = scores(0.1)
    lacking = [{"feature": "age", "reason": "too few rows", "n": 100, "m": 3}]
    body = a_body(features={"income": psi(0.0)}, insufficientData=lacking)
    assert level(rule, body) == 0
    found = judge(rule, body, WEEK_US, ("age",))
    assert found.level is None
    assert found.reason == "not judged: the result has no score of psi of age"


def test_an_alert_does_not_wait_for_a_feature_that_the_baseline_has_no_more():
    rule, body = scores(0.1), a_body(features={"income": psi(0.0)}, columns={"income": {}})
    assert level(rule, body, ("age",)) == 0
    assert level(rule, a_body(features={"income": psi(0.2)}), ("age",)) == 1


def test_an_alert_waits_for_what_the_result_knows_without_a_figure():
    rule, features = scores(0.1), {"income": psi(0.0)}
    waits: tuple[dict[str, Any], ...] = (
        {"columns": {"age": {}}},
        {"notMeasured": [{"feature": "age", "algorithm": "psi"}]},
    )
    for more in waits:
        assert level(rule, a_body(features=features, **more), ("age",)) is None, more
    assert level(rule, a_body(features=features), ("(label)",)) is None


def test_a_result_without_the_figure_is_not_judged_and_says_so():
    found = judge(scores(0.1), a_body(), WEEK_US, ())
    assert (found.level, found.reason) == (None, "not judged: the result has no score of psi")


def test_a_p_value_that_is_none_is_no_figure():
    tiers = (AlertTier("a", threshold=0.05),)
    rule = AlertRule("r", AlertFigure.P_VALUE, "ks_test", tiers=tiers)
    assert level(rule, a_body(features={"age": ks(None)})) is None


def test_a_window_that_is_too_short_is_not_judged():
    rule = scores(0.1, window_days=30.0)
    body = a_body(features={"age": psi(0.9)})
    found = judge(rule, body, WEEK_US, ())
    assert found.level is None
    assert found.reason == "not judged: the window has 7 days, the rule needs 30"
    assert level(rule, body, window_us=30 * DAY_US) == 1


def test_the_reason_names_the_worst_features_first():
    features = {f"f{number}": psi(number / 10) for number in range(2, 9)}
    found = judge(scores(0.1), a_body(features=features), WEEK_US, ())
    assert found.reason == ("score of psi above 0.1: f8 0.8, f7 0.7, f6 0.6, f5 0.5, f4 0.4 and 2 more")
    assert len(found.findings) == 7


def test_class_rates_count_relative_to_the_baseline_up_and_down():
    rule = AlertRule("r", AlertFigure.CLASS_RATE, tiers=(AlertTier("a", threshold=0.15),))

    def rates(current):
        return a_body(classRates={"reject": {"reference": 0.2, "current": current}})

    assert [level(rule, rates(current)) for current in (0.2, 0.229, 0.231, 0.171, 0.169)] == [0, 0, 1, 0, 1]


def test_of_a_class_that_the_baseline_has_none_of_there_is_no_rate_to_compare_with():
    tiers = (AlertTier("a", threshold=0.15),)
    rule = AlertRule("r", AlertFigure.CLASS_RATE, features=("new",), tiers=tiers)
    assert level(rule, a_body(classRates={"new": {"reference": 0.0, "current": 0.5}})) is None


def test_a_metric_that_falls_meets_a_tier_by_how_far_it_is_below_the_baseline_s():
    tiers = (AlertTier("review", threshold=0.02),)
    rule = AlertRule("r", AlertFigure.PERFORMANCE_DROP, tiers=tiers, metric="roc_auc")

    def body(realised, outcomes=100):
        own = {"reference": 0.85, "realised": realised, "sampleSize": outcomes}
        return a_body(performance={"roc_auc": own, "accuracy": {"reference": 0.9}})

    assert [level(rule, body(value)) for value in (0.9, 0.84, 0.82)] == [0, 0, 1]
    assert level(rule, body(0.5, outcomes=29)) is None, "too few outcomes to say so"
    of_accuracy = AlertRule("r", AlertFigure.PERFORMANCE_DROP, tiers=tiers, metric="accuracy")
    assert level(of_accuracy, body(0.5)) is None, "no outcome is known"
