"""The decision alone: reads what criterion measured."""

import json
from dataclasses import dataclass
from pathlib import Path

LIMITS = {"sticky": 60.0, "random": 40.0}
"""Criterion's groups, and the nanoseconds that each decision may take; sticky includes the hash."""


@dataclass(frozen=True)
class DecisionVerdict:
    """One decision benchmark and its limit."""

    name: str
    nanoseconds: float
    limit: float
    passed: bool


def read_decisions(target: Path) -> list[DecisionVerdict]:
    """Answers criterion's estimates, as far as it has run.

    Args:
        target: Cargo's target folder.
    """
    verdicts = []
    criterion = target / "criterion"
    for group, limit in LIMITS.items():
        for estimates in sorted((criterion / group).glob("**/new/estimates.json")):
            found = json.loads(estimates.read_text())
            nanoseconds = float((found.get("slope") or found["mean"])["point_estimate"])
            name = f"decision, {estimates.parent.parent.relative_to(criterion)} variants"
            verdicts.append(DecisionVerdict(name, nanoseconds, limit, nanoseconds <= limit))
    return verdicts
