"""Who calls one router, brings feedback and administers it, and keeps a log of all that."""

import random
import struct
import time
from collections.abc import Callable
from typing import Any

import grpc
from google.protobuf import struct_pb2
from tritonclient.grpc import service_pb2

from pointsman.domain.records.prediction_ids import time_us_of
from pointsman.v1 import prediction_pb2, router_pb2
from stage.control import Control
from stage.oip import infer, receipt

from .client_log import Call, ClientLog
from .world import FEATURES, VARIANTS, World, answer_of

OUTCOMES = {
    prediction_pb2.FEEDBACK_OUTCOME_APPLIED: "applied",
    prediction_pb2.FEEDBACK_OUTCOME_DUPLICATE: "duplicate",
    prediction_pb2.FEEDBACK_OUTCOME_CONFLICT: "conflict",
    prediction_pb2.FEEDBACK_OUTCOME_CORRECTED: "corrected",
}
WEIGHT = 50.0


class Client:
    """Who calls one router of a world, and keeps a log of it.

    Args:
        world: The world.
        router_id: The router; :attr:`definition` says what it shall be.
        drawn: What is drawn from.
    """

    def __init__(self, world: World, router_id: str, drawn: random.Random) -> None:
        self.world = world
        self.router_id = router_id
        weights = dict.fromkeys(VARIANTS, WEIGHT)
        self.log = ClientLog(
            corrects=drawn.random() < 0.5,
            sticky=drawn.random() < 0.5,
            weights=weights,
            split_life=world.life,
        )

    @property
    def definition(self) -> router_pb2.Router:
        """The router, in service."""
        variants = [
            router_pb2.Variant(name=name, model_id="m", model_version=name, weight=weight)
            for name, weight in self.log.weights.items()
        ]
        return router_pb2.Router(
            router_id=self.router_id,
            strategy=router_pb2.STRATEGY_WEIGHTED,
            variants=variants,
            status=router_pb2.ROUTER_STATUS_RUNNING,
            sticky=self.log.sticky,
            allow_feedback_corrections=self.log.corrects,
            recording=router_pb2.Recording(durability=router_pb2.RECORD_DURABILITY_DURABLE),
        )

    @property
    def control(self) -> Control:
        """The stubs of the present server."""
        return self.world.control

    def see(self, kind: str, *, when: bool = True) -> None:
        """Counts that something of a kind happened."""
        self.world.seen[kind] += when

    def infer(self, rows: tuple[tuple[float, ...], ...], entity_id: str, pin: str = "") -> Call:
        """Calls with the rows of a batch."""
        request = service_pb2.ModelInferRequest(model_name=self.router_id, model_version=pin)
        request.inputs.add(name="x", datatype="FP32", shape=[len(rows), len(FEATURES)])
        values = [value for row in rows for value in row]
        request.raw_input_contents.append(struct.pack(f"<{len(values)}f", *values))
        metadata = (("pointsman-entity-id", entity_id),) if entity_id else ()
        code, began = 0, time.perf_counter_ns()
        try:
            answer = infer(self.control.channel, request, metadata=metadata)
            took_ns = time.perf_counter_ns() - began
            facts = receipt(answer)
        except grpc.RpcError as error:
            took_ns = time.perf_counter_ns() - began
            trailing: Any = error.trailing_metadata()
            facts = {key.replace("-", "_").removeprefix("pointsman_"): value for key, value in trailing}
            code = error.code().value[0]
        self.see("batch answered", when=len(rows) > 1 and not code)
        self.see("call failed", when=len(rows) == 1 and code > 0)
        self.see("batch failed", when=len(rows) > 1 and code > 0)
        return self._note(facts, entity_id, rows, code, took_ns)

    def predict(self, row: tuple[float, ...], entity_id: str, pin: str = "") -> Call:
        """Calls with features."""
        features = {
            name: struct_pb2.Value(number_value=value) for name, value in zip(FEATURES, row, strict=True)
        }
        request = prediction_pb2.PredictRequest(
            router_id=self.router_id, features=features, entity_id=entity_id, variant=pin
        )
        began = time.perf_counter_ns()
        answer = self.control.predictions.Predict(request)
        took_ns = time.perf_counter_ns() - began
        assert answer.prediction.number_value == answer_of(row), answer
        facts = {
            "prediction_id": answer.prediction_id,
            "variant": answer.variant,
            "propensity": repr(answer.propensity),
            "reason": reason_of(answer.reason),
            "generation": str(answer.generation),
        }
        self.see("prediction of features")
        return self._note(facts, entity_id, (row,), 0, took_ns)

    def feed_back(self, call: Call, row: int, metric: str, value: float, *, waits: bool) -> None:
        """Brings a value, and insists on what comes of it."""
        request = prediction_pb2.RecordFeedbackRequest(
            prediction_id=call.prediction_id, row=row, metric=metric, value=value, wait=_wait(waits)
        )
        if call.prediction_id in self.log.erased:
            self._refused(request, grpc.StatusCode.FAILED_PRECONDITION)
            self.see("feedback refused: erased")
        elif row >= len(call.rows):
            self._refused(request, grpc.StatusCode.INVALID_ARGUMENT)
            self.see("feedback refused: no such row")
        else:
            expected = self.log.feed(call, row, metric, value)
            told = self.control.predictions.RecordFeedback(request).outcome
            assert not waits or OUTCOMES[told] == expected, f"{request}: {OUTCOMES[told]}, not {expected}"
            self.see(f"feedback {expected}")
            self.see("feedback after a restart", when=call.life < self.world.life)
            self.see("feedback for what is not kept", when=call.prediction_id in self.log.unrecorded)
            self.see("feedback for a pinned call", when=call.is_pinned)
            self.see("feedback for a row that is not recorded", when=row not in call.recorded_rows)

    def feed_back_entity(self, entity_id: str, metric: str, value: float) -> None:
        """Brings a value for an entity's latest prediction."""
        request = prediction_pb2.RecordFeedbackRequest(
            router_id=self.router_id, entity_id=entity_id, metric=metric, value=value, wait=_wait(waits=True)
        )
        latest = self.log.latest(entity_id)
        if latest is None:
            self._refused(request, grpc.StatusCode.NOT_FOUND)
            self.see("feedback refused: no prediction of the entity")
            return
        expected = self.log.feed(latest, 0, metric, value)
        answer = self.control.predictions.RecordFeedback(request)
        told = (answer.prediction_id, OUTCOMES[answer.outcome])
        assert told == (latest.prediction_id, expected), f"{entity_id}: {told}, not {expected} for {latest}"
        self.see("feedback by entity")

    def reweight(self, weight: float) -> None:
        """Gives the first variant another weight."""
        if weight == self.log.weights[VARIANTS[0]]:
            return
        request = router_pb2.UpdateVariantWeightRequest(
            router_id=self.router_id, variant=VARIANTS[0], weight=weight
        )
        self.control.routers.UpdateVariantWeight(request)
        self.log.change(self.world.life, **{VARIANTS[0]: weight})
        self.see("reweighted")

    def erase(self, entity_id: str) -> None:
        """Has an entity erased."""
        request = router_pb2.EraseEntityRequest(router_id=self.router_id, entity_id=entity_id)
        answer = self.control.routers.EraseEntity(request)
        assert not answer.pending, answer
        told = (answer.prediction_count, answer.feedback_count)
        expected = self.log.erase(entity_id)
        assert told == expected, f"erased {entity_id}: {told} predictions and values, not {expected}"
        self.see("predictions erased", when=told[0] > 0)
        self.see("feedback erased", when=told[1] > 0)

    def retain(self, retention_bytes: int) -> None:
        """Says how much is kept; 0 is everything."""
        recording = router_pb2.Recording(
            durability=router_pb2.RECORD_DURABILITY_DURABLE, retention_bytes=retention_bytes
        )
        router = router_pb2.Router(router_id=self.router_id, recording=recording)
        request = router_pb2.UpdateRouterRequest(router=router)
        request.update_mask.paths.append("recording")
        self.control.routers.UpdateRouter(request)
        self.log.change(self.world.life)

    def _note(
        self,
        facts: dict[str, str],
        entity_id: str,
        rows: tuple[tuple[float, ...], ...],
        status_code: int,
        took_ns: int,
    ) -> Call:
        time_us = time_us_of(facts["prediction_id"])
        assert time_us is not None, facts
        call = Call(
            prediction_id=facts["prediction_id"],
            variant=facts["variant"],
            propensity=float(facts["propensity"]),
            reason=facts["reason"],
            generation=int(facts["generation"]),
            time_us=time_us,
            entity_id=entity_id,
            rows=rows,
            answers=() if status_code else tuple(map(answer_of, rows)),
            status_code=status_code,
            life=self.world.life,
            split=self.log.split,
            observed_ns=took_ns,
        )
        self.log.note(call)
        self.see("pinned call", when=call.is_pinned)
        return call

    def _refused(self, request: Any, code: grpc.StatusCode) -> None:
        told, answer = code_of(lambda: self.control.predictions.RecordFeedback(request))
        assert told is code, f"{request}: {told} and {answer}, not {code}"


def code_of(call: Callable[[], Any]) -> tuple[grpc.StatusCode, Any]:
    """Calls; answers the status code and, if it is OK, the answer."""
    try:
        return grpc.StatusCode.OK, call()
    except grpc.RpcError as error:
        return error.code(), None


def reason_of(number: int) -> str:
    """Answers the word of a decision's reason."""
    return prediction_pb2.DecisionReason.Name(number).removeprefix("DECISION_REASON_").lower()


def _wait(waits: bool) -> prediction_pb2.FeedbackWait:
    return prediction_pb2.FEEDBACK_WAIT_APPLIED if waits else prediction_pb2.FEEDBACK_WAIT_DURABLE
