"""Figures of this library beside those of scipy and NannyML, to the digits that those print."""

import numpy as np
import pytest
from sklearn.datasets import load_breast_cancer

from pointsman_drift import Result, compare

CANCER = {
    "mean radius": (0.150024710, 0.002621767, 0.002962172, 0.855456919, 0.164650064, 0.170015470),
    "mean texture": (0.086360266, 0.218629450, 0.226679110, 0.587050531, 0.063189212, 0.106411097),
}
"""D, exact p, asymptotic p, Wasserstein, PSI, JS distance."""


@pytest.fixture(scope="module")
def cancer() -> Result:
    table = load_breast_cancer(as_frame=True).data[list(CANCER)]
    return compare(table[:285], table[285:])


@pytest.mark.parametrize("feature", CANCER)
def test_halves_of_a_real_data_set_have_the_figures_of_scipy(cancer: Result, feature: str) -> None:
    distance, exact, _, wasserstein, psi, js = CANCER[feature]
    ks = cancer.figure(feature, "ks_test")
    assert ks.value == pytest.approx(distance, abs=1e-9)
    assert ks.p_value == pytest.approx(exact, abs=5e-10)
    assert ks.test == "Kolmogorov-Smirnov, exact"
    assert (ks.n, ks.m) == (285, 284)
    assert cancer.figure(feature, "wasserstein").value == pytest.approx(wasserstein, abs=5e-10)
    assert cancer.figure(feature, "psi").value == pytest.approx(psi, abs=5e-10)
    assert cancer.figure(feature, "psi").epsilon == 1e-4
    assert cancer.figure(feature, "js_divergence").details["distance"] == pytest.approx(js, abs=5e-10)
    assert cancer.figure(feature, "js_divergence").value == pytest.approx(js**2, abs=5e-10)


def test_synthetic_shifts_have_the_figures_of_scipy() -> None:
    random = np.random.default_rng(42)
    a, b, c = (random.normal(mean, deviation, 10_000) for mean, deviation in ((0, 1), (0.1, 1), (0.5, 1.2)))
    small, large = compare({"x": a}, {"x": b}), compare({"x": a}, {"x": c})
    assert small.figure("x", "ks_test").p_value == pytest.approx(3.964228536e-12, rel=1e-9)
    for algorithm, figures in {
        "ks_test": (0.0519, 0.2074),
        "wasserstein": (0.130836383, 0.527664061),
        "psi": (0.017635961, 0.246293030),
    }.items():
        found = [result.figure("x", algorithm).value for result in (small, large)]
        assert found == pytest.approx(figures, abs=5e-10)
    distances = [result.figure("x", "js_divergence").details["distance"] for result in (small, large)]
    assert distances == pytest.approx((0.056331269, 0.208068563), abs=5e-10)


def test_categories_are_compared_by_their_contingency_table() -> None:
    before = {"c": ["a"] * 500 + ["b"] * 300 + ["c"] * 200}
    after = {"c": ["a"] * 450 + ["b"] * 280 + ["c"] * 270}
    result = compare(before, after)
    chi_square = result.figure("c", "chi_square")
    assert chi_square.value == pytest.approx(13.746766, abs=5e-7)
    assert chi_square.p_value == pytest.approx(0.00103497, abs=5e-9)
    assert chi_square.details["degreesOfFreedom"] == 2
    assert result.figure("c", "psi").value == pytest.approx(0.027655205, abs=5e-10)
    assert result.figure("c", "js_divergence").details["distance"] == pytest.approx(0.070516751, abs=5e-10)
