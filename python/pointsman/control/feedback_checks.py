"""From a value of feedback to the journal's entry: everything that can be wrong with it.

The data plane checks most feedback itself, in the same words; here is what only the control plane can answer.
"""

from dataclasses import dataclass, replace

from pointsman.domain.access import Rule, check_router_access, router_not_found
from pointsman.domain.data_plane import DataPlane, DecodedPredictionId
from pointsman.domain.feedback import DEFAULT_METRIC, MAX_VALUE
from pointsman.domain.keys import Principal
from pointsman.domain.routers import Router
from pointsman.domain.times import observation_fault
from pointsman.domain.values import MICROSECONDS_PER_DAY
from pointsman.domain.violations import Violations, shown
from pointsman.errors import FailedPreconditionError, InvalidArgumentError, InvalidPredictionIdError
from pointsman.v1 import record_pb2

MAX_PREDICTION_ID_CHARS = 1024
MAX_ROW = 1_000_000
_SHOWN_METRICS = 10


@dataclass(frozen=True)
class GivenFeedback:
    """One value of feedback as a caller brings it; observe_time_us None means now."""

    prediction_id: str
    metric: str
    value: float
    observe_time_us: int | None = None
    row: int = 0
    router_id: str = ""
    entity_id: str = ""

    @property
    def names_entity(self) -> bool:
        """Whether it is about an entity's latest prediction."""
        return not self.prediction_id and bool(self.router_id) and bool(self.entity_id)

    def about(self, prediction_id: str) -> "GivenFeedback":
        """Answers it as feedback for a prediction."""
        return replace(self, prediction_id=prediction_id, entity_id="")


def check_fields(given: GivenFeedback, now_us: int) -> None:
    """Checks what can be wrong with a value by itself.

    Args:
        given: The value.
        now_us: The time.

    Raises:
        InvalidArgumentError: With every field that is wrong.
    """
    found = Violations()
    if given.names_entity:
        found.check_id("router_id", given.router_id)
        found.check_entity("entity_id", given.entity_id)
    elif not given.prediction_id:
        found.add(
            "prediction_id",
            "is empty; send the prediction_id of the answer, or router_id and entity_id for the entity's "
            "latest prediction",
        )
    elif given.entity_id:
        found.add("entity_id", "stands beside prediction_id; send one of the two")
    if len(given.prediction_id) > MAX_PREDICTION_ID_CHARS:
        found.add(
            "prediction_id",
            f"has {len(given.prediction_id)} characters; ours have at most {MAX_PREDICTION_ID_CHARS}",
        )
    found.check_id("metric", given.metric or DEFAULT_METRIC)
    if not abs(given.value) <= MAX_VALUE:
        found.add("value", f"{given.value:g} is not a number from {-MAX_VALUE:g} to {MAX_VALUE:g}")
    if not 0 <= given.row <= MAX_ROW:
        found.add("row", f"{given.row} is not a row of a batch; rows are numbered from 0 to {MAX_ROW}")
    if given.observe_time_us is not None:
        fault = observation_fault(given.observe_time_us, now_us)
        if fault is not None:
            found.add("observe_time", fault)
    found.raise_if_any()


class FeedbackChecks:
    """Checks the values of one call.

    Args:
        data_plane: Who reads prediction ids.
        signing_keys: The signing keys in force.
        caller: Who brings them.
        horizon_days: How long after a prediction its feedback is taken.
        now_us: The time.
    """

    def __init__(
        self, data_plane: DataPlane, signing_keys: bytes, caller: Principal, horizon_days: int, now_us: int
    ) -> None:
        self._data_plane = data_plane
        self._signing_keys = signing_keys
        self._caller = caller
        self._horizon_days = horizon_days
        self._now_us = now_us

    def router_id_of(self, given: GivenFeedback) -> str:
        """Answers which router a value is for.

        Raises:
            InvalidArgumentError: Its prediction id is not one of ours.
        """
        return given.router_id if given.names_entity else self._decoded(given.prediction_id).router_id

    def router(self, found: Router | None, router_id: str) -> Router:
        """Checks that the caller may bring feedback to a router.

        Raises:
            NotFoundError: There is none, or the caller may not know of it.
            PermissionDeniedError: The caller may not call it.
        """
        return check_router_access(self._caller, found, router_id, Rule.PREDICT_ROUTER)

    def entry(self, given: GivenFeedback, router: Router) -> record_pb2.FeedbackEntry:
        """Makes the entry of a value that may be recorded.

        Args:
            given: The value, its fields checked, about a prediction.
            router: The router, which the caller may call.

        Raises:
            FailedPreconditionError: The prediction is too old.
            InvalidArgumentError: The id is not one of ours, or the router does not take the value.
            NotFoundError: An earlier router of this id made the prediction.
        """
        decoded = self._decoded(given.prediction_id)
        if given.router_id not in ("", decoded.router_id):
            raise InvalidArgumentError.at(
                "router_id",
                f"{shown(given.router_id)} did not make the prediction, {decoded.router_id} did; "
                "leave it out",
            )
        if decoded.time_us < self._now_us - self._horizon_days * MICROSECONDS_PER_DAY:
            raise FailedPreconditionError(
                f"prediction_id: the prediction is older than {self._horizon_days} days, "
                "and feedback is taken no longer than that",
                reason="PREDICTION_TOO_OLD",
            )
        if decoded.time_us < router.create_time_us:
            # It was made by an earlier router of this id, which is deleted.
            raise router_not_found(decoded.router_id)
        if 0 < decoded.row_limit <= given.row:
            raise InvalidArgumentError.at("row", _beyond(given.row, decoded.row_limit))
        metric = given.metric or DEFAULT_METRIC
        _check_metric(router, metric, given.value)
        return record_pb2.FeedbackEntry(
            prediction_id=given.prediction_id,
            row=given.row,
            metric=metric,
            # There is one zero: the journal does not keep the sign of it.
            value=given.value + 0.0,
            observe_time_us=self._now_us if given.observe_time_us is None else given.observe_time_us,
            router_id=decoded.router_id,
            variant=decoded.variant,
            epoch=decoded.epoch,
            propensity=decoded.propensity,
            prediction_time_us=decoded.time_us,
            counted=not decoded.pinned,
            corrects=router.allow_feedback_corrections,
            receive_time_us=self._now_us,
        )

    def _decoded(self, prediction_id: str) -> DecodedPredictionId:
        try:
            return self._data_plane.decode_prediction_id(prediction_id, self._signing_keys)
        except InvalidPredictionIdError as error:
            raise InvalidArgumentError.at(
                "prediction_id", str(error).removeprefix("prediction_id: ")
            ) from error


def _beyond(row: int, row_limit: int) -> str:
    if row_limit == 1:
        return f"{row} is none of the prediction's, which had one row; leave it out, or send 0"
    return f"{row} is none of the prediction's, which had the rows 0 to {row_limit - 1}"


def _check_metric(router: Router, metric: str, value: float) -> None:
    if not router.metrics:
        return
    declared = next((found for found in router.metrics if found.name == metric), None)
    if declared is None:
        names = ", ".join(found.name for found in router.metrics[:_SHOWN_METRICS])
        more = ", …" if len(router.metrics) > _SHOWN_METRICS else ""
        raise InvalidArgumentError.at(
            "metric",
            f"{shown(metric)} is none of the metrics of router {router.router_id}, {names}{more}; use one of "
            "them, or have it added to the router's metrics",
        )
    fault = declared.fault(value)
    if fault is not None:
        raise InvalidArgumentError.at("value", fault)
