"""Feedback in SQL: applied once, counted once, however it is cut into batches and repeated."""

import contextlib
import random
import threading
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pointsman.domain.records.feedback import CLOCK_SKEW_US, FeedbackOutcome
from pointsman.domain.records.lake import JournalStream
from pointsman.store.feedback import feedback_application
from pointsman.store.feedback import values as feedback
from pointsman.store.recording import journal_positions

from .feedback_model import FeedbackModel, a_value
from .rows import add_model, add_router

APPLIED, DUPLICATE = FeedbackOutcome.APPLIED, FeedbackOutcome.DUPLICATE
CONFLICT, CORRECTED = FeedbackOutcome.CONFLICT, FeedbackOutcome.CORRECTED
UNSPECIFIED = FeedbackOutcome.UNSPECIFIED


@pytest.fixture
def router(database):
    add_model(database, "1")
    add_model(database, "2")
    return add_router(database)


class Journal:
    """Batches of one journal, positions and all."""

    def __init__(self, database, journal_id="a" * 32):
        self.database = database
        self.journal_id = journal_id
        self.position = 0

    def apply(self, *values, position=None):
        position = position or self.position + 100 * len(values)
        with self.database.write() as connection:
            applied = feedback_application.apply(connection, self.journal_id, values, position, 9)
        self.position = position
        return list(applied.outcomes)


@pytest.fixture
def journal(database, router):
    return Journal(database)


def totals(database, router):
    with database.read() as connection:
        found = feedback.totals_of(connection, router.row_key)
    return {(one.variant, one.metric): one.count for one in found}


def stored(database, columns="prediction_id, row, metric, value, revision"):
    with database.read() as connection:
        rows = connection.exec_driver_sql(
            f"SELECT {columns} FROM feedback ORDER BY prediction_id, row, metric"
        )
        return [tuple(row) for row in rows]


def test_a_value_is_stored_whole(database, router, journal):
    value = a_value(1, 2.5, row=3, metric="clicked", counted=False)
    assert journal.apply(value) == [APPLIED]
    columns = (
        "prediction_id, row, metric, router_key, variant, epoch, propensity, value, observe_time_us,"
        " prediction_time_us, apply_time_us, counted, revision, exported"
    )
    expected = ("p0001", 3, "clicked", router.row_key, "lr", 3, 0.25, 2.5, 7, 1001, 9, False, 1, False)
    assert stored(database, columns) == [expected]
    assert totals(database, router) == {}


def test_the_first_value_stays_in_one_batch_as_over_several(database, router, journal):
    assert journal.apply(a_value(1, 3), a_value(1, 3), a_value(1, 4)) == [APPLIED, DUPLICATE, CONFLICT]
    assert journal.apply(a_value(1, 4), a_value(1, 3), a_value(1, 4, metric="other")) == [
        CONFLICT,
        DUPLICATE,
        APPLIED,
    ]
    assert journal.apply(a_value(1, 4, row=1)) == [APPLIED]
    assert totals(database, router) == {("lr", "reward"): 2, ("lr", "other"): 1}


def test_a_correction_replaces_the_value_and_is_counted_once(database, router, journal):
    journal.apply(a_value(1, 3), a_value(3, 10))
    with database.write() as connection:
        rows = feedback.to_export(connection, router.row_key, 10)
        assert feedback.mark_exported(connection, router.row_key, rows)
    assert journal.apply(a_value(1, 5, corrects=True), a_value(1, 5, corrects=True)) == [CORRECTED, DUPLICATE]
    assert stored(database) == [("p0001", 0, "reward", 5, 2), ("p0003", 0, "reward", 10, 1)]
    assert totals(database, router) == {("lr", "reward"): 2}
    with database.read() as connection:
        again = feedback.to_export(connection, router.row_key, 10)
    assert [(row.value, row.revision) for row in again] == [(5, 2)]
    assert again[0].sequence > rows[-1].sequence


def test_a_value_may_be_brought_and_corrected_in_one_batch(database, router, journal):
    batch = [a_value(1, 1), a_value(1, 2, corrects=True), a_value(1, 3), a_value(1, 4, corrects=True)]
    assert journal.apply(*batch) == [APPLIED, CORRECTED, CONFLICT, CORRECTED]
    assert stored(database) == [("p0001", 0, "reward", 4, 3)]
    assert totals(database, router) == {("lr", "reward"): 1}


