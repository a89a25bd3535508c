"""Slices of a window, by as much as a result can hold."""

from functools import partial

import numpy as np
import pyarrow as pa
import pytest

from pointsman.control.drift.program.comparing import reference_table
from pointsman.control.drift.program.slicing import MOST_FIGURES, choose_slices
from pointsman.domain.drift.alerts import AlertSettings
from pointsman.domain.drift.baselines import ColumnKind, kind_of
from pointsman_drift import InvalidOptionError, compare

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


def test_of_features_with_many_values_no_more_is_judged_apart_than_can_be_counted(monkeypatch):
    monkeypatch.setattr("pointsman_drift.counting.scan.LARGEST_CELLS", 12_000)
    draw = np.random.default_rng(2)
    data = {
        "number": draw.normal(size=400).tolist(),
        **{f"f{place}": [f"v{row % 300}" for row in range(400)] for place in range(3)},
    }
    kinds = {name: kind_of(column) or ColumnKind.TEXT for name, column in data.items()}
    reference = reference_table(data, kinds)
    settings = AlertSettings(algorithms=("psi",))
    values = {"(variant)": 12, "(version)": 12}
    found = choose_slices(values, kinds, settings, reference)
    assert (found.columns, len(found.notes)) == (("(variant)", "(version)"), 2), found
    assert 2 <= found.limit < 12
    assert "more counts than an analysis keeps, 12000; leave out those of many values" in found.notes[0]
    divided = {
        name: pa.array([None if row % 13 == 12 else f"{name}{row % 13}" for row in range(400)])
        for name in values
    }
    current = pa.table({name: reference[name] for name in data} | divided)
    compared = partial(compare, reference, current, features=list(data), algorithms=["psi"], least_rows=2)
    result = compared(slices=found.columns, slice_limit=found.limit)
    assert any(one.group.slice is not None for one in result.figures)
    with pytest.raises(InvalidOptionError, match="slices and windows"):
        compared(slices=tuple(values), slice_limit=20)


def test_where_numbers_have_few_bins_all_is_counted_apart():
    kinds = {"number": ColumnKind.NUMBER}
    reference = reference_table({"number": [1.0] * 400}, kinds)
    found = choose_slices(BOTH, kinds, AlertSettings(), reference)
    assert (found.columns, found.limit, found.notes) == (tuple(BOTH), 20, ())
