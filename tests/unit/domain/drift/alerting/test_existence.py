"""An alert ends when no result can have its figure any more, and waits while one can."""

import pytest

from pointsman.domain.drift.alerting.existence import COMPARABLE, Comparable
from pointsman.domain.drift.alerting.judging import judge
from pointsman.domain.drift.alerting.rules import AlertFigure, AlertRule, AlertTier
from pointsman.domain.drift.alerting.states import AlertEventKind, AlertState, step

WEEK_US = 7 * 86_400_000_000
ANSWERS = frozenset(("(label)", "(score)", "(confidence)"))
TIERS = (AlertTier("notify", threshold=0.1), AlertTier("page", threshold=0.25))
RATES = AlertRule("rates", AlertFigure.CLASS_RATE, tiers=TIERS)
PSI = AlertRule("psi", AlertFigure.SCORE, "psi", tiers=TIERS)
AUC = AlertRule("auc", AlertFigure.PERFORMANCE_DROP, metric="roc_auc", tiers=TIERS)


def comparable(
    features=("age", "plan"),
    answers=ANSWERS,
    classes=("no", "yes"),
    algorithms=("psi",),
    metrics=("accuracy", "roc_auc"),
):
    return Comparable(*(frozenset(names) for names in (features, answers, classes, algorithms, metrics)))


NO_ANSWERS = comparable(answers=(), classes=(), metrics=())
NUMBERS = comparable(answers=("(prediction)",), classes=(), metrics=("mae", "rmse"))


def a_body(found, scores=None, **more):
    """A result of what can be compared, with scores of psi by feature."""
    features = {
        name: {"status": "ok", "algorithms": {"psi": {"score": score, "status": "ok"}}}
        for name, score in (scores or {}).items()
    }
    return {"status": "ok", "features": features, COMPARABLE: found.told(), **more}


def judged(rule, body, *open_names, window_us=WEEK_US):
    return judge(rule, body, window_us, open_names)


def rates(**classes):
    return {"classRates": {name: {"reference": 0.5, "current": current} for name, current in classes.items()}}


@pytest.mark.parametrize(
    ("rule", "found", "open_names", "why"),
    [
        (RATES, NO_ANSWERS, ("yes",), "the baseline has no labeled predictions"),
        (RATES, NUMBERS, ("yes",), "the baseline has no classes"),
        (RATES, comparable(classes=("low", "high")), ("yes",), "the baseline has no yes"),
        (RATES, comparable(classes=()), ("yes",), "the baseline has fewer than 30 labeled predictions"),
        (AUC, NO_ANSWERS, ("",), "the baseline has no labeled predictions"),
        (AUC, NUMBERS, ("",), "the baseline has no classes"),
        (
            AUC,
            comparable(metrics=()),
            ("",),
            "the baseline has fewer than 30 labeled predictions with an outcome",
        ),
        (
            AUC,
            comparable(metrics=("accuracy",)),
            ("",),
            "the outcomes of the baseline's labeled predictions have no roc_auc",
        ),
        (PSI, NO_ANSWERS, ("(label)", "(score)"), "the baseline has no (label), (score)"),
        (PSI, NUMBERS, ("(label)",), "the baseline has no (label)"),
        (PSI, comparable(features=("income",)), ("age",), "the baseline has no age"),
        (PSI, comparable(algorithms=("ks_test",)), ("age",), "the model's settings name psi no more"),
    ],
)
def test_an_alert_whose_figure_is_in_no_result_to_come_ends_and_says_why(rule, found, open_names, why):
    judgement = judged(rule, a_body(found), *open_names)
    assert (judgement.level, judgement.is_gone) == (None, True)
    assert judgement.reason == f"not judged any more: {why}"
    state = AlertState("a" * 32, 1, 2, 5, 6, open_names, True, "found", 7, 8)
    over, told = step(state, rule, judgement, 10, "b" * 32)
    assert told is not None
    assert (told.kind, told.level, told.told) == (AlertEventKind.ENDED, 2, (1, 2))
    assert (over.alert_id, over.level, over.names) == ("", 0, ())
    assert (over.is_judged, over.reason) == (False, judgement.reason)