def test_feedback_is_a_routers_by_its_incarnation_and_by_no_clock(database, journal):
    later = add_router(database, "later", create_time_us=10 * CLOCK_SKEW_US, incarnation=6)
    values = [
        a_value(number, router_id="later", router_incarnation=incarnation, prediction_time_us=time_us)
        for number, (incarnation, time_us) in enumerate(
            [
                (6, CLOCK_SKEW_US),
                (6, 20 * CLOCK_SKEW_US),
                (5, CLOCK_SKEW_US),
                (5, 20 * CLOCK_SKEW_US),
                # A release took these that knew no incarnations.
                (0, 9 * CLOCK_SKEW_US),
                (0, 9 * CLOCK_SKEW_US - 1),
            ]
        )
    ]
    expected = [APPLIED, APPLIED, UNSPECIFIED, UNSPECIFIED, APPLIED, UNSPECIFIED]
    assert journal.apply(*values) == expected
    assert sum(totals(database, later).values()) == 3


def test_what_no_router_takes_is_dropped_and_the_rest_applied(database, router, journal):
    later = add_router(database, "later", create_time_us=2 * CLOCK_SKEW_US)
    values = [
        a_value(1, router_id="gone"),
        a_value(2, router_id="later"),
        a_value(3, float("nan")),
        a_value(4, 1e200),
        a_value(5),
    ]
    assert journal.apply(*values) == [UNSPECIFIED] * 4 + [APPLIED]
    assert totals(database, later) == {}
    assert totals(database, router) == {("lr", "reward"): 1}


def test_a_batch_that_was_stored_but_not_answered_changes_nothing_the_second_time(database, router, journal):
    batch = [a_value(1, 1), a_value(1, 2, corrects=True), a_value(2, 5)]
    journal.apply(*batch, position=300)
    before = stored(database), totals(database, router)
    assert journal.apply(*batch, position=300) == [CONFLICT, DUPLICATE, DUPLICATE]
    assert (stored(database), totals(database, router)) == before


def test_the_position_is_raised_with_what_is_stored_and_never_goes_back(database, journal):
    def position():
        with database.read() as connection:
            return journal_positions.position_of(connection, journal.journal_id, JournalStream.FEEDBACK)

    assert position() == 0
    journal.apply(a_value(1), position=500)
    assert position() == 500
    journal.apply(a_value(1), position=200)
    assert position() == 500
    with contextlib.suppress(RuntimeError), database.write() as connection:
        feedback_application.apply(connection, journal.journal_id, [a_value(2)], 900, 9)
        raise RuntimeError
    assert position() == 500
    assert len(stored(database)) == 1


VALUES = st.lists(
    st.builds(
        a_value,
        st.integers(0, 5),
        st.integers(-3, 3).map(float),
        row=st.integers(0, 1),
        metric=st.sampled_from(["reward", "clicked"]),
        corrects=st.booleans(),
    ),
    max_size=40,
)


