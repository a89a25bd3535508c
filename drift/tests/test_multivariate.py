"""Drift of all columns together, which none of them has alone."""

import sys
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pointsman_drift import AlgorithmError, InvalidOptionError, Status, compare, compile_baseline
from pointsman_drift.analysing import analyse
from pointsman_drift.baselines.categories import categories_of
from pointsman_drift.multivariate.domain import domain_auc
from pointsman_drift.multivariate.sample import Sample, TablePair, draw_sample
from pointsman_drift.options import read_options
from pointsman_drift.tables.sources import open_source

BOTH = ["domain_classifier", "pca_reconstruction"]


def correlated(random: np.random.Generator, rows: int, correlation: float) -> dict[str, object]:
    """Normal columns that go together, two categories that follow one of them, and some missing values."""
    common = random.normal(size=(rows, 1))
    own = random.normal(size=(rows, 4))
    numbers = correlation**0.5 * common + (1 - correlation) ** 0.5 * own
    plan = np.where(numbers[:, 0] > 0, "paid", "free").astype(object)
    plan[random.random(rows) < 0.05] = None
    numbers[random.random((rows, 4)) < 0.02] = np.nan
    return {**{f"x{place}": numbers[:, place] for place in range(4)}, "plan": plan.tolist()}


def test_a_change_of_correlation_alone_is_found_by_both_and_by_no_single_column() -> None:
    random = np.random.default_rng(1)
    before, after = correlated(random, 3000, 0.8), correlated(random, 3000, 0.0)
    assert compare(before, after).status is Status.OK
    result = compare(before, after, algorithms=BOTH)
    assert [figure.feature for figure in result.figures] == ["(all)", "(all)"]
    assert result.figure("(all)", "domain_classifier").score > 0.7
    for name in BOTH:
        figure = result.figure("(all)", name)
        assert figure.status is Status.ALERT, name
        assert (figure.m, figure.method) == (3000, "rows")


def test_without_drift_both_are_ok_and_say_what_is_expected() -> None:
    random = np.random.default_rng(2)
    result = compare(correlated(random, 2000, 0.5), correlated(random, 2000, 0.5), algorithms=BOTH)
    assert result.status is Status.OK
    domain = result.figure("(all)", "domain_classifier")
    assert domain.expected == 0.5
    assert domain.score == pytest.approx(0.5, abs=0.05)
    components = result.figure("(all)", "pca_reconstruction")
    assert components.expected == pytest.approx(components.value, rel=0.1)


@pytest.mark.simulation
@pytest.mark.parametrize(("n", "m", "folds"), [(100, 100, 5), (300, 60, 3), (100, 100, 10)])
def test_p_values_of_the_classifier_are_no_smaller_than_chance_makes_them(n: int, m: int, folds: int) -> None:
    random = np.random.default_rng(n + folds)
    found = [
        domain_auc(random.normal(size=(n, 3)), random.normal(size=(m, 3)), [False] * 3, folds, seed)[1]
        for seed in range(40)
    ]
    # Of 40 runs as many as a true level of 0.05 brings in 99 of 100 cases.
    assert sum(p <= 0.05 for p in found) <= 6
    assert sum(p <= 0.01 for p in found) <= 3
    assert 0.35 < np.mean(found) < 0.65


@pytest.mark.simulation
def test_p_values_of_components_are_as_chance_has_them_whatever_columns_are() -> None:
    random = np.random.default_rng(7)
    options = read_options(["pca_reconstruction"], {}, {}, "on", 30)
    p_values = []
    for _ in range(100):
        sides = []
        for rows in (100, 200):
            numbers = {"x": random.normal(size=rows), "y": random.standard_t(2, rows)}
            texts = {
                "unique": pa.array([f"{one:.12f}" for one in random.random(rows)]),
                "skewed": pa.array(random.zipf(1.5, rows).astype(str)),
            }
            sides.append(Sample(numbers, texts, rows))
        (figure,) = analyse([TablePair(sides[0], sides[1], (100, 200))], options, (100, 200), 0).figures
        p_values.append(figure.p_value or 0.0)
    # Of 100 runs as many as a true level of 0.05 brings in 99 of 100 cases.
    assert np.sum(np.array(p_values) <= 0.05) <= 11
    assert 0.4 < np.mean(p_values) < 0.6


