"""What a result keeps of how rows lie in bins."""

import dataclasses
import json
from collections.abc import Sequence
from datetime import datetime, timedelta

import numpy as np
import pytest

from pointsman_drift import Histogram, Histograms, InvalidOptionError, Kind, compare
from pointsman_drift.results.histogram import MOST_BINS, MOST_HISTOGRAMS


def histogram(before: Sequence[object], after: Sequence[object], bins: int = 10) -> Histogram:
    found = compare({"x": before}, {"x": after}, bins=bins).histograms
    return found.of[0]


def test_bins_are_those_that_were_judged() -> None:
    one = histogram(list(range(100)), list(range(50, 150)))
    assert one.reference == (10,) * 10
    assert one.current == (0,) * 5 + (10, 10, 10, 10, 60)
    assert (one.labels[0], one.labels[1], one.labels[-1]) == ("< 9.9", "9.9 – 19.8", "≥ 89.1")


def test_counts_add_up_to_all_rows() -> None:
    random = np.random.default_rng(3)
    before = np.where(random.random(1000) < 0.1, np.nan, random.normal(size=1000))
    after = before.copy()
    after[:3] = np.inf
    one = histogram(before.tolist(), after.tolist())
    assert sum(one.reference) == sum(one.current) == 1000
    assert one.labels[-2:] == ("(missing)", "(infinite)")
    assert one.current[-1] == 3


def test_a_frequent_value_has_a_bin_of_its_own() -> None:
    random = np.random.default_rng(4)
    values = np.where(random.random(1000) < 0.7, 0.0, random.normal(size=1000)).tolist()
    one = histogram(values, values)
    assert one.labels[one.reference.index(max(one.reference))] == "0"
    # What follows begins there: no digit of the double behind zero is shown.
    assert [label for label in one.labels if "e-3" in label] == []


def test_many_bins_are_drawn_as_few_and_lose_no_row() -> None:
    random = np.random.default_rng(5)
    before, after = random.normal(size=(2, 20_000)).tolist()
    one = histogram(before, after, bins=1000)
    assert len(one.labels) == len(one.reference) == MOST_BINS
    assert sum(one.reference) == sum(one.current) == 20_000
    assert max(one.reference) < 1.2 * min(one.reference)


def test_categories_that_are_frequent_on_any_side_are_told() -> None:
    before = [f"c{i % 200:03}" for i in range(2000)]
    after = ["c199"] * 1000 + ["new"] * 1000
    one = histogram(before, after)
    assert len(one.labels) <= MOST_BINS
    assert "c199" in one.labels
    assert one.current[one.labels.index("c199")] == 1000
    assert one.current[one.labels.index("(unseen)")] == 1000
    assert sum(one.reference) == 2000


def test_labels_that_read_the_same_are_told_apart() -> None:
    long = "x" * 200
    values = ["(missing)", None, long + "a", long + "b"] * 50
    one = histogram(values, values)
    assert len(set(one.labels)) == len(one.labels) == 4
    assert one.reference == (50,) * 4


def test_times_are_told_as_times() -> None:
    start = datetime(2026, 1, 1)
    days = [start + timedelta(days=i) for i in range(100)]
    hours = [start + timedelta(minutes=i) for i in range(100)]
    assert histogram(days, days).labels[0] == "< 2026-01-10"
    assert histogram(hours, hours).labels[1] == "2026-01-01 00:09 – 2026-01-01 00:19"


def test_large_whole_numbers_are_told_apart() -> None:
    values = [2**60 + i for i in range(100)]
    one = histogram(values, values)
    assert len(set(one.labels)) == 10
    assert one.reference == (10,) * 10


def test_the_worst_features_come_first_and_the_rest_is_counted() -> None:
    random = np.random.default_rng(6)
    before = {f"f{i:02}": random.normal(size=200) for i in range(MOST_HISTOGRAMS + 5)}
    after = {name: values + (1.0 if name == "f33" else 0.0) for name, values in before.items()}
    found = compare(before, after).histograms
    assert found.of[0].feature == "f33"
    assert (len(found.of), found.left_out) == (MOST_HISTOGRAMS, 5)


def test_only_all_rows_together_have_histograms() -> None:
    before = {"x": list(range(100)), "plan": ["a", "b"] * 50}
    found = compare(before, before, slices="plan").histograms
    assert sorted(one.feature for one in found.of) == ["plan", "x"]


def test_histograms_survive_json() -> None:
    found = compare(
        {"x": [1.0, None, 3.0] * 30, "y": ["é", "\x00", "z"] * 30}, {"x": [1.0] * 90, "y": ["é"] * 90}
    )
    written = json.loads(json.dumps(found.to_dict()["histograms"]))
    assert Histograms.from_dict(written) == found.histograms


@pytest.mark.parametrize(
    ("change", "message"),
    [({"labels": ["a"]}, "1 labels"), ({"kind": "odd"}, "odd"), ({"current": [1, -1]}, "as many counts")],
)
def test_what_is_no_histogram_is_refused(change: dict[str, object], message: str) -> None:
    good = Histogram("x", Kind.CATEGORICAL, ("a", "b"), (1, 2), (3, 4))
    assert Histogram.from_dict(good.to_dict()) == good
    with pytest.raises(InvalidOptionError, match=message):
        Histogram.from_dict({**good.to_dict(), **change})
    with pytest.raises(InvalidOptionError):
        Histograms.from_dict({"of": 3})
    assert dataclasses.replace(good, feature="y") != good
