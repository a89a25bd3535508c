"""Analyses, their results, and how drift is judged."""

from google.api import httpbody_pb2

from pointsman.control.calls import caller
from pointsman.control.convert.drift_results import (
    DRIFT_STATUS,
    analysis_to,
    changes_from,
    is_json_from,
    result_to,
    settings_to,
    window_from,
)
from pointsman.control.drift.alert_settings import default_algorithms
from pointsman.control.drift.parts import DriftParts
from pointsman.control.drift.reports import HTML, JSON
from pointsman.control.lanes import Lanes
from pointsman.domain.drift.alerts import AlertSettings
from pointsman.domain.keys import Principal
from pointsman.v1 import drift_pb2


class AnalysisMethods:
    """The methods of the drift service that analyse and judge."""

    _parts: DriftParts
    _lanes: Lanes

    async def Analyze(self, request: drift_pb2.AnalyzeRequest, context: object) -> drift_pb2.AnalysisJob:
        """Begins an analysis, or answers the one that runs."""
        analysis, is_new = await self._lanes.write(
            self._parts.analyses.begin, caller(), request.model_id, window_from(request)
        )
        if is_new:
            await self._lanes.look(self._parts.watch.begin, analysis)
        return analysis_to(analysis)

    async def GetAnalysisJob(
        self, request: drift_pb2.GetAnalysisJobRequest, context: object
    ) -> drift_pb2.AnalysisJob:
        """Answers how far an analysis is."""
        return analysis_to(
            await self._lanes.read(self._parts.analyses.find, caller(), request.model_id, request.job_id)
        )

    async def CancelAnalysis(
        self, request: drift_pb2.CancelAnalysisRequest, context: object
    ) -> drift_pb2.AnalysisJob:
        """Ends an analysis without a result."""
        return analysis_to(
            await self._lanes.write(self._parts.analyses.cancel, caller(), request.model_id, request.job_id)
        )

    async def GetLatestResult(
        self, request: drift_pb2.GetLatestResultRequest, context: object
    ) -> drift_pb2.DriftResult:
        """Answers the newest result of a model."""
        return result_to(
            await self._lanes.read(self._parts.analyses.latest_result, caller(), request.model_id)
        )

    async def GetResults(
        self, request: drift_pb2.GetResultsRequest, context: object
    ) -> drift_pb2.GetResultsResponse:
        """Lists results of a model."""
        found = await self._lanes.read(
            self._parts.analyses.newest_results,
            caller(),
            request.model_id,
            request.limit,
            DRIFT_STATUS.word(request.status, "status"),
        )
        return drift_pb2.GetResultsResponse(results=[result_to(one) for one in found])

    async def GetDriftReport(
        self, request: drift_pb2.GetDriftReportRequest, context: object
    ) -> httpbody_pb2.HttpBody:
        """Answers a result as people read it."""
        reports = self._parts.reports
        as_json = is_json_from(request)
        content = await self._lanes.look(reports.written, caller(), request.model_id, request.result_id)
        if as_json:
            return httpbody_pb2.HttpBody(content_type=JSON, data=content)
        page = await self._lanes.draw(reports.drawn, content)
        return httpbody_pb2.HttpBody(content_type=HTML, data=page)

    async def GetAlertConfig(
        self, request: drift_pb2.GetAlertConfigRequest, context: object
    ) -> drift_pb2.AlertConfig:
        """Answers how drift of a model is judged."""

        def read(asking: Principal) -> tuple[AlertSettings, tuple[str, ...]]:
            return self._parts.alerts.settings(asking, request.model_id), default_algorithms()

        return settings_to(request.model_id, *await self._lanes.look(read, caller()))

    async def UpdateAlertConfig(
        self, request: drift_pb2.UpdateAlertConfigRequest, context: object
    ) -> drift_pb2.UpdateAlertConfigResponse:
        """Changes how drift of a model is judged."""
        await self._lanes.feed(self._parts.alerts.update, caller(), request.model_id, changes_from(request))
        return drift_pb2.UpdateAlertConfigResponse(updated=True)
