"""A server that lives, dies and lives again, and the backend that it asks."""

import struct
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import grpc
from tritonclient.grpc import service_pb2

from pointsman.v1 import definition_pb2, definition_pb2_grpc, model_pb2, router_pb2
from stage.control import Control, grpc_backend
from stage.crash.server import CrashServer, Zygote
from stage.recording_backend import RecordingBackend

FEATURES = ("a", "b")
VARIANTS = ("lr", "gb")
BAD = 13.0
"""The backend refuses a call whose first number is this."""
# Periodic work is done by hand, so that the client knows when.
OPTIONS = {
    "lake_upkeep_interval_seconds": 36_000.0,
    "feedback_export_interval_seconds": 36_000.0,
    "replaced_file_grace_seconds": 0.0,
}
# Two files are compacted at once, not eight, for each run has few.
PATCHED = {"pointsman.domain.records.lake_plans.MIN_FILES": 2}
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
        seen: How often which kind of thing truly happened; it is counted on.
    """

    def __init__(self, zygote: Zygote, folder: Path, seen: Counter[str]) -> None:
        self.seen = seen
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

    def define(self, routers: Sequence[router_pb2.Router]) -> None:
        """Brings routers into being, all of them in one change."""
        definitions = [definition_pb2.Definition(router=router) for router in routers]
        request = definition_pb2.ApplyDefinitionsRequest(definitions=definitions)
        made = definition_pb2_grpc.DefinitionServiceStub(self.control.channel).ApplyDefinitions(request)
        assert len(made.changes) == len(routers)

    def restart(self) -> None:
        """Ends the server as an operator would, and starts another."""
        self.seen["restart"] += 1
        self.control.close()
        self.server.end()
        self._start()

    def kill(self) -> None:
        """Ends the server as a failing machine would, and starts another."""
        self.seen["kill"] += 1
        self.control.close()
        self.server.kill()
        self._start()

    def ship(self) -> None:
        """Has everything that is recorded reach files."""
        before = len(self._files("predictions"))
        assert self.server.ask("ship")["shipped"], "the journal did not reach the lake"
        self.seen["records shipped"] += len(self._files("predictions")) > before

    def compact(self) -> None:
        """Has one file made of several."""
        self.ship()
        before = len(self._files("predictions"))
        self._work("lake-compaction", "lake-files")
        self.seen["files compacted"] += len(self._files("predictions")) < before

    def export_feedback(self) -> None:
        """Has feedback written into the lake."""
        before = self._files("feedback")
        self._work("feedback-export")
        self.seen["feedback exported"] += self._files("feedback") != before

    def retain(self) -> None:
        """Has everything deleted that is beyond what routers keep."""
        self.ship()
        self._work("lake-retention", "lake-files")

    def _work(self, *jobs: str) -> None:
        self.server.ask("work", jobs=list(jobs))

    def _files(self, kind: str) -> set[Path]:
        return set((self._folder / "data" / "lake" / kind).rglob("*.parquet"))

    def _start(self) -> None:
        self.life += 1
        self.server: CrashServer = self._zygote.start(
            self._folder, journal=JOURNAL, options=OPTIONS, patched=PATCHED
        )
        self.server.wait_until_serving()
        self.control = Control(self.server.grpc)