def test_it_ends_though_the_window_is_shorter_than_the_rule_wants():
    month = AlertRule("auc", AlertFigure.PERFORMANCE_DROP, metric="f1", window_days=30, tiers=TIERS)
    assert judged(month, a_body(NO_ANSWERS), "").is_gone


@pytest.mark.parametrize(
    ("rule", "open_names"), [(RATES, ("yes",)), (AUC, ("",)), (PSI, ("(label)",)), (PSI, ("age",))]
)
def test_an_alert_waits_while_only_the_window_lacks_its_figure(rule, open_names):
    judgement = judged(rule, a_body(comparable()), *open_names)
    assert (judgement.level, judgement.is_gone) == (None, False)
    state = AlertState("a" * 32, 1, 1, 5, 6, open_names, True, "found", 7, 8)
    stays, told = step(state, rule, judgement, 10, "b" * 32)
    assert (stays.alert_id, stays.level, told) == (state.alert_id, 1, None)


def test_a_rule_that_does_not_fire_says_why_it_is_not_judged_and_tells_nobody():
    judgement = judged(RATES, a_body(NO_ANSWERS))
    state, told = step(AlertState(), RATES, judgement, 10, "b" * 32)
    assert (state.reason, state.is_judged, told) == (judgement.reason, False, None)


def test_features_that_a_rule_names_must_be_there_in_the_number_that_it_wants():
    both = AlertRule("r", AlertFigure.SCORE, "psi", ("age", "gone"), 2, tiers=TIERS)
    either = AlertRule("r", AlertFigure.SCORE, "psi", ("age", "gone"), 1, tiers=TIERS)
    body = a_body(comparable(), {"age": 0.0})
    assert judged(both, body, "age", "gone").reason == "not judged any more: the baseline has no gone"
    assert not judged(either, body, "gone").is_gone


def test_an_alert_recovers_by_the_features_that_are_left_and_says_which_is_not():
    judgement = judged(PSI, a_body(NO_ANSWERS, {"age": 0.01}), "(label)")
    assert judgement.level == 0
    assert judgement.reason == "score of psi: no tier is met; the baseline has no (label) any more"


def test_an_alert_goes_on_by_the_features_that_are_left():
    assert judged(PSI, a_body(NO_ANSWERS, {"age": 0.3}), "(label)").level == 2


def test_classes_that_are_left_are_judged_when_one_is_no_more():
    body = a_body(comparable(classes=("no", "other")), **rates(no=0.9, other=0.5))
    assert judged(RATES, body, "yes").level == 2


def test_the_drift_of_answers_and_of_all_features_has_no_feature_and_is_there():
    accuracy = AlertRule("r", AlertFigure.SCORE, "accuracy_drop", tiers=TIERS)
    of_all = AlertRule("r", AlertFigure.SCORE, "domain_classifier", tiers=TIERS)
    named = ("accuracy_drop", "domain_classifier")
    assert not judged(accuracy, a_body(comparable(algorithms=named)), "(predictions)").is_gone
    assert judged(accuracy, a_body(comparable(answers=(), algorithms=named)), "(predictions)").is_gone
    assert not judged(of_all, a_body(comparable(algorithms=named)), "(all)").is_gone


def test_scores_of_single_classes_are_no_features_unless_they_are_named():
    body = a_body(comparable(), {"age": 0.01, "(score of gold)": 0.9})
    assert judged(PSI, body).level == 0
    named = AlertRule("r", AlertFigure.SCORE, "psi", ("(score of gold)",), tiers=TIERS)
    assert named.features
    with_gold = comparable(answers=("(label)", "(score of gold)"))
    assert judged(named, a_body(with_gold, {"(score of gold)": 0.9})).level == 2


def test_a_result_that_does_not_say_what_can_be_compared_ends_nothing():
    body = a_body(NO_ANSWERS)
    del body[COMPARABLE]
    assert not judged(RATES, body, "yes").is_gone


def test_what_is_told_is_read_as_it_was():
    assert Comparable.of_body(a_body(comparable())) == comparable()
