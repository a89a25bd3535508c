"""Tests of a change of performance: how often they err where nothing changed, and that they see changes."""

import numpy as np
import pytest
from scipy import stats

from pointsman_drift.performance.predictions import Floats
from pointsman_drift.performance.testing import calibration_change, mean_drop, share_drop


@pytest.mark.parametrize(("n", "m"), [(30, 5000), (100, 100), (5000, 30)])
@pytest.mark.parametrize("rare", [0.02, 0.5])
def test_means_that_did_not_fall_are_hardly_ever_told(n: int, m: int, rare: float) -> None:
    random = np.random.default_rng(1)
    found = [
        mean_drop(*(np.where(random.random(size) < rare, 0.6, 0.99) for size in (n, m))) for _ in range(1000)
    ]
    assert np.mean(np.array(found) < 0.05) <= 0.08, (
        "one-sided, five in a hundred, and the error of a thousand"
    )


def test_a_mean_that_fell_is_told() -> None:
    random = np.random.default_rng(2)
    before, after = random.beta(8, 2, 500), random.beta(7, 3, 500)
    assert mean_drop(before, after) < 1e-6
    assert mean_drop(after, before) > 0.99
    assert mean_drop(np.full(100, 0.9), np.full(100, 0.8)) < 1e-6


def test_means_that_differ_by_rounding_are_equal() -> None:
    before, after = np.full(1000, 0.7), np.full(999, 0.7 + 1e-15)
    assert mean_drop(after, before) == mean_drop(before, after) == 1.0


@pytest.mark.parametrize("share", [0.95, 0.05])
@pytest.mark.parametrize("m", [200, 500, 900])
def test_a_share_that_did_not_fall_is_told_no_oftener_than_the_level_says(share: float, m: int) -> None:
    n = 100_000
    hits = np.arange(m + 1)
    found = np.array([share_drop(round(share * n), n, int(after), m)[0] for after in hits])
    chances = stats.binom.pmf(hits, m, share)
    for level in (0.05, 0.01, 0.001):
        assert chances[found <= level].sum() <= 1.2 * level, "the reference's own share is all but exact"


def test_many_expected_misses_are_tested_by_the_normal_distribution() -> None:
    names = [share_drop(900, 1000, after, 1000)[1] for after in (800, 990)]
    assert names == ["difference of two shares, one-sided", "difference of two shares, one-sided"]
    assert share_drop(990, 1000, 985, 1000)[1] == "Fisher's exact test, one-sided"


def scored(random: np.random.Generator, rows: int, mean: float) -> tuple[Floats, Floats]:
    """Answers calibrated scores and labels."""
    scores = random.beta(0.5, 0.5 * (1 - mean) / mean, rows)
    return scores, (random.random(rows) < scores).astype(float)


@pytest.mark.simulation
@pytest.mark.parametrize(("n", "m"), [(20_000, 400), (1000, 1000), (400, 20_000)])
@pytest.mark.parametrize("mean", [0.03, 0.97, 0.5])
def test_scores_that_miss_as_before_are_hardly_ever_told(n: int, m: int, mean: float) -> None:
    random = np.random.default_rng(3)
    found = [calibration_change(scored(random, n, mean), scored(random, m, mean)) for _ in range(300)]
    chances = np.array([1.0 if one is None else one.p_value for one in found])
    assert np.mean(chances < 0.05) <= 0.1
    assert np.mean(chances < 0.001) <= 0.01


def test_scores_with_next_to_no_positives_are_not_measured() -> None:
    random = np.random.default_rng(4)
    before, after = scored(random, 5000, 0.3), scored(random, 200, 0.3)
    assert calibration_change(before, after) is not None
    nobody = np.zeros(5000)
    assert calibration_change((before[0], nobody), (after[0], nobody[:200])) is None


def test_rare_positives_are_put_together_until_there_are_enough_and_a_change_is_seen() -> None:
    random = np.random.default_rng(5)
    before, after = scored(random, 20_000, 0.05), scored(random, 3000, 0.05)
    change = calibration_change(before, (after[0] / 2, after[1]))
    assert change is not None
    assert 1 < change.bins < 10
    assert change.p_value < 1e-6
