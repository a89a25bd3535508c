"""The comparison notices every kind of loss and repetition."""

import math
from collections.abc import Callable
from dataclasses import replace

import pytest

from pointsman.v1 import prediction_pb2
from stage.crash.kept import Kept, KeptFeedback, Learnt
from stage.crash.oracle import compare
from stage.crash.told import Prediction, Sent, Told, possible_firsts

KEY = ("d", 0, "reward")
Change = Callable[[Told, Kept], object]


def a_story() -> tuple[Told, Kept]:
    """A buffered and a durable prediction of a life that ended at 10 s, and feedback on the latter."""
    told = Told(ends=[10.0])
    told.predictions = {
        "d": Prediction("d", "durable", "a", 2, False, 9.8, 9.9, 0),
        "b": Prediction("b", "buffered", "b", 1, False, 4.9, 5.0, 0),
    }
    told.feedback = {KEY: [Sent(1.0, 9.91, 9.92), Sent(2.0, 9.93, 9.94)]}
    kept = Kept(feedback=[KeptFeedback("d", 0, "reward", "durable", "a", 1.0, True)])
    kept.rows.update([("d", 0, 2), ("d", 1, 2), ("b", 0, 1)])
    kept.totals = {("durable", "a", "reward"): 1}
    kept.bandits = {"durable"}
    kept.learnt = {("durable", "a", "reward"): Learnt(1.0, 1.0, 1.0)}
    kept.exported[KEY] = 1
    return told, kept


def problems(change: Change) -> dict[str, int]:
    told, kept = a_story()
    change(told, kept)
    return dict(compare(told, kept, {"durable"}).counts)


def test_a_story_that_fits_has_no_problems() -> None:
    assert problems(lambda *_: None) == {}


def change_prediction(told: Told, **fields: object) -> None:
    told.predictions["d"] = replace(told.predictions["d"], **fields)  # type: ignore[arg-type]


def change_feedback(kept: Kept, **fields: object) -> None:
    kept.feedback[0] = replace(kept.feedback[0], **fields)  # type: ignore[arg-type]
    kept.totals = {("durable", "a", "reward"): 1}
    value = kept.feedback[0].value
    kept.learnt = {("durable", "a", "reward"): Learnt(1.0, value, value**2)}


@pytest.mark.parametrize(
    ("problem", "change"),
    [
        ("durable prediction lost", lambda _, kept: [kept.rows.pop(("d", row, 2)) for row in (0, 1)]),
        ("buffered prediction lost", lambda _, kept: kept.rows.pop(("b", 0, 1))),
        ("prediction in part", lambda _, kept: kept.rows.pop(("d", 1, 2))),
        ("prediction repeated", lambda _, kept: kept.rows.update([("d", 1, 2)])),
        ("feedback repeated", lambda _, kept: kept.feedback.append(kept.feedback[0])),
        ("feedback nobody sent", lambda told, _: told.feedback.clear()),
        ("feedback elsewhere", lambda told, _: change_prediction(told, variant="b")),
        ("feedback counted wrongly", lambda told, _: change_prediction(told, pinned=True)),
        ("feedback of a later value", lambda _, kept: change_feedback(kept, value=2.0)),
        ("totals differ", lambda _, kept: kept.totals.update({("durable", "a", "reward"): 2})),
        ("totals differ", lambda _, kept: kept.totals.clear()),
        ("rewards differ", lambda _, kept: kept.learnt.clear()),
        (
            "rewards differ",
            lambda _, kept: kept.learnt.update({("durable", "a", "reward"): Learnt(2.0, 2.0, 2.0)}),
        ),
        (
            "rewards differ",
            lambda _, kept: kept.learnt.update({("durable", "b", "reward"): Learnt(1.0, 1.0, 1.0)}),
        ),
        ("exported feedback repeated", lambda _, kept: kept.exported.update([KEY])),
        ("exported feedback nobody has", lambda _, kept: kept.exported.update([("b", 0, "reward")])),
    ],
)
def test_each_kind_of_problem_is_noticed(problem: str, change: Change) -> None:
    assert problem in problems(change)


def test_lost_feedback_is_noticed() -> None:
    def lose(_: Told, kept: Kept) -> None:
        kept.feedback.clear()
        kept.totals.clear()
        kept.learnt.clear()
        kept.exported.clear()

    assert problems(lose) == {"feedback lost": 1}


@pytest.mark.parametrize(
    ("outcome", "value", "problem"),
    [
        (prediction_pb2.FEEDBACK_OUTCOME_APPLIED, 2.0, "feedback told as in force"),
        (prediction_pb2.FEEDBACK_OUTCOME_DUPLICATE, 2.0, "feedback told as in force"),
        (prediction_pb2.FEEDBACK_OUTCOME_CONFLICT, 1.0, "feedback told as in conflict"),
    ],
)
def test_an_outcome_that_was_told_holds(outcome: int, value: float, problem: str) -> None:
    def tell(told: Told, _: Kept) -> None:
        told.feedback[KEY].append(Sent(value, 9.95, 9.96, outcome))

    assert problems(tell) == {problem: 1}


def test_a_buffered_prediction_may_be_lost_after_the_last_commit() -> None:
    told, kept = a_story()
    told.predictions["b"] = replace(told.predictions["b"], answered=9.95)
    del kept.rows["b", 0, 1]
    findings = compare(told, kept, {"durable"})
    assert not findings.problems
    assert findings.buffered_lost == 1
    assert findings.worst_window_seconds == pytest.approx(0.05)


def test_a_server_that_ended_well_may_lose_nothing() -> None:
    def end_well(told: Told, kept: Kept) -> None:
        told.ends = [math.inf]
        told.predictions["b"] = replace(told.predictions["b"], answered=9.95)
        del kept.rows["b", 0, 1]

    assert problems(end_well) == {"buffered prediction lost": 1}


def test_any_value_that_none_was_acknowledged_before_may_be_the_first() -> None:
    unknown, first, second = Sent(1.0, 0.0), Sent(2.0, 1.0, 3.0), Sent(3.0, 2.0, 2.5)
    late = Sent(4.0, 2.6, math.inf)
    assert possible_firsts([unknown, first, second, late]) == {1.0, 2.0, 3.0}
