"""What lies in the bins of ordered columns, as people read it."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from functools import partial

import numpy as np

from pointsman_drift.baselines.edges import Floats
from pointsman_drift.baselines.plan import OrderedPlan
from pointsman_drift.tables.families import Family

_START = datetime(1970, 1, 1, tzinfo=UTC)
_FORMS = ("%Y-%m-%d", "%Y-%m-%d %H:%M", "%Y-%m-%d %H:%M:%S")
_DATES = (Family.INSTANT, Family.CIVIL)
_SPANS = (Family.CLOCK, Family.DURATION)


def labels_of(plan: OrderedPlan, edges: Floats) -> list[str]:
    """Answers a label for each bin: ``< 3``, ``3 – 4``, ``≥ 4``; a bin of one value has that value.

    Args:
        plan: Of the column; it tells whether edges are numbers or times, and what they are counted from.
        edges: Those between bins, in units of the plan; shape (bins - 1,).

    >>> from pointsman_drift import compile_baseline
    >>> plan = compile_baseline({"x": [1.0, 2.0, 3.0, 4.0] * 10}, bins=4).plans["x"]
    >>> labels_of(plan, np.array([2.0, np.nextafter(2.0, 3.0), 3.5]))
    ['< 2', '2', '2 – 3.5', '≥ 3.5']
    """
    if not len(edges):
        return ["all values"]
    is_single = np.nextafter(edges[:-1], np.inf) == edges[1:]
    texts = _texts(plan, edges, [bool(one) for one in is_single])
    inner = [
        texts[place] if one else f"{texts[place]} – {texts[place + 1]}" for place, one in enumerate(is_single)
    ]
    return [f"< {texts[0]}", *inner, f"≥ {texts[-1]}"]


def _texts(plan: OrderedPlan, edges: Floats, is_single: list[bool]) -> list[str]:
    """Texts of edges, as short as tells them apart; the two ends of a single value read the same."""
    exact = [Fraction(float(edge)) + (plan.offset or 0) for edge in edges]
    # The double after a single value reads as that value: what lies behind it begins there.
    shown = [exact[place - 1] if place and is_single[place - 1] else one for place, one in enumerate(exact)]
    wanted = len(set(shown))
    texts: list[str] = []
    for write in _writers(plan.type.family):
        texts = [write(one) for one in shown]
        if len(set(texts)) == wanted:
            break
    return texts


def _writers(family: Family) -> list[Callable[[Fraction], str]]:
    """Answers what writes an edge, the shortest first and at last one that tells all apart."""
    if family in _DATES:
        return [partial(_date, form=form) for form in _FORMS] + [_microseconds]
    if family in _SPANS:
        return [_span, _microseconds]
    return [partial(_number, digits=digits) for digits in range(4, 18)] + [str]


def _number(one: Fraction, digits: int) -> str:
    text = f"{float(one):.{digits}g}"
    is_usual = 1e-4 <= abs(one) < 1e9
    return format(Decimal(text), "f") if "e" in text and is_usual else text


def _date(one: Fraction, form: str) -> str:
    """Writes microseconds since 1970; beyond the years 1 to 9999 as such."""
    try:
        return (_START + timedelta(microseconds=int(one))).strftime(form)
    except OverflowError:
        return _microseconds(one)


def _span(one: Fraction) -> str:
    try:
        return str(timedelta(microseconds=int(one)))
    except OverflowError:
        return _microseconds(one)


def _microseconds(one: Fraction) -> str:
    return f"{int(one)} µs"
