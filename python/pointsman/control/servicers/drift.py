"""``pointsman.v1.DriftService``: predictions, outcomes and baselines; the rest is in a file beside."""

from pointsman.control.calls import caller
from pointsman.control.convert.drift import (
    GRANULARITY,
    baseline_to,
    data_from,
    history_to,
    logged_from,
    logged_to,
    notes_to,
    question_from,
    time_from,
)
from pointsman.control.convert.drift_results import baseline_window_from
from pointsman.control.convert.times import microseconds_of
from pointsman.control.convert.truth_uploads import piece_from, upload_to
from pointsman.control.convert.values import plain
from pointsman.control.drift.parts import DriftParts
from pointsman.control.drift.predictions import GivenTruth
from pointsman.control.lanes import Lanes
from pointsman.control.servicers.drift_alerting import AlertMethods
from pointsman.control.servicers.drift_analyses import AnalysisMethods
from pointsman.domain.drift.baselines import rows_of
from pointsman.domain.drift.performance import Granularity
from pointsman.lake.models.records import PageQuestion
from pointsman.v1 import drift_pb2, drift_pb2_grpc

_MOST_TOLD = 2**31 - 1
"""What the field holds: a list with more predictions is answered with a lower bound, not refused."""


class DriftServicer(AnalysisMethods, AlertMethods, drift_pb2_grpc.DriftServiceServicer):
    """Takes and tells predictions, outcomes, baselines, analyses and settings."""

    def __init__(self, parts: DriftParts, lanes: Lanes) -> None:
        self._parts = parts
        self._lanes = lanes

    async def LogPrediction(
        self, request: drift_pb2.LogPredictionRequest, context: object
    ) -> drift_pb2.LogPredictionResponse:
        """Logs a prediction that no router made."""
        prediction_id = await self._lanes.write(
            self._parts.predictions.log,
            caller(),
            request.model_id,
            logged_from(request),
            time_from(request, "timestamp"),
        )
        return drift_pb2.LogPredictionResponse(prediction_id=prediction_id)

    async def GetPredictions(
        self, request: drift_pb2.GetPredictionsRequest, context: object
    ) -> drift_pb2.GetPredictionsResponse:
        """Lists predictions."""
        page = await self._lanes.look(
            self._parts.predictions.page, caller(), request.model_id, question_from(request)
        )
        return drift_pb2.GetPredictionsResponse(
            predictions=[logged_to(request.model_id, row) for row in page.items],
            total=min(page.total, _MOST_TOLD),
            notes=notes_to(page.unreached),
        )

    async def GetUnmatchedPredictions(
        self, request: drift_pb2.GetUnmatchedPredictionsRequest, context: object
    ) -> drift_pb2.GetUnmatchedPredictionsResponse:
        """Lists predictions without outcome."""
        asked = PageQuestion(has_outcome=False, limit=request.limit)
        page = await self._lanes.look(self._parts.predictions.page, caller(), request.model_id, asked)
        return drift_pb2.GetUnmatchedPredictionsResponse(
            predictions=[logged_to(request.model_id, row) for row in page.items],
            notes=notes_to(page.unreached),
        )

    async def AddGroundTruth(
        self, request: drift_pb2.AddGroundTruthRequest, context: object
    ) -> drift_pb2.AddGroundTruthResponse:
        """Adds an outcome."""
        given = _truth(request, "outcome_timestamp")
        taken = await self._lanes.feed(
            self._parts.predictions.add_truths, caller(), request.model_id, [given], [""]
        )
        return drift_pb2.AddGroundTruthResponse(ground_truth_id=taken.ids[0], matched=taken.matched > 0)

    async def UploadGroundTruth(
        self, request: drift_pb2.UploadGroundTruthRequest, context: object
    ) -> drift_pb2.UploadGroundTruthResponse:
        """Adds many outcomes."""
        paths = [f"records[{index}]." for index in range(len(request.records))]
        given = [
            _truth(record, f"{path}outcome_timestamp")
            for record, path in zip(request.records, paths, strict=True)
        ]
        taken = await self._lanes.feed(
            self._parts.predictions.add_truths, caller(), request.model_id, given, paths
        )
        return drift_pb2.UploadGroundTruthResponse(
            inserted=taken.inserted,
            matched=taken.matched,
            corrected=taken.corrected,
            repeated=taken.repeated,
        )

    async def UploadGroundTruthFile(
        self, request: drift_pb2.UploadGroundTruthFileRequest, context: object
    ) -> drift_pb2.UploadGroundTruthFileResponse:
        """Takes a part of a file of outcomes."""
        uploads = self._parts.truth_uploads
        answer = await self._lanes.upload(
            uploads.take, caller(), request.model_id, piece_from(request), abandon=request.is_abandoned
        )
        return upload_to(answer, uploads.chunk_bytes)

    async def CreateBaseline(
        self, request: drift_pb2.CreateBaselineRequest, context: object
    ) -> drift_pb2.CreateBaselineResponse:
        """Keeps a baseline."""
        if request.HasField("window"):
            made = await self._lanes.look(
                self._parts.window_baselines.create,
                caller(),
                request.model_id,
                request.version,
                baseline_window_from(request),
            )
            return drift_pb2.CreateBaselineResponse(
                baseline_id=made.baseline_id, sample_size=made.sample_size, notes=made.notes
            )
        data, task = data_from(request)
        baseline_id = await self._lanes.feed(
            self._parts.baselines.create, caller(), request.model_id, request.version, data, task
        )
        return drift_pb2.CreateBaselineResponse(baseline_id=baseline_id, sample_size=rows_of(data))

    async def GetBaselines(
        self, request: drift_pb2.GetBaselinesRequest, context: object
    ) -> drift_pb2.GetBaselinesResponse:
        """Lists baselines."""
        found = await self._lanes.read(self._parts.baselines.each, caller(), request.model_id)
        return drift_pb2.GetBaselinesResponse(baselines=[baseline_to(one) for one in found])

    async def GetActiveBaseline(
        self, request: drift_pb2.GetActiveBaselineRequest, context: object
    ) -> drift_pb2.Baseline:
        """Answers the active baseline with its data."""
        return baseline_to(*await self._lanes.look(self._parts.baselines.active, caller(), request.model_id))

    async def SetActiveBaseline(
        self, request: drift_pb2.SetActiveBaselineRequest, context: object
    ) -> drift_pb2.SetActiveBaselineResponse:
        """Makes a baseline the active one."""
        await self._lanes.write(
            self._parts.baselines.activate, caller(), request.model_id, request.baseline_id
        )
        return drift_pb2.SetActiveBaselineResponse(activated=True, baseline_id=request.baseline_id)

    async def GetPerformanceHistory(
        self, request: drift_pb2.GetPerformanceHistoryRequest, context: object
    ) -> drift_pb2.GetPerformanceHistoryResponse:
        """Answers how right a model was."""
        return history_to(
            await self._lanes.look(
                self._parts.performance.history,
                caller(),
                request.model_id,
                request.window_days if request.HasField("window_days") else None,
                GRANULARITY.word(request.granularity, "granularity") or Granularity.DAILY,
            )
        )


def _truth(record: drift_pb2.AddGroundTruthRequest | drift_pb2.GroundTruthRecord, path: str) -> GivenTruth:
    time_us = None
    if record.HasField("outcome_timestamp"):
        time_us = microseconds_of(record.outcome_timestamp, path)
    return record.entity_id, plain(record.actual_outcome), time_us
