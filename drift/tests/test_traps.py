"""What other libraries fall into."""

import sys

import numpy as np
import pytest

from pointsman_drift import Status, compare
from pointsman_drift.statistics.shares import chi_square, psi
from pointsman_drift.statistics.without_drift import expected_psi


@pytest.mark.parametrize(
    ("epsilon", "added", "digits"), [(1e-4, 0.69, 2), (1e-5, 0.92, 2), (sys.float_info.min, 70.6, 1)]
)
def test_what_an_empty_bin_adds_is_the_matter_of_epsilon(epsilon: float, added: float, digits: int) -> None:
    full, empty = np.array([900, 100]), np.array([1000, 0])
    alone = psi(full, empty, epsilon) - psi(np.array([900, 100]), np.array([1000, 100]), epsilon)
    rest = (1 - 0.9) * np.log(1 / 0.9)
    assert round(psi(full, empty, epsilon) - rest, digits) == added
    assert alone > 0
    figure = compare(
        {"x": ["a"] * 900 + ["b"] * 100}, {"x": ["a"] * 1000}, parameters={"psi": {"epsilon": epsilon}}
    ).figure("x", "psi")
    assert round(figure.value - rest, digits) == added
    assert figure.epsilon == epsilon


def test_one_far_value_in_the_reference_does_not_hide_a_shift() -> None:
    random = np.random.default_rng(1)
    reference = np.append(random.normal(0, 1, 19_999), 1e7)
    result = compare({"x": reference}, {"x": random.normal(1, 1, 20_000)})
    assert result.figure("x", "psi").value == pytest.approx(0.934, abs=0.05)
    assert result.figure("x", "psi").status is Status.ALERT
    assert result.figure("x", "ks_test").status is Status.ALERT


def test_one_far_value_in_the_reference_is_no_drift() -> None:
    random = np.random.default_rng(2)
    reference = np.append(random.normal(0, 1, 19_999), 1e7)
    result = compare({"x": reference}, {"x": random.normal(0, 1, 20_000)})
    assert result.status is Status.OK
    assert result.figure("x", "wasserstein").value > 400, "the distance is told as it is"


def test_edges_do_not_depend_on_the_current_table() -> None:
    random = np.random.default_rng(3)
    reference = random.normal(0, 1, 5000)
    current = random.normal(0.3, 1, 5000)
    far = np.append(current[:-1], 1e9)
    figures = [compare({"x": reference}, {"x": one}).figure("x", "psi").value for one in (current, far)]
    assert figures[0] == pytest.approx(figures[1], abs=0.01)


def test_a_value_that_most_rows_have_gets_a_bin_of_its_own() -> None:
    random = np.random.default_rng(4)

    def column(zeros: float) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
        return np.where(random.random(5000) < zeros, 0.0, random.lognormal(0, 1, 5000))

    reference = column(0.71)
    assert len(np.unique(np.quantile(reference, np.arange(11) / 10))) == 4
    result = compare({"x": reference}, {"x": column(0.7)})
    assert result.figure("x", "psi").details["bins"] == 4, "zero, and three for the other values"
    assert result.status is Status.OK
    assert compare({"x": reference}, {"x": column(0.5)}).figure("x", "psi").status is Status.WARNING
    # As many zeros, and the other values moved.
    moved = column(0.7) * 2
    assert compare({"x": reference}, {"x": moved}).figure("x", "ks_test").p_value < 1e-6  # type: ignore[operator]
    assert compare({"x": reference}, {"x": moved}).figure("x", "psi").value > 0.05


@pytest.mark.parametrize(("n", "share"), [(100, 0.84), (200, 0.36), (500, 0.003)])
def test_plain_levels_fire_without_drift_when_rows_are_few(n: int, share: float) -> None:
    random = np.random.default_rng(5)
    values = []
    for _ in range(1000):
        reference, current = random.normal(size=(2, n))
        edges = np.quantile(reference, np.arange(1, 10) / 10)
        counts = [
            np.bincount(np.searchsorted(edges, side, "right"), minlength=10) for side in (reference, current)
        ]
        values.append(psi(counts[0], counts[1], 1e-4))
    assert np.mean(np.array(values) > 0.1) == pytest.approx(share, abs=0.04)
    assert np.mean(values) == pytest.approx(expected_psi(10, n, n), rel=0.15)


def test_the_expectation_without_drift_stands_beside_each_index() -> None:
    random = np.random.default_rng(6)
    reference, current = random.normal(size=(2, 200))
    figure = compare({"x": reference}, {"x": current}).figure("x", "psi")
    assert figure.expected == pytest.approx(9 * (1 / 200 + 1 / 200))
    assert figure.score == max(0.0, figure.value - (figure.expected or 0.0))


def test_a_significant_trifle_is_ok() -> None:
    random = np.random.default_rng(7)
    n = 1_000_000
    result = compare({"x": random.normal(0, 1, n)}, {"x": random.normal(0.01, 1, n)})
    figure = result.figure("x", "ks_test")
    assert figure.p_value is not None
    assert figure.p_value < 1e-6
    assert result.figure("x", "psi").value < 0.001
    assert result.status is Status.OK


def test_the_reference_is_not_taken_as_exact() -> None:
    table = np.array([500, 300, 200]), np.array([450, 280, 270])
    assert chi_square(*table).p_value == pytest.approx(0.00103497, abs=5e-9)
    random = np.random.default_rng(8)
    tests = [chi_square(*random.multinomial(1000, [0.5, 0.3, 0.2], 2)) for _ in range(1000)]
    assert np.mean([test.p_value < 0.05 for test in tests]) == pytest.approx(0.05, abs=0.025)
