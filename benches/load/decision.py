"""The decision alone: reads what criterion measured."""

import json
from dataclasses import dataclass
from pathlib import Path

LIMITS = {"decide/sticky": 60.0, "decide/weighted": 40.0}
"""Criterion's names, and the nanoseconds that each may take; sticky includes the hash."""


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
    for name, limit in LIMITS.items():
        estimates = target / "criterion" / name / "new" / "estimates.json"
        if estimates.is_file():
            found = json.loads(estimates.read_text())
            nanoseconds = float((found.get("slope") or found["mean"])["point_estimate"])
            verdicts.append(DecisionVerdict(name, nanoseconds, limit, nanoseconds <= limit))
    return verdicts
