"""How well a model does, as the command line shows it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from pointsman.cli.line import commandline
from pointsman.cli.output import printing

if TYPE_CHECKING:
    from pointsman.client import Divergence, PerformanceMetric


def print_metrics(metrics: Mapping[str, PerformanceMetric]) -> None:
    """Writes metrics of a window as a table; nothing where there are none."""
    if not metrics:
        return
    printing.print_table(
        ["#METRIC", ">BASELINE", ">ESTIMATE", ">COMPARED", "BAND", ">REALISED", ">OUTCOMES"],
        [
            [
                name,
                number(one.reference),
                number(one.estimate),
                number(one.compared),
                band(one),
                number(one.realised),
                str(one.sample_size),
            ]
            for name, one in metrics.items()
        ],
        empty="",
    )


def print_divergence(divergence: Mapping[str, Divergence]) -> None:
    """Writes how often realised values were where they were estimated, and on concept drift says so."""
    for name, one in sorted(divergence.items()):
        if one.inside_share is not None and name == "accuracy":
            commandline.echo(f"accuracy was in its band in {one.inside_share:.0%} of the steps")
        if one.concept_drift:
            commandline.echo(
                f"concept drift: {name} is {one.direction} than estimated in {one.outside} of the last "
                f"{one.periods} steps"
            )


def band(metric: PerformanceMetric | None) -> str:
    """Writes a band, beside a realised value that of the same predictions; such a value outside is marked."""
    if metric is None:
        return ""
    lower, upper = metric.lower, metric.upper
    if metric.realised is not None:
        lower, upper = metric.compared_lower, metric.compared_upper
    if lower is None or upper is None:
        return ""
    outside = " outside" if metric.inside_band is False else ""
    return f"{lower:.4g} to {upper:.4g}{outside}"


def number(value: float | None) -> str:
    """Writes a figure; nothing for none."""
    return "" if value is None else f"{value:.4g}"
