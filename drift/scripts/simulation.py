"""Columns whose drift is known, counted as the scan counts them but without the time that a query takes."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

from pointsman_drift import ColumnPair, Result, Status
from pointsman_drift.analysing import analyse
from pointsman_drift.baselines.edges import edges_of, fine_bin_count, spread_of
from pointsman_drift.baselines.plan import CLAMP, OrderedPlan, UnorderedPlan
from pointsman_drift.counting.counts import ColumnCounts
from pointsman_drift.counting.sums import OrderedSums
from pointsman_drift.options import Options, read_options
from pointsman_drift.tables.families import column_type

Floats = NDArray[np.float64]
Counts = NDArray[np.int64]
Draw = Callable[[np.random.Generator, int], ColumnPair]
"""Draws both sides of a column, each of so many rows."""

FEATURES = 20
DEFAULT = read_options(None, {}, {}, "on", 30)
ZIPF = 1 / np.arange(1, 41) ** 1.2
"""Shares of forty categories, but for their sum."""


def analysed(pairs: list[ColumnPair], options: Options = DEFAULT) -> Result:
    """Judges columns as one analysis."""
    return analyse(pairs, options, pairs[0].rows, 0)


def counted(name: str, reference: Floats, current: Floats) -> ColumnPair:
    """Counts two columns of numbers; NaN stands for a missing one."""
    before, after = (np.sort(side[~np.isnan(side)]) for side in (reference, current))
    plan = _plan(name, before)
    counts = []
    for side, present in ((reference, before), (current, after)):
        sums = OrderedSums(plan)
        sums.add(present)
        sums.add_nulls(len(side) - len(present))
        counts.append(sums.counts())
    return ColumnPair(plan, counts[0], counts[1], (before, after))


def categories(name: str, reference: Counts, current: Counts) -> ColumnPair:
    """Counts two columns of the categories 0, 1, …."""
    size = int(max(reference.max(), current.max())) + 1
    return of_categories(
        name, np.bincount(reference, minlength=size), np.bincount(current, minlength=size), len(current)
    )


def of_categories(name: str, before: Counts, after: Counts, rows: int) -> ColumnPair:
    """Makes a column of how often both sides have the categories 0, 1, ….

    Args:
        name: The column.
        before: Rows of the reference; shape (categories,).
        after: Those of the current side.
        rows: All of the current side.
    """
    known = np.flatnonzero(before)
    known = known[np.argsort(-before[known], kind="stable")]
    plan = UnorderedPlan(name, column_type(name, "VARCHAR"), tuple(map(str, known)), int(np.sum(before == 1)))
    bins = [np.r_[before[known], 0, 0], np.r_[after[known], 0, rows - after[known].sum()]]
    new = {str(one): int(after[one]) for one in np.flatnonzero(after) if not before[one]}
    return ColumnPair(plan, ColumnCounts(bins[0]), ColumnCounts(bins[1], new=new))


def null_pair(random: np.random.Generator, n: int, place: int) -> ColumnPair:
    """Draws a column without drift: normal, skewed, of few values, with missing ones, or of categories.

    Args:
        random: Draws it.
        n: Rows of each side.
        place: Which column of the analysis it is; it decides what the column is like.
    """
    name = f"f{place}"
    if place % 5 == 4:
        drawn = random.choice(len(ZIPF), (2, n), p=ZIPF / ZIPF.sum())
        return categories(name, drawn[0], drawn[1])
    kinds: list[Callable[[], Floats]] = [
        lambda: random.normal(size=(2, n)),
        lambda: random.lognormal(0, 2, (2, n)),
        lambda: random.poisson(3, (2, n)).astype(np.float64),
        lambda: np.where(random.random((2, n)) < 0.1, np.nan, random.standard_t(2, (2, n))),
    ]
    return counted(name, *kinds[place % 5]())


def null_counts(random: np.random.Generator, n: int, place: int) -> ColumnPair:
    """Draws the counts of such a column, as millions of rows would give them, without the rows.

    Edges are quantiles of the reference, so that its counts follow from them, and what the population has
    between them is drawn: gaps between order statistics have Dirichlet's distribution.

    Args:
        random: Draws them.
        n: Rows of each side.
        place: Which column of the analysis it is; see ``null_pair``.
    """
    name = f"f{place}"
    if place % 5 == 4:
        before, after = random.multinomial(n, ZIPF / ZIPF.sum(), 2)
        return of_categories(name, before, after, n)
    if place % 5 == 2:
        likely = np.exp(np.arange(30) * np.log(3) - 3 - special.gammaln(np.arange(30) + 1))
        before, after = random.multinomial(n, likely / likely.sum(), 2)
        return _of_few_values(name, before, after)
    missing = random.binomial(n, 0.1, 2) if place % 5 == 3 else np.zeros(2, np.int64)
    quantile: Callable[[Floats], Floats] = [
        special.ndtri,
        lambda u: np.exp(2 * special.ndtri(u)),
        special.ndtri,
        # Student's distribution with two degrees of freedom.
        lambda u: (2 * u - 1) / np.sqrt(2 * u * (1 - u)),
    ][place % 5]
    return _continuous(random, name, n - missing, missing, quantile)


def _continuous(
    random: np.random.Generator,
    name: str,
    rows: Counts,
    missing: Counts,
    quantile: Callable[[Floats], Floats],
) -> ColumnPair:
    n, fine = int(rows[0]), fine_bin_count(int(rows[0]))
    places = np.unique(np.r_[np.arange(1, fine) / fine, np.arange(1, 10) / 10])
    ranks = np.round(places * n).astype(np.int64)
    before = np.diff(np.r_[0, ranks, n])
    likely = random.dirichlet(before)
    sums = np.cumsum(likely)[:-1]
    edges = quantile(sums)
    is_coarse = np.isin(np.round(places, 9), np.round(np.arange(1, 10) / 10, 9))
    quarters = quantile(np.array([0.25, 0.5, 0.75]))
    spread = float(quarters[2] - quarters[0]) / 1.349
    plan = OrderedPlan(
        name, column_type(name, "DOUBLE"), edges[is_coarse], edges, None, float(quarters[1]), spread
    )
    counts = []
    for bins, lacking in zip((before, random.multinomial(rows[1], likely)), missing, strict=True):
        low = quantile(random.uniform(0, sums[0], bins[0]))
        high = quantile(1 - random.uniform(0, 1 - sums[-1], bins[-1]))
        counts.append(
            ColumnCounts(
                bins,
                nulls=int(lacking),
                least=float(low.min()),
                most=float(high.max()),
                low_moment=_moment(plan, low),
                high_moment=_moment(plan, high),
            )
        )
    return ColumnPair(plan, counts[0], counts[1])


def _of_few_values(name: str, before: Counts, after: Counts) -> ColumnPair:
    """Makes a column of how often both sides have the numbers 0, 1, …; a part of the rows tells the edges."""
    values = np.arange(len(before), dtype=np.float64)
    plan = _plan(name, np.repeat(values, before * 10_000 // before.sum()))
    places = np.searchsorted(plan.fine, values, side="right")
    counts = []
    for side in (before, after):
        bins = np.bincount(places, side, plan.size).astype(np.int64)
        ends = values[side > 0]
        low, high = (int(values[places == end] @ side[places == end]) for end in (0, plan.size - 1))
        counts.append(
            ColumnCounts(
                bins,
                least=float(ends[0]),
                most=float(ends[-1]),
                low_moment=round((low - bins[0] * plan.centre) / plan.quantum),
                high_moment=round((high - bins[-1] * plan.centre) / plan.quantum),
            )
        )
    return ColumnPair(plan, counts[0], counts[1])


def _moment(plan: OrderedPlan, values: Floats) -> int:
    quanta = np.clip(np.rint((values - plan.centre) / plan.quantum), -CLAMP, CLAMP)
    return sum(quanta.astype(np.int64).tolist())


def _plan(name: str, before: Floats) -> OrderedPlan:
    edges = edges_of(before, 10)
    fine = np.union1d(edges, edges_of(before, fine_bin_count(len(before))))
    centre = float(np.median(before))
    return OrderedPlan(name, column_type(name, "DOUBLE"), edges, fine, None, centre, spread_of(before))


def shifted(by: float) -> Draw:
    """Makes normal columns of which the current one is shifted.

    Args:
        by: How far, in standard deviations.
    """
    return lambda random, n: counted("drifting", random.normal(size=n), random.normal(by, 1, n))


def reweighed(before: Floats, after: Floats) -> Draw:
    """Makes columns of categories whose shares change.

    Args:
        before: Shares of the reference; shape (categories,).
        after: Those of the current side.
    """

    def draw(random: np.random.Generator, n: int) -> ColumnPair:
        size = len(before)
        return categories("drifting", random.choice(size, n, p=before), random.choice(size, n, p=after))

    return draw


def thinned(before: float, after: float) -> Draw:
    """Makes normal columns whose share of missing values changes.

    Args:
        before: The share of the reference.
        after: That of the current side.
    """

    def draw(random: np.random.Generator, n: int) -> ColumnPair:
        sides = [np.where(random.random(n) < rate, np.nan, random.normal(size=n)) for rate in (before, after)]
        return counted("drifting", *sides)

    return draw


@dataclass(frozen=True)
class NullShares:
    """How many of some analyses without drift say that something drifts."""

    warned: float
    """A warning or an alert."""
    alerted: float


def null_shares(
    draw: Callable[[np.random.Generator, int, int], ColumnPair],
    n: int,
    runs: int,
    options: Options = DEFAULT,
    features: int = FEATURES,
) -> NullShares:
    """Analyses columns without drift again and again.

    Args:
        draw: ``null_pair`` or ``null_counts``.
        n: Rows of each side.
        runs: How many analyses.
        options: How they are judged.
        features: Columns of each.
    """
    random = np.random.default_rng(n)
    statuses = [
        analysed([draw(random, n, place) for place in range(features)], options).status for _ in range(runs)
    ]
    alerted = sum(one is Status.ALERT for one in statuses) / runs
    return NullShares(alerted + sum(one is Status.WARNING for one in statuses) / runs, alerted)


def found_share(draw: Draw, runs: int, n: int = 1000) -> float:
    """Answers how often one drifting column among twenty is found.

    Args:
        draw: Draws it; it is named ``drifting``.
        runs: How many analyses.
        n: Rows of each side.
    """
    random = np.random.default_rng(7)
    still = [null_pair(random, n, place) for place in range(FEATURES - 1)]
    hits = [
        analysed([*still, draw(random, n)]).features.get("drifting", Status.OK) is not Status.OK
        for _ in range(runs)
    ]
    return float(np.mean(hits))
