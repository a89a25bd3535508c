"""A server, a backend and a router, with everything that a client and an operator may do to them."""

import random
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import grpc
from google.protobuf import struct_pb2
from tritonclient.grpc import service_pb2

from pointsman.domain.records.prediction_ids import time_us_of
from pointsman.v1 import model_pb2, prediction_pb2, router_pb2
from stage.control import Control, grpc_backend
from stage.crash.server import CrashServer, Zygote
from stage.oip import infer, receipt
from stage.recording_backend import RecordingBackend

from .client_log import Call, ClientLog

FEATURES = ("a", "b")
VARIANTS = ("lr", "gb")
BAD = 13.0
"""The backend refuses a call whose first number is this."""
RETENTION_JOBS = ("lake-retention", "lake-files")
OUTCOMES = {
    prediction_pb2.FEEDBACK_OUTCOME_APPLIED: "applied",
    prediction_pb2.FEEDBACK_OUTCOME_DUPLICATE: "duplicate",
    prediction_pb2.FEEDBACK_OUTCOME_CONFLICT: "conflict",
    prediction_pb2.FEEDBACK_OUTCOME_CORRECTED: "corrected",
}
# Periodic work is done by hand, so that the client knows when.
OPTIONS = {
    "lake_upkeep_interval_seconds": 36_000.0,
    "feedback_export_interval_seconds": 36_000.0,
    "replaced_file_grace_seconds": 0.0,
}
JOURNAL = {"segment_bytes": 65_536, "seal_after_seconds": 3600.0}


def answer_of(row: tuple[float, ...]) -> float:
    """What the backend answers to a row."""
    return 2.0 * row[0] - row[1]


def behave(message: bytes, context: grpc.ServicerContext) -> bytes:
    """Answers each row of a call, or refuses it."""
    request = service_pb2.ModelInferRequest.FromString(message)
    [tensor] = request.inputs
    count = tensor.shape[0] * len(FEATURES)
    raw = request.raw_input_contents
    values = struct.unpack(f"<{count}f", raw[0]) if raw else tuple(tensor.contents.fp32_contents)
    rows = [values[at : at + len(FEATURES)] for at in range(0, count, len(FEATURES))]
    if values[0] == BAD:
        context.abort(grpc.StatusCode.UNAVAILABLE, "the first number is refused")
    response = service_pb2.ModelInferResponse(model_name="m")
    response.outputs.add(name="y", datatype="FP32", shape=[len(rows), 1])
    response.raw_output_contents.append(struct.pack(f"<{len(rows)}f", *map(answer_of, rows)))
    answered: bytes = response.SerializeToString()
    return answered


class World:
    """A server that lives, dies and lives again on one data folder.

    Args:
        zygote: Who makes servers.
        folder: Where the data is.
    """

    def __init__(self, zygote: Zygote, folder: Path) -> None:
        self._zygote = zygote
        self._folder = folder
        self.backend = RecordingBackend(behave, threads=4)
        self.life = 0
        self._start()
        x = model_pb2.TensorSpec(name="x", datatype="FP32", shape=[-1, len(FEATURES)], features=FEATURES)
        y = model_pb2.TensorSpec(name="y", datatype="FP32", shape=[-1, 1])
        signature = model_pb2.Signature(inputs=[x], outputs=[y], task=model_pb2.TASK_REGRESSION)
        for version in VARIANTS:
            backend = grpc_backend(self.backend.target, "m")
            self.control.register("m", version, backend, signature=signature)

    def close(self) -> None:
        """Ends everything; a server that does not end well is an error."""
        self.control.close()
        self.server.end()
        self.backend.close()

    @property
    def data(self) -> Path:
        """The data folder."""
        return self._folder / "data"

    def restart(self) -> None:
        """Ends the server as an operator would, and starts another."""
        self.control.close()
        self.server.end()
        self._start()

    def kill(self) -> None:
        """Ends the server as a failing machine would, and starts another."""
        self.control.close()
        self.server.kill()
        self._start()

    def work(self, *jobs: str) -> None:
        """Does periodic work at once."""
        self.server.ask("work", jobs=list(jobs))

    def ship(self) -> None:
        """Has everything that is recorded reach files."""
        assert self.server.ask("ship")["shipped"], "the journal did not reach the lake"

    def _start(self) -> None:
        self.life += 1
        self.server: CrashServer = self._zygote.start(self._folder, journal=JOURNAL, options=OPTIONS)
        self.server.wait_until_serving()
        self.control = Control(self.server.grpc)


