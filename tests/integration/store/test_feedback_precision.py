"""Means and intervals are within 1e-9 of those of whole fractions, whatever was corrected, on any server."""

import math
import random
from fractions import Fraction

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy import stats

from pointsman.domain.measures import counters
from pointsman.domain.measures.figures import RouterFigures, StepFigures, interval_of
from pointsman.domain.measures.windows import ALL, Window, WindowCounts, window_figures
from pointsman.store.feedback import feedback_application, feedback_reading

from .feedback_model import FeedbackModel, a_value
from .rows import add_model, add_router

PRECISION = 1e-9
JOURNALS = ("a" * 32, "b" * 32, "c" * 32)
SPAN_US, STEP_US = 30, 7
TYPOS = (1e9, -1e9, 1e17)


@pytest.fixture
def router(database):
    add_model(database, "1")
    add_model(database, "2")
    return add_router(database)


class Lot:
    """Values that three servers applied for predictions of a time of their own, some of them corrected.

    Args:
        database: Where.
        start_us: From when on the predictions are.
        centre: About where the values lie.
        spread: How far from it.
        drawn: What they are drawn from.
    """

    def __init__(self, database, start_us, centre, spread, drawn):
        self.start_us = start_us
        self.window = Window(start_us, start_us + SPAN_US, STEP_US)
        self.model = FeedbackModel()
        positions = dict.fromkeys(JOURNALS, start_us * 1000)
        numbers = range(drawn.randrange(2, 40))
        waiting = []
        for number in numbers:
            right = centre + spread * drawn.uniform(-1, 1)
            fields = {
                "prediction_id": f"{start_us}-{number}",
                "prediction_time_us": start_us + drawn.randrange(SPAN_US),
                "variant": drawn.choice(["lr", "gb"]),
                "corrects": True,
            }
            wrong = [drawn.choice(TYPOS)] if drawn.random() < 0.3 else []
            waiting += [[a_value(number, value, **fields) for value in (*wrong, right)]]
        while waiting:
            its = drawn.choice(waiting)
            value = its.pop(0)
            waiting = [one for one in waiting if one]
            journal = drawn.choice(JOURNALS)
            positions[journal] += 1
            with database.write() as connection:
                feedback_application.apply(connection, journal, [value], positions[journal], 9)
            self.model.apply(value)

    def values(self, variants, from_us, to_us):
        """The values that stand, for predictions of a time."""
        return [
            Fraction(value.value)
            for value in self.model.values.values()
            if value.variant in variants and from_us <= value.prediction_time_us < to_us
        ]


def assert_precise(told, values, what):
    found = sum(one.count for one in told.feedback)
    assert found == len(values), f"{what}: {found} values, not {len(values)}"
    if not values:
        return
    [moments] = told.feedback
    mean = sum(values) / len(values)
    assert math.isclose(moments.mean, float(mean), rel_tol=PRECISION), f"{what}: {moments.mean}, not {mean}"
    assert told.mean_reward == moments.mean
    interval = interval_of(moments)
    assert (interval is None) == (len(values) < 2)
    if interval is not None:
        squares = sum((value - mean) ** 2 for value in values)
        error = math.sqrt(squares / (len(values) - 1) / len(values))
        half = stats.t.ppf(0.975, len(values) - 1) * error
        assert math.isclose(moments.squares, float(squares), rel_tol=PRECISION), (
            f"{what}: the squares are {moments.squares}, not {float(squares)}"
        )
        for end, exact in zip(interval, (float(mean) - half, float(mean) + half), strict=True):
            assert math.isclose(end, exact, rel_tol=PRECISION, abs_tol=PRECISION * half), (
                f"{what}: the interval ends at {end}, not at {exact}"
            )


starts = iter(range(1_000_000, 1 << 40, 1_000))
EXPONENTS = st.one_of(st.integers(-3, 12), st.just(12))


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(EXPONENTS, st.sampled_from([1, -1]), st.integers(-13, 0), st.randoms(use_true_random=False))
def test_figures_are_precise_however_large_their_mean_and_small_their_spread(
    database, router, exponent, sign, narrow, drawn
):
    # No finer than doubles of this size are, or all values would be equal.
    spread = 10.0 ** (exponent + narrow)
    centre = sign * drawn.uniform(1, 10) * 10.0**exponent
    lot = Lot(database, next(starts), centre, spread, drawn)
    with database.read() as connection:
        read = feedback_reading.window_feedback(connection, router.row_key, lot.window)
    of_window = window_figures(router, lot.window, WindowCounts(), read)
    live = counters.figures(router, counters.Counters(), lot.window, read)
    start_us, end_us = lot.start_us, lot.start_us + SPAN_US
    told: list[tuple[RouterFigures | StepFigures, int, int]] = [
        (of_window, start_us, end_us),
        (live, start_us, end_us),
    ]
    told += [
        (step, step.start_time_us, min(step.start_time_us + STEP_US, end_us)) for step in of_window.series
    ]
    for figures, from_us, to_us in told:
        for one in (*figures.variants, figures.total):
            variants = ["lr", "gb"] if one.variant == ALL else [one.variant]
            what = f"{type(figures).__name__} from {from_us - start_us} to {to_us - start_us}, {variants}"
            assert_precise(one, lot.values(variants, from_us, to_us), what)


def test_a_typo_that_is_corrected_leaves_nothing_behind(database, router):
    start_us = next(starts)
    right = [4.94 + (number % 7 - 3) / 10 for number in range(20)]
    values = [a_value(number, value, prediction_time_us=start_us) for number, value in enumerate(right)]
    typos = [value._replace(value=typo) for value, typo in zip(values, (1e9, 1e17), strict=False)]
    corrected = [value._replace(corrects=True) for value in values]
    random.Random(1).shuffle(corrected)
    window = Window(start_us, start_us + 1)
    for position, batch in enumerate(([*typos, *values[2:]], corrected), start=1):
        with database.write() as connection:
            feedback_application.apply(connection, JOURNALS[0], batch, position, 9)
    with database.read() as connection:
        read = feedback_reading.window_feedback(connection, router.row_key, window)
    total = counters.figures(router, counters.Counters(), window, read).total
    assert_precise(total, [Fraction(value) for value in right], "after the correction")
