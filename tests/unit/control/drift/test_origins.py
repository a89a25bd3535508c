"""Where drift comes from, as far as a result tells it."""

import numpy as np
import pytest

from pointsman.control.drift.program.origins import origin_of
from pointsman.domain.drift.analyses import DriftOrigin
from pointsman_drift import compare, compare_predictions, read_numbers

FEATURES = ("age", "income")


def table(seed, rows, shift=0.0):
    draw = np.random.default_rng(seed)
    return {name: draw.normal(shift, 1, rows) for name in FEATURES}


def sliced(*parts):
    """A table of variants ``a``, ``b``, …, each with so many rows and their shift."""
    tables = [table(seed, rows, shift) for seed, (rows, shift) in enumerate(parts)]
    joined = {name: np.concatenate([one[name] for one in tables]) for name in FEATURES}
    return joined | {"(variant)": np.repeat([*"abcdef"[: len(parts)]], [rows for rows, _ in parts])}


def judged(before, after):
    return origin_of(compare(before, after, features=FEATURES, slices="(variant)"), FEATURES)


def answers(seed, shift):
    predicted = np.random.default_rng(seed).normal(shift, 1, 300)
    return read_numbers(predicted, predicted)


def test_inputs_that_only_whole_rows_show_to_move_are_inputs():
    pytest.importorskip("sklearn")
    result = compare(table(1, 300), table(2, 300, shift=2), algorithms=["domain_classifier"])
    assert {one.feature for one in result.figures} == {"(all)"}
    assert origin_of(result, FEATURES) == (DriftOrigin.INPUTS, [])


def test_answers_that_move_say_nothing_of_inputs_that_nobody_judged():
    result = compare_predictions(answers(1, 0.0), answers(2, 2.0))
    assert any(one.drift for one in result.figures)
    assert origin_of(result, FEATURES) == (None, [])


def test_a_result_without_figures_has_no_origin():
    result = compare(table(1, 300), table(2, 3))
    assert not result.figures
    assert origin_of(result, FEATURES) == (None, [])


@pytest.mark.parametrize("seed", range(12))
def test_a_variant_of_few_rows_that_move_alike_is_not_said_to_stand_still(seed):
    after = sliced((1950, 0.4), (50, 0.4))
    draw = np.random.default_rng(seed)
    order = draw.permutation(2000)
    # Which rows are of the small variant is all that differs from seed to seed.
    after["(variant)"] = after["(variant)"][order]
    origin, notes = judged(table(100, 2000), after)
    assert origin in (DriftOrigin.WORLD, DriftOrigin.INPUTS)
    assert bool(notes) == (origin is DriftOrigin.INPUTS), "what more rows would tell is said"


def test_a_variant_that_clearly_stands_still_is_told_from_those_that_move():
    assert judged(table(100, 2000), sliced((1000, 0.0), (1000, 1.0))) == (DriftOrigin.SOME_VARIANTS, [])
    origin, _ = judged(table(100, 2000), sliced((1500, 0.0), (1000, 0.8), (40, 0.8)))
    assert origin is DriftOrigin.SOME_VARIANTS, "the large one stands still, whatever a small one does"


def test_variants_that_all_move_are_the_world():
    assert judged(table(100, 2000), sliced((1000, 1.0), (1000, 1.0))) == (DriftOrigin.WORLD, [])
