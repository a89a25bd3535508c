"""Reports of results: what people read."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from pointsman.control.drift.analyses import Analyses
from pointsman.control.drift.drawing.running import draw
from pointsman.control.drift.history import PerformanceDesk
from pointsman.domain.drift.analyses import DriftResult
from pointsman.domain.drift.performance import DEFAULT_DAYS, Granularity, PerformancePoint
from pointsman.domain.keys import Principal
from pointsman.domain.times import datetime_of
from pointsman.errors import UnavailableError

if TYPE_CHECKING:
    import pointsman_drift

HTML, JSON = "text/html; charset=utf-8", "application/json"
_OF_LABELLED = ("compared", "comparedLower", "comparedUpper")
_METRICS = ("accuracy", "mae", "rmse")


class Reports:
    """Makes reports of results, with how right the model was in the 30 days up to the end of their window.

    Args:
        analyses: Where results are.
        performance: Who tells how right models were.
    """

    def __init__(self, analyses: Analyses, performance: PerformanceDesk) -> None:
        self._analyses = analyses
        self._performance = performance

    def written(self, caller: Principal, model_id: str, result_id: str) -> bytes:
        """Answers the report of a result as JSON; :meth:`drawn` makes a page of it.

        Args:
            caller: Who asks.
            model_id: The model.
            result_id: The result; ``latest``, or empty, for the newest.

        Raises:
            NotFoundError: There is none; or no such model, or the caller may not know of it.
        """
        from pointsman_drift import report

        result = self._analyses.result(caller, model_id, result_id)
        notes = list(result.notes)
        history: dict[str, list[pointsman_drift.PerformancePoint]] = {}
        # Of the result's own time, by its own baseline: what a later one says is not what was found here.
        days = f"in the {DEFAULT_DAYS:g} days up to {_time(result.window_end_us)}"
        try:
            found = self._performance.history(
                caller,
                model_id,
                None,
                Granularity.DAILY,
                end_us=result.window_end_us,
                baseline_id=result.baseline_id,
            )
        except UnavailableError as error:
            notes.append(f"how right the model was cannot be told now: {error}")
        else:
            history = _history(found.points)
            if history:
                notes.append(
                    f"how right the model was is told of its predictions {days}; what is estimated there is "
                    f"by baseline {result.baseline_id}"
                )
            notes += [f"how right the model was: {note}" for note in found.notes]
            notes += [
                f"concept drift {days}: {name} was lastingly {one.direction} than its estimate"
                for name, one in found.divergence.items()
                if one.is_concept_drift
            ]
        made = report(
            result.body,
            title=f"Drift of {model_id}",
            facts=_facts(result),
            notes=notes,
            history=history,
        )
        return made.to_json().encode()

    @staticmethod
    def drawn(content: bytes) -> bytes:
        """Answers the page of a report that is written as JSON.

        Raises:
            FailedPreconditionError: It cannot be drawn here; the message says why.
            UnavailableError: Drawing failed, or took too long.
        """
        return draw(content)


def _facts(result: DriftResult) -> dict[str, str]:
    start, end = (_time(one) for one in (result.window_start_us, result.window_end_us))
    return {
        "model": result.model_id,
        "window": f"{start} to {end}",
        "made": _time(result.create_time_us),
        "result": result.result_id,
        "baseline": result.baseline_id,
        "analysis": result.job_id,
    }


def _time(time_us: int) -> str:
    return datetime_of(time_us).strftime("%Y-%m-%d %H:%M:%S UTC")


def _history(points: Iterable[PerformancePoint]) -> dict[str, list[pointsman_drift.PerformancePoint]]:
    """Answers by metric the steps in which it came true or was estimated."""
    from pointsman_drift import PerformancePoint as Point

    found: dict[str, list[Point]] = {}
    for one in points:
        at, rows = datetime_of(one.time_us), one.sample_size
        for name in _METRICS:
            if name not in one.metrics and (value := getattr(one, name)) is not None:
                found.setdefault(name, []).append(Point(at, value, rows=rows))
        for name, told in one.metrics.items():
            realised = told.get("realised")
            # Beside a realised value stands the band of the same rows.
            names = ("estimate", "lower", "upper") if realised is None else _OF_LABELLED
            estimate, lower, upper = (told.get(key) for key in names)
            if realised is not None or estimate is not None:
                # Of a step of which a part is drawn, or some answers cannot be compared, fewer than it has.
                point = Point(at, realised, estimate, lower, upper, told.get("sampleSize", rows))
                found.setdefault(name, []).append(point)
    return found
