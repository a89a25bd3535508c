"""Whether an answer came true is the same in SQL as where places of classes are looked at."""

import itertools

import duckdb
import pytest

from pointsman.domain.drift.classes import place_of
from pointsman.domain.drift.outcomes import Outcome, label_of
from pointsman.domain.drift.predictions import LoggedPrediction
from pointsman.lake.models.outcome_sql import MATCHES, ROW_COLUMNS
from pointsman.lake.models.tables import logged_table, truth_table
from pointsman.store.documents import dump_value
from pointsman.store.drift.truths import NO_TRUTHS, KeptTruths

NAMES: tuple[Outcome, ...] = (
    *(False, True, 0, 1, 2, 10, 0.5, 1.5, 1e300),
    *("false", "False", "true", "TRUE", "0", "1", "0.0", "1.0", "01", "2", "10", "1e1", "0.50", "1.5"),
    *("no", "yes", "Yes", "nan", "inf", "9007199254740992", "9007199254740993", "1_0", "\u0661"),
)
CLASSES = [
    ("0", "1"),
    ("1", "0", "2", "10"),
    ("false", "true"),
    ("no", "yes", "Yes"),
    ("0.5", "1.5", "10"),
    ("nan", "inf", "1"),
    ("9007199254740993", "9007199254740992"),
    ("9007199254740992", "7"),
    ("1_0", "10", "1"),
    (label_of(1e300), "1"),
]


def kept(outcomes: list[tuple[str, int, Outcome]]) -> KeptTruths:
    """Outcomes of entities at times, in the order in which they came."""
    places = range(len(outcomes))
    entities, times, values = zip(*outcomes, strict=True)
    return KeptTruths(
        [str(place) for place in places],
        entities,
        [f"hash{place}" for place in places],
        [dump_value(value) for value in values],
        times,
        places,
    )


def verdicts(pairs: list[tuple[Outcome, Outcome]]) -> list[bool | None]:
    """Whether each answer is right about what came true of its entity."""
    logged = [
        LoggedPrediction(f"{place:06}", "1", 1, prediction=answer, entity_id=f"e{place}")
        for place, (answer, _) in enumerate(pairs)
    ]
    truths = kept([(f"e{place}", 2, outcome) for place, (_, outcome) in enumerate(pairs)])
    with duckdb.connect() as connection:
        connection.register("logged", logged_table(logged))
        connection.register("truths", truth_table(truths, 0))
        rows = connection.execute(
            f"WITH predictions AS (SELECT {ROW_COLUMNS} FROM logged), {MATCHES} "
            "SELECT is_right FROM judged ORDER BY prediction_id"
        ).fetchall()
    return [is_right for (is_right,) in rows]


@pytest.mark.parametrize("classes", CLASSES)
def test_names_that_mean_one_class_are_right_about_each_other_and_others_are_not(
    classes: tuple[str, ...],
) -> None:
    places = [(name, place_of(label_of(name), classes)) for name in NAMES]
    known = [(name, place) for name, place in places if place is not None]
    pairs = list(itertools.product(known, repeat=2))
    found = verdicts([(answer, outcome) for (answer, _), (outcome, _) in pairs])
    wrong = {
        (answer, outcome): is_right
        for ((answer, place), (outcome, other)), is_right in zip(pairs, found, strict=True)
        if is_right is not (place == other)
    }
    assert not wrong, "what SQL says where places of classes say the opposite"


def test_an_answer_without_an_outcome_is_neither_right_nor_wrong() -> None:
    with duckdb.connect() as connection:
        connection.register("logged", logged_table([LoggedPrediction("1", "1", 1, prediction="yes")]))
        connection.register("truths", truth_table(NO_TRUTHS, 0))
        query = (
            f"WITH predictions AS (SELECT {ROW_COLUMNS} FROM logged), {MATCHES} SELECT is_right FROM judged"
        )
        assert connection.execute(query).fetchall() == [(None,)]
