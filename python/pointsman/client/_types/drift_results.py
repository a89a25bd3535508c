"""Analyses of drift, what comes out of them, and how drift is judged."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime


class AnalysisStatus(StrEnum):
    """How an analysis stands."""

    UNSPECIFIED = "unspecified"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"


class DriftStatus(StrEnum):
    """What an analysis says."""

    UNSPECIFIED = "unspecified"
    OK = "ok"
    WARNING = "warning"
    ALERT = "alert"


class Calibration(StrEnum):
    """Whether figures are judged together."""

    UNSPECIFIED = "unspecified"
    ON = "on"
    OFF = "off"


class AnalysisFrequency(StrEnum):
    """How often a model is analysed by itself."""

    UNSPECIFIED = "unspecified"
    HOURLY = "hourly"
    DAILY = "daily"
    WEEKLY = "weekly"


@dataclass(frozen=True)
class AnalysisJob:
    """An analysis."""

    job_id: str
    model_id: str
    status: AnalysisStatus
    started_at: datetime | None
    completed_at: datetime | None
    progress: float
    """0 to 1."""
    error: str
    """Why it failed."""
    result_id: str
    window_start: datetime | None
    window_end: datetime | None
    attempt: int


@dataclass(frozen=True)
class AlgorithmResult:
    """What an algorithm says of all features together."""

    drift: bool
    score: float
    """The greatest over features."""
    feature: str
    """The feature with it."""
    slice: str
    """The slice with it; empty where it is of the whole window."""


@dataclass(frozen=True)
class Unjudged:
    """A feature, or an algorithm's figure of it, of which nothing is said."""

    feature: str
    algorithm: str
    reason: str
    n: int
    m: int


@dataclass(frozen=True)
class PerformanceMetric:
    """A metric of how well a model does."""

    reference: float | None
    """In the labelled predictions of the baseline."""
    estimate: float | None
    """Of all predictions, without their outcomes."""
    lower: float | None
    """Where the band of that begins; a realised value is held against the one of ``compared``."""
    upper: float | None
    realised: float | None
    """Among predictions whose outcome is known."""
    inside_band: bool | None
    """Whether the realised value is in the band of ``compared``."""
    sample_size: int
    """Predictions whose outcome is known."""
    compared: float | None
    """Estimated of the predictions whose outcome is known."""
    compared_lower: float | None
    """Where the band begins in which the realised value is expected."""
    compared_upper: float | None


class DriftOrigin(StrEnum):
    """Where drift comes from."""

    UNSPECIFIED = "unspecified"
    NONE = "none"
    INPUTS = "inputs"
    """Inputs move; it cannot be told whether those of all variants, or versions, do."""
    WORLD = "world"
    """Inputs of all variants, or versions, move."""
    SOME_VARIANTS = "some_variants"
    MODEL = "model"
    """Answers or performance move, and inputs do not."""


@dataclass(frozen=True)
class DriftSlice:
    """The rows of a window that one variant answered, or one version."""

    by: str
    """``variant`` or ``version``."""
    value: str
    is_rest: bool
    status: DriftStatus
    n: int
    m: int
    features: Mapping[str, Any]
    """By feature and algorithm, as of the whole window."""
    reason: str
    """Why nothing could be judged."""


@dataclass(frozen=True)
class DriftResult:
    """What came out of an analysis."""

    result_id: str
    model_id: str
    status: DriftStatus
    algorithms: Mapping[str, AlgorithmResult]
    created_at: datetime | None
    features: Mapping[str, Any]
    """By feature and algorithm the figures, as the REST API names them."""
    insufficient_data: Sequence[Unjudged]
    not_measured: Sequence[Unjudged]
    job_id: str
    baseline_id: str
    window_start: datetime | None
    window_end: datetime | None
    reference_rows: int
    current_rows: int
    calibration: Calibration
    notes: Sequence[str]
    """What to know of the rows before the figures are used."""
    performance: Mapping[str, PerformanceMetric]
    """By metric; empty where the baseline has no labelled predictions, and in lists."""
    slices: Sequence[DriftSlice]
    """By variant and by version, where there are several."""
    origin: DriftOrigin
    """Where drift comes from, as far as the slices tell it."""


@dataclass(frozen=True)
class AlgorithmOverride:
    """What differs from an algorithm's defaults; without anything it takes away what was set."""

    warning_threshold: float | None = None
    alert_threshold: float | None = None
    params: Mapping[str, float] | None = None


@dataclass(frozen=True)
class AlgorithmSettings:
    """Which algorithms run, and by which thresholds; None leaves what was."""

    enabled: Any = None
    overrides: Mapping[str, AlgorithmOverride] | None = None


@dataclass(frozen=True)
class NotificationSettings:
    """Who is told; None leaves what was."""

    email: bool | None = None
    slack: bool | None = None
    recipients: Any = None


@dataclass(frozen=True)
class ScheduleSettings:
    """When a model is analysed by itself; None leaves what was."""

    enabled: bool | None = None
    frequency: AnalysisFrequency = AnalysisFrequency.UNSPECIFIED
    time_window_days: float | None = None


@dataclass(frozen=True)
class AlertConfig:
    """How drift of a model is judged and told."""

    model_id: str
    enabled: bool
    algorithms: AlgorithmSettings
    accuracy_drop_warning: float
    accuracy_drop_alert: float
    min_baseline_sample_size: int
    notifications: NotificationSettings
    schedule: ScheduleSettings
    calibration: Calibration
