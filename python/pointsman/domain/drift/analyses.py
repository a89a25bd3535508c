"""Analyses: runs of a program that compares a window with a baseline, and what comes out."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class AnalysisStatus(StrEnum):
    """How an analysis stands."""

    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"


class DriftStatus(StrEnum):
    """What an analysis says."""

    OK = "ok"
    WARNING = "warning"
    ALERT = "alert"


class DriftOrigin(StrEnum):
    """Where drift comes from, as far as it can be told."""

    NONE = "none"
    """Nothing drifts."""
    INPUTS = "inputs"
    """Inputs move; it cannot be told whether those of all variants, or versions, do."""
    WORLD = "world"
    """Inputs of all variants, or versions, move."""
    SOME_VARIANTS = "some_variants"
    """Inputs of some move, and of others not."""
    MODEL = "model"
    """Answers or performance move, and inputs do not."""


@dataclass(frozen=True)
class Analysis:
    """A run. Times are UTC microseconds by the database's clock.

    Attributes:
        attempt: Counts its starts; what another one than the last writes is not kept.
        crashes: How often its program ended without a word.
        deadline_us: Then it fails.
        seen_us: When its program last showed life.
        progress: 0 to 1.
        error: Why it failed; empty otherwise.
        result_id: Its result; empty while there is none.
    """

    job_id: str
    model_id: str
    model_key: int
    baseline_key: int
    status: AnalysisStatus
    window_start_us: int
    window_end_us: int
    start_time_us: int
    deadline_us: int
    seen_us: int
    end_time_us: int | None = None
    attempt: int = 1
    crashes: int = 0
    progress: float = 0.0
    error: str = ""
    result_id: str = ""


@dataclass(frozen=True)
class DriftResult:
    """What came out of an analysis.

    Attributes:
        body: What the library said, with its names; empty in lists.
        notes: What to know of the rows before the figures are used.
    """

    result_id: str
    model_id: str
    status: DriftStatus
    create_time_us: int
    job_id: str
    baseline_id: str
    window_start_us: int
    window_end_us: int
    body: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
