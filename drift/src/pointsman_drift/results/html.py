"""A result as notebooks show it."""

from collections.abc import Sequence
from html import escape

from pointsman_drift.results.figure import ComparedGroup, Figure, Unjudged
from pointsman_drift.verdicts.status import Status

_COLOURS = {Status.OK: "#2e7d32", Status.WARNING: "#b26a00", Status.ALERT: "#c62828"}
_HEADS = (
    "feature",
    "rows of",
    "algorithm",
    "status",
    "score",
    "warning",
    "alert",
    "value",
    "expected",
    "p",
    "q",
    "n",
    "m",
    "method",
)


def page_of(
    status: Status,
    figures: Sequence[Figure],
    unjudged: Sequence[Unjudged],
    groups: Sequence[ComparedGroup] = (),
) -> str:
    """Answers HTML with the worst figures first; names from tables are escaped.

    Args:
        status: Of the whole.
        figures: What was judged.
        unjudged: What was not, with reasons.
        groups: Windows and slices; those that were not compared are told.
    """
    order = sorted(figures, key=lambda figure: (-figure.status.rank, figure.feature))
    heads = "".join(f"<th>{head}</th>" for head in _HEADS)
    rows = "".join(_row(figure) for figure in order)
    notes = "".join(_note(one) for one in unjudged) + "".join(
        f"<li>{escape(str(one.group))}: {escape(one.reason)}</li>" for one in groups if one.reason is not None
    )
    left = f"<p>Not judged:</p><ul>{notes}</ul>" if notes else ""
    table = f"<table><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table>"
    return f"<div><p>Drift: {_word(status)}</p>{table}{left}</div>"


def _note(one: Unjudged) -> str:
    name = one.feature if one.algorithm is None else f"{one.feature} ({one.algorithm})"
    where = f" in {one.group}" if str(one.group) else ""
    return f"<li>{escape(name)}{escape(where)}: {escape(one.reason)}</li>"


def _row(figure: Figure) -> str:
    cells = (
        escape(figure.feature),
        escape(str(figure.group) or "all"),
        escape(figure.algorithm),
        _word(figure.status),
        _number(figure.score),
        _number(figure.thresholds.warning),
        _number(figure.thresholds.alert),
        _number(figure.value) + (f" ± {_number(figure.error)}" if figure.error else ""),
        _number(figure.expected),
        _number(figure.p_value),
        _number(figure.q_value),
        str(figure.n),
        str(figure.m),
        escape(figure.method),
    )
    return "<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>"


def _word(status: Status) -> str:
    return f'<strong style="color:{_COLOURS[status]}">{status.value}</strong>'


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.4g}"
