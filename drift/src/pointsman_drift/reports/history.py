"""How well a model did over time: estimated, realised, and the band between."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from pointsman_drift.errors import InvalidOptionError
from pointsman_drift.performance.metrics import Estimate
from pointsman_drift.performance.performance import Performance

MOST_POINTS = 400
"""Of so many points, the last ones, a chart is drawn."""
MOST_METRICS = 8
_NUMBERS = ("realised", "estimated", "lower", "upper")


@dataclass(frozen=True)
class PerformancePoint:
    """A metric of one span."""

    at: datetime
    """Where the span begins; without a time zone it is UTC."""
    realised: float | None = None
    """Of the rows whose label is known; None without any."""
    estimated: float | None = None
    """Without labels; None where nothing was estimated."""
    lower: float | None = None
    """Where the band begins in which the realised value is expected."""
    upper: float | None = None
    rows: int | None = None
    """Rows whose label is known."""

    @classmethod
    def of(cls, at: datetime, found: Performance) -> "PerformancePoint":
        """Makes the point of what ``estimate_performance`` says of a metric.

        Args:
            at: Where the span begins.
            found: The metric.
        """
        # Beside realised values stands the band of the same rows.
        estimate, realised = found.compared or found.estimate, found.realised
        has_band = estimate.value is not None
        return cls(
            at,
            None if realised is None else realised.value,
            estimate.value,
            estimate.lower if has_band else None,
            estimate.upper if has_band else None,
            None if realised is None else realised.rows,
        )

    def to_dict(self) -> dict[str, Any]:
        """Answers it with names in camelCase; the time as ISO 8601 has it."""
        at = self.at if self.at.tzinfo else self.at.replace(tzinfo=UTC)
        return {
            "at": at.astimezone(UTC).isoformat().replace("+00:00", "Z"),
            **{name: getattr(self, name) for name in _NUMBERS},
            "rows": self.rows,
        }


def read_history(history: Mapping[str, Sequence[PerformancePoint]]) -> dict[str, list[dict[str, Any]]]:
    """Checks points, and answers them as JSON has them.

    Args:
        history: By metric its points, the oldest first.

    Raises:
        InvalidOptionError: There are too many metrics, two points of one time, or a number that is none.
    """
    if len(history) > MOST_METRICS:
        raise InvalidOptionError(f"history: {len(history)} metrics are above {MOST_METRICS}; give fewer")
    found: dict[str, list[dict[str, Any]]] = {}
    for metric, points in history.items():
        rows = [point.to_dict() for point in points]
        for place, row in enumerate(rows):
            for name in _NUMBERS:
                if row[name] is not None and not math.isfinite(row[name]):
                    raise InvalidOptionError(
                        f"history[{metric!r}][{place}].{name}: {row[name]} is no number; give None"
                    )
        times = [row["at"] for row in rows]
        if times != sorted(set(times)):
            raise InvalidOptionError(
                f"history[{metric!r}]: points are not in the order of their times, or two have the same"
            )
        found[metric] = rows
    return found


def snapshot_of(performance: Mapping[str, Performance]) -> dict[str, dict[str, Any]]:
    """Answers how well a model does in the compared rows, as JSON has it.

    Args:
        performance: By metric what ``estimate_performance`` says.
    """
    return {
        name: {
            **_told(one.estimate, ("estimate", "lower", "upper")),
            **_told(one.compared, ("compared", "comparedLower", "comparedUpper")),
            "realised": None if one.realised is None else one.realised.value,
            "insideBand": one.is_inside,
            "sampleSize": 0 if one.realised is None else one.realised.rows,
        }
        for name, one in performance.items()
    }


def _told(one: Estimate | None, names: tuple[str, str, str]) -> dict[str, float | None]:
    """Names an estimate and both ends of its band; the band of what is not defined says nothing."""
    if one is None or one.value is None:
        return dict.fromkeys(names)
    return dict(zip(names, (one.value, one.lower, one.upper), strict=True))