def test_figures_of_the_whole_are_judged_in_one_family_with_those_of_columns() -> None:
    random = np.random.default_rng(3)
    before, after = correlated(random, 500, 0.5), correlated(random, 500, 0.5)
    result = compare(before, after, algorithms=["ks_test", "pca_reconstruction"])
    p_values = sorted(figure.p_value for figure in result.figures if figure.p_value is not None)
    q_values = sorted(figure.q_value for figure in result.figures if figure.q_value is not None)
    assert len(p_values) == 5
    assert q_values[-1] == pytest.approx(
        min(p * 5 / rank for rank, p in enumerate(p_values, 1) if p == p_values[-1])
    )


def test_large_tables_are_sampled_and_the_same_seed_draws_the_same(tmp_path: Path) -> None:

    random = np.random.default_rng(4)
    for name, shift in (("before", 0.0), ("after", 0.5)):
        pq.write_table(
            pa.table({"x": random.normal(shift, 1, 30_000), "y": random.normal(size=30_000)}),
            tmp_path / f"{name}.parquet",
        )
    paths = tmp_path / "before.parquet", tmp_path / "after.parquet"
    first, second, other = (
        compare(*paths, algorithms=["pca_reconstruction"], seed=seed).figure("(all)", "pca_reconstruction")
        for seed in (0, 0, 1)
    )
    assert (first.n, first.m, first.method) == (10_000, 20_000, "sample")
    assert first == second
    assert first.value != other.value
    shuffled = [pq.read_table(path).take(random.permutation(30_000)) for path in paths]
    again = compare(*shuffled, algorithms=["pca_reconstruction"]).figure("(all)", "pca_reconstruction")
    assert again.value == pytest.approx(first.value), "the order of rows changes nothing"


@pytest.mark.simulation
def test_samples_of_tables_with_few_different_rows_are_as_chance_has_them() -> None:
    random = np.random.default_rng(11)
    options = read_options(["pca_reconstruction"], {}, {}, "on", 30)
    p_values = []
    for seed in range(60):
        with duckdb.connect() as connection:
            sides = []
            for place, name in enumerate(("reference", "current")):
                rows = {column: random.choice(["a", "b"], 800) for column in ("x", "y", "z")}
                source = open_source(connection, rows, name)
                plans = {column: categories_of(connection, source, column)[0] for column in rows}
                sides.append(draw_sample(connection, source, plans, seed + place, 400))
        (figure,) = analyse([TablePair(sides[0], sides[1], (800, 800))], options, (800, 800), 0).figures
        p_values.append(figure.p_value or 0.0)
    # Of 60 runs as many as a true level of 0.05 brings in 99 of 100 cases.
    assert np.sum(np.array(p_values) <= 0.05) <= 7, p_values


def test_odd_columns_have_a_stated_outcome() -> None:
    rows = 400
    random = np.random.default_rng(5)
    odd = {
        "constant": [1.0] * rows,
        "empty": [None] * rows,
        "far": np.r_[random.normal(size=rows - 1), 1e300],
        "infinite": np.r_[random.normal(size=rows - 1), np.inf],
        "unique": [f"c{i}" for i in range(rows)],
        "many": [f"c{i % 150}" for i in range(rows)],
    }
    new = {**odd, "many": [f"d{i % 15}" for i in range(rows)]}
    same, other = compare(odd, odd, algorithms=BOTH), compare(odd, new, algorithms=BOTH)
    assert len(same.figures) == len(other.figures) == 2
    assert same.status is Status.OK
    assert other.figure("(all)", "domain_classifier").status is Status.ALERT
    alone = compare({"x": odd["far"]}, {"x": odd["far"]}, algorithms=["pca_reconstruction"])
    assert "there is one column" in alone.insufficient_data[0].reason


def test_a_compiled_baseline_has_no_rows_to_look_at() -> None:
    table = {"x": [1.0, 2.0] * 100, "y": [2.0, 1.0] * 100}
    with pytest.raises(
        InvalidOptionError, match="'domain_classifier' looks at rows, and a compiled baseline"
    ):
        compare(compile_baseline(table), table, algorithms=["domain_classifier"])


def test_parameters_and_missing_packages_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    table = {"x": [1.0, 2.0] * 100, "y": [2.0, 1.0] * 100}
    for name, parameters, words in (
        ("domain_classifier", {"folds": 2.5}, "2.5 is not a whole number"),
        ("pca_reconstruction", {"variance": 1.0}, "1.0 is not below 1"),
    ):
        with pytest.raises(InvalidOptionError, match=words):
            compare(table, table, algorithms=[name], parameters={name: parameters})
    monkeypatch.setitem(sys.modules, "sklearn.ensemble", None)
    with pytest.raises(AlgorithmError, match=r"pip install 'pointsman-drift\[multivariate\]'"):
        compare(table, table, algorithms=["domain_classifier"])
