"""What a result says, and in which forms."""

import json

import numpy as np
import polars as pl
import pytest

from pointsman_drift import Result, Status, Thresholds, compare, compile_baseline


@pytest.fixture(scope="module")
def tables() -> tuple[dict[str, list[float]], dict[str, list[float]]]:
    random = np.random.default_rng(1)
    before = {name: random.normal(size=500).tolist() for name in ("still", "<b>moved</b>")}
    after = {
        "still": random.normal(size=500).tolist(),
        "<b>moved</b>": random.normal(1, 1, 500).tolist(),
    }
    return before, after


@pytest.fixture(scope="module")
def result(tables: tuple[dict[str, list[float]], dict[str, list[float]]]) -> Result:
    return compare(*tables)


def test_the_status_is_the_worst_of_all_figures(result: Result) -> None:
    assert result.status is Status.ALERT
    assert result.features == {"still": Status.OK, "<b>moved</b>": Status.ALERT}


def test_every_figure_carries_what_judged_it(result: Result) -> None:
    entry = json.loads(result.to_json())["features"]["<b>moved</b>"]["algorithms"]["psi"]
    for key in ("n", "m", "epsilon", "method", "pValue", "qValue", "effect", "expectedWithoutDrift", "seed"):
        assert entry[key] is not None, key
    assert (entry["warningThreshold"], entry["alertThreshold"]) == (0.1, 0.2)
    assert entry["drift"] is True
    assert entry["score"] == pytest.approx(entry["value"] - entry["expectedWithoutDrift"])


def test_the_json_has_each_algorithm_with_its_worst_feature(result: Result) -> None:
    document = json.loads(result.to_json(indent=1))
    assert document["status"] == "alert"
    ks = document["algorithms"]["ks_test"]
    assert ks == {
        "drift": True,
        "score": result.figure("<b>moved</b>", "ks_test").value,
        "feature": "<b>moved</b>",
    }
    assert document["insufficientData"] == []


def test_frames_have_one_row_for_each_figure(result: Result) -> None:
    frame = result.to_frame()
    assert len(frame) == len(result.figures) == 10
    assert set(frame.loc[frame["feature"] == "still", "status"]) == {"ok"}
    assert isinstance(result.to_frame("polars"), pl.DataFrame)
    assert result.to_frame("polars")["score"].to_list() == frame["score"].tolist()


def test_notebooks_show_names_as_text(result: Result) -> None:
    page = result._repr_html_()
    assert "&lt;b&gt;moved&lt;/b&gt;" in page
    assert "<b>moved" not in page
    assert page.index("moved") < page.index("still"), "the worst comes first"


@pytest.mark.parametrize("form", [(0.7, 0.9), {"warning": 0.7, "alert": 0.9}, Thresholds(0.7, 0.9)])
def test_thresholds_apply_to_the_score(
    tables: tuple[dict[str, list[float]], dict[str, list[float]]], form: object
) -> None:
    figure = compare(*tables, thresholds={"ks_test": form}).figure("<b>moved</b>", "ks_test")
    assert figure.score == figure.value
    assert 0.2 < figure.score < 0.7
    assert figure.status is Status.OK
    assert figure.thresholds == Thresholds(0.7, 0.9)


def test_a_baseline_gives_what_its_reference_gives(
    tables: tuple[dict[str, list[float]], dict[str, list[float]]], result: Result
) -> None:
    assert compare(compile_baseline(tables[0]), tables[1]).to_json() == result.to_json()


def test_plain_levels_judge_each_figure_alone(
    tables: tuple[dict[str, list[float]], dict[str, list[float]]],
) -> None:
    result = compare(*tables, calibration="off")
    assert result.figure("<b>moved</b>", "ks_test").status is Status.ALERT
    assert result.figure("still", "psi").q_value is None
    assert not result.is_calibrated
    assert compare(*tables, calibration=False).to_json() == result.to_json()
    overridden = compare(*tables, calibration="off", thresholds={"ks_test": (0.01, 0.9)})
    assert overridden.figure("still", "ks_test").status is Status.WARNING


def test_the_score_of_an_algorithm_is_its_greatest_and_drift_is_that_of_any_figure() -> None:
    draw = np.random.default_rng(1)
    before = {"many": draw.normal(size=2000), "few": draw.normal(size=2000)}
    after = {"many": draw.normal(0.45, 1, 2000), "few": [None] * 1965 + draw.normal(0.4, 1, 35).tolist()}
    result = compare(before, after, algorithms=["ks_test"])
    many, small = result.figure("many", "ks_test"), result.figure("few", "ks_test")
    assert (many.drift, small.drift) == (True, False), "few rows are not significant"
    assert small.score > many.score, "though they differ by more"
    assert result.to_dict()["algorithms"]["ks_test"] == {
        "drift": True,
        "score": small.score,
        "feature": "few",
    }
