"""Tables of a page, which its script sorts."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pointsman_drift.reports.budget import Budget
from pointsman_drift.reports.html import Html, escaped


@dataclass(frozen=True)
class Column:
    """A column of a table."""

    head: str
    is_number: bool = False
    """Whether it is sorted by size, and set to the right."""
    about: str = ""
    """What it is, in a sentence."""
    is_status: bool = False
    """Whether it is sorted from ok to alert, and holds nothing but these words."""


def table(
    caption: str, columns: Sequence[Column], rows: Iterable[Sequence[Html]], limit: int, more: str = ""
) -> Html:
    """Makes a table whose first column names its rows.

    Args:
        caption: What it is.
        columns: Its columns.
        rows: Cells, in the order in which they stand until somebody sorts them.
        limit: Bytes that rows may take; those behind are left out and counted.
        more: Where those are that are left out.
    """
    budget = Budget(limit)
    heads = "".join(_head(column) for column in columns)
    body = "".join(one for one in (_row(columns, cells) for cells in rows) if budget.takes(one))
    left = _left_out(budget.left_out, more)
    return Html(
        f'<div class="wide"><table class="sorted"><caption>{escaped(caption, 400)}</caption>'
        f"<thead><tr>{heads}</tr></thead><tbody>{body}</tbody></table></div>{left}"
    )


def plain_table(caption: str, heads: Sequence[str], rows: Iterable[Sequence[Html]]) -> Html:
    """Makes a small table that nobody sorts: the data of a chart, say.

    Args:
        caption: What it is.
        heads: Of its columns; the first one names rows.
        rows: Cells.
    """
    top = "".join(f'<th scope="col">{escaped(head)}</th>' for head in heads)
    body = "".join(
        f'<tr><th scope="row">{cells[0]}</th>' + "".join(f"<td>{cell}</td>" for cell in cells[1:]) + "</tr>"
        for cells in rows
    )
    caption_html = f"<caption>{escaped(caption, 400)}</caption>"
    return Html(f"<table>{caption_html}<thead><tr>{top}</tr></thead><tbody>{body}</tbody></table>")


def _head(column: Column) -> str:
    word = "n" if column.is_number else "rank" if column.is_status else ""
    kind = f' class="{word}"' if word else ""
    about = f' title="{escaped(column.about, 400)}"' if column.about else ""
    return f'<th scope="col"{kind}><button type="button"{about}>{escaped(column.head)}</button></th>'


def _row(columns: Sequence[Column], cells: Sequence[Html]) -> Html:
    rest = "".join(
        f'<td class="n">{cell}</td>' if column.is_number else f"<td>{cell}</td>"
        for column, cell in zip(columns[1:], cells[1:], strict=True)
    )
    return Html(f'<tr><th scope="row">{cells[0]}</th>{rest}</tr>')


def _left_out(rows: int, more: str) -> str:
    if not rows:
        return ""
    return f'<p class="left-out">{rows:,} further rows are left out here. {escaped(more, 400)}</p>'
