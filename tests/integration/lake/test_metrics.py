"""Figures of a window against plain counting."""

import math
import random
from typing import Any

import numpy as np
import pytest

from pointsman.domain.measures.windows import WHOLE, Window
from pointsman.store.feedback.feedback_reading import window_feedback

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


def coverage_of(lake, window, feedback_from_us=0):
    """Covered and recorded rows, by step and variant."""
    found = lake.reader.counts(lake.router, window, feedback_from_us)
    return {key: (found.covered.get(key, 0), rows) for key, rows in found.rows.items()}


class TestCoverage:
    """It is the share of recorded rows that have feedback: what is not recorded covers nothing."""

    def test_it_is_that_of_a_plain_loop_over_files_and_tail(self, lake):
        filled(lake)
        chance = random.Random(8)
        told = [row for row in lake.rows if chance.random() < 0.3]
        for row in told:
            for metric in chance.choice((("reward",), ("reward", "loss"))):
                lake.feed(row, 1.0, metric, counted=row["reason"] != "pin")
        window = Window(START_US + HOUR_US // 2, START_US + 7 * HOUR_US // 2, HOUR_US)
        from_us = START_US + HOUR_US
        expected = {}
        for step in (WHOLE, 0, 1, 2):
            for variant in "ab":
                rows = [
                    row
                    for row in lake.rows
                    if row["variant"] == variant
                    and row["reason"] != "pin"
                    and window.start_time_us <= row["time_us"] < window.end_time_us
                    and step in (WHOLE, (row["time_us"] - window.start_time_us) // HOUR_US)
                ]
                covered = [row for row in rows if row in told and row["time_us"] >= from_us]
                expected[step, variant] = (len(covered), len(rows))
        assert coverage_of(lake, window, from_us) == expected

    def test_many_values_come_in_several_batches_and_count_once(self, lake, monkeypatch):
        monkeypatch.setattr("pointsman.lake.reader._VALUES_AT_A_TIME", 3)
        # All of one time: batches are cut between them.
        for row in lake.record(*[START_US] * 10, variant="a"):
            lake.feed(row, 1.0)
            lake.feed(row, 1.0, "loss")
        lake.ship()
        assert coverage_of(lake, Window(START_US, START_US + 1)) == {(WHOLE, "a"): (10, 10)}

    def test_of_calls_of_many_rows_those_are_covered_that_have_feedback(self, lake):
        calls = []
        for time_us in (START_US, START_US + 1):
            [first] = lake.record(time_us, variant="a", row_count=40)
            calls.append(first)
            for row in range(1, 40):
                lake.record(time_us, variant="a", row=row, row_count=40, prediction_id=first["prediction_id"])
        lake.ship()
        for row in (3, 7):
            lake.feed({**calls[0], "row": row}, 1.0)
        lake.feed({**calls[1], "row": 41}, 1.0)
        assert coverage_of(lake, Window(START_US, START_US + 2)) == {(WHOLE, "a"): (2, 80)}

    def test_values_for_rows_that_are_not_recorded_cover_nothing(self, lake):
        [recorded] = lake.record(START_US, variant="a")
        lake.feed({**recorded, "row": 1}, 1.0)
        lake.feed({**recorded, "prediction_id": "somebody-else"}, 1.0)
        lake.ship()
        lake.feed({**recorded, "row": 2}, 1.0)
        window = Window(START_US, START_US + 1)
        assert coverage_of(lake, window) == {(WHOLE, "a"): (0, 1)}
        lake.feed(recorded, 1.0)
        assert coverage_of(lake, window) == {(WHOLE, "a"): (1, 1)}

    def test_a_batch_that_failed_is_one_recorded_row_whatever_it_brought(self, lake):
        lake.record(START_US, variant="a", row_count=5, status_code=14)
        lake.ship()
        lake.record(START_US + 1, variant="a", row_count=5, status_code=14)
        assert coverage_of(lake, Window(START_US, START_US + 2)) == {(WHOLE, "a"): (0, 2)}


def test_every_split_of_a_window_is_compared_however_many_there_are(lake):
    generations = 100
    for generation in range(generations):
        shares = [0.5, 0.5] if generation % 2 else [0.9, 0.1]
        for variant in "ab":
            lake.record(
                START_US + generation,
                variant=variant,
                randomised_by="request",
                router_generation=generation,
                eligible_propensities=shares,
            )
        if generation == generations // 2:
            lake.ship()
    splits = counts(lake, Window(START_US, START_US + HOUR_US)).splits
    assert len(splits) == generations
    assert sum(split.shares["a"] for split in splits) == pytest.approx(0.7 * generations)
    assert all(dict(split.counts) == {"a": 1, "b": 1} for split in splits)
