"""How right models were, step by step: what came true beside what was estimated."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from pointsman.control.drift import models
from pointsman.control.drift.answers import LeftOut, read_answers, reference_answers
from pointsman.control.drift.performing import Performer
from pointsman.domain.drift.performance import (
    DEFAULT_DAYS,
    LEAST_PREDICTIONS,
    Granularity,
    MetricDivergence,
    PerformanceHistory,
)
from pointsman.domain.drift.windows import check_days
from pointsman.domain.keys import Principal
from pointsman.domain.models import Task
from pointsman.domain.records.servers import sentence
from pointsman.domain.values import MICROSECONDS_PER_DAY
from pointsman.lake.models.records import ModelRecords, Performance
from pointsman.lake.models.step_answers import AnswerQuestion
from pointsman.store.database import Database
from pointsman.store.drift import baselines

if TYPE_CHECKING:
    import pyarrow as pa

    from pointsman.control.drift.answers import AnswerForm, Predictions
    from pointsman_drift import Estimate


class PerformanceDesk:
    """Tells of models' performance.

    Args:
        database: Where models and baselines are.
        records: Who reads predictions and outcomes.
        clock: Answers the time in UTC microseconds.
    """

    def __init__(self, database: Database, records: ModelRecords, clock: Callable[[], int]) -> None:
        self._database = database
        self._records = records
        self._clock = clock

    def history(
        self,
        caller: Principal,
        model_id: str,
        window_days: float | None,
        granularity: Granularity,
        *,
        end_us: int | None = None,
        baseline_id: str = "",
    ) -> PerformanceHistory:
        """Answers how right a model was, step by step.

        Args:
            caller: Who asks.
            model_id: The model.
            window_days: Over how many days up to the end; None for the default.
            granularity: The length of a step.
            end_us: Where the last day ends, in UTC microseconds; None for now.
            baseline_id: The baseline by which is estimated; empty for the active one.

        Raises:
            InvalidArgumentError: A field is wrong.
            NotFoundError: There is no such model, or the caller may not know of it.
            UnavailableError: The records cannot be read now.
        """
        check_days(window_days, "window_days")
        days = DEFAULT_DAYS if window_days is None else window_days
        with self._database.read() as connection:
            model = models.readable(connection, caller, model_id)
            task, _ = models.task_of(connection, model)
            if baseline_id:
                baseline = baselines.find(connection, model_id, model.row_key, baseline_id)
            else:
                baseline = baselines.active(connection, model_id, model.row_key)
            estimator, question = None, None
            if baseline is not None and baseline.class_labels:
                data = baselines.labeled_of(connection, baseline.row_key)
                form = models.form_of(connection, model_id, baseline)
                if (reference := reference_answers(baseline, data)) is not None:
                    estimator = StepEstimator(reference, form)
                    question = AnswerQuestion(estimator.look, class_count=len(form.classes))
        until_us = self._clock() if end_us is None else end_us
        found = self._records.performance(
            model_id,
            model.row_key,
            until_us - int(days * MICROSECONDS_PER_DAY),
            # Up to now means all: a clock of a client may be ahead of ours.
            until_us + MICROSECONDS_PER_DAY if end_us is None else until_us,
            granularity,
            is_regression=None if task is Task.UNSPECIFIED else task is Task.REGRESSION,
            answers=question,
        )
        return _history(found, estimator)


class StepEstimator:
    """Estimates each step's metrics, and holds what came true against them.

    Args:
        reference: The labelled predictions of the active baseline.
        form: How recorded answers are read beside them.

    Attributes:
        metrics: By step and metric what is told.
    """

    def __init__(self, reference: Predictions, form: AnswerForm) -> None:
        self._performer = Performer(reference)
        self._form = form
        self._compared: dict[int, Mapping[str, tuple[Estimate, float]]] = {}
        self.metrics: dict[int, dict[str, dict[str, Any]]] = {}
        self._left_out: dict[int, LeftOut] = {}

    def look(self, step_us: int, table: pa.Table) -> None:
        """Looks at the answers of a step; those of one that is read anew replace the former ones."""
        left_out = self._left_out[step_us] = LeftOut()
        answers = read_answers(table, self._form, left_out)
        if answers is None:
            return
        measured = self._performer.measure(answers)
        self.metrics[step_us] = measured.told()
        # The band is of many rows.
        if measured.outcome_count >= LEAST_PREDICTIONS:
            self._compared[step_us] = measured.compared()

    def notes(self) -> list[str]:
        """Says what is not estimated, and what not compared."""
        return [*self._performer.notes, *LeftOut.total(self._left_out.values()).notes()]

    def divergence(self) -> dict[str, MetricDivergence]:
        """Says of each metric whether realised values stay in their bands."""
        from pointsman_drift import find_divergence

        names = dict.fromkeys(name for one in self.metrics.values() for name in one)
        found = {}
        for name in names:
            steps = [one[name] for _, one in sorted(self._compared.items()) if name in one]
            said = find_divergence(steps)
            found[name] = MetricDivergence(
                said.is_concept_drift, said.outside, said.periods, said.inside_share, said.direction or ""
            )
        return found


def _history(found: Performance, estimator: StepEstimator | None) -> PerformanceHistory:
    missing = sentence(found.unreached)
    notes = [f"not all of it: of other servers this one cannot read {missing}"] if missing else []
    if estimator is None:
        return PerformanceHistory(found.points, {}, tuple(notes))
    if found.is_drawn:
        notes.append("estimates of steps with very many predictions are of a part of them, drawn by lot")
    points = tuple(replace(one, metrics=estimator.metrics.get(one.time_us, {})) for one in found.points)
    return PerformanceHistory(points, estimator.divergence(), (*notes, *estimator.notes()))
