"""Whether the parts of a baseline fit together: a wrong one would give wrong verdicts without a word."""

import math
from collections import defaultdict
from collections.abc import Iterator

import numpy as np

from pointsman_drift.baselines.baseline import Baseline
from pointsman_drift.baselines.edges import Floats
from pointsman_drift.baselines.plan import OrderedPlan, Plan, UnorderedPlan
from pointsman_drift.counting.counts import ColumnCounts, Counted


def check_baseline(baseline: Baseline) -> None:
    """Refuses what no reference gives.

    Args:
        baseline: As it was read.

    Raises:
        ValueError: Something does not fit; told by column and field.
    """
    _expect(baseline.rows > 0, f"rows are {baseline.rows}")
    _expect(baseline.bins in range(2, 1001), f"bins are {baseline.bins}")
    _expect(bool(baseline.plans), "there are no columns")
    for name, plan in baseline.plans.items():
        for problem in _of_plan(plan):
            raise ValueError(f"column {name!r}: {problem}")
    _check_counted(baseline, Counted(baseline.rows, baseline.counts, baseline.values), "")
    rows: dict[str, int] = defaultdict(int)
    for one, found in baseline.slices.items():
        _check_counted(baseline, found, f" of slice {one}")
        rows[one.column] += found.rows
    for column, total in rows.items():
        _expect(total == baseline.rows, f"slices by {column!r} have {total} of {baseline.rows} rows")


def _expect(is_so: bool, problem: str) -> None:
    if not is_so:
        raise ValueError(problem)


def _check_counted(baseline: Baseline, found: Counted, where: str) -> None:
    _expect(found.rows >= 0, f"rows{where} are {found.rows}")
    lacking = [name for name in baseline.plans if name not in found.counts]
    _expect(not lacking, f"columns {lacking} have no counts{where}")
    for name, counts in found.counts.items():
        plan, values = baseline.plans[name], found.values.get(name)
        of_type = (
            _of_order(plan, counts, values) if isinstance(plan, OrderedPlan) else _of_names(plan, counts)
        )
        for problem in (*_of_counts(counts, found.rows), *of_type):
            raise ValueError(f"column {name!r}{where}: {problem}")
        _expect(
            values is None or isinstance(plan, OrderedPlan), f"column {name!r}{where}: values of categories"
        )


def _of_plan(plan: Plan) -> Iterator[str]:
    if isinstance(plan, UnorderedPlan):
        if len(set(plan.categories)) != len(plan.categories) or None in plan.categories:
            yield "a category is there twice, or is none"
        if not plan.once >= 0:
            yield f"once is {plan.once}"
        return
    for field, edges in (("edges", plan.edges), ("fine", plan.fine)):
        if not np.isfinite(edges).all() or not (edges[1:] > edges[:-1]).all():
            yield f"{field} do not rise, or are not finite"
    if not np.isin(plan.edges, plan.fine).all():
        yield "edges are not all among fine"
    if not math.isfinite(plan.centre):
        yield f"centre is {plan.centre}"
    if not 0 < plan.spread < math.inf:
        yield f"spread is {plan.spread}"


def _of_counts(counts: ColumnCounts, rows: int) -> Iterator[str]:
    parts = (counts.nulls, counts.nans, counts.below, counts.above, counts.square_moment)
    if (counts.bins < 0).any() or min(parts) < 0:
        yield "a count is below 0"
    # Summed as whole numbers of any size: sums of damaged ones may overflow.
    total = sum(counts.bins.tolist()) + counts.missing + counts.infinite
    if total != rows:
        yield f"counts are of {total} rows, and there are {rows}"


def _of_order(plan: OrderedPlan, counts: ColumnCounts, values: Floats | None) -> Iterator[str]:
    ends = (counts.least, counts.most)
    if counts.values and not (math.isfinite(ends[0]) and math.isfinite(ends[1]) and ends[0] <= ends[1]):
        yield f"least and most are {ends}"
    if not counts.values and ends != (math.inf, -math.inf):
        yield f"least and most are {ends} of no values"
    if counts.new:
        yield "numbers have names"
    if values is None:
        return
    if not np.isfinite(values).all() or (values[1:] < values[:-1]).any():
        yield "values are not sorted, or not finite"
    elif not np.array_equal(
        np.bincount(np.searchsorted(plan.fine, values, side="right"), minlength=plan.size), counts.bins
    ):
        yield "values are not those that were counted"


def _of_names(plan: UnorderedPlan, counts: ColumnCounts) -> Iterator[str]:
    if min(counts.new.values(), default=1) < 1 or sum(counts.new.values()) > int(counts.bins[-2:].sum()):
        yield "unseen categories have other rows than were counted"
    if None in counts.new or not counts.new.keys().isdisjoint(plan.categories):
        yield "an unseen category is among those known"