class Client:
    """Who calls one router of a world, and keeps a log of it.

    Args:
        world: The world.
        router_id: The router; it is made here.
        drawn: What is drawn from.
    """

    def __init__(self, world: World, router_id: str, drawn: random.Random) -> None:
        self.world = world
        self.router_id = router_id
        self.log = ClientLog(corrects=drawn.random() < 0.5)
        world.control.create(
            router_id,
            dict.fromkeys(VARIANTS, 50.0),
            "m",
            sticky=drawn.random() < 0.6,
            allow_feedback_corrections=self.log.corrects,
            recording=router_pb2.Recording(durability=router_pb2.RECORD_DURABILITY_DURABLE),
        )
        world.control.deploy(router_id)

    @property
    def control(self) -> Control:
        """The stubs of the present server."""
        return self.world.control

    def infer(self, rows: tuple[tuple[float, ...], ...], entity_id: str, pin: str = "") -> Call:
        """Calls with the rows of a batch."""
        request = service_pb2.ModelInferRequest(model_name=self.router_id, model_version=pin)
        request.inputs.add(name="x", datatype="FP32", shape=[len(rows), len(FEATURES)])
        values = [value for row in rows for value in row]
        request.raw_input_contents.append(struct.pack(f"<{len(values)}f", *values))
        metadata = (("pointsman-entity-id", entity_id),) if entity_id else ()
        try:
            answer = infer(self.control.channel, request, metadata=metadata)
        except grpc.RpcError as error:
            trailing: Any = error.trailing_metadata()
            facts = {key.replace("-", "_").removeprefix("pointsman_"): value for key, value in trailing}
            return self._note(facts, entity_id, rows, error.code().value[0])
        return self._note(receipt(answer), entity_id, rows, 0)

    def predict(self, row: tuple[float, ...], entity_id: str, pin: str = "") -> Call:
        """Calls with features."""
        features = {
            name: struct_pb2.Value(number_value=value) for name, value in zip(FEATURES, row, strict=True)
        }
        request = prediction_pb2.PredictRequest(
            router_id=self.router_id, features=features, entity_id=entity_id, variant=pin
        )
        answer = self.control.predictions.Predict(request)
        assert answer.prediction.number_value == answer_of(row), answer
        facts = {
            "prediction_id": answer.prediction_id,
            "variant": answer.variant,
            "propensity": repr(answer.propensity),
            "reason": reason_of(answer.reason),
            "generation": str(answer.generation),
        }
        return self._note(facts, entity_id, (row,), 0)

    def feed_back(self, call: Call, row: int, metric: str, value: float, *, waits: bool) -> None:
        """Brings a value, and insists on what comes of it."""
        request = prediction_pb2.RecordFeedbackRequest(
            prediction_id=call.prediction_id, row=row, metric=metric, value=value, wait=_wait(waits)
        )
        if call.prediction_id in self.log.erased:
            self._refused(request, grpc.StatusCode.FAILED_PRECONDITION)
        elif row >= len(call.rows):
            self._refused(request, grpc.StatusCode.INVALID_ARGUMENT)
        else:
            expected = self.log.feed(call, row, metric, value)
            told = self.control.predictions.RecordFeedback(request).outcome
            assert not waits or OUTCOMES[told] == expected, f"{request}: {OUTCOMES[told]}, not {expected}"

    def feed_back_entity(self, entity_id: str, metric: str, value: float) -> None:
        """Brings a value for an entity's latest prediction."""
        request = prediction_pb2.RecordFeedbackRequest(
            router_id=self.router_id, entity_id=entity_id, metric=metric, value=value, wait=_wait(waits=True)
        )
        latest = self.log.latest(entity_id)
        if latest is None:
            self._refused(request, grpc.StatusCode.NOT_FOUND)
            return
        expected = self.log.feed(latest, 0, metric, value)
        answer = self.control.predictions.RecordFeedback(request)
        told = (answer.prediction_id, OUTCOMES[answer.outcome])
        assert told == (latest.prediction_id, expected), f"{entity_id}: {told}, not {expected} for {latest}"

    def reweight(self, weight: float) -> None:
        """Gives the first variant another weight."""
        request = router_pb2.UpdateVariantWeightRequest(
            router_id=self.router_id, variant=VARIANTS[0], weight=weight
        )
        self.control.routers.UpdateVariantWeight(request)

    def erase(self, entity_id: str) -> None:
        """Has an entity erased."""
        request = router_pb2.EraseEntityRequest(router_id=self.router_id, entity_id=entity_id)
        answer = self.control.routers.EraseEntity(request)
        assert not answer.pending, answer
        told = (answer.prediction_count, answer.feedback_count)
        expected = self.log.erase(entity_id)
        assert told == expected, f"erased {entity_id}: {told} predictions and values, not {expected}"

    def let_go(self) -> None:
        """Has retention let everything go that is recorded."""
        self.world.ship()
        self._retain(1)
        self.world.work(*RETENTION_JOBS)
        self._retain(0)
        self.log.let_go()

    def _retain(self, retention_bytes: int) -> None:
        recording = router_pb2.Recording(
            durability=router_pb2.RECORD_DURABILITY_DURABLE, retention_bytes=retention_bytes
        )
        router = router_pb2.Router(router_id=self.router_id, recording=recording)
        request = router_pb2.UpdateRouterRequest(router=router)
        request.update_mask.paths.append("recording")
        self.control.routers.UpdateRouter(request)

    def _note(
        self, facts: dict[str, str], entity_id: str, rows: tuple[tuple[float, ...], ...], status_code: int
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
        )
        self.log.note(call)
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
