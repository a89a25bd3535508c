"""Figures computed from a client's log, in whole fractions: what the server's must be."""

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from scipy import stats

from .client_log import Call, ClientLog, Value


@dataclass(frozen=True)
class Metric:
    """The values of one metric.

    Attributes:
        count: How many.
        mean: Their mean.
        half: Half the width of the mean's 95 % interval; None for fewer than two.
    """

    count: int
    mean: Fraction
    half: float | None


@dataclass(frozen=True)
class Figures:
    """The figures of a variant, or of all.

    Attributes:
        decided: The calls that the router decided, oldest first.
        by_code: How many of them ended with which gRPC status code.
        pinned: How many calls named the variant themselves.
        metrics: The feedback by metric.
        coverage: The share of recorded rows that have feedback; None without rows.
    """

    decided: Sequence[Call]
    by_code: Mapping[int, int]
    pinned: int
    metrics: Mapping[str, Metric]
    coverage: float | None

    @property
    def request_count(self) -> int:
        """Decided calls."""
        return sum(self.by_code.values())


def figures_of(
    log: ClientLog, variants: Sequence[str], start_us: int, end_us: int, *, life: int | None = None
) -> Figures:
    """Computes the figures of some variants in a window.

    Args:
        log: The client's log.
        variants: The variants.
        start_us: Where the window begins.
        end_us: Where it ends, excluded.
        life: Of this life's calls alone, recorded or not; None for all that is recorded.
    """
    calls = calls_of(log, start_us, end_us, life=life)
    inside = [call for call in calls if call.variant in variants]
    decided = [call for call in inside if not call.is_pinned]
    # Feedback outlives the predictions that it is for.
    counted = [
        value
        for value in log.values.values()
        if value.call.variant in variants
        and not value.call.is_pinned
        and start_us <= value.call.time_us < end_us
        and (life is None or value.call.life == life)
    ]
    return Figures(
        decided=decided,
        by_code=Counter(call.status_code for call in decided),
        pinned=len(inside) - len(decided),
        metrics=metrics_of(counted),
        coverage=None if life is not None else _coverage(log, decided),
    )


def calls_of(log: ClientLog, start_us: int, end_us: int, *, life: int | None = None) -> list[Call]:
    """Answers the calls of a window, oldest first; see :func:`figures_of`."""
    calls = log.recorded() if life is None else [call for call in log.calls.values() if call.life == life]
    return [call for call in calls if start_us <= call.time_us < end_us]


def metrics_of(values: Iterable[Value]) -> dict[str, Metric]:
    """Computes mean and interval of each metric."""
    found: dict[str, list[Fraction]] = defaultdict(list)
    for value in values:
        found[value.metric].append(Fraction(value.value))
    return {name: _metric(numbers) for name, numbers in sorted(found.items())}


def _metric(numbers: Sequence[Fraction]) -> Metric:
    count = len(numbers)
    mean = sum(numbers, Fraction()) / count
    if count < 2:
        return Metric(count, mean, None)
    variance = sum((number - mean) ** 2 for number in numbers) / (count - 1) / count
    return Metric(count, mean, float(stats.t.ppf(0.975, count - 1)) * math.sqrt(variance))


def _coverage(log: ClientLog, decided: Iterable[Call]) -> float | None:
    rows = [(call.prediction_id, row) for call in decided for row in call.recorded_rows]
    told = {(prediction_id, row) for prediction_id, row, _ in log.values}
    return sum(row in told for row in rows) / len(rows) if rows else None
