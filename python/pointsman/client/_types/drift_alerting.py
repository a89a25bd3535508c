"""Alerts of drift: rules, how they stand, and what was told."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from pointsman.client._types.drift_results import DriftStatus

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime


class AlertFigure(StrEnum):
    """Which figure of a result a rule is about."""

    UNSPECIFIED = "unspecified"
    STATUS = "status"
    SCORE = "score"
    P_VALUE = "p_value"
    PERFORMANCE_DROP = "performance_drop"
    CLASS_RATE = "class_rate"


class AlertEventKind(StrEnum):
    """What a message tells."""

    UNSPECIFIED = "unspecified"
    FIRING = "firing"
    ESCALATED = "escalated"
    REPEATED = "repeated"
    RECOVERED = "recovered"
    TEST = "test"
    ENDED = "ended"
    """It cannot be said any more whether a tier is met: the baseline or the settings lack the figure."""


class AlertDeliveryStatus(StrEnum):
    """How a message stands."""

    UNSPECIFIED = "unspecified"
    PENDING = "pending"
    DELIVERED = "delivered"
    FAILED = "failed"
    """It is tried again."""
    GIVEN_UP = "given_up"


@dataclass(frozen=True)
class AlertTier:
    """From where on who is told."""

    name: str
    threshold: float | None = None
    """What the figure must be above, of a p-value below; None of a status."""
    status: DriftStatus = DriftStatus.UNSPECIFIED
    """Of a status: that one or worse."""
    channels: Sequence[str] = ()
    """``email``, ``slack``, and webhooks of the server's settings."""
    recipients: Sequence[str] = ()
    """E-mail addresses; none for those of the alert configuration."""


@dataclass(frozen=True)
class AlertState:
    """How a rule stands."""

    firing: bool
    tier: str
    """The tier that the last judged result met; empty for none."""
    since: datetime | None
    alert_id: str
    """Names the alert, from firing to recovery."""
    judged: bool
    """Whether the last result could be judged."""
    reason: str
    """What was found, or why it could not be judged."""
    looked_at: datetime | None
    muted_until: datetime | None


@dataclass(frozen=True)
class AlertRule:
    """What makes an alert fire."""

    name: str
    figure: AlertFigure
    algorithm: str = ""
    features: Sequence[str] = ()
    """Of which features, or classes; none for any."""
    least_features: int = 1
    """How many of them must meet a tier."""
    window_days: float | None = None
    """Days that a result's window must have."""
    tiers: Sequence[AlertTier] = ()
    """From mild to severe."""
    repeat_hours: float | None = None
    """After how long an alert that goes on is told again; 0 for never, None for 24."""
    state: AlertState | None = None
    """How it stands, in answers."""
    metric: str = ""
    """Of a performance drop: accuracy, if empty, precision, recall, specificity, f1 or roc_auc."""


@dataclass(frozen=True)
class AlertRules:
    """The rules of a model."""

    model_id: str
    rules: Sequence[AlertRule]
    is_default: bool
    """Whether none were set."""
    channels: Sequence[str]
    """The channels of the server."""


@dataclass(frozen=True)
class AlertDelivery:
    """A message to one target."""

    delivery_id: str
    """Each try carries it."""
    channel: str
    recipient: str
    """Of an e-mail the address."""
    status: AlertDeliveryStatus
    attempts: int
    reason: str
    """Why it was not taken, or what it waits for that was not tried."""
    tried_at: datetime | None
    next_at: datetime | None


@dataclass(frozen=True)
class AlertEvent:
    """Something that was told."""

    event_id: str
    model_id: str
    kind: AlertEventKind
    rule: str
    tier: str
    alert_id: str
    result_id: str
    summary: str
    created_at: datetime | None
    deliveries: Sequence[AlertDelivery]