@settings(
    max_examples=40,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(values=VALUES, cuts=st.lists(st.integers(0, 40), max_size=6))
def test_any_split_into_batches_gives_what_one_value_after_the_other_gives(database, router, values, cuts):
    with database.write() as connection:
        for table in ("feedback", "feedback_totals", "journal_positions"):
            connection.exec_driver_sql(f"DELETE FROM {table}")
    model, journal = FeedbackModel(), Journal(database)
    expected = [model.apply(value) for value in values]
    outcomes = []
    borders = [0, *sorted(cuts), len(values)]
    for start, end in pairwise(borders):
        outcomes += journal.apply(*values[start:end])
    assert outcomes == expected
    assert totals(database, router) == model.totals()
    rows = {(row[0], row[1], row[2]): (row[3], row[4]) for row in stored(database)}
    assert rows == {key: (one.value, model.revisions[key]) for key, one in model.values.items()}


@settings(
    max_examples=20,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(data=st.data())
def test_any_repetition_counts_once(database, router, data):
    with database.write() as connection:
        for table in ("feedback", "feedback_totals", "journal_positions"):
            connection.exec_driver_sql(f"DELETE FROM {table}")
    distinct = [a_value(number, float(number % 3)) for number in range(20)]
    repeated = data.draw(st.lists(st.sampled_from(distinct), max_size=60)) + distinct
    cuts = sorted(data.draw(st.lists(st.integers(0, len(repeated)), max_size=5)))
    journal, model = Journal(database), FeedbackModel()
    borders = [0, *cuts, len(repeated)]
    for start, end in pairwise(borders):
        journal.apply(*repeated[start:end])
    for value in distinct:
        model.apply(value)
    assert totals(database, router) == model.totals()


def test_two_journals_apply_the_same_values_at_once_and_each_counts_once(database, router):
    second = add_router(database, "second")
    values = [
        a_value(number, router_id=("cancer", "second")[number % 2], corrects=number % 5 == 0)
        for number in range(400)
    ]
    outcomes, lock = [], threading.Lock()

    def apply_all(number):
        mine, choice = list(values), random.Random(number)
        choice.shuffle(mine)
        journal = Journal(database, f"{number:032x}")
        for start in range(0, len(mine), 50):
            found = journal.apply(*mine[start : start + 50])
            with lock:
                outcomes.extend(found)

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(apply_all, range(4)))
    assert outcomes.count(APPLIED) == 400
    assert outcomes.count(DUPLICATE) == 1200
    assert totals(database, router) == {("gb", "reward"): 200}
    assert totals(database, second) == {("lr", "reward"): 200}


def test_two_journals_may_correct_the_same_values_at_once(database, router):
    Journal(database).apply(*(a_value(number, 0) for number in range(200)))

    def correct_all(number):
        mine, choice = list(range(200)), random.Random(number)
        choice.shuffle(mine)
        journal = Journal(database, f"{number:032x}")
        for start in range(0, 200, 50):
            values = [a_value(one, float(number), corrects=True) for one in mine[start : start + 50]]
            assert set(journal.apply(*values)) == {CORRECTED}

    with ThreadPoolExecutor(3) as threads:
        list(threads.map(correct_all, (1, 2, 3)))
    rows = stored(database)
    assert {row[4] for row in rows} == {4}
    assert sum(totals(database, router).values()) == 200


def test_a_large_batch_is_applied_in_a_few_statements(database, router, journal):
    from sqlalchemy import event

    statements = []
    event.listen(database.engine, "before_cursor_execute", lambda *given: statements.append(given[2]))
    journal.apply(*(a_value(number) for number in range(5000)))
    few = len(statements)
    statements.clear()
    journal.apply(*(a_value(number, 2.0, corrects=True) for number in range(5000)))
    assert few < 20
    assert len(statements) < 20
    assert sum(totals(database, router).values()) == 5000


def test_feedback_is_exported_once_and_then_deleted_in_portions(database, router, journal):
    journal.apply(*(a_value(number) for number in range(5)))
    with database.write() as connection:
        assert feedback.routers_to_export(connection) == [(router.row_key, "cancer")]
        assert feedback.remove_before(connection, 10_000, 10) == 0
        rows = feedback.to_export(connection, router.row_key, 3)
        assert feedback.mark_exported(connection, router.row_key, rows)
        assert not feedback.mark_exported(connection, router.row_key, rows)
        assert len(feedback.to_export(connection, router.row_key, 10)) == 2
    with database.write() as connection:
        assert feedback.remove_before(connection, 10_000, 2) == 2
        assert feedback.remove_before(connection, 10_000, 2) == 1
        assert feedback.remove_before(connection, 10_000, 2) == 0
    assert sum(totals(database, router).values()) == 5


def test_feedback_of_some_predictions_is_deleted_and_its_totals_stay(database, router, journal):
    journal.apply(*(a_value(number) for number in range(5)), a_value(1, metric="clicked"))
    with database.write() as connection:
        assert feedback.remove_predictions(connection, ["p0001", "p0003", "none"]) == 3
    assert len(stored(database)) == 3
    assert sum(totals(database, router).values()) == 6
