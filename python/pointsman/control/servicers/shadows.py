"""What shadows answered beside what was answered."""

from pointsman.control.calls import caller
from pointsman.control.convert.servers import unreached_to
from pointsman.control.convert.shadows import shadow_figures_to
from pointsman.control.convert.times import bound_us_of, timestamp_of
from pointsman.control.lanes import Lanes
from pointsman.control.routing.shadows import ShadowComparisons
from pointsman.v1 import router_pb2


class ShadowMethods:
    """The method of the router service that compares shadows."""

    _shadows: ShadowComparisons
    _lanes: Lanes

    async def GetShadowComparison(
        self, request: router_pb2.GetShadowComparisonRequest, context: object
    ) -> router_pb2.ShadowComparison:
        """Compares a shadow's answers with those that were given."""
        start_us = bound_us_of(request.start_time, "start_time") if request.HasField("start_time") else None
        end_us = bound_us_of(request.end_time, "end_time") if request.HasField("end_time") else None
        seen = await self._lanes.look(
            self._shadows.compare,
            caller(),
            request.router_id,
            request.variant,
            start_time_us=start_us,
            end_time_us=end_us,
            metric=request.metric,
            max_labels=request.max_labels,
        )
        found = seen.comparison
        answer = router_pb2.ShadowComparison(
            router_id=request.router_id,
            variant=seen.shadow,
            end_time=timestamp_of(seen.window.end_time_us),
            total=shadow_figures_to(found.total),
            primaries=[shadow_figures_to(figures) for figures in found.primaries],
            shadow_only_count=found.shadow_only_count,
            metric=request.metric,
            unreached=unreached_to(found.unreached),
            model_id=found.model.model_id if found.model else "",
            model_version=found.model.version if found.model else "",
            other_versions=[
                router_pb2.ShadowVersionRows(
                    model_id=one.model.model_id, model_version=one.model.version, row_count=one.row_count
                )
                for one in found.other_versions
            ],
        )
        begin_us = found.first_time_us if start_us is None else start_us
        if begin_us is not None:
            answer.start_time.CopyFrom(timestamp_of(begin_us))
        return answer
