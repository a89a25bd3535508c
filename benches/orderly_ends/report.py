"""Writes the table: what failed and how fast each was, for each peer and limit."""

import json
import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from benches.orderly_ends.plain_client import Sample

LEAST_RATIO = 0.9
SLOW_MS = 20
"""A model that takes so long leaves processors free, so that a hop more costs no throughput by itself."""
NEVER = "never"
"""The limit of peers that end no connection: what they show is what a hop more costs by itself."""
PLAIN, POINTSMAN, ENVOY = "plain client", "pointsman", "Envoy"


@dataclass(frozen=True)
class Outcome:
    """One peer with one limit."""

    peer: str
    limit: str
    samples: dict[str, list[Sample]]
    """By contestant, in the order of the rounds, as fast as they are answered."""
    slow_samples: dict[str, list[Sample]]
    """The same of a model that takes a while."""

    def failed(self, name: str) -> int:
        """Answers how many of a contestant's calls failed, at either pace."""
        return sum(sample.failed for sample in self.samples[name] + self.slow_samples[name])

    @property
    def ratio(self) -> float:
        """Pointsman's throughput over the plain client's, as fast as calls are answered."""
        return _ratio(self.samples)

    @property
    def slow_ratio(self) -> float:
        """The same of a model that takes a while."""
        return _ratio(self.slow_samples)


def _ratio(samples: dict[str, list[Sample]]) -> float:
    """Answers the median over the rounds."""
    pairs = zip(samples[POINTSMAN], samples[PLAIN], strict=True)
    return statistics.median(ours.calls_per_second / theirs.calls_per_second for ours, theirs in pairs)


def _calls_per_second(samples: list[Sample]) -> float:
    """Answers the median of a contestant's rounds."""
    return statistics.median(sample.calls_per_second for sample in samples)


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
    calls, slow_calls = (
        sum(sample.calls for sample in samples[PLAIN])
        for samples in (outcomes[0].samples, outcomes[0].slow_samples)
    )
    lines = [
        "# Connections that end in order",
        "",
        ", ".join(f"{name} {value}" for name, value in machine.items()) + ".",
        f"Of each {calls:,} calls to a model that answers at once and {slow_calls:,} to one that takes "
        f"{SLOW_MS} ms, in {rounds} rounds that take turns; throughput is their median, the ratio (pointsman "
        f"over the plain client) that of paired rounds. Must be reached: 0 failed, ratio ≥ {LEAST_RATIO:g}. "
        "`benches/README.md` says how.",
        "",
        "| peer | a connection ends after | failed: plain client, pointsman, Envoy "
        "| calls/s at once: plain client, pointsman, Envoy | ratio | | of the ratio where none ends "
        f"| calls/s at {SLOW_MS} ms: the same | ratio | |",
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    endless = {outcome.peer: outcome.ratio for outcome in outcomes if outcome.limit == NEVER}
    lines += [_row(outcome, endless.get(outcome.peer)) for outcome in outcomes]
    failures = {
        f"- {outcome.peer}, {outcome.limit}, {name}: {sample.first_failure}"
        for outcome in outcomes
        for name in outcome.samples
        for sample in outcome.samples[name] + outcome.slow_samples[name]
        if sample.failed
    }
    if failures:
        lines += ["", "First failures of rounds with some:", "", *sorted(failures)]
    return "\n".join(lines) + "\n"


def _row(outcome: Outcome, endless_ratio: float | None) -> str:
    names = (PLAIN, POINTSMAN, ENVOY)
    failed = ", ".join(f"{outcome.failed(name):,}" for name in names)
    kept = "–" if endless_ratio is None else f"{outcome.ratio / endless_ratio:.2f}"
    at_once, slow = (
        ", ".join(f"{_calls_per_second(samples[name]):,.0f}" for name in names)
        for samples in (outcome.samples, outcome.slow_samples)
    )
    words = ["PASS" if ratio >= LEAST_RATIO else "MISS" for ratio in (outcome.ratio, outcome.slow_ratio)]
    if outcome.failed(POINTSMAN):
        words = ["MISS", "MISS"]
    return (
        f"| {outcome.peer} | {outcome.limit} | {failed} | {at_once} | {outcome.ratio:.2f} | {words[0]} "
        f"| {kept} | {slow} | {outcome.slow_ratio:.2f} | {words[1]} |"
    )
