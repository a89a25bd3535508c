"""Slices of a window, by as much as a result can hold."""

import numpy as np
import pytest

from pointsman.control.drift.program.slicing import MOST_FIGURES, choose_slices
from pointsman.domain.drift.alerts import AlertSettings
from pointsman.domain.drift.baselines import ColumnKind
from pointsman_drift import compare

BOTH = {"(variant)": 5, "(version)": 4}


def features(numbers, texts=0):
    names = [ColumnKind.NUMBER] * numbers + [ColumnKind.TEXT] * texts
    return {f"f{place}": kind for place, kind in enumerate(names)}


def test_few_features_are_judged_by_all_variants_and_versions():
    found = choose_slices(BOTH, features(20, 20), AlertSettings())
    assert (found.columns, found.limit, found.notes) == (("(variant)", "(version)"), 20, ())


def test_of_many_features_fewer_values_are_judged_apart_and_that_is_said():
    found = choose_slices({"(version)": 20}, features(200), AlertSettings())
    assert found.columns == ("(version)",)
    assert 2 <= found.limit < 20
    (note,) = found.notes
    assert note.startswith(f"rows of the {found.limit} most frequent values of version are judged apart")


def test_of_still_more_versions_are_left_out_and_then_variants_with_a_note_each():
    found = choose_slices(BOTH, features(500), AlertSettings())
    assert (found.columns, len(found.notes)) == (("(variant)",), 2), found
    assert found.notes[0].startswith("rows of each version are not judged apart")
    found = choose_slices(BOTH, features(2_000), AlertSettings())
    assert (found.columns, len(found.notes)) == ((), 2), found


def test_with_fewer_algorithms_more_is_judged_apart():
    found = choose_slices(BOTH, features(500), AlertSettings(algorithms=("psi",)))
    assert (found.columns, found.notes) == (("(variant)", "(version)"), ())


def test_without_algorithms_of_columns_nothing_is_judged_apart():
    assert not choose_slices(BOTH, features(3), AlertSettings(algorithms=("cbpe",))).columns


@pytest.mark.parametrize("version_count", [2, 30])
def test_results_have_no_more_figures_of_slices_than_that(monkeypatch, version_count):
    monkeypatch.setattr("pointsman.control.drift.program.slicing.MOST_FIGURES", 300)
    draw = np.random.default_rng(1)
    before = {f"f{place}": draw.normal(size=400) for place in range(12)}
    versions = np.resize([f"v{place}" for place in range(version_count)], 400)
    found = choose_slices({"(version)": version_count}, features(12), AlertSettings())
    result = compare(
        before,
        before | {"(version)": versions},
        features=list(before),
        slices=found.columns,
        slice_limit=found.limit,
        least_rows=2,
    )
    figures = [one for one in result.figures if one.group.slice is not None]
    assert 0 < len(figures) <= 300 < MOST_FIGURES
