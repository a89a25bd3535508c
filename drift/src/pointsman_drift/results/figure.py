"""One algorithm's figure of one column, with all that is needed to judge it again."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pointsman_drift.algorithms.algorithm import Detail, Thresholds
from pointsman_drift.counting.groups import WHOLE, Group
from pointsman_drift.verdicts.status import Status


@dataclass(frozen=True)
class Figure:
    """A judged measurement."""

    feature: str
    algorithm: str
    status: Status
    score: float
    """What the thresholds apply to: the effect, unless calibration is off."""
    value: float
    """The statistic as the literature has it."""
    effect: float
    p_value: float | None
    q_value: float | None
    """The p-value adjusted over all figures of the analysis; None with calibration off."""
    test: str | None
    expected: float | None
    """The statistic's mean without drift for these n and m."""
    n: int
    m: int
    epsilon: float | None
    method: str
    error: float
    """How far ``value`` may lie from that of the rows."""
    thresholds: Thresholds
    seed: int
    details: Mapping[str, Detail]
    group: Group = WHOLE
    """Which rows of the current table it is of."""

    @property
    def drift(self) -> bool:
        """Whether it is more than ok."""
        return self.status is not Status.OK

    def to_dict(self) -> dict[str, Any]:
        """Answers it with names in camelCase, as the REST API has them."""
        return {
            "drift": self.drift,
            "status": self.status.value,
            "score": self.score,
            "value": self.value,
            "effect": self.effect,
            "pValue": self.p_value,
            "qValue": self.q_value,
            "test": self.test,
            "expectedWithoutDrift": self.expected,
            "n": self.n,
            "m": self.m,
            "epsilon": self.epsilon,
            "method": self.method,
            "errorBound": self.error,
            "warningThreshold": self.thresholds.warning,
            "alertThreshold": self.thresholds.alert,
            "seed": self.seed,
            "details": dict(self.details),
        }

    def to_row(self) -> dict[str, Any]:
        """Answers it as a row of a table; details are left to ``to_dict``."""
        row = {
            field.name: getattr(self, field.name)
            for field in dataclasses.fields(self)
            if field.name not in ("status", "thresholds", "details", "group")
        }
        row |= {
            "window": self.group.window,
            "slice": None if self.group.slice is None else str(self.group.slice),
            "status": self.status.value,
            "drift": self.drift,
            "warning_threshold": self.thresholds.warning,
            "alert_threshold": self.thresholds.alert,
        }
        return row


@dataclass(frozen=True)
class Unjudged:
    """A feature, or one algorithm's figure of it, of which nothing is said."""

    feature: str
    reason: str
    n: int
    m: int
    algorithm: str | None = None
    group: Group = WHOLE

    def to_dict(self) -> dict[str, Any]:
        """Answers it with names in camelCase."""
        own = {} if self.algorithm is None else {"algorithm": self.algorithm}
        return {
            "feature": self.feature,
            **own,
            **self.group.to_dict(),
            "reason": self.reason,
            "n": self.n,
            "m": self.m,
        }


@dataclass(frozen=True)
class ComparedGroup:
    """A window or slice that was compared beside the whole, or why it was not."""

    group: Group
    n: int
    """Rows of the reference."""
    m: int
    is_like_for_like: bool
    """Whether the reference's rows are those of the same slice, too; else they are all of its rows."""
    reason: str | None = None
    """Why nothing is said of it; None where it was compared."""

    def to_dict(self) -> dict[str, Any]:
        """Answers it with names in camelCase."""
        return {
            **self.group.to_dict(),
            "n": self.n,
            "m": self.m,
            "likeForLike": self.is_like_for_like,
            **({} if self.reason is None else {"reason": self.reason}),
        }
