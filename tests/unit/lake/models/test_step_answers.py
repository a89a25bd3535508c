"""Answers of each step, of which no more are held than memory bears."""

from typing import Any

import duckdb
import pytest

from pointsman.domain.drift.performance import PerformancePoint
from pointsman.domain.drift.predictions import LoggedPrediction
from pointsman.lake.models import step_answers
from pointsman.lake.models.snapshot import ModelSnapshot
from pointsman.lake.models.step_answers import AnswerQuestion, StepAnswers

NOTHING_JUDGED = (
    "WITH judged AS (SELECT '' AS prediction_id, 0 AS \"row\", 0 AS time_us, NULL AS place, "
    "NULL AS outcome_label, NULL AS outcome_number WHERE false)"
)
VALUES = {"offset_us": 0, "step_us": 10_000, "start_us": 0, "end_us": 20_000}
ROWS = 8_000


class Connection:
    """A connection that remembers how many rows each table had when it was told of it."""

    def __init__(self, inner: duckdb.DuckDBPyConnection) -> None:
        self._inner = inner
        self.rows: dict[str, int] = {}

    def register(self, name: str, table: Any) -> None:
        self.rows[name] = table.num_rows
        self._inner.register(name, table)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)


def shown(class_count: int) -> tuple[dict[int, int], int, bool]:
    """By step how many answers are looked at; how many logged ones are held; and whether lots were drawn."""
    steps = {0: ROWS - 100, 10_000: 100}
    logged = [
        LoggedPrediction(
            str(at), "1", at if at < steps[0] else 10_000, prediction="a", probabilities=(0.5, 0.5)
        )
        for at in range(ROWS)
    ]
    points = [PerformancePoint(step, count, 0, None, None, None) for step, count in steps.items()]
    found: dict[int, int] = {}
    with duckdb.connect() as inner:
        connection = Connection(inner)
        records = StepAnswers(connection, ModelSnapshot((), (), frozenset(), ()), NOTHING_JUDGED, VALUES)  # type: ignore[arg-type]
        parts = iter([logged[:3_000], logged[3_000:]])
        asked = AnswerQuestion(
            lambda step, table: found.update({step: table.num_rows}), class_count=class_count
        )
        drawn = records.tell(points, parts, (), asked)
    return found, connection.rows["logged_answers"], drawn


def test_of_few_classes_all_answers_are_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(step_answers, "MOST_PROBABILITIES", 2 * ROWS * 2, raising=False)
    assert shown(class_count=2) == ({0: ROWS - 100, 10_000: 100}, ROWS, False)


def test_the_more_classes_the_fewer_answers_are_looked_at_or_held(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(step_answers, "MOST_PROBABILITIES", 2 * 1_000 * 100, raising=False)
    found, held, is_drawn = shown(class_count=100)
    assert is_drawn
    assert found[10_000] == 100, "a small step is looked at as a whole"
    assert 850 < found[0] < 1150, "of a large one about a thousand, for there are two steps"
    assert held == sum(found.values()), "what is not drawn is not held"
