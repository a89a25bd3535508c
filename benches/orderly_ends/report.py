"""Writes the table: what failed and how fast each was, for each peer and limit."""

import json
import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from benches.orderly_ends.plain_client import Sample

LEAST_RATIO = 0.9
NEVER = "never"
"""The limit of peers that end no connection: what they show is what a hop more costs by itself."""
PLAIN, POINTSMAN, ENVOY = "plain client", "pointsman", "Envoy"


@dataclass(frozen=True)
class Outcome:
    """One peer with one limit."""

    peer: str
    limit: str
    samples: dict[str, list[Sample]]
    """By contestant, in the order of the rounds."""

    def failed(self, name: str) -> int:
        """Answers how many of a contestant's calls failed."""
        return sum(sample.failed for sample in self.samples[name])

    def calls_per_second(self, name: str) -> float:
        """Answers the median throughput of a contestant's rounds."""
        return statistics.median(sample.calls_per_second for sample in self.samples[name])

    @property
    def ratio(self) -> float:
        """The median over the rounds of pointsman's throughput over the plain client's."""
        pairs = zip(self.samples[POINTSMAN], self.samples[PLAIN], strict=True)
        return statistics.median(ours.calls_per_second / theirs.calls_per_second for ours, theirs in pairs)

    @property
    def passed(self) -> bool:
        """Whether nothing failed and the throughput is reached."""
        return self.failed(POINTSMAN) == 0 and self.ratio >= LEAST_RATIO


def write_reports(stem: Path, machine: dict[str, str], outcomes: Sequence[Outcome]) -> str:
    """Writes ``<stem>.json`` with every round and ``<stem>.md`` with the table.

    Returns:
        The page.
    """
    stem.parent.mkdir(parents=True, exist_ok=True)
    document = {"machine": machine, "cells": [asdict(outcome) for outcome in outcomes]}
    stem.with_suffix(".json").write_text(json.dumps(document, indent=1) + "\n")
    page = render_page(machine, outcomes)
    stem.with_suffix(".md").write_text(page)
    return page


def render_page(machine: dict[str, str], outcomes: Sequence[Outcome]) -> str:
    """Writes the page."""
    rounds = len(next(iter(outcomes[0].samples.values())))
    calls = sum(sample.calls for sample in outcomes[0].samples[PLAIN])
    lines = [
        "# Connections that end in order",
        "",
        ", ".join(f"{name} {value}" for name, value in machine.items()) + ".",
        f"{calls:,} calls of each in {rounds} rounds that take turns; throughput is their median, "
        f"the ratio that of paired rounds. Must be reached: 0 failed, ratio ≥ {LEAST_RATIO:g}. "
        "`benches/README.md` says how.",
        "",
        "| peer | a connection ends after | plain client: failed, calls/s | pointsman: failed, calls/s "
        "| Envoy: failed, calls/s | pointsman / plain client | | of the ratio where none ends |",
        "| --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    endless = {outcome.peer: outcome.ratio for outcome in outcomes if outcome.limit == NEVER}
    lines += [_row(outcome, endless.get(outcome.peer)) for outcome in outcomes]
    failures = [
        f"- {outcome.peer}, {outcome.limit}, {name}: {sample.first_failure}"
        for outcome in outcomes
        for name, samples in outcome.samples.items()
        for sample in samples
        if sample.failed
    ]
    if failures:
        lines += ["", "First failure of each round with some:", "", *failures]
    return "\n".join(lines) + "\n"


def _row(outcome: Outcome, endless_ratio: float | None) -> str:
    figures = " | ".join(
        f"{outcome.failed(name):,}, {outcome.calls_per_second(name):,.0f}"
        for name in (PLAIN, POINTSMAN, ENVOY)
    )
    word = "PASS" if outcome.passed else "MISS"
    kept = "–" if endless_ratio is None else f"{outcome.ratio / endless_ratio:.2f}"
    return f"| {outcome.peer} | {outcome.limit} | {figures} | {outcome.ratio:.2f} | {word} | {kept} |"
