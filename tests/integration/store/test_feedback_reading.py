"""Feedback read from SQL: what one would pick, order and add up by hand."""

import random
from collections import defaultdict
from fractions import Fraction

import pytest
from sqlalchemy import update

from pointsman.domain.measures.windows import WHOLE, Window
from pointsman.domain.records.feedback import FeedbackMoments
from pointsman.store.feedback import feedback_application, feedback_reading
from pointsman.store.schema import feedback

from .feedback_model import a_value
from .rows import add_model, add_router

FIRST_US = 1_000
"""The router's predictions are of ten times, from this one on, so that many share theirs."""


@pytest.fixture
def router(database):
    add_model(database, "1")
    add_model(database, "2")
    return add_router(database)


@pytest.fixture
def values(database, router):
    """Values of one to three metrics, for rows of predictions whose ids are upper and lower case."""
    drawn = random.Random(4)
    made = []
    for number in range(60):
        prediction_id = drawn.choice("aAzZ_-9") + drawn.choice("aAzZ_-9") + f"{number:02}"
        fields = {
            "prediction_id": prediction_id,
            "prediction_time_us": FIRST_US + drawn.randrange(10),
            "variant": drawn.choice(["lr", "gb"]),
            "counted": drawn.random() < 0.8,
        }
        for row in range(drawn.choice([1, 1, 2])):
            metrics = drawn.sample(["reward", "clicked", "bought"], drawn.choice([1, 1, 2, 3]))
            made += [
                a_value(number, float(drawn.randrange(5)), row=row, metric=metric, **fields)
                for metric in metrics
            ]
    drawn.shuffle(made)
    with database.write() as connection:
        feedback_application.apply(connection, "a" * 32, made, 9_000, 9)
    other = add_router(database, "other")
    assert other.row_key != router.row_key
    with database.write() as connection:
        foreign = a_value(1, router_id="other", prediction_id="foreign", prediction_time_us=FIRST_US + 1)
        feedback_application.apply(connection, "a" * 32, [foreign], 9_100, 9)
    return made


def test_the_values_of_predictions_come_by_row_and_metric(database, values):
    wanted = sorted({value.prediction_id for value in values})[::3]
    with database.read() as connection:
        found = feedback_reading.values_of(connection, [*wanted, "unknown"])
        rows = feedback_reading.rows_with_feedback(connection, [*wanted, "unknown"])
    expected = defaultdict(list)
    for value in sorted(values, key=lambda value: (value.row, value.metric)):
        if value.prediction_id in wanted:
            expected[value.prediction_id].append((value.row, value.metric, value.value))
    assert {
        key: [(one.row, one.metric, one.value) for one in of_key] for key, of_key in found.items()
    } == expected
    assert rows == {(value.prediction_id, value.row) for value in values if value.prediction_id in wanted}


@pytest.mark.parametrize("descending", [True, False])
@pytest.mark.parametrize("variant", ["", "lr"])
@pytest.mark.parametrize("page_size", [1, 7, 500])
def test_pages_of_predictions_with_feedback_are_in_order_and_complete(
    database, router, values, descending, variant, page_size
):
    first_us, last_us = FIRST_US + 1, FIRST_US + 8
    expected = sorted(
        {
            (value.prediction_time_us, value.prediction_id, value.row)
            for value in values
            if variant in ("", value.variant) and first_us <= value.prediction_time_us <= last_us
        },
        reverse=descending,
    )
    found: list[tuple[int, str, int]] = []
    with database.read() as connection:
        while page := feedback_reading.predictions_with_feedback(
            connection,
            router.row_key,
            variant=variant,
            first_us=first_us,
            last_us=last_us,
            after=found[-1] if found else None,
            descending=descending,
            row_count=page_size,
        ):
            assert len(page) <= page_size
            found += page
    assert found == expected


@pytest.mark.parametrize("feedback_from_us", [0, FIRST_US + 5])
@pytest.mark.parametrize("step_us", [0, 3])
def test_the_sums_of_a_window_are_those_of_its_values_that_are_kept(
    database, router, values, step_us, feedback_from_us
):
    window = Window(FIRST_US + 1, FIRST_US + 9, step_us)
    with database.read() as connection:
        read = feedback_reading.window_feedback(connection, router.row_key, window, feedback_from_us)
    expected: dict[tuple[int, str, str], list[float]] = defaultdict(list)
    for value in values:
        first_us = max(window.start_time_us, feedback_from_us)
        if not value.counted or not first_us <= value.prediction_time_us < window.end_time_us:
            continue
        steps = [WHOLE]
        if step_us:
            steps.append((value.prediction_time_us - window.start_time_us) // step_us)
        for step in steps:
            expected[step, value.variant, value.metric].append(value.value)
    found = {
        (step, variant, one.metric): one
        for (step, variant), of_step in read.totals.items()
        for one in of_step
    }
    assert found.keys() == expected.keys()
    for key, numbers in expected.items():
        assert_moments(found[key], numbers)


@pytest.mark.parametrize("batch_rows", [1, 2, 7, 500])
def test_rows_with_feedback_that_counts_come_in_the_order_of_their_times_each_in_one_batch(
    database, router, values, batch_rows
):
    first_us, last_us = FIRST_US + 1, FIRST_US + 8
    with database.read() as connection:
        batches = list(
            feedback_reading.rows_with_feedback_of(connection, router.row_key, first_us, last_us, batch_rows)
        )
    expected = sorted(
        (value.prediction_time_us, value.prediction_id, value.row)
        for value in values
        if value.counted and first_us <= value.prediction_time_us <= last_us
    )
    read = [list(zip(*batch, strict=True)) for batch in batches]
    assert all(0 < len(batch) <= batch_rows for batch in read)
    # A row that has several values may be there several times, but in one batch only.
    assert [row for batch in read for row in dict.fromkeys(batch)] == list(dict.fromkeys(expected))


@pytest.mark.parametrize("centre", [0.0, 1e7, 1.7e9, 1e12])
def test_sums_keep_their_digits_where_values_are_large(database, router, values, centre):
    window = Window(FIRST_US, FIRST_US + 9)
    moved = update(feedback).values(value=feedback.c.value + centre)
    with database.write() as connection:
        connection.execute(moved)
    with database.read() as connection:
        read = feedback_reading.window_feedback(connection, router.row_key, window)
    for (_, variant), of_variant in read.totals.items():
        for one in of_variant:
            assert_moments(
                one,
                [
                    value.value + centre
                    for value in values
                    if value.counted
                    and (value.variant, value.metric) == (variant, one.metric)
                    and value.prediction_time_us < window.end_time_us
                ],
            )


def assert_moments(found: FeedbackMoments, numbers: list[float]) -> None:
    mean = sum(map(Fraction, numbers)) / len(numbers)
    squares = sum((Fraction(number) - mean) ** 2 for number in numbers)
    assert found.count == len(numbers)
    assert found.mean == pytest.approx(float(mean), rel=1e-12)
    assert found.squares == pytest.approx(float(squares), rel=1e-9, abs=1e-9)
