# Generated from _async/drift.py by scripts/generate_client.py: edit that file, then make generate.
"""Predictions, outcomes and baselines of the client that waits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pointsman.client import _requests as requests
from pointsman.client._connection import Connection
from pointsman.client._sync.drift_alerting import DriftAlerting
from pointsman.client._sync.drift_results import DriftResults
from pointsman.client._sync.truth_uploads import send_outcomes
from pointsman.client._types import (
    Baseline,
    GroundTruth,
    GroundTruthFileReport,
    GroundTruthFormat,
    GroundTruthReceipt,
    GroundTruthReport,
    LabeledPredictions,
    LoggedPredictions,
    PerformanceGranularity,
    PerformanceHistory,
    TargetData,
    WindowBaseline,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from datetime import datetime
    from typing import BinaryIO


class Drift(DriftResults, DriftAlerting):
    """Drift of models, as ``client.drift``."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def log_prediction(
        self,
        model_id: str,
        features: Mapping[str, Any],
        prediction: Any,
        *,
        probabilities: Sequence[float] = (),
        entity_id: str = "",
        model_version: str = "",
        latency_ms: float | None = None,
        timestamp: datetime | None = None,
    ) -> str:
        """Logs a prediction that no router made; answers its id.

        Args:
            model_id: The model.
            features: What it was given, by name: numbers, strings, booleans or None.
            prediction: What it answered.
            probabilities: Of each class, adding up to 1; required of classifiers.
            entity_id: Whom it is about, by which outcomes are matched.
            model_version: The model's version.
            latency_ms: How long the model took, in milliseconds.
            timestamp: When it was made; None means now.

        Raises:
            InvalidArgumentError: A field is wrong.
            NotFoundError: There is no such model, or the caller may not know of it.

        Example::

            client.drift.log_prediction("credit", {"age": 42}, "approved", probabilities=[0.12, 0.88])
        """
        return self._connection.send(
            requests.log_prediction(
                model_id,
                features,
                prediction,
                probabilities,
                entity_id,
                model_version,
                latency_ms,
                timestamp,
            )
        )

    def predictions(
        self,
        model_id: str,
        *,
        limit: int = 0,
        offset: int = 0,
        start_date: datetime | None = None,
        end_date: datetime | None = None,
        has_ground_truth: bool | None = None,
    ) -> LoggedPredictions:
        """Lists predictions of a model, newest first: logged ones and those of routers.

        Args:
            model_id: The model.
            limit: At most so many, 1 to 1000; 0 means 100.
            offset: So many are passed over.
            start_date: Only from this time on.
            end_date: Only before this time.
            has_ground_truth: Only those whose outcome is known (True) or not (False).
        """
        return self._connection.send(
            requests.drift_predictions(model_id, limit, offset, start_date, end_date, has_ground_truth)
        )

    def add_ground_truth(
        self, model_id: str, entity_id: str, actual_outcome: Any, *, outcome_timestamp: datetime | None = None
    ) -> GroundTruthReceipt:
        """Adds what came true for an entity.

        Args:
            model_id: The model.
            entity_id: Whom it is about, as predictions name it.
            actual_outcome: What came true: a string, a number or a boolean.
            outcome_timestamp: When it was observed; None means now.

        Returns:
            The outcome's id, and whether a prediction is there that it is of.
        """
        truth = GroundTruth(entity_id, actual_outcome, outcome_timestamp)
        return self._connection.send(requests.add_ground_truth(model_id, truth))

    def upload_ground_truth(self, model_id: str, records: Iterable[GroundTruth]) -> GroundTruthReport:
        """Adds many outcomes, at most 10000: all of them, or none when one is wrong.

        To send them again is safe: what is there already is not added twice.
        """
        return self._connection.send(requests.upload_ground_truth(model_id, records))

    def upload_ground_truth_file(
        self,
        model_id: str,
        file: BinaryIO,
        written: GroundTruthFormat = GroundTruthFormat.CSV,
        *,
        on_progress: Callable[[int], None] | None = None,
    ) -> GroundTruthFileReport:
        """Adds the outcomes of a file: all of them at once, or none when a row is wrong.

        Args:
            model_id: The model.
            file: The file, open for reading bytes; it is read part by part, once.
            written: How its rows are.
            on_progress: Is called with the bytes that the server has taken.

        Returns:
            What became of it: look at ``is_refused`` and ``errors``.

        Raises:
            FailedPreconditionError: The server lost what it had.
            NotFoundError: There is no such model, or the caller may not know of it.
            ResourceExhaustedError: The file is too long, or too many are under way.
        """
        return send_outcomes(self._connection, model_id, file, written, on_progress)

    def create_baseline(
        self,
        model_id: str,
        version: str,
        feature_data: Mapping[str, Any],
        *,
        target_data: TargetData | None = None,
        labeled_predictions: LabeledPredictions | None = None,
    ) -> str:
        """Keeps what is normal for a model; the first baseline of a model is active at once. Answers its id.

        Args:
            model_id: The model.
            version: Names it among those of the model.
            feature_data: By feature its values: lists, arrays, or the columns of a table, None, and of pandas
                what it calls missing, for missing.
            target_data: Outcomes of the training data.
            labeled_predictions: Predictions with their outcomes.

        Raises:
            AlreadyExistsError: The model has a baseline of this version.
            InvalidArgumentError: A field is wrong.
            TypeError: A column is no list, or holds what is not sent, such as times. Nothing was sent.
            ValueError: A value cannot be sent. Nothing was sent.
        """
        return self._connection.send(
            requests.create_baseline(model_id, version, feature_data, target_data, labeled_predictions)
        )

    def create_baseline_of_window(
        self,
        model_id: str,
        version: str,
        *,
        start: datetime | None = None,
        end: datetime | None = None,
        days: float | None = None,
    ) -> WindowBaseline:
        """Makes a baseline of what a model was asked and answered in a window; the first is active at once.

        Args:
            model_id: The model.
            version: Names it among those of the model.
            start: Where the window begins; None for its days before its end.
            end: Where it ends; None means now.
            days: Its days; None means those of the schedule.

        Raises:
            AlreadyExistsError: The model has a baseline of this version.
            FailedPreconditionError: The window has fewer rows than baselines of the model need.
        """
        return self._connection.send(requests.create_baseline_of_window(model_id, version, start, end, days))

    def baselines(self, model_id: str) -> list[Baseline]:
        """Lists a model's baselines without their data, newest first."""
        return self._connection.send(requests.list_baselines(model_id))

    def active_baseline(self, model_id: str) -> Baseline:
        """Answers the baseline that analyses compare with, with its data."""
        return self._connection.send(requests.active_baseline(model_id))

    def activate_baseline(self, model_id: str, baseline_id: str) -> None:
        """Makes a baseline the one that analyses compare with."""
        self._connection.send(requests.activate_baseline(model_id, baseline_id))

    def performance(
        self,
        model_id: str,
        *,
        window_days: float | None = None,
        granularity: PerformanceGranularity = PerformanceGranularity.DAILY,
    ) -> PerformanceHistory:
        """Answers how right a model was, step by step.

        Args:
            model_id: The model.
            window_days: Over how many days up to now; None means 30.
            granularity: The length of a step.
        """
        return self._connection.send(requests.performance_history(model_id, window_days, granularity))
