"""Figures of a window against plain counting."""

import math
import random
from typing import Any

import numpy as np
import pytest

from pointsman.domain.measures.windows import WHOLE, Window
from pointsman.store.feedback_reading import window_feedback

START_US = 1_790_035_200_000_000
HOUR_US = 3_600_000_000


def counts(lake, window):
    return lake.reader.counts(lake.router, window)


def filled(lake, calls=600):
    """Calls of four hours, some pinned, some batches, some that failed, in files and in the tail."""
    chance = random.Random(3)
    for number in range(calls):
        pinned = chance.random() < 0.1
        count = chance.choice([1, 1, 3])
        facts: dict[str, Any] = {
            "variant": chance.choice("aab"),
            "reason": "pin" if pinned else "slot",
            "randomised_by": "nothing" if pinned else "request",
            "status_code": chance.choice([0, 0, 0, 14]),
            "overhead_ns": int(chance.lognormvariate(11, 1)),
            "backend_ns": chance.choice([None, int(chance.lognormvariate(15, 1))]),
            "router_generation": 5 + number // 300,
            "row_count": count,
        }
        time_us = START_US + int(4 * HOUR_US * number / calls)
        for row in range(count):
            lake.record(time_us, row=row, **facts)
        if number % 150 == 149:
            lake.ship()
    return lake


def test_counts_are_those_of_a_plain_loop(lake):
    filled(lake)
    window = Window(START_US + HOUR_US // 2, START_US + 7 * HOUR_US // 2, HOUR_US)
    found = counts(lake, window)
    inside = [
        row
        for row in lake.rows
        if row["row"] == 0 and window.start_time_us <= row["time_us"] < window.end_time_us
    ]
    assert window.step_count == 3
    for step in (WHOLE, 0, 1, 2):
        for variant in "ab":
            here = [
                row
                for row in inside
                if row["variant"] == variant
                and step in (WHOLE, (row["time_us"] - window.start_time_us) // HOUR_US)
            ]
            decided = [row for row in here if row["reason"] != "pin"]
            key = (step, variant)
            assert sum(found.by_code[key].values()) == len(decided)
            assert found.by_code[key][14] == sum(row["status_code"] == 14 for row in decided)
            assert found.pinned.get(key, 0) == len(here) - len(decided)
            assert found.rows[key] == sum(row["row_count"] for row in decided)
            for name, seen in (("overhead_ns", found.overhead), ("backend_ns", found.backend)):
                values = sorted(row[name] for row in decided if row[name] is not None)
                exact = [values[math.ceil(q * len(values)) - 1] for q in (0.5, 0.9, 0.99)]
                told = [seen[key].p50_seconds, seen[key].p90_seconds, seen[key].p99_seconds]
                assert told == pytest.approx([value / 1e9 for value in exact], rel=0.0101)
                assert seen[key].mean_seconds == pytest.approx(np.mean(values) / 1e9, rel=0.0101)


def test_requests_are_compared_with_the_probabilities_of_their_own_generation(lake):
    for generation, shares in ((5, [0.5, 0.5]), (6, [0.9, 0.1])):
        for variant in "ab":
            lake.record(
                *(START_US + generation * 1000 + number for number in range(10)),
                variant=variant,
                randomised_by="request",
                router_generation=generation,
                eligible_propensities=shares,
            )
        lake.ship()
    splits = counts(lake, Window(START_US, START_US + HOUR_US)).splits
    assert sorted((split.shares["a"], dict(split.counts)) for split in splits) == [
        (0.5, {"a": 10, "b": 10}),
        (0.9, {"a": 10, "b": 10}),
    ]


def test_an_entity_is_counted_once_where_it_came_first(lake):
    lake.record(START_US, START_US + 1, START_US + 2, entity_id="u1", variant="a")
    lake.record(START_US + 3, entity_id="u2", variant="b")
    lake.ship()
    lake.record(START_US + 4, entity_id="u1", variant="b", router_generation=6)
    lake.record(START_US + 5, entity_id="u3", variant="b", router_generation=6)
    lake.record(START_US + 6, entity_id=None, variant="b")
    lake.record(START_US + 7, entity_id="u9", variant="b", reason="pin", randomised_by="nothing")
    splits = counts(lake, Window(START_US, START_US + HOUR_US)).splits
    assert sorted(sorted(split.counts.items()) for split in splits) == [[("a", 1), ("b", 1)], [("b", 1)]]


def test_an_empty_lake_counts_nothing(lake):
    assert counts(lake, Window(START_US, START_US + HOUR_US, HOUR_US)).by_code == {}
    lake.record(START_US)
    lake.ship()
    assert counts(lake, Window(START_US + 5, START_US + HOUR_US)).by_code == {}


def test_feedback_of_a_window_goes_by_the_time_of_its_prediction(lake):
    early, first, second, third, late = lake.record(
        *(START_US + offset for offset in (-1, 0, 10, 25, 30)), variant="a"
    )
    for row, value in ((early, 9.0), (first, 1.0), (second, 2.0), (third, 4.0), (late, 9.0)):
        lake.feed(row, value)
    lake.feed(second, 7.0, "loss")
    [other] = lake.record(START_US + 11, variant="a")
    lake.feed(other, 8.0, "loss")
    lake.feed(lake.record(START_US + 12, variant="a")[0], 5.0, counted=False)
    with lake.database.read() as connection:
        found = window_feedback(connection, 1, Window(START_US, START_US + 30, 10))
    told = {
        key: {t.metric: (t.count, t.mean, t.squares) for t in totals} for key, totals in found.totals.items()
    }
    assert told == {
        (0, "a"): {"reward": (1, 1.0, 0.0)},
        (1, "a"): {"reward": (1, 2.0, 0.0), "loss": (2, 7.5, 0.5)},
        (2, "a"): {"reward": (1, 4.0, 0.0)},
        (WHOLE, "a"): {
            "reward": (3, pytest.approx(7 / 3), pytest.approx(14 / 3)),
            "loss": (2, 7.5, 0.5),
        },
    }
    assert found.covered == {(0, "a"): 1, (1, "a"): 2, (2, "a"): 1, (WHOLE, "a"): 4}
