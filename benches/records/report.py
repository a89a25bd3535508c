"""Writes what was measured: everything as JSON, figures and tables as a page."""

import json
import math
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from benches.load.report import describe_machine
from benches.records.findings import Figure, Findings, Table


def write_reports(stem: Path, cases: Sequence[Findings]) -> str:
    """Writes ``<stem>.json`` and ``<stem>.md``.

    Returns:
        The page.
    """
    machine = describe_machine()
    stem.parent.mkdir(parents=True, exist_ok=True)
    document = {
        "machine": machine,
        "cases": [
            asdict(findings) | {"figures": [asdict(one) | {"passed": one.passed} for one in findings.figures]}
            for findings in cases
        ],
    }
    stem.with_suffix(".json").write_text(json.dumps(document, indent=1) + "\n")
    page = render_page(machine, cases)
    stem.with_suffix(".md").write_text(page)
    return page


def render_page(machine: dict[str, str], cases: Sequence[Findings]) -> str:
    """Writes the page: figures first, then what lies behind them."""
    lines = [
        "# Records results",
        "",
        ", ".join(f"{name} {value}" for name, value in machine.items()) + ".",
        "`benches/README.md` says how each figure is obtained.",
        "",
        "| case | figure | value | least – greatest | must reach | |",
        "| --- | --- | --- | --- | --- | --- |",
        *(_figure_row(findings.name, figure) for findings in cases for figure in findings.figures),
    ]
    for findings in cases:
        lines += ["", f"## {findings.name}", "", f"{findings.conditions}."]
        for table in findings.tables:
            lines += ["", *_table_rows(table)]
        if findings.notes:
            lines += ["", *(f"- {note}." for note in findings.notes)]
    return "\n".join(lines) + "\n"


def _figure_row(case: str, figure: Figure) -> str:
    spread = f"{min(figure.spread):.2f} – {max(figure.spread):.2f}" if figure.spread else "–"
    if figure.limit is None:
        return f"| {case} | {figure.name} | {_number(figure.value, figure.unit)} | {spread} | – | |"
    limit = f"{'≤' if figure.is_ceiling else '≥'} {_number(figure.limit, figure.unit)}"
    word = "PASS" if figure.passed else "MISS"
    return f"| {case} | {figure.name} | {_number(figure.value, figure.unit)} | {spread} | {limit} | {word} |"


def _table_rows(table: Table) -> list[str]:
    return [
        "| " + " | ".join(table.header) + " |",
        "|" + " --- |" * len(table.header),
        *("| " + " | ".join(map(_cell, row)) + " |" for row in table.rows),
    ]


def _cell(cell: object) -> str:
    return _number(cell) if isinstance(cell, int | float) else str(cell)


def _number(value: float, unit: str = "") -> str:
    """Writes a number with as many digits as it is worth."""
    if math.isnan(value):
        return "–"
    text = f"{value:,.0f}" if value == round(value) or abs(value) >= 1_000 else f"{value:.{_digits(value)}f}"
    return f"{text} {unit}".rstrip()


def _digits(value: float) -> int:
    return 2 if abs(value) < 10 else 1
